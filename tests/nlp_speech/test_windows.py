"""Words heard in a window lie where they were said, never in the silence that was cut out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.speech.windows import Window

WINDOW = Window(((16_000, 32_000), (80_000, 112_000)))  # 1 to 2 s and 5 to 7 s of the call: three seconds


@pytest.mark.parametrize(
    ("start", "end", "placed"),
    [
        (0.2, 0.6, (1.2, 1.6)),
        (1.5, 1.9, (5.5, 5.9)),
        (0.8, 1.9, (5.0, 5.9)),  # the silence before a word was counted to it
        (0.3, 1.2, (1.3, 2.0)),  # or that after it
        (2.9, 3.4, (6.9, 7.0)),
    ],
)
def test_a_word_lies_in_one_stretch_of_speech(start: float, end: float, placed: tuple[float, float]) -> None:
    assert WINDOW.place(start, end) == pytest.approx(placed)


@given(st.floats(0, 3), st.floats(0, 1))
def test_a_words_time_never_runs_backwards_nor_leaves_the_window(start: float, length: float) -> None:
    begin, end = WINDOW.place(start, start + length)
    assert begin <= end
    assert any(first / 16_000 <= begin <= end <= last / 16_000 for first, last in WINDOW.pieces)
