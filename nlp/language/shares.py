"""Finding shares in one turn: by ticker, typed or spelled aloud, or by the company's name beside share words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlp.language import vocabulary as v
from nlp.language.calendar import DAYS, MONTHS
from nlp.language.figures import figures
from nlp.language.terms import Mention
from nlp.language.vocabulary import Instrument
from nlp.language.words import Word

_WORDS = v.section("phrases", "terms")
NOT_TICKERS: frozenset[str] = frozenset(_WORDS["not_tickers"])
NOT_ISSUERS: frozenset[str] = frozenset(_WORDS["not_issuers"])
SHARE_WORDS: frozenset[str] = frozenset(_WORDS["share_words"])
VENUES: dict[str, str] = {
    str(place): str(code) for code, places in v.section("listed", "venues").items() for place in places
}
BESIDE: frozenset[str] = frozenset(_WORDS["beside_ticker"])
SPOKEN_OF: frozenset[str] = frozenset(_WORDS["spoken_of"])
"""Words beside which capitals after "in", "on", "of" are a ticker: "any natural seller in PLWH?"."""
NATIONS: frozenset[str] = frozenset(words[0] for words in v.currency_phrases())
"""First words of currencies: "nine hundred million Japanese yen"."""
BEFORE_NAME = {"of", "in", "on", "for", "some", "the"}


def shares(words: Sequence[Word]) -> list[Mention]:
    """The shares that a turn names. A name and its ticker in one turn are one share."""
    tickers = [found for i in range(len(words)) if (found := _ticker(words, i)) is not None]
    tickers = [t for n, t in enumerate(tickers) if not any(t.first < o.last for o in tickers[:n])]
    names = [m for m in _names(words) if not any(m.first < t.last and t.first < m.last for t in tickers)]
    if not names and len(tickers) == 1:
        names = _spelled_out(words, tickers[0])
    if len(tickers) == 1 and len(names) == 1:
        name, ticker = names[0], tickers[0]
        both = Instrument("equity", ticker.instrument.code, description=name.instrument.code, unit="shares")
        return [Mention(name.first, name.last, both), Mention(ticker.first, ticker.last, both)]
    return sorted([*tickers, *names], key=lambda m: m.first)


def priced_in(frame_lows: Sequence[str]) -> str | None:
    """The currency that shares are priced in on the exchange or by the money that a turn names."""
    return next((VENUES[low] for low in frame_lows if low in VENUES), None)


def _spelled_out(words: Sequence[Word], ticker: Mention) -> list[Mention]:
    """The company whose ticker follows: "Orlane in Paris, O R L N", its letters in their order."""
    letters = ticker.instrument.code.lower()
    for first in range(max(0, ticker.first - 8), ticker.first):
        last = first
        while last < ticker.first and words[last].text[:1].isupper() and words[last].text.isalpha():
            last += 1
        for end in range(last, first, -1):
            rest = iter("".join(word.low for word in words[first:end]))
            if words[first].low[0] == letters[0] and all(letter in rest for letter in letters):
                code = " ".join(word.text for word in words[first:end])
                return [Mention(first, end, Instrument("equity", code, unit="shares"))]
    for first in range(max(0, ticker.first - 3), ticker.first):  # "Corrigan, so C G L R"
        word = words[first]
        if word.pos == "PROPN" and len(word.low) > 3 and word.text[0].isupper() and word.low[0] == letters[0]:
            return [Mention(first, first + 1, Instrument("equity", word.text, unit="shares"))]
    return []


def _ticker(words: Sequence[Word], i: int) -> Mention | None:
    """A ticker spelled aloud ("B K W U") or typed in capitals next to an amount, a side or a share word."""
    text = words[i].text
    if 3 <= len(text) <= 5 and _capitals(text):
        beside = {words[k].low for k in (i - 1, i + 1) if 0 <= k < len(words)}
        amount = i and re.fullmatch(r"\d{1,3}(,\d{3})+|\d{3,7}|k|shares|of|hundred|thousand", words[i - 1].low)
        bracketed = i > 0 and words[i - 1].text == "("  # "Selby Rail (SLBY LN)"
        if bracketed or beside & BESIDE or amount or SHARE_WORDS & {word.low for word in words}:
            return Mention(i, i + 1, Instrument("equity", text, unit="shares"))
        if i and words[i - 1].low in ("in", "on", "of", "for") and SPOKEN_OF & {word.low for word in words}:
            return Mention(i, i + 1, Instrument("equity", text, unit="shares"))
    if i and (_letter(words[i - 1]) or i > 1 and words[i - 1].text == "," and _letter(words[i - 2])):
        return None  # "O P E C" holds no "P E C"
    last, code = i, ""
    while last < len(words) and _letter(words[last]):
        code += words[last].text
        last += 1
        if (
            words[last : last + 1]
            and words[last].text == ","
            and words[last + 1 : last + 2]
            and _letter(words[last + 1])
        ):
            last += 1  # "H, C, R, L"
    if not 3 <= len(code) <= 5 or code in NOT_TICKERS or _abbreviation(words, i, last):
        return None
    found = Mention(i, last, Instrument("equity", code, unit="shares"))
    return found if _told(words, last) or _spelled_out(words, found) else None


def _told(words: Sequence[Word], last: int) -> bool:
    """Letters are a ticker beside a number, a name or words of dealing, in a question or as the last words of a
    sentence; "C V A, funding, the usual" are none."""
    lows = [word.low for word in words]
    if figures(lows) or "?" in lows or (BESIDE | SPOKEN_OF | SHARE_WORDS) & set(lows):
        return True
    named = words[last + 1 : last + 2] and words[last + 1].text[:1].isupper()
    return bool(named) or lows[last : last + 1] in ([], ["."], ["!"])


def _letter(word: Word) -> bool:
    return len(word.text) == 1 and word.text.isupper() and word.low != "i"


def _abbreviation(words: Sequence[Word], first: int, last: int) -> bool:
    """ "The A L M committee", "the L M E average": letters with an article and a noun behind are no ticker."""
    lead, after = words[first - 1 : first], words[last : last + 1]
    noun = bool(after) and after[0].low.isalpha() and after[0].pos in ("NOUN", "ADJ") and after[0].text.islower()
    shares = noun and after[0].low in SHARE_WORDS | {"line", "at", "position"}
    return (
        bool(lead) and lead[0].low in ("the", "a", "an", "our", "your", "their", "that", "my") and noun and not shares
    )


def _capitals(text: str) -> bool:
    known = text in NOT_TICKERS or text in v.currencies().values() or text.lower() in v.governments()
    return text.isupper() and text.isalpha() and text.isascii() and not known and (text.lower(),) not in v.terms()


def _names(words: Sequence[Word]) -> list[Mention]:
    """Companies by name: after an amount of thousands, or after "of", "in" where share words are near."""
    lows = [word.low for word in words]
    cued = bool(SHARE_WORDS & set(lows))
    amounts = {f.last for f in figures(lows) if f.value >= 500 and (f.cardinal or "," in lows[f.first])}
    found: list[Mention] = []
    i = 0
    while i < len(words):
        last = i
        while last < len(words) and last - i < 4 and _name_word(words[last]):
            last += 1
        if last == i:
            i += 1
            continue
        after = lows[last : last + 1]
        counted = i in amounts or (i - 1 in amounts and lows[i - 1] in SHARE_WORDS | {"of"})
        counted = counted or (i - 2 in amounts and lows[i - 2] in SHARE_WORDS and lows[i - 1] in ("of", "in"))
        prefixed = cued and i > 0 and lows[i - 1] in BEFORE_NAME
        followed = after and after[0] in ("shares", "stock", "vwap", "twap", "moc")
        loud = (
            last - i > 1
            and all(word.text.isupper() for word in words[i:last])
            and not all(w.text.isupper() for w in words)
        )
        if counted or prefixed or followed or loud:
            code = " ".join(word.text for word in words[i:last])
            found.append(Mention(i, last, Instrument("equity", code, unit="shares")))
        i = last
    return found


def _name_word(word: Word) -> bool:
    low = word.low
    shouted = word.text.isupper() and (len(word.text) < 5 or word.text in NOT_TICKERS)
    proper = word.text[:1].isupper() and not shouted and word.text.isalpha() and len(word.text) > 2
    known = low in NOT_ISSUERS or low in MONTHS or low in DAYS or low in v.currencies() or low in v.governments()
    known = known or low in VENUES or low in NATIONS
    return proper and not known and (low,) not in v.terms() and word.pos not in ("VERB", "INTJ", "ADV", "PRON", "DET")
