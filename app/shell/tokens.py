"""Design tokens: the one place where a colour, a size or a font is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DARK: Final[Mapping[str, str]] = {
    # Surfaces, from the gutter between panels (bg0) to a hovered chip (bg4).
    "bg0": "#0A0D12",
    "bg1": "#10141B",
    "bg2": "#161B24",
    "bg3": "#1D2430",
    "bg4": "#26303E",
    "alt": "#12171F",
    "line": "#1F2733",
    "line2": "#2C3645",
    # Text: body, secondary, captions only. All three read at 4.5:1 or better on bg1.
    "tx1": "#E8ECF2",
    "tx2": "#A3AEBD",
    "tx3": "#77849A",
    "acc": "#4C9AFF",
    "accbg": "#15304F",
    "accln": "#2A5A94",
    "acctx": "#9CC7FF",
    "acchi": "#6FAEFF",
    "onacc": "#06101F",
    "up": "#2EBD85",
    "upbg": "#0F3A2C",
    "uphi": "#45D29B",
    "onup": "#04140D",
    "dn": "#F6465D",
    "dnbg": "#43191F",
    "dnhi": "#FF6B80",
    "ondn": "#1A0306",
    "warn": "#F0B429",
    "warnbg": "#3B2E0C",
    "rec": "#FF4D4F",
    "sel": "#1A3556",
    "popln": "#35506F",
    "handle": "#3D4A5C",
}
"""The dark theme. A light theme is another mapping with the same names."""

THEMES: Final[Mapping[str, Mapping[str, str]]] = {"dark": DARK}

T: Final[dict[str, str]] = dict(DARK)
"""The colours in use. ``theme.apply`` fills it, so read it when painting and never copy it."""

CHANNELS: Final[Mapping[str, str]] = {
    "fdc3.channel.1": "#E5484D",
    "fdc3.channel.2": "#F76B15",
    "fdc3.channel.3": "#F5D90A",
    "fdc3.channel.4": "#30A46C",
    "fdc3.channel.5": "#12A5C4",
    "fdc3.channel.6": "#4C7DFF",
    "fdc3.channel.7": "#D6409F",
    "fdc3.channel.8": "#8E4EC6",
}
"""How the recommended user channels look in this window, by channel id."""

FONT: Final = "Inter"
FONT_FALLBACK: Final = ("DejaVu Sans", "Segoe UI", "Helvetica Neue")
MONO: Final = "JetBrains Mono"
MONO_FALLBACK: Final = ("DejaVu Sans Mono", "Consolas", "Menlo")

# Sizes in device-independent pixels; Qt scales them on high-DPI screens.
CAP: Final = 10
SMALL: Final = 11
BASE: Final = 12
MEDIUM: Final = 13
KEY: Final = 14
LARGE: Final = 16

ROW: Final = 22
CARD: Final = 46
CONTROL: Final = 24
TAB: Final = 26
TOP: Final = 38
STATUS: Final = 22
RAIL: Final = 40
CALLS: Final = 264
CALLS_NARROW: Final = 216
"""The calls column on a window narrower than 1500."""
POPUP: Final = 452
GAP: Final = 8


def color(name: str) -> str:
    """The colour of a token name; text that is not a token (``#RRGGBB``) is itself."""
    return T.get(name, name)
