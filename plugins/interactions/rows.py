"""The rows of the list and how they read: pure functions from records and live state to cards' texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of these."""

Filter = Literal["all", "calls", "chats", "to_report"]
FILTERS: tuple[Filter, ...] = ("all", "calls", "chats", "to_report")


@dataclass(frozen=True, slots=True)
class TalkRow:
    """A call or chat, ringing, live or past. ``words`` is the last said; ``unread`` counts a chat's new messages."""

    key: str  # the interaction's id; "line L1" for a line that only rings
    kind: str  # call, chat
    status: str  # ringing, live, ended, missed, interrupted
    started: dt.datetime
    title: str
    contact: str = ""
    direction: str = "inbound"
    line: str = ""
    subject: str = ""
    report: str = "none"  # none, draft, saved, discarded
    known: bool = True
    held: bool = False
    words: str = ""
    unread: int = 0
    contact_id: str | None = None
    number: str | None = None
    handle: str | None = None

    @property
    def live(self) -> bool:
        return self.status in ("live", "ringing")

    @property
    def to_report(self) -> bool:
        return self.status in ("ended", "interrupted") and self.report in ("none", "draft")


@dataclass(frozen=True, slots=True)
class Look:
    """How a row is drawn: see the shell's ``Card``."""

    subtitle: str
    icon: str
    tone: str
    aside: str
    aside_tone: str
    mark: str
    mark_tone: str


def look(row: TalkRow, now: dt.datetime, zone: dt.tzinfo) -> Look:
    return Look(_subtitle(row), _icon(row), _tone(row), *_aside(row, now, zone), *_mark(row))


def kept(rows: Iterable[TalkRow], chosen: Filter) -> tuple[TalkRow, ...]:
    """Live ones first, newest on top; then the past, newest on top."""
    found = [row for row in rows if _passes(row, chosen)]
    return tuple(sorted(found, key=lambda row: (row.live, row.started), reverse=True))


def _passes(row: TalkRow, chosen: Filter) -> bool:
    match chosen:
        case "calls":
            return row.kind == "call"
        case "chats":
            return row.kind == "chat"
        case "to_report":
            return row.to_report
        case _:
            return True


def with_state(row: TalkRow | None, message: Mapping[str, Json], now: dt.datetime) -> TalkRow:
    """A row brought up to a ``deskline.conversation.state``. After the end the records know better."""
    started = message.get("started_at")
    begun = dt.datetime.fromisoformat(started) if isinstance(started, str) else now
    known = bool(message.get("organization_id") or message.get("contact_id"))
    address = phone(message.get("number") or "") or message.get("handle")
    row = row or TalkRow("", "call", "live", begun, "")
    return replace(
        row,
        key=str((message.get("id") or {}).get("deskline") or ""),
        kind=str(message.get("kind") or "call"),
        status="live" if message.get("phase") == "live" else "ended",
        started=begun,
        title=str(message.get("customer") or "") if known else f"Unknown {address or ''}".strip(),
        contact=str(message.get("contact") or ""),
        direction=str(message.get("direction") or "inbound"),
        line=str(message.get("line") or ""),
        known=known,
        contact_id=message.get("contact_id"),
        number=message.get("number"),
        handle=message.get("handle"),
    )


def with_words(row: TalkRow, message: Mapping[str, Json], *, reading: bool) -> TalkRow:
    """The last words; in a chat the client's count as unread unless the chat is being looked at."""
    new = row.kind == "chat" and message.get("who") == "client" and not reading
    return replace(row, words=str(message.get("text") or ""), unread=row.unread + 1 if new else row.unread)


def with_lines(
    rows: Mapping[str, TalkRow], lines: Iterable[Mapping[str, Json]], now: dt.datetime
) -> tuple[dict[str, TalkRow], tuple[TalkRow, ...]]:
    """The turret's lines: which calls are held, and a row for each line that rings.

    Returns the live rows by key and the rings that ended without being answered, as missed calls.
    """
    found = dict(rows)
    missed = []
    ringing: set[str] = set()
    states = {str(line.get("line")): line for line in lines}
    for name, line in states.items():
        key = f"line {name}"
        if line.get("state") == "ringing":
            ringing.add(key)
            since = line.get("since")
            begun = dt.datetime.fromisoformat(since) if isinstance(since, str) else now
            number = str(line.get("number") or "")
            title = str(line.get("name") or "") or phone(number) or "Unknown"
            found[key] = TalkRow(
                key, "call", "ringing", begun, title, line=name, number=number or None, known=bool(line.get("name"))
            )
    for key, row in rows.items():
        if row.status == "ringing" and key not in ringing:
            del found[key]
            if states.get(row.line, {}).get("state") in ("idle", "ended", None) and row.direction == "inbound":
                # It has no record of its own; its key must not be taken by the next ring on the line.
                missed.append(replace(row, key=f"{key} {row.started.isoformat()}", status="missed"))
        elif row.status == "live" and row.kind == "call" and row.line in states:
            found[key] = replace(row, held=states[row.line].get("state") == "held")
    return found, tuple(missed)


def running(row: TalkRow, now: dt.datetime) -> str:
    """How long it lasts: 04:12, beyond an hour 1:04:12."""
    seconds = max(0, int((now - row.started).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _subtitle(row: TalkRow) -> str:
    if row.status == "ringing":
        return f"Rings on {row.line} · F9 answers" if row.line else "Rings · F9 answers"
    if row.status == "live":
        return _live_subtitle(row)
    if row.status == "missed":
        return " · ".join(part for part in (row.contact, "missed" if row.known else "missed, no client match") if part)
    if row.report == "draft":
        return "Report draft · " + (row.subject or "to be finished")
    if row.report == "none":
        return "No report yet" + (" · cut off" if row.status == "interrupted" else "")
    if row.report == "discarded":
        return "Report discarded"
    if not row.known:
        return "No client match · resolve"
    # The mark beside it says that the report is saved; the room is for what it was about.
    return row.subject or row.contact or "Report saved"


def _live_subtitle(row: TalkRow) -> str:
    if row.kind == "chat" and row.words:
        return f"“{row.words}”"
    place = f"Turret {row.line}" if row.line else ""
    doing = "on hold" if row.held else "speaking" if row.kind == "call" else "chatting"
    who = row.contact if row.known else "No client match"
    return " · ".join(part for part in (who, place, doing) if part)


def _icon(row: TalkRow) -> str:
    if row.kind == "chat":
        return "message"
    if row.status == "missed":
        return "phone-missed"
    if row.status == "ringing":
        return "phone-incoming"
    if row.held:
        return "pause"
    return "phone-outgoing" if row.direction == "outbound" and not row.live else "phone"


def _tone(row: TalkRow) -> str:
    if row.status == "missed":
        return "dn"
    if row.status == "ringing" or row.held:
        return "warn"
    return "up" if row.live else ""


def _aside(row: TalkRow, now: dt.datetime, zone: dt.tzinfo) -> tuple[str, str]:
    if row.live and row.kind == "call":
        return running(row, now), "warn" if row.held else "up"
    local, today = row.started.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}", "tx3"
    if local.date() == today - dt.timedelta(days=1):
        return "yesterday", "tx3"
    return f"{local.day} {local:%b}" + (f" {local:%Y}" if local.year != today.year else ""), "tx3"


def _mark(row: TalkRow) -> tuple[str, str]:
    if row.live or row.status == "missed":
        return "", ""
    return {"saved": ("check", "up"), "draft": ("edit", "warn"), "none": ("edit", "tx3")}.get(row.report, ("", ""))


@lru_cache(maxsize=512)
def phone(number: str) -> str:
    """A number as people read it, +44 20 7946 0143; what is no number stays as it is."""
    import phonenumbers  # late: the window opens without it

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
