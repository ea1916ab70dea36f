"""The inspector's tables: their rows beside messages, and what each column says. No Qt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.shell.table_columns import Column
from fdc3.broker import ChannelState, InstanceState, IntentState, Snapshot
from plugins.inspector.seen import Party, Seen

STAGES = {
    "choosing": "The user is choosing an app",
    "starting": "The app is starting",
    "listening": "Waits for the app's listener",
    "handling": "In the app's hands",
}


def message_columns(zone: dt.tzinfo) -> list[Column]:
    return [
        Column("Time", lambda row: _time(row, zone), 98, color=_dim, sort=_by_number, least=98),
        Column("From → to", between, 140, tip=_whole, least=100),
        Column("Type", lambda row: row.kind, 158, color=_by_sort, strong=True, least=100),
        Column("About", _about, 0, color=lambda row: "dn" if row.error else "tx2", tip=_about),
        Column("Size", lambda row: size(row.size), 58, "right", color=_dim, sort=lambda row: row.size, drop=1),
        Column("Answer", lambda row: latency(row.latency), 62, "right", color=_slow, sort=_by_latency, drop=2),
    ]


def _time(row: Seen, zone: dt.tzinfo) -> str:
    return f"{row.at.astimezone(zone):%H:%M:%S.%f}"[:-3]


def between(row: Seen) -> str:
    """Who said it to the agent, or whom the agent told: the other end is always the agent."""
    return f"{_names(row)} →" if row.direction == "in" else f"→ {_names(row)}"


def _names(row: Seen) -> str:
    names = [party.app_id for party in row.parties]
    return ", ".join(names) if len(names) < 3 else f"{names[0]} and {len(names) - 1} more"


def _whole(row: Seen) -> str:
    return "\n".join(f"{party.app_id}  {party.instance_id}" for party in row.parties)


def _about(row: Seen) -> str:
    return f"{row.error} · {row.about}".rstrip(" ·") if row.error else row.about


def _dim(_row: object) -> str:
    return "tx3"


def _by_number(row: Seen) -> int:
    return row.number


def _by_latency(row: Seen) -> float:
    return row.latency or 0.0


def _by_sort(row: Seen) -> str:
    return "dn" if row.error else {"event": "acctx", "answer": "tx2"}.get(row.sort, "tx1")


def _slow(row: Seen) -> str:
    return "warn" if (row.latency or 0) > 1 else "tx2"


def size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def latency(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class ChannelRow:
    id: str
    channel: ChannelState
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceRow:
    id: str
    instance: InstanceState
    channel: str


@dataclass(frozen=True, slots=True)
class IntentRow:
    """An intent on its way, or (with ``late``) an answer that says it took too long."""

    id: str
    intent: str
    raiser: str
    handler: str
    state: str
    left: str
    late: Seen | None = None
    pending: IntentState | None = None


def channel_rows(snapshot: Snapshot) -> list[ChannelRow]:
    """Channels in use first, within each kind as they were made."""
    names = _labels(snapshot)
    rows = [
        ChannelRow(each.id, each, tuple(names.get(member, member) for member in each.members))
        for each in snapshot.channels
    ]
    return sorted(rows, key=lambda row: not (row.members or row.channel.contexts))


def instance_rows(snapshot: Snapshot) -> list[InstanceRow]:
    channels = {channel.id: channel.name for channel in snapshot.channels}
    return [InstanceRow(each.id, each, channels.get(each.channel_id or "", "")) for each in snapshot.instances]


def intent_rows(snapshot: Snapshot, timed_out: tuple[Seen, ...], zone: dt.tzinfo) -> list[IntentRow]:
    names = _labels(snapshot)
    rows = [
        IntentRow(
            f"{each.request_uuid} {each.raiser}",
            each.intent,
            names.get(each.raiser, each.raiser),
            names.get(each.handler or "", ""),
            STAGES[each.stage],
            "" if each.seconds is None else f"{each.seconds:.0f} s",
            pending=each,
        )
        for each in snapshot.intents
    ]
    for seen in timed_out:
        when = f"{seen.at.astimezone(zone):%H:%M:%S}"
        asker = ", ".join(party.label for party in seen.parties)
        what = seen.kind.removesuffix("Response")
        rows.append(IntentRow(f"late {seen.number}", what, asker, "", f"{seen.error} at {when}", "", late=seen))
    return rows


def _labels(snapshot: Snapshot) -> Mapping[str, str]:
    return {each.id: Party(each.app_id, each.id).label for each in snapshot.instances}


CHANNEL_COLUMNS = [
    Column("Channel", lambda row: row.channel.name or row.id, 150, strong=True, tip=lambda row: row.id),
    Column("Kind", lambda row: row.channel.type, 56, color=_dim),
    Column("Members", lambda row: ", ".join(row.members), 0, tip=lambda row: "\n".join(row.members)),
    Column(
        "Current contexts",
        lambda row: ", ".join(kind for kind, _ in reversed(row.channel.contexts)),
        0,
        color=lambda row: "acctx",
        tip=lambda row: "\n".join(kind for kind, _ in reversed(row.channel.contexts)),
    ),
]
INSTANCE_COLUMNS = [
    Column("App", lambda row: row.instance.app_id, 150, strong=True),
    Column("Instance", lambda row: row.id, 80, color=_dim, tip=lambda row: row.id),
    Column(
        "State",
        lambda row: "Connected" if row.instance.connected else "Starting",
        76,
        color=lambda row: "up" if row.instance.connected else "warn",
    ),
    Column("Channel", lambda row: row.channel or "–", 74),
    Column("Listens to", lambda row: ", ".join(row.instance.listens_to), 0, tip=lambda row: _lines(row, "listens_to")),
    Column("Intents", lambda row: ", ".join(row.instance.intents), 0, tip=lambda row: _lines(row, "intents")),
]
INTENT_COLUMNS = [
    Column("Intent or request", lambda row: row.intent, 150, strong=True),
    Column("From", lambda row: row.raiser, 150),
    Column("To", lambda row: row.handler, 150),
    Column("State", lambda row: row.state, 0, color=lambda row: "dn" if row.late else "warn"),
    Column("Left", lambda row: row.left, 50, "right"),
]


def _lines(row: InstanceRow, name: str) -> str:
    return "\n".join(getattr(row.instance, name))
