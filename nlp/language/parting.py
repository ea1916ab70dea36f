"""A turn that speaks of several enquiries, cut where each begins: list marks, tenors, names with own prices."""

from __future__ import annotations

from collections.abc import Container
from itertools import pairwise

from nlp.language import saying
from nlp.language.frames import Frame
from nlp.language.numerals import is_numeral
from nlp.language.readback import legs
from nlp.language.vocabulary import section


def parts(frame: Frame, labels: Container[str], *, trader: bool) -> list[tuple[str, Frame]]:
    """(list mark or "", piece) in order; most turns are one piece. `labels` are the marks already given."""
    marks = _list_marks(frame, labels)
    if not marks and not trader:
        marks = [(k, "") for k in _lines(frame) or _answers(frame, BETWEEN)]
    if not marks and len(frame.prices) >= 2 and not (trader and _switched(frame)):
        heads = sorted({t.first for t in frame.tenors} | {m.first for m in frame.mentions if m.point})
        if len(heads) >= 2 and (len(frame.prices) >= 3 or (trader and not legs(frame) and _each_priced(frame, heads))):
            marks = [(0 if n == 0 else k, "") for n, k in enumerate(heads)]
    shows = len([leg for leg in legs(frame) if leg.prices]) < 2 and not (saying.done(frame) or frame.question)
    if not marks and trader and len(frame.days) >= 2 and shows:
        heads = [day.first for day in frame.days]
        marks = [(0 if n == 0 else k, "") for n, k in enumerate(heads)] if _each_priced(frame, heads) else []
    if not marks and not frame.mentions and len(frame.months) >= 2 and not _put_right(frame):
        marks = _of_months(frame)
    if not marks and trader and frame.prices and not _read_back(frame):
        marks = [(k, "") for k in _answers(frame, BETWEEN) or _named_heads(frame)]
    if not marks and trader and len(legs(frame)) < 2:
        marks = [(k, "") for k in _answers(frame, STOPS)]
    if not marks:
        return [("", frame)]
    found = [("", frame.part(0, marks[0][0]))] if marks[0][0] > 0 else []
    for n, (k, label) in enumerate(marks):
        last = marks[n + 1][0] if n + 1 < len(marks) else len(frame.lows)
        found.append((label, frame.part(k, last)))
    return found


def _of_months(frame: Frame) -> list[tuple[int, str]]:
    """Cuts at each month, or behind each where the number comes first: "1.3409 jul, 1.3411 aug"."""
    numbers = [*(figure.first for figure in frame.prices), *(size.first for size in frame.sizes)]
    behind = numbers and min(numbers) < frame.months[0].first and max(numbers) < frame.months[-1].first
    if behind:
        return [(0, ""), *((m.last, "") for m in frame.months[:-1])]
    return [(0 if n == 0 else m.first, "") for n, m in enumerate(frame.months)]


def _put_right(frame: Frame) -> bool:
    """ "September to November, no, October to December": months that overlap are one delivery."""
    spans = [span for span in frame.months if span.begin != span.end]
    return any(one.begin <= other.end and other.begin <= one.end for one, other in pairwise(spans))


def _each_priced(frame: Frame, heads: list[int]) -> bool:
    """ "8y 3.876, 12y 4.035": a price right behind each."""
    ends = [*heads[1:], frame.begin + len(frame.lows)]
    return all(any(a < p.first < b for p in frame.prices) for a, b in zip(heads, ends, strict=True))


AFTER_LETTER: frozenset[str] = frozenset(section("phrases", "dealing")["after_letter"])

BEFORE_LETTER: frozenset[str] = frozenset(section("phrases", "dealing")["before_letter"])


def _list_marks(frame: Frame, labels: Container[str]) -> list[tuple[int, str]]:
    marks: list[tuple[int, str]] = []
    for k, low in enumerate(frame.lows):
        lettered = len(low) == 1 and low in "abcdefgh"
        if not (low.isdecimal() and len(low) == 1 or lettered):
            continue
        nxt = frame.lows[k + 1] if k + 1 < len(frame.lows) else ""
        if lettered and nxt != ")":
            starts = k == 0 or frame.lows[k - 1] in (".", ",", ";", "/", "//", "|")
            gap = 1 + (nxt in (".", ":"))
            coded = any(first == frame.begin + k + gap for first, _, _ in frame.isins)  # "A XS9147302657 altmark ..."
            capital = frame.words[frame.begin + k].text.isupper() and (low != "a" or not nxt.isalpha())
            behind_price = is_numeral(frame.lows[k - 1]) and is_numeral(nxt)  # "A 98.10 B 95.55"
            capital = capital and (starts or frame.lows[k - 1] in BEFORE_LETTER or behind_price)
            dealt = nxt in ("+", "at", "@") or frame.lows[k - 1 : k] in VERBS  # "a +148 bid b +121 bid", "hit a"
            listed = starts and nxt == ":" and bool(frame.isins or frame.prices)  # "A: buying 5m XS9710442831"
            if coded or listed or low in labels and (starts and nxt in AFTER_LETTER or capital or dealt):
                marks.append((k - (k > 0 and frame.lows[k - 1 : k] in VERBS), low))  # "hit a" is one piece
            continue
        again = k == 0 and low in labels and nxt.isalpha() and nxt not in ("m", "mm", "mio", "k", "y", "w")
        if nxt == ")" or again:
            marks.append((k, low))
    if len(frame.lows) > 1 and frame.lows[0] == "on" and frame.lows[1] in labels:
        marks.append((0, frame.lows[1]))
    return marks


def _named_heads(frame: Frame) -> list[int]:
    """Where each of several instruments begins, when each has its own prices: "BTPs 99.44 bid, Bunds 99.30 offered"."""
    named = [m for m in frame.mentions if not m.benchmark]
    if len({m.instrument.code for m in named}) < 2 or len(named) < 2 or len(frame.prices) < 2:
        return []
    if frame.prices[0].first < named[0].first:  # "99.44 for the BTP, 99.30 for the Bund"
        return [0, *(m.last for m in named[:-1])]
    heads = [m.first for m in named]
    own = [any(a <= p.first < b for p in frame.prices) for a, b in zip(heads, [*heads[1:], 10**6], strict=True)]
    if sum(own) < 2:
        return []
    return [0, *(k for k, mine in zip(heads[1:], own[1:], strict=True) if mine)]


def _answers(frame: Frame, ends: frozenset[str]) -> list[int]:
    """Where each bond of a list is spoken of, also one without a price: "drevant 99.78 offer. pellworm nobody bids"."""
    named = [m for m in frame.mentions if m.instrument.kind == "bond" and not (m.weak or m.benchmark)]
    heads = [m.first for m in named if m.first == frame.begin or frame.words[m.first - 1].low in ends]
    if ends is STOPS and heads and len(named) == 1 and heads[0] > frame.begin:
        return [0, heads[0] - frame.begin]  # "both done, thanks. arden 176 is best"
    alone = len({m.instrument.code for m in named}) == len(named) == len(heads) > 1
    return [0 if n == 0 else k - frame.begin for n, k in enumerate(heads)] if alone else []


def _lines(frame: Frame) -> list[int]:
    """Where each line of a list of bonds begins, when each has its amount: "sell 5m XS..., buy 3m XS..."."""
    bonds = [m for m in frame.mentions if m.instrument.kind == "bond" and m.instrument.coupon is not None]
    items = [(first, last) for first, last, _ in frame.isins] or [(m.first, m.last) for m in bonds]
    if len(items) < 2:
        return []
    heads = [frame.begin]
    for (first, last), (start, _) in pairwise(items):
        end = max([last, *(m.last for m in bonds if first <= m.first < start and m.first - last <= 3)])
        cut = next((k for k in range(end, start) if frame.words[k].low in BETWEEN), None)
        if cut is None:
            return []
        heads.append(cut + 1)
    ends = [*heads[1:], frame.begin + len(frame.lows)]
    counted = all(any(a <= size.first < b for size in frame.sizes) for a, b in zip(heads, ends, strict=True))
    return [k - frame.begin for k in heads] if counted else []


def _read_back(frame: Frame) -> bool:
    """What was dealt is said again, rather than a price shown: "quernmore I pay 103.08" is one."""
    found = legs(frame)
    return bool(found) and (saying.done(frame) or any(leg.sizes for leg in found))


def _switched(frame: Frame) -> bool:
    """Two legs are read back, each with its amount."""
    return len([leg for leg in legs(frame) if leg.sizes and leg.side]) > 1


VERBS = tuple((word,) for word in ("hit", "hitting", "lift", "lifting", "take", "taking", "done", "on", "pass"))
STOPS = frozenset({".", ";", "!", "?", "..."})
BETWEEN = STOPS | {",", "and", "&", "-", "--", "/", "but", "ok", "okay"}
