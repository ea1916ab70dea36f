"""How long an order stands, and whether it is one of a pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlp.language import resting, vocabulary
from nlp.language.frames import Frame

if TYPE_CHECKING:
    from nlp.language.resting import Resting
    from nlp.language.talk import Talk

_PHRASES = vocabulary.section("phrases", "orders")
OPEN_ENDED: tuple[str, ...] = tuple(_PHRASES["open_ended"])
FOR_THE_DAY: tuple[str, ...] = tuple(_PHRASES["for_the_day"])


def terms(talk: Talk, order: Resting) -> None:
    """Expiry and one-cancels-other, said a few turns before or after."""
    last = len(talk.turns)
    for k in range(max(0, order.turn - 4), min(last, order.turn + 6)):
        frame = talk.frames[k]
        if talk.topic_at.get(k) is not order.topic:
            continue
        if frame.has("oco", "one cancels"):
            order.oco = True
        expiry = _expiry(talk, k, frame)
        if expiry and (order.expiry is None or k >= order.turn):
            order.expiry = expiry
            order.evidence.add(k)


def _expiry(talk: Talk, k: int, frame: Frame) -> str | None:
    said = [low for low in frame.lows if low.isalpha()]
    if resting.asks_how_long(frame) and not frame.prices:
        return None
    if frame.has(*OPEN_ENDED):
        return "GTC"
    if frame.has(*FOR_THE_DAY) or said[-1:] == ["day"] and (len(said) == 1 or bool(frame.prices)):
        return "day"
    for day in frame.days:
        back = [word.low for word in frame.words[max(0, day.first - 3) : day.first]]
        answers = k > 0 and resting.asks_how_long(talk.frames[k - 1])
        if answers or set(back) & {"till", "until", "til", "thru", "through"}:
            resolved = day.resolve(talk.today)
            return None if resolved is None else "day" if resolved == talk.today else resolved.isoformat()
    return None
