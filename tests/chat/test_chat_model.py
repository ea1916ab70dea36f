"""Conversations: what is unread, what is mentioned, what a late or repeated message does."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from plugins.chat.model import ChatState, asked_for, mentioned
from plugins.chat.protocol import Message, Party, Thread, Who

AT = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)
PARTY = Party("swhitfield.northgate", "Sarah Whitfield", "Northgate Asset Management")


def said(seq: int, who: Who, text: str = "x") -> Message:
    return Message(seq, who, AT + dt.timedelta(seconds=seq), text)


def take(state: ChatState, thread: str, message: Message, *, watched: bool = False) -> ChatState:
    return state.with_message(thread, "demo", PARTY, message, watched)


def test_messages_are_unread_until_the_conversation_is_on_screen() -> None:
    state = take(take(ChatState(), "a", said(0, "client")), "a", said(1, "client"))
    assert state.current == "a"
    assert state.unread == 2
    state = take(state.selected("a"), "a", said(2, "client"), watched=True)
    assert state.unread == 0
    state = take(state, "b", said(0, "client"), watched=True)
    assert [one.unread for one in state.conversations] == [0, 1]


def test_answering_reads_a_conversation() -> None:
    state = take(take(ChatState(), "a", said(0, "client")), "a", said(1, "trader"))
    assert state.unread == 0


@given(st.lists(st.integers(0, 7), max_size=20))
def test_repeats_of_a_snapshot_change_nothing(cuts: list[int]) -> None:
    messages = [said(seq, "client" if seq % 2 else "trader") for seq in range(8)]
    state = ChatState()
    for cut in cuts:
        state = state.with_thread(Thread("a", "demo", PARTY, messages[:cut]), False)
    longest = max(cuts, default=0)
    shown = state.conversation("a")
    assert (list(shown.messages) if shown else []) == messages[:longest]


def test_a_closed_conversation_opens_again_when_the_customer_writes() -> None:
    state = take(take(ChatState(), "a", said(0, "client")), "a", said(1, "client")).closed("a")
    assert state.open == ()
    assert state.current is None
    state = take(state, "a", said(2, "client"))
    assert [one.id for one in state.open] == ["a"]
    assert state.conversations[0].first == 2


def test_the_customers_newest_mention_of_each_instrument_is_offered() -> None:
    state = ChatState()
    for seq, who in enumerate(("client", "trader", "client", "client")):
        state = take(state, "a", said(seq, who, "vod 33s and enel"))
    facts = [
        {"turn": 0, "start": 0, "end": 7, "kind": "instrument", "instrument_id": "vod"},
        {"turn": 1, "start": 0, "end": 7, "kind": "instrument", "instrument_id": "orafp"},
        {"turn": 2, "start": 0, "end": 7, "kind": "instrument", "instrument_id": "vod"},
        {"turn": 3, "start": 12, "end": 16, "kind": "instrument", "instrument_id": "enel"},
        {"turn": 9, "start": 0, "end": 2, "instrument_id": "beyond"},
        {"turn": 0, "start": 0, "end": 4, "kind": "amount"},
        "nonsense",
    ]
    conversation = state.conversations[0]
    mentions = mentioned(facts, conversation)
    assert len(mentions) == 4
    assert [(one.instrument_id, one.turn) for one in asked_for(mentions, conversation.messages)] == [
        ("enel", 3),
        ("vod", 2),
    ]
    assert mentioned(facts, state.closed("a").conversations[0]) == ()
