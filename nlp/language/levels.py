"""Levels of orders in one turn, with the kind of order that is said beside each."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from nlp.language import vocabulary
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import OrderType
from nlp.language.numerals import PERCENT
from nlp.language.placing import placed
from nlp.language.saying import sentences
from nlp.language.topics import Topic

_PHRASES = vocabulary.section("phrases", "orders")
TYPES: dict[OrderType, tuple[str, ...]] = {kind: tuple(words) for kind, words in _PHRASES["types"].items()}
GONE: tuple[str, ...] = tuple(_PHRASES["gone"])
VERBS = ("buy", "sell", "buying", "selling", "buys", "sells")
MARKET: frozenset[str] = frozenset(_PHRASES["market"])
NAMED = {"limit", "lim", "lmt", "stop"}
INSTEAD = re.compile(r"\b(?:instead of|rather than|not at|(?:it )?was at|previously|formerly|in place of) ")
WORKED: tuple[OrderType, ...] = ("vwap", "twap", "moc")
LIMIT = {"limit", "lim", "lmt"}
PARTING = {",", ";", ".", "/", "or", "and"}
DISPLAYED: frozenset[str] = frozenset(_PHRASES["displayed"])


def pieces(frame: Frame) -> list[Frame]:
    """A turn with several orders in one instrument, cut behind the level of each; else the turn whole."""
    begin, end = frame.begin, frame.begin + len(frame.lows)
    pieces: list[Frame] = []
    start = begin
    for at in _heads(frame):
        figures = [f for f in frame.prices if start <= f.first < at]
        if figures:
            cut = figures[-1].last + _kind_behind(frame, figures[-1].last, at)
            pieces.append(frame.part(start, cut))
            start = cut
    pieces.append(frame.part(start, end))
    if not all(piece.prices for piece in pieces):
        return [frame]
    return [piece if piece.verbs else replace(piece, verbs=frame.verbs[:1]) for piece in pieces]


def _kind_behind(frame: Frame, first: int, last: int) -> int:
    """How many words right behind a level tell its kind: "sell 5,000 @ 4140 tp, sell 5,000 @ 4025 sl"."""
    after = tuple(word.low for word in frame.words[first:last])
    own = after[: _parted(after)]
    return len(own) if kind(own) != "limit" else 0


def _parted(after: tuple[str, ...]) -> int:
    """Where what is said behind a level ends: "t / p" is one word."""
    return next((k for k, low in enumerate(after) if low in PARTING and after[k - 1 : k] not in (("t",), ("s",))), 3)


def _heads(frame: Frame) -> list[int]:
    """Where another order of a turn begins: at its verb, or at its amount where each level has one of its own."""
    verbs = [verb.at for verb in frame.verbs if verb.low in VERBS][1:]
    paired = sorted([(s.first, "size") for s in frame.sizes] + [(p.first, "price") for p in frame.prices])
    kinds = [kind for _, kind in paired]
    if not verbs and len(kinds) > 2 and kinds == ["size", "price"] * (len(kinds) // 2):
        return [at for at, kind in paired if kind == "size"][1:]
    return verbs


def levels(frame: Frame, topic: Topic) -> list[tuple[Decimal, OrderType]]:
    """Levels with their kinds; a kind said right before or after a level belongs to it."""
    lows = [word.low for word in frame.words]
    if topic.kind == "fx" and not {"points", "pips", "pts"} & set(frame.lows):
        topic = replace(topic, hints=topic.hints - {"swap"})  # orders are left at rates
    found: list[tuple[Decimal, OrderType]] = []
    told: list[Figure] = []
    old = INSTEAD.search(f"{' '.join(lows)} ")
    dropped = len(" ".join(lows)[: old.start()].split()) if old else len(lows)
    for figure in frame.prices:
        if figure.first >= dropped:
            continue  # "sell at 0.8685, instead of three at eighty-seven fifty"
        price = placed(topic, frame, figure)
        if price is None or price in {price for price, _ in found} or percent(lows, figure):
            continue
        if len(frame.prices) > 1 and figure.first and lows[figure.first - 1] in DISPLAYED:
            continue  # an iceberg's tip
        said_so = figure.pointed and set(lows[max(0, figure.first - 2) : figure.first]) & NAMED
        if topic.anchors and not said_so and not Decimal("0.75") < price / topic.anchors[-1] < Decimal("1.34"):
            continue  # no level of this market: misheard, or another number
        near = tuple(lows[max(0, figure.first - 4) : figure.first])
        if len(frame.prices) > 1 and set(near) & MARKET and not set(near) & {"limit", "stop", "profit", "order"}:
            continue  # "limit thirty-three ten. We're thirty-two ninety-five now"
        found.append((price, _kind_beside(frame, figure)))
        told.append(figure)
    result = _orders_levels(frame, found, told)
    whole = kind(frame.lows)
    if len(result) == 1 and whole in WORKED and result[0][1] == "limit":
        return [(result[0][0], whole)]  # "vwap from ten to four, limit 6.40"
    return result


def _kind_beside(frame: Frame, figure: Figure) -> OrderType:
    """The kind said right before a level, else right after it; one level has that of the whole turn."""
    if len(frame.prices) == 1:
        lows = tuple(word.low for word in frame.words)
        near = kind(lows[max(0, figure.first - 4) : figure.first])
        parts = [part for part in sentences(frame) if not part.has(*GONE)]
        if LIMIT & set(lows[: figure.first]) and kind(lows[: figure.first]) == "limit":
            return "limit"  # "a limit, selling five at one fifty-eight, and the stop"
        here = next((part.lows for part in parts if figure in part.prices), ())
        rest = " , ".join(" ".join(part.lows) for part in parts)
        return next((k for k in (near, kind(here), kind(tuple(rest.split()))) if k != "limit"), "limit")
    others = [other for other in frame.prices if other is not figure]
    start = max([frame.begin, *(o.last for o in others if o.last <= figure.first)])
    end = min([frame.begin + len(frame.lows), *(o.first for o in others if o.first >= figure.last)])
    before = tuple(word.low for word in frame.words[start : figure.first])
    after = tuple(word.low for word in frame.words[figure.last : end])
    near = kind(before)
    return near if near != "limit" else kind(after[: min(_parted(after), 3)])


def _orders_levels(
    frame: Frame, found: list[tuple[Decimal, OrderType]], told: list[Figure]
) -> list[tuple[Decimal, OrderType]]:
    """One level, or a stop and the other side of it; else that of the one sentence with an amount or a side."""
    if len(found) < 2:
        return found
    if len(found) == 2 and sum(kind == "stop" for _, kind in found) == 1:
        return found
    lows = [word.low for word in frame.words]
    limits = [level for level, f in zip(found, told, strict=True) if set(lows[max(0, f.first - 2) : f.first]) & LIMIT]
    if len(limits) == 1:
        return limits
    meant = []
    for sentence in sentences(frame):
        inside = [level for level, figure in zip(found, told, strict=True) if figure in sentence.prices]
        if len(inside) == 1 and (sentence.sizes or any(verb.low in VERBS for verb in sentence.verbs)):
            meant += inside
    return meant if len(meant) == 1 else []


def percent(lows: list[str], figure: Figure) -> bool:
    """A share of the volume, no level."""
    return bool(set(lows[figure.last : figure.last + 1]) & PERCENT)


_LINKED = r"(?:(?!(?:we|you|u|i|to|can|will|they|it|'ll|n't|is|was|be) )[^ .,?!;]+ )"
_WHICH = (
    r"(?:(?:a|the|it|today|tomorrow|tonight|friday|monday|tuesday|wednesday|thursday|'s|this|same|next|four|eleven|4|11"
    r"|\d\d|\w+day|'s|this|the|today|pm|am|o'clock|london|new|york|tokyo|frankfurt|ecb|wm|w|m|r|wmr|bfix|boe|bcb|ptax|noon|month|end|lme|lbma"
    r"|official|-|afternoon|morning|closing|/|:) )"
)
_NAMED = r"(?:fix|fixes|ptax|wmr|bfix|pm fix|am fix|lbma|reference rate|benchmark|officials|official price)"
FIXING = re.compile(
    rf" (?:at|on|for|same|into|against|as|in|do|off) {_WHICH}*{_NAMED} "
    rf"| (?:at|on|off) {_LINKED}{{1,6}}?(?:fix|fixing|wmr|ptax|bfix) "
    rf"| (?:at|on|for|into|against|as|off) {_WHICH}+(?:fixing|settlement price|official) | fixing order | wmr (?:fix )?"
)


def kind(lows: tuple[str, ...]) -> OrderType:
    text = f" {' '.join(lows)} "
    if FIXING.search(text):
        return "fixing"
    return next((kind for kind, phrases in TYPES.items() if any(f" {phrase} " in text for phrase in phrases)), "limit")
