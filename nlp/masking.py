"""What must not be read or heard again: card, account and PIN numbers, passwords. Pure: turns in, masked turns out.

Which kinds there are and how they are told is data (``resources/vocabulary/masking.yaml``, or a desk's own file).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from nlp.language.model import Turn, Who

POLICY = Path(__file__).parents[1] / "resources" / "vocabulary" / "masking.yaml"
MASK = "•••"

ONES = {word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine".split())}
ONES |= {"oh": "0", "o": "0", "nought": "0", "nil": "0"}
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
TIMES = {"double": 2, "treble": 3, "triple": 3}
FILLERS = frozenset("and then um uh er erm so okay yes yeah right that's it's is dash hyphen space".split())
"""Words within a number that is read aloud; of other words none may stand there."""


class PolicyError(ValueError):
    """A masking policy cannot be used; the message says why."""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of number. ``digits`` with ``check``: proven by itself; ``after_cue``: lengths taken after a cue."""

    cues: tuple[str, ...] = ()
    after_cue: tuple[int, int] = (4, 19)
    digits: tuple[int, int] = (15, 34)
    check: str = ""


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cues: tuple[str, ...] = ()
    words: int = 6


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is masked. ``margin``: seconds muted on each side; ``reach``: words that a cue reaches."""

    numbers: dict[str, Kind] = {}
    secrets: Secrets = Secrets()
    margin: float = 0.2
    reach: int = 12


class MaskedSpan(msgspec.Struct, frozen=True):
    """A stretch of sound to mute on one side, in seconds, and what was said there."""

    who: Who
    start: float
    end: float
    kind: str


@dataclass(frozen=True, slots=True)
class Masked:
    """The turns with the same number of words each, and what to mute."""

    turns: tuple[Turn, ...]
    spans: tuple[MaskedSpan, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """One word: its turn, its place in it, its plain form, and what it is of a number read aloud (None: nothing)."""

    turn: int
    place: int
    plain: str
    signs: str | None


@lru_cache(maxsize=4)
def policy(path: Path = POLICY) -> Policy:
    """Reads a policy; raises :class:`PolicyError` with what is wrong in it."""
    import yaml  # the desk, which only knows the spans, starts without it

    try:
        found = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Policy)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise PolicyError(f"The masking policy {path} cannot be used: {error}") from error
    for name, kind in found.numbers.items():
        if kind.check not in ("", "luhn", "mod97"):
            raise PolicyError(f"The masking policy {path} has an unknown check for {name}: {kind.check}")
    return found


def masked(turns: Sequence[Turn], rules: Policy | None = None) -> Masked:
    """The turns with what the policy names made unreadable, and the stretches of sound to mute."""
    rules = rules or policy()
    spoken = [word for number, turn in enumerate(turns) for word in _words(number, turn)]
    hidden: dict[tuple[int, int], str] = {}
    for name, words in [*_numbers(turns, spoken, rules), *_secrets(turns, spoken, rules)]:
        for word in words:
            hidden.setdefault((word.turn, word.place), name)
    return Masked(
        tuple(_covered(number, turn, hidden) for number, turn in enumerate(turns)),
        tuple(_spans(turns, hidden, rules.margin)),
    )


def _words(number: int, turn: Turn) -> Iterator[_Said]:
    for place, text in enumerate(turn.text.split()):
        word = re.sub(r"[^\w'-]+", "", text).strip("'-")
        yield _Said(number, place, word.lower(), _signs(word))


def _signs(word: str) -> str | None:
    """The digits and letters that a word stands for in a number read aloud: "forty-five" 45, "g" G, "double" *2."""
    plain = word.lower()
    if plain in FILLERS:
        return ""
    if re.fullmatch(r"[A-Z]{2,4}", word):
        return word
    signs = ""
    for part in plain.split("-"):
        if part in TIMES:
            signs += f"*{TIMES[part]}"
        elif part in ONES:
            signs += ONES[part]
        elif part in TEENS:
            signs += str(10 + TEENS.index(part))
        elif part in TENS:
            signs += f"{2 + TENS.index(part)}0"
        elif re.fullmatch(r"[a-z]|[0-9]+|[a-z]{2}[0-9]{2}[a-z0-9]*", part):
            signs += part.upper()
        else:
            return None
    return _tens(signs) if "-" in plain else signs


def _tens(signs: str) -> str:
    """ "twenty-one" is 21 and not 201."""
    return re.sub(r"([2-9])0([1-9])$", r"\1\2", signs)


def _runs(spoken: Sequence[_Said], turns: Sequence[Turn]) -> Iterator[list[_Said]]:
    """Stretches of one speaker's words that may be one number, over turns in which the other only assents."""
    for who in ("trader", "client"):
        run: list[_Said] = []
        for word in spoken:
            if turns[word.turn].who != who:
                if word.signs is None and run:
                    yield run
                    run = []
                continue
            if word.signs is None:
                if run:
                    yield run
                run = []
            else:
                run.append(word)
        if run:
            yield run


def _text(run: Sequence[_Said]) -> str:
    """The number that a run spells."""
    signs, times = "", 1
    for word in run:
        for piece in re.findall(r"\*\d|[^*]", word.signs or ""):
            if piece[0] == "*":
                times = int(piece[1])
            else:
                signs += piece * times
                times = 1
    return signs


def _trimmed(run: list[_Said]) -> list[_Said]:
    while run and not run[0].signs:
        run = run[1:]
    while run and not run[-1].signs:
        run = run[:-1]
    return run


def _numbers(turns: Sequence[Turn], spoken: Sequence[_Said], rules: Policy) -> Iterator[tuple[str, list[_Said]]]:
    cued = {name: _cued(spoken, kind.cues, rules.reach) for name, kind in rules.numbers.items()}
    places = {(word.turn, word.place): at for at, word in enumerate(spoken)}
    for run in _runs(spoken, turns):
        for name, kind in rules.numbers.items():
            if kind.check:
                yield from ((name, found) for found in _proven(run, kind))
            first = next((n for n, word in enumerate(run) if places[word.turn, word.place] in cued[name]), None)
            if first is not None:
                rest = _trimmed(run[first:])
                digits = sum(sign.isdigit() for sign in _text(rest))
                if kind.after_cue[0] <= digits <= kind.after_cue[1]:
                    yield name, rest


def _proven(run: list[_Said], kind: Kind) -> Iterator[list[_Said]]:
    """The longest stretches of a run whose digits prove themselves."""
    first = 0
    while first < len(run):
        for last in range(len(run), first, -1):
            part = run[first:last]
            if part[0].signs and part[-1].signs and _proves(_text(part), kind):
                yield part
                first = last - 1
                break
        first += 1


def _proves(number: str, kind: Kind) -> bool:
    low, high = kind.digits
    if not low <= len(number) <= high:
        return False
    if kind.check == "luhn":
        return number.isdigit() and len(set(number)) > 1 and _luhn(number)
    return bool(re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]+", number)) and _mod97(number)


def _luhn(number: str) -> bool:
    doubled = (int(sign) * (1 + place % 2) for place, sign in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _mod97(number: str) -> bool:
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1


def _cued(spoken: Sequence[_Said], cues: Sequence[str], reach: int) -> set[int]:
    """Places within reach after a cue."""
    return {at for end in _ends(spoken, cues) for at in range(end, min(len(spoken), end + reach))}


def _ends(spoken: Sequence[_Said], cues: Sequence[str]) -> Iterator[int]:
    wanted: dict[str, list[list[str]]] = {}
    for cue in cues:
        words = cue.split()
        wanted.setdefault(words[0], []).append(words)
    for at, word in enumerate(spoken):
        for words in wanted.get(word.plain, ()):
            if [one.plain for one in spoken[at : at + len(words)]] == words:
                yield at + len(words)


def _secrets(turns: Sequence[Turn], spoken: Sequence[_Said], rules: Policy) -> Iterator[tuple[str, list[_Said]]]:
    for end in _ends(spoken, rules.secrets.cues):
        words = []
        for word in spoken[end : end + rules.secrets.words]:
            if word.turn != spoken[end].turn:
                break
            words.append(word)
            if turns[word.turn].text.split()[word.place][-1] in ".?!":
                break
        if words:
            yield "password", words


def _covered(number: int, turn: Turn, hidden: dict[tuple[int, int], str]) -> Turn:
    words = turn.text.split()
    if not any((number, place) in hidden for place in range(len(words))):
        return turn
    text = " ".join(MASK if (number, place) in hidden else word for place, word in enumerate(words))
    return msgspec.structs.replace(turn, text=text)


def _spans(turns: Sequence[Turn], hidden: dict[tuple[int, int], str], margin: float) -> Iterator[MaskedSpan]:
    """Neighbouring hidden words are one stretch. Where the times of words are unknown, the whole turn is muted."""
    for number, turn in enumerate(turns):
        places = sorted(place for at, place in hidden if at == number)
        if not places:
            continue
        if not turn.words:
            yield MaskedSpan(turn.who, turn.start, turn.end, hidden[number, places[0]])
            continue
        first = places[0]
        for place, following in zip(places, [*places[1:], -1], strict=True):
            if following != place + 1:
                start = max(0.0, turn.words[first].start - margin)
                end = turn.words[place].end + margin
                yield MaskedSpan(turn.who, round(start, 2), round(end, 2), hidden[number, first])
                first = following
