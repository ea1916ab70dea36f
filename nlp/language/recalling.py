"""Names that a conversation has already given a meaning: the issuer alone, the share by its first word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nlp.language.bonds import AGAINST
from nlp.language.frames import Frame
from nlp.language.model import Party
from nlp.language.terms import Mention
from nlp.language.topics import Topic
from nlp.language.vocabulary import Instrument, bond, fx_pair, government_bond, government_of_title, governments

SHORTEST = 4
OVER = AGAINST | {"off"}
PLURALS = {"quarters", "halves", "eighths", "halfs"}


def client_names(client: Party) -> frozenset[str]:
    """The words by which a read-back may name the client: "Havbris sells twelve million"."""
    words = f"{client.organization} {client.contact}".lower().split()
    return frozenset(word for word in words if len(word) >= SHORTEST and word.isalpha())


def tickers(frames: Iterable[Frame]) -> dict[str, Instrument]:
    """The shares that are named by their ticker anywhere in the talk."""
    named = (
        mention.instrument for frame in frames for mention in frame.mentions if mention.instrument.kind == "equity"
    )
    return {one.code: one for one in named if one.code.isupper()}


def recalled(frame: Frame, topics: Iterable[Topic], known_tickers: Mapping[str, Instrument]) -> Frame:
    """The frame with a mention for each word that names one known enquiry ("pendragon 96.40"), and for each ticker."""
    taken = {k for m in frame.mentions for k in range(m.first, m.last)}
    typed = [
        Mention(k, k + 1, known_tickers[word.text])
        for k, word in enumerate(frame.words)
        if word.text in known_tickers and k not in taken
    ]
    if typed:
        frame = replace(frame, mentions=tuple(sorted((*frame.mentions, *typed), key=lambda m: m.first)))
    bonds = [topic for topic in topics if topic.kind == "bond"]
    frame = _by_coupon(frame, [topic.instrument for topic in bonds])
    frame = _measured(frame, bonds[-1]) if bonds else frame
    names: dict[str, Topic | None] = {}
    for topic in topics:
        for word in _names(topic):
            names[word] = None if word in names and names[word] is not topic else topic
    if not names:
        return frame
    frame = replace(frame, mentions=tuple(_meant(frame, m, names) for m in frame.mentions))
    named = {k for m in frame.mentions for k in range(m.first, m.last)}
    end = frame.begin + len(frame.lows)
    added = []
    for k in range(frame.begin, end):
        low = frame.words[k].low
        known = names.get(low) or names.get(low.removesuffix("s"))
        if known is not None and k not in named:
            added.append(Mention(k, k + 1, known.instrument))
    return replace(frame, mentions=tuple(sorted((*frame.mentions, *added), key=lambda m: m.first))) if added else frame


def _by_coupon(frame: Frame, bonds: Sequence[Instrument]) -> Frame:
    """The frame with a mention for "the five and a quarters" where one bond with that coupon is spoken of, or the last
    one has no coupon yet."""
    added: list[Mention] = []
    for figure in frame.prices:
        whole = (figure.fraction or figure.pointed) and 1 <= figure.value < 16
        if not whole or frame.words[max(frame.begin, figure.first - 1)].low != "the":
            continue
        known = [one for one in bonds if one.coupon == figure.value]
        plural = frame.words[figure.last - 1].low in PLURALS
        if len(known) == 1:
            added.append(Mention(figure.first - 1, figure.last, known[0]))
        elif plural and not known and bonds and bonds[-1].coupon is None and bonds[-1].maturity and not bonds[-1].isin:
            last = bonds[-1]
            fuller = bond(last.issuer, figure.value, last.maturity, last.currency)
            added.append(Mention(figure.first - 1, figure.last, fuller))
    if not added:
        return frame
    taken = {mention.first + 1 for mention in added}
    return replace(
        frame,
        mentions=tuple(sorted((*frame.mentions, *added), key=lambda m: m.first)),
        prices=tuple(figure for figure in frame.prices if figure.first not in taken),
    )


def _measured(frame: Frame, asked: Topic) -> Frame:
    """ "Over the gilt." "That'll be over the four and a half of thirty-five.": what a company's bond is measured by."""
    over = asked.benchmark is not None or "spread_bp" in asked.hints
    if not over or asked.status == "dealt" or government_of_title(asked.instrument.issuer):
        return frame
    bare = asked.benchmark if asked.benchmark in governments().values() else None
    mentions = []
    for mention in frame.mentions:
        one, before = mention.instrument, [word.low for word in frame.words[max(0, mention.first - 2) : mention.first]]
        of_state = one.kind == "bond" and (not one.issuer or government_of_title(one.issuer)) or one.kind == "future"
        if of_state and not one.isin and OVER & set(before[-1:] if before[-1:] != ["the"] else before):
            if bare and one.kind == "bond" and not one.issuer:
                one = government_bond(bare, one.coupon, one.maturity)
            mention = replace(mention, instrument=one, benchmark=True)
        mentions.append(mention)
    return replace(frame, mentions=tuple(mentions))


def _meant(frame: Frame, mention: Mention, names: dict[str, Topic | None]) -> Mention:
    """ "Three million Meridian Ports": the bond of that issuer that is spoken of, not its share."""
    known = names.get(frame.words[mention.first].low) if mention.instrument.kind == "equity" else None
    return replace(mention, instrument=known.instrument) if known is not None and known.kind == "bond" else mention


def _names(topic: Topic) -> list[str]:
    instrument = topic.instrument
    if instrument.kind == "bond" and not government_of_title(instrument.issuer):
        words = [instrument.issuer, topic.called]
    elif instrument.kind == "equity":
        words = [instrument.description or "", instrument.code]
    else:
        return []
    first = [text.split()[0].lower() for text in words if text]
    return [word for word in dict.fromkeys(first) if len(word) >= SHORTEST and word.isalpha()]


def localized(frame: Frame, spoken: dict[str, str]) -> Frame:
    """The frame with the currencies of the places spoken of: "pesos" are Philippine ones after "Manila"."""
    codes = {
        m.first: spoken[low]
        for m in frame.monies
        if m.last == m.first + 1 and (low := frame.words[m.first].low) in spoken and spoken[low] != m.code
    }
    if not codes:
        return frame
    old = {m.code: codes[m.first] for m in frame.monies if m.first in codes}
    monies = tuple(replace(m, code=codes.get(m.first, m.code)) for m in frame.monies)
    sizes = tuple(replace(s, ccy=old.get(s.ccy, s.ccy)) if s.ccy else s for s in frame.sizes)
    mentions = tuple(_localized(m, old) if m.first <= max(codes) else m for m in frame.mentions)
    return replace(frame, monies=monies, sizes=sizes, mentions=mentions)


def _localized(mention: Mention, old: dict[str, str]) -> Mention:
    code = mention.instrument.code
    if mention.instrument.kind != "fx" or not {code[:3], code[3:]} & set(old):
        return mention
    pair = fx_pair(old.get(code[:3], code[:3]), old.get(code[3:], code[3:]))
    return replace(mention, instrument=pair) if pair is not None else mention
