"""Which words are things to do later: the class of an action, whether it hangs on an event, whether it names one."""

from __future__ import annotations

from nlp.language import vocabulary
from nlp.language.calendar import DAYS, PARTS, TOMORROW
from nlp.language.frames import Frame
from nlp.language.things import things
from nlp.language.words import Word

_WORDS = vocabulary.section("phrases", "promises")
SEND: frozenset[str] = frozenset(_WORDS["send"])
CALL: frozenset[str] = frozenset(_WORDS["call"])
WORK: frozenset[str] = frozenset(_WORDS["work"])
SOFT: frozenset[str] = frozenset(_WORDS["soft"])
TOLD: frozenset[str] = frozenset(_WORDS["told"])
TOLD_NOW: frozenset[str] = frozenset(_WORDS["told_now"])
ANSWERS: frozenset[str] = frozenset(_WORDS["answers"])
PAGES: frozenset[str] = frozenset(_WORDS["pages"])
LEADING = {"ill", "ll", "'ll", "will", "pls", "please", "plz", "n", "u"}
CLASSES = (
    dict.fromkeys(SOFT, "soft")
    | dict.fromkeys(SEND, "send")
    | dict.fromkeys(CALL, "call")
    | dict.fromkeys(WORK, "work")
)
BACK_TO = {"to", "on", "by", "once", "when", "after", "later", "next", "early", "today", *TOMORROW, *DAYS}
TREATS: frozenset[str] = frozenset(_WORDS["treats"])
LEVELS: frozenset[str] = frozenset(_WORDS["levels"])
MAILED = {"mail", "email", "mailbox"}
PARTICIPLES = ("provided",)
LISTED = (["the"], ["our"], ["your"], ["that"], ["a"])
TRIES = (["a", "go"], ["a", "look"], ["a", "try"], ["a", "think"], ["a", "moment"], ["a", "second"], ["a", "word"])
NOW = ("today", "now", "tdy")
FOR_DAY = {"for", "value", "val", "to", "of", "settling"}  # the day of a trade, not of its price
DONE_FORMS = frozenset(("sent", "put", "set", "taken", "redone", "rewritten"))


def base(word: Word) -> str:
    """The plain form of an action, also of one that the tagger does not know ("resending")."""
    if word.low in CALL:
        return word.low  # "ping", "ring"
    stem = word.low.removesuffix("ing")
    return stem if stem != word.low and stem in CLASSES else word.lemma


def _later(frame: Frame, k: int, last: int) -> bool:
    """A price that comes another day: "I'll get you a bid then", of a day just said, "a level on Monday"."""
    days = [d for d in frame.days if frame.lows[d.first] not in NOW]
    on_it = any(k < d.first < last and frame.lows[d.first - 1] not in FOR_DAY for d in days)
    return on_it or "then" in frame.lows[k:last] and any(d.last <= k for d in days)


def act(frame: Frame, k: int, last: int) -> str | None:
    """The class of the action at token k, None where it is no follow-up."""
    words = frame.words
    word, lemma, pos = words[k].low, base(words[k]), words[k].pos
    after = ["you" if w.low == "u" else w.low for w in words[k + 1 : min(last, k + 12)]]
    to_you = any(
        pair in " ".join(after)
        for pair in (
            "to you",
            "to u",
            "to us",
            "to me",
            "with you",
            "over to you",
            "for you",
            "for u",
            "you the",
            "you a ",
            "you an",
            "you our",
            "get you",
            "in your",
            "in ur",
            "that run",
        )
    )
    priced = LEVELS & set(after[:5]) or after[1:3] == ["a", "number"]
    if lemma in ("get", "have", "send") and priced and not MAILED & set(after) and not _later(frame, k, last):
        return None  # done within the conversation
    if word in (*PARTICIPLES, "'ve") or lemma == "find" and after[:1] in (["myself"], ["ourselves"]):
        return None  # "please do, provided it lasts", "I find myself with an hour"
    if word in ("e", "mail") and (after[:2] == ["-", "mail"] or word == "mail"):
        return "send"
    if (
        lemma in ("get", "have")
        and (pos != "AUX" or {"to", "for", "with", "in"} & set(after))
        and (to_you or after[:1] == ["you"])
        and after[:2] != ["you", "to"]
    ):
        return "call" if "back" in after[:2] or ANSWERS & set(after[:3]) else "send"
    if lemma in ("come", "get", "be") and after[:1] == ["back"] and (BACK_TO & set(after[1:3]) or "with" in after):
        return "call"
    if lemma == "let" and "know" in after[1:3] or word == "lmk":
        return "call"
    if after[:1] in (["him"], ["her"], ["them"], ["you"]) and after[1:2] == ["on"] and lemma in ("get", "put"):
        return "work" if after[2:3] in LISTED and not PHONES & set(after) else None  # "I'll get her on the list"
    if lemma == "let" and after[2:4] in TRIES:
        return None  # "let me have a go"
    if lemma == "let" and after[:2] in (["you", "have"], ["u", "have"], ["me", "have"], ["us", "have"]):
        return "send"
    if lemma == "report" and pos == "VERB" and (to_you or after[:1] == ["back"]):
        return "call"
    if lemma == "pass" and "on" in after[:4] and "to" in after[:6] and not to_you:
        return "work"  # "I'll pass that on to Linda"
    if word == "do" and after[:1] in (["me"], ["us"], ["you"]) and things(frame, k, min(last, k + 10)):
        return "send"  # "could you do me one of those grids?"
    if lemma == "talk" and (not _elsewhere(after) or words[k - 1].low in ("me", "lemme")):
        return None
    if lemma in TOLD and _elsewhere(after):
        return "soft"
    if lemma == "tell" and TOLD_NOW & {" ".join(after[1:2]), " ".join(after[1:3])}:
        return None
    if lemma == "tell" and after[:2] in (["you", "what"], ["u", "what"], ["you", "the"], ["you", "that"]):
        return "call" if frame.days else None
    if lemma == "owe" and (TREATS & set(after[:5]) or not {"you", "u", "me", "us"} & set(after[:1])):
        return None
    if lemma == "share" and {"details", "detail", "data"} & set(after[:4]):
        return None  # a matter of consent
    if lemma in ("write", "note", "put", "mark") and {"down", "diary"} & set(after[:4]):
        return None  # "I write it down"
    if lemma == "put" and PAGES & set(after):
        return "send"
    if lemma == "give" and after[:1] in (["you"], ["me"]) and k + 2 in {day.first for day in frame.days}:
        return "send"  # "the allocation I give you tomorrow"
    if (
        lemma == "give"
        and after[:1] in (["it"], ["them"])
        and frame.days
        and not {"until", "till", "a", "to"} & set(after[1:2])
    ):
        return "send"  # "i give it Monday"
    if lemma == "put" and "on" in after and not any(low.isalnum() for low in after[after.index("on") + 1 :][:1]):
        return None  # "I'll put the kettle on"
    if lemma == "shout" and after[:1] == ["about"]:
        return None  # makes noise, and tells nobody
    if lemma == "put" and {"ticket", "screen", "line", "hold"} & set(after):
        return None
    if lemma == "drop":
        line = {"line", "note", "call", "message", "text"} & set(after[:6])
        return "call" if line else "send" if {"you", "u", "me", "over", "in", "across"} & set(after[:4]) else None
    if lemma in ("have", "get") and (_made(frame, k + 1, last) or _stands(frame, k + 1, last)):
        return "work"
    if (
        lemma == "give"
        and after[:1] in (["you"], ["me"], ["u"])
        and set(after[1:6]) & {"ring", "call", "shout", "bell", "report", "buzz", "update"}
    ):
        return "call" if not set(after) & {"report"} else "send"
    if lemma == "tap":
        return "call" if after[:1] in (["you"], ["me"], ["us"]) else None
    if lemma in ("run", "go") and after[:1] in (["through"], ["over"]):
        return None  # done at once
    if lemma == "make" and after[:1] == ["sure"]:
        return None if after[1:2] == ["i"] else "work"
    if lemma == "look" and after[:1] == ["into"]:
        return "soft" if after[1:2] in (["it"], ["that"], ["this"]) else "work"
    if lemma == "take" and {"off", "out"} & set(after[:4]):
        return "work"
    if lemma == "have" and after[:2] == ["a", "word"]:
        return "soft"
    if lemma == "ask" and pos == "VERB" and "him" not in after[:1]:
        return None
    led = k > 0 and words[k - 1].low in LEADING  # in typed shorthand the tagger does not know a verb
    if (
        pos in ("NOUN", "PROPN")
        and not led
        and word
        not in (
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
        )
        and not (word == "text" and set(after[:1]) & {"me", "us", "you"})
    ):
        return None
    kind = CLASSES.get(lemma) or CLASSES.get(word)
    if word == "text" and not (frame.days or conditional(frame, 0, len(words))):
        return None  # a word on the channel: "text me, nobody picks up at the office"
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
        & {"record", "list", "file", "up", "distribution", "looking", "eye", "table", "together", "you", "diary", "on"}
    ):
        return None
    return kind


PHONES: frozenset[str] = frozenset(_WORDS["phones"])
ASIDE = {"my", "our", "the", "them", "him", "her", "his", "their", "those", "these", "some", "a", "both"}


def _elsewhere(after: list[str]) -> bool:
    """The action is towards somebody other than the two who speak: "speak to my boss", "tell the junior"."""
    if set(after[:1]) & {"my", "our", "the", "your"} and set(after[1:3]) & PHONES:
        return False  # "ring my mobile"
    at = 1 if after[:1] in (["to"], ["with"]) else 0
    return bool(ASIDE & set(after[at : at + 1])) or at == 1 and after[1:2] in (["your"], ["ur"])


def _stands(frame: Frame, first: int, last: int) -> bool:
    """ "I'll have the confirmation up on the portal": something stands where it is looked for."""
    lows = frame.lows[first : min(last, first + 9)]
    return any(lows[k : k + 2] in (("up", "on"), ("live", "on"), ("back", "on")) for k in range(1, len(lows)))


def _made(frame: Frame, first: int, last: int) -> bool:
    """ "I'll have it renewed", "I'll get the form signed": something is seen to."""
    for n in range(first + 1, min(last, first + 6)):
        word = frame.words[n]
        if (
            word.low == "done"
            and not frame.part(first, n).sizes
            and any(w.pos in ("NOUN", "PROPN") for w in frame.words[first:n])
        ):
            return True  # "I'll get her access done"
        if word.pos == "VERB" and (word.low.endswith("ed") or word.low in DONE_FORMS):
            if n + 1 < last and frame.words[n + 1].pos == "NOUN" and frame.words[n - 1].pos == "DET":
                return False  # "a fixed coupon"
            return word.low not in ("filled", "priced", "need", "proceed")
    return False


WHEN = {"if", "unless", "once", "when"}


EMPTY: tuple[str, ...] = tuple(_WORDS["empty_conditions"])


def conditional(frame: Frame, first: int, last: int) -> bool:
    """It hangs on an event; "when you can" and "if you could" are only polite, and "when it's out" on a day that is
    named is that day."""
    lows = [word.low for word in frame.words[first:last]]
    if " or not" in " ".join(lows):
        return False  # "if they want it or not"
    return any(
        (low in WHEN or lows[k : k + 3] == ["as", "soon", "as"])
        and not (lows[k + 1 : k + 2] in (["you"], ["u"]) and POLITE & set(lows[k + 2 : k + 4]))
        and not POLITE & set(lows[k + 1 : k + 2])
        and not (low != "if" and frame.days and APPEARS & set(lows[k + 1 : k + 6]))
        for k, low in enumerate(lows)
    )


APPEARS: frozenset[str] = frozenset(_WORDS["appears"])


POLITE = {
    "poss",
    "possible",
    "needed",
    "can",
    "could",
    "get",
    "have",
    "like",
    "want",
    "would",
    "do",
    "may",
    "please",
    "wish",
}


NAMELESS = {"u", "pls", "plz", "tmrw", "eod", "half", "quarter", "noon", "midday", "latest", "thanks", "thx"}


def vague(frame: Frame, k: int, last: int) -> bool:
    """Nothing is named but the day: "I'll send it over tomorrow"."""
    dated = {n for day in frame.days for n in range(day.first, day.last)}
    if (
        frame.words[k].lemma in SEND
        and frame.lows[k + 1 : k + 2] in (("it",), ("them",))
        and "to" in frame.lows[k:last]
    ):
        return True  # "send it to me and to Bernard"
    return not any(
        w.pos in ("NOUN", "PROPN") and w.low not in NAMELESS and n not in dated and w.low not in PARTS
        for n, w in enumerate(frame.words[k + 1 : last], k + 1)
    )
