"""Follow-ups: from promises ("I'll send it by Friday") and from accepted requests ("could you ...")."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from nlp.language import vocabulary
from nlp.language.deadlines import days, due, in_next_week, rough
from nlp.language.evidence import BOTH, ONE, span
from nlp.language.frames import Frame
from nlp.language.meetings import meetings
from nlp.language.model import FollowUp, Turn
from nlp.language.owed import owed
from nlp.language.pledges import pledge
from nlp.language.tasks import Promise, task, thoughts

_WORDS = vocabulary.section("phrases", "promises")
WITHDRAWN: tuple[str, ...] = tuple(_WORDS["withdrawn"])
ACCEPT: tuple[str, ...] = tuple(_WORDS["accept"])
COMING: tuple[str, ...] = tuple(_WORDS["coming"])
REFUSE: tuple[str, ...] = tuple(_WORDS["refuse"])


def follow_ups(
    turns: tuple[Turn, ...], frames: list[Frame], today: date, lines: Mapping[str, str] | None = None
) -> list[FollowUp]:
    """The follow-ups of a conversation, each once, with the day it is due where one was agreed.

    `lines` names what the numbers of a typed list stand for ("keep looking for 4").
    """
    found: list[Promise] = []
    for i, (turn, frame) in enumerate(zip(turns, frames, strict=True)):
        if frame.has(*WITHDRAWN):
            found = [p for p in found if i - max(p.evidence) > 2 or p.owner == turn.who]
        for first, last in thoughts(frame):
            promise = pledge(i, turn.who, frame, first, last, today)
            if promise is not None:
                promise.days = in_next_week(due(frame, first, last, today), frames[max(0, i - 2) : i], today)
                _enter(found, promise, frames)
    kept = [p for p in found if p.stated or _accepted(p, turns, frames, today)]
    met = meetings(turns, frames, today)
    for promise in kept:
        others = {p.turn for p in found if p is not promise and p.stated and (p.days or not p.vague)}
        _agree(promise, turns, frames, today, others)
        if not promise.days:
            around = [k for k in (promise.turn, max(promise.evidence), max(promise.evidence) + 1) if k < len(frames)]
            promise.days = next((r for k in around if (r := rough(frames[k], 0, len(frames[k].words), today))), [])
        if not promise.days and met and frames[promise.turn].has("bring", "bring along"):
            promise.days = met[-1].days  # what is brought is brought to the meeting
    kept += [m for m in met if not any(p.days[-1:] == m.days and _near(p, m) for p in kept)]
    standing = [p for p in _unique(kept) if _worth(p) and not _settled(p, turns, frames)]
    standing += owed(turns, frames, today, standing)
    return [_follow_up(promise, frames, turns, lines or {}, today) for promise in standing]


def _near(promise: Promise, meeting: Promise) -> bool:
    """The promise is that of the meeting ("I'll book a table")."""
    return any(abs(a - b) <= 2 for a in promise.evidence for b in meeting.evidence) and promise.kind != "send"


def _enter(found: list[Promise], new: Promise, frames: list[Frame]) -> None:
    """Add, or join to what was agreed a moment ago by the same owner about the same kind of thing."""
    for old in reversed(found):
        near = new.turn - max(old.evidence) <= (1 if old.stated else 3)
        same_kind = old.kind == new.kind or new.vague or old.vague
        if (
            old.owner == new.owner
            and near
            and same_kind
            and (new.turn != old.turn or new.vague)
            and (not old.stated or new.vague or not new.stated or old.vague)
        ):
            if old.stated and new.stated and not new.vague and not old.vague:
                continue
            old.evidence |= new.evidence
            old.conditional = new.conditional if new.days else old.conditional or new.conditional
            if new.days:
                old.days = new.days
            if old.vague or (new.stated and not new.vague):
                old.turn, old.words, old.vague, old.kind = new.turn, new.words, new.vague, new.kind
            old.stated = old.stated or new.stated
            return
    found.append(new)


def _accepted(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame], today: date) -> bool:
    """The other side's next turn agrees to what was asked or offered, or says when it comes."""
    asker = turns[max(promise.evidence)].who
    for k in range(max(promise.evidence) + 1, min(len(turns), max(promise.evidence) + 3)):
        if turns[k].who == asker:
            continue
        frame = frames[k]
        if frame.has(*REFUSE):
            return False
        dated = bool(due(frame, 0, len(frame.words), today)) and not (frame.sizes or frame.question)
        told = promise.kind == "call" and frames[promise.turn].question  # "you'll let me know?" "The same afternoon."
        coming = frame.has(*COMING) or dated and (promise.kind == "send" or told or promise.needs_day)
        return coming if promise.needs_day else coming or frame.has(*ACCEPT)
    return False


def _agree(
    promise: Promise, turns: tuple[Turn, ...], frames: list[Frame], today: date, others: Collection[int]
) -> None:
    """Days and agreement in the turns right after, or the condition right before. `others`: turns that promise
    something else, with days of their own."""
    last = max(promise.evidence)
    before = min(promise.evidence) - 1
    if before >= 0 and frames[before].has("if") and turns[before].who != turns[before + 1].who and not promise.days:
        promise.conditional = True
        promise.evidence.add(before)
    for k in range(last + 1, min(len(turns), last + 3)):
        found = due(frames[k], 0, len(frames[k].words), today)
        if found and len(frames[k].words) < 16 and not promise.conditional and k not in others:
            if not promise.days or found[-1] == promise.days[-1] or turns[k].who != turns[last].who:
                promise.days = promise.days or found
                promise.evidence.add(k)
        elif frames[k].has(*ACCEPT) and len(frames[k].words) < 8 and k == last + 1:
            promise.evidence.add(k)
    if not promise.days and before >= 0 and not promise.conditional and before not in others:
        promise.days = days(frames[before], 0, len(frames[before].words), today)[-1:]


def _unique(found: list[Promise]) -> list[Promise]:
    """Without the recap: the same owner, kind and day said again near the end is the same promise."""
    result: list[Promise] = []
    for promise in found:
        twin = next(
            (
                p
                for p in result
                if p.owner == promise.owner
                and p.kind == promise.kind
                and promise.vague
                and (not promise.days or promise.days[-1:] == p.days[-1:])
            ),
            None,
        )
        if twin is not None:
            twin.evidence |= promise.evidence
        else:
            result.append(promise)
    return result


def _worth(promise: Promise) -> bool:
    """A promise without an object and without a day says nothing."""
    if promise.kind == "soft":
        return bool(promise.days) and not promise.vague
    return bool(promise.days) or not promise.vague or promise.conditional


def _settled(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame]) -> bool:
    """Done while still talking: "could you amend my stop?", "amended"."""
    verb = frames[promise.turn].words[promise.words[0]].lemma
    if verb in ("have", "get", "be", "let", "make", "give"):
        return False
    for k in range(promise.turn + 1, min(len(turns), promise.turn + 5)):
        words = frames[k].words
        if turns[k].who == promise.owner and any(
            w.lemma == verb and w.low != verb and not w.low.endswith("ing") and frames[k].words[n - 1].low != "get"
            for n, w in enumerate(words)
        ):
            return not frames[k].has("i 'll", "will be")
    return False


def _follow_up(
    promise: Promise, frames: list[Frame], turns: tuple[Turn, ...], lines: Mapping[str, str], today: date
) -> FollowUp:
    frame = frames[promise.turn]
    first, last = promise.words
    own = days(frame, first, last, today) if promise.conditional else promise.days
    due = own[-1] if own else None
    words = frame.words
    what = span("what", turns, promise.turn, words[first].start, words[last - 1].end)
    return FollowUp(
        owner=promise.owner,
        what=task(promise, frames, turns, lines),
        due=due,
        evidence=tuple(sorted(promise.evidence)),
        spans=(what,),
        confidence=BOTH if _accepted(promise, turns, frames, today) else ONE,
    )
