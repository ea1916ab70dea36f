"""Canonical JSON (RFC 8785): the bytes that are signed, the same from every sender whatever its language.

Numbers are written as ECMAScript writes doubles, names sorted by their UTF-16 code units, no white space.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

_EXACT = 2**53


def canonical(value: object) -> bytes:
    """Raises ``ValueError`` for what JSON cannot hold: NaN, infinity, lone surrogates, other types."""
    return _text(value).encode("utf-8")


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int() if -_EXACT <= value <= _EXACT:
            return str(value)
        case int() | float():
            return _number(value)
        case Mapping():
            members = sorted(value.items(), key=lambda member: str(member[0]).encode("utf-16-be", "surrogatepass"))
            return "{" + ",".join(f"{_name(name)}:{_text(item)}" for name, item in members) + "}"
        case Sequence() if not isinstance(value, bytes | bytearray):
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            raise ValueError(f"JSON has no {type(value).__name__}")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise ValueError("names in JSON are texts")
    return json.dumps(name, ensure_ascii=False)


def _number(value: float) -> str:
    """ECMAScript's Number::toString: Python finds the same shortest digits, and writes them otherwise."""
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("the number is too large") from None
    if not math.isfinite(number):
        raise ValueError("JSON has no infinite numbers")
    if number == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text, places = "".join(map(str, digits)), int(exponent)
    point = len(text) + places
    if len(text) <= point <= 21:
        text += "0" * places
    elif 0 < point <= 21:
        text = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        text = "0." + "0" * -point + text
    else:
        mantissa = text[0] + (f".{text[1:]}" if len(text) > 1 else "")
        text = f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return f"-{text}" if sign else text
