"""Whether the log of changes is whole: every site's chain from its beginning to its end, and no place missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.records.hlc import ZERO
from app.records.log import GENESIS
from app.server import tables
from app.sync.chain import BadPush, ChainEnd, check_chain
from app.sync.protocol import Entry

_AT_ONCE = 2000


class NotWhole(Exception):
    """``str()`` says where the log does not fit."""


@dataclass(frozen=True, slots=True)
class Checked:
    entries: int
    sites: int


async def check(engine: AsyncEngine, firm: str, export: TextIO | None = None) -> Checked:
    """Checks all, as of one moment; writes one JSON object per change to ``export``. Raises NotWhole."""
    item = tables.item
    ends: dict[str, ChainEnd] = {}
    places = 0
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        query = select(item).where(item.c.firm == firm).order_by(item.c.seq).execution_options(yield_per=_AT_ONCE)
        async for row in await connection.stream(query):
            places += 1
            if row.seq != places:
                raise NotWhole(f"Place {places} of the order is missing.")
            end = ends.get(row.site, ChainEnd(0, GENESIS, ZERO))
            entry = Entry(
                row.entry_id, row.site_seq, row.hlc, row.actor, row.cause, row.cause_reference, row.transaction,
                row.table_name, row.record_id, row.op, row.before, row.after, row.schema_version, row.salt,
                row.commitment, row.hash,
            )  # fmt: skip
            try:
                check_chain([entry], row.site, end)
            except BadPush as error:
                raise NotWhole(f"Place {places}, of site {row.site}: {error}") from error
            ends[row.site] = end.after(entry)
            if export is not None:
                export.write(msgspec.json.encode(dict(row._mapping), enc_hook=str).decode() + "\n")
        firm_row = (await connection.execute(select(tables.firm).where(tables.firm.c.id == firm))).one()
        kept = {
            row.site: (row.received, row.hash)
            for row in await connection.execute(select(tables.site).where(tables.site.c.firm == firm))
        }
    if firm_row.own_count:
        kept[firm_row.own_site] = (firm_row.own_count, firm_row.own_hash)
    found = {site: (end.received, end.hash) for site, end in ends.items()}
    if found != kept or firm_row.head != places:
        raise NotWhole("The last changes of the log are missing.")
    return Checked(places, len(ends))
