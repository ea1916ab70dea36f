"""What the deals panel shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from plugins.deals.blotter import BlotterRow, Scope
from plugins.deals.directory import Directory
from plugins.deals.reading import Market, Reading
from plugins.deals.ticket import Heard, Ticket


@dataclass(frozen=True, slots=True)
class DealsState:
    """``page_asked`` counts requests of other apps to see ``page``.

    ``refused`` says why the last attempt to register failed, ``needs_reason`` why one needs a reason to go ahead.
    """

    ticket: Ticket
    reading: Reading
    market: Market = field(default_factory=Market)
    directory: Directory = field(default_factory=Directory)
    busy: bool = False
    refused: str = ""
    needs_reason: str = ""
    not_found: Mapping[str, str] = field(default_factory=dict)
    heard: tuple[Heard, ...] = ()
    rows: tuple[BlotterRow, ...] = ()
    scope: Scope = "today"
    cancelled: BlotterRow | None = None
    page: Literal["ticket", "blotter"] = "ticket"
    page_asked: int = 0
    blotter_text: str = "No deals today."
