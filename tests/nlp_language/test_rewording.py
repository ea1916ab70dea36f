"""A reworded summary is taken only if it says what the summary says: numbers, days, names, sides, in their order."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nlp.dialogue_file import load
from nlp.language import analyse
from nlp.language.model import Reference
from nlp.summary import summarise
from nlp.summary.marks import Mark, names_in, read, texts
from nlp.summary.rewording import differences, refusal, sentences

TALKS = sorted((Path(__file__).parents[1] / "dialogues").glob("*.yaml"))[::2]
SPOT = (
    "Gareth Pemberly of Tolland Castings plc spoke with Hannah Osgood about EURUSD. The client bought EUR 15 million "
    "EURUSD spot at 1.1678, value 17 September. Follow-ups: Hannah Osgood to get the confirmation over to the client "
    "by e-mail before close (today)."
)
TWO_DEALS = (
    "Helen Strickland of Wexcombe Industries plc spoke with Hannah Osgood about GBPUSD, EURGBP. The client bought GBP "
    "against USD 8 million (GBPUSD forward) at 1.3184, value 26 February 2027; and sold EUR 3 million EURGBP spot at "
    "0.8774, value 9 November. GBP 25 million of the 5-year swap (GBP SONIA OIS 5Y) was quoted 3.71 offered and passed."
)
SWAP = (
    "Reto Amsler of Hohlbach Asset Management spoke with Callum Brodie about USDCHF. The client bought and sold USD 45 "
    "million USDCHF in a 1-month FX swap at -26 points, near 28 September, far 28 October. Also said: Client: “It's "
    "not urgent, call me at 10.” Callum Brodie to call at 14:30 on Friday; the client to send the desk the form."
)
NOTHING = (
    "Zoe Lindqvist of Tarrick Bay Macro wrote to Rowan Achebe-Holt about AUDUSD. No deal was done and nothing was "
    "traded. AUD 22.5 million AUDUSD spot was indicative only at 0.6612/0.6614."
)


@lru_cache(maxsize=1)
def summaries() -> tuple[str, ...]:
    dialogues = [load(path) for path in TALKS]
    return (SPOT, TWO_DEALS, SWAP, NOTHING, *(summarise(each, analyse(each, Reference())) for each in dialogues))


def marks(summary: str) -> list[Mark]:
    return read(summary, names_in(summary))


SUMMARIES = st.deferred(lambda: st.sampled_from(summaries()))


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (
            SPOT,
            "Gareth Pemberly of Tolland Castings plc talked to Hannah Osgood about EURUSD. The client purchased 15m "
            "euros of EURUSD spot at a rate of 1.1678, for value on the 17th of September. Hannah Osgood will send the "
            "confirmation by email before the close today.",
        ),
        (SPOT, SPOT.replace("EUR 15 million", "fifteen million euros")),
        (SPOT, SPOT.replace("EUR 15 million", "€15,000,000").replace("17 September", "September 17")),
        (TWO_DEALS, TWO_DEALS.replace("; and sold", ", and the client sold").replace("(GBPUSD", "(GBP/USD")),
        (TWO_DEALS, TWO_DEALS.replace("26 February 2027", "2027-02-26").replace("3.71 offered", "3.71 on the offer")),
        (SWAP, SWAP.replace("-26 points", "minus 26 points").replace("14:30", "2:30 pm")),
        (SWAP, SWAP.replace("“", '"').replace("”", '"')),
        (SWAP, SWAP.replace("the client to send the desk", "The client will send the desk").replace(";", ".")),
        (f"{NOTHING} Also spoken of: settlement.", f"{NOTHING} They also discussed settlement."),
        (NOTHING, NOTHING.replace("22.5 million", "22 and a half million").replace("about", "regarding")),
    ],
)  # fmt: skip
def test_harmless_rewording_is_taken(summary: str, text: str) -> None:
    assert text != summary
    assert differences(summary, text) == ()


@pytest.mark.parametrize(
    ("summary", "words", "others", "said"),
    [
        (SPOT, "15 million", "15.5 million", "it says “15.5 million” where the summary says “15 million”"),
        (SPOT, "15 million", "fifteen thousand", "it says “fifteen thousand” where"),
        (SPOT, " at 1.1678", "", "it leaves out “1.1678”"),
        (SPOT, "EUR 15", "USD 15", "it says “USD” where the summary says “EUR”"),
        (SPOT, "15 million", "about 15 million", "it adds “about”"),
        (SPOT, "17 September", "18 September", "it says “18 September” where the summary says “17 September”"),
        (SPOT, "17 September", "17 September 2026", "it says “17 September 2026” where"),
        (SPOT, "(today)", "(tomorrow)", "it says “tomorrow” where the summary says “today”"),
        (SPOT, "bought", "sold", "it says “sold” where the summary says “bought”"),
        (SPOT, "bought", "was sold", "it says “was sold” where the summary says “bought”"),
        (SPOT, "bought", "did not buy", "it adds “not”"),
        (SPOT, "spoke with", "wrote to", "it says “wrote” where the summary says “spoke”"),
        (SPOT, "spoke with", "called and talked to", "it adds “called”"),
        (SPOT, "bought", "didn't buy", "it adds “didn't”"),
        (SPOT, "bought", "may have bought", "it adds “may”"),
        (SPOT, "The client bought", "The desk bought", "it says “desk” where the summary says “client”"),
        (SPOT, "Hannah Osgood about", "Sarah about", "it says “Sarah” where the summary says “Hannah Osgood”"),
        (SPOT, "EURUSD spot", "GBPUSD spot", "it says “GBPUSD” where the summary says “EURUSD”"),
        (SPOT, "spot", "forward", "it says “forward” where the summary says “spot”"),
        (SPOT, "e-mail", "phone", "it says “phone” where the summary says “e-mail”"),
        (SPOT, "get the confirmation over to", "get the confirmation from", "it says “from the client” where"),
        (TWO_DEALS, "passed", "dealt", "it says “dealt” where the summary says “passed”"),
        (TWO_DEALS, "offered", "bid", "it says “bid” where the summary says “offered”"),
        (TWO_DEALS, "5-year", "15-year", "it says “15” where the summary says “5”"),
        (SWAP, "-26", "26", "it leaves out “-”"),
        (SWAP, "14:30", "2:30", "it says “2:30” where the summary says “14:30”"),
        (SWAP, "Friday", "Thursday", "it says “Thursday” where the summary says “Friday”"),
        (SWAP, "not urgent", "urgent", "where the summary says “"),
        (SWAP, "points", "pips", "it says “pips” where the summary says “points”"),
        (NOTHING, "No deal was done and nothing was traded", "A deal was done", "it leaves out “No”"),
        (NOTHING, "indicative only", "done", "it says “done” where the summary says “indicative”"),
        (SPOT, "spot", "**spot**", "signs that belong in no summary (asterisk)"),
        (SPOT, "15", "1\u200b5", "signs that belong in no summary (zero width space)"),
        (SPOT, "a", "\u0430", "signs that belong in no summary (cyrillic small letter a)"),
        (NOTHING, "was indicative", "was. Indicative. Indicative", "it adds “Indicative”"),
    ],
)  # fmt: skip
def test_what_is_said_otherwise_is_refused_and_told(summary: str, words: str, others: str, said: str) -> None:
    assert words in summary
    assert said in "; ".join(differences(summary, summary.replace(words, others)))


def test_sentences_that_come_or_go_are_refused() -> None:
    assert differences(SPOT, SPOT + " Sarah will call.") == ("it adds “Sarah”",)
    assert differences(SPOT, SPOT + " It was a friendly talk.") == ("it adds “It was a friendly talk.”",)
    assert differences(f"{SPOT} Also spoken of: settlement.", SPOT) == ("it leaves out “spoken”",)
    assert differences(SPOT, SPOT * 2) == ("it is much longer than the summary",)
    assert differences(SPOT, " \n") == ("it is empty",)


def test_a_number_that_moves_to_another_deal_is_refused() -> None:
    moved = TWO_DEALS.replace("1.3184", "#").replace("0.8774", "1.3184").replace("#", "0.8774")
    assert differences(TWO_DEALS, moved)[0] == "it says “0.8774” where the summary says “1.3184”"
    later = SWAP.replace("near 28 September, far 28 October", "far 28 October, near 28 September")
    assert "in another place" in "".join(differences(SWAP, later))


def test_the_example_that_a_model_is_shown_would_be_taken() -> None:
    example = texts()["example"]
    assert differences(example["summary"], example["reworded"]) == ()


def test_the_refusal_is_a_sentence_and_names_the_first_differences() -> None:
    assert refusal(SPOT, SPOT) == ""
    assert refusal(SPOT, SPOT.replace("15 million", "15.5 million")) == (
        "The reworded text was not taken: it says “15.5 million” where the summary says “15 million”."
    )
    wild = SPOT.replace("Gareth", "Gary").replace("bought", "sold").replace("15", "16").replace("17 Sep", "7 Sep")
    assert refusal(SPOT, wild).endswith(", and 1 more.")


def test_quotations_end_no_sentence() -> None:
    assert len(sentences("He said: “No. Not now.” She left. It is 1.5 million.")) == 2
    assert len(sentences(SPOT)) == 3


@given(SUMMARIES)
def test_the_summary_itself_is_taken(summary: str) -> None:
    assert differences(summary, summary) == ()


@given(SUMMARIES, st.data())
def test_a_changed_digit_is_refused(summary: str, data: st.DataObject) -> None:
    places = [at for at, sign in enumerate(summary) if sign.isdigit()]
    assume(places)
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != summary[at]]))
    assert differences(summary, summary[:at] + digit + summary[at + 1 :])


@given(SUMMARIES, st.data())
def test_whatever_matters_cannot_be_left_out(summary: str, data: st.DataObject) -> None:
    mark = data.draw(st.sampled_from([each for each in marks(summary) if not each.lax]))
    assert differences(summary, summary[: mark.start] + summary[mark.end :])


@given(SUMMARIES, st.data())
def test_two_names_or_numbers_that_change_places_are_refused(summary: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["name", "number", "day", "currency"]))
    found = [each for each in marks(summary) if each.kind == kind]
    pairs = [(a, b) for a in found for b in found if a.start < b.start and a.key != b.key]
    assume(pairs)
    first, second = data.draw(st.sampled_from(pairs))
    one, other = summary[first.start : first.end], summary[second.start : second.end]
    changed = summary[: first.start] + other + summary[first.end : second.start] + one + summary[second.end :]
    assert differences(summary, changed)


@given(SUMMARIES, st.data(), st.sampled_from(["Quentin", "Oxbridge", "ACME", "GBPUSD", "Zürich"]))
def test_a_name_that_the_summary_does_not_have_is_refused(summary: str, data: st.DataObject, name: str) -> None:
    places = [match.start() for match in re.finditer(r"(?<= )\w", summary)]
    at = data.draw(st.sampled_from(places))
    assume(name.casefold() not in summary.casefold())
    assert differences(summary, f"{summary[:at]}{name} {summary[at:]}")


@given(SUMMARIES, st.data())
def test_a_flipped_side_is_refused(summary: str, data: st.DataObject) -> None:
    other = {"bought": "sold", "sold": "bought", "buy": "sell", "sell": "buy", "buyer": "seller", "seller": "buyer"}
    other |= {"pays": "receives", "receives": "pays", "bid": "offered", "offered": "bid"}
    found = list(re.finditer(rf"\b(?:{'|'.join(other)})\b", summary))
    assume(found)
    side = data.draw(st.sampled_from(found))
    assert differences(summary, summary[: side.start()] + other[side.group()] + summary[side.end() :])


@given(SUMMARIES, st.data(), st.sampled_from(["not", "never", "no", "might", "allegedly", "cancelled"]))
def test_a_negation_or_a_doubt_is_refused_wherever_it_comes(summary: str, data: st.DataObject, word: str) -> None:
    at = data.draw(st.sampled_from([match.start() for match in re.finditer(r"(?<= )\w", summary)]))
    assert differences(summary, f"{summary[:at]}{word} {summary[at:]}")


@given(SUMMARIES, st.sets(st.sampled_from([
    (r" spoke with ", " talked to "), (r" wrote to ", " messaged "), (r"\bbought\b", "purchased"),
    (r"(\d+) million\b", r"\g<1>m"), (r", value ", ", for value on "), (r"\b(\d{1,2}) (September|October)\b", r"\2 \1"),
    (r"; and ", ", and also "), (r" was quoted ", " had been quoted at "), (r"\bFollow-ups: ", "Next, "),
])))  # fmt: skip
def test_any_of_the_usual_rewordings_is_taken(summary: str, changes: set[tuple[str, str]]) -> None:
    """Outside quotations, which are copied to the letter."""
    parts = re.split(r"(“[^”]*”)", summary)
    for pattern, better in sorted(changes):
        parts = [part if part.startswith("“") else re.sub(pattern, better, part) for part in parts]
    assert differences(summary, "".join(parts)) == ()
