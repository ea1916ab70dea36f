"""A desk for the reports: real encrypted records, a real agent in memory, and conversations that a test leads."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from app.conversation.state import ConversationState, Segment
from app.records.log import Cause
from app.records.store import Records
from app.records.tables import Contact, ContactHandle, ContactPhone, Instrument, Organization, User
from app.services import CurrentUser, Notice, Services, State
from fdc3.client import DesktopAgent, PrivateChannel, connect_memory
from fdc3.directory import AppDirectory, AppRecord
from fdc3.host import Host
from fdc3.types import Context
from nlp.language.model import Analysis, Consent, Deal, FollowUp, Mention, Quote
from plugins.reports.app import ReportsApp, start
from plugins.reports.open_report import ReportCard
from plugins.reports.queue import ReportsState

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
STARTED = dt.datetime(2026, 11, 24, 10, 38, tzinfo=dt.UTC)
USER = CurrentUser("user-mk", "Mara Keller", "MK", "EU Credit Sales")
NUMBER = "+442079460143"
SEGMENTS = (
    Segment(0, "client", 1.0, 6.0, "We're adding duration in telecoms. Where can you offer the Vodafone 33s?"),
    Segment(1, "trader", 7.0, 12.0, "I can show you ten million at 98.49."),
    Segment(2, "client", 13.0, 16.0, "Looks rich to Orange. Can you flex for fifteen?"),
    Segment(3, "trader", 17.0, 20.0, "Let me check with the trader and come back before two."),
)
QUOTED = Analysis(
    turns=tuple(segment.turn for segment in SEGMENTS),
    quotes_not_dealt=(
        Quote(
            client_side="buy",
            product="bond",
            instrument="XS2104567890",
            instrument_id="vod33",
            quantity=Decimal(10_000_000),
            quantity_ccy="EUR",
            ask=Decimal("98.49"),
            outcome="passed",
            evidence=(0, 1),
        ),
    ),
    follow_ups=(
        FollowUp(owner="trader", what="Check 15mm level with the trader", due=dt.date(2026, 11, 24), evidence=(3,)),
    ),
    consents=(Consent(channel="whatsapp", granted=False, evidence=(2,)),),
    mentions=(
        Mention(0, 58, 70, "instrument", "Vodafone 33s", "XS2104567890", "vod33", "bond"),
        Mention(2, 14, 20, "instrument", "Orange", "ORAFP", "ora31", "bond"),
    ),
)
SUMMARY = (
    "Client adding EUR telecom duration; asked for an offer in VOD 33s. Quoted 10mm at 98.49. "
    "Client finds it rich vs ORAFP, asked for flex at 15mm. To revert before 14:00."
)
DEALT = Analysis(
    turns=QUOTED.turns,
    deals=(
        Deal(
            client_side="buy",
            product="bond",
            instrument="XS2104567890",
            instrument_id="vod33",
            quantity=Decimal(10_000_000),
            quantity_ccy="EUR",
            price=Decimal("98.49"),
            evidence=(1, 2),
        ),
    ),
    follow_ups=QUOTED.follow_ups,
    mentions=QUOTED.mentions,
)


@dataclass
class LedAnew:
    """The reading of corrected calls: what it finds is what the test says."""

    listeners: list[Callable[[ConversationState], None]] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)

    def on_read(self, listener: Callable[[ConversationState], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener) if listener in self.listeners else None

    def soon(self, interaction_id: str) -> None:
        self.wanted.append(interaction_id)

    def read(self, now: ConversationState) -> None:
        for listener in tuple(self.listeners):
            listener(now)


@dataclass
class LedConversations:
    """The conversations room without sound: what is heard is what the test says."""

    states: dict[str, State[ConversationState]] = field(default_factory=dict)
    opened: list[Any] = field(default_factory=list)
    messages: list[tuple[str, str, float, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    known: list[str | None] = field(default_factory=list)
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    anew: LedAnew = field(default_factory=lambda: LedAnew())

    async def open_call(self, interaction_id: str, audio_url: str, header: Any, **_: Any) -> State[ConversationState]:
        self.opened.append((audio_url, header))
        return self._open(interaction_id, "call")

    async def open_chat(self, interaction_id: str, header: Any, **_: Any) -> State[ConversationState]:
        self.opened.append((None, header))
        return self._open(interaction_id, "chat")

    async def identified(self, interaction_id: str, header: Any, organization_id: str | None, *_: Any) -> None:
        self.known.append(organization_id)

    async def add_message(self, interaction_id: str, who: str, at: float, text: str) -> None:
        self.messages.append((interaction_id, who, at, text))

    async def end(self, interaction_id: str) -> None:
        self.ended.append(interaction_id)
        self.say(interaction_id, phase="ended")

    def state(self, interaction_id: str) -> State[ConversationState]:
        return self.states[interaction_id]

    def on_transcribed(self, listener: Callable[[str], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener) if listener in self.listeners else None

    def say(self, interaction_id: str, **fields: Any) -> None:
        state = self.states[interaction_id]
        state.set(replace(state.value, **fields))

    def _open(self, interaction_id: str, kind: Any) -> State[ConversationState]:
        self.states[interaction_id] = State(ConversationState(interaction_id, kind, speech="live"))
        return self.states[interaction_id]


def populate(records: Records) -> None:
    with records.change("demo", Cause.demo()) as change:
        change.add(User(id=USER.id, name=USER.name, initials=USER.initials, desk=USER.desk, email="mk@desk.example"))
        for key, name in (("ngam", "Northgate Asset Management"), ("tolland", "Tolland Castings")):
            change.add(Organization(id=key, name=name, short_name=name.split()[0], kind="asset manager"))
        change.session.flush()
        for key, home, name in (
            ("sarah", "ngam", "Sarah Whitfield"),
            ("idris", "ngam", "Idris Okonjo"),
            ("hal", "tolland", "Hal Tolland"),
        ):
            change.add(Contact(id=key, organization_id=home, name=name))
        for key, symbol, isin in (("vod33", "VOD 3⅜ 08/33", "XS2104567890"), ("ora31", "ORAFP 3⅝ 31", "FR0014001234")):
            change.add(
                Instrument(
                    id=key,
                    kind="bond",
                    symbol=symbol,
                    name=symbol,
                    currency="EUR",
                    isin=isin,
                    price_type="price",
                    price_decimals=3,
                    reference_price=Decimal("98.4"),
                )
            )
        change.session.flush()
        change.add(ContactPhone(contact_id="sarah", e164=NUMBER))
        change.add(ContactPhone(contact_id="hal", e164="+442079460199"))
        change.add(ContactHandle(contact_id="sarah", service="sim", handle="swhitfield"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", bytes(32)) as opened:
        populate(opened)
        yield opened


@pytest.fixture
def conversations() -> LedConversations:
    return LedConversations()


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
def desk(records: Records, conversations: LedConversations, notices: list[Notice]) -> Services:
    parts: Any = SimpleNamespace(
        user=USER,
        records=records,
        conversations=conversations,
        clock=lambda: NOW,
        notify=notices.append,
        prices=None,
        settings=None,
    )
    return Services(**vars(parts))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Waits for a condition, not for a time."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


CALLER = {"appId": "test-caller", "title": "Caller", "type": "other", "details": {}}


@dataclass
class RunningDesk:
    """The reports app on a real agent, and a caller as a turret or chat service would be."""

    app: ReportsApp
    caller: DesktopAgent
    conversations: LedConversations
    heard: list[Context]
    dealt: Analysis = DEALT

    async def call(self, number: str = NUMBER, line: str = "L1") -> PrivateChannel:
        return await self.interaction(
            interactionType="Phone Call",
            call={"line": line, "number": number, "direction": "inbound", "audio": {"url": "ws://x", "rate": 8000}},
        )

    async def chat(self) -> PrivateChannel:
        return await self.interaction(
            interactionType="Instant Message", chat={"service": "sim", "handle": "swhitfield"}
        )

    async def interaction(self, **fields: Any) -> PrivateChannel:
        context = Context(
            type="fdc3.interaction",
            participants={"type": "fdc3.contactList", "contacts": []},
            timeRange={"type": "fdc3.timeRange", "startTime": STARTED.isoformat()},
            **fields,
        )
        answer = await (await self.caller.raise_intent("CreateInteraction", context)).get_result()
        assert isinstance(answer, PrivateChannel)
        return answer

    @property
    def interaction_id(self) -> str:
        return list(self.conversations.states)[-1]

    def say(self, analysis: Analysis = QUOTED, interaction_id: str = "", **fields: Any) -> None:
        said = {"segments": SEGMENTS, "analysis": analysis, "summary": SUMMARY, "recorded_seconds": 252.0, **fields}
        self.conversations.say(interaction_id or self.interaction_id, **said)

    async def event(self, channel: PrivateChannel, event: str) -> None:
        await channel.broadcast(Context(type="deskline.call.event", event=event, at=NOW.isoformat()))

    async def ended_call(self, analysis: Analysis = QUOTED, **fields: Any) -> ReportCard:
        """A call that was heard and has ended; its report is in front."""
        channel = await self.call(**fields)
        identity = self.interaction_id
        self.say(analysis)
        await until(
            lambda: any(c.type == "deskline.conversation.facts" for c in self.heard if c.id["deskline"] == identity)
        )
        await self.event(channel, "ended")
        await until(lambda: any(card.talk.interaction_id == identity for card in self.state.cards))
        return next(card for card in self.state.cards if card.talk.interaction_id == identity)

    @property
    def state(self) -> ReportsState:
        return self.app.reports.state.value

    @property
    def card(self) -> ReportCard:
        current = self.state.current
        assert current is not None
        return current


@pytest.fixture
async def running(desk: Services, conversations: LedConversations) -> AsyncIterator[RunningDesk]:
    directory = AppDirectory.load(Path(__file__).parents[2] / "plugins/reports/app.json")
    directory.add(msgspec.convert(CALLER, AppRecord))
    host = Host(directory)
    await host.start()
    agent = await connect_memory(host, app_id="deskline-reports")
    await agent.join_user_channel("fdc3.channel.6")
    caller = await connect_memory(host, app_id="test-caller")
    await caller.join_user_channel("fdc3.channel.6")
    heard: list[Context] = []
    for name in ("deskline.conversation", "deskline.deals"):
        channel = await caller.get_or_create_channel(name)
        await channel.add_context_listener(None, lambda context, _: heard.append(context))
    app = await start(agent, desk)
    yield RunningDesk(app, caller, conversations, heard)
    await app.close()
    await caller.close()
    await agent.close()
    await host.close()


# Last: the popup's stage stands on the fixtures above.
from tests.reports.screen import language_model, screen  # noqa: E402, F401
