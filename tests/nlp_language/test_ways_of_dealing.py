"""Ways of asking, dealing and reading back in calls that are no one product's: each a short talk with its business."""

from __future__ import annotations

import pytest

from nlp.language import analyse
from nlp.language.model import Analysis, Reference
from nlp.language.pipe import reader_for
from nlp.language.readback import legs
from tests.nlp_language.fresh_talks import Talk, dialogue

DEALS = {
    "the bond is the thirty-year beside another point": (
        "c: Selling the bond, buying sevens. The bond's the four and five eighths of May fifty-six, and the seven-year"
        " is the four and a quarter of June thirty-three. Ten million bonds, twenty-seven million sevens.\n"
        "t: Bonds, ninety-seven, four plus, six. And the sevens are ninety-nine, twenty-two and a quarter, twenty-two"
        " and three quarters.\nc: Fine. Do it, both legs.\n"
        "t: Okay, you're done. Ferrol sells ten million of the bond at ninety-seven and four plus, Ferrol buys"
        " twenty-seven million sevens at ninety-nine, twenty-two and three quarters.\nc: I agree with all of that.",
        [("sell", "UST 4.625% May-2056", 10e6, 97.140625), ("buy", "UST 4.25% Jun-2033", 27e6, 99.7109375)],
    ),
    "shares in dollars and cents, the name before its ticker": (
        "c: I'm looking at Torrance Lumber. You got an axe?\n"
        "t: Torrance, so T R L M. I'm seeing twenty-eight ten bid, offered at thirteen.\n"
        "c: I need two hundred thousand of it, to buy.\n"
        "t: Derek'll sell you two hundred thousand at twenty-eight and a quarter.\n"
        "c: That's twelve cents through the offer. Okay, I'll pay the quarter. Get me the two hundred.\n"
        "t: You've bought two hundred thousand Torrance at twenty-eight twenty-five, settling tomorrow.\n"
        "c: Two hundred thousand at twenty-eight twenty-five, good.",
        [("buy", "TRLM", 200e3, 28.25)],
    ),
    "long and short in a read-back, years that only the maturities tell, 32nds said with and": (
        "c: I need a steepener. The three and five eighths of June twenty-eight and the four and a quarter of June"
        " thirty-six. Thirty million tens, a hundred and ten million twos.\n"
        "t: Twos, ninety-nine and thirty, at thirty plus. Tens, par handle. Eleven plus, twelve.\n"
        "c: Okay, done on both.\n"
        "t: Both done. You're long a hundred and ten million two-years at ninety-nine and thirty plus, short thirty"
        " million ten-years at a hundred and eleven plus.\nc: That's what I have.",
        [("buy", "UST 3.625% Jun-2028", 110e6, 99.953125), ("sell", "UST 4.25% Jun-2036", 30e6, 100.359375)],
    ),
    "a share by its ticker, bought in the passive, its hundreds of thousands in two words": (
        "c: What would you sell me Tarnhow at, as principal?\n"
        "t: He'll let you have three fifty at four twenty-eight and a quarter.\n"
        "c: Very well, I'll have the three fifty, four twenty-eight and a quarter.\n"
        "t: Printed. That's three hundred and fifty thousand T R N H bought, at four hundred and twenty-eight and a"
        " quarter pence, for Friday.\nc: Friday the twelfth. Thank you.",
        [("buy", "TRNH", 350e3, 428.25)],
    ),
    "who is the buyer of what, after letters of something else": (
        "c: Half percent fuel oil, Rotterdam barges, October to December, two thousand a month.\n"
        "t: It's been jumpy since the O P E C headlines. I'd sell you that at four hundred and fifty-one dollars.\n"
        "c: Okay, put me down for it.\n"
        "t: Ferrol is the buyer of two thousand tonnes a month, half percent barges swap, October to December"
        " twenty twenty-six, at four hundred and fifty-one dollars a tonne.\nc: Six thousand tonnes, happy.",
        [("buy", "Marine fuel 0.5% swap Oct-Dec 2026", 6e3, 451.0)],
    ),
    "the bank is named as the other side": (
        "c: I sell twelve million euros against Nokkie, spot. Where?\nt: He's paying eleven fifty-two thirty.\n"
        "c: Fine. Sell the twelve.\n"
        "t: Ferrol sold twelve million euros to us at eleven point five two three oh, you get a hundred and"
        " thirty-eight million, two hundred and seventy-six thousand kroner on Friday.\nc: That matches.",
        [("sell", "EURNOK", 12e6, 11.523)],
    ),
    "bought and sold again with months that were misheard is no outright": (
        "c: I've a dollar hedge coming off on Monday, forty-five million. One month, I buy and sell.\n"
        "t: Twenty-six, twenty-five and a half.\nc: Fine, done at twenty-six.\nt: Done.\n"
        "t: Quillen buys forty-five million US dollars against Swiss francs, value twenty-eighths of timber at point"
        " eight oh four oh and sells forty-five million dollars, value twenty-eighths of copper at point eight oh one"
        " four.\nc: Agreed.",
        [],
    ),
    "a point of the curve that nobody described is not the bond that was described": (
        "c: A switch out of fives, the current ones, the three and seven eighths of September thirty-one. Forty"
        " million.\nt: Fives are sixteen plus, seventeen, on a ninety-nine handle. And tens eight plus, nine.\n"
        "c: Okay, done, both.\nt: Done both, you sell forty million five-years at ninety-nine sixteen plus, you buy"
        " twenty-two and a half million ten-years at a hundred oh nine.\nc: I agree both.",
        [("sell", "UST 3.875% Sep-2031", 40e6, 99.515625)],
    ),
    "treasuries go by the years they have left, and the coupon may come last": (
        "c: I'd like to come down the curve. Out of tens, into twos.\nt: Which tens have you got?\n"
        "c: The May thirty-sixes, the four and an eighth. And I want the three and five eighths of May twenty-eight."
        " Eighty million twos, nineteen million tens.\n"
        "t: The twos are twenty-seven, twenty-seven plus, on ninety-nine. And the tens, eleven plus, twelve plus, also"
        " ninety-nine.\nc: Okay. Do it, the pair of them.\n"
        "t: Both done. You buy eighty million of the twos at ninety-nine twenty-seven plus, and you sell me nineteen"
        " million of the tens at ninety-nine eleven plus.\nc: Agreed.",
        [("buy", "UST 3.625% May-2028", 80e6, 99.859375), ("sell", "UST 4.125% May-2036", 19e6, 99.359375)],
    ),
    "a fill is stated whatever was said around it, also of an order worked in parts": (
        "c: September long gilt, where are they?\nt: Ninety-one forty-two, forty-three, seventy-odd lots each side.\n"
        "c: Hundred and twenty. Buy what's there, and I'll go up to forty-four for the rest.\n"
        "t: Right, taking the seventy at forty-three... got 'em. Working the other fifty... and, yeah, fifty at"
        " forty-four. You've bought seventy at ninety-one forty-three and fifty at ninety-one forty-four.\n"
        "c: Seventy at three, fifty at four. Smashing.",
        [("buy", "Gilt future Sep-26", 70.0, 91.43), ("buy", "Gilt future Sep-26", 50.0, 91.44)],
    ),
    "a yes to what was done before is none to what is shown next": (
        "c: Zloty, twelve million of them for euros.\nt: Four twenty-four ten.\nc: Okay, do it.\n"
        "t: Done. You sell euros and buy twelve million zloty at four point two four one oh.\nc: Good.\n"
        "t: Shall we talk about interest?\nc: We shall. Twenty million until thirty-three, what does it cost to fix?\n"
        "t: So seven years against six-month Euribor, twenty million, you pay two point six six.\n"
        "c: Two sixty-six. And in March?\nt: Two forty-nine.\nc: Then no.",
        [("sell", "EURPLN", 12e6, 4.241)],
    ),
    "what is got and what is paid": (
        "c: I need to buy baht for the resort, ninety million, against dollars, end of August.\n"
        "t: Ninety million baht. Thirty-two sixty-one for the thirty-first of August.\nc: Okay, book it.\n"
        "t: Booked. You get ninety million baht and pay dollars at thirty-two point six one.\nc: Correct.",
        [("sell", "USDTHB", 90e6, 32.61)],
    ),
    "currencies named far apart": (
        "c: We've dollars coming from the Texas sale, four million, and I need sterling.\n"
        "t: So you'd be selling four million dollars for pounds. Spot?\nc: Spot, yes.\n"
        "t: One thirty-four twenty is where you'd buy sterling.\nc: Fine, do it.\n"
        "t: Done. You pay four million dollars and get sterling at one thirty-four twenty, value Friday.\nc: Agreed.",
        [("buy", "GBPUSD", 4e6, 1.342)],
    ),
    "what is received, the currency with its country": (
        "c: We pay the lens people in yen, in September. Nine hundred million yen, against dollars.\n"
        "t: For the fourteenth of September that's one forty-seven twenty-five.\nc: Then please book it.\n"
        "t: Booked. Ferrol receives nine hundred million Japanese yen and delivers US dollars at one four seven point"
        " two five, on the fourteenth of September.\nc: Everything's right.",
        [("sell", "USDJPY", 9e8, 147.25)],
    ),
    "a spread, and what it comes out at": (
        "c: Orrefjord Shipping, five and an eighth, September thirty-two. I buy eight million over the Bund.\n"
        "t: I can offer the eight at a hundred and forty over.\nc: One forty, good. I take them.\n"
        "t: Done. You've bought eight million Orrefjord Shipping five and an eighth thirty-two at Bund plus one hundred"
        " and forty, which comes out at a hundred and one point three six clean.\nc: Agreed.",
        [("buy", "Orrefjord Shipping 5.125% September 2032", 8e6, 140.0)],
    ),
    "told in the passive": (
        "c: I've to send four hundred thousand dollars to our shipper on Thursday week.\n"
        "t: You'd be buying dollars with euros, then, for the eighteenth.\nc: That's it.\n"
        "t: I make it one sixteen oh five.\nc: One sixteen oh five, so yes, you win.\n"
        "t: So that's four hundred thousand dollars bought, euros sold, at one point one six oh five.\nc: Yes.",
        [("sell", "EURUSD", 4e5, 1.1605)],
    ),
    "the fill of an earlier order, told over several turns": (
        "t: The bid in euro-dollar that you left with us on Friday. It was filled overnight.\n"
        "c: At the level? One thirteen eighty-five?\nt: At one thirteen eighty-five, yes, all three million euros.\n"
        "c: Oh, very nice.",
        [("buy", "EURUSD", 3e6, 1.1385)],
    ),
    "one tail is turned down, the rest taken": (
        "c: December U K allowances, twenty-five thousand. I need to buy.\n"
        "t: Eighteen thousand at forty-nine twenty-two, then nothing before forty-nine forty.\n"
        "c: I'm not paying forty for the tail. Buy me the eighteen.\n"
        "t: Buying eighteen... Yes. You own eighteen thousand Dec twenty-six U K As at forty-nine pounds twenty-two.\n"
        "c: Eighteen thousand, forty-nine twenty-two, noted.",
        [("buy", "UKA Dec-26", 18e3, 49.22)],
    ),
    "eighths without their and": (
        "c: We want to receive ten-year euros in fifty million, against six-month Euribor. Where's that?\n"
        "t: I'd pay two seventy-one and a quarter.\nc: Could you make it a half?\nt: Three eighths I might manage.\n"
        "c: Three eighths works. Do it.\n"
        "t: That's done, Ferrol receives two seventy-one three eighths on fifty million, ten years.\n"
        "c: I agree, fifty million at two seventy-one three eighths.",
        [("sell", "EUR 6M EURIBOR IRS 10Y", 50e6, 2.71375)],
    ),
    "a coupon in hundredths and a government by its country": (
        "c: I go out of the OATs, the three percent May thirty-three. Fifteen million.\n"
        "t: And on the Spanish side, which one?\nc: The three forty-five of October thirty-four. Fourteen of those.\n"
        "t: The OATs I'd buy at three twelve eight, and Spain I'd sell to you at three point two oh four.\n"
        "c: Three point two oh four for Spain, three point one two eight for France, we do the two together.\n"
        "t: Both legs are done. You sold fifteen million of the OAT three percent May thirty-three at three point one"
        " two eight, you bought fourteen million of the Bonos three forty-five October thirty-four at three point two"
        " oh four.\nc: Yes.",
        [("sell", "OAT 3% May-2033", 15e6, 3.128), ("buy", "SPGB 3.45% Oct-2034", 14e6, 3.204)],
    ),
    "a case put is no deal": (
        "c: Say we did borrow, fifteen million, three years, and the board said fix it. What would that be like?\n"
        "t: Paying fixed against SONIA, three years, fifteen million, I'd show you three eighty-eight today.\n"
        "c: Three eighty-eight. Okay, it's only for the drawing board.",
        [],
    ),
}
QUOTES = {
    "spread without the word": (
        "c: Can I see Corrigan Pipelines five and an eighth May thirty-three, in eight million?\n"
        "t: In eight I make you one forty-eight, one forty-one, over the current seven-year.\nc: Nope, not for me.",
        ("Corrigan Pipelines 5.125% May 2033", 148, 141),
    ),
    "yield without the word": (
        "c: Show me the Bund two point six August thirty-five. In ten million.\n"
        "t: Two sixty-seven one, two sixty-six four.\nc: No, I leave it.",
        ("Bund 2.6% Aug-2035", 2.671, 2.664),
    ),
    "pesos of the place spoken of": (
        "c: It's the Manila payroll again. Two hundred million pesos, one month, N D F please. I sell dollars.\n"
        "t: One month, you'd be selling dollars at fifty-six twenty.\nc: Too low for me. I'll wait.",
        ("USDPHP", 56.2, None),
    ),
    "a swap that only the trader names": (
        "c: The loan's thirty million dollars, five years, floating. Everybody tells me to fix.\n"
        "t: Five years against SOFR, thirty million, you would be paying three point five five two.\n"
        "c: I won't fix a week before the Fed. I'll let that go for now.",
        ("USD SOFR OIS 5Y", None, 3.552),
    ),
    "an option by its strike alone": (
        "c: Fourth quarter Brent, I'm hedging forty thousand barrels a month.\nt: Okay.\n"
        "c: What do puts cost? Sixty-five floor, same quarter.\n"
        "t: A sixty-five Asian put, ballpark, three dollars ten a barrel to buy.\nc: Three ten. For the slide, thanks.",
        ("Brent put 65 Oct-Dec 2026", None, 3.1),
    ),
}


def read(lines: str) -> Analysis:
    return analyse(dialogue(Talk("talk", "call", lines)))


@pytest.mark.parametrize("name", DEALS)
def test_a_call_gives_exactly_its_deals(name: str) -> None:
    lines, deals = DEALS[name]
    found = [(d.client_side, d.instrument, float(d.quantity or 0), float(d.price)) for d in read(lines).deals]
    assert found == deals


def test_what_a_client_gets_is_bought() -> None:
    said = (
        "We buy thirty-five million of the one from you at ninety-nine ten, and you get seventy-five million of"
        " the other at ninety-eight twenty."
    )
    (frame,) = reader_for(Reference()).frames([said])
    assert [(leg.side, [int(size.figure.value) for size in leg.sizes]) for leg in legs(frame)] == [
        ("sell", [35_000_000]),
        ("buy", [75_000_000]),
    ]


@pytest.mark.parametrize("name", QUOTES)
def test_a_call_gives_the_level_that_was_not_dealt(name: str) -> None:
    lines, (instrument, bid, ask) = QUOTES[name]
    analysis = read(lines)
    assert not analysis.deals
    (quote,) = analysis.quotes_not_dealt
    levels = [None if level is None else float(level) for level in (quote.bid, quote.ask)]
    assert (quote.instrument, levels) == (instrument, [bid, ask])
