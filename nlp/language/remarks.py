"""Numbers of a turn that show no price: what is said of the market, levels to watch, years, volatilities."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nlp.language import saying
from nlp.language import vocabulary as v
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import PriceType
from nlp.language.numerals import PERCENT, is_number
from nlp.language.topics import Topic

VOLS = {"vol", "vols", "vega", "delta"}
_WORDS = v.section("phrases", "remarks")
MOVES: frozenset[str] = frozenset(_WORDS["moves"])
NEAR_STRIKE = Decimal("0.25")
ANEW: tuple[str, ...] = tuple(v.section("phrases", "dealing")["shows_anew"])
SORT_OF: tuple[str, ...] = tuple(_WORDS["sort_of"])
SPOKEN_OF = [[verb, article] for verb in ("'s", "is", "was") for article in ("a", "the", "yesterday", "last", "miles")]
SHOWN: frozenset[str] = frozenset(_WORDS["shown"])


COMPARED: frozenset[str] = frozenset(_WORDS["compared"])
REFUSED: list[list[str]] = [phrase.split() for phrase in _WORDS["refused"]]
WATCHED: frozenset[str] = frozenset(_WORDS["watched"])
WIDEST = {"bond": Decimal("1.2"), "irs": Decimal("1.5")}
"""By how much two levels of one instrument may differ."""
SLIPS: tuple[str, ...] = tuple(v.section("phrases", "topics")["slips"])
PASSING: frozenset[str] = frozenset(_WORDS["passing"])


def remark(topic: Topic, frame: Frame, figure: Figure) -> bool:
    """A number that is said in passing."""
    lows = [word.low for word in frame.words]
    if _year(figure) and not _beside_another(frame, figure):
        return True
    pair = v.pair_of(topic.instrument.form) if topic.kind == "option" else None
    if (
        pair is not None
        and topic.instrument.coupon is not None
        and _of_the_pair(topic.instrument.coupon, frame, figure)
    ):
        return True
    if topic.shown_at is not None and _supposed(frame, figure):
        return True  # "if it's through eighty-six sixty, I'll phone you"
    near = lows[max(0, figure.first - 3) : figure.first]
    after = lows[figure.last : figure.last + 2]
    if after[:1] == ["of"] and is_number(after[1] if len(after) > 1 else ""):
        return True  # "one and a half of four million"
    if after[:1] == ["basis"] and not set(near) & {"plus", "at", "over"}:
        return True  # a change, not a level
    if after[:1] and after[0] in PERCENT and topic.kind not in ("irs", "bond", "option"):
        return True  # "twenty percent" of the volume
    if topic.kind == "fx" and "swap" not in topic.hints and after[:1] and after[0] in MOVES:
        return True  # "it's come off fifteen paise"
    if after[:1] and after[0] in COMPARED or after in REFUSED:
        return True  # "it's sixteen lower than in March", "at 65 no chance"
    if _volatile(lows, figure):
        return True  # "6.45/6.75 vol"
    if topic.size is not None and figure.value * 1_000_000 == topic.size and near[-1:] in (["for"], ["in"]):
        return True  # "97.15 for 10"
    counting = topic.kind == "bond" and topic.quoted_at is None and figure.value < 40
    if counting and topic.size and abs(figure.value * 1_000_000 / topic.size - 1) < Decimal("0.1"):
        return True  # "fourteen point eight on mine", of fifteen million
    outright = topic.kind == "fx" and "swap" not in topic.hints and topic.quoted_at is not None
    if outright and not figure.pointed and len(figure.digits) <= 4 and {"pts", "points"} & set(lows[: figure.first]):
        return True  # "so the points are negative: -28 -52 -77"
    on_exchange = topic.kind == "future" or topic.instrument.unit == "t CO2"  # where the screen is the price
    if not on_exchange and {"screen", "screens"} & {
        *lows[max(0, figure.first - 5) : figure.first],
        *_phrase_after(lows, figure),
    }:
        return True  # "screen is 290-290.5", "thirty-nine, forty-one on my screen"
    if near[-1:] in (["low"], ["high"]) or near[-2:] in (["low", "was"], ["high", "was"]):
        return True
    if after in SPOKEN_OF and not set(lows[figure.last + 2 : figure.last + 5]) & SHOWN:
        return True  # "eleven sixty's a stretch", "ten thirty's the high of the year"
    behind = set(lows[figure.last : figure.last + 4])
    rough = {"around", "somewhere", "roughly"} & {*near, *behind} or {"area", "thereabouts"} & behind
    if rough and topic.quoted_at is not None or "indicative" not in topic.hints and frame.has(*SORT_OF):
        return True
    if WATCHED & set(near):
        return True  # a level to watch, not one that is shown
    outright = topic.kind == "fx" and bool(topic.hints & {"forward", "ndf", "swap"} or frame.has("outright", "forward"))
    if outright and near[-2:] in (["spot", "'s"], ["spot", "is"], ["spot", "at"]):
        return True  # what the outright starts from
    return bool(set(near) & (PASSING - {"strike"} if pair is not None else PASSING))


def _of_the_pair(strike: Decimal, frame: Frame, figure: Figure) -> bool:
    """A strike or a spot rate, beside premiums in pips or in percent."""
    before = frame.words[figure.first - 1].low if figure.first else ""
    after = frame.words[figure.last].low if figure.last < len(frame.words) else ""
    other = frame.words[figure.last + 2].low if after == "/" and figure.last + 2 < len(frame.words) else ""
    if PERCENT & {after, other}:
        return False
    near = figure.pointed and abs(figure.value / strike - 1) < NEAR_STRIKE
    return near or figure.value == strike or before == "strike" and after != "/"


def _volatile(lows: list[str], figure: Figure) -> bool:
    after = lows[figure.last : figure.last + 4]
    return bool(set(after[:1]) & VOLS) or after[:1] in (["/"], ["-"], [","]) and bool(set(after[1:]) & VOLS)


def _phrase_after(lows: list[str], figure: Figure) -> list[str]:
    """The words up to the next number or the end of the sentence, where "on" begins them."""
    after = lows[figure.last : figure.last + 7]
    at = after.index("on") if "on" in after else len(after)
    return after[at : at + 3] if not ENDS & set(after[:at]) else []


ENDS = {".", "?", "!", ";"}


def _year(figure: Figure) -> bool:
    """The 2025 of "the accounts for twenty twenty-five"."""
    plain = not (figure.fraction or figure.pointed or figure.scaled)
    return plain and figure.chunks in [("20", f"{n}") for n in range(15, 36)] or figure.digits in YEARS


YEARS = {str(year) for year in range(2015, 2036)}


def _beside_another(frame: Frame, figure: Figure) -> bool:
    """One of two figures that may be a two-way price."""
    return any(
        other is not figure and min(abs(other.first - figure.last), abs(figure.first - other.last)) <= 2
        for other in frame.prices
    )


def _supposed(frame: Frame, figure: Figure) -> bool:
    """The sentence is about a case that may come."""
    said = next((part for part in saying.sentences(frame) if figure in part.prices), frame)
    return saying.supposes(said) and not said.has(*ANEW)


def premiums(topic: Topic, frame: Frame) -> list[Figure]:
    """The prices of a turn; of an option in a pair those in pips, where volatilities are said beside them."""
    figures = list(frame.prices)
    at = [k for k, low in enumerate(frame.lows, frame.begin) if low in MOVES]
    if topic.kind != "option" or len(figures) < 3 or not at:
        return figures
    ranked = sorted(figures, key=lambda f: min(k - f.last if k >= f.last else f.first - k for k in at))
    nearest = ranked[0]
    beside = [f for f in figures if f is not nearest and nearest.value / 2 <= f.value <= nearest.value * 2]
    near = [f for f in beside if abs(figures.index(f) - figures.index(nearest)) == 1]
    return sorted([nearest, *near[-1:]], key=lambda f: f.first)


def meant(frame: Frame, prices: Sequence[Figure]) -> list[Figure]:
    """The prices of a turn without those that the speaker takes back: "ninety-nine eleven, sorry, twelve"."""
    figures = list(prices)
    text = [word.low for word in frame.words]
    for phrase in SLIPS:
        pieces = phrase.split()
        for k in range(frame.begin, frame.begin + len(frame.lows) - len(pieces) + 1):
            before = [f for f in figures if f.last <= k and not {".", "?", "!"} & set(text[f.last : k - 1])]
            after = [f for f in figures if f.first >= k]
            named = max((m.first for m in frame.mentions if m.first < k), default=-1)
            before = [f for f in before if f.first > named]
            slip = text[k : k + len(pieces)] == pieces and before and len(after) >= len(before)
            if slip and after[0].first - k - len(pieces) <= 4:
                figures = [f for f in figures if f not in before]
    return figures


def other_scale(topic: Topic, price: Decimal, kind: PriceType) -> bool:
    """ "6.75 firm" beside 49/55 pips is a volatility, "two accounts" no spread beside two hundred."""
    shown = [level for level in (topic.bid, topic.ask, topic.mid) if level is not None and level > 0]
    widest = Decimal(2) if topic.kind == "option" or topic.price_type == "spread_bp" else WIDEST.get(topic.kind)
    if not shown or widest is None or topic.kind == "bond" and kind != topic.price_type:
        return False
    return not min(shown) / widest <= price <= max(shown) * widest
