"""Things owed without a word of promise: "close fills to you tonight", and what is asked for in one turn and dated in a
later one ("we need the trust deed" - "a week today?" - "that's fine")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nlp.language import vocabulary
from nlp.language.deadlines import hours, named, rough
from nlp.language.figures import Figure
from nlp.language.frames import Frame
from nlp.language.model import Turn, Who
from nlp.language.tasks import Promise, sentences
from nlp.language.things import Thing, things

_WORDS: dict[str, tuple[str, ...]] = {
    part: tuple(vocabulary.section("owed", part))
    for part in (
        "suiting again every not_due need coming gone promising handed expires to_me refused standing periods starts"
    ).split()
}
AGAIN, EVERY, NOT_DUE = _WORDS["again"], _WORDS["every"], _WORDS["not_due"]
NEED, COMING, GONE, PROMISING = _WORDS["need"], _WORDS["coming"], _WORDS["gone"], _WORDS["promising"]
HANDED, EXPIRES, TO_ME, REFUSED = _WORDS["handed"], _WORDS["expires"], _WORDS["to_me"], _WORDS["refused"]
YOURS = (("your",), ("ur",))
SUITING = _WORDS["suiting"]
OFFERING = (("i", "can"), ("we", "can"), ("i", "could"), ("we", "could"))
STANDING, PERIODS, STARTS = (frozenset(_WORDS[part]) for part in ("standing", "periods", "starts"))
HOURS = (("by",), ("before",), ("b4",), ("at",), ("after",), ("until",), ("@",))
LASTS = 5  # turns in which what was asked for gets its day


@dataclass
class Request:
    """A thing asked for or offered that has no day yet."""

    thing: Thing
    owner: Who
    turn: int
    words: tuple[int, int]
    by: Who


def owed(turns: tuple[Turn, ...], frames: list[Frame], today: date, known: list[Promise]) -> list[Promise]:
    """What is owed beside the promises `known`; each with its day."""
    found: list[Promise] = []
    requests: list[Request] = []
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        stated = _stated(i, turn.who, frame, today)
        if stated is not None and not _known(stated, [*known, *found]):
            found.append(stated)
            requests = [r for r in requests if r.owner != stated.owner]
        else:
            requests = [r for r in requests if i - r.turn <= LASTS]
            answered = _answered(i, requests, turns, frames, today)
            if answered is not None and not _of_other(answered[0], i, known):
                request, day, last = answered
                requests.remove(request)
                places = {request.turn, *range(i, last + 1)}
                new = Promise(request.owner, "send", request.turn, request.words, True, False, places, days=[day])
                new.thing = request.thing.at
                if not _known(new, [*known, *found]):
                    found.append(new)
        requests += _asked(i, turn.who, frame)
        for further in (_standing, _again, _suited):
            again = further(i, turns, frames, today, [*known, *found])
            if again is not None:
                found.append(again)
                break
    return found


def _of_other(request: Request, i: int, known: list[Promise]) -> bool:
    """The day of turn `i` is that of what the other side promises there."""
    return any(p.turn == i and p.owner != request.owner and p.days and not p.beside for p in known)


def _again(i: int, turns: tuple[Turn, ...], frames: list[Frame], today: date, known: list[Promise]) -> Promise | None:
    """ "And then every Friday": what was just promised comes again, from the day the other side names."""
    frame, answer = frames[i], frames[i + 1] if i + 1 < len(frames) else None
    part = frame.part(0, len(frame.words))
    if not part.has(*EVERY) or not part.has(*AGAIN) or not frame.days or frame.sizes or frame.verbs or answer is None:
        return None
    same = next((p for p in reversed(known) if p.kind == "send" and 0 < i - min(p.evidence) <= LASTS), None)
    first = named(answer, 0, len(answer.words), today) or named(frame, 0, len(frame.words), today)[-1:]
    if same is None or turns[i + 1].who == turns[i].who or not first or any(p.evidence & {i, i + 1} for p in known):
        return None
    if not (answer.has(*PROMISING) or answer.days) or same.days[-1:] == first[-1:] and max(same.evidence) >= i:
        return None
    words = (0, len(frame.words))
    return Promise(same.owner, "send", i, words, True, False, {i, i + 1}, vague=True, days=first[-1:], again=True)


def _standing(
    i: int, turns: tuple[Turn, ...], frames: list[Frame], today: date, known: list[Promise]
) -> Promise | None:
    """ "And one every Thursday?" - "sure, starting the 18th": a standing send, from the day that the answer names."""
    frame, answer = frames[i], frames[i + 1] if i + 1 < len(frames) else None
    if answer is None or turns[i + 1].who == turns[i].who or frame.sizes or frame.prices:
        return None
    at = next((k for k, low in enumerate(frame.lows) if low in STANDING or _each_time(frame.lows[k : k + 3])), None)
    if at is None:
        return None
    starts = next((k for k in range(len(answer.lows)) if answer.lows[k] in STARTS), None)
    first = named(answer, 0, len(answer.words), today)
    if starts is None or not first or answer.question:
        return None
    after = named(answer, starts, len(answer.words), today)
    day = (after or first)[0]
    if any(p.days[-1:] == [day] and p.evidence & {i, i + 1} for p in known):
        return None
    begins, last = next((a, b) for a, b in sentences(frame) if a <= at < b)
    return Promise(turns[i + 1].who, "send", i, (begins, last), True, False, {i, i + 1}, days=[day], again=True)


def _shown(frame: Frame) -> bool:
    """A price is shown; "a one-page schedule" is none."""
    return any(price.pointed or len(price.digits) > 1 for price in frame.prices)


def _each_time(lows: tuple[str, ...]) -> bool:
    """ "Every Thursday", "each month end"."""
    return lows[:1] in (("every",), ("evry",), ("each",)) and bool(PERIODS & set(lows[1:]))


def _suited(i: int, turns: tuple[Turn, ...], frames: list[Frame], today: date, known: list[Promise]) -> Promise | None:
    """ "I can draw that up." ... "Would Friday suit?" - "Friday's fine": an offer that gets its day by a question."""
    frame, answer = frames[i], frames[i + 1] if i + 1 < len(frames) else None
    day = named(frame, 0, len(frame.words), today)
    if answer is None or not day or not frame.question or not frame.has(*SUITING) or frame.sizes or _shown(frame):
        return None
    again = named(answer, 0, len(answer.words), today)[:1]
    if turns[i + 1].who == turns[i].who or answer.question or again != day[-1:] and not answer.has(*PROMISING):
        return None
    for k in range(i, max(-1, i - LASTS), -1):
        first = next((n for n in range(len(frames[k].lows)) if frames[k].lows[n : n + 2] in OFFERING), None)
        if turns[k].who != turns[i].who or first is None:
            continue
        begins, last = next((a, b) for a, b in sentences(frames[k]) if a <= first < b)
        if _shown(frames[k].part(begins, last)):
            continue
        if any(p.evidence & set(range(k, i + 2)) for p in known):
            return None
        return Promise(turns[i].who, "work", k, (first + 2, last), True, False, {k, i, i + 1}, days=day[-1:])
    return None


def _stated(i: int, who: Who, frame: Frame, today: date) -> Promise | None:
    """A thing said to come on a day, or named with a day and no verb at all."""
    for first, last in sentences(frame):
        part, named_things = frame.part(first, last), things(frame, first, last)
        days = _days(frame, first, last, today)
        if (
            not named_things
            or not days
            or part.question
            or part.sizes
            or any(frame.lows[p.first - 1 : p.first] not in HOURS for p in _prices(frame, first, last))
            or any(frame.lows[verb.at + 1 : verb.at + 2] not in YOURS for verb in part.verbs)  # "hit your inbox"
            or part.has(*GONE, *EXPIRES, *NOT_DUE)
            or _only_until(frame, named_things[0])
        ):
            continue
        bare = not any(word.pos in ("VERB", "AUX") for word in frame.words[first:last])
        if not (bare or part.has(*COMING)):
            continue
        thing = named_things[0]
        owner: Who = who if part.has(*HANDED) else thing.owner or who
        return Promise(owner, "send", i, (first, last), True, False, {i}, days=days[-1:], thing=thing.at)
    return None


def _prices(frame: Frame, first: int, last: int) -> list[Figure]:
    """The prices between two tokens."""
    return [price for price in frame.prices if first <= price.first < last]


def _only_until(frame: Frame, thing: Thing) -> bool:
    """ "Until my report": the thing is a time."""
    return bool({"until", "till", "before", "after", "since"} & set(frame.lows[max(0, thing.at - 2) : thing.at]))


def _asked(i: int, who: Who, frame: Frame) -> list[Request]:
    """Things needed, offered, or only named ("the signature list."), without a deal in the sentence."""
    result = []
    for first, last in sentences(frame):
        part = frame.part(first, last)
        bare = not any(word.pos in ("VERB", "AUX") for word in frame.words[first:last]) and not part.question
        if part.sizes or part.prices or not (bare or part.has(*NEED)):
            continue
        asked_at = _asked_by_yours(frame, first, last)
        for n, thing in enumerate(things(frame, asked_at or first, last)):
            owes = _owner(frame, thing, who, to_me=part.has(*TO_ME))
            owes = who if asked_at is not None else owes
            purpose = frame.lows[max(first, thing.at - 2) : thing.at - 1] == ("for",)  # "only for a chart"
            if bare and (owes == who or purpose) or n and "and" not in frame.lows[max(first, thing.at - 5) : thing.at]:
                continue
            result.append(Request(thing, owes, i, (first, last), who))
    return result


def _asked_by_yours(frame: Frame, first: int, last: int) -> int | None:
    """Where "your compliance asked for" ends: what comes then is owed by who says so."""
    for k in range(first + 1, last - 1):
        if frame.lows[k : k + 2] in (("asked", "for"), ("asks", "for")) and {"your", "ur"} & set(frame.lows[first:k]):
            return k + 2
    return None


def _owner(frame: Frame, thing: Thing, who: Who, *, to_me: bool) -> Who:
    """Who hands over what `who` asks for or offers: by the words "send me" and "your", else by the thing's nature."""
    other: Who = "client" if who == "trader" else "trader"
    before = set(frame.lows[max(0, thing.at - 4) : thing.at])
    if to_me or thing.owner is None or who == "client" and before & {"your", "ur"}:
        return other
    return who if who == "client" and before & {"our", "my"} else thing.owner


def _answered(
    i: int, requests: list[Request], turns: tuple[Turn, ...], frames: list[Frame], today: date
) -> tuple[Request, date, int] | None:
    """The request that gets its day in turn `i`, that day, and the last turn of the agreement."""
    frame, who = frames[i], turns[i].who
    words = frame.part(0, len(frame.words))
    if not requests or frame.sizes or frame.prices or frame.verbs:
        return None
    named_here = {thing.name for thing in things(frame, 0, len(frame.words))}
    chosen = next((r for r in requests if r.thing.name in named_here), requests[0] if not named_here else None)
    if chosen is None or chosen.turn == i:
        return None
    days = _days(frame, 0, len(frame.words), today)
    own = who == chosen.owner
    offered = chosen.by == chosen.owner
    if own and words.has(*REFUSED) and not days:
        requests.remove(chosen)
        return None
    if days:
        return (
            (chosen, days[-1], i) if own and not words.question else _agreed(i, chosen, days[-1], turns, frames, today)
        )
    asked_for = _days(frames[chosen.turn], 0, len(frames[chosen.turn].words), today)
    if asked_for and i == chosen.turn + 1 and who != chosen.by and not words.question:
        fits = words.has(*PROMISING) and not words.has(*GONE) and not frames[chosen.turn].has(*EXPIRES)
        return (chosen, asked_for[-1], i) if fits and (own or offered) else None
    return None


def _agreed(
    i: int, request: Request, day: date, turns: tuple[Turn, ...], frames: list[Frame], today: date
) -> tuple[Request, date, int] | None:
    """A day proposed in turn `i`, if the other side takes it: says yes or the day again."""
    if request.by == request.owner and turns[i].who != request.by and frames[i].has(*PROMISING):
        return request, day, i
    after = next((k for k in range(i + 1, min(len(turns), i + 3)) if turns[k].who != turns[i].who), None)
    if after is None:
        return None
    again = _days(frames[after], 0, len(frames[after].words), today)
    return (request, again[-1] if again else day, after) if again or frames[after].has(*PROMISING) else None


def _days(frame: Frame, first: int, last: int, today: date) -> list[date]:
    if frame.lows[first:last].count("now") and not [d for d in frame.days if frame.lows[d.first] != "now"]:
        return []  # "he grows apples now"
    return named(frame, first, last, today) or rough(frame, first, last, today) or hours(frame, first, last, today)


def _known(new: Promise, known: list[Promise]) -> bool:
    """The same side has promised something about here, or for that day near here."""
    near = range(min(new.evidence) - 1, max(new.evidence) + 2)
    others = (p for p in known if p.owner == new.owner and p.kind != "soft")
    return any(p.evidence & (new.evidence if p.kind == "call" else set(near)) for p in others)
