"""The order of understanding a dialogue."""

from __future__ import annotations

from nlp.language.asking import enquiry
from nlp.language.attitude import sentiment
from nlp.language.consents import consents
from nlp.language.evidence import supported
from nlp.language.frames import Frame
from nlp.language.matters import matters
from nlp.language.model import Analysis, Dialogue, Mention, Reference
from nlp.language.orders import orders_left
from nlp.language.pipe import reader_for
from nlp.language.promises import follow_ups
from nlp.language.quotes import quotes_not_dealt
from nlp.language.repair import repaired
from nlp.language.settlement import enquired
from nlp.language.subjects import subjects
from nlp.language.talk import Talk
from nlp.language.unsettled import left_open, unsettled
from nlp.language.words import Word


def read(dialogue: Dialogue, reference: Reference) -> Analysis:
    """Everything understood from the turns so far."""
    turns = repaired(dialogue, reference)
    frames = reader_for(reference).frames([turn.text for turn in turns])
    talk = Talk(dialogue.header, turns, frames)
    talk.walk()
    lines = {label: topic.instrument.description or topic.instrument.code for label, topic in talk.labels.items()}
    deals = tuple(supported(talk, done.topic, done.deal) for done in talk.dealing.done if done.standing)
    unsure = unsettled(talk)
    tasks = tuple(follow_ups(turns, frames, dialogue.header.started.date(), lines))
    weighty = {i for task in tasks for i in task.evidence}
    thin = not (deals or talk.topics)
    return Analysis(
        turns=turns,
        deals=deals,
        unclear=tuple(left_open(talk, topic, turn) for turn, topic in unsure.items()),
        quotes_not_dealt=tuple(quotes_not_dealt(talk, unsure.values())),
        enquiry=enquiry(talk),
        orders_left=tuple(orders_left(talk)),
        consents=tuple(consents(turns, frames)),
        matters=matters(turns, frames),
        sentiment=sentiment(turns, frames),
        products=tuple(dict.fromkeys(enquired(topic, talk.today) for topic in talk.topics)),
        subjects=subjects(dialogue.header, turns, frames, weighty, thin=thin),
        mentions=tuple(mentions(frames)),
        follow_ups=tasks,
    )


def mentions(frames: list[Frame]) -> list[Mention]:
    """What to highlight, in order of the text."""
    found: list[Mention] = []
    for i, frame in enumerate(frames):
        words = frame.words
        here: list[Mention] = []

        for mention in frame.mentions:
            if mention.point is None:
                mark(
                    here,
                    i,
                    words,
                    mention.first,
                    mention.last,
                    "instrument",
                    mention.instrument.code,
                    mention.instrument.id,
                )
        for first, last, isin in frame.isins:
            mark(here, i, words, first, last, "instrument", isin)
        for size in frame.sizes:
            mark(here, i, words, size.figure.first, size.figure.last, "quantity")
        for price in frame.prices:
            if price.pointed or len(price.digits) > 1:
                mark(here, i, words, price.first, price.last, "price")
        for day in frame.days:
            mark(here, i, words, day.first, day.last, "date")
        for tenor in frame.tenors:
            mark(here, i, words, tenor.first, tenor.last, "tenor")
        for k, word in enumerate(words):
            if word.low in ("mine", "yours", "done", "filled", "agreed"):
                mark(here, i, words, k, k + 1, "deal")
        here.sort(key=lambda m: (m.start, -m.end))
        end = -1
        for item in here:
            if item.start >= end:
                found.append(item)
                end = item.end
    return found


def mark(
    here: list[Mention],
    turn: int,
    words: tuple[Word, ...],
    first: int,
    last: int,
    kind: str,
    code: str | None = None,
    ref: str | None = None,
) -> None:
    """Add one highlight."""
    text = " ".join(word.text for word in words[first:last])
    here.append(Mention(turn, words[first].start, words[last - 1].end, kind, text, code, ref))
