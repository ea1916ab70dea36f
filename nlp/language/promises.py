"""Follow-ups: from promises ("I'll send it by Friday") and from accepted requests ("could you ...")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from nlp.language import vocabulary
from nlp.language.calendar import PARTS
from nlp.language.deadlines import days
from nlp.language.evidence import BOTH, ONE, span
from nlp.language.frames import Frame
from nlp.language.model import FollowUp, Turn, Who
from nlp.language.tasks import Promise, task, thoughts

SEND: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["send"])
CALL: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["call"])
WORK: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["work"])
SOFT: frozenset[str] = frozenset(vocabulary.section("phrases", "promises")["soft"])
CLASSES = (
    dict.fromkeys(SOFT, "soft")
    | dict.fromkeys(SEND, "send")
    | dict.fromkeys(CALL, "call")
    | dict.fromkeys(WORK, "work")
)
WITHDRAWN = (
    "do n't bother",
    "dont bother",
    "never mind",
    "no need",
    "forget it",
    "forget that",
    "do n't worry about it",
)
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
            )
            if promise is not None:
                promise.days = days(frame, first, last, today) or days(frame, 0, len(frame.words), today)
                _enter(found, promise, frames)
    kept = [p for p in found if p.stated or _accepted(p, turns, frames)]
    for promise in kept:
        _agree(promise, turns, frames, today)
    return [
        _follow_up(promise, frames, turns, lines or {})
        for promise in _unique(kept)
        if _worth(promise) and not _settled(promise, turns, frames)
    ]


def _promise(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "I'll send", "we will call", "let me chase", "sending tomorrow", "I can get you ..."."""
    words = frame.words
    for k in range(first, last):
        low, lemma = words[k].low, words[k].lemma
        back = [w.low for w in words[max(first, k - 5) : k]]
        kind = _kind(frame, k, last)
        if kind is None:
            continue
        subject = _speaker(back)
        ongoing = low in ("sending", "setting", "mailing", "emailing") and (
            not back or set(back) <= {"yes", "ok", "sure", "yep", ",", "am", "'m", "i"}
        )
        if not subject and not ongoing:
            continue
        if (
            "if" in back[-3:]
            or "not" in back[-2:]
            or "n't" in back[-2:]
            or (lemma == "put" and "on" not in [w.low for w in words[k:last]])
        ):
            continue
        if kind == "soft" and any(_kind(frame, n, last) not in (None, "soft") for n in range(k + 2, last)):
            continue  # "find out what happened and ring you back"
        conditional = _conditional(frame, first, last)
        return Promise(who, kind, i, (k, last), True, conditional, {i}, _vague(frame, k, last))
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


def _kind(frame: Frame, k: int, last: int) -> str | None:
    """The class of the action at token k, None where it is no follow-up."""
    words = frame.words
    word, lemma, pos = words[k].low, words[k].lemma, words[k].pos
    after = [w.low for w in words[k + 1 : min(last, k + 12)]]
    to_you = any(
        pair in " ".join(after)
        for pair in (
            "to you",
            "to u",
            "to us",
            "to me",
            "with you",
            "over to you",
            "you the",
            "you a ",
            "you an",
            "you our",
            "get you",
            "that run",
        )
    )
    levels = {"level", "price", "points", "quote", "second", "sec"}
    if lemma in ("get", "have", "send") and levels & set(after[:5]) and not {"mail", "email", "mailbox"} & set(after):
        return None  # done within the conversation
    if word in ("e", "mail") and (after[:2] == ["-", "mail"] or word == "mail"):
        return "send"
    if (
        lemma in ("get", "have")
        and (pos != "AUX" or "to you" in " ".join(after))
        and (to_you or after[:1] == ["you"])
        and after[:2] != ["you", "to"]
    ):
        return "call" if after[:1] == ["back"] or "back" in after[:2] else "send"
    if lemma in ("come", "get", "be") and after[:1] == ["back"] and ("to" in after[1:2] or "with" in after):
        return "call"
    if lemma == "let" and after[1:2] == ["know"]:
        return "call"
    if lemma == "drop" and after[:1] in (["me"], ["you"], ["u"]):
        return "call"
    if (
        lemma == "give"
        and after[:1] in (["you"], ["me"], ["u"])
        and set(after[1:6]) & {"ring", "call", "shout", "bell", "report", "buzz", "update"}
    ):
        return "call" if not set(after) & {"report"} else "send"
    if lemma == "make" and after[:1] == ["sure"]:
        return None if after[1:2] == ["i"] else "work"
    if lemma == "look" and after[:1] == ["into"]:
        return "work"
    if lemma == "ask" and pos == "VERB" and "him" not in after[:1]:
        return None
    if pos in ("NOUN", "PROPN") and word not in (
        "ping",
        "msg",
        "email",
        "message",
        "shout",
        "call",
        "ring",
        "mail",
        "revert",
        "phone",
    ):
        return None
    kind = CLASSES.get(lemma) or CLASSES.get(word)
    if (
        kind == "call"
        and lemma in ("call", "shout", "tell")
        and after[:1] in (["them"], ["it"], ["over"], ["that"])
        and not to_you
    ):
        return None
    if (
        kind == "work"
        and lemma in ("run", "put", "confirm", "set", "book", "keep", "watch")
        and not set(after)
        & {"record", "list", "file", "up", "distribution", "looking", "eye", "table", "you", "diary", "on"}
    ):
        return None
    return kind


WHEN = {"if", "unless", "once", "when"}


def _conditional(frame: Frame, first: int, last: int) -> bool:
    """It hangs on an event; "when you can" and "if you could" are only polite."""
    lows = [word.low for word in frame.words[first:last]]
    return any(
        low in WHEN and not (lows[k + 1 : k + 2] in (["you"], ["u"]) and POLITE & set(lows[k + 2 : k + 4]))
        for k, low in enumerate(lows)
    )


POLITE = {"can", "could", "get", "have", "like", "want", "would", "do", "may", "please", "wish"}


def _vague(frame: Frame, k: int, last: int) -> bool:
    """Nothing is named but the day: "I'll send it over tomorrow"."""
    dated = {n for day in frame.days for n in range(day.first, day.last)}
    return not any(
        w.pos in ("NOUN", "PROPN")
        and w.low not in ("u", "pls", "tmrw", "eod")
        and n not in dated
        and w.low not in PARTS
        for n, w in enumerate(frame.words[k + 1 : last], k + 1)
    )


def _delivery(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "You'll have it by Friday", "it'll be in your inbox today": what the speaker will see to."""
    text = " ".join(word.low for word in frame.words[first:last])
    for phrase in DELIVERIES:
        at = f" {text} ".find(f" {phrase} ")
        if at >= 0:
            k = first + text[:at].count(" ")
            conditional = _conditional(frame, first, last)
            return Promise(who, "send", i, (k, last), True, conditional, {i}, _vague(frame, k, last))
    return None


def _request(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """ "Could you send me ...", "call me ...", "please send", "shall I ring you", "do you want me to ..."."""
    words = frame.words
    other: Who = "client" if who == "trader" else "trader"
    for k in range(first, last):
        kind = _kind(frame, k, last)
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
            or (not back or back[-1] in (",", "and", "then") or set(back) <= {"yes", "oh", "ok", "and", ",", "so"})
            and set(after[:3]) & {"me", "us"}
            or any(f" {you} " in text + " " for you in ("u", "you"))
            and words[k].low in ("revert",)
        ):
            owner = other
        if owner is None or "not" in back or "n't" in back or "dont" in back:
            continue
        conditional = _conditional(frame, first, last) and not text.endswith((" if you could", " if you"))
        return Promise(owner, kind, i, (k, last), False, conditional, {i}, _vague(frame, k, last))
    return None


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


def _follow_up(promise: Promise, frames: list[Frame], turns: tuple[Turn, ...], lines: Mapping[str, str]) -> FollowUp:
    frame = frames[promise.turn]
    first, last = promise.words
    due = promise.days[-1] if promise.days and not promise.conditional else None
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
