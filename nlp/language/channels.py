"""Ways to reach a client, and the handing on of their data, as a turn names them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from nlp.language import vocabulary
from nlp.language.frames import Frame

CHANNELS: dict[str, tuple[str, ...]] = {k: tuple(v) for k, v in vocabulary.contact("channels").items()}
ACTIONS: dict[str, tuple[str, ...]] = {k: tuple(v) for k, v in vocabulary.contact("actions").items()}
_SHARING = vocabulary.contact("sharing")
DATA: frozenset[str] = frozenset(_SHARING["data"])
HAND: frozenset[str] = frozenset(_SHARING["hand"])
OUTSIDE: tuple[str, ...] = tuple(_SHARING["outside"])
KEPT: tuple[str, ...] = tuple(_SHARING["kept"])
PRIVATE: frozenset[str] = frozenset(vocabulary.contact("leave")["private"])
OWN = {"my", "new", "personal", "own", "your", "ur"}
SHARING = "third_party_data_sharing"
STOPS = {".", "?", "!", ";", "..."}

_NAMES: defaultdict[str, list[tuple[tuple[str, ...], bool, str]]] = defaultdict(list)
"""First word -> the whole name, whether it is of an action, the channel."""
for _action, _names in ((False, CHANNELS), (True, ACTIONS)):
    for _channel, _phrases in _names.items():
        for _words in map(str.split, _phrases):
            _NAMES[_words[0]].append((tuple(_words), _action, _channel))


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
    lows, k = frame.lows, 0
    found: list[Named] = []
    while k < len(lows):
        hits = [
            (len(words), not action, channel)
            for words, action, channel in _NAMES.get(lows[k], ())
            if (actions or not action) and tuple(lows[k : k + len(words)]) == words
        ]
        length, plain, channel = max(hits, default=(0, True, ""))
        if length:
            mine = channel == "phone" and OWN & set(lows[max(0, k - 2) : k])
            purpose = channel == "email_newsletter" and found and lows[k - 1] == "for"  # "WhatsApp for market updates"
            if not mine and not purpose:
                found.append(Named(k, k + length, channel, not plain))
        k += length or 1
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
