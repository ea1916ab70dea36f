"""A summary is short, whatever was said, and names what else was spoken of."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest

from nlp.language import analyse
from nlp.language.model import Dialogue, Header, Party, Trader, Turn
from nlp.summary import summarise
from nlp.summary.rewording import sentences
from tests.nlp_language.labelled_talks import FIELDS, Labelled, talks

FULL = [talk for talk in talks("tuned") if sum(bool(talk.truth[kind]) for kind in FIELDS) >= 4]


def summary(dialogue: Dialogue) -> str:
    return summarise(dialogue, analyse(dialogue))


def chat(*lines: str) -> Dialogue:
    turns = tuple(Turn("trader" if n % 2 else "client", n * 5.0, n * 5.0 + 4, line) for n, line in enumerate(lines))
    started = datetime.fromisoformat("2026-06-10T09:00:00+01:00")
    return Dialogue(Header("s", "chat", started, Party("Ada Quill", "Ferrol Marine"), Trader("Ben Osk")), turns)


@pytest.mark.parametrize("talk", FULL, ids=lambda talk: talk.name)
def test_a_summary_has_two_to_five_sentences(talk: Labelled) -> None:
    assert 2 <= len(sentences(summary(talk.dialogue))) <= 5


def test_there_are_full_talks() -> None:
    assert len(FULL) >= 5


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("ur w8 form on file runs out", "w8 form"),
        ("the other one is quick, your L E I, it lapsed in april", "LEI"),
        ("i want a proper root cause", "root cause"),
        ("is the tokyo trip still on", "tokyo"),
        ("the accountants want an effectiveness test for the hedges", "effectiveness test"),
        ("we will be above the settlement limit on two days", "settlement limit"),
    ],
)
def test_a_matter_is_named_however_it_is_written(line: str, named: str) -> None:
    assert named in summary(chat("morning", "hi ada", line, "noted"))


def test_the_bonds_spoken_of_are_named_once_in_full() -> None:
    told = summary(
        chat(
            "offer 2m Fenwick Water 5 1/8 jun 33 pls", "98.40", "ok mine", "done, you buy 2m Fenwick Water 33 at 98.40"
        )
    )
    assert "about Fenwick Water." in told
    assert told.count("June 33") == 1


@pytest.mark.parametrize(
    ("asked", "named"), [("jun 33", "June 33"), ("june 2033", "June 2033"), ("june thirty-three", "June thirty-three")]
)
def test_a_bonds_year_stands_as_it_was_said(asked: str, named: str) -> None:
    told = summary(chat(f"offer 2m Fenwick Water 5 1/8 {asked} pls", "98.40", "ok mine", "done at 98.40"))
    assert named in told


def test_what_was_called_off_of_a_deals_order_is_told() -> None:
    told = summary(
        chat(
            "sell 60,000 ORVT over the day, vwap, not below 18.20",
            "37,500 gone, average 18.47",
            "halt it",
            "halted, remaining 22,500 taken out of the mkt. final is 37,500 ORVT sold at 18.47 avg",
            "ok 37500 x 18.47 good for me",
        )
    )
    assert "22,500" in told


def test_who_answered_the_telephone_is_no_matter_that_was_spoken_of() -> None:
    lines = (
        ("trader", "Northmere FX, Hannah speaking."),
        ("client", "Morning Hannah. Usual settlement instructions for the payroll, please."),
        ("trader", "I'll send the confirmation before close."),
        ("client", "Perfect. Cheers Hannah."),
    )
    turns = tuple(Turn(who, n * 5.0, n * 5.0 + 4, text) for n, (who, text) in enumerate(lines))  # type: ignore[arg-type]
    started = datetime.fromisoformat("2026-06-10T09:00:00+01:00")
    call = Dialogue(Header("s", "call", started, Party("Ada Quill", "Ferrol Marine"), Trader("Maya Kessler")), turns)
    assert "Hannah" not in summary(call)
    misheard = msgspec.structs.replace(turns[0], text="Northmere FX and a speaking.")
    assert "Hannah" not in summary(msgspec.structs.replace(call, turns=(misheard, *turns[1:])))


def test_what_was_wanted_and_not_done_is_told() -> None:
    told = summary(
        chat(
            "need to pay fixed on 90m eur 8y vs 6m euribor, eff 22 jun",
            "can only do 50 now, credit has to look at the other 40",
            "ok, px on 50?",
            "2.784 on 50m eur 8y",
            "done",
            "done, you pay 2.784 on 50m EUR 8y",
        )
    )
    assert "the other EUR 40 million was left open" in told


def test_the_kind_of_trade_is_told_and_no_nonsense() -> None:
    told = summary(
        chat(
            "hi, i want a flattener",
            "ok",
            "ust 4.125 may 36, sell 10m. Model says par",
            "98-11 / 98-12. Plus nothing",
            "sold at 98-11",
            "done, you sell 10m ust 4.125 may 36 at 98-11",
        )
    )
    assert "a flattener" in told
    assert not {"model", "par", "plus"} & set(told.lower().replace(",", " ").replace(".", " ").split())


def test_the_rest_of_a_spelled_abbreviation_is_no_share() -> None:
    told = summary(chat("why is oil up?", "It's the O P E C headlines, and there's C V A in our price too.", "ok"))
    assert "PEC" not in told.split("“")[0]
