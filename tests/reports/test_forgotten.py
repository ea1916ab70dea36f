"""What is forgotten in mid-call leaves the panels, the draft and the channel's memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.conversation.state import ConversationState, Segment
from nlp.language.model import Analysis, FollowUp, Turn
from plugins.reports import publish
from plugins.reports.draft import Draft, observe, refine
from plugins.reports.store import Talk
from plugins.reports.suggest import suggestions
from tests.reports.conftest import STARTED

TALK = Talk("i1", "call", "inbound", STARTED, "L1", "+442079460143", None, None, None)
SAID = (Segment(0, "client", 0.0, 1.0, "good morning"), Segment(1, "client", 2.0, 3.0, "send it to swordfish"))
PROMISE = FollowUp(owner="trader", what="send it to swordfish", evidence=(1,))


def before() -> ConversationState:
    analysis = Analysis(turns=tuple(one.turn for one in SAID), follow_ups=(PROMISE,))
    return ConversationState("i1", "call", segments=SAID, analysis=analysis, summary="Send it to swordfish.")


def after() -> ConversationState:
    turns = (Turn("client", 0.0, 1.0, "good morning"),)
    return replace(before(), segments=SAID[:1], analysis=Analysis(turns=turns), summary="")


def test_the_line_comes_once_more_without_words_and_the_facts_without_the_fact() -> None:
    told: list[dict[str, Any]] = publish.messages(TALK, before(), after())
    assert [(each["seq"], each["text"]) for each in told if each["type"] == publish.SEGMENT] == [(1, "")]
    (facts,) = [each for each in told if each["type"] == publish.FACTS]
    assert facts["report"]["follow_ups"] == []
    assert "swordfish" not in str(told)


def test_the_draft_lets_go_of_what_rested_on_it() -> None:
    def heard(draft: Draft, now: ConversationState) -> Draft:
        found = suggestions(publish.facts(now), symbols={}, deals=(), client_spoke=True)
        return observe(refine(draft, found), {})

    draft = heard(Draft(), before())
    assert "swordfish" in str(draft)
    assert "swordfish" not in str(heard(draft, after()))


def test_a_careful_pass_that_cuts_the_turns_anew_is_no_forgetting() -> None:
    final = (Segment(0, "client", 0.0, 3.0, "good morning, send it", "final"),)
    told = publish.messages(TALK, before(), replace(before(), phase="refined", segments=final))
    assert [each["text"] for each in told if each["type"] == publish.SEGMENT] == ["good morning, send it"]
