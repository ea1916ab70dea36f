"""What the talk left open about a deal, as plain questions; the answers fill the blanks. Pure.

A fact says itself which of its fields nothing said supports enough (``doubtful``). They are blank, whatever stands in
them, until the trader answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from app.brokerage.entry import EntryError, parse_price, parse_quantity
from plugins.reports import wording
from plugins.reports.evidence import Json, Said
from plugins.reports.items import Terms

QUESTIONS: Mapping[str, str] = {"client_side": "Which side?", "quantity": "How much?", "price": "At what price?"}
"""The fields that are asked about, in the order in which they are."""
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: the key that gives it, its label and its value."""

    key: str
    label: str
    value: str


SIDES = (Choice("B", "Client buys", "buy"), Choice("S", "Client sells", "sell"))


@dataclass(frozen=True, slots=True)
class Question:
    """``heard`` is what was said of it. Without ``choices`` the answer is typed."""

    deal: str
    field: str
    about: str
    heard: str
    said: tuple[Said, ...]
    choices: tuple[Choice, ...]

    @property
    def text(self) -> str:
        return QUESTIONS[self.field]


def blanked(unclear: Terms) -> Terms:
    """With every doubtful field blank: a doubtful value is no better than none."""
    blank = {name: None for name in unclear.doubtful if name in QUESTIONS}
    return msgspec.structs.replace(unclear, **blank)


def answered(unclear: Terms, answers: Iterable[Mapping[str, Json]]) -> Terms:
    """The deal with the trader's answers in it; ``doubtful`` names what is still open."""
    deal = blanked(unclear)
    for answer in answers:
        name, value = answer.get("field"), answer.get("value")
        if answer.get("deal") != blanked(unclear).key or name not in deal.doubtful:
            continue
        filled = {
            **msgspec.to_builtins(deal),
            name: value,
            "doubtful": [each for each in deal.doubtful if each != name],
        }
        deal = msgspec.convert(filled, Terms, strict=False)
    return deal


def question(unclear: Terms, answers: Iterable[Mapping[str, Json]], symbol: str = "") -> Question | None:
    """The next thing to ask about a deal; None when nothing is open."""
    deal = answered(unclear, answers)
    name = next((each for each in QUESTIONS if each in deal.doubtful), None)
    if name is None:
        return None
    size = wording.amount(deal.quantity, deal.quantity_ccy, deal.quantity_unit)
    about = " ".join(part for part in (size, symbol or deal.description or deal.instrument) if part)
    choices = SIDES if name == "client_side" else ()
    return Question(blanked(unclear).key, name, about, heard(deal.said), deal.said, choices)


def heard(said: tuple[Said, ...]) -> str:
    """The words that come nearest to an answer: the last that count, the client's before the trader's."""
    nearest = max(said, key=lambda turn: (bool(turn.marks), turn.who == "client", turn.start), default=None)
    if nearest is None:
        return ""
    text = " ".join(nearest.text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def typed(name: str, text: str) -> str | None:
    """An amount or a price as a trader types it ("15m", "1.1678"), as the answer's value; None if it is none."""
    try:
        found = parse_quantity(text).amount if name == "quantity" else parse_price(text)
    except EntryError:
        return None
    return format(found, "f")
