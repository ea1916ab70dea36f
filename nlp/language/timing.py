"""Keeping the times of words when their text is put right."""

from __future__ import annotations

from difflib import SequenceMatcher

import msgspec

from nlp.language.model import Timed, Turn


def respelled(turn: Turn, text: str) -> Turn:
    """The turn with another text. Words that stayed keep their times; others share the time of those they replace."""
    if text == turn.text:
        return turn
    if not turn.words:
        return msgspec.structs.replace(turn, text=text)
    before, after = turn.text.split(), text.split()
    times: list[Timed] = []
    for kind, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            times += turn.words[first:last]
        elif begin < end:
            times += _shared(turn.words, first, last, after[begin:end])
    return msgspec.structs.replace(turn, text=text, words=tuple(times))


def _shared(words: tuple[Timed, ...], first: int, last: int, texts: list[str]) -> list[Timed]:
    """Times for new words in place of ``words[first:last]``, by their lengths; in place of none, one instant."""
    if first < last:
        start, end, sure = words[first].start, words[last - 1].end, min(word.sure for word in words[first:last])
    else:
        start = end = words[first - 1].end if first else words[0].start
        sure = 0.0
    total = sum(map(len, texts))
    times, said = [], 0
    for text in texts:
        begin = start + (end - start) * said / total
        said += len(text)
        times.append(Timed(round(begin, 2), round(start + (end - start) * said / total, 2), sure))
    return times
