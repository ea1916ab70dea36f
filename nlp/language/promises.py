"""Follow-ups: from promises ("I'll send it by Friday") and from accepted requests ("could you ...")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from nlp.language import vocabulary
from nlp.language.acts import act, conditional, vague
from nlp.language.deadlines import days, rough
from nlp.language.evidence import BOTH, ONE, span
from nlp.language.frames import Frame
from nlp.language.model import FollowUp, Turn, Who
from nlp.language.tasks import Promise, task, thoughts

PASS: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["pass"])
WITHDRAWN = (
    "do n't bother",
    "dont bother",
    "never mind",
    "no need",
    "forget it",
    "forget that",
    "do n't worry about it",
)
NO_TASKS: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["no_tasks"])
DELIVERIES: tuple[str, ...] = tuple(vocabulary.section("phrases", "promises")["deliveries"])
ACCEPT: tuple[str, ...] = tuple(vocabulary.section("phrases", "promises")["accept"])
REFUSE: tuple[str, ...] = tuple(vocabulary.section("phrases", "promises")["refuse"])


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
            promise = (
                _promise(i, turn.who, frame, first, last)
                or _request(i, turn.who, frame, first, last)
                or _delivery(i, turn.who, frame, first, last)
                or _by_a_day(i, turn.who, frame, first, last, today)
            )
            if promise is not None:
                promise.days = days(frame, first, last, today) or days(frame, 0, len(frame.words), today)
                _enter(found, promise, frames)
    kept = [p for p in found if p.stated or _accepted(p, turns, frames)]
    for promise in kept:
        _agree(promise, turns, frames, today)
        if not promise.days:
            around = [k for k in (promise.turn, max(promise.evidence), max(promise.evidence) + 1) if k < len(frames)]
            promise.days = next((r for k in around if (r := rough(frames[k], 0, len(frames[k].words), today))), [])
    return [
        _follow_up(promise, frames, turns, lines or {}, today)
        for promise in _unique(kept)
        if _worth(promise) and not _settled(promise, turns, frames)
    ]


def _promise(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "I'll send", "we will call", "let me chase", "sending tomorrow", "I can get you ..."."""
    words = frame.words
    for k in range(first, last):
        low, lemma = words[k].low, words[k].lemma
        back = [w.low for w in words[max(first, k - 5) : k]]
        kind = act(frame, k, last)
        if kind is None:
            continue
        subject = _speaker(back)
        ongoing = low in ("sending", "setting", "mailing", "emailing") and (
            not back or set(back) <= {"yes", "ok", "sure", "yep", ",", "am", "'m", "i"}
        )
        if not subject and not ongoing:
            continue
        if (
            " so " in f" {' '.join(back[-3:])} "
            or "if" in back[-3:]
            or "not" in back[-2:]
            or "n't" in back[-2:]
            or (lemma == "put" and "on" not in [w.low for w in words[k:last]])
        ):
            continue
        if kind == "soft" and any(act(frame, n, last) not in (None, "soft") for n in range(k + 2, last)):
            continue  # "find out what happened and ring you back"
        hangs = conditional(frame, first, last)
        return Promise(who, kind, i, (k, last), True, hangs, {i}, vague(frame, k, last))
    return None


def _by_a_day(i: int, who: Who, frame: Frame, first: int, last: int, today: date) -> Promise | None:
    """Any other action with a day to do it by: "I'll renew it by Friday", "could you pay that tomorrow?"."""
    words = frame.words
    dated = days(frame, first, last, today) or rough(frame, first, last, today)
    if not dated or frame.sizes or frame.prices or frame.has(*PASS):
        return None
    for k in range(first, last):
        if words[k].pos != "VERB" or words[k].lemma in NO_TASKS or words[k].low in NO_TASKS:
            continue
        back = [w.low for w in words[max(first, k - 3) : k]]
        text = " " + " ".join(back)
        hangs = conditional(frame, first, last)
        span_, bare = (k, last), vague(frame, k, last)
        if {"not", "n't", "never"} & set(back) or frame.question and who == "trader":
            continue
        if text.endswith((" i 'll", " we 'll", " i will", " we will", " ill")):
            return Promise(who, "work", i, span_, True, hangs, {i}, bare)
        if text.endswith((" can you", " could you", " can u", " could u", " please", " pls", " would you")):
            other: Who = "client" if who == "trader" else "trader"
            return Promise(other, "work", i, span_, False, hangs, {i}, bare)
    return None


def _speaker(back: list[str]) -> bool:
    """The speaker is the one who will act."""
    text = " ".join(back)
    direct = (
        "i 'll",
        "i will",
        "we 'll",
        "we will",
        "ill",
        "let me",
        "i 'm going to",
        "i am going to",
        "i 'll just",
        "i 'll have",
        "i can",
        "we can",
        "i 'll get",
        "i 'm seeing",
    )
    padded = f" {text} "
    if any(f" {phrase} " in padded for phrase in direct) and "you can" not in text:
        return True
    return text in ("will", "ok will", "sure will", "yes will", "i", "yes sorry i", "sorry i")


def _delivery(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "You'll have it by Friday", "it'll be in your inbox today": what the speaker will see to."""
    text = " ".join(word.low for word in frame.words[first:last])
    for phrase in DELIVERIES:
        at = f" {text} ".find(f" {phrase} ")
        if at >= 0:
            k = first + text[:at].count(" ")
            hangs = conditional(frame, first, last)
            return Promise(who, "send", i, (k, last), True, hangs, {i}, vague(frame, k, last))
    return None


def _request(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "Could you send me ...", "call me ...", "please send", "shall I ring you", "do you want me to ..."."""
    words = frame.words
    other: Who = "client" if who == "trader" else "trader"
    for k in range(first, last):
        kind = act(frame, k, last)
        if kind is None:
            continue
        back = [w.low for w in words[max(first, k - 5) : k]]
        text = " " + " ".join(back)
        after = [w.low for w in words[k + 1 : k + 6]]
        owner: Who | None = None
        if any(text.endswith(f" {phrase}") for phrase in ("shall i", "want me to", "should i", "like me to")):
            owner = who
        elif (
            any(f" {verb} {you}" in text for verb in ("can", "could", "would", "will", "if") for you in ("you", "u"))
            or back[-1:] in (["please"], ["pls"])
            or back[-1:] in (["you"], ["u"])
            and back[-2:-1] in ([], [","], ["then"], ["and"])
            and after[:1] in (["me"], ["us"])
            or (not back or back[-1] in (",", "and", "then") or set(back) <= OPENERS)
            and set(after[:3]) & {"me", "us"}
            or any(f" {you} " in text + " " for you in ("u", "you"))
            and words[k].low in ("revert",)
        ):
            owner = other
        if owner is None or "not" in back or "n't" in back or "dont" in back:
            continue
        hangs = conditional(frame, first, last) and not text.endswith((" if you could", " if you"))
        return Promise(owner, kind, i, (k, last), False, hangs, {i}, vague(frame, k, last))
    return None


OPENERS: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["openers"])


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
            old.conditional = old.conditional or new.conditional
            if new.days:
                old.days = new.days
            if old.vague or (new.stated and not new.vague):
                old.turn, old.words, old.vague, old.kind = new.turn, new.words, new.vague, new.kind
            old.stated = old.stated or new.stated
            return
    found.append(new)


def _accepted(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame]) -> bool:
    """The other side's next turn agrees to what was asked or offered."""
    asker = turns[max(promise.evidence)].who
    for k in range(max(promise.evidence) + 1, min(len(turns), max(promise.evidence) + 3)):
        if turns[k].who != asker:
            return frames[k].has(*ACCEPT) and not frames[k].has(*REFUSE)
    return False


def _agree(promise: Promise, turns: tuple[Turn, ...], frames: list[Frame], today: date) -> None:
    """Days and agreement in the turns right after, or the condition right before."""
    last = max(promise.evidence)
    before = min(promise.evidence) - 1
    if before >= 0 and frames[before].has("if") and turns[before].who != turns[before + 1].who and not promise.days:
        promise.conditional = True
        promise.evidence.add(before)
    for k in range(last + 1, min(len(turns), last + 3)):
        found = days(frames[k], 0, len(frames[k].words), today)
        if found and (len(frames[k].words) < 16) and not promise.conditional:
            if not promise.days or found[-1] == promise.days[-1] or turns[k].who != turns[last].who:
                promise.days = [*promise.days, *found] if not promise.days else promise.days
                promise.evidence.add(k)
        elif frames[k].has(*ACCEPT) and len(frames[k].words) < 8 and k == last + 1:
            promise.evidence.add(k)
    if not promise.days and before >= 0 and not promise.conditional:
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
        confidence=BOTH if _accepted(promise, turns, frames) else ONE,
    )
