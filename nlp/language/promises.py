"""Follow-ups: from promises ("I'll send it by Friday") and from accepted requests ("could you ...")."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from nlp.language import vocabulary
from nlp.language.acts import act
from nlp.language.deadlines import SAME_DAY, days, due, in_next_week, named, rough
from nlp.language.evidence import BOTH, ONE, span
from nlp.language.frames import Frame
from nlp.language.meetings import meetings
from nlp.language.model import FollowUp, Turn
from nlp.language.owed import owed
from nlp.language.pledges import pledge
from nlp.language.tasks import Promise, sentences, thoughts
from nlp.language.worded import task

_WORDS = vocabulary.section("phrases", "promises")
WITHDRAWN: tuple[str, ...] = tuple(_WORDS["withdrawn"])
ACCEPT: tuple[str, ...] = tuple(_WORDS["accept"])
COMING: tuple[str, ...] = tuple(_WORDS["coming"])
DECLINED: tuple[str, ...] = tuple(_WORDS["declined"])
WHEN_DONE: tuple[str, ...] = tuple(_WORDS["when_done"])
FILLS: frozenset[str] = frozenset(_WORDS["fills"])
NO_SUBJECTS: frozenset[str] = frozenset(_WORDS["no_subjects"])
PROMISED = {"'ll", "will"}
SAME_DAY_REACH = 4  # turns
THIRD = (("they",), ("it",), ("he",), ("she",), ("the",), ("somebody",), ("anything",))
WHO = {"you", "u", "i", "we"}  # "you mean you send it?"
PARTING = (("until",), ("till",), ("speak",))  # "until Wednesday, then"
SHORT_ANSWER = 8  # tokens
SELF = {"i", "we", "'ll", "will", "ill"}
OPENING = 6  # tokens with which a turn answers
REACH = 4  # turns
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
            found = [
                p for p in found if i - max(p.evidence) > 2 or p.owner == turn.who or _of_another(p, frame, frames)
            ]
        if frame.part(0, OPENING).has(*DECLINED) and not any(w.low in PROMISED for w in frame.words):
            found = [p for p in found if i - max(p.evidence) > 1 or p.owner == turn.who]
        for first, last in thoughts(frame):
            promise = pledge(i, turn.who, frame, first, last, today)
            if promise is not None and not _told_when_done(promise, found, frame):
                promise.days = in_next_week(due(frame, first, last, today), frames[max(0, i - 2) : i], today)
                promise.beside = not (days(frame, first, last, today) or rough(frame, first, last, today))
                promise.conditional = promise.conditional and not (promise.days and _sure_to_come(promise, frame))
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
    standing = [p for p in _unique(kept, frames) if _worth(p, frames) and not _settled(p, turns, frames)]
    standing += owed(turns, frames, today, standing)
    return [_follow_up(promise, frames, turns, lines or {}, today) for promise in standing]


def _told_when_done(new: Promise, found: list[Promise], frame: Frame) -> bool:
    """ "Drop me a line when it's through", of what was promised just before, is part of that promise."""
    before = next((p for p in reversed(found) if p.owner == new.owner and new.turn - max(p.evidence) <= REACH), None)
    if before is None or new.kind != "call" or not frame.part(*new.words).has(*WHEN_DONE):
        return False
    before.evidence.add(new.turn)
    return True


def _sure_to_come(promise: Promise, frame: Frame) -> bool:
    """What it waits for comes anyway ("when the money has left", "once the number is out"), unlike a fill."""
    part = frame.part(*promise.words)
    return not part.has("if", "unless") and not set(part.lows) & FILLS


def _of_another(promise: Promise, frame: Frame, frames: list[Frame]) -> bool:
    """What is not wanted any more is named, and is not this: "Pellworm is no hurry, forget it"."""
    at = next(k for k in range(len(frame.lows)) if not frame.part(k, len(frame.lows)).has(*WITHDRAWN)) - 1
    first = next(a for a, b in sentences(frame) if a <= at < b)
    named_there = {w.lemma for w in frame.words[first:at] if w.pos in ("NOUN", "PROPN") and w.lemma not in NO_SUBJECTS}
    said = {w.lemma for k in promise.evidence for w in frames[k].words}
    return bool(named_there) and not named_there & said


def _near(promise: Promise, meeting: Promise) -> bool:
    """The promise is that of the meeting ("I'll book a table")."""
    return any(abs(a - b) <= 2 for a in promise.evidence for b in meeting.evidence) and promise.kind != "send"


def _enter(found: list[Promise], new: Promise, frames: list[Frame]) -> None:
    """Add, or join to what was agreed a moment ago by the same owner about the same thing."""
    for old in reversed(found):
        if not _same(old, new, frames):
            continue
        old.evidence |= new.evidence
        old.conditional = new.conditional if new.days else old.conditional or new.conditional
        if new.days:
            old.beside = new.beside and (old.beside or old.days != new.days)
            old.days = new.days
        if old.vague and new.turn != old.turn or (new.stated and not new.vague):
            old.turn, old.words, old.vague, old.kind = new.turn, new.words, new.vague, new.kind
        old.stated = old.stated or new.stated
        return
    found.append(new)


def _same(old: Promise, new: Promise, frames: list[Frame]) -> bool:
    """The later words are about the thing of the earlier ones: its answer, "I'll send it", or the same nouns again."""
    asked = not (old.stated or new.stated) and new.kind == "call" and new.turn == old.turn + 1
    if asked and old.owner == new.owner and old.kind != "call" and frames[new.turn].part(0, 3).has(*ACCEPT):
        new.stated = new.vague = True
        return True  # "shall I chase them?" - "yes, let me know tomorrow"
    channel = old.kind == new.kind == "call" and not new.stated  # "I'll let you know. Can I call the office?"
    if old.owner != new.owner or new.turn == old.turn and not (new.vague or channel):
        return False
    if new.conditional and old.stated and not old.conditional and old.days and not new.stated:
        return False  # "I'll tell you today" - "and if you find a buyer, shout"
    if not old.stated and new.stated and new.turn - old.turn <= 2 and _same_matter(old, new, frames):
        return True
    gap, again = new.turn - max(old.evidence), new.vague and not old.conditional and old.days in ([], new.days)
    if old.kind != new.kind:
        fuller = old.vague and not (old.stated and not new.vague)
        return gap <= (1 if old.stated else 2) and (new.vague or fuller)
    if gap > (3 if again or not old.stated else 1):
        return False
    if old.stated and not new.vague and not old.vague:
        return not new.stated and bool(_nouns(old, frames) & _nouns(new, frames))
    return True


def _same_matter(old: Promise, new: Promise, frames: list[Frame]) -> bool:
    """What was offered is promised in other words: "shall I raise a complaint?", "then I'll open the complaint"."""
    answers = new.turn == old.turn + 1 and new.kind in ("soft", "work") and old.days and new.days == old.days
    if answers and frames[new.turn].part(0, 3).has(*ACCEPT):
        new.vague = True  # "could you send me the run each day?" - "yes, adding you to it": how it is done
        return True
    return old.kind in ("soft", "work") and bool(_nouns(old, frames) & _nouns(new, frames))


def _nouns(promise: Promise, frames: list[Frame]) -> set[str]:
    frame, (first, last) = frames[promise.turn], promise.words
    dated = {n for day in frame.days for n in range(day.first, day.last)}
    return {
        w.lemma for n, w in enumerate(frame.words[first:last], first) if w.pos in ("NOUN", "PROPN") and n not in dated
    }


def _accepted(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame], today: date) -> bool:
    """The other side's next turn agrees to what was asked or offered, or says when it comes."""
    asker, end = turns[max(promise.evidence)].who, max(promise.evidence) + 3
    for k in range(max(promise.evidence) + 1, min(len(turns), end + 2)):
        if turns[k].who == asker or k >= end:
            continue
        frame = frames[k]
        short = frame.question and len(frame.lows) <= SHORT_ANSWER and not WHO & set(frame.lows)
        if short and not frame.has(*ACCEPT) and not frame.days:
            end += 2  # "ten million and up?": the answer comes after the question
            continue
        if frame.has(*REFUSE):
            return False
        agreed = not frame.question or k + 1 < len(frames) and frames[k + 1].has(*ACCEPT)  # "Monday?" - "fine"
        dated = bool(due(frame, 0, len(frame.words), today)) and agreed and not frame.sizes
        told = promise.kind == "call" and frames[promise.turn].question  # "you'll let me know?" "The same afternoon."
        told = told or _again_said(promise, frame, frames)
        if promise.kind == "call" and (_tells(frame) or _day_again(promise, frame, today)):
            return True
        coming = frame.has(*COMING) or dated and (promise.kind == "send" or told or promise.needs_day)
        return coming if promise.needs_day else coming or frame.has(*ACCEPT)
    return False


def _tells(frame: Frame) -> bool:
    """The answer is the promise itself: "inside ten paise I'll phone", "through it, I ring you"."""
    lows = frame.lows
    return any(
        SELF & set(lows[max(0, k - 2) : k]) and act(frame, k, len(lows)) == "call" and not frame.question
        for k in range(1, len(lows))
    )


def _day_again(promise: Promise, frame: Frame, today: date) -> bool:
    """The answer begins with the day that was asked for: "the first of September, I've put it in"."""
    last = sentences(frame)[0][1] if frame.words else 0
    return bool(promise.days) and promise.days[-1] in named(frame, 0, last, today) and not frame.question


def _again_said(promise: Promise, frame: Frame, frames: list[Frame]) -> bool:
    """The answer begins with words of what was asked: "drop me a line each evening" - "each evening, from tonight"."""
    first, last = sentences(frame)[0]
    named_there = {w.lemma for w in frame.words[first:last] if w.pos in ("NOUN", "PROPN")}
    asked = {w.lemma for w in frames[promise.turn].words[slice(*promise.words)]}
    return last - first <= SHORT_ANSWER and bool(named_there & asked) and not frame.part(first, last).question


def _agree(
    promise: Promise, turns: tuple[Turn, ...], frames: list[Frame], today: date, others: Collection[int]
) -> None:
    """Days and agreement in the turns right after, or the condition right before. `others`: turns that promise
    something else, with days of their own."""
    last = max(promise.evidence)
    before = min(promise.evidence) - 1
    if before >= 0 and _supposes(frames[before]) and turns[before].who != turns[before + 1].who and not promise.days:
        promise.conditional = True
        promise.evidence.add(before)
    for k in range(last + 1, min(len(turns), last + 3)):
        business = frames[k].has("value", "val", "settles", "settling", "settle")
        if frames[k].lows[:1] in PARTING and "then" in frames[k].lows[:SHORT_ANSWER]:
            continue
        found = [] if business else due(frames[k], 0, len(frames[k].words), today)
        short = len(frames[k].words) < 16 or bool(found) and _day_first(frames[k], found[-1], today)
        if found and short and not promise.conditional and k not in others:
            beside = promise.beside and k == last + 1 and turns[k].who != turns[last].who
            beside = beside and bool(named(frames[k], 0, len(frames[k].words), today))
            if not promise.days or beside or found[-1] == promise.days[-1] or turns[k].who != turns[last].who:
                fuller = bool(promise.days) and _fuller(found[-1], promise, frames, k)
                promise.days = found if fuller or beside else promise.days or found
                promise.beside = False
                promise.evidence.add(k)
        elif frames[k].has(*ACCEPT) and len(frames[k].words) < 8 and k == last + 1:
            promise.evidence.add(k)
    if not promise.days and before >= 0 and not promise.conditional and before not in others:
        back = SAME_DAY_REACH if frames[promise.turn].has(*SAME_DAY) else 1
        for k in range(before, max(-1, before - back), -1):
            promise.days = promise.days or named(frames[k], 0, len(frames[k].words), today)[-1:]
        promise.days = promise.days or days(frames[before], 0, len(frames[before].words), today)[-1:]


def _supposes(frame: Frame) -> bool:
    """ "If they come in", "should they come in"."""
    begins = [frame.lows[a : a + 2] for a, _ in sentences(frame)]
    return frame.has("if") or any(low[:1] in (("should",), ("were",)) and low[1:] in THIRD for low in begins)


def _day_first(frame: Frame, day: date, today: date) -> bool:
    """A short first sentence that names the day."""
    last = sentences(frame)[0][1]
    return last <= SHORT_ANSWER and named(frame, 0, last, today)[-1:] == [day]


def _fuller(day: date, promise: Promise, frames: list[Frame], k: int) -> bool:
    """ "On the fifth" - "the fifth of August"; "the Monday before" - "Monday the sixth of July"."""
    whole = any(d.day is not None for d in frames[k].days)
    said = [d for i in promise.evidence for d in frames[i].days]
    weekday = any(d.weekday is not None for d in said) and all(d.day is None for d in said)
    return day.day == promise.days[-1].day or whole and weekday and day.weekday() == promise.days[-1].weekday()


def _unique(found: list[Promise], frames: list[Frame]) -> list[Promise]:
    """Without the recap: the same owner, kind and day said again near the end is the same promise."""
    result: list[Promise] = []
    for promise in found:
        twin = next(
            (
                p
                for p in result
                if p.owner == promise.owner
                and p.kind == promise.kind
                and (
                    promise.vague
                    or promise.days
                    and p.kind == "send"
                    and _nouns(promise, frames) <= _nouns(p, frames)
                    or _gone_through(promise, p, frames)
                )
                and (p.kind != "work" or _verb(p, frames) == _verb(promise, frames))
                and (not promise.days or promise.days[-1:] == p.days[-1:] or _gone_through(promise, p, frames))
            ),
            None,
        )
        if twin is not None:
            twin.evidence |= promise.evidence
        else:
            result.append(promise)
    return result


def _gone_through(promise: Promise, earlier: Promise, frames: list[Frame]) -> bool:
    """Without a day of its own, and of a thing that was promised long before: "and you'll have my schedule"."""
    said = {w.lemma for k in earlier.evidence for w in frames[k].words}
    again = promise.beside and promise.turn - max(earlier.evidence) > REACH
    return again and bool(earlier.days) and bool(_nouns(promise, frames)) and _nouns(promise, frames) <= said


def _verb(promise: Promise, frames: list[Frame]) -> str:
    return frames[promise.turn].words[promise.words[0]].lemma


def _worth(promise: Promise, frames: list[Frame]) -> bool:
    """A promise without an object and without a day says nothing."""
    if promise.kind == "soft":
        return bool(promise.days) and not promise.vague and not promise.beside
    if _verb(promise, frames) == "owe":
        return bool(promise.days)
    return bool(promise.days) or not promise.vague or promise.conditional


def _settled(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame]) -> bool:
    """Done while still talking: "could you amend my stop?", "amended"."""
    verb = _verb(promise, frames)
    if verb in ("have", "get", "be", "let", "make", "give"):
        return False
    for k in range(promise.turn + 1, min(len(turns), promise.turn + 5)):
        words = frames[k].words
        if turns[k].who == promise.owner and any(
            w.lemma == verb
            and w.low != verb
            and not w.low.endswith("ing")
            and frames[k].words[n - 1].low != "get"
            and "consider" not in frames[k].lows[max(0, n - 2) : n]
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
