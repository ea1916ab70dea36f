"""A language model on this computer rewords a summary: over real HTTP, within its time, and what differs is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from nlp.summary.local_model import LARGEST_ANSWER, BadModelAddress, LocalModel, NotReworded
from tests.local_model_server import LocalModelServer, serving

SUMMARY = (
    "Gareth Pemberly of Tolland Castings plc spoke with Hannah Osgood about EURUSD. The client bought EUR 15 million "
    "EURUSD spot at 1.1678, value 17 September."
)
REWORDED = SUMMARY.replace("spoke with", "talked to").replace(", value", " for value on")


@pytest.fixture
def server() -> Iterator[LocalModelServer]:
    yield from serving()


async def refused(model: LocalModel) -> str:
    with pytest.raises(NotReworded) as caught:
        await model.reword(SUMMARY)
    return str(caught.value)


async def test_a_good_text_is_taken_as_one_paragraph(server: LocalModelServer) -> None:
    server.answer = lambda _: "\n" + REWORDED.replace(". The", ".\n\nThe") + "\n"
    assert await LocalModel.parse(server.url).reword(SUMMARY) == REWORDED


async def test_the_request_is_a_chat_completion_with_nothing_left_to_chance(server: LocalModelServer) -> None:
    await LocalModel.parse(f"{server.url}/v1/", "qwen2.5:7b").reword(SUMMARY)
    await LocalModel.parse(server.url).reword(SUMMARY)
    (path, named), (_, unnamed) = server.asked
    assert path == "/v1/chat/completions"
    assert (named["model"], named["temperature"], named["stream"]) == ("qwen2.5:7b", 0, False)
    assert [each["role"] for each in named["messages"]] == ["system", "user", "assistant", "user"]
    assert named["messages"][-1]["content"] == SUMMARY
    assert "model" not in unnamed


async def test_a_text_with_another_number_is_refused(server: LocalModelServer) -> None:
    server.answer = lambda summary: summary.replace("15 million", "15.5 million")
    assert await refused(LocalModel.parse(server.url)) == (
        "The reworded text was not taken: it says “15.5 million” where the summary says “15 million”."
    )


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"choices": [', "gave an answer that cannot be read"),
        (200, b"\xff\xfe", "gave an answer that cannot be read"),
        (200, b'{"choices": []}', "gave an answer that cannot be read"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "gave an answer that cannot be read"),
        (200, b" " * (LARGEST_ANSWER + 1), "answered with more than any summary"),
        (500, b'{"error": "out of memory"}', "answered with status 500"),
        (404, b"model not found", "answered with status 404"),
        (302, b"", "answered with status 302"),
        (0, b"", "broke off its answer"),
    ],
)
async def test_a_broken_answer_is_told_in_a_sentence(
    server: LocalModelServer, status: int, body: bytes, said: str
) -> None:
    server.answer = lambda _: (status, body)
    sentence = await refused(LocalModel.parse(server.url))
    assert sentence == f"The summary was not reworded: the language model {said}."


async def test_an_answer_that_was_cut_off_is_refused(server: LocalModelServer) -> None:
    server.finish_reason = "length"
    assert "did not come to the end of its answer" in await refused(LocalModel.parse(server.url))


async def test_a_slow_model_is_not_waited_for(server: LocalModelServer) -> None:
    server.hold.clear()
    known = LocalModel.parse(server.url)
    assert "did not answer within 0.2 seconds" in await refused(LocalModel(known.url, seconds=0.2))


async def test_asking_can_be_cancelled(server: LocalModelServer) -> None:
    server.hold.clear()
    asking = asyncio.create_task(LocalModel.parse(server.url).reword(SUMMARY))
    async with asyncio.timeout(30):
        while not server.asked:
            await asyncio.sleep(0.005)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_model_that_does_not_run_is_named_by_its_address(server: LocalModelServer) -> None:
    server.close()
    assert f"is not running at {server.url}." in await refused(LocalModel.parse(server.url))


async def test_no_word_of_a_client_is_logged(server: LocalModelServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await LocalModel.parse(server.url).reword(SUMMARY)
        server.answer = lambda summary: summary.replace("Gareth", "Gary")
        await refused(LocalModel.parse(server.url))
    assert not any(word in caplog.text for word in ("Pemberly", "Gary", "1.1678", "Tolland"))


@pytest.mark.parametrize(
    "address",
    [
        "http://192.0.2.1:8080",
        "http://example.com/v1",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8080",
        "http://[2001:db8::1]:8080",
    ],
)
def test_only_this_computer_is_asked(address: str) -> None:
    with pytest.raises(BadModelAddress, match="is not on this computer: what clients say does not leave it"):
        LocalModel.parse(address)


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1", "on", "", "http://me@127.0.0.1", "http://127.0.0.1?key=1", "http://127.0.0.1:x"]
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(BadModelAddress):
        LocalModel.parse(address)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://localhost:11434", "http://127.0.0.1:11434/v1/chat/completions"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions"),
        ("http://[::1]:1234/", "http://[::1]:1234/v1/chat/completions"),
        ("http://127.0.0.1/v1/chat/completions", "http://127.0.0.1:80/v1/chat/completions"),
    ],
)
def test_the_usual_ways_to_write_its_address_are_understood(address: str, url: str) -> None:
    assert LocalModel.parse(address).url == url
