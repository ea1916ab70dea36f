"""Which word sounds when."""

from __future__ import annotations

from plugins.transcript.script import Line
from plugins.transcript.timing import moment_of, next_line, sounding, words_of

HEARD = Line(0, "client", "Sarah", 10.0, "fifteen in  bunds", 12.0, times=((10.0, 10.6), (10.7, 10.8), (11.0, 11.9)))


def test_a_word_sounds_at_its_own_time() -> None:
    lines = (Line(0, "trader", "You", 9.5, "sure", 10.2), HEARD)
    found = [[(at, lines[at].text[w.first : w.last]) for at, w in sounding(lines, s)] for s in (9.0, 10.1, 10.65, 11.5)]
    assert found == [[], [(0, "sure"), (1, "fifteen")], [], [(1, "bunds")]]


def test_without_times_the_line_is_shared_among_its_words() -> None:
    line = Line(0, "client", "Sarah", 10.0, "aaa bbbbbbb", 22.0)
    assert [(word.start, word.end) for word in words_of(line)] == [(10.0, 14.0), (14.0, 22.0)]


def test_a_click_means_the_word_it_falls_on() -> None:
    assert [moment_of(HEARD, character) for character in (0, 6, 8, 12, 16, 99)] == [10.0, 10.0, 10.7, 11.0, 11.0, 10.0]


def test_turns_are_reached_one_by_one() -> None:
    lines = tuple(Line(n, "client", "Sarah", 10.0 * n, "word", 10.0 * n + 5) for n in range(3))
    assert [next_line(lines, at, 1) for at in (0.0, 10.0, 19.0, 20.0)] == [10.0, 20.0, 20.0, None]
    assert [next_line(lines, at, -1) for at in (25.0, 20.5, 10.2, 0.0)] == [20.0, 10.0, 0.0, 0.0]
    assert next_line((), 1.0, -1) is None
