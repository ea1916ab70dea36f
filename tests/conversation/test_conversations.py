"""A call and a chat through the real speech process into the real records."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.conversation import reference
from app.market.book import PriceBook, Tick
from app.records.tables import Interaction
from app.services import utc_now
from nlp.audio import load

if TYPE_CHECKING:
    from tests.conversation.conftest import Ringing, Room, Until

SECONDS = 20.0


def sound(path: Path, first: float, last: float) -> bytes:
    call = load(path)
    if call.rate != 8000:
        pytest.skip("these tests play telephone sound")
    both = np.stack([call.trader, call.client], axis=1).astype("<i2")
    return both[int(first * 8000) : int(last * 8000)].tobytes()


@pytest.mark.speech
async def test_a_call_becomes_words_facts_and_records(
    room: Room, ringing: Ringing, demo_call: Path, until: Until
) -> None:
    await room.conversations.start()
    call = room.interaction()
    transcribed: list[str] = []
    room.conversations.on_transcribed(transcribed.append)
    state = await room.conversations.open_call(
        call, ringing.url, room.header(call), organization_id=room.organization_id
    )
    ringing.audio.append(sound(demo_call, 0, SECONDS))
    now = await until(state, lambda now: len(now.segments) >= 4 and now.analysis is not None)
    assert now.speech == "live"
    assert {segment.pass_ for segment in now.segments} == {"live"}
    assert [segment.start for segment in now.segments] == sorted(segment.start for segment in now.segments)
    assert now.talk_share is not None and 0 < now.talk_share < 1  # noqa: PT018
    ringing.audio.end()
    await room.conversations.end(call)
    assert state.value.phase in ("ended", "refined")
    now = await until(state, lambda now: now.phase == "refined")
    assert {segment.pass_ for segment in now.segments} == {"final"}
    assert transcribed == [call]
    await room.conversations.close()
    assert len(room.rows(call, "live")) >= 4
    assert [row.text for row in room.rows(call, "final")] == [segment.text for segment in now.segments]
    assert room.stored(call).talk_share == now.talk_share
    assert room.notices == []


@pytest.mark.speech
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is not there")
async def test_a_speech_process_killed_in_mid_call_and_at_hang_up_costs_no_word(
    room: Room, ringing: Ringing, demo_call: Path, until: Until
) -> None:
    await room.conversations.start()
    call = room.interaction()
    state = await room.conversations.open_call(call, ringing.url, room.header(call))
    ringing.audio.append(sound(demo_call, 0, 11))
    await until(state, lambda now: len(now.segments) >= 2)
    os.kill(room.worker.pid, signal.SIGKILL)  # type: ignore[arg-type]
    await until(state, lambda now: now.speech == "restarting")
    ringing.audio.append(sound(demo_call, 11, SECONDS))
    await until(state, lambda now: now.speech == "live")
    await until(state, lambda now: any(segment.start > 12 for segment in now.segments))
    ringing.audio.end()
    await room.conversations.end(call)
    os.kill(room.worker.pid, signal.SIGKILL)  # type: ignore[arg-type]
    now = await until(state, lambda now: now.phase == "refined")
    assert now.segments[0].start < 4
    assert now.segments[-1].end > SECONDS - 4


@pytest.mark.speech
async def test_a_recording_left_without_words_gets_them_at_the_next_start(
    room: Room, demo_call: Path, until: Until
) -> None:
    call = room.interaction(status="ended")
    with room.recordings.writer(call, 8000, 2) as writer:
        writer.append(sound(demo_call, 0, 7))
    with room.records.change("test") as change:
        change.update(Interaction, call, recording=f"{call}.rec")
    transcribed = asyncio.Event()
    room.conversations.on_transcribed(lambda _: transcribed.set())
    await room.conversations.start()
    await room.conversations.resume_pending()
    await asyncio.wait_for(transcribed.wait(), 150)
    assert room.conversations.state(call).value.phase == "refined"
    await room.conversations.close()
    assert len(room.rows(call, "final")) >= 2
    assert room.stored(call).status == "ended"


@pytest.mark.speech
async def test_a_chat_is_stored_message_by_message_and_understood(room: Room, until: Until) -> None:
    await room.conversations.start()
    chat = room.interaction("chat")
    state = await room.conversations.open_chat(chat, room.header(chat, "chat"), organization_id=room.organization_id)
    await room.conversations.add_message(chat, "client", 0.0, "hi, price in 5m cable please")
    await room.conversations.add_message(chat, "trader", 12.5, "1.3105/08")
    await until(state, lambda now: now.analysis is not None and len(now.analysis.turns) == 2)
    await room.conversations.end(chat)
    now = await until(state, lambda now: now.phase == "refined")
    assert [(segment.who, segment.start, segment.pass_) for segment in now.segments] == [
        ("client", 0.0, "final"),
        ("trader", 12.5, "final"),
    ]
    await room.conversations.close()
    assert [row.text for row in room.rows(chat, "final")] == ["hi, price in 5m cable please", "1.3105/08"]


def test_the_reference_names_what_the_customer_holds_first_with_live_prices(room: Room) -> None:
    book = PriceBook()
    with room.records.read() as session:
        plain = reference.build(session, room.organization_id)
        book.update([Tick(plain.instruments[0].id, Decimal("1.30"), Decimal("1.32"))], utc_now())
        priced = reference.build(session, room.organization_id, book)
        stranger = reference.build(session, None)
    assert [one.symbol for one in plain.instruments] == ["GBPUSD", "AUDUSD", "EURUSD"]
    assert (plain.instruments[0].price, priced.instruments[0].price) == (Decimal("1.3105"), Decimal("1.31"))
    assert plain.names == ("Gareth Pemberly", "Tolland Castings plc", "Tolland", "Hannah Osgood")
    assert [one.symbol for one in stranger.instruments] == ["AUDUSD", "EURUSD", "GBPUSD"]
    assert stranger.names == ("Hannah Osgood",)


@pytest.mark.speech
async def test_a_call_without_sound_says_so_and_comes_to_its_end(room: Room, until: Until) -> None:
    await room.conversations.start()
    call = room.interaction()
    state = await room.conversations.open_chat(call, room.header(call))
    assert state.value.audio.startswith("The turret gives no sound for this call")
    await room.conversations.end(call)
    now = await until(state, lambda now: now.phase == "refined")
    assert now.segments == ()
    assert room.conversations.header(call).client.contact == "Gareth Pemberly"
