"""How messages change a transcript: order, the careful pass, marks, states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.transcript.script import (
    Line,
    Script,
    Span,
    as_text,
    clock,
    empty,
    facts,
    keeping,
    point,
    remark,
    segment,
    state,
    status,
)


def said(seq: int, start: float, text: str, who: str = "client", pass_: str = "live") -> dict[str, Any]:
    return {
        "type": "deskline.transcript.segment",
        "id": {"deskline": "i1"},
        "seq": seq,
        "who": who,
        "name": "You" if who == "trader" else "Sarah",
        "start": start,
        "end": start + 2,
        "text": text,
        "pass": pass_,
    }


def told(script: Script, *messages: dict[str, Any]) -> Script:
    for message in messages:
        script = segment(script, message)
    return script


LIVE = Script(interaction_id="i1", phase="live", speech="live")


def test_lines_stand_in_the_order_of_speaking_not_of_understanding() -> None:
    script = told(LIVE, said(1, 5.0, "second"), said(0, 1.0, "first", "trader"), said(2, 9.0, "third"))
    assert [line.text for line in script.lines] == ["first", "second", "third"]
    assert [line.name for line in script.lines] == ["You", "Sarah", "Sarah"]


def test_a_better_text_replaces_its_line_in_place() -> None:
    script = told(LIVE, said(0, 1.0, "buns"), said(1, 5.0, "yes"), said(0, 1.0, "bunds"))
    assert [line.text for line in script.lines] == ["bunds", "yes"]


def test_the_careful_pass_replaces_the_live_lines_from_its_first_on() -> None:
    script = told(LIVE, said(0, 1.0, "live one"), said(1, 5.0, "live two"))
    script = told(script, said(0, 1.1, "final one", pass_="final"), said(1, 5.1, "final two", pass_="final"))
    assert [(line.text, line.final) for line in script.lines] == [("final one", True), ("final two", True)]


def test_chat_messages_are_final_and_stay() -> None:
    chat = Script(interaction_id="i1", kind="chat", phase="live")
    script = told(chat, said(0, 1, "hi", pass_="final"), said(1, 2, "hello", "trader", "final"))
    assert [line.text for line in script.lines] == ["hi", "hello"]


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 100), st.text(min_size=1, max_size=5)), max_size=25))
def test_each_segment_stands_once_and_in_order(messages: list[tuple[int, float, str]]) -> None:
    begins: dict[int, float] = {}
    script = LIVE
    for seq, start, text in messages:
        start = begins.setdefault(seq, start)
        script = segment(script, said(seq, start, text))
    assert sorted(line.seq for line in script.lines) == sorted(begins)
    assert [line.start for line in script.lines] == sorted(line.start for line in script.lines)


def test_facts_mark_words_of_their_turn() -> None:
    script = told(LIVE, said(0, 1.0, "Where can you offer the Vodafone 33s?"), said(1, 5.0, "98.49", "trader"))
    script = facts(
        script,
        {
            "report": {"follow_ups": [{"spans": [{"field": "what", "turn": 0, "start": 0, "end": 9}]}]},
            "mentions": [
                {"turn": 0, "start": 24, "end": 36, "kind": "instrument"},
                {"turn": 1, "start": 0, "end": 5, "kind": "price"},
                {"turn": 1, "start": 2, "end": 400, "kind": "price"},
                {"turn": 7, "start": 0, "end": 5, "kind": "price"},
                {"turn": 0, "start": 0, "end": 5, "kind": "tenor"},
            ],
        },
    )
    assert script.lines[0].spans == (Span(0, 9, "task"), Span(24, 36, "product"))
    assert script.lines[1].spans == (Span(0, 5, "deal"),)


def test_marks_never_overlap_and_the_longer_wins() -> None:
    script = told(LIVE, said(0, 1.0, "sell ten million euro dollar"))
    mentions = [
        {"turn": 0, "start": 17, "end": 21, "kind": "instrument"},
        {"turn": 0, "start": 17, "end": 28, "kind": "instrument"},
        {"turn": 0, "start": 5, "end": 16, "kind": "quantity"},
    ]
    assert facts(script, {"mentions": mentions}).lines[0].spans == (Span(5, 16, "deal"), Span(17, 28, "product"))


def test_marks_stay_when_the_same_text_comes_again() -> None:
    script = facts(
        told(LIVE, said(0, 1.0, "euro dollar")), {"mentions": [{"turn": 0, "start": 0, "end": 4, "kind": "side"}]}
    )
    assert segment(script, said(0, 1.0, "euro dollar")).lines[0].spans == (Span(0, 4, "deal"),)
    assert segment(script, said(0, 1.0, "euro yen")).lines[0].spans == ()


def test_the_pill_says_how_far_behind_the_words_are() -> None:
    live = {"id": {"deskline": "i1"}, "kind": "call", "phase": "live", "speech": "live", "lag": 0.9}
    assert status(state(LIVE, live)) == ("0.9 s behind", "up")
    assert status(state(LIVE, {**live, "lag": 4.2})) == ("4.2 s behind", "warn")
    assert status(state(LIVE, {**live, "speech": "restarting"})) == ("Speech restarting", "warn")
    assert status(state(LIVE, {**live, "speech": "unavailable: no model"})) == ("Recording only", "warn")
    assert status(state(LIVE, {**live, "phase": "ended"})) == ("Careful pass", "")
    assert status(state(LIVE, {**live, "phase": "refined"})) == ("Final", "")
    assert status(Script()) == ("", "")


def test_every_state_has_a_text() -> None:
    assert "No conversation" in empty(Script())
    assert empty(LIVE) == "Listening…"
    assert empty(Script(phase="live", speech="starting")) == "Speech is starting…"
    assert "Nothing was written down" in empty(Script(phase="past"))
    assert remark(Script(phase="live", speech="unavailable: The model is missing.")).startswith("The model is missing.")
    assert "cut off" in remark(Script(phase="past", status="interrupted"))
    assert remark(Script(phase="live", trouble="The audio stopped.")) == "The audio stopped."
    assert remark(LIVE) == ""


def test_copying_gives_plain_words() -> None:
    script = Script(lines=(Line(0, "client", "Sarah", 201.0, "Hello"), Line(1, "trader", "You", 214.0, "Hi")))
    assert as_text(script) == "03:21  Sarah: Hello\n03:34  You: Hi"
    assert clock(-1) == "00:00"


def test_pointing_twice_at_the_same_turn_counts_twice() -> None:
    assert point(point(LIVE, [3]), [3]).pointed == 2


def test_a_segment_without_words_takes_its_line_away() -> None:
    script = Script(lines=(Line(0, "client", "Sarah", 1.0, "Hi"), Line(1, "client", "Sarah", 2.0, "password")))
    gone = {"seq": 1, "who": "client", "start": 2.0, "text": "", "pass": "live"}
    assert [line.text for line in segment(script, gone).lines] == ["Hi"]
    assert segment(segment(script, gone), gone).lines == segment(script, gone).lines


@pytest.mark.parametrize(
    ("standing", "pill_text", "said"),
    [
        ("recording", "Recording", ""),
        ("paused", "Paused", "F8"),
        ("waiting for consent", "Waiting for consent", "Alt+F8"),
        ("not allowed", "Not recorded", "neither recorded"),
    ],
)
def test_whether_a_running_call_is_recorded_is_always_said(standing: str, pill_text: str, said: str) -> None:
    live = state(Script(), {"kind": "call", "phase": "live", "keeping": standing, "recorded": True})
    assert keeping(live)[0] == pill_text
    assert said in remark(live)
    assert live.recorded
    assert keeping(replace(live, phase="ended")) == ("", "")
    assert keeping(replace(live, kind="chat")) == ("", "")
