"""Finding bonds in one turn: issuer, coupon and maturity; a government by its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nlp.language import vocabulary as v
from nlp.language.calendar import DAYS, MONTHS, plural_year, year_at
from nlp.language.figures import Figure, figure_at
from nlp.language.periods import Months, Tenor
from nlp.language.terms import Mention
from nlp.language.words import Word

ENDS: tuple[list[str], ...] = ([], [","], ["."], ["?"], ["!"], [";"], ["please"], ["pls"], ["gilt"], ["gilts"])
SMALL_WORDS = {"ADP", "AUX", "CCONJ", "SCONJ", "DET", "INTJ", "ADV", "NUM", "PART", "PRON"}
PRIMARY = {"ioi", "ipt", "ipts", "guidance", "books", "book", "ms", "midswaps", "mids", "reoffer", "issue"}
_SIDES = v.section("phrases", "frames")
NOT_ISSUERS: frozenset[str] = frozenset(
    [*v.section("phrases", "terms")["not_issuers"], *_SIDES["buy"], *_SIDES["sell"]]
)

RANKS: frozenset[str] = frozenset(v.section("rates", "ranks"))
AGAINST = {"against", "over", "versus", "vs"}


def coupons(words: Sequence[Word], months: Sequence[Months]) -> list[tuple[int, Months, Figure | None]]:
    """(first token, maturity, coupon) of each bond named by its maturity."""
    lows = [word.low for word in words]
    found: list[tuple[int, Months, Figure | None]] = []
    for maturity in months:
        if maturity.year is None or maturity.begin != maturity.end or maturity.year < 2025:
            continue
        at = maturity.first
        while at and lows[at - 1] in (",", "of", "the", "s", "percent", "%", "'s"):
            at -= 1
        figure = next(
            (
                f
                for start in range(max(0, at - 9), at)
                if (f := figure_at(lows[:at], start)) is not None and f.last == at and _bare_start(lows, start)
            ),
            None,
        )
        counted = "the" in lows[at : maturity.first] and lows[at : at + 1] == ["of"]
        figure = None if counted else _hundredths(lows, figure)  # "two and a half of the thirty-fours": an amount
        behind = _behind(lows, at, maturity.last) if figure is None else None
        if behind is not None and (behind.pointed or behind.fraction) and behind.value < 16 and not behind.scaled:
            found.append((maturity.first, Months(maturity.first, behind.last, *_month(maturity)), behind))
        elif figure is not None and Decimal(0) <= figure.value < 16 and not figure.scaled:
            found.append((figure.first, maturity, figure))
        else:
            found.append((maturity.first, maturity, None))
    return found


def _behind(lows: Sequence[str], at: int, end: int) -> Figure | None:
    """The coupon said last: "Bund August thirty-five two point six", "the May thirty-sixes, the four and an eighth"."""
    if at and lows[at - 1] in v.governments():
        return figure_at(lows, end)
    figure = figure_at(lows, end + 2) if list(lows[end : end + 2]) == [",", "the"] else None
    return figure if figure is not None and lows[figure.last : figure.last + 1] in ([], ["."], [","]) else None


def _hundredths(lows: Sequence[str], figure: Figure | None) -> Figure | None:
    """ "The three forty-five of October thirty-four" pays 3.45; a number alone before a month may be an amount."""
    if figure is None or len(figure.chunks) != 2 or figure.fraction or figure.pointed or figure.scaled:
        return figure
    whole, part = figure.chunks
    lead = lows[figure.first - 1] if figure.first else ""
    known = lead in ("the", "a", "those", "these", *v.governments()) or lows[figure.last : figure.last + 1] == ["of"]
    if not (known and whole.isdecimal() and int(whole) < 16 and len(part) == 2 and part.isdecimal()):
        return figure
    return replace(figure, chunks=(f"{whole}.{part}",), value=Decimal(f"{whole}.{part}"), pointed=True)


def _month(maturity: Months) -> tuple[int, int, int | None]:
    return maturity.begin, maturity.end, maturity.year


def years(words: Sequence[Word], months: Sequence[Months]) -> list[Months]:
    """Maturities said as a year after issuer and coupon: "Halden Paper four and a quarter thirty-one"."""
    lows = [word.low for word in words]
    known = {k for span in months for k in range(span.first, span.last)}
    on_curve = bool(set(lows) & set(v.section("rates", "curve_points")))
    found: list[Months] = []
    for i, word in enumerate(words):
        issuer = i and (_issuer(words, i, guess=False)[0] or lows[i - 1] in v.governments())
        pointed = i and on_curve and lows[i - 1] == "the"
        of_year = not issuer and _coupon_of_year(lows, i)
        issuer = issuer or pointed or of_year or _in_full(lows, i) or _of_plural(lows, i)
        coupon = figure_at(lows, i) if issuer and word.low != "a" else None
        if coupon is not None and _then_year(coupon):
            coupon = figure_at(lows[: i + 1], i)
        coupon = _hundredths(lows, coupon)
        if coupon is None or not (coupon.fraction or coupon.pointed) or not 0 < coupon.value < 16 or coupon.scaled:
            continue
        at = coupon.last
        while at < len(lows) and lows[at] in ("%", "percent", "of", "due", "the"):
            at += 1
        if pointed:
            at = _misheard_month(lows, at)
        year, length = year_at(lows, at)
        if length and at not in known and lows[at + length : at + length + 1] not in (["%"], ["million"], ["lots"]):
            found.append(Months(at, at + length, 0, 0, year))
    return [*found, *_nicknames(lows, known | {k for span in found for k in range(span.first, span.last)})]


def _nicknames(lows: Sequence[str], known: set[int]) -> list[Months]:
    """Bonds called by nothing but their year: "the thirty-fours", "34s"."""
    found: list[Months] = []
    for i in range(len(lows)):
        year, length = plural_year(lows, i)
        if length and year >= 2026 and not known & set(range(i, i + length)):
            found.append(Months(i, i + length, 0, 0, year))
            known = known | set(range(i, i + length))
    return found


def called(lows: Sequence[str], maturity: Months) -> bool:
    """The year is in the plural, in which only bonds are spoken of: "the June twenty-nines"."""
    return any(k + plural_year(lows, k)[1] == maturity.last for k in range(maturity.first, maturity.last - 1))


def _of_plural(lows: Sequence[str], i: int) -> bool:
    """ "6.125 27s": a coupon and a year in the plural."""
    coupon = figure_at(lows, i)
    if coupon is not None and _then_year(coupon):
        coupon = figure_at(lows[: i + 1], i)
    return coupon is not None and _bare_start(lows, i) and plural_year(lows, coupon.last)[1] > 0


def _then_year(figure: Figure) -> bool:
    """ "5.1 34", "4.375 31": a typed coupon and the two digits of a year."""
    first, *rest = figure.chunks
    return "." in first and len(rest) == 1 and len(rest[0]) == 2 and rest[0].isdecimal() and 26 <= int(rest[0]) <= 75


def _coupon_of_year(lows: Sequence[str], i: int) -> bool:
    """ "The four and three eighths of fifty-four"; said again without "of" at the start of a sentence."""
    coupon = _hundredths(lows, figure_at(lows, i))
    if coupon is None or not (coupon.fraction or len(coupon.chunks) == 1 and coupon.pointed):
        return False
    of = lows[coupon.last : coupon.last + 1] == ["of"] and lows[coupon.last + 1 : coupon.last + 2] != ["the"]
    the = lows[i - 1 : i] == ["the"] or lows[max(0, i - 2) : i] in (["the", "long"], ["the", "old"], ["the", "new"])
    year, length = year_at(lows, coupon.last)
    bare = length > 0 and year >= 2027 and coupon.last + length < len(lows) + 1
    if bare and lows[i - 1 : i] == ["the"] and lows[coupon.last + length : coupon.last + length + 1] in ENDS:
        return True  # "and what about the one and a half forty-seven, ..."
    return (of and the) or i == 0 or lows[i - 1] in (".", "?", "!")


def _in_full(lows: Sequence[str], i: int) -> bool:
    """ "Four and an eighth twenty thirty-two", "4.125 2032": a coupon and all four digits of a year."""
    coupon = figure_at(lows, i)
    if coupon is None or not _bare_start(lows, i) or not (coupon.fraction or coupon.pointed):
        return False
    at = coupon.last + (lows[coupon.last : coupon.last + 1] in (["%"], ["percent"], ["of"], ["due"], [","]))
    year, length = year_at(lows, at)
    spelled = figure_at(lows, at)
    return year > 0 and length > 0 and spelled is not None and spelled.digits == str(year)


def _misheard_month(lows: Sequence[str], at: int) -> int:
    """Where the year stands after a month that was not understood: "the four and a quarter-oddest thirty-six"."""
    for skip in range(1, 4):
        between = lows[at : at + skip]
        if year_at(lows, at + skip)[1] and all(low == "-" or low.isalpha() for low in between):
            return at + skip
    return at


def _bare_start(lows: Sequence[str], start: int) -> bool:
    return not (start and figure_at(lows, start - 1) is not None and figure_at(lows, start - 1).last > start)  # type: ignore[union-attr]


def bonds(words: Sequence[Word], months: Sequence[Months]) -> list[Mention]:
    """Bonds by issuer, coupon and maturity; a government by its word; bare maturities stay weak."""
    lows = [word.low for word in words]
    governments = v.governments()
    result: list[Mention] = []
    for first, maturity, coupon in coupons(words, months):
        assert maturity.year is not None
        at = first
        while at and lows[at - 1] in (",", "the", "of"):
            at -= 1
        when = (maturity.year, maturity.begin)
        rate = coupon.value if coupon is not None else None
        before = governments.get(lows[at - 1]) if at else None
        if at and words[at - 1].text == "T":
            before = "UST"  # "T 3.75 5/31", as terminals write it
        elif tuple(lows[max(0, at - 3) : at]) == ("index", "-", "linked"):
            before = "UKTI"
        after = governments.get(lows[maturity.last]) if maturity.last < len(lows) else None
        if coupon is None and (after or before):
            name = after or before or ""
            against = bool(set(lows[max(0, first - 3) : first]) & AGAINST)
            result.append(
                Mention(
                    at - 1 if before else first,
                    maturity.last + bool(after),
                    v.government_bond(name, None, when),
                    weak=True,
                    benchmark=against,
                )
            )
        elif before or after:
            begin = at - 1 if before else first
            government = v.government_bond(before or after or "", rate, when)
            result.append(Mention(begin, maturity.last, government, benchmark=_spread_before(lows, begin)))
        elif (
            coupon is None
            and (named := _issuer(words, at, guess=False))[0]
            and (maturity.begin or called(lows, maturity))
        ):
            proper = called(lows, maturity) and _proper(words[at - 1])
            result.append(Mention(named[1], maturity.last, v.bond(named[0], None, when, None), weak=not proper))
        elif coupon is None and called(lows, maturity):
            result.append(Mention(maturity.first, maturity.last, v.bond("", None, when, None), weak=True))
        elif coupon is not None:
            issuer, begin = _issuer(words, at)
            if not issuer:
                issuer, begin = _named_before(words, at), at
            if issuer.lower() in v.government_places():  # "the Dutch ten-year, the two and a half of July thirty-five"
                state = v.government_bond(v.government_places()[issuer.lower()], rate, when)
                result.append(Mention(begin, maturity.last, state))
                continue
            result.append(
                Mention(
                    begin,
                    maturity.last,
                    v.bond(issuer, rate, when, None),
                    weak=not issuer,
                    benchmark=_spread_before(lows, begin),
                )
            )
    taken = [(m.first, m.last) for m in result]
    result += [m for m in _contracts(lows, months) if not any(m.first < b and a < m.last for a, b in taken)]
    taken = [(m.first, m.last) for m in result]
    for i, low in enumerate(lows):
        if low in governments and not any(a <= i < b for a, b in taken):
            against = bool(set(lows[max(0, i - 2) : i]) & AGAINST)
            result.append(
                Mention(i, i + 1, v.government_bond(governments[low], None, None), weak=True, benchmark=against)
            )
    return result


def _proper(word: Word) -> bool:
    """The last word of an issuer's name; not "Sevens, the May thirty-threes", "Selling June thirty-ones"."""
    plain = word.low in v.section("rates", "curve_points") or word.low in NOT_ISSUERS or word.low in MONTHS
    return word.pos == "PROPN" and not plain


def _spread_before(lows: Sequence[str], at: int) -> bool:
    """ "At g+145 vs UKT 4.25% 34", "spread to dbr 2.6 aug 35": what a spread is over is not what is dealt."""
    lead = lows[max(0, at - 6) : max(0, at - 1)]
    if at == 0 or lows[at - 1] not in (AGAINST | {"to"} if "spread" in lead else AGAINST):
        return False
    return bool(set(lead) & {"+", "plus", "g", "t", "bp", "bps", "basis", "spread"})


FUTURE = {"fut", "futs", "future", "futures"}


def _contracts(lows: Sequence[str], months: Sequence[Months]) -> list[Mention]:
    """A government's name beside a bare month is the future on it: "Sep Bunds", "the Bobl, December"."""
    found = []
    listed = bool(FUTURE & set(lows))
    for month in months:
        if month.begin != month.end or month.quarter or (month.year and month.year > 2028):
            continue
        near = (k for k, low in enumerate(lows) if low in v.governments() and abs(k - month.first) <= 4)
        apart = list(near) if listed else []
        for at in (month.last, month.first - 1, *apart):
            word = lows[at] if 0 <= at < len(lows) else ""
            title = v.government_bond(v.governments()[word], None, None).issuer if word in v.governments() else ""
            name = v.contract_roots().get(title)
            coupon = month.first and figure_at(lows, month.first - 1) is not None
            if name is not None and not (at < month.first and (month.year or coupon)):
                first, last = min(at, month.first), max(at + 1, month.last)
                found.append(Mention(first, last, v.future(name, month.year, month.begin)))
                break
    return found


def _issuer(words: Sequence[Word], at: int, *, guess: bool = True) -> tuple[str, int]:
    """The issuer's words before a coupon: capitalised ones, or up to two unknown lower-case ones in a chat."""
    at = _before_rank(words, at)
    begin = at
    while (
        begin
        and words[begin - 1].text[:1].isupper()
        and words[begin - 1].text.isalpha()
        and words[begin - 1].low not in NOT_ISSUERS
        and at - begin < 4
    ):
        begin -= 1
    if begin == at and guess:
        while (
            begin
            and at - begin < 2
            and words[begin - 1].text.isalpha()
            and words[begin - 1].low not in NOT_ISSUERS
            and words[begin - 1].pos not in SMALL_WORDS
            and len(words[begin - 1].text) > 2
        ):
            begin -= 1
    return " ".join(word.text[:1].upper() + word.text[1:] for word in words[begin:at]), begin


def _before_rank(words: Sequence[Word], at: int) -> int:
    """Where a name ends before its rank: "Pellworm Bank T2 5.25 6/34", "nordhaven bank sp 3.25 5/30"."""
    for length in (2, 1):
        rank = "".join(word.low for word in words[max(0, at - length) : at])
        if at - length > 0 and rank in RANKS and words[at - length - 1].text.isalpha():
            return at - length
    return at


def _named_before(words: Sequence[Word], at: int) -> str:
    """The issuer said a few words before: "Brennick Telecom, the... wait, the four and an eighth"."""
    end = at
    while end and at - end < 8 and words[end - 1].low not in (".", "?", "!", ";"):
        word = words[end - 1]
        if word.text[:1].isupper() and word.pos == "PROPN" and word.low not in NOT_ISSUERS | MONTHS.keys():
            return _issuer(words, end, guess=False)[0]
        if word.pos not in SMALL_WORDS and word.low not in NOT_ISSUERS and word.text.isalpha():
            return ""
        end -= 1
    return ""


def new_issues(words: Sequence[Word], tenors: Sequence[Tenor]) -> list[Mention]:
    """Bonds in the primary market: "the new Mistral Ports 8y", "the Garland Water deal"."""
    lows = [word.low for word in words]
    primary = bool(PRIMARY & set(lows)) or any(said in " ".join(lows) for said in ("mid - swaps", "in the book"))
    found: list[Mention] = []
    i = 0
    while i < len(words):
        issuer, last = _capitals(words, i)
        if not issuer:
            i += 1
            continue
        lead, after = lows[max(0, i - 3) : i], lows[last : last + 1]
        tenor = next((t for t in tenors if last <= t.first <= last + 3 and _links(lows[last : t.first])), None)
        before = next((t for t in tenors if t.last == i - 1 and lows[i - 1] in FROM), None)
        place = (
            i > 1 and words[i - 1].text == "New" and lows[i - 2] not in (".", "?", "!")
        )  # "seven million New Zealand"
        new = "new" in lead and not place and not {".", "?", "!"} & set(lead[lead.index("new") :])
        new = new or before is not None and "new" in lows[max(0, before.first - 2) : before.first]
        new = new and (primary or tenor is not None or before is not None or bool(PAPER & set(lows)))
        named = after in (["deal"], ["ioi"], ["tap"]) and "the" in lead
        if new or named or lows[last : last + 2] == ["new", "issue"] or primary and tenor is not None:
            close = tenor if tenor is not None and (tenor.first == last or primary) else None
            end = close.last if close is not None else last
            code = close.code if close is not None else before.code if before is not None else None
            found.append(Mention(i, end, v.new_issue(issuer, code)))
        i = last
    return found


PAPER = {
    "bond",
    "bonds",
    "deal",
    "issue",
    "tap",
    "ioi",
    "notes",
    "paper",
    "sukuk",
    "hybrid",
    "linker",
    "green",
    "senior",
}
"""Words of a turn of which one is said beside "the new ..." where it is a bond, and not a new colleague."""


def _links(between: Sequence[str]) -> bool:
    """What may stand between an issuer and the tenor: ", a", "'s new", "green"."""
    return all(
        low in (",", "a", "the", "'s", "new", "is", "are", "with", "in", "green", "long", "senior") for low in between
    )


FROM = {"from", "by", "for", "of"}


def _capitals(words: Sequence[Word], at: int) -> tuple[str, int]:
    last = at
    while last < len(words) and last - at < 3 and _name(words[last]):
        last += 1
    return " ".join(word.text for word in words[at:last]), last


def _name(word: Word) -> bool:
    proper = word.text[:1].isupper() and word.text.isalpha() and len(word.text) > 2 and word.low not in NOT_ISSUERS
    return proper and word.low not in MONTHS and word.low not in DAYS and word.low not in v.currencies()
