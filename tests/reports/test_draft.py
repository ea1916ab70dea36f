"""The merge rules of a draft: what the trader touched wins, whatever arrives in whatever order."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from plugins.reports.draft import BY_NAME, Draft, Suggestion, accept, accept_all, edit, observe, refine, reject
from plugins.reports.evidence import Said

WORDS = (Said(0, "client", 1.0, 2.0, "Vodafone 33s?", ((0, 12),)), Said(2, "client", 5.0, 6.0, "No, thanks."))
HEARD = {
    "summary": Suggestion("Client asked for VOD 33s.", WORDS),
    "disposition": Suggestion("Enquiry", WORDS[:1]),
}


def test_a_suggestion_is_shown_until_it_is_settled() -> None:
    draft = refine(Draft(), HEARD)
    assert draft.shown("summary") == "Client asked for VOD 33s."
    assert draft.pending == ("disposition", "summary")
    assert draft.said("summary") == WORDS


def test_an_accepted_suggestion_is_the_traders_own_word() -> None:
    draft = refine(accept(refine(Draft(), HEARD), "disposition"), {"disposition": Suggestion("Dealt")})
    assert draft.shown("disposition") == "Enquiry"
    assert draft.pending == ()


def test_what_was_accepted_still_shows_the_words_it_rests_on() -> None:
    draft = accept(refine(Draft(), HEARD), "disposition")
    assert draft.said("disposition") == WORDS[:1]
    assert draft.offer("disposition") is None
    assert refine(draft, {}).said("disposition") == WORDS[:1]
    assert refine(draft, {"disposition": Suggestion("Dealt")}).said("disposition") == ()
    assert edit(draft, "disposition", "Relationship").said("disposition") == ()


def test_a_rejected_suggestion_stays_away() -> None:
    draft = reject(refine(Draft(), HEARD), "summary")
    again = refine(draft, HEARD)
    assert again.shown("summary") == ""
    assert "summary" not in again.pending


def test_a_better_pass_replaces_untouched_suggestions_only() -> None:
    draft = edit(refine(Draft(), HEARD), "summary", "Spoke about Vodafone.")
    draft = refine(draft, {"summary": Suggestion("Refined."), "disposition": Suggestion("Dealt")})
    assert draft.shown("summary") == "Spoke about Vodafone."
    assert draft.shown("disposition") == "Dealt"


def test_what_the_better_pass_no_longer_hears_is_no_longer_suggested() -> None:
    assert refine(refine(Draft(), HEARD), {}).shown("disposition") == ""


def test_a_better_text_for_an_edited_field_is_offered_beside_it() -> None:
    draft = refine(edit(Draft(), "summary", "Mine."), {"summary": Suggestion("Refined.")})
    offer = draft.offer("summary")
    assert offer is not None
    assert offer.value == "Refined."
    assert draft.pending == ()
    assert accept(draft, "summary").shown("summary") == "Refined."
    assert reject(draft, "summary").shown("summary") == "Mine."
    assert reject(draft, "summary").offer("summary") is None


def test_measurements_change_untouched_fields_only() -> None:
    draft = edit(observe(Draft(), {"line": "L1", "duration": 10.0}), "line", "L2")
    draft = observe(draft, {"line": "L1", "duration": 252.0})
    assert draft.shown("line") == "L2"
    assert draft.shown("duration") == 252.0


def test_saving_takes_what_is_seen_except_where_a_tick_is_needed() -> None:
    draft = refine(Draft(), HEARD | {"consents": Suggestion([{"channel": "whatsapp", "granted": False}])})
    saved = accept_all(draft, except_for=frozenset({"consents"}))
    assert saved.values == {"summary": "Client asked for VOD 33s.", "disposition": "Enquiry"}
    assert saved.pending == ("consents",)


def test_a_stored_draft_comes_back_whole() -> None:
    draft = edit(refine(observe(Draft(), {"line": "L1"}), HEARD), "notes", "call back")
    columns = draft.to_columns()
    assert Draft.from_columns(columns["fields"], columns["suggestions"], columns["edited"]) == draft


@dataclass(frozen=True)
class Step:
    what: str
    name: str
    value: str


NAMES = st.sampled_from(sorted(BY_NAME))
STEPS = st.builds(Step, st.sampled_from(["edit", "accept", "reject", "refine", "observe"]), NAMES, st.text(max_size=4))


def apply(draft: Draft, step: Step) -> Draft:
    match step.what:
        case "edit":
            return edit(draft, step.name, step.value)
        case "accept":
            return accept(draft, step.name)
        case "reject":
            return reject(draft, step.name)
        case "refine":
            return refine(draft, {step.name: Suggestion(step.value)})
        case _:
            return observe(draft, {step.name: step.value})


@given(st.lists(STEPS, max_size=30))
def test_no_interleaving_of_passes_changes_a_touched_field(steps: list[Step]) -> None:
    draft = Draft()
    own: dict[str, str] = {}
    for step in steps:
        before = draft
        draft = apply(draft, step)
        if step.what == "edit":
            own[step.name] = step.value
        elif step.what in ("accept", "reject"):
            for name in draft.edited & {step.name}:
                own[name] = draft.shown(name)
        else:
            assert draft.edited == before.edited
        for name, value in own.items():
            assert draft.shown(name) == value
            assert name in draft.edited


@given(st.lists(STEPS, max_size=20))
def test_storing_and_reading_at_any_point_loses_nothing(steps: list[Step]) -> None:
    draft = Draft()
    for step in steps:
        draft = apply(draft, step)
        columns = draft.to_columns()
        draft = Draft.from_columns(columns["fields"], columns["suggestions"], columns["edited"])
    again = Draft()
    for step in steps:
        again = apply(again, step)
    assert again == draft
