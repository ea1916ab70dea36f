"""How a promise is worded as a task: "Send a corrected confirmation to the client"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from nlp.language import vocabulary
from nlp.language.acts import base
from nlp.language.antecedents import LINKS, NOMINAL, antecedent, fuller
from nlp.language.calendar import PARTS
from nlp.language.frames import Frame
from nlp.language.model import Turn, Who
from nlp.language.tasks import STOPS, Promise

FILLERS = {"um", "uh", "er", "just", "also", "please", "pls", "yes", "yeah", "ok"}
SHORTHAND: dict[str, str] = vocabulary.section("phrases", "promises")["shorthand"]
CLITICS = {"'ll": " will", "'re": " is", "'ve": " has", "'d": " would"}
ENDS = set("i we its it he she so because cos which everyone".split())  # after a comma: another thought
DAY_LINKS = set("end of close latest by on before until till for the , from and this".split())
HANDED_OVER = {"get", "have", "receive", "owe"}  # by whom it is owed: "you'll get it", "I owe you the form"
PURPOSE = (("so", "you"), ("so", "u"), ("so", "they"), ("so", "that"), ("so", "we"), ("so", "i"))
EACH = {"every", "evry", "each"}
HEARD = 5  # tokens
NUDGES = frozenset(vocabulary.section("phrases", "promises")["nudges"])
_PRONOUNS = {"it", "that", "him", "her", "them", "this", "ones"}
_OTHER = r"(?: the client| the desk)?"
_ALONE = r"(?=$|,| (?:to|by|over|across|as|when|once|in|on|with|before|after|for|back|again|first|straight|then|and)\b)"
_FOR_IT = re.compile(
    rf"^([\w-]+)({_OTHER})(?: (?:it|them)\b| (?:that|this|those){_ALONE}|{_ALONE})({_OTHER})(?: myself)?"
)
ASIDE = ("PRON", "SCONJ", "CCONJ", "ADP", "INTJ")  # "it'll be in your inbox", "yep, goes to you"


def task(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...], lines: Mapping[str, str]) -> str:
    """The wording, with the sentence that says what "it" is. `lines`: what the numbers of a typed list stand for."""
    first, last = promise.words
    frame = frames[promise.turn]
    if promise.kind == "meet":
        return f"Meet the client (“{turns[promise.turn].text[frame.words[first].start :].strip(' .?!,;-')[:120]}”)"
    what = _thing(promise, frame) or wording(promise, frame, turns[promise.turn].who, lines)
    if promise.again:
        about = antecedent(promise, frames, turns, alert=False)
        name = about.thing if about is not None and about.thing else "the same"
        return f"Send {name}{_how_often(frame, first, last)}"
    heard = _heard(promise, frame, turns[promise.turn].who, lines)
    unnamed = promise.kind == "send" and promise.thing is None and frame.words[first].pos in ASIDE
    what = heard or ("Send it" if unnamed else what)
    listed = any(word.low in lines for word in frame.words[first:last])
    alert = promise.kind == "call" and promise.conditional
    pointing = unnamed or _points_back(promise, frame, first, last)
    if not heard and (not listed and promise.vague or alert or pointing):
        about = antecedent(promise, frames, turns, alert=alert)
        named = _named(what, about.thing) if about is not None and about.thing else ""
        return named or (f"{what} (“{about.said}”)" if about is not None else what)
    again = fuller(promise, frames, turns)
    return re.sub(rf"\b{re.escape(again[0])}\b", again[1], what, count=1) if again is not None else what


def _how_often(frame: Frame, first: int, last: int) -> str:
    """ " every Thursday", as it was said or typed."""
    at = next((k for k in range(first, last) if frame.lows[k] in EACH), None)
    if at is None:
        return ""
    day = frame.words[at + 1].text if at + 1 < last else ""
    return f" every {SHORTHAND.get(day.lower(), day)}"


def _heard(promise: Promise, frame: Frame, speaker: Who, lines: Mapping[str, str]) -> str:
    """ "You'll hear from me by Tuesday with a yes or a no": who promises that comes back."""
    first, last = promise.words
    at = next((k for k in range(first, min(first + HEARD, last)) if frame.lows[k] == "hear"), None)
    other = "the client" if promise.owner == "trader" else "the desk"
    if at is None:
        ahead = next((k + 1 for k in range(first, min(first + HEARD, last)) if frame.lows[k] == "first"), None)
        if ahead is None or "be" not in frame.lows[first:ahead]:
            return ""
        ahead += frame.lows[ahead : ahead + 1] == ("call",)
        rest = wording(replace(promise, words=(ahead, last)), frame, speaker, lines) if ahead < last else ""
        return f"Call {other} first {rest[:1].lower()}{rest[1:]}".strip()
    after = next((k + 1 for k in range(at, min(at + HEARD, last)) if frame.lows[k] in ("me", "us")), at + 1)
    rest = wording(replace(promise, words=(after, last)), frame, speaker, lines) if after < last else ""
    rest = re.sub(r"^(?:by|on|before|until|,)[ ,]*", "", rest[:1].lower() + rest[1:])
    return f"Come back to {other} {rest}".strip()


def _named(what: str, thing: str) -> str:
    """The task with the thing in the place of "it": "Send the desk the signed form" of "Send it the desk"."""
    found = _FOR_IT.match(what)
    if found is None:
        return ""
    verb, before, after = found.groups()
    return f"{verb}{before or after} {thing}{what[found.end() :]}"


def _thing(promise: Promise, frame: Frame) -> str:
    """ "Send the contract note for the gilts", of "contract note for the gilts goes out to you today"."""
    if promise.thing is None:
        return ""
    first = last = promise.thing
    while first - 1 >= promise.words[0] and frame.words[first - 1].pos in (*NOMINAL, "DET", "NUM"):
        first -= 1
    while last < promise.words[1] and (frame.words[last].pos in (*NOMINAL, "DET", "NUM") or frame.lows[last] in LINKS):
        last += 1
    while last > promise.thing + 1 and frame.words[last - 1].pos not in NOMINAL:
        last -= 1
    dated = {k for day in frame.days for k in range(day.first, day.last)}
    words = [w for k, w in enumerate(frame.words[first:last], first) if k not in dated]
    if not words:
        return ""
    gaps = ["" if a.end == b.start else " " for a, b in pairwise(words)]
    name = "".join(w.text + gap for w, gap in zip(words, [*gaps, ""], strict=True))
    return "Send " + (name[:1].lower() + name[1:] if words and words[0].pos in ("DET", "ADJ") else name)


def _points_back(promise: Promise, frame: Frame, first: int, last: int) -> bool:
    """True when a word of the task stands for something said before ("it", "the ones"; not "this afternoon")."""
    dated = _dated(promise, frame, first, last)
    for k in range(first, last):
        if frame.lows[k : k + 2] in PURPOSE:
            return False
        follows = frame.words[k + 1].pos if k + 1 < last else ""
        one = frame.lows[k + 1 : k + 2] in (("one",), ("ones",))
        determiner = k + 2 < last and frame.words[k].low in ("that", "this", "her") and (follows in NOMINAL or one)
        if frame.words[k].low in _PRONOUNS and k not in dated and not determiner:
            return True
    return False


def wording(promise: Promise, frame: Frame, speaker: Who, lines: Mapping[str, str]) -> str:
    """The promise as a task: "Send a corrected confirmation to the client". The day stands in its own field."""
    first, last = promise.words
    last = _one_thought(frame, first, last)
    other = "the client" if promise.owner == "trader" else "the desk"
    if speaker == promise.owner:
        swap = {"you": other, "u": other, "your": "their", "ur": "their"}
    else:
        swap = {"me": other, "us": other, "my": "their", "our": "their"}
    dated = _dated(promise, frame, first, last)
    result = ""
    for k in range(first, last):
        word = frame.words[k]
        before = frame.words[k - 1] if k > first else None
        filler = word.low in FILLERS and (before is None or before.low not in ("a", "or"))
        if k in dated or filler or word.low in STOPS or (word.low == "," and result.endswith(",")):
            continue
        text = base(word) if k == first and word.low.endswith("ing") else swap.get(word.low, word.text)
        if k == first and promise.kind == "call" and word.low.endswith("ed") and frame.lows[k - 1] == "be":
            text = f"{word.lemma} {other}"  # "would you like to be reminded?"
        if k == first and promise.kind == "send" and word.lemma in HANDED_OVER and not _through(frame, k, last):
            text = "Send"
        text = SHORTHAND.get(word.low, text)
        if before is not None and before.low in ("for", "on", "of", "in", "line", "number") and word.low in lines:
            text = lines[word.low]
        if word.low in CLITICS and before is not None and before.low in swap:
            text = CLITICS[word.low]
        elif result and (before is None or word.start != before.end or k - 1 in dated) and word.low != ",":
            text = f" {text}"
        if text.strip().lower() != result.rsplit(" ", 1)[-1].lower():  # "the the"
            result += text
    if frame.words[first].pos == "NOUN" and frame.lows[first] in NUDGES and frame.lows[first - 1] in ("a", "an"):
        result = f"give {other} a {result}"
    result = re.sub(r"^(?i:any chance of|still waiting for|waiting on|could do with) ", "Send ", result)
    sentence = re.sub(r",? (?:by|on|for),? not\b.*$", "", result.strip(" ,-"))
    sentence = re.sub(r"\.{2,}", ",", sentence)  # "to my alias.. no, my work mail"
    sentence = re.sub(r" from (?:me|us)\b", "", sentence)
    sentence = re.sub(r"(?:,| and| or| by| on| before| is)+$", "", sentence)
    return sentence[:1].upper() + sentence[1:180]


def _through(frame: Frame, k: int, last: int) -> bool:
    """ "I'll get Sandra to scan it": somebody else does it."""
    return any(frame.lows[n] == "to" and frame.words[n + 1].pos == "VERB" for n in range(k + 2, min(k + 6, last - 1)))


def _one_thought(frame: Frame, first: int, last: int) -> int:
    """Where the task ends: a comma and a new subject begin another thought ("..., the chairman always asks")."""
    lows = [word.low for word in frame.words[:last]]
    for k in range(first + 2, last - 1):
        if lows[k] == "," and (lows[k + 1] in ENDS or lows[k + 1] == "the" and _clause(frame, k + 1, last)):
            return k
    return last


def _clause(frame: Frame, first: int, last: int) -> bool:
    """A subject followed at once by its verb."""
    return any(frame.words[k].pos in ("VERB", "AUX") for k in range(first + 2, min(last, first + 4)))


def _dated(promise: Promise, frame: Frame, first: int, last: int) -> set[int]:
    """The tokens that name the day it is due, with the words that lead to it."""
    skip: set[int] = set()
    if not promise.days or promise.conditional:
        return skip
    for day in frame.days:
        if not first < day.first < last or frame.words[day.first].low == "close":
            continue
        at = day.first
        while at - 1 > first and frame.words[at - 1].low in DAY_LINKS:
            at -= 1
        skip.update(range(at, day.last))
        if day.last < last and frame.words[day.last].low in PARTS | {"lunch", "am", "pm"}:
            skip.add(day.last)
    return skip
