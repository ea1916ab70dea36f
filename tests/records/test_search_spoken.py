"""Words are found in every talk, in the best transcript there is, with the moment at which they were said."""

from __future__ import annotations

import datetime as dt

import pytest

from app.records.search import Spoken, search_spoken
from app.records.store import Records
from app.records.tables import Interaction, Organization, TranscriptSegment

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def talks(records: Records) -> Records:
    with records.change("user:1") as change:
        change.add(Organization(id="tolland", name="Tolland Castings plc", short_name="Tolland", kind="corporate"))
        change.session.flush()
        for name, kind, days in (("old", "call", 9), ("new", "call", 1), ("chat", "chat", 3)):
            started = NOW - dt.timedelta(days=days)
            change.add(
                Interaction(
                    id=name,
                    kind=kind,
                    direction="inbound",
                    status="ended",
                    organization_id="tolland",
                    started_at=started,
                )
            )
        change.session.flush()
        for talk, seq, pass_, who, start, text, words in (
            ("old", 0, "live", "client", 4.0, "where are buns", []),
            ("old", 0, "final", "client", 4.2, "Where are Bunds?", [[4.2, 4.5, 1.0], [4.6, 4.8, 1.0], [5.0, 5.6, 0.9]]),
            ("old", 1, "final", "trader", 9.0, "bunds are bid", []),
            ("new", 0, "live", "client", 1.0, "any bunds today", []),
            ("chat", 0, "final", "client", 30.0, "ten year bund?", []),
        ):
            change.add(
                TranscriptSegment(
                    interaction_id=talk,
                    seq=seq,
                    pass_=pass_,
                    who=who,
                    start=start,
                    end=start + 2,
                    text=text,
                    words=words,
                )
            )
    return records


def places(records: Records, text: str, limit: int = 100) -> list[tuple[str, str, float]]:
    with records.read() as session:
        return [(hit.interaction_id, hit.who, hit.at) for hit in search_spoken(session, text, limit)]


def test_every_place_is_found_the_newest_talk_first(talks: Records) -> None:
    assert places(talks, "bund") == [
        ("new", "client", 1.0),
        ("chat", "client", 30.0),
        ("old", "client", 5.0),
        ("old", "trader", 9.0),
    ]


def test_what_the_final_pass_put_right_is_not_found_as_it_was_misheard(talks: Records) -> None:
    assert places(talks, "buns") == []


def test_all_words_have_to_be_in_the_turn(talks: Records) -> None:
    assert places(talks, "are bunds") == [("old", "client", 4.6), ("old", "trader", 9.0)]
    assert places(talks, "bunds cable") == []


def test_a_hit_says_who_said_what_to_whom(talks: Records) -> None:
    with talks.read() as session:
        (first, *_) = search_spoken(session, "today")
    assert first == Spoken("new", "call", "Tolland", NOW - dt.timedelta(days=1), "client", 1.0, 1.0, "any bunds today")


@pytest.mark.parametrize("text", ["", " ", "b", '"', "NOT", "a OR b)", "*"])
def test_any_text_is_safe(talks: Records, text: str) -> None:
    assert places(talks, text) == []


def test_no_more_places_than_asked_for(talks: Records) -> None:
    assert len(places(talks, "bunds", limit=2)) == 2
