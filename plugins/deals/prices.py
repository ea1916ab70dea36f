"""The market as deals are read against it: a security's quote, and mid rates of all pairs."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from app.brokerage.credit import Rates
from app.market.book import PriceBook
from plugins.deals.reading import Market
from plugins.deals.ticket import Security


class DealingPrices:
    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def market(self, security: Security | None) -> Market:
        quote = self._book.quote(security.id) if security is not None else None
        return Market() if quote is None else Market(quote.bid, quote.ask, quote.stale)

    def rates(self, securities: Iterable[Security]) -> Rates:
        """Mid rates of all pairs: live where there is a price, else the last close."""
        pairs: dict[str, Decimal] = {}
        for security in securities:
            if security.pair is not None:
                quote = self._book.quote(security.id)
                rate = quote.mid if quote is not None else security.reference_price
                if rate is not None:
                    pairs[security.pair] = rate
        return Rates(pairs)
