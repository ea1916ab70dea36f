"""A desk in small: a real agent, real encrypted records with one customer, and the services that a plugin gets."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from app.market.book import PriceBook
from app.records.ids import new_id
from app.records.store import Records
from app.records.tables import Instrument
from app.services import CurrentUser, Notice, Services, utc_now
from app.settings import Settings
from fdc3.directory import AppDirectory
from fdc3.host import Host

ROOT = Path(__file__).parents[2]
RECORDS = [ROOT / "plugins/chat/app.json", ROOT / "plugins/chat/service.json"]


class Desk:
    """The services, what the user was told, and the instruments on file."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.notices: list[Notice] = []
        self.services = Services(
            user=CurrentUser("u", "Max Kern", "MK", "Credit"),
            records=records,
            conversations=cast(Any, None),
            prices=PriceBook(),
            settings=Settings(),
            clock=utc_now,
            notify=self.notices.append,
        )
        self.vod = self.instrument("VOD 3⅜ 08/33", "Vodafone 3.375% 2033", "XS0000000009")
        self.enel = self.instrument("ENEL 4 31", "Enel 4% 2031", "XS0000000017")

    def instrument(self, symbol: str, name: str, isin: str) -> str:
        row = Instrument(
            id=new_id(), kind="bond", symbol=symbol, name=name, currency="EUR", isin=isin, price_type="price",
            price_decimals=3, reference_price=Decimal("98.412"), maturity=dt.date(2033, 8, 8), aliases=[],
        )  # fmt: skip
        with self.records.change("system:test") as change:
            change.add(row)
        return row.id


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Records.open(tmp_path / "records", bytes(range(32))) as records:
        yield Desk(records)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    others = tmp_path / "others.json"
    others.write_text(
        """[
        {"appId": "desk", "title": "Desk", "type": "other", "details": {}, "interop": {"intents": {"listensFor": {
            "ViewProfile": {"contexts": ["fdc3.contact"], "displayName": "Profile", "resultType": "fdc3.contact"},
            "CreateInteraction": {"contexts": ["fdc3.interaction"], "displayName": "Report", "resultType": "channel"},
            "ViewAnalysis": {"contexts": ["fdc3.instrument"], "displayName": "Analysis"},
            "ViewQuote": {"contexts": ["fdc3.instrument"], "displayName": "Quote"}}}}}
        ]"""
    )
    running = Host(AppDirectory.load(*RECORDS, others))
    await running.start()
    yield running
    await running.close()
