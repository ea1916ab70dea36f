"""The price book: conflation, versions, history, staleness."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.market.book import PriceBook, Tick

AT = dt.datetime(2026, 11, 21, 9, 0, tzinfo=dt.UTC)


def tick(name: str, bid: str, ask: str, size: int = 0) -> Tick:
    return Tick(name, Decimal(bid), Decimal(ask), size)


def test_the_last_tick_of_a_batch_is_the_quote() -> None:
    book = PriceBook()
    book.set_open("vod", Decimal("98.40"))
    book.update([tick("vod", "98.40", "98.44"), tick("vod", "98.412", "98.486", 1_000_000)], AT)
    quote = book.quote("vod")
    assert quote is not None
    assert (quote.bid, quote.ask, quote.size) == (Decimal("98.412"), Decimal("98.486"), 1_000_000)
    assert quote.change == Decimal("0.049")
    assert quote.spread_bp is not None
    assert round(quote.spread_bp, 1) == Decimal("7.5")
    assert book.quote("enel") is None


def test_a_reader_is_told_only_what_changed_since_it_last_asked() -> None:
    book = PriceBook()
    book.update([tick("a", "1", "2"), tick("b", "1", "2")], AT)
    version, names = book.changed_since(0)
    assert sorted(names) == ["a", "b"]
    assert book.changed_since(version) == (version, [])
    book.update([tick("b", "1.5", "2"), tick("b", "1.6", "2")], AT)
    later, names = book.changed_since(version)
    assert names == ["b"]
    assert later > version


@given(st.lists(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 9)), max_size=6), max_size=12), st.data())
def test_readers_at_any_pace_end_with_the_same_prices(
    batches: list[list[tuple[str, int]]], data: st.DataObject
) -> None:
    book = PriceBook()
    version, mine = 0, {}
    for batch in batches:
        book.update([Tick(name, Decimal(price), Decimal(price + 1)) for name, price in batch], AT)
        if data.draw(st.booleans()):
            version, names = book.changed_since(version)
            mine.update({name: book.quote(name) for name in names})
    _, names = book.changed_since(version)
    mine.update({name: book.quote(name) for name in names})
    truth = {name: price for batch in batches for name, price in batch}
    assert {name: int(quote.bid) for name, quote in mine.items() if quote} == truth


def test_a_price_that_repeats_stays_as_old_as_its_last_move() -> None:
    book = PriceBook()
    book.update([tick("a", "1", "2")], AT)
    book.update([tick("a", "1", "2")], AT + dt.timedelta(seconds=5))
    quote = book.quote("a")
    assert quote is not None
    assert (quote.at - AT).total_seconds() == 5
    assert quote.moved_at == AT


def test_stale_prices_stay_readable_and_say_so() -> None:
    book = PriceBook()
    book.update([tick("a", "1", "2")], AT)
    book.update([tick("b", "1", "2")], AT + dt.timedelta(seconds=10))
    version = book.version
    book.mark_stale(AT + dt.timedelta(seconds=5))
    assert [name for name in "ab" if (quote := book.quote(name)) and quote.stale] == ["a"]
    assert book.changed_since(version)[1] == ["a"]
    book.update([tick("a", "1", "2")], AT + dt.timedelta(seconds=11))
    assert not (quote := book.quote("a")) or not quote.stale


def test_history_keeps_the_last_mid_of_each_second_for_some_minutes() -> None:
    book = PriceBook(history_minutes=1)
    for half_second in range(0, 200):
        price = Decimal(half_second)
        book.update([Tick("a", price, price + 2)], AT + dt.timedelta(milliseconds=500 * half_second))
    history = book.history("a")
    assert len(history.seconds) == len(history.mids) == 60
    assert history.seconds[-1] == AT.timestamp() + 99
    assert list(history.mids[-2:]) == [198.0, 200.0]
    assert len(book.history("a", minutes=0.5).seconds) == 31
    assert len(book.history("none").seconds) == 0


def test_the_rate_counts_updates_of_the_last_seconds() -> None:
    now = [100.0]
    book = PriceBook(monotonic=lambda: now[0])
    assert book.updates_per_second() == 0
    for _ in range(100):
        book.update([tick("a", "1", "2")] * 20, AT)
        now[0] += 0.02
    assert round(book.updates_per_second()) == 1000
    now[0] += 10
    assert book.updates_per_second() == 0
