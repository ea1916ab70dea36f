"""What the trader put right stands, whatever a later pass hears."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.conversation.edits import Edit, realigned, with_edits
from app.conversation.state import Segment
from nlp.language.model import Timed

TIMES = (Timed(1.0, 1.4), Timed(1.5, 1.7, 0.8), Timed(1.8, 2.6, 0.4))
BUNDS = Edit("e", "client", 1.8, "buns", "bunds")


def turn(
    text: str, start: float = 1.0, end: float = 2.6, who: str = "client", words: tuple[Timed, ...] = ()
) -> Segment:
    return Segment(0, who, start, end, text, "final", words=words)  # type: ignore[arg-type]


def texts(*segments: Segment, edits: tuple[Edit, ...] = (BUNDS,)) -> list[str]:
    return [one.text for one in with_edits(segments, edits)]


def test_the_words_are_replaced_where_they_are_heard_again() -> None:
    assert texts(turn("Fifteen in Buns, please.")) == ["Fifteen in bunds, please."]


def test_a_pass_that_hears_it_right_by_itself_is_left_alone() -> None:
    assert texts(turn("Fifteen in Bunds, please.")) == ["Fifteen in Bunds, please."]


def test_a_pass_that_hears_something_else_is_put_right_at_that_moment() -> None:
    assert texts(turn("fifteen in buttons.", words=TIMES)) == ["fifteen in bunds."]


def test_of_several_places_the_one_at_that_moment_is_meant() -> None:
    times = (Timed(0.0, 0.3), Timed(0.4, 0.6), Timed(1.8, 2.6))
    assert texts(turn("buns or buns", 0.0, words=times)) == ["buns or bunds"]


def test_the_other_side_and_other_times_are_left_alone() -> None:
    assert texts(turn("buns", who="trader"), turn("buns", 20.0, 21.0)) == ["buns", "buns"]


def test_turns_that_were_cut_anew_are_found_by_what_was_said_in_them() -> None:
    assert texts(turn("fifteen in", 1.0, 1.7), turn("buns", 2.0, 2.6)) == ["fifteen in", "bunds"]


def test_a_phrase_of_several_words_is_one_edit() -> None:
    edit = Edit("e", "client", 1.0, "fifteen in", "fifty in")
    assert texts(turn("Fifteen   in buns"), edits=(edit, BUNDS)) == ["fifty in bunds"]


def test_a_corrected_word_keeps_its_time_and_so_do_the_others() -> None:
    assert realigned("fifteen in buns", TIMES, "fifteen in bunds") == TIMES
    assert [(word.start, word.end) for word in realigned("fifteen in buns", TIMES, "fifteen in ten years")] == [
        (1.0, 1.4), (1.5, 1.7), (1.8, 2.2), (2.2, 2.6),
    ]  # fmt: skip
    assert [word.end for word in realigned("fifteen in buns", TIMES, "fifteen bunds")] == [1.4, 2.6]
    assert realigned("fifteen in buns", TIMES[:2], "fifteen in bunds") == ()


WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=8)


@given(WORDS, WORDS)
def test_a_changed_text_has_a_time_for_every_word_in_order(before: list[str], after: list[str]) -> None:
    times = tuple(Timed(float(n), n + 0.5) for n in range(len(before)))
    made = realigned(" ".join(before), times, " ".join(after))
    assert len(made) == (len(after) if before else 0)
    assert all(word.start <= word.end for word in made)
    assert [word.start for word in made] == sorted(word.start for word in made)


@given(WORDS, st.floats(0, 4), st.sampled_from(["a", "b c", "x"]), st.sampled_from(["y", "y z"]))
def test_an_edit_made_twice_is_made_once(words: list[str], at: float, heard: str, means: str) -> None:
    edits = (Edit("e", "client", at, heard, means),)
    times = tuple(Timed(n / 2, n / 2 + 0.5) for n in range(len(words)))
    once = with_edits([turn(" ".join(words), 0.0, 4.0, words=times)], edits)
    assert with_edits(once, edits) == once
    assert not words or means in once[0].text
