"""Items, records and what they hang on, as rows of the tables, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from app.records.codec import compact
from app.sync import scopes
from app.sync.ground import Key, Placed
from app.sync.merge import State
from app.sync.policies import UNIQUE

ITEM = (
    "seq, entry_id, site, site_seq, hlc, actor, cause, cause_reference, transaction, table_name, record_id, op, "
    "outcome, fields, whole, scope, left_scope, reason"
)
ENTRY = "site_only, before, after, schema_version, salt, commitment, hash"
STATE = "table_name, record_id, fields, stamps, deleted, scope, parent_table, parent_id, seq, erased"
RECORD = "table_name, record_id, fields, stamps, deleted, scope, parent_table, parent_id, unique_value, seq, erased"
LINKED = "parent_table, parent_id, table_name, record_id"

_read_values = msgspec.json.Decoder(dict[str, Any]).decode
_read_stamps = msgspec.json.Decoder(dict[str, str]).decode


def item_row(firm: str, placed: Placed) -> tuple[object, ...]:
    entry = placed.entry
    return (
        firm,
        *msgspec.structs.astuple(placed.item),
        placed.site_only,
        entry.before,
        entry.after,
        entry.schema_version,
        entry.salt,
        entry.commitment,
        entry.hash,
    )


def record_rows(states: Mapping[Key, State]) -> Iterator[tuple[object, ...]]:
    for (table, record_id), state in states.items():
        yield (
            table,
            record_id,
            compact(state.fields),
            _packed(state),
            state.deleted,
            state.scope,
            *(state.parent or (None, None)),
            _unique_value(table, state),
            state.seq,
            state.erased,
        )


def link_rows(states: Mapping[Key, State]) -> Collection[tuple[str, ...]]:
    """Each once."""
    return {(*up, *key): None for key, state in states.items() for up in scopes.parents(key[0], state.fields)}


def _unique_value(table: str, state: State) -> str | None:
    value = state.fields.get(UNIQUE[table]) if table in UNIQUE else None
    return value if isinstance(value, str) else None


def _packed(state: State) -> str:
    """The stamps as text, with the commonest under the empty name: most fields of a record were written together."""
    if not state.stamps or state.stamps.keys() != state.fields.keys():
        return compact(dict(state.stamps))
    if len(only := set(state.stamps.values())) == 1:
        return compact({"": only.pop()})
    (common, _), *_ = Counter(state.stamps.values()).most_common(1)
    return compact({"": common, **{name: stamp for name, stamp in state.stamps.items() if stamp != common}})


def state_of(row: Sequence[Any]) -> State:
    _, _, text, packed, deleted, scope, parent_table, parent_id, seq, erased = row
    fields, stamps = _read_values(text), _read_stamps(packed)
    if "" in stamps:
        common = stamps.pop("")
        stamps = {**dict.fromkeys(fields, common), **stamps}
    return State(fields, stamps, deleted, scope, (parent_table, parent_id) if parent_table else None, seq, erased)
