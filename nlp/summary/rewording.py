"""Whether a text that a language model made of a summary still says what the summary says. Pure.

The summary comes from the facts, so what agrees with it agrees with them. A text is taken only if every number, day,
name, side, outcome, negation and quotation of it stands in the summary too, none is left out, and all stand in the
same order: a number that moves to another deal is a different number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from nlp.summary.marks import Mark, names_in, plain_words, read

LONGER = 1.25
"""So many times as long as the summary, and ``MORE`` characters, a reworded text may be."""
MORE = 60
MOST_SENTENCES = 5
MOST_TOLD = 3
MOST_SHOWN = 60
_SIGNS = frozenset(".,;:!?'\"()[]/-–—…%&+’‘“”€$£¥½¼¾⅛⅜⅝⅞")
_ENDS = re.compile(r"(?<=[.!?])[)”\"]?\s+(?=[^\sa-z])")  # not behind "Glassworks a.s." within one


def refusal(summary: str, text: str) -> str:
    """Why a reworded text cannot be taken, as a sentence for the trader; empty if it can."""
    found = differences(summary, text)
    more = f", and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
    return f"The reworded text was not taken: {'; '.join(found[:MOST_TOLD])}{more}." if found else ""


def differences(summary: str, text: str) -> tuple[str, ...]:
    """What a text says otherwise than the summary, as parts of a sentence; empty if nothing."""
    if not text.strip():
        return ("it is empty",)
    if len(text) > len(summary) * LONGER + MORE:
        return ("it is much longer than the summary",)
    if strange := _strange(summary, text):
        return (f"it has signs that belong in no summary ({strange})",)
    names = names_in(summary)
    said, says = read(summary, names), read(text, names, plain_words(summary))
    if not _agree(said, says):
        return tuple(dict.fromkeys(_told(summary, said, text, says)))
    return tuple(_shape(summary, text, says))


def _strange(summary: str, text: str) -> str:
    """The first sign that is neither usual nor in the summary, by its name: marks of layout, emoji, hidden signs."""
    for sign in text:
        usual = sign.isspace() or sign in _SIGNS or sign in summary or sign.isascii() and sign.isalnum()
        if not usual and not unicodedata.name(sign, "").startswith("LATIN "):
            return unicodedata.name(sign, f"U+{ord(sign):04X}").lower()
    return ""


def _agree(said: Sequence[Mark], says: Sequence[Mark]) -> bool:
    """Whether the marks are the same in the same order, but for lax ones that were left out."""
    at = 0
    for place, mark in enumerate(says):
        while at < len(said) and said[at].meaning != mark.meaning and said[at].lax:
            at += 1
        if at < len(said) and said[at].meaning == mark.meaning:
            at += 1
        elif not _subject_again(says, place):
            return False
    return all(mark.lax for mark in said[at:])


def _subject_again(says: Sequence[Mark], place: int) -> bool:
    """ "... and the client bought" for "... and bought": who acts is named again, right before what they do."""

    def acts(at: int) -> bool:
        return at + 1 < len(says) and says[at].kind == "party" and says[at + 1].kind == "side"

    before = next((at for at in range(place - 1, -1, -1) if says[at].kind == "party"), place)
    return before < place and acts(place) and acts(before) and says[before].meaning == says[place].meaning


def _told(summary: str, said: Sequence[Mark], text: str, says: Sequence[Mark]) -> Iterator[str]:
    """The differences of two lists of marks in words."""
    matcher = SequenceMatcher(None, [m.meaning for m in said], [m.meaning for m in says], autojunk=False)
    steps = [(said[a:b], says[c:d]) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
    gone = {mark.meaning for was, _ in steps for mark in was}
    for was, now in steps:
        before, after = _stretch(summary, was), _stretch(text, now)
        if was and now:
            yield f"it says “{after}” where the summary says “{before}”"
        elif now:
            moved = all(mark.meaning in gone for mark in now)
            yield f"it says “{after}” in another place" if moved else f"it adds “{after}”"
        elif not all(mark.lax for mark in was):
            yield f"it leaves out “{before}”"


def _stretch(text: str, marks: Sequence[Mark]) -> str:
    """The words of some marks; of many, the first."""
    if not marks:
        return ""
    start, end = min(mark.start for mark in marks), max(mark.end for mark in marks)
    return text[start:end] if end - start <= MOST_SHOWN else f"{text[start : start + MOST_SHOWN].rsplit(' ', 1)[0]} …"


def _shape(summary: str, text: str, says: Sequence[Mark]) -> Iterator[str]:
    """What is wrong with a text whose facts are right."""
    before, now = sentences(summary), sentences(text)
    if len(now) > max(MOST_SENTENCES, len(before)):
        yield f"it has {len(now)} sentences"
    at = 0
    for sentence in now:
        start = text.index(sentence, at)
        at = start + len(sentence)
        if not any(start <= mark.start < at for mark in says) and sentence not in before:
            yield f"it adds “{sentence}”"


def sentences(text: str) -> list[str]:
    """The sentences of a text; what stands in quotation marks ends none."""
    hidden = re.sub(r"[“\"][^“”\"]*[”\"]", lambda match: "“" + "x" * (len(match.group()) - 2) + "”", text)
    found, start = [], 0
    for end in [match.end() for match in _ENDS.finditer(hidden)] + [len(text)]:
        found.append(text[start:end].strip())
        start = end
    return [each for each in found if each]
