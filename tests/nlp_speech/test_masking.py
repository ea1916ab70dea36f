"""Card and account numbers, PINs and passwords are neither read nor heard again; prices and amounts stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.language.model import Timed, Turn
from nlp.masking import MASK, MaskedSpan, Policy, PolicyError, masked, policy
from nlp.speech.live import Conversation

ONES = "zero one two three four five six seven eight nine".split()


def talk(*lines: str, timed: bool = True) -> list[Turn]:
    """Turns from "c: ..." and "t: ..." lines, each word half a second long."""
    turns, at = [], 0.0
    for line in lines:
        count = len(line.split()) - 1
        words = tuple(Timed(at + n / 2, at + n / 2 + 0.5) for n in range(count)) if timed else ()
        who = "client" if line[0] == "c" else "trader"
        turns.append(Turn(who, at, at + count / 2, line[3:], words))  # type: ignore[arg-type]
        at += count / 2 + 1
    return turns


def shown(*lines: str) -> list[str]:
    return [turn.text for turn in masked(talk(*lines)).turns]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("c: four five three two, oh one five one, one two eight three, oh three six six", "card"),
        ("c: 4532 0151 1283 0366", "card"),
        ("c: 4532015112830366", "card"),
        ("c: forty-five thirty-two oh one fifty-one one two eight three oh three double six", "card"),
        ("c: G B eight two W E S T one two three four five six nine eight seven six five four three two", "iban"),
        ("c: GB82 WEST 1234 5698 7654 32", "iban"),
    ],
)
def test_a_number_that_proves_itself_is_masked_however_it_is_said(line: str, kind: str) -> None:
    result = masked(talk(line))
    assert set(result.turns[0].text.split()) == {MASK}
    assert {span.kind for span in result.spans} == {kind}


@pytest.mark.parametrize(
    "line",
    [
        "t: one sixteen seventy-five, seventy-eight in fifteen",
        "c: I buy fifteen million euros at one sixteen seventy-eight",
        "t: the ISIN is XS 2 4 3 1 0 8 7 6 5 9 0",
        "c: seventeen million five hundred and seventeen thousand",
        "t: call me on oh two oh seven nine four six oh one one two",
        "c: 4532 0151 1283 0367 in total",  # the check digit is wrong
        "t: ten lots at five seven four two, then ten at five seven four three, and ten at five seven four four",
        "c: what is the password for",
    ],
)
def test_the_talk_of_a_desk_is_not(line: str) -> None:
    assert shown(line) == [line[3:]]
    assert masked(talk(line)).spans == ()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ("t: And your account number?", "c: One two three four five six seven eight."),
            ["And your account number?", " ".join([MASK] * 8)],
        ),
        (("c: my PIN is 4 7 1 1 okay",), [f"my PIN is {MASK} {MASK} {MASK} {MASK} okay"]),
        (("c: the password is Blue Heron. Shall we?",), [f"the password is {MASK} {MASK} Shall we?"]),
        (
            ("t: Security code on the back of it?", "c: three nine one"),
            ["Security code on the back of it?", f"{MASK} {MASK} {MASK}"],
        ),
        (("t: sort code", "c: 20-45-45"), ["sort code", MASK]),
    ],
)
def test_what_follows_a_cue_is_masked(lines: tuple[str, ...], expected: list[str]) -> None:
    assert shown(*lines) == expected


def test_a_number_read_in_groups_while_the_other_side_assents_is_one() -> None:
    lines = ("c: four five three two", "t: yes", "c: oh one five one", "t: okay", "c: 1283 and then 0366", "t: thanks")
    texts = shown(*lines)
    assert texts[0] == texts[2] == " ".join([MASK] * 4)
    assert (texts[1], texts[3], texts[5]) == ("yes", "okay", "thanks")


def test_the_sound_is_muted_with_a_margin_for_the_side_that_said_it() -> None:
    result = masked(talk("t: go ahead", "c: it is 4532 0151 1283 0366 thanks"))
    assert result.spans == (MaskedSpan("client", 2.8, 5.2, "card"),)


def test_without_times_of_words_the_whole_turn_is_muted() -> None:
    [turn] = talk("c: it is 4532 0151 1283 0366", timed=False)
    assert [(span.start, span.end) for span in masked([turn]).spans] == [(turn.start, turn.end)]


def test_a_desk_may_mask_less(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("numbers: {pin: {cues: [pin], after_cue: [4, 6]}}", encoding="utf-8")
    card = "c: 4532 0151 1283 0366"
    assert masked(talk(card), policy(file)).turns[0].text == card[3:]
    assert masked(talk("c: pin 4711"), policy(file)).turns[0].text == f"pin {MASK}"
    assert masked(talk(card), Policy()).spans == ()


@pytest.mark.parametrize("content", ["numbers: {card: {check: crc}}", "numbers: [", "nothing: {}"])
def test_a_policy_that_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"own\.yaml"):
        policy(file)


@given(st.lists(st.sampled_from(range(10)), min_size=12, max_size=18), st.integers(0, 6), st.booleans())
def test_any_card_number_is_masked_wherever_it_stands_and_nothing_else(body: list[int], place: int, said: bool) -> None:
    if len({*body}) == 1:
        return
    doubled = [2 * one for one in reversed(body)][::2], [*reversed(body)][1::2]
    total = sum(one - 9 if one > 9 else one for one in doubled[0]) + sum(doubled[1])
    digits = [*body, -total % 10]
    number = [ONES[one] for one in digits] if said else ["".join(map(str, digits))]
    talk_around = "please take this down for me now".split()
    words = [*talk_around[:place], *number, *talk_around[place:]]
    turns = talk("c: " + " ".join(words))
    result = masked(turns).turns[0].text.split()
    assert result[:place] == talk_around[:place]
    assert result[place + len(number) :] == talk_around[place:]
    assert set(result[place : place + len(number)]) == {MASK}


def test_live_a_number_is_masked_as_soon_as_what_was_said_before_tells() -> None:
    asked, told = talk("t: your card number please", "c: four five three two")
    call = Conversation(None, None, 8000, {})  # type: ignore[arg-type]
    call.turns.append(asked)
    assert call.readable(told).text == " ".join([MASK] * 4)
    call.turns.append(told)
    assert call.turns[-1].text == "four five three two", "kept as heard, so that the rest can be known by it"


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_text_is_read_without_an_error_and_keeps_its_words(texts: list[str]) -> None:
    turns = [Turn("client", n, n + 1, text) for n, text in enumerate(texts)]
    found = masked(turns).turns
    assert [len(turn.text.split()) for turn in found] == [len(text.split()) for text in texts]
