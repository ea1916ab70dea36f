"""G.711, the sound of telephones (ITU-T G.711, 1988): a byte a sample, A-law or mu-law, to 16-bit PCM."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Literal, get_args

Encoding = Literal["s16", "alaw", "mulaw"]
"""How a stream's samples are written: 16-bit little endian, or a byte each."""
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)


def sample_bytes(encoding: Encoding) -> int:
    return 2 if encoding == "s16" else 1


def to_pcm(sound: bytes, encoding: Encoding) -> bytes:
    """16-bit little-endian samples; half a sample at the end is dropped."""
    if encoding == "s16":
        return sound[: len(sound) // 2 * 2]
    table = _TABLES[encoding]
    samples = array("h", [table[code] for code in sound])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _alaw(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


def _mulaw(code: int) -> int:
    code = ~code & 0xFF
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    size = (((mantissa << 3) + 0x84) << exponent) - 0x84
    return -size if code & 0x80 else size


def _table(law: Callable[[int], int]) -> tuple[int, ...]:
    return tuple(law(code) for code in range(256))


_TABLES = {"alaw": _table(_alaw), "mulaw": _table(_mulaw)}
