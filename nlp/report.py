"""The call report of a conversation: its facts, its summary and how the talk was shared."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from nlp.language.model import Analysis, Dialogue, Turn
from nlp.summary import summarise

LISTS = ("deals", "unclear", "quotes_not_dealt", "orders_left", "follow_ups", "consents", "matters")


class Statistics(msgspec.Struct, frozen=True):
    """Talk in numbers. Shares are by speaking time in calls, by words in chats; 0 to 1."""

    duration: float
    turns: int
    words: int
    trader_words: int
    client_words: int
    talk_share_trader: float
    talk_share_client: float


class Report(msgspec.Struct, frozen=True):
    """A conversation with everything a call report shows."""

    dialogue: Dialogue
    analysis: Analysis
    summary: str
    statistics: Statistics
    from_sound: bool = False


def build(dialogue: Dialogue, analysis: Analysis, from_sound: bool = False) -> Report:
    """The report of a dialogue that was analysed."""
    return Report(dialogue, analysis, summarise(dialogue, analysis), statistics(dialogue), from_sound)


def statistics(dialogue: Dialogue) -> Statistics:
    """Duration, turns, words and talk share."""
    turns = dialogue.turns
    words = {who: sum(len(t.text.split()) for t in turns if t.who == who) for who in ("trader", "client")}
    spoken = {who: sum(max(0.0, t.end - t.start) for t in turns if t.who == who) for who in ("trader", "client")}
    weight = spoken if dialogue.header.kind == "call" and sum(spoken.values()) > 0 else words
    total = sum(weight.values())
    share = round(weight["trader"] / total, 3) if total else 0.0
    return Statistics(
        duration=round(max((t.end for t in turns), default=0.0), 1),
        turns=len(turns),
        words=sum(words.values()),
        trader_words=words["trader"],
        client_words=words["client"],
        talk_share_trader=share,
        talk_share_client=round(1 - share, 3) if total else 0.0,
    )


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON values: id, from_sound, transcript, the lists of facts, summary, statistics."""
    analysis = report.analysis
    header = report.dialogue.header
    result: dict[str, Any] = {
        "id": header.id,
        "kind": header.kind,
        "started": header.started.isoformat(),
        "client": _plain(msgspec.to_builtins(header.client)),
        "trader": _plain(msgspec.to_builtins(header.trader)),
        "from_sound": report.from_sound,
        "transcript": [_turn(turn) for turn in report.dialogue.turns],
    }
    for name in LISTS:
        result[name] = [_fact(fact) for fact in getattr(analysis, name)]
    result["sentiment"] = analysis.sentiment
    result["products"] = list(analysis.products)
    result["mentions"] = [_plain(msgspec.structs.asdict(mention)) for mention in analysis.mentions]
    result["summary"] = report.summary
    result["statistics"] = msgspec.structs.asdict(report.statistics)
    return result


def to_html(report: Report) -> str:
    """The report as one readable page without outside references."""
    from nlp.report_page import page

    return page(report)


def _turn(turn: Turn) -> dict[str, Any]:
    told = {"who": turn.who, "start": round(turn.start, 2), "end": round(turn.end, 2), "text": turn.text}
    return told | {"guessed": True} if turn.guessed else told


def _fact(fact: msgspec.Struct) -> dict[str, Any]:
    return {name: _plain(value) for name, value in msgspec.structs.asdict(fact).items()}


def _plain(value: Any) -> Any:
    """JSON values; whole amounts become integers so that 15000000 does not turn into 1.5e7."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, msgspec.Struct):
        return _fact(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
