"""One recogniser serves several conversations: words first, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nlp.audio.channels import Channel
from nlp.speech.live import Utterance
from nlp.speech.work import Work


def utterance(
    call: str,
    *,
    ended: bool = True,
    key: int = 0,
    who: Channel = "client",
    paused: bool = False,
    early: bool = False,
) -> Utterance:
    return Utterance(call, who, 0.0, 1.0, np.zeros(10, dtype=np.float32), 0.0, ended, 0.0, key, paused, early)


def steps() -> Iterator[None]:
    while True:
        yield


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_words_that_ended_go_before_looks_passes_and_analyses() -> None:
    work = Work(Watch())
    work.analysis("a")
    work.hang_up("b", steps())
    look, first, second = utterance("c", ended=False), utterance("a", who="trader"), utterance("c", who="trader")
    for one in (look, first, second):
        work.utterance(one)
    assert [work.next(0), work.next(0), work.next(0)] == [first, second, look]


def test_a_look_at_the_whole_waits_for_whoever_has_just_begun_and_goes_before_further_looks() -> None:
    work = Work(Watch())
    doubtful, end = utterance("a", ended=False, paused=True), utterance("b")
    begins, runs = utterance("c", ended=False, early=True), utterance("d", ended=False)
    for one in (doubtful, end):
        work.again(one)
    for one in (runs, begins):
        work.utterance(one)
    assert [work.next(0) for _ in range(4)] == [begins, end, doubtful, runs]


def test_a_side_that_has_gone_on_is_not_looked_at_as_a_whole_where_it_was() -> None:
    work = Work(Watch())
    further = utterance("a", ended=False, key=2)
    work.utterance(further)
    work.again(utterance("a", ended=False, key=1, paused=True))
    assert [work.next(0), work.next(0)] == [further, None]


def test_of_several_looks_at_one_side_only_the_newest_counts_and_the_end_replaces_it() -> None:
    work = Work(Watch())
    work.utterance(utterance("a", ended=False, key=1))
    newest = utterance("a", ended=False, key=2)
    work.utterance(newest)
    assert work.next(0) is newest
    assert work.next(0) is None
    work.utterance(utterance("a", ended=False, key=3))
    end = utterance("a", key=3)
    work.utterance(end)
    assert [work.next(0), work.next(0)] == [end, None]


def test_passes_and_analyses_take_turns_conversation_by_conversation() -> None:
    work = Work(Watch())
    first, second = steps(), steps()
    work.hang_up("a", first)
    work.hang_up("b", second)
    work.analysis("chat")
    assert [work.next(0) for _ in range(4)] == [first, "chat", second, first]


def test_analyses_of_one_conversation_keep_a_distance_and_coalesce() -> None:
    watch = Watch()
    work = Work(watch)
    work.analysis("a")
    assert work.next(0) == "a"
    work.analysed("a", 1.0)
    work.analysis("a")
    work.analysis("a")
    assert work.next(0) is None
    watch.now += 3.1
    assert [work.next(0), work.next(0)] == ["a", None]


def test_a_forgotten_conversation_has_no_jobs() -> None:
    work = Work(Watch())
    work.utterance(utterance("a"))
    work.hang_up("a", steps())
    work.analysis("a")
    work.forget("a")
    assert work.next(0) is None


def test_what_a_phrase_that_ended_means_is_not_waited_for() -> None:
    watch = Watch()
    work = Work(watch)
    work.analysis("a")
    assert work.next(0) == "a"
    work.analysed("a", 2.0)
    work.analysis("a")
    assert work.next(0) is None
    work.analysis("a", at_once=True)
    assert work.next(0) == "a"
    assert work.next(0) is None


def test_a_look_at_a_pause_goes_before_the_others_and_what_it_means_before_them_too() -> None:
    work = Work(Watch())
    running, pause = utterance("a", ended=False), utterance("b", ended=False, paused=True)
    work.utterance(running)
    work.utterance(pause)
    assert work.next(0) is pause
    work.analysis("b", at_once=True)
    assert [work.next(0), work.next(0)] == ["b", running]


def test_who_has_just_begun_goes_before_who_is_shown_already_also_when_looked_at_again() -> None:
    work = Work(Watch())
    begun, running = utterance("a", ended=False, early=True), utterance("b", ended=False)
    work.utterance(running)
    work.utterance(begun)
    assert [work.next(0), work.next(0)] == [begun, running]
    later = utterance("a", ended=False)
    for look in (running, begun, later):
        work.utterance(look)
    assert [work.next(0), work.next(0)] == [later, running]
