"""A small desk for the panels' tests: real encrypted records, a real agent in memory, prices and a fixed clock."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from PySide6.QtWidgets import QApplication
from sqlalchemy import select

from app.market.book import PriceBook, Tick
from app.records.log import Cause
from app.records.store import Records
from app.records.tables import (
    Account,
    Consent,
    Contact,
    ContactEmail,
    ContactHandle,
    ContactPhone,
    CreditLine,
    Deal,
    Enquiry,
    FollowUp,
    Holding,
    Instrument,
    Interaction,
    Organization,
    Record,
    User,
)
from app.services import CurrentUser, Notice, Services
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.ui import Ui
from fdc3.client import DesktopAgent, connect_memory
from fdc3.directory import AppDirectory
from fdc3.host import Host
from fdc3.types import Context

T = TypeVar("T")

NOW = dt.datetime(2026, 11, 24, 10, 42, 33, tzinfo=dt.UTC)  # a Tuesday
USER = CurrentUser("user-mk", "Mara Keller", "MK", "EU Credit Sales")
SARAH = "+442079460143"
SWITCHBOARD = "+442079460100"
CHANNEL = "fdc3.channel.6"
PLUGINS = Path(__file__).parents[2] / "plugins"


def _ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


def _people() -> list[Record]:
    rows: list[Record] = [
        User(id=USER.id, name=USER.name, initials=USER.initials, desk=USER.desk, email="mk@desk.example")
    ]
    for key, name, short, tier, status in (
        ("ngam", "Northgate Asset Management", "Northgate AM", 1, "active"),
        ("helvia", "Helvia Pension Fund", "Helvia Pension", 2, "active"),
        ("bare", "Barebone Partners", "Barebone", None, "prospect"),
    ):
        rows.append(
            Organization(
                id=key, name=name, short_name=short, kind="asset manager", tier=tier, status=status, city="London",
                country="GB", mifid_category="professional", owner_id=USER.id, since=dt.date(2019, 3, 1),
                lei="5493001KJTIIGC8Y1R12" if key == "ngam" else None,
            )
        )  # fmt: skip
    for key, home, name, title in (
        ("sarah", "ngam", "Sarah Whitfield", "Senior PM, EUR Credit"),
        ("idris", "ngam", "Idris Okonjo", "Dealer"),
        ("lena", "helvia", "Lena Brunner", "Treasurer"),
        ("solo", None, "Tom Alder", "Consultant"),
    ):
        rows.append(Contact(id=key, organization_id=home, name=name, title=title))
    return rows


def _reach() -> list[Record]:
    return [
        ContactPhone(contact_id="sarah", e164=SARAH),
        ContactPhone(contact_id="idris", e164=SWITCHBOARD),
        ContactPhone(contact_id="lena", e164=SWITCHBOARD),
        ContactPhone(contact_id="solo", e164="+441632960055"),
        ContactEmail(contact_id="sarah", address="sarah.whitfield@northgate.example"),
        ContactHandle(contact_id="lena", service="sim", handle="lbrunner"),
        Consent(contact_id="sarah", channel="email", granted=True, at=_ago(days=90)),
        Consent(contact_id="sarah", channel="whatsapp", granted=False, at=_ago(days=30)),
    ]


def _instruments() -> list[Record]:
    def made(
        key: str, kind: str, symbol: str, name: str, ccy: str, price: str, decimals: int, **more: Any
    ) -> Instrument:
        return Instrument(
            id=key, kind=kind, symbol=symbol, name=name, currency=ccy, price_type="rate" if kind == "fx" else "price",
            price_decimals=decimals, reference_price=Decimal(price), **more,
        )  # fmt: skip

    return [
        made("eurusd", "fx", "EURUSD", "Euro against US dollar", "USD", "1.0920", 4, aliases=["euro dollar"]),
        made("usdcad", "fx", "USDCAD", "US dollar against Canadian dollar", "CAD", "1.3700", 4, settle_days=1),
        made("vod33", "bond", "VOD 3⅜ 08/33", "Vodafone 3.375% 2033", "EUR", "98.400", 3, isin="XS2104567890"),
        made("enel31", "bond", "ENEL 4 02/31", "Enel 4% 2031", "EUR", "101.200", 3, isin="XS2200000001"),
        made("sap", "equity", "SAP", "SAP SE", "EUR", "212.50", 2, ticker="SAP", quantity_unit="shares"),
    ]


def _business() -> list[Record]:
    rows: list[Record] = [
        Account(id="ngam-eur", organization_id="ngam", number="NGAM-EUR-CR1", name="Credit fund", currency="EUR"),
        Account(id="ngam-usd", organization_id="ngam", number="NGAM-USD-2", name="Dollar fund", currency="USD"),
        Account(id="helvia-1", organization_id="helvia", number="HELV-1", name="Main", currency="EUR"),
        CreditLine(
            id="line-ngam", organization_id="ngam", kind="settlement", currency="EUR", limit=Decimal(50_000_000),
            used=Decimal(20_000_000), expires=dt.date(2027, 6, 30),
        ),
        CreditLine(
            id="line-helvia", organization_id="helvia", kind="settlement", currency="EUR", limit=Decimal(10_000_000),
            used=Decimal(0), expires=dt.date(2027, 6, 30), status="frozen",
        ),
    ]  # fmt: skip
    for number, (instrument, size, paid, interest) in enumerate(
        (
            ("vod33", 25_000_000, "97.31", "axe_buyer"),
            ("enel31", 18_500_000, "100.37", "held"),
            ("sap", 40_000, "220.1", "axe_seller"),
        )
    ):
        rows.append(
            Holding(
                id=f"h{number}", organization_id="ngam", account_id="ngam-eur", instrument_id=instrument,
                quantity=Decimal(size), average_price=Decimal(paid), interest=interest, as_of=dt.date(2026, 11, 20),
            )
        )  # fmt: skip
    for number in range(24):
        at = _ago(days=3 + number * 16)
        rows.append(
            Deal(
                id=f"d{number:02}", organization_id="ngam", contact_id="sarah", account_id="ngam-eur",
                instrument_id=("vod33", "eurusd", "enel31", "sap")[number % 4], trader_id=USER.id,
                product=("bond", "fx-spot", "bond", "equity")[number % 4], client_side="buy" if number % 3 else "sell",
                quantity=Decimal(5_000_000), quantity_ccy="EUR",
                price=Decimal(("97.9", "1.085", "101", "208")[number % 4]) + Decimal(number) / 100,
                price_type="price", value_date=(at + dt.timedelta(days=2)).date(), traded_at=at, source="voice",
                revenue_usd=Decimal(1500 + 300 * number),
            )
        )  # fmt: skip
        rows.append(
            Enquiry(
                id=f"e{number:02}", organization_id="ngam", instrument_id="vod33", client_side="buy", at=at,
                quantity=Decimal(5_000_000), bid=Decimal("98.38"), ask=Decimal("98.46"),
                outcome=("dealt", "passed", "traded_away")[number % 3],
            )
        )  # fmt: skip
    return rows


def _talks() -> list[Record]:
    rows: list[Record] = []
    for number, (kind, span, subject) in enumerate(
        (("chat", {"minutes": 54}, "Deal confirmed 5mm ENEL 31s"), ("call", {"days": 2}, "Interest in VOD 33s"),
         ("call", {"days": 9}, "Quarterly review"))
    ):  # fmt: skip
        started = _ago(**span)
        rows.append(
            Interaction(
                id=f"i{number}", kind=kind, direction="inbound", status="ended", organization_id="ngam",
                contact_id="sarah", trader_id=USER.id, started_at=started, ended_at=started + dt.timedelta(minutes=4),
                subject=subject, disposition="interested", report_status="saved",
            )
        )  # fmt: skip
    for key, home, contact, what, due in (
        ("f1", "ngam", "sarah", "Send switch idea VOD into ORAFP", NOW.replace(hour=14, minute=0)),
        ("f2", "helvia", "lena", "Return call", _ago(minutes=6)),
        ("f3", "ngam", None, "Review meeting pack", _ago(days=-1)),
        ("f4", None, None, "Order new headset", None),
    ):
        rows.append(
            FollowUp(
                id=key,
                organization_id=home,
                contact_id=contact,
                assignee_id=USER.id,
                owner="trader",
                what=what,
                due=due,
            )
        )
    return rows


def populate(records: Records) -> None:
    with records.change("demo", Cause.demo()) as change:
        for rows in (_people(), _instruments(), _reach(), _business(), _talks()):
            change.add_all(rows)
            change.session.flush()


@dataclass
class Desk:
    """The services, and what the desk was told."""

    services: Services
    prices: PriceBook
    notices: list[Notice] = field(default_factory=list)

    @property
    def records(self) -> Records:
        return self.services.records

    def one(self, model: type[T], record_id: str) -> T | None:
        with self.records.read() as session:
            return session.get(model, record_id)

    def all(self, model: type[T], *where: Any) -> list[T]:
        with self.records.read() as session:
            return list(session.scalars(select(model).where(*where)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    prices = PriceBook()
    prices.update(
        [
            Tick("vod33", Decimal("98.412"), Decimal("98.486"), 1_000_000),
            Tick("eurusd", Decimal("1.0921"), Decimal("1.0923"), 5_000_000),
            Tick("enel31", Decimal("101.180"), Decimal("101.230"), 1_000_000),
        ],
        NOW,
    )
    notices: list[Notice] = []
    with Records.open(tmp_path / "desk", bytes(32)) as records:
        populate(records)
        parts: Any = SimpleNamespace(
            user=USER, records=records, prices=prices, clock=lambda: NOW, notify=notices.append,
            conversations=None, settings=None,
        )  # fmt: skip
        yield Desk(Services(**vars(parts)), prices, notices)


class Agent:
    """A desktop agent in memory with the records of our plugins, and another app to talk to them with."""

    def __init__(self) -> None:
        self.host = Host(AppDirectory.load(*(PLUGINS / name for name in ("crm", "deals", "analytics", "followups"))))
        self.heard: list[Context] = []
        self._agents: list[DesktopAgent] = []

    async def start(self) -> Agent:
        self.other = await self.join("test-other")
        await self.other.add_context_listener(None, lambda context, _: self.heard.append(context))
        return self

    async def join(self, app_id: str) -> DesktopAgent:
        agent = await connect_memory(self.host, app_id=app_id)
        await agent.join_user_channel(CHANNEL)
        self._agents.append(agent)
        return agent

    def heard_of(self, kind: str) -> list[Context]:
        return [context for context in self.heard if context.type == kind]

    async def close(self) -> None:
        for agent in self._agents:
            await agent.close()
        await self.host.close()


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    made = await Agent().start()
    yield made
    await made.close()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for a condition, turning the loop."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Stage:
    """A panel on stage: its app on a real I/O thread with a real agent, its view on this one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.loop = IoLoop("test-io")
        self.loop.start()
        self.ui = Ui(self.loop, clock=lambda: NOW)
        self.agent: Agent = self.call(Agent().start())
        self._apps: list[Any] = []

    def call(self, coro: Coroutine[Any, Any, T]) -> T:
        return self.loop.submit(coro).result(10)

    def start(self, plugin: Any, app_id: str) -> Any:
        async def begin() -> Any:
            return await plugin.start(await self.agent.join(app_id), self.desk.services)

        self._apps.append(self.call(begin()))
        return self._apps[-1]

    def close(self) -> None:
        for app in self._apps:
            self.call(app.close())
        self.call(self.agent.close())
        self.loop.stop()


@pytest.fixture
def stage(desk: Desk, qapp: QApplication) -> Iterator[Stage]:
    theme.apply(qapp)
    made = Stage(desk)
    yield made
    made.close()
