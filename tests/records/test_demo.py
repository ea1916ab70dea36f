"""The demo desk, built once: what it must hold, and the shared queries on it."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib import resources
from typing import Any

import phonenumbers
import pytest
import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stdnum import isin, lei

from app.records import queries
from app.records.audit import verify
from app.records.demo import DEMO_USER_ID, build_demo
from app.records.log import change_log
from app.records.search import search
from app.records.store import Records
from app.records.tables import (
    Contact,
    ContactEmail,
    ContactPhone,
    CreditLine,
    Deal,
    Enquiry,
    FollowUp,
    Instrument,
    Interaction,
    Organization,
    User,
)

KEY = bytes(range(32))
TODAY = dt.date(2026, 11, 20)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with Records.open(tmp_path_factory.mktemp("demo"), KEY) as records:
        told: list[tuple[float, str]] = []
        assert build_demo(records, today=TODAY, progress=lambda fraction, text: told.append((fraction, text)))
        assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
        assert (told[0][0], told[-1][0]) == (0.0, 1.0)
        yield records


@pytest.fixture
def session(desk: Records) -> Iterator[Session]:
    with desk.read() as opened:
        yield opened


def _count(session: Session, model: Any) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_it_is_as_large_as_promised(session: Session) -> None:
    assert (_count(session, Organization), _count(session, Contact)) == (40, 150)
    assert _count(session, Interaction) == 2000
    assert _count(session, Deal) > 3000
    assert _count(session, Instrument) > 60
    first, last = session.execute(select(func.min(Deal.traded_at), func.max(Deal.traded_at))).one()
    assert last - first > dt.timedelta(days=690)
    assert last.date() < TODAY


def test_the_same_seed_and_day_give_the_same_rows_in_another_process() -> None:
    code = (
        "import datetime as dt, hashlib; from app.records.demo import demo_rows\n"
        "from app.records.codec import canonical, fields_of\n"
        "digest = hashlib.sha256()\n"
        "for _, rows in demo_rows(7, dt.date(2026, 11, 20)):\n"
        "    for row in rows:\n"
        "        values = {f.column: f.encode(row.__dict__.get(f.attribute)) for f in fields_of(type(row))}\n"
        "        digest.update(canonical(values).encode())\n"
        "print(digest.hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1


def test_it_is_built_once(desk: Records) -> None:
    assert build_demo(desk, today=TODAY) is False


def test_every_row_of_it_is_in_the_log(desk: Records) -> None:
    result = verify(desk)
    assert result.problems == []
    assert result.entries > 12_000


def test_codes_are_well_formed(session: Session) -> None:
    assert all(isin.is_valid(code) for code in session.scalars(select(Instrument.isin)) if code)
    assert all(lei.is_valid(code) for code in session.scalars(select(Organization.lei)) if code)


def test_numbers_are_from_ranges_reserved_for_fiction(session: Session) -> None:
    reserved = (
        "+442079460", "+441214960", "+441134960", "+441314960", "+441414960", "+441614960", "+441174960", "+447700900",
        "+12125550", "+13125550", "+16175550", "+4930231", "+496990009", "+494066969", "+492214710", "+4917139200",
        "+3319900", "+3346571", "+468465004", "+46701740", "+3532091", "+6185550",
    )  # fmt: skip
    for number in session.scalars(select(ContactPhone.e164)):
        assert number.startswith(reserved), number
        assert phonenumbers.is_possible_number(phonenumbers.parse(number)), number
    assert all(address.endswith(".example") for address in session.scalars(select(ContactEmail.address)))


def test_business_is_done_on_working_days_in_working_hours(session: Session) -> None:
    moments = session.scalars(select(Deal.traded_at)).all()
    assert {moment.weekday() for moment in moments} <= {0, 1, 2, 3, 4}
    assert all(5 <= moment.hour <= 22 for moment in moments)


def test_hit_ratios_differ_by_customer_and_are_plausible(session: Session) -> None:
    ratios = [queries.hit_ratio(session, each).ratio for each in session.scalars(select(Organization.id))]
    assert all(ratio is not None and 0.1 < ratio < 0.9 for ratio in ratios)
    assert max(r for r in ratios if r) - min(r for r in ratios if r) > 0.3


def test_some_credit_is_nearly_full_and_one_customer_frozen(session: Session) -> None:
    lines = session.scalars(select(CreditLine)).all()
    assert sum(line.used > line.limit * Decimal("0.9") for line in lines) >= 3
    assert len({line.organization_id for line in lines if line.status == "frozen"}) == 1


def test_follow_ups_are_open_due_and_overdue(session: Session) -> None:
    tasks = queries.open_follow_ups(session)
    now = dt.datetime.combine(TODAY, dt.time(), dt.UTC)
    assert 20 <= len(tasks) <= 40
    assert 3 <= sum(task.overdue(now) for task in tasks) <= 10
    assert Counter(session.scalars(select(FollowUp.status)))["done"] > 200


@pytest.mark.parametrize("name", ["call", "chat"])
def test_the_customers_of_the_demo_call_and_chat_exist(session: Session, name: str) -> None:
    client = yaml.safe_load((resources.files("resources.demo") / f"{name}.yaml").read_text())["client"]
    (match,) = queries.identify(session, phone=client.get("phone"), handle=client.get("chat_handle")).exact
    assert match.contact.name == client["contact"]
    assert match.organization is not None
    assert match.organization.name == client["organization"]


def test_the_demo_chats_bonds_are_what_the_customer_cares_about(session: Session) -> None:
    (match,) = queries.identify(session, handle="mbrandt.ostley").exact
    assert match.organization is not None
    wanted = {"XS9205631849": "99.45", "XS9301774295": "101.90", "XS9412588063": "98.20", "XS9506309178": "97.80"}
    matters = {each.id for each in queries.instruments_that_matter(session, match.organization.id)}
    known = {each.isin: each for each in session.scalars(select(Instrument).where(Instrument.id.in_(matters)))}
    assert {code: str(known[code].reference_price) for code in wanted} == wanted


def test_the_revenue_of_a_customer_covers_every_month_and_adds_up(session: Session) -> None:
    (match,) = queries.identify(session, phone="+442079460112").exact
    assert match.organization is not None
    revenue = queries.revenue(session, match.organization.id, today=TODAY)
    assert len(revenue.by_month) == 12
    assert revenue.by_month[-1][0] == TODAY.replace(day=1)
    assert revenue.total.usd == sum(each.usd for _, each in revenue.by_product)
    traded = [line.deal.traded_at for line in queries.deals_page(session, match.organization.id)]
    assert traded == sorted(traded, reverse=True)


def test_pages_follow_on_each_other(session: Session) -> None:
    house = session.scalars(select(Organization.id).where(Organization.short_name == "Northgate AM")).one()
    first = queries.interactions_page(session, house, limit=10)
    second = queries.interactions_page(session, house, limit=10, before=first[-1].interaction.started_at)
    both = queries.interactions_page(session, house, limit=20)
    assert [line.interaction.id for line in (*first, *second)] == [line.interaction.id for line in both]


def test_an_unknown_number_has_near_matches_only(session: Session) -> None:
    found = queries.identify(session, phone="+442079460113")
    assert found.exact == ()
    assert "Gareth Pemberly" in [match.contact.name for match in found.near]
    assert queries.identify(session, phone="+81355550100") == queries.Identity()


def test_a_shared_line_leads_to_several_contacts(session: Session) -> None:
    shared = select(ContactPhone.e164).group_by(ContactPhone.e164).having(func.count() > 1)
    number = session.scalars(shared).first()
    assert len(queries.identify(session, phone=number).exact) > 1


def test_the_demo_user_is_there(session: Session) -> None:
    user = session.get_one(User, DEMO_USER_ID)
    assert (user.name, user.initials, user.desk) == ("Maya Kessler", "MK", "EU Credit Sales")


def test_search_finds_customers_securities_and_talks(session: Session) -> None:
    assert search(session, "gareth")[0].title == "Gareth Pemberly"
    assert search(session, "ruthven apts")[0].title == "RUTHAP 3⅛ 05/33"
    assert {hit.kind for hit in search(session, "settlement instructions")} == {"interaction"}
    assert any(hit.kind == "transcript" for hit in search(session, "read it back"))


def test_enquiries_that_dealt_have_prices(session: Session) -> None:
    dealt = session.scalars(select(Enquiry).where(Enquiry.outcome == "dealt")).all()
    assert all(each.bid or each.ask for each in dealt)


def test_it_is_logged_in_parts_that_a_server_can_take(session: Session) -> None:
    statement = select(func.count()).select_from(change_log).group_by(change_log.c.transaction_id)
    sizes = session.scalars(statement).all()
    assert len(sizes) > 1
    assert max(sizes) <= 2000
