"""The market's words, read once from the data files in `resources/vocabulary`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from nlp.language.words import TOKEN

NEW_ISSUE = "new issue"
Kind = str  # fx, metal, bond, irs, future, equity, commodity, option


@dataclass(frozen=True)
class Instrument:
    """An instrument as the conversation names it; the range only places the decimals of spoken prices."""

    kind: Kind
    code: str
    description: str | None = None
    currency: str | None = None
    settle: int | None = 2
    low: Decimal | None = None
    high: Decimal | None = None
    decimals: int | None = None
    ticks: bool = False
    unit: str | None = None
    price_ccy: str | None = None
    id: str | None = None
    isin: str | None = None
    coupon: Decimal | None = None
    maturity: tuple[int, int] | None = None  # year, month
    issuer: str = ""
    tenor: str | None = None
    period: str | None = None
    form: str = ""


@lru_cache(maxsize=1)
def _files() -> dict[str, Any]:
    folder = files("resources.vocabulary")
    names = ("fx", "rates", "listed", "commodities", "speech", "phrases", "contact", "owed", "matters")
    return {name: yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in names}


def section(name: str, part: str) -> Any:
    """One part of one vocabulary file, as plain data."""
    return _files()[name][part]


def contact(part: str) -> Any:
    """One part of the words about reaching a client."""
    return section("contact", part)


@lru_cache(maxsize=1)
def currencies() -> dict[str, str]:
    """Single words that name a currency, with its ISO code."""
    found = {code.lower(): code for code in section("fx", "base_order")}
    for code, words in section("fx", "currencies").items():
        found |= {str(word): str(code) for word in words if " " not in str(word)}
    return found


@lru_cache(maxsize=1)
def currency_phrases() -> dict[tuple[str, ...], str]:
    """Currencies of several words ("Chilean pesos")."""
    return {tuple(words.split()): str(code) for code, rows in section("fx", "phrases").items() for words in rows}


@lru_cache(maxsize=1)
def weak_currencies() -> frozenset[str]:
    """Currency words that are also everyday words."""
    return frozenset(str(word) for word in section("fx", "weak"))


@lru_cache(maxsize=1)
def local_currencies() -> dict[str, dict[str, str]]:
    """Place to what currency words mean there ("manila": pesos are PHP)."""
    found: dict[str, dict[str, str]] = {}
    for row in section("fx", "local"):
        for code, places in row["places"].items():
            for place in places:
                found.setdefault(str(place), {}).update(dict.fromkeys(row["words"], str(code)))
    return found


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    return {code: i for i, code in enumerate(section("fx", "base_order"))}


@lru_cache(maxsize=256)
def fx_pair(one: str, other: str) -> Instrument | None:
    """The pair of two currencies in market order; None for the same or an unknown currency."""
    ranks = _ranks()
    if one == other or one not in ranks or other not in ranks:
        return None
    base, quote = sorted((one, other), key=ranks.__getitem__)
    code = base + quote
    row = section("fx", "pairs").get(code)
    kind = "metal" if base.startswith("X") else "fx"
    if row is None:
        return Instrument(kind, code, currency=base, decimals=4)
    settle = int(row[3]) if len(row) > 3 else 2
    common: dict[str, Any] = {
        "low": Decimal(str(row[0])),
        "high": Decimal(str(row[1])),
        "decimals": int(row[2]),
        "settle": settle,
    }
    if kind == "metal":
        return Instrument(kind, code, currency=quote, unit="oz", price_ccy=quote, **common)
    return Instrument(kind, code, currency=base, **common)


def pair_of(code: str) -> Instrument | None:
    """The pair of a six-letter code."""
    return fx_pair(code[:3], code[3:]) if len(code) == 6 else None


@lru_cache(maxsize=1)
def governments() -> dict[str, str]:
    """Word to government ("gilts" to UKT)."""
    return {str(word): str(name) for name, row in section("rates", "governments").items() for word in row["words"]}


@lru_cache(maxsize=1)
def government_places() -> dict[str, str]:
    """Country to government ("spain", "spanish" to SPGB)."""
    return {str(word): str(name) for name, words in section("rates", "places").items() for word in words}


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    return {str(row.get("title", name)): str(name) for name, row in section("rates", "governments").items()}


def government_of_title(title: str) -> str:
    """The government whose bonds are written so ("Bund" to BUND); empty for any other issuer."""
    return _titles().get(title, "")


@lru_cache(maxsize=1)
def terms() -> dict[tuple[str, ...], tuple[str, str]]:
    """Multi-word names of listed futures, commodities, metals, swap indexes and FX nicknames: (section, name)."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, row in section("listed", "futures").items():
        found |= {_pieces(str(word)): ("future", str(name)) for word in row["words"]}
    for name, row in section("commodities", "commodities").items():
        found |= {_pieces(str(word)): ("commodity", str(name)) for word in row["words"]}
    for word, code in section("fx", "metals").items():
        found[(str(word),)] = ("metal", str(code))
    for name, row in section("rates", "swaps").items():
        found |= {_pieces(str(word)): ("irs", str(name)) for word in row["words"]}
    for word, code in section("fx", "nicknames").items():
        found[(str(word),)] = ("nickname", str(code))
    return found


def _pieces(word: str) -> tuple[str, ...]:
    """A name as the tokenizer cuts it: "sx5e" is two tokens."""
    return tuple(piece for piece in TOKEN.findall(word) if not piece.isspace())


def future(name: str, year: int | None, month: int | None) -> Instrument:
    """A listed contract: "Euro Stoxx 50 Dec-26"."""
    row = section("listed", "futures")[name]
    code = f"{name} {contract(year, month)}".strip()
    return Instrument(
        "future",
        code,
        currency=row["currency"],
        settle=None,
        low=Decimal(str(row["low"])),
        high=Decimal(str(row["high"])),
        decimals=int(row["decimals"]),
        ticks=bool(row.get("ticks")),
        unit="lots",
        price_ccy=row.get("price_ccy"),
        maturity=(year or 0, month) if month else None,
        form=name,
    )


def future_option(on: Instrument, option: str) -> Instrument:
    """An option on a listed contract: "10Y T-note future put 109.50 Sep-26"."""
    month = on.code.removeprefix(on.form).strip()
    code = " ".join(part for part in (on.form, option, month) if part)
    return Instrument(
        "option",
        code,
        currency=on.currency,
        settle=None,
        unit=on.unit,
        price_ccy=on.price_ccy,
        form=on.form,
        issuer=option,
    )


@lru_cache(maxsize=1)
def contract_codes() -> dict[str, str]:
    """Root of a contract code to the contract's name."""
    return {code: str(name) for name, row in section("listed", "futures").items() for code in row.get("codes", ())}


@lru_cache(maxsize=1)
def contract_roots() -> dict[str, str]:
    """Government bond to the future on it."""
    return {row["root"]: str(name) for name, row in section("listed", "futures").items() if "root" in row}


def contract(year: int | None, month: int | None) -> str:
    """ "Dec-26", "Dec" without a year, "" without a month."""
    name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1] if month else ""
    return f"{name}-{year % 100:02d}" if year and name else name


def commodity(name: str, period: str = "", option: str = "") -> Instrument:
    """A commodity with its delivery period: "Jet fuel CIF NWE cargo swap Jan-Mar 2027"."""
    row = section("commodities", "commodities")[name]
    words = [name, option or row["form"], period]
    return Instrument(
        "option" if option else "commodity",
        " ".join(w for w in words if w),
        currency=row["currency"],
        settle=None,
        low=None if option else Decimal(str(row["low"])),
        high=None if option else Decimal(str(row["high"])),
        decimals=2,
        unit=row["unit"],
        price_ccy=row["currency"],
        period=period or None,
        form=name,
        issuer=option,
    )


@lru_cache(maxsize=1)
def commodities() -> frozenset[str]:
    """The names of all commodities."""
    return frozenset(section("commodities", "commodities"))


def swap(index: str, tenor: str | None) -> Instrument:
    """An interest rate swap: "GBP SONIA OIS 7Y"."""
    row = section("rates", "swaps")[index]
    name = str(row["name"])
    return Instrument(
        "irs",
        f"{name} {tenor}" if tenor else name,
        currency=name[:3],
        settle=None,
        low=Decimal("0.1"),
        high=Decimal(15),
        decimals=3,
        tenor=tenor,
        form=index,
    )


def swap_index(currency: str) -> str:
    """The index that swaps of a currency are asked for against when none is named; empty where there is none."""
    preferred = "EUR6" if currency == "EUR" else currency
    return preferred if preferred in section("rates", "swaps") else ""


def swap_structure(index: str, name: str) -> Instrument:
    """A curve trade or a fly in swaps: "USD SOFR OIS 2s10s"; without an index its currency is not known yet."""
    title = str(section("rates", "swaps")[index]["name"]) if index else ""
    return Instrument(
        "irs", f"{title} {name}".strip(), currency=title[:3] or None, settle=None, form=index, issuer=name
    )


def government_bond(name: str, coupon: Decimal | None, maturity: tuple[int, int] | None) -> Instrument:
    """A government bond: "UST 3.875% Sep-2031"."""
    row = section("rates", "governments")[name]
    title = str(row.get("title", name))
    return bond(
        title,
        coupon,
        maturity,
        str(row["currency"]),
        settle=int(row["settle"]),
        ticks=bool(row.get("ticks")),
        short=True,
    )


def bond(
    issuer: str,
    coupon: Decimal | None,
    maturity: tuple[int, int] | None,
    currency: str | None,
    *,
    settle: int = 2,
    ticks: bool = False,
    short: bool = False,
    isin: str | None = None,
) -> Instrument:
    """A bond by issuer, coupon and month of maturity, or by ISIN."""
    words = [issuer]
    if coupon is not None:
        words.append(f"{format(coupon.normalize(), 'f')}%")
    if maturity is not None:
        year, month = maturity
        long = "January February March April May June July August September October November December".split()
        words.append(
            (f"{long[month - 1][:3]}-{year}" if short else f"{long[month - 1]} {year}") if month else str(year)
        )
    name = " ".join(w for w in words if w)
    return Instrument(
        "bond",
        isin or name,
        description=name if isin and name else None,
        currency=currency,
        settle=settle,
        low=Decimal(40),
        high=Decimal(180),
        ticks=ticks,
        isin=isin,
        coupon=coupon,
        maturity=maturity,
        issuer=issuer,
    )


def new_issue(issuer: str, tenor: str | None) -> Instrument:
    """A bond that is being sold for the first time: "Castellor Infra 7Y new issue"."""
    code = " ".join(word for word in (issuer, tenor or "", "new issue") if word)
    return Instrument("bond", code, issuer=issuer, tenor=tenor, form=NEW_ISSUE)
