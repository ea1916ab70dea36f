"""What the popup shows: the queue of reports, the one in front, and the drafts that wait outside. Values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from plugins.reports.open_report import ReportCard


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A draft that is not in the popup now."""

    interaction_id: str
    title: str
    started: dt.datetime


@dataclass(frozen=True)
class ReportsState:
    """``cards`` is the popup's queue; ``front`` names the one it shows. ``discarded`` can still be brought back."""

    cards: tuple[ReportCard, ...] = ()
    front: str | None = None
    unfinished: tuple[Unfinished, ...] = ()
    discarded: ReportCard | None = None

    @property
    def current(self) -> ReportCard | None:
        return next((card for card in self.cards if card.report_id == self.front), None)
