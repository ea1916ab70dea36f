"""Real records, real recordings, the turret's real audio server; a customer and a call that rings."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from app.conversation.service import Conversations
from app.conversation.state import ConversationState
from app.records.ids import new_id
from app.records.recordings import Recordings
from app.records.store import Records
from app.records.tables import Contact, Holding, Instrument, Interaction, Organization, TranscriptSegment, User
from app.services import Notice, State
from nlp.language.model import Header, Party, Trader
from nlp.speech.client import LanguageWorker
from plugins.turret.audio import AudioServer, CallAudio

DEMO_CALL = Path(__file__).parents[2] / "resources" / "demo" / "call.wav"
STARTED = dt.datetime(2026, 9, 15, 9, 42, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def demo_call() -> Path:
    if not DEMO_CALL.is_file():
        pytest.skip("the demo call resources/demo/call.wav is not there")
    return DEMO_CALL


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path / "desk", b"k" * 32) as opened:
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[AudioServer]:
    serving = AudioServer()
    await serving.start()
    yield serving
    await serving.close()


@dataclass
class Room:
    """The conversations with everything around them."""

    records: Records
    recordings: Recordings
    worker: LanguageWorker
    conversations: Conversations
    organization_id: str
    notices: list[Notice] = field(default_factory=list)

    def header(self, interaction_id: str, kind: str = "call") -> Header:
        party = Party("Gareth Pemberly", "Tolland Castings plc")
        return Header(interaction_id, kind, STARTED, party, Trader("Hannah Osgood"))  # type: ignore[arg-type]

    def interaction(self, kind: str = "call", status: str = "live", recording: str | None = None) -> str:
        row = Interaction(
            id=new_id(),
            kind=kind,
            direction="inbound",
            status=status,
            organization_id=self.organization_id,
            started_at=STARTED,
            recording=recording,
        )
        with self.records.change("test") as change:
            change.add(row)
        return row.id

    def rows(self, interaction_id: str, pass_: str) -> list[TranscriptSegment]:
        with self.records.read() as session:
            query = select(TranscriptSegment).where(
                TranscriptSegment.interaction_id == interaction_id, TranscriptSegment.pass_ == pass_
            )
            return list(session.scalars(query.order_by(TranscriptSegment.seq)))

    def stored(self, interaction_id: str) -> Interaction:
        with self.records.read() as session:
            row = session.get(Interaction, interaction_id)
            assert row is not None
            return row


async def _until(
    state: State[ConversationState], true: Callable[[ConversationState], bool], seconds: float = 150
) -> ConversationState:
    """Waits until a state of the conversation fulfils the condition."""
    changed = asyncio.Event()
    stop = state.subscribe(lambda _: changed.set())
    try:
        async with asyncio.timeout(seconds):
            while not true(state.value):
                changed.clear()
                await changed.wait()
    finally:
        stop()
    return state.value


Until = Callable[..., Awaitable[ConversationState]]


@pytest.fixture
def until() -> Until:
    return _until


def furnish(records: Records) -> str:
    """A customer with a contact and a holding, the desk's trader, three securities."""
    organization = Organization(id=new_id(), name="Tolland Castings plc", short_name="Tolland", kind="corporate")
    instruments = [
        Instrument(
            id=new_id(),
            kind="fx",
            symbol=symbol,
            name=symbol,
            currency=symbol[3:],
            aliases=aliases,
            price_type="rate",
            price_decimals=4,
            reference_price=Decimal(price),
        )
        for symbol, price, aliases in (
            ("AUDUSD", "0.66", ["aussie"]),
            ("EURUSD", "1.1680", ["euro dollar"]),
            ("GBPUSD", "1.3105", ["cable"]),
        )
    ]
    with records.change("test") as change:
        change.add(organization)
        change.add(User(id=new_id(), name="Hannah Osgood", initials="HO", desk="FX", email="h@example.test"))
        change.add(Contact(id=new_id(), organization_id=organization.id, name="Gareth Pemberly"))
        change.add_all(instruments)
        change.add(
            Holding(
                id=new_id(),
                organization_id=organization.id,
                instrument_id=instruments[2].id,
                quantity=Decimal(5),
                average_price=Decimal(1),
                as_of=STARTED.date(),
            )
        )
    return organization.id


@pytest.fixture
async def room(records: Records) -> AsyncIterator[Room]:
    """Conversations whose speech process is not started: calls are recorded, the words come another time."""
    recordings = Recordings.beside(records)
    worker = LanguageWorker(looks=False)
    notices: list[Notice] = []
    conversations = Conversations(records, recordings, worker, notify=notices.append)
    made = Room(records, recordings, worker, conversations, furnish(records), notices)
    yield made
    await conversations.close()


class Ringing:
    """A call's audio at the turret, with sound that says where it is."""

    def __init__(self, server: AudioServer, name: str = "call-1", rate: int = 8000) -> None:
        self.audio = CallAudio(name, rate)
        self.url = server.offer(self.audio)
        self._said = 0
        self.pcm = b""

    def speak(self, seconds: float) -> None:
        samples = np.arange(self._said, self._said + int(seconds * self.audio.rate))
        both = np.stack([samples % 30000, -(samples % 20000)], axis=1).astype("<i2").tobytes()
        self._said += len(samples)
        self.pcm += both
        self.audio.append(both)


Ring = Callable[[str], Ringing]


@pytest.fixture
def ring(server: AudioServer) -> Iterator[Ring]:
    calls: list[Ringing] = []

    def make(name: str) -> Ringing:
        calls.append(Ringing(server, name))
        return calls[-1]

    yield make
    for call in calls:
        call.audio.end()  # the server waits for its readers


@pytest.fixture
def ringing(ring: Ring) -> Ringing:
    return ring("call-1")
