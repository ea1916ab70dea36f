"""Talks made by rule: the same business typed and spoken, with any pair, size, price and side."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from tests.nlp_language.fresh_talks import Talk
from tests.nlp_language.test_figures import spoken as whole

PAIRS = {  # pair: spoken name, spoken base, spoken quote, middle of the range, pips in one unit
    "EURUSD": ("euro-dollar", "euros", "US dollars", "1.16", 4),
    "GBPUSD": ("cable", "sterling", "US dollars", "1.33", 4),
    "EURGBP": ("euro-sterling", "euros", "sterling", "0.86", 4),
    "AUDUSD": ("Aussie-dollar", "Australian dollars", "US dollars", "0.66", 4),
    "USDCHF": ("dollar-Swiss", "dollars", "Swiss francs", "0.81", 4),
    "USDJPY": ("dollar-yen", "dollars", "yen", "151", 2),
}
SMALL_TALK = (
    "c: How was the weekend?\nt: Wet. We had twenty people for my daughter's party.",
    "c: Did you see the football?\nt: I did, three one, I turned it off after the second goal.",
    "t: How's the new office?\nc: Cold. They've put us on the fourteenth floor.",
    "c: Busy today?\nt: Like a Friday in August.",
)
HESITATIONS = ("um, ", "uh, ", "so, ", "well, ", "look, ")


@dataclass(frozen=True)
class Business:
    """One spot deal as agreed."""

    pair: str
    buys: bool
    millions: int
    pips: int  # above the middle of the range

    @property
    def price(self) -> Decimal:
        """The price dealt at."""
        middle, places = PAIRS[self.pair][3:]
        return Decimal(middle) + Decimal(self.pips).scaleb(-places)

    @property
    def deal(self) -> tuple[str, str, float, float]:
        """(side, pair, quantity, price), as the facts must say."""
        return "buy" if self.buys else "sell", self.pair, self.millions * 1e6, float(self.price)


businesses = st.builds(Business, st.sampled_from(sorted(PAIRS)), st.booleans(), st.integers(2, 90), st.integers(11, 98))


def typed(business: Business) -> str:
    """A chat's turns."""
    low = business.pair.lower()
    mine, done = ("mine", "buy") if business.buys else ("yours", "sell")
    way = "offer" if business.buys else "bid"
    price = f"{business.price:.{PAIRS[business.pair][4]}f}"
    size = business.millions
    return f"c: {low} {size}m {way} pls\nt: {price}\nc: {mine}\nt: done u {done} {size}m {low} at {price}\nc: agreed"


def spoken(business: Business) -> str:
    """The same in a call."""
    name, base, quote = PAIRS[business.pair][:3]
    way, take, verb = ("offer", "mine", "buy") if business.buys else ("bid", "yours", "sell")
    size, price = whole(business.millions), said(business)
    return (
        f"c: {name}, {size} million, where's your {way}?\nt: {price.capitalize()}.\nc: {take.capitalize()}.\n"
        f"t: Done. You {verb} {size} million {base} against {quote} at {price}.\nc: Agreed."
    )


def said(business: Business) -> str:
    """The price in pairs of digits: "one thirty-three forty-one", "eighty-six twelve", "one fifty-one twenty"."""
    digits = f"{business.price:.{PAIRS[business.pair][4]}f}"
    head, tail = digits.split(".")
    if business.pair == "USDJPY":
        groups = [head[0], head[1:], tail]
    else:
        groups = [*([head] if head != "0" else []), tail[:2], tail[2:]]
    return " ".join(whole(int(group)) if group[0] != "0" else f"oh {whole(int(group[1]))}" for group in groups)


def hesitating(lines: str, at: int, word: str) -> str:
    """The talk with a hesitation at the start of one turn."""
    rows = lines.splitlines()
    who, text = rows[at % len(rows)].split(": ", 1)
    rows[at % len(rows)] = f"{who}: {word}{text[:1].lower() + text[1:]}"
    return "\n".join(rows)


def talk(kind: str, *pieces: str) -> Talk:
    """Pieces of talk one after the other."""
    return Talk("generated", kind, "\n".join(pieces))
