"""Ways to reach a client, and the handing on of their data, as a turn names them."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.phrases import Phrases

_SHARING = vocabulary.contact("sharing")
DATA: frozenset[str] = frozenset(_SHARING["data"])
HAND: frozenset[str] = frozenset(_SHARING["hand"])
OUTSIDE: tuple[str, ...] = tuple(_SHARING["outside"])
KEPT: tuple[str, ...] = tuple(_SHARING["kept"])
PRIVATE: frozenset[str] = frozenset(vocabulary.contact("leave")["private"])
OWN = {"my", "new", "personal", "own", "your", "ur"}
SHARING = "third_party_data_sharing"
STOPS = {".", "?", "!", ";", "..."}


def _names(part: str, action: bool) -> list[tuple[str, tuple[str, bool]]]:
    return [(name, (channel, action)) for channel, names in vocabulary.contact(part).items() for name in names]


_NAMED = Phrases(_names("channels", False))
_NAMED_OR_DONE = Phrases([*_names("actions", True), *_names("channels", False)])


@dataclass(frozen=True)
class Named:
    """A channel between tokens of a turn."""

    first: int
    last: int
    channel: str
    action: bool = False  # named by what is done ("ring me")


def channels_named(frame: Frame, *, actions: bool = False) -> list[Named]:
    """The channels of a turn, the longest name at each place; "my mobile" is where something came, not how. With
    `actions` also what is done by a channel ("ring you")."""
    lows = frame.lows
    found: list[Named] = []
    for name in (_NAMED_OR_DONE if actions else _NAMED).found(lows):
        channel, action = name.meaning
        mine = channel == "phone" and OWN & set(lows[max(0, name.first - 2) : name.first])
        purpose = channel == "email_newsletter" and found and lows[name.first - 1] == "for"  # "WhatsApp for updates"
        if not mine and not purpose:
            found.append(Named(name.first, name.last, channel, action))
    return _with_sharing(frame, found)


def _with_sharing(frame: Frame, found: list[Named]) -> list[Named]:
    """With data handed to somebody outside, where a sentence says so with the one before it."""
    if any(place.channel == SHARING for place in found):
        return found
    lows = frame.lows
    ends = [k for k, low in enumerate(lows) if low in STOPS] + [len(lows)]
    start = 0
    for n, end in enumerate(ends):
        since = ends[n - 2] + 1 if n > 1 else 0
        here, near = f" {' '.join(lows[start:end])} ", f" {' '.join(lows[since:end])} "
        data, handed = DATA & set(lows[since:end]), HAND & set(lows[since:end])
        outside = any(f" {phrase} " in near for phrase in OUTSIDE)
        kept = any(f" {phrase} " in here for phrase in KEPT)
        shared = (DATA | HAND) & set(lows[start:end]) and data and handed and outside
        if shared or kept and DATA & set(lows[start:end]):
            first = next(k for k in range(start, end) if lows[k] in DATA | HAND)
            return sorted([*found, Named(first, first + 1, SHARING)], key=lambda place: place.first)
        start = end + 1
    return found
