"""Words with times become turns, and what whisper makes up is left out."""

from __future__ import annotations

from collections.abc import Iterator

from faster_whisper.transcribe import Segment as Heard
from faster_whisper.transcribe import Word as Spoken
from hypothesis import given
from hypothesis import strategies as st

from nlp.language.model import Timed, Turn
from nlp.language.timing import respelled
from nlp.speech.recognition import credible, once, sure
from nlp.speech.turns import interleave, merged, talk_share
from nlp.speech.words import Word, unlooped, written


def words(start: float, *texts: str, each: float = 0.3) -> list[Word]:
    return [Word(f" {text}", start + n * each, start + (n + 1) * each) for n, text in enumerate(texts)]


def said(turns: list[Turn]) -> list[tuple[str, str]]:
    return [(turn.who, turn.text) for turn in turns]


def test_an_answer_within_a_short_pause_splits_the_turn() -> None:
    trader = words(0.0, "ten", "bid") + words(2.0, "twelve", "offered")
    client = words(0.8, "in", "size?")
    assert said(interleave({"trader": trader, "client": client})) == [
        ("trader", "ten bid"),
        ("client", "in size?"),
        ("trader", "twelve offered"),
    ]


def test_a_pause_in_which_nobody_answers_does_not() -> None:
    trader = words(0.0, "one", "second") + words(1.7, "thanks")
    assert said(interleave({"trader": trader, "client": []})) == [("trader", "one second thanks")]


def test_turns_begin_in_order_even_where_the_speakers_overlap() -> None:
    turns = interleave({"trader": words(0.0, *"abcdef"), "client": words(1.0, "yes", "yes")})
    assert [turn.start for turn in turns] == sorted(turn.start for turn in turns)
    assert said(turns) == [("trader", "a b c d e f"), ("client", "yes yes")]


def test_neighbouring_turns_of_one_speaker_are_one() -> None:
    turns = [Turn("client", 0, 1, "so"), Turn("client", 2, 3, "mine"), Turn("client", 9, 10, "bye")]
    assert merged(turns) == [Turn("client", 0, 3, "so mine"), Turn("client", 9, 10, "bye")]


def test_the_trader_spoke_three_quarters_of_the_time() -> None:
    assert talk_share([Turn("trader", 0, 6, "a"), Turn("client", 6, 8, "b")]) == 0.75
    assert talk_share([]) is None


def test_a_loop_is_cut_and_an_emphatic_triple_is_not() -> None:
    assert unlooped("I sell I sell I sell I sell I sell ten".split()) == [0, 1, 10]
    assert unlooped("no no no, ten".split()) == [0, 1, 2, 3]
    assert unlooped([]) == []


def test_what_nobody_said_is_not_credible() -> None:
    assert credible("Mine.", 0.1, -0.4)
    assert credible("Thank you.", 0.05, -0.3)
    assert not credible("Thanks for watching.", 0.5, -0.3)
    assert not credible("Right.", 0.8, -0.9)
    assert not credible(" ... ", 0.1, -0.1)
    assert not credible("and then " * 30, 0.1, -0.1)


def test_each_word_of_a_turn_has_its_times_and_its_certainty() -> None:
    heard = [Word(" Two", 1.0, 1.2, 0.9), Word("-way", 1.2, 1.5, 0.4), Word(" please.", 1.5, 2.0, 0.8)]
    [turn] = interleave({"client": heard})
    assert turn.text == "Two-way please."
    assert turn.words == (Timed(1.0, 1.5, 0.4), Timed(1.5, 2.0, 0.8))


def test_a_loop_is_cut_with_its_times() -> None:
    text, times = written(words(0.0, *["so", "yes"] * 5, "ten"))
    assert text == "so yes ten"
    assert [time.start for time in times] == [0.0, 0.3, 3.0]


def test_a_word_put_right_keeps_the_time_of_what_was_heard() -> None:
    turn = Turn("client", 0, 3, "ten bun futures", (Timed(0, 1, 0.9), Timed(1, 2, 0.5), Timed(2, 3, 0.9)))
    assert respelled(turn, "ten bund futures").words == turn.words
    joined = respelled(turn, "ten bund future contracts")
    assert joined.words[0] == turn.words[0]
    assert (joined.words[1].start, joined.words[-1].end) == (1, 3)


SPOKEN = st.lists(st.sampled_from("ten bid mine okay euro dollar".split()), min_size=1, max_size=12)


@given(SPOKEN, SPOKEN)
def test_whatever_is_put_right_every_word_has_a_time_in_order(before: list[str], after: list[str]) -> None:
    times = tuple(Timed(n, n + 0.5) for n in range(len(before)))
    turn = respelled(Turn("client", 0, len(before), " ".join(before), times), " ".join(after))
    assert len(turn.words) == len(turn.text.split())
    flat = [edge for word in turn.words for edge in (word.start, word.end)]
    assert flat == sorted(flat)
    assert 0 <= flat[0] <= flat[-1] <= len(before)


def test_a_stretch_is_looked_at_once_unless_much_follows_its_last_word() -> None:
    def heard(*ends: float) -> Iterator[Heard]:
        for number, end in enumerate(ends):
            word = Spoken(start=end - 0.3, end=end, word=" done", probability=0.9)
            yield Heard(number, 0, 0.0, end, " done", [], -0.2, 1.0, 0.0, [word], 0.0)

    assert [segment.id for segment in once(heard(9.2, 9.9), 10.0)] == [0]
    assert [segment.id for segment in once(heard(6.0, 9.9, 10.0), 10.0)] == [0, 1]


def test_whisper_looks_again_where_it_doubts_its_words_repeats_them_or_has_none() -> None:
    def heard(text: str, likely: float) -> Heard:
        return Heard(0, 0, 0.0, 1.0, text, [], likely, 1.0, 0.0, None, 0.0)

    assert sure([heard(" Ten at seventy-eight.", -0.3), heard(" Done.", -0.5)])
    assert not sure([heard(" Ten at seventy-eight.", -0.3), heard(" The", -2.4)])
    assert not sure([heard(" and then" * 12, -0.1)])
    assert not sure([])
