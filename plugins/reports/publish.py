"""A conversation as messages on the desk's channel: pure functions from its snapshots to contexts' JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from plugins.reports.evidence import Json
from plugins.reports.items import Terms
from plugins.reports.store import Talk

if TYPE_CHECKING:
    from app.conversation.state import ConversationState, Segment

STATE, SEGMENT, FACTS = "deskline.conversation.state", "deskline.transcript.segment", "deskline.conversation.facts"
Message = dict[str, Json]


def messages(talk: Talk, before: ConversationState | None, now: ConversationState) -> list[Message]:
    """What changed from ``before`` to ``now``: segments first, then the facts that refer to them, then the state."""
    found = [segment(talk, each) for each in _news(before, now)]
    if now.analysis is not None and (before is None or before.analysis is not now.analysis):
        found.append(facts_message(now))
    if before is None or _status(before) != _status(now):
        found.append(state(talk, now))
    return found


def state(talk: Talk, now: ConversationState) -> Message:
    return {
        "type": STATE,
        "id": {"deskline": talk.interaction_id},
        "kind": talk.kind,
        "phase": now.phase,
        "line": talk.line,
        "number": talk.number,
        "handle": talk.handle,
        "direction": talk.direction,
        "organization_id": talk.customer.id if talk.customer else None,
        "contact_id": talk.contact.id if talk.contact else None,
        "customer": talk.title,
        "contact": talk.contact.name if talk.contact else None,
        "started_at": talk.started.astimezone(dt.UTC).isoformat(),
        "recorded_seconds": round(now.recorded_seconds, 1),
        "keeping": now.keeping,
        "recorded": now.kept,
        "speech": now.speech,
        "lag": round(now.lag_seconds, 1),
        "partial": dict(now.partial),
        "trouble": now.audio or now.recording,
    }


def segment(talk: Talk, each: Segment) -> Message:
    return {
        "type": SEGMENT,
        "id": {"deskline": talk.interaction_id},
        "seq": each.seq,
        "who": each.who,
        "name": speaker(talk, each.who) + ("?" if each.guessed else ""),
        "start": each.start,
        "end": each.end,
        "text": each.text,
        "pass": each.pass_,
        "words": [[word.start, word.end] for word in each.words],
    }


def facts(now: ConversationState) -> Message:
    """The facts as JSON: the lists of a call report, mentions, products, sentiment, summary and repaired transcript."""
    if now.analysis is None:
        return {}
    data: Message = _plain(msgspec.structs.asdict(now.analysis))
    data["transcript"] = data.pop("turns")
    data["summary"] = now.summary
    return data


def facts_message(now: ConversationState) -> Message:
    report = facts(now)
    mentions = report.pop("mentions", [])
    report["id"] = now.interaction_id
    return {"type": FACTS, "id": {"deskline": now.interaction_id}, "report": report, "mentions": mentions}


def proposal(talk: Talk, heard: Terms) -> Message:
    """A deal that was heard and not registered, for whoever keeps the ticket."""
    return {
        "type": "deskline.deal.proposal",
        "id": {"deskline": talk.interaction_id},
        "interaction": talk.interaction_id,
        "organization_id": talk.customer.id if talk.customer else None,
        "contact_id": talk.contact.id if talk.contact else None,
        **msgspec.to_builtins(msgspec.structs.replace(heard, said=())),
    }


def show_turns(interaction_id: str, turns: Sequence[int]) -> Message:
    return {"type": "deskline.transcript.show", "id": {"deskline": interaction_id}, "turns": sorted(turns)}


def play(interaction_id: str, start: float, end: float) -> Message:
    """A stretch of the recording, in seconds of the call, for whoever plays it."""
    return {"type": "deskline.recording.play", "id": {"deskline": interaction_id}, "start": start, "end": end}


def speaker(talk: Talk, who: str) -> str:
    """The trader is "You"; the client goes by first name."""
    if who == "trader":
        return "You"
    return talk.contact.name.split()[0] if talk.contact else "Client"


def _news(before: ConversationState | None, now: ConversationState) -> list[Segment]:
    """New and other segments; those that are to be forgotten come once more, without words."""
    known = {(each.pass_, each.seq): each for each in before.segments} if before else {}
    here = {(each.pass_, each.seq) for each in now.segments}
    gone = [] if now.phase == "refined" else [each for key, each in known.items() if key not in here]
    return [dataclasses.replace(each, text="", words=()) for each in gone] + [
        each for each in now.segments if known.get((each.pass_, each.seq)) != each
    ]


def _status(now: ConversationState) -> tuple[Json, ...]:
    """What a listener wants to hear of at once; recorded seconds only by the whole second."""
    return (
        now.phase,
        now.speech,
        round(now.lag_seconds, 1),
        int(now.recorded_seconds),
        now.partial,
        now.audio,
        now.recording,
        now.keeping,
        now.kept,
    )


def _plain(value: Json) -> Json:
    """JSON values; whole amounts become integers so that 15000000 does not turn into 1.5e7."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
