"""Messages as the inspector keeps them: what they are about, bounds, filters, answers, recordings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.inspector.log import MessageLog
from plugins.inspector.recording import NotARecording, Recording, lines, load
from plugins.inspector.seen import Filter, Party, Seen, formatted, read
from plugins.inspector.tables import between, latency, size

NOW = dt.datetime(2026, 11, 24, 10, 42, 31, tzinfo=dt.UTC)
CRM, TURRET, PRICING = Party("crm", "c0ffee"), Party("turret", "7e11"), Party("pricing", "9999")


def seen(number: int, kind: str, *, by: Party = CRM, uuid: str = "", after: float = 0.0, **payload: Any) -> Seen:
    message = {"type": kind, "payload": payload, "meta": {"requestUuid": uuid}}
    direction: Any = "in" if kind.endswith("Request") else "out"
    return read(number, NOW + dt.timedelta(seconds=after), direction, (by,), msgspec.json.encode(message))


def numbers(log: MessageLog) -> list[int]:
    return [row.number for row in log.shown]


@pytest.mark.parametrize(
    ("kind", "payload", "about"),
    [
        ("broadcastRequest", {"channelId": "c.6", "context": {"type": "fdc3.contact"}}, "c.6 · fdc3.contact"),
        ("raiseIntentRequest", {"intent": "ViewProfile", "app": {"appId": "crm"}}, "ViewProfile · crm"),
        ("raiseIntentResponse", {"intentResolution": {"source": {"appId": "crm"}, "intent": "X"}}, "X · crm"),
        ("raiseIntentResultResponse", {"intentResult": {"channel": {"id": "p1", "type": "private"}}}, "p1"),
        ("channelChangedEvent", {"newChannelId": None}, ""),
        ("addContextListenerRequest", {"channelId": None, "contextType": "fdc3.order"}, "fdc3.order"),
        ("addContextListenerRequest", {"channelId": 7, "contextType": ["?"]}, ""),
    ],
)
def test_a_message_says_what_it_is_about(kind: str, payload: dict[str, Any], about: str) -> None:
    assert seen(0, kind, **payload).about == about


def test_an_answer_finds_its_request_and_both_tell_the_time_it_took() -> None:
    log = MessageLog()
    log.add(seen(0, "raiseIntentRequest", uuid="a"))
    log.add(seen(1, "raiseIntentRequest", uuid="a", by=TURRET))
    log.add(seen(2, "raiseIntentResponse", uuid="a", after=0.25))
    log.add(seen(3, "raiseIntentResultResponse", uuid="a", after=2.0))
    assert [row.latency for row in log.shown] == [0.25, None, 0.25, 2.0]


def test_the_filter_looks_at_text_app_and_sort() -> None:
    log = MessageLog()
    log.add(seen(0, "broadcastRequest", context={"type": "fdc3.contact", "name": "Sarah Whitcombe"}))
    log.add(seen(1, "broadcastEvent", by=TURRET, context={"type": "fdc3.contact", "name": "Sarah Whitcombe"}))
    log.add(seen(2, "openResponse", error="AppTimeout"))

    def found(**wanted: Any) -> list[int]:
        log.filter(Filter(**wanted))
        return numbers(log)

    assert found(text="whitcombe") == [0, 1]
    assert found(text="WHITCOMBE", app="turret") == [1]
    assert found(sort="event") == [1]
    assert found(sort="error") == [2]
    assert [row.number for row in log.timed_out()] == [2]
    log.add(seen(3, "broadcastEvent"))
    assert numbers(log) == [2]
    assert found() == [0, 1, 2, 3]


def test_memory_is_bounded_by_number_and_by_size() -> None:
    log = MessageLog(most=3)
    for number in range(5):
        log.add(seen(number, "broadcastRequest", uuid=str(number)))
    assert (numbers(log), log.dropped, log.apps) == ([2, 3, 4], 2, ("crm",))
    small = MessageLog(most_bytes=1000)
    small.add(seen(0, "broadcastRequest", by=TURRET, context={"type": "x", "text": "x" * 600}))
    small.add(seen(1, "broadcastRequest", context={"type": "x", "text": "x" * 600}))
    small.add(seen(2, "broadcastRequest", context={"type": "x", "text": "x" * 6000}))
    assert (numbers(small), small.apps) == ([2], ("crm",))
    small.clear()
    assert (len(small), small.apps, small.dropped) == (0, (), 0)


@settings(deadline=None)  # a busy machine is no fault of the log
@given(
    st.lists(st.tuples(st.sampled_from(["broadcastRequest", "broadcastResponse", "broadcastEvent"]), st.integers(0, 3)))
)
def test_what_is_shown_is_always_what_the_filter_lets_pass(messages: list[tuple[str, int]]) -> None:
    log = MessageLog(most=5)
    wanted = Filter(sort="answer")
    log.filter(wanted)
    for number, (kind, uuid) in enumerate(messages):
        log.add(seen(number, kind, uuid=str(uuid)))
        part = log.shown
        log.filter(Filter())
        whole = log.shown
        log.filter(wanted)
        assert part == tuple(row for row in whole if wanted.passes(row))
        assert [row.number for row in whole] == list(range(max(0, number - 4), number + 1))


def test_a_recording_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    rows = [seen(0, "broadcastRequest", context={"type": "fdc3.contact"}), seen(1, "broadcastEvent", by=PRICING)]
    recording = Recording(path, NOW)
    recording.write(lines(rows))
    recording.write(b'{"at": "yesterday"}\nnot json\n')
    recording.close()
    assert path.stat().st_mode & 0o077 == 0
    found = load(path)
    assert (list(found.rows), found.older, found.bad) == (rows, 0, 2)


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b'{"format":"fdc3-recording","version":2,"began":"2026-11-24T10:00:00Z"}\n']
)
def test_another_file_is_no_recording(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(NotARecording, match=r"x\.jsonl"):
        load(tmp_path / "x.jsonl")


def test_texts_of_a_row() -> None:
    asked, told = seen(0, "broadcastRequest"), read(1, NOW, "out", (CRM, TURRET, PRICING), b"{")
    assert (between(asked), between(told), told.kind) == ("crm →", "→ crm and 2 more", "unreadable")
    assert [size(n) for n in (312, 1400, 2_500_000)] == ["312 B", "1.4 kB", "2.5 MB"]
    assert [latency(s) for s in (None, 0.0004, 2.34)] == ["", "0.4 ms", "2.3 s"]
    assert formatted(b'{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert formatted(b"[" * 3, 2).startswith("[[\n…")
