"""A second set of invented conversations: other desks, nationalities and habits of speech than the first.

Written before the rules were run on them. Several end without business; the tuple of deals is then empty.
"""

# ruff: noqa: E501  (a turn is one line, as it was said)

from __future__ import annotations

from tests.nlp_language.fresh_talks import Talk

STRANGE_TALKS = (
    Talk(
        "corporate-treasurer-aussie-payroll",
        "call",
        """
        t: Harrow Bank corporate desk, Ben speaking.
        c: G'day Ben, it's Ada at Ferrol. We've got payroll in Sydney next week so I need to buy some Aussie.
        t: No worries. How much do you need?
        c: Three and a half million Aussie dollars, and we'd pay for it in US.
        t: Three and a half million Aussie. Value when?
        c: Just the normal two days is fine.
        t: Okay, bear with me... I can sell you Aussie at sixty-six forty-one.
        c: That's point six six four one, yeah?
        t: That's right, point six six four one.
        c: Yep, go ahead, book it.
        t: Booked. You're buying three and a half million Australian dollars against US dollars at point six six four one, for Friday the twelfth.
        c: Beauty. Send the confirm to accounts, please.
        t: Will do. Cheers Ada.
    """,
        (("buy", "AUDUSD", 3.5e6, 0.6641),),
    ),
    Talk(
        "scandi-fund-sells-swedish",
        "call",
        """
        c: Hi, it's Ada. Euro-stocky in twenty-five please.
        t: Twenty-five euro-Sweden, one second. Eleven oh eight ten, eleven oh eight ninety.
        c: Hmm, that's a bit wide. Any chance of tighter?
        t: For you, eleven oh eight twenty, eighty.
        c: Okay, at twenty, yours.
        t: Yours at twenty, done. You sell twenty-five million euros against Swedish crowns at eleven oh eight twenty, value the twelfth of June.
        c: Confirmed. Thank you.
    """,
        (("sell", "EURSEK", 25e6, 11.082),),
    ),
    Talk(
        "hedge-fund-chat-turns-tail",
        "chat",
        """
        c: yo
        c: px usdzar 15?
        t: 18.1250/18.1420
        c: 0s
        t: ?
        c: sry meant at the low, urs
        t: haha ok 15 done at 18.1250
        t: u sell 15m usdzar 18.1250 spot
        c: yep ta
    """,
        (("sell", "USDZAR", 15e6, 18.125),),
    ),
    Talk(
        "gilt-linker-no-thanks",
        "call",
        """
        c: Could you show me a bid in the index-linked twenty-thirty-six, for about ten million?
        t: Let me ask the trader. He's one point two four real for ten.
        c: One two four. I've got one two two elsewhere.
        t: I can't match one two two I'm afraid.
        c: Then I'll deal away, sorry.
        t: No problem. Thanks for showing us.
    """,
    ),
    Talk(
        "bunds-by-yield-french-speaker",
        "call",
        """
        t: Northmere rates, Ben.
        c: Bonjour Ben. I would like to buy the Bund two and a half February thirty-five, please, for thirty million.
        t: Thirty million of the Feb thirty-five Bund. On price or on yield?
        c: On price.
        t: I offer at ninety-eight seventy-two.
        c: Ninety-eight seventy-two, it's okay for me, I buy.
        t: Done. You buy thirty million Bund two and a half Feb thirty-five at ninety-eight seventy-two.
        c: Yes, agreed. Settlement as usual.
    """,
        (("buy", "Bund 2.5% Feb-2035", 30e6, 98.72),),
    ),
    Talk(
        "swap-with-correction-of-direction",
        "call",
        """
        c: Two-year dollar SOFR swap in a hundred please, Ben.
        t: Hundred million two-year SOFR. Three forty-one, three forty-two and a half.
        c: I'll pay. Three forty-two and a half.
        t: Done, so you receive a hundred million two-year at three point four two five.
        c: No, no. I pay fixed.
        t: Sorry, of course. You pay fixed three point four two five on a hundred million, two years.
        c: That's right.
    """,
        (("buy", "USD SOFR OIS 2Y", 100e6, 3.425),),
    ),
    Talk(
        "brent-futures-two-fills",
        "chat",
        """
        c: aug brent pls buy 60 lots at mkt
        t: working
        t: filled 40 at 71.32
        t: and 20 at 71.34, thats the lot
        c: great thx
    """,
        (("buy", "Brent Aug-26", 40, 71.32), ("buy", "Brent Aug-26", 20, 71.34)),
    ),
    Talk(
        "share-block-nearly",
        "call",
        """
        c: I've maybe got a block of four hundred thousand Severn Rail to go, if the price is right.
        t: I can show you a risk bid at two eighteen.
        c: Screen is two twenty-one.
        t: It's four days' volume, Ada. Two eighteen and a half is my best.
        c: If the PM agrees I'd do it at that. Let me walk over to him... No, he says hold on to them.
        t: Understood, I'm off at two eighteen and a half.
        c: Thanks anyway.
    """,
    ),
    Talk(
        "dealt-then-busted-by-credit",
        "chat",
        """
        c: need to sell 20m eurusd 3m fwd
        t: spot 1.0921 pts +46, all in 1.0967 for 10 sep
        c: ok done
        t: done u sell 20m eur val 10 sep at 1.0967
        t: sorry ada credit just came back. no line beyond 1m for you until docs are in. have to bust this
        c: seriously
        t: yes really sorry. trade is cancelled nothing booked
        c: ok :(
    """,
    ),
    Talk(
        "gold-two-clips",
        "chat",
        """
        c: gold offer 5k oz
        t: 3312.40
        c: mine
        t: done u buy 5,000 oz at 3312.40
        c: same again?
        t: 3313.10
        c: ok mine
        t: done u buy another 5,000 oz at 3313.10
        c: thx all good
    """,
        (("buy", "XAUUSD", 5000, 3312.4), ("buy", "XAUUSD", 5000, 3313.1)),
    ),
    Talk(
        "insurer-sells-corporate-at-spread",
        "call",
        """
        c: I'm looking to sell three million of the Halden Paper four and a quarter twenty-thirty-one. What spread would you bid?
        t: Halden Paper four and a quarter thirty-one. I could bid a hundred and forty over the Bobl.
        c: I was hoping for one thirty-five.
        t: Meet you at one thirty-eight?
        c: All right. One thirty-eight, sold.
        t: Sold at one thirty-eight, thank you. So you sell three million Halden Paper four and a quarter thirty-one at plus one thirty-eight over Bobl.
        c: That's correct.
    """,
        (("sell", "Halden Paper 4.25% 2031", 3e6, 138),),
    ),
    Talk(
        "stop-and-limit-in-yen",
        "chat",
        """
        c: pls leave me an order, sell 10m usdjpy at 152.40 gtc
        t: ok sell 10m usdjpy 152.40 limit gtc, noted
        c: n a stop at 149.80 for the same, oco
        t: ok stop 149.80 oco
        c: thx
    """,
    ),
    Talk(
        "market-talk-only",
        "call",
        """
        c: What happened to sterling? I'm away ten minutes and it's down half a cent.
        t: Retail sales, terrible number. Cable traded down to one twenty-six ninety, we're one twenty-six ninety-eight, oh one now.
        c: And gilts?
        t: Ten-years up three-quarters of a point. Futures printed ninety-four ten.
        c: Did you see any flow?
        t: A real-money name sold fifty million cable just before the number.
        c: Okay. I'm not doing anything today. Speak tomorrow.
        t: Speak tomorrow.
    """,
    ),
    Talk(
        "ndf-korea-call",
        "call",
        """
        c: Ben, one-month Korea please, twelve million dollars.
        t: One-month dollar-Korea, twelve. Thirteen seventy-one twenty, thirteen seventy-one ninety.
        c: I sell at twenty.
        t: You sell twelve million dollars one-month against won at thirteen seventy-one point two, done.
        c: Perfect.
    """,
        (("sell", "USDKRW", 12e6, 1371.2),),
    ),
    Talk(
        "swiss-importer-fixed-dollars",
        "call",
        """
        t: Hello Ada. What can I do for you?
        c: I must pay a supplier two million dollars on Friday. We're selling Swiss francs.
        t: So you buy two million dollars against Swiss, value the twelfth. I offer at eighty-one oh three.
        c: It was eighty flat this morning!
        t: It's moved, the dollar's been bid all day.
        c: Well. What must be, must be. Done at eighty-one oh three.
        t: Done. You buy two million dollars, you sell francs, at point eight one oh three. That's one million, six hundred and twenty thousand, six hundred francs.
        c: Thank you, Ben.
    """,
        (("buy", "USDCHF", 2e6, 0.8103),),
    ),
    Talk(
        "euribor-white-pack-quote",
        "chat",
        """
        c: where is dec euribor
        t: 97.865/97.870
        c: in size?
        t: 2k up
        c: ok just looking, nothing to do
        t: np
    """,
    ),
    Talk(
        "size-raised-before-dealing",
        "call",
        """
        c: Can I get a price in five million sterling-dollar, please?
        t: Thirty-five ten, thirteen.
        c: Actually, make it eight.
        t: In eight, thirty-five ten, fourteen.
        c: Okay, I'll take eight at fourteen.
        t: That's done. You buy eight million pounds against dollars at one thirty-five fourteen, value the twelfth.
        c: Thanks. Bye.
    """,
        (("buy", "GBPUSD", 8e6, 1.3514),),
    ),
    Talk(
        "two-currencies-one-call",
        "call",
        """
        c: Two for you today. First, euro-sterling, I sell six million.
        t: Six million euro-sterling, I bid eighty-four sixty-one.
        c: Done.
        t: Done, you sell six million euros against sterling at eighty-four sixty-one. And the second?
        c: Dollar-Singapore, I buy four.
        t: One twenty-eight forty-four.
        c: Done.
        t: You buy four million US against Sing at one twenty-eight forty-four.
        c: That's it, thanks.
    """,
        (("sell", "EURGBP", 6e6, 0.8461), ("buy", "USDSGD", 4e6, 1.2844)),
    ),
    Talk(
        "bond-price-improved-by-chat",
        "chat",
        """
        c: offer XS2314567895 1.5mm?
        t: 102.65
        c: bit rich. 102.50?
        t: 102.55 best
        c: ok lift
        t: thx, u buy 1.5mm XS2314567895 @ 102.55 settle 12 jun
        c: confirmed
    """,
        (("buy", "XS2314567895", 1.5e6, 102.55),),
    ),
    Talk(
        "spoken-wrong-then-right-rate",
        "call",
        """
        c: Dollar-yen, I need to buy twenty.
        t: I offer at one forty-four sixty-two.
        c: Mine.
        t: Done. You buy twenty million dollars against yen at one forty-four fifty-two.
        c: You said sixty-two.
        t: I did, sorry. One forty-four sixty-two it is. You buy twenty at sixty-two.
        c: Okay good.
    """,
        (("buy", "USDJPY", 20e6, 144.62),),
    ),
    Talk(
        "yesterdays-fill-asked-about",
        "chat",
        """
        c: morning, did my usdcad from last night get done?
        t: the 10m at 1.3720? no, low was 1.3726
        c: ok cancel pls
        t: cancelled
        c: ty
    """,
    ),
    Talk(
        "order-filled-in-this-call",
        "call",
        """
        t: Ada, good news. Your order in kiwi is done.
        c: Oh, lovely.
        t: You sold nine million kiwi-US at point six oh two five.
        c: Nine at oh two five. Great, thank you.
        t: I'll send the confirmation now.
    """,
        (("sell", "NZDUSD", 9e6, 0.6025),),
    ),
)

# Known gap: the second of two fills in a message of its own is not read, and lots of Brent count as swaps.
PARTLY_READ = frozenset({"brent-futures-two-fills"})
