"""Instruments as FDC3 contexts, from the records."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.records.tables import Instrument
from fdc3.types import Context


def instrument_contexts(session: Session, instrument_ids: Iterable[str]) -> dict[str, Context]:
    """The fdc3.instrument context of each instrument that is known, by its id."""
    rows = session.scalars(select(Instrument).where(Instrument.id.in_(list(instrument_ids))))
    return {row.id: _context(row) for row in rows}


def _context(row: Instrument) -> Context:
    named = {"deskline": row.id, "ISIN": row.isin, "ticker": row.ticker}
    return Context.parse(
        {"type": "fdc3.instrument", "name": row.symbol, "id": {key: text for key, text in named.items() if text}}
    )
