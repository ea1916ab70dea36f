"""Deals that no plain sentence states: amount, price and yes come from both sides, whatever stands between them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nlp.language import analyse
from nlp.language.model import Dialogue, Header, Party, Trader
from tests.nlp_language.fresh_talks import STARTED, turns

DEALT = {
    "sold-in-the-passive": (
        "call",
        """
        c: September Dax, where's the bid?
        t: Twenty-four one eighty bid, eighty-four offered.
        c: Sixty lots please, hit it.
        t: Sixty gone at twenty-four one eighty. Clean.
        c: Great, thanks.""",
        ("sell", "DAX Sep-26", 60, "24180"),
    ),
    "amount-and-last-digits": (
        "chat",
        """
        c: EURUSD 5m pls
        t: 1.1540 / 1.1542
        c: 42
        t: 5 at 42, value friday
        c: yes tks""",
        ("buy", "EURUSD", 5_000_000, "1.1542"),
    ),
    "two-currencies-named-apart": (
        "call",
        """
        c: There's two point two million dollars landing from Boston and I've no use for them.
        t: Turn them into euros?
        c: Please. For Friday.
        t: For you one fourteen eighty-seven.
        c: Go on, take them off me.
        t: I've bought two point two million dollars from you at one point one four eight seven. You get one million,
          nine hundred and fifteen thousand, two hundred and eight euros on Friday.
        c: Two oh eight, I have that down.""",
        ("buy", "EURUSD", 2_200_000, "1.1487"),
    ),
    "parts-of-an-order": (
        "call",
        """
        c: December Bund futures please, how do you see them?
        t: One twenty-nine forty-one, forty-two.
        c: I'll be selling four hundred.
        t: At best?
        c: At best.
        t: Three hundred done at forty-one... and the last hundred at forty-one as well.
        c: Perfect.""",
        ("sell", "Bund future Dec-26", 400, "129.41"),
    ),
    "total-of-an-order-that-is-stopped": (
        "chat",
        """
        c: 120 000 VLMR, i am a seller, vwap until the close, limit 51.20 minimum
        t: selling 120k VLMR vwap, 51.20 floor
        t: update: 44k gone, average 51.83
        c: please stop
        t: stopped. last fill just came back, total 72,000 sold at 52.03
        c: Ok 72 000 at 52.03""",
        ("sell", "VLMR", 72_000, "52.03"),
    ),
    "a-month-of-three": (
        "call",
        """
        c: I need diesel for October to December, three thousand tonnes a month. Nine thousand altogether.
        t: Fourth-quarter diesel, nine thousand tonnes, you'd be paying six hundred and eighty-eight and a quarter.
        c: Well, I can't have the buses standing still. Put me down for it.
        t: You're down. Three thousand tonnes a month of diesel swap bought, October through December, at six
          hundred and eighty-eight point two five.
        c: Nine thousand in total at six eight eight two five.""",
        ("buy", "Gasoil swap Oct-Dec 2026", 9_000, "688.25"),
    ),
}

NOT_DEALT = {
    "a-price-said-again": """
        c: Kate, where would you show me ten million Aussie against the US? I'd buy.
        t: Sixty-five forty.
        c: Let me call you back in ten minutes, I need my boss to say yes.
        t: Okay. Ten million at sixty-five forty, that's just where it is now, I can't hold it.
        c: Understood.""",
    "shown-and-amount-noted": """
        c: silver price for me? 60,000 ounces, i buy
        t: 60k oz, got it. 47.86 / 47.93
        c: too dear, no thanks""",
    "how-far-an-order-has-come": """
        c: pls buy 85,000 PLWH vwap to the close, max 4.62
        t: will do, 85k PLWH buy, vwap, cap 4.62
        t: 31k in, avg 4.571
        c: ok""",
    "undone": """
        c: eurgbp bid for 3m pls
        t: .8572
        c: yes
        t: thx. booked: u sell 3m eur vs gbp .8572 spot
        c: sorry i got the wrong account, can we undo it?
        t: no prob, killed it. nothing between us""",
}


def conversation(kind: str, text: str) -> Dialogue:
    lines = " ".join(text.split()).replace(" c: ", "\nc: ").replace(" t: ", "\nt: ")
    header = Header("talk", kind, STARTED, Party("Ada Quill", "Ferrol Marine"), Trader("Ben Osk"))  # type: ignore[arg-type]
    return Dialogue(header, turns(lines))


@pytest.mark.parametrize("name", DEALT)
def test_what_both_sides_leave_makes_the_deal(name: str) -> None:
    kind, text, (side, instrument, quantity, price) = DEALT[name]
    (deal,) = analyse(conversation(kind, text)).deals
    assert (deal.client_side, deal.instrument, deal.quantity) == (side, instrument, quantity)
    assert deal.price == Decimal(price)


@pytest.mark.parametrize("name", NOT_DEALT)
def test_what_only_looks_agreed_is_no_deal(name: str) -> None:
    assert not analyse(conversation("chat", NOT_DEALT[name])).deals
