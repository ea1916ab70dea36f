"""Ways to reach a client, and the handing on of their data, as a turn names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.language import vocabulary
from nlp.language.frames import Frame
from nlp.language.phrases import Found, Phrases

_SHARING = vocabulary.contact("sharing")
_NEWS = vocabulary.contact("newsletters")
DATA: frozenset[str] = frozenset(_SHARING["data"])
HAND: frozenset[str] = frozenset(_SHARING["hand"])
OUTSIDE: tuple[str, ...] = tuple(_SHARING["outside"])
KEPT: tuple[str, ...] = tuple(_SHARING["kept"])
PRIVATE: frozenset[str] = frozenset(vocabulary.contact("leave")["private"])
OWN = {"my", "new", "personal", "own", "your", "ur"}
THEIRS = {"their", "his", "her", "its"}  # mailings of somebody else
REGULAR: frozenset[str] = frozenset(_NEWS["regular"])
LETTERS: frozenset[str] = frozenset(_NEWS["letters"])
PARTED = {".", "?", "!", ";", "...", ",", "and", "or", "to", "a", "an"}
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
    letters = _newsletters(lows)
    found: list[Named] = list(letters)
    for name in (_NAMED_OR_DONE if actions else _NAMED).found(lows):
        channel, action = name.meaning
        if any(name.first < place.last and place.first < name.last or _sent(lows, place, name) for place in letters):
            continue
        if channel == "email" and lows[name.last : name.last + 1] in (("one",), ("list",)):
            continue  # "the Monday letter, the e-mail one"
        mine = channel == "phone" and OWN & set(lows[max(0, name.first - 2) : name.first])
        purpose = channel == "email_newsletter" and found and lows[name.first - 1] == "for"  # "WhatsApp for updates"
        if channel == "phone" and found and _device(lows[found[-1].last : name.first]):
            continue  # "WhatsApp on the work phone"
        theirs = channel == "email_newsletter" and bool(THEIRS & set(lows[max(0, name.first - 2) : name.first]))
        if not mine and not purpose and not theirs:
            found.append(Named(name.first, name.last, channel, action))
    return _with_sharing(frame, sorted(found, key=lambda place: place.first))


def _device(between: Sequence[str]) -> bool:
    """What stands between a channel and the telephone that it comes to."""
    return tuple(between[:1]) == ("on",) and not PARTED & set(between)


def _newsletters(lows: Sequence[str]) -> list[Named]:
    """What comes every week or month, whatever it is called: "the weekly rates email", "our monthly credit letter"."""
    found: list[Named] = []
    for k, low in enumerate(lows):
        if low not in REGULAR or found and k < found[-1].last:
            continue
        last = next((n + 1 for n in range(k + 1, min(k + 5, len(lows))) if lows[n] in LETTERS), None)
        if last is not None and not PARTED & set(lows[k:last]):
            found.append(Named(k, last, "email_newsletter"))
    return found


def _sent(lows: Sequence[str], letter: Named, name: Found[tuple[str, bool]]) -> bool:
    """How a newsletter comes: "our weekly letter goes out by mail"."""
    between = lows[letter.last : name.first]
    return 0 <= name.first - letter.last <= 4 and name.meaning[0] in ("email", "post") and not PARTED & set(between)


def by_them(frame: Frame) -> Frame:
    """A turn without what its speaker says that they themselves will do: "can I call you back?" allows no calls."""
    spans = [
        n for n in _NAMED_OR_DONE.found(frame.lows) if n.meaning[1] and {"you", "u"} & set(frame.lows[n.first : n.last])
    ]
    hidden = {k for span in spans for k in range(span.first, span.last)}
    return replace(frame, lows=tuple("" if k in hidden else low for k, low in enumerate(frame.lows)))


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
