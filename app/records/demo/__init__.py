"""A believable desk to try Deskline on: customers, two years of business, and the talks about it. All fictional.

The same seed and day give the same rows. Everything is stored through one unit of work, so an interrupted build leaves
nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from app.records.demo.customers import DEMO_USER_ID, customers
from app.records.demo.draw import Draw
from app.records.demo.market import Market
from app.records.demo.talks import talks
from app.records.demo.trading import trading
from app.records.log import Cause
from app.records.store import Records
from app.records.tables import PriceSource, Record, User

__all__ = ["DEMO_USER_ID", "Progress", "build_demo", "demo_rows"]

Progress = Callable[[float, str], None]
"""Told the done fraction (0 to 1) and what is being done."""


def build_demo(records: Records, seed: int = 7, today: dt.date | None = None, progress: Progress | None = None) -> bool:
    """Fills empty records with the demo desk; returns False, and does nothing, if it is already there.

    History ends on the last working day before ``today`` (the local date by default). Not on the UI thread.
    """
    tell = progress or (lambda fraction, text: None)
    with records.change("program:demo", Cause.demo()) as change:
        if change.get(User, DEMO_USER_ID) is not None:
            return False
        tell(0.0, "Drawing the demo desk")
        for place, (name, rows) in enumerate(demo_rows(seed, today or dt.date.today())):
            tell(0.25 + 0.15 * place, f"Storing the demo desk's {name}")
            change.add_all(rows)
            change.session.flush()
        tell(0.7, "Logging and indexing the demo desk")
    tell(1.0, "The demo desk is ready")
    return True


def demo_rows(seed: int, today: dt.date) -> list[tuple[str, Sequence[Record]]]:
    """The rows of the demo desk in groups with a name."""
    draw = Draw(seed, today)
    market = Market.load(draw)
    house = customers(draw, market)
    book = trading(draw, market, house)
    talked = talks(draw, house, book)
    return [
        ("customers", (*_price_sources(draw), *market.instruments, *house.rows)),
        ("deals and enquiries", (*book.deals, *book.enquiries)),
        ("calls and chats", talked.rows),
    ]


def _price_sources(draw: Draw) -> list[PriceSource]:
    start = draw.first_moment
    return [
        PriceSource(id=draw.id(start), name="Demo feed", kind="simulated", priority=1, active=True),
        PriceSource(id=draw.id(start), name="House composite", kind="composite", priority=2, active=False),
        PriceSource(id=draw.id(start), name="Request-for-quote venue", kind="venue", priority=3, active=False),
    ]
