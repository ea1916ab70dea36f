"""The demo security master, and where its prices were on each day of the past two years."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.records.demo.draw import Draw, material
from app.records.tables import Instrument

# Relative daily moves, about those of quiet markets.
_DAILY_MOVE = {
    "fx": 0.0045,
    "ndf": 0.005,
    "government": 0.0022,
    "corporate": 0.0018,
    "equity": 0.014,
    "future": 0.004,
    "irs": 0.009,
    "commodity": 0.012,
}
_QUARTER = {3: "Mar", 6: "Jun", 9: "Sep", 12: "Dec"}


@dataclass(frozen=True, slots=True, eq=False)  # its prices would be hashed with it
class Security:
    """An instrument as the generator sees it. ``group``: fx, ndf, government, corporate, equity, future, irs, ..."""

    row: Instrument
    group: str
    weight: float
    prices: tuple[float, ...]  # one per working day of the history
    point: float  # currency value of one lot at a price of 1
    years: int  # term of a swap


@dataclass
class Market:
    securities: list[Security]
    by_name: dict[str, Security]  # by symbol and by ISIN
    by_group: dict[str, list[Security]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def load(cls, draw: Draw) -> Market:
        market = cls([], {})
        for group, lines in material("instruments.yaml").items():
            for line in lines:
                security = _security(draw, group, line)
                market.securities.append(security)
                market.by_group[group].append(security)
                market.by_name[security.row.symbol] = security
                if security.row.isin:
                    market.by_name[security.row.isin] = security
        return market

    @property
    def instruments(self) -> list[Instrument]:
        return [each.row for each in self.securities]

    def in_dollars(self, currency: str) -> float:
        """US dollars for one unit, at the last close."""
        if currency == "USD":
            return 1.0
        if direct := self.by_name.get(f"{currency}USD"):
            return direct.prices[-1]
        if inverse := self.by_name.get(f"USD{currency}"):
            return 1 / inverse.prices[-1]
        cross = self.by_name[f"EUR{currency}"]
        return self.in_dollars("EUR") / cross.prices[-1]


def _security(draw: Draw, group: str, line: dict[str, Any]) -> Security:
    symbol, name = str(line["symbol"]), str(line["name"])
    maturity = line.get("maturity")
    if group == "future":
        delivery = _next_delivery(draw.today)
        symbol, name = f"{symbol} {delivery}", f"{name} {delivery}"
    kind = {"ndf": "fx", "government": "bond", "corporate": "bond"}.get(group, group)
    unit = {"equity": "shares", "future": "lots"}.get(group, line.get("unit"))
    is_pair = kind == "fx"
    row = Instrument(
        id=draw.id(draw.first_moment),
        kind=kind,
        symbol=symbol,
        name=name,
        currency=symbol[3:] if is_pair else line["currency"],
        isin=line.get("isin"),
        ticker=line.get("ticker") or (symbol if group == "equity" else None),
        issuer=line.get("issuer"),
        coupon=Decimal(line["coupon"]) if "coupon" in line else None,
        maturity=maturity,
        aliases=list(line["aliases"]),
        price_type="rate" if kind in ("fx", "irs") else "price",
        price_decimals=line["decimals"],
        quantity_unit=unit,
        settle_days=line["settle"],
        reference_price=Decimal(line["price"]),
    )
    prices = _path(draw, float(line["price"]), _DAILY_MOVE[group])
    return Security(row, group, float(line.get("weight", 1)), prices, float(line.get("point", 1)), line.get("years", 0))


def _path(draw: Draw, last: float, move: float) -> tuple[float, ...]:
    """Walked backwards from the last close, drawn gently towards it so that old prices stay in sight of new ones."""
    prices = [last]
    for _ in draw.workdays[1:]:
        away = math.log(prices[-1] / last)
        prices.append(prices[-1] * math.exp(draw.chance.gauss(-0.01 * away, move)))
    return tuple(reversed(prices))


def _next_delivery(today: dt.date) -> str:
    month, year = today.month, today.year
    if today.day > 8:
        month += 1
    while month not in _QUARTER:
        month += 1
        if month > 12:
            month, year = 1, year + 1
    return f"{_QUARTER[month]} {year % 100:02d}"
