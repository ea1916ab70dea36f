"""Who takes something upon whom, clause by clause: promises, offers and requests by the words that lead to the action.

An action is a follow-up by its class ("send", "call", "chase"); any other verb is one if a day is set for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nlp.language import vocabulary
from nlp.language.acts import CALL, EMPTY, PHONES, act, base, conditional, vague
from nlp.language.deadlines import SAME_DAY, days, named, rough
from nlp.language.frames import Frame
from nlp.language.handovers import GIVEN, asked_for, delivery
from nlp.language.model import Who
from nlp.language.tasks import Promise, sentences
from nlp.language.words import Word

_WORDS = vocabulary.section("phrases", "promises")
PASS: tuple[str, ...] = tuple(vocabulary.section("phrases", "topics")["pass"])
NO_TASKS: frozenset[str] = frozenset(_WORDS["no_tasks"])
OPENERS: frozenset[str] = frozenset(_WORDS["openers"])
LEADS: dict[str, tuple[tuple[str, ...], ...]] = {
    kind: tuple(tuple(phrase.split()) for phrase in phrases) for kind, phrases in _WORDS["leads"].items()
}
ADVERBS: tuple[tuple[str, ...], ...] = tuple(tuple(phrase.split()) for phrase in _WORDS["adverbs"])
SOMEONE: frozenset[str] = frozenset(_WORDS["someone"])
WILL: tuple[tuple[str, ...], ...] = tuple(tuple(phrase.split()) for phrase in _WORDS["will"])
SENDING: frozenset[str] = frozenset(_WORDS["send"]) | {"arrange", "set"}
TO_THE_OTHER: tuple[str, ...] = tuple(_WORDS["to_the_other"])
BY_TEXT: frozenset[str] = frozenset(_WORDS["by_text"])
WHENEVER: tuple[str, ...] = tuple(_WORDS["whenever"])
NUDGES: frozenset[str] = frozenset(_WORDS["nudges"])
WANTING = {"want", "like", "fancy", "wanna", "wish", "care"}
DEALT = {"take", "let", "have", "give"}
COULD = ("i can", "we can", "i could", "we could")
SURELY = (("you", "'ll"), ("you", "will"), ("u", "will"), ("ull",), ("youll",), ("u", "'ll"))  # "you'll let me know?"
JOINS = {"and", "then", "&", "n", ","}
BEING = {"'m", "am", "'re", "are", "im", "be"}
MIGHT = {"could", "'d"}  # "if it got here by Friday, I could stop them"
PAST_FORMS = {"told", "sent", "gave", "called", "mailed", "asked", "promised"}
NOT_BARE = {"you", "u", "i", "we", "they", "he", "she", "to", "n't", "not", "can", "could", "will", "'ll"}
POINTING = {"this", "that", "these", "those"}
AT_ONCE = {"me", "lemme"}  # "let me check" is done at once, unless a day is said
BREAKS = {",", "and", "but", "so", "then", "--", "...", ":", ";", "ok", "okay", "yes", "sure"}
HANDING: tuple[str, ...] = tuple(_WORDS["handing"])
ASKS = {"can", "could", "shall", "should", "may", "if", "unless"}
SPEAKERS = {"you", "u", "i", "we"}  # "when you come" is no event to wait for
TOLD_OF = {"had", "was", "were"}  # "I had some outfit, ring my office"
GREETING = 3  # turns
EVENTS = {"if", "when", "once"}
GETTING = {"get", "have", "ask", "tell", "remind", "chase", "make"}


@dataclass(frozen=True)
class Led:
    """What leads to an action: the speaker is to act, it is promised rather than asked for, where the task begins."""

    own: bool
    stated: bool
    start: int


def pledge(i: int, who: Who, frame: Frame, first: int, last: int, today: date) -> Promise | None:
    """What one thought of turn `i` (tokens `first` to `last`) lays upon one side."""
    same_day = frame.part(first, last).has(*SAME_DAY)
    dated = same_day or bool(days(frame, first, last, today) or rough(frame, first, last, today))
    part = frame.part(first, last)
    said_before = bool(named(frame, 0, first, today)) and frame.has(*HANDING) and not part.question
    dealing = bool(part.sizes or part.prices) or who == "client" and frame.has(*PASS)
    soft: Led | None = None
    for k in range(first, last):
        kind = act(frame, k, last)
        firm = kind is not None
        if kind is None:
            if not (_open(frame, k) and dated and _has_object(frame, k, last)) or dealing:
                continue
            kind = "work"
        found = _led(frame, first, k, last, firm=firm, dated=dated or firm and said_before)
        if found is None and soft is not None and firm and frame.words[k - 1].low in JOINS:
            found = soft
        if found is None:
            continue
        if kind == "soft" and _better(frame, k, last):
            soft = found  # "find out what happened and ring you back" is one task
            continue
        if not firm and not found.own and frame.question and who == "trader":
            continue
        owner: Who = who if found.own else "client" if who == "trader" else "trader"
        if found.own and not found.stated and BY_TEXT & set(frame.lows[first:last]):
            continue  # leave is asked for: "if the line's busy, could I text you?"
        if found.own and i < GREETING and kind == "call" and _doing(frame.words[k]):
            continue  # "so I'm ringing at half nine"
        if found.own and kind == "call" and _at_once(frame, first, last):
            continue  # "I'll warn you now"
        if found.own and frame.part(first, last).has(*EMPTY) or part.has(*WHENEVER):
            continue  # "I'll call if I need anything", "e-mail me if it's important"
        if firm and (frame.words[k].lemma in DEALT and _priced(frame, k, last) or _ticket(frame, k, part)):
            continue  # "I can take the euros off you at eighty-seven twelve"
        hangs, words = _hangs(frame, first, last), (found.start, last)
        stated = found.stated and not (hangs and not dated and kind != "call" and part.has(*COULD))
        return Promise(owner, kind, i, words, stated, hangs, {i}, vague(frame, found.start, last))
    return (
        delivery(i, who, frame, first, last, dated=dated)
        or asked_for(i, who, frame, first, last)
        or _nudge(i, who, frame, first, last)
        or _heard_from(i, who, frame, first, last, dated=dated)
    )


def _ticket(frame: Frame, k: int, part: Frame) -> bool:
    """ "I'll write that up as buying three million": the trade itself."""
    return frame.words[k].lemma in ("write", "put") and bool(part.sizes) and not frame.days


def _priced(frame: Frame, k: int, last: int) -> bool:
    """A price is named for it, and no hour."""
    prices = [p for p in frame.prices if k < p.first < last and (p.pointed or len(p.digits) > 1)]
    return any(frame.lows[p.first - 1] == "at" for p in prices)


def _nudge(i: int, who: Who, frame: Frame, first: int, last: int) -> Promise | None:
    """A word is offered: "do you want a nudge before it falls due?", "you want a tap on the shoulder if they move?"."""
    lows = frame.lows[first:last]
    wants = next((k for k, low in enumerate(lows) if low in WANTING), None)
    if wants is None or "how" in lows[:wants] or lows[-1:] != ("?",):
        return None
    if not {"you", "u"} & {*lows[:wants], *lows[:1]} and wants > 0:
        return None
    named_there = [
        k
        for k in range(wants + 1, min(wants + 5, len(lows)))
        if lows[k] in NUDGES or lows[k - 1] == "be" and frame.words[first + k].lemma in CALL and lows[k] not in CALL
    ]
    if not named_there:
        return None
    k = first + named_there[0]
    return Promise(who, "call", i, (k, last), False, conditional(frame, first, last), {i}, vague(frame, k, last))


def _at_once(frame: Frame, first: int, last: int) -> bool:
    """Told as it is said."""
    told = {frame.lows[day.first] for day in frame.days if first <= day.first < last}
    return told == {"now"} and not frame.part(first, last).has("after", "as soon as", "before", "once")


def _heard_from(i: int, who: Who, frame: Frame, first: int, last: int, *, dated: bool) -> Promise | None:
    """ "So I hear from you on Tuesday?": the other side is to come back."""
    lows = frame.lows[first:last]
    at = next((k for k in range(1, len(lows) - 2) if lows[k : k + 2] == ("hear", "from")), None)
    if at is None or not dated or lows[-1] != "?" or lows[at - 1] not in ("i", "we"):
        return None
    if lows[at + 2] not in ("you", "u"):
        return None
    other: Who = "client" if who == "trader" else "trader"
    return Promise(other, "call", i, (first + at, last), False, False, {i}, vague(frame, first + at, last))


def _hangs(frame: Frame, first: int, last: int) -> bool:
    """It hangs on an event that it names, or that its sentence begins with: "if they move, shall I tell you?"."""
    begins = next((a for a, b in sentences(frame) if a <= first < b), first)
    comes = any(
        frame.lows[k] in EVENTS and frame.lows[k + 1] not in SPEAKERS for k in range(begins, min(begins + 6, first))
    )
    return conditional(frame, first, last) or comes and conditional(frame, begins, last)


def _open(frame: Frame, k: int) -> bool:
    """Any other action: a verb in its plain form, or being done, that is not dealing or talk."""
    word = frame.words[k]
    being = _doing(word) and k > 0 and frame.words[k - 1].low in BEING
    return word.pos == "VERB" and (word.lemma == word.low or being) and not {word.lemma, word.low} & NO_TASKS


def _doing(word: Word) -> bool:
    return word.low.endswith("ing") and word.lemma != word.low and word.low not in CALL


def _has_object(frame: Frame, k: int, last: int) -> bool:
    """Something is acted on: "change the flag", not "feel pretty stupid", "be in the office"."""
    dated = {n for day in frame.days for n in range(day.first, day.last)}
    near = range(k + 1, min(last, k + 6))
    named = {n for n in near if frame.words[n].pos in ("NOUN", "PROPN", "PRON") or frame.lows[n] in POINTING}
    return bool(named - dated)


def _better(frame: Frame, k: int, last: int) -> bool:
    """A firmer action follows: "find out what happened and ring you back"."""
    return any(act(frame, n, last) not in (None, "soft") for n in range(k + 2, last))


def _led(frame: Frame, first: int, k: int, last: int, *, firm: bool, dated: bool) -> Led | None:
    """The words that lead to the action at token `k`, None if nothing does."""
    lows = [word.low for word in frame.words]
    ways, word, part = _ways(lows, first, k), frame.words[k], frame.part(first, last)
    if {"n't", "not"} & set(lows[max(first, k - 2) : k]) and "why" not in lows[max(first, k - 4) : k]:
        return None
    if lows[last - 1] == "?" and any(_ends(lows, first, at, phrase) for at in ways for phrase in SURELY):
        return Led(False, False, k)
    after, kind_of = lows[k + 1 : min(last, k + 9)], act(frame, k, last)
    if word.low == "lmk":
        return Led(False, False, k)
    if word.lemma == "owe" and lows[max(first, k - 4) : k] and {"i", "we"} & set(lows[max(first, k - 4) : k]):
        return Led(True, True, k)
    plain = word.low == word.lemma or word.low.endswith("ing") or word.pos not in ("VERB", "AUX")
    for kind, phrases in LEADS.items():
        lead = next((p for at in ways for p in phrases if _ends(lows, first, at, p)), None)
        if lead is None or kind == "ask_for_me" and not ({"me", "us"} & set(after[:3]) and lows[last - 1] == "?"):
            continue
        if lead[-1] in AT_ONCE and not dated and kind_of not in ("work", "send"):
            return None
        if lead[-1] == "can" and not _to_other(after) and _purpose(lows, k, len(lead)):
            return None
        if len(lead) == 1 and ASKS & set(lows[max(first, k - 2) : k - 1]):
            continue  # "can I tell you next week?", "if I fix it now"
        if len(lead) == 1 and word.lemma == "have" and after[:1] and after[0] not in GIVEN:
            continue  # "I have now for you a forward"
        if kind == "own_by_a_day" and (_doing(word) and lead[-1] not in BEING or lead[-1] in MIGHT and "if" in lows):
            continue
        if kind in ("ask", "ask_for_me"):
            return Led(False, False, k) if plain else None
        if kind == "offer":
            return Led(True, False, k)
        if kind == "own" or (dated and plain and (firm or _to_other(after))):
            return Led(True, True, k) if plain or "be" in lows[max(first, k - 2) : k] else None
        if len(lead) == 1 and firm and plain and _to_other(after[:1]) and _hangs(frame, first, last):
            return Led(True, lows[last - 1] != "?", k)  # "when it fills I ring you?"
    bare = {"will", "wil", "can"} if dated else {"will", "wil"}
    if any(lows[at - 1] in bare and (at - 1 == first or lows[at - 2] in BREAKS) for at in ways if at > first):
        return Led(True, True, k)
    worked = dated and kind_of == "work" and not part.sizes
    begins = next((n + 1 for n in range(k - 1, first - 1, -1) if lows[n] in BREAKS), first)
    if _doing(word) and (base(word) in SENDING or worked) and set(lows[begins:k]) <= OPENERS:
        return Led(True, True, k)
    return _for_others(frame, lows, first, k, after) or (_bare(frame, first, k, last, after) if firm else None)


def _purpose(lows: list[str], k: int, lead: int) -> bool:
    """What it is wanted for: "I'd want a shout, so I can warn my boss"."""
    before = lows[max(0, k - lead - 2) : k - lead]
    return before[-1:] == ["so"] and before[:1] not in (["so"], ["."], ["?"], ["!"])


def _ways(lows: list[str], first: int, k: int) -> list[int]:
    """Where the lead of an action may end: before it, and before each adverb that stands between."""
    ways = [k]
    for at in ways:
        ways += [at - len(phrase) for phrase in ADVERBS if _ends(lows, first, at, phrase)]
    return ways


def _ends(lows: list[str], first: int, at: int, phrase: tuple[str, ...]) -> bool:
    return at - len(phrase) >= first and tuple(lows[at - len(phrase) : at]) == phrase


def _to_other(after: list[str]) -> bool:
    text = f" {' '.join(after)} "
    return any(f" {phrase} " in text for phrase in TO_THE_OTHER)


def _for_others(frame: Frame, lows: list[str], first: int, k: int, after: list[str]) -> Led | None:
    """Someone of the speaker's side acts ("Rory will call you", "I'll get Rory to call you"), or of the other side
    ("can your analyst ring me")."""
    own, asks = LEADS["own"], LEADS["ask"]
    for start in range(max(first, k - 9), k):  # "I'll get our Ms Lund to ring you", "could you ask Ed to ..."
        if frame.words[start].lemma not in GETTING or not 2 <= k - start <= 9 or {",", "and"} & {lows[k - 1]}:
            continue
        heads = _ways(lows, first, start)
        through = lows[k - 1] == "to" or frame.words[start].lemma == "have" and k - start <= 4
        if through and any(_ends(lows, first, head, phrase) for head in heads for phrase in own):
            return Led(True, True, start)
        if through and any(_ends(lows, first, head, phrase) for head in heads for phrase in asks):
            return Led(False, False, start)
    at = min(_ways(lows, first, k))
    for phrase in WILL:
        if not _ends(lows, first, at, phrase):
            continue
        subject = frame.words[at - len(phrase) - 1] if at - len(phrase) > first else None
        if {"me", "us"} & set(after[:2]):
            continue  # "they can send me e-mails"
        if subject is not None and (subject.low in SOMEONE or subject.pos == "PROPN") and _to_other(after[:5]):
            return Led(True, True, k)
    if frame.words[k].low.endswith("s") and frame.words[k].pos == "VERB" and _of_ours(frame, first, k):
        if act(frame, k, min(len(lows), k + 9)) == "work":
            return None  # "our night desk keeps an eye on it"
        return Led(True, True, k)
    asked = next((n for n in range(at - 1, max(first, at - 5) - 1, -1) if lows[n] in ("your", "ur")), None)
    if asked and lows[asked - 1] in ("can", "could", "would", "will") and {"me", "us"} & set(after[:3]):
        return Led(False, False, k)
    return None


def _of_ours(frame: Frame, first: int, k: int) -> bool:
    """The subject before the verb is of the speaker's side: "my colleague in accounting, Ms Yildiz, sends them"."""
    subject = frame.lows[max(first, k - 9) : k]
    named = frame.words[k - 1].pos == "PROPN" and bool({"my", "our"} & set(subject[-3:]))
    return named or bool({"my", "our"} & set(subject)) and bool(SOMEONE & set(subject))


def _bare(frame: Frame, first: int, k: int, last: int, after: list[str]) -> Led | None:
    """An instruction without a lead: "send me ...", "and tell us ..."."""
    lows = [word.low for word in frame.words]
    back = lows[max(first, k - 5) : k]
    if _doing(frame.words[k]) or TOLD_OF & set(lows[first:k]) or lows[k] in PAST_FORMS:
        return None
    opens = not back or back[-1] in BREAKS or set(back) <= OPENERS or back[-1] in ("you", "u") and len(back) <= 2
    if opens and lows[k - 1 : k] and lows[k - 1] in JOINS and k > first:
        mine = (*LEADS["own"], *LEADS["own_by_a_day"], ("will",), ("'ll",))
        for own, phrases in ((False, LEADS["ask"]), (True, mine)):  # the subject of what it is joined to
            if any(_ends(lows, first, at, phrase) for at in range(first, k) for phrase in phrases):
                return Led(own, own, k)
    if (
        k == last - 1
        and act(frame, k, last) == "call"
        and lows[first] not in EVENTS
        and conditional(frame, first, last)
    ):
        return Led(False, False, k)  # "and if you find a natural, shout"
    handing = frame.words[k].lemma in SENDING and bool({"it", "that", "them", "both", "those", "all"} & set(after[:1]))
    opens = opens or bool(EVENTS & set(lows[first : first + 2])) and lows[k - 1] not in NOT_BARE
    reach = set(after[:1]) & {"my", "our", "the"} and set(after[1:3]) & PHONES  # "ring my mobile"
    return Led(False, False, k) if opens and ({"me", "us"} & set(after[:3]) or handing or reach) else None
