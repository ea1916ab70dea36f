"""What is known of the conversations. Pure: every change gives a new state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from plugins.chat.protocol import Message, Party, Thread

Phase = Literal["offline", "connecting", "live"]


@dataclass(frozen=True, slots=True)
class Mention:
    """An instrument named in a message: characters ``start`` to ``end`` of message ``turn``."""

    turn: int
    start: int
    end: int
    instrument_id: str


@dataclass(frozen=True, slots=True)
class Action:
    """An intent that some app serves."""

    intent: str
    title: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An instrument that the customer mentioned, and what can be shown of it."""

    instrument_id: str
    symbol: str
    turn: int
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. ``name`` and ``organization`` are the desk's once it knows who writes, else the service's."""

    id: str
    service: str
    party: Party
    name: str
    organization: str
    messages: tuple[Message, ...] = ()
    unread: int = 0
    interaction_id: str | None = None
    mentions: tuple[Mention, ...] = ()
    offers: tuple[Offer, ...] = ()
    closed_at: int | None = None  # number of messages when the trader closed it
    first: int = 0  # the message that the present interaction began with

    @property
    def closed(self) -> bool:
        return self.closed_at is not None and self.closed_at >= len(self.messages)

    @property
    def last(self) -> Message | None:
        return self.messages[-1] if self.messages else None


@dataclass(frozen=True, slots=True)
class ChatState:
    """All conversations in order of their beginning, the one on screen, and how the service is doing."""

    conversations: tuple[Conversation, ...] = ()
    current: str | None = None
    phase: Phase = "offline"
    text: str = "No chat service is set up for this desk."
    arrivals: int = 0
    """Counts the conversations that customers began while nobody was on the phone: they want to be seen."""

    def conversation(self, conversation_id: str | None) -> Conversation | None:
        return next((one for one in self.conversations if one.id == conversation_id), None)

    @property
    def shown(self) -> Conversation | None:
        return self.conversation(self.current)

    @property
    def open(self) -> tuple[Conversation, ...]:
        return tuple(one for one in self.conversations if not one.closed)

    @property
    def unread(self) -> int:
        return sum(one.unread for one in self.conversations)

    def with_thread(self, thread: Thread, watched: bool) -> ChatState:
        """Takes a conversation with all its messages; those already known are left out."""
        state = self
        for message in thread.messages:
            state = state.with_message(thread.id, thread.service, thread.party, message, watched)
        return state

    def with_message(self, thread: str, service: str, party: Party, message: Message, watched: bool) -> ChatState:
        """Takes a message unless it is known. ``watched``: the trader sees the conversation on screen."""
        found = self.conversation(thread)
        state = self
        if found is None:
            found = Conversation(thread, service, party, party.name or party.handle, party.organization)
            state = replace(self, conversations=(*self.conversations, found))
        if message.seq < len(found.messages):
            return state
        seen = message.who == "trader" or (watched and (self.current in (None, thread)))
        unread = 0 if message.who == "trader" else found.unread + (0 if seen else 1)
        state = state.changed(thread, messages=(*found.messages, message), unread=unread)
        return replace(state, current=thread) if state.current is None else state

    def selected(self, conversation_id: str | None) -> ChatState:
        found = self.conversation(conversation_id)
        if found is None:
            return replace(self, current=None)
        return replace(self.changed(found.id, unread=0), current=found.id)

    def closed(self, conversation_id: str) -> ChatState:
        """Takes a conversation off the list until the customer writes again."""
        found = self.conversation(conversation_id)
        if found is None:
            return self
        state = self.changed(
            conversation_id,
            closed_at=len(found.messages),
            first=len(found.messages),
            unread=0,
            interaction_id=None,
            mentions=(),
            offers=(),
        )
        rest = state.open
        return replace(state, current=rest[-1].id if rest else None) if state.current == conversation_id else state

    def changed(self, conversation_id: str, **fields: object) -> ChatState:
        made = tuple(
            replace(one, **fields) if one.id == conversation_id else one  # type: ignore[arg-type]
            for one in self.conversations
        )
        return replace(self, conversations=made)


def mentioned(facts: Iterable[object], conversation: Conversation) -> tuple[Mention, ...]:
    """Instrument mentions among the facts of an interaction, in the order they were said; others are left out.

    Facts count turns from the interaction's first message.
    """
    found = set()
    for fact in facts:
        if not isinstance(fact, Mapping) or not isinstance(fact.get("instrument_id"), str):
            continue
        turn, start, end = fact.get("turn"), fact.get("start"), fact.get("end")
        if not (isinstance(turn, int) and isinstance(start, int) and isinstance(end, int)):
            continue
        place = conversation.first + turn
        if turn >= 0 and place < len(conversation.messages) and 0 <= start < end:
            found.add((place, start, end, str(fact["instrument_id"])))
    return tuple(Mention(*one) for one in sorted(found))


def asked_for(mentions: tuple[Mention, ...], messages: tuple[Message, ...], limit: int = 4) -> list[Mention]:
    """The customer's last mention of each instrument, newest first."""
    newest: dict[str, Mention] = {}
    for mention in mentions:
        if messages[mention.turn].who == "client":
            newest[mention.instrument_id] = mention
    return sorted(newest.values(), key=lambda mention: (-mention.turn, -mention.start))[:limit]
