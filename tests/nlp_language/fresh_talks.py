"""Short invented conversations, written after the grammar and not from the labelled cases: a check on generality.

Each talk: kind, turns as "t: ..." / "c: ..." lines, and the deals expected as (side, instrument, quantity, price).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nlp.language.model import Dialogue, Header, Party, Trader, Turn

STARTED = datetime.fromisoformat("2026-06-10T10:00:00+01:00")  # a Wednesday


@dataclass(frozen=True)
class Talk:
    """One conversation and what must be understood from it."""

    name: str
    kind: str
    lines: str
    deals: tuple[tuple[str, str, float, float], ...] = ()


def turns(lines: str) -> tuple[Turn, ...]:
    """Lines "c: ..." and "t: ..." as turns, five seconds apart."""
    said = [line.strip().split(": ", 1) for line in lines.strip().splitlines()]
    return tuple(
        Turn("trader" if who == "t" else "client", n * 5.0, n * 5.0 + 4, text) for n, (who, text) in enumerate(said)
    )


def dialogue(talk: Talk) -> Dialogue:
    """The talk as a dialogue that started on a Wednesday morning in June."""
    kind = "call" if talk.kind == "call" else "chat"
    header = Header(talk.name, kind, STARTED, Party("Ada Quill", "Ferrol Marine"), Trader("Ben Osk", "FX"))
    return Dialogue(header, turns(talk.lines))


TALKS = (
    Talk(
        "kiwi-spot",
        "call",
        """
        c: Morning Ben, what's kiwi-dollar in eight please?
        t: Eight kiwi, fifty-nine forty, forty-three.
        c: Forty-three, mine.
        t: Done. You buy eight million kiwi against US dollars at point five nine four three, value Friday.
        c: Agreed, thanks.
    """,
        (("buy", "NZDUSD", 8e6, 0.5943),),
    ),
    Talk(
        "dollar-yen-sell",
        "call",
        """
        c: Can you make me dollar-yen in thirty?
        t: Sure. One fifty-one twenty-two, twenty-five.
        c: I give you thirty at twenty-two.
        t: Done, you sell thirty million dollars against yen at one fifty-one twenty-two, spot.
        c: Correct.
    """,
        (("sell", "USDJPY", 30e6, 151.22),),
    ),
    Talk(
        "euro-swiss-chat-mirror",
        "chat",
        """
        c: eurchf 12 mio pls
        t: 0.9412/14
        c: yours
        t: done, i buy 12 mio eurchf from you at 0.9412 val 12 jun
        c: ok
    """,
        (("sell", "EURCHF", 12e6, 0.9412),),
    ),
    Talk(
        "size-corrected-after-readback",
        "call",
        """
        c: Dollar-cad offer in five please.
        t: One thirty-six eighty-one.
        c: Okay, done.
        t: Done. You buy fifteen million dollars against Canada at one thirty-six eighty-one, value tomorrow.
        c: No, not fifteen. Five million.
        t: Sorry, five. You buy five million dollars against Canadian dollars at one thirty-six eighty-one.
        c: Agreed.
    """,
        (("buy", "USDCAD", 5e6, 1.3681),),
    ),
    Talk(
        "gilt-chat",
        "chat",
        """
        c: offer in 15m ukt 4.5 jun 34 pls
        t: 101.32
        c: mine
        t: done, u buy 15m UKT 4.5 6/34 at 101.32, T+1
        c: agreed
    """,
        (("buy", "UKT 4.5% Jun-2034", 15e6, 101.32),),
    ),
    Talk(
        "oat-yield-call",
        "call",
        """
        c: Where do you bid me the OAT two and three quarters October thirty-two, twenty million, on yield?
        t: Two ninety-eight and a half.
        c: Fine, hit it.
        t: Done, you sell twenty million OAT two and three quarters October thirty-two at two point nine eight five.
        c: Two nine eight five, agreed.
    """,
        (("sell", "OAT 2.75% Oct-2032", 20e6, 2.985),),
    ),
    Talk(
        "treasury-32nds",
        "chat",
        """
        c: bid 25mm ust 4 3/36?
        t: 98-12+
        c: hit
        t: done u sell 25mm UST 4 3/36 at 98-12+
        c: ok agreed
    """,
        (("sell", "UST 4% Mar-2036", 25e6, 98.390625),),
    ),
    Talk(
        "corporate-price",
        "call",
        """
        c: I'm a buyer of two million Marrow Telecom, the five and an eighths May thirty.
        t: I can offer you at a hundred and one and three quarters.
        c: Okay, I take those.
        t: Done. You buy two million Marrow Telecom five and an eighth May thirty at one oh one seventy-five.
        c: Yes, one oh one seventy-five.
    """,
        (("buy", "Marrow Telecom 5.125% May 2030", 2e6, 101.75),),
    ),
    Talk(
        "receive-sonia",
        "call",
        """
        c: Where do you pay me in three-year SONIA, forty million pounds?
        t: Three-year SONIA, forty million, I pay three sixty-two.
        c: Done at three sixty-two.
        t: Done. You receive three point six two percent fixed on forty million sterling, three years, against SONIA.
        c: Agreed, three sixty-two.
    """,
        (("sell", "GBP SONIA OIS 3Y", 40e6, 3.62),),
    ),
    Talk(
        "dax-future",
        "chat",
        """
        c: sep dax pls, where
        t: 24310 / 24312
        c: buy 40 lots at 24312
        t: done, u buy 40 lots sep dax at 24312
        c: ty
    """,
        (("buy", "DAX Sep-26", 40, 24312),),
    ),
    Talk(
        "shares-chat",
        "chat",
        """
        c: can u bid 60k MRWT on risk
        t: 7.42
        c: ok hit
        t: done u sell 60,000 MRWT at 7.42
        c: confirm
    """,
        (("sell", "MRWT", 60000, 7.42),),
    ),
    Talk(
        "silver",
        "chat",
        """
        c: silver offer 20k oz
        t: 48.35
        c: mine
        t: done u buy 20,000 oz silver at 48.35
        c: thx
    """,
        (("buy", "XAGUSD", 20000, 48.35),),
    ),
    Talk(
        "forward-quote-currency",
        "call",
        """
        c: I need to buy five million euros against sterling for the thirtieth of September.
        t: Spot eighty-five forty, points plus thirty, all-in eighty-five seventy.
        c: Okay, done.
        t: Done. You buy five million euros against sterling at point eight five seven oh, value thirtieth September.
        c: Agreed.
    """,
        (("buy", "EURGBP", 5e6, 0.857),),
    ),
    Talk(
        "passed-not-dealt",
        "call",
        """
        c: Cable in twenty please.
        t: One twenty-seven oh two, oh five.
        c: No, nothing there, thanks.
        t: No problem, nothing done.
    """,
    ),
    Talk(
        "yesterdays-trade-is-no-deal",
        "call",
        """
        c: Yesterday I bought ten million euro-dollar from you at one oh nine forty.
        t: Yes, I have that. You bought ten million at one oh nine forty.
        c: Good, I just wanted to check the confirm.
    """,
    ),
    Talk(
        "would-you",
        "chat",
        """
        t: cable 1.2702/05 if u want
        c: if i bought 10m would u do 1.2703?
        t: yes i would
        c: ok let me think
    """,
    ),
    Talk(
        "busted",
        "call",
        """
        c: Euro-sterling in five?
        t: Eighty-five forty, forty-two.
        c: Mine at forty-two.
        t: Done, you buy five million euros against sterling at point eight five four two.
        c: Wait, sorry, I've got the wrong account. Can we scrap it?
        t: Okay, that one is cancelled, nothing done.
    """,
    ),
    Talk(
        "done-without-readback",
        "chat",
        """
        c: audusd 10m offer?
        t: 0.6621
        c: ok mine
        t: done
        c: thx
    """,
        (("buy", "AUDUSD", 10e6, 0.6621),),
    ),
    Talk(
        "dollar-mex-we-sell",
        "chat",
        """
        c: dollar mex 7m pls 2way
        t: 18.4420/18.4480
        c: i buy
        t: done, we sell you 7m usdmxn at 18.4480
        c: agree
    """,
        (("buy", "USDMXN", 7e6, 18.448),),
    ),
    Talk(
        "bund-future-live",
        "call",
        """
        c: What's the September bund future?
        t: One thirty-one forty-two, forty-three.
        c: Sell two hundred lots at forty-two.
        t: You're filled. You sell two hundred lots of September bund futures at one thirty-one forty-two.
        c: Thanks.
    """,
        (("sell", "Bund future Sep-26", 200, 131.42),),
    ),
    Talk(
        "usdnok",
        "call",
        """
        c: Where's dollar-norwegian in five?
        t: Ten twenty-two forty, ten twenty-two ninety.
        c: At forty, I sell.
        t: You sell five million dollars against Norwegian krone at ten point two two four oh, done.
        c: Thanks.
    """,
        (("sell", "USDNOK", 5e6, 10.224),),
    ),
    Talk(
        "ndf-chat",
        "chat",
        """
        c: ndf usdinr 1m offer in 10m pls
        t: 86.42
        c: done
        t: done u buy 10m usdinr 1m ndf at 86.42, fix 8 jul val 10 jul
        c: agreed
    """,
        (("buy", "USDINR", 10e6, 86.42),),
    ),
    Talk(
        "swap-left-alone",
        "call",
        """
        c: I'd like to receive fixed in five-year Euribor swaps, fifty million. Where are you?
        t: I pay two forty-one in fifty.
        c: Two forty-one and a half and I'm done.
        t: I can't, two forty-one is it.
        c: Okay, leave it then. I'll come back tomorrow.
        t: No problem, nothing done.
    """,
    ),
    Talk(
        "misheard-size",
        "call",
        """
        c: Euro-dollar offer in fifteen million please.
        t: One sixteen seventy-eight.
        c: Mine.
        t: Done, you buy fifty million euros against dollars at one sixteen seventy-eight.
        c: Agreed, fifteen at seventy-eight.
    """,
        (("buy", "EURUSD", 15e6, 1.1678),),
    ),
    Talk(
        "misheard-size-unsettled",
        "call",
        """
        c: Euro-dollar offer in fifteen million please.
        t: One sixteen seventy-eight.
        c: Mine.
        t: Done, you buy fifty million euros against dollars at one sixteen seventy-eight.
        c: Agreed, thank you.
    """,
    ),
)
