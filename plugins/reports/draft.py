"""The draft of a call report: what the trader wrote, what is suggested, and how the two never collide.

Pure values. One rule above all: a field that the trader touched (edited, accepted or rejected) is never changed by a
later pass. A suggestion for such a field is kept beside it as an offer and changes nothing until it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import msgspec

from plugins.reports.evidence import Json, Said

Kind = Literal["reference", "text", "choice", "time", "duration", "share", "items", "flags"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the report. ``observed`` fields are measured, not understood: they need no acceptance."""

    name: str
    title: str
    kind: Kind
    empty: Json = ""
    observed: bool = False


FIELDS: tuple[Field, ...] = (
    Field("customer", "Client", "reference", empty=None, observed=True),
    Field("contact", "Contact", "reference", empty=None, observed=True),
    Field("line", "Line", "text", observed=True),
    Field("number", "Number", "text", observed=True),
    Field("direction", "Direction", "choice", observed=True),
    Field("started_at", "Start", "time", empty=None, observed=True),
    Field("duration", "Duration", "duration", empty=None, observed=True),
    Field("talk_share", "Talk share", "share", empty=None, observed=True),
    Field("disposition", "Disposition", "choice"),
    Field("sentiment", "Sentiment", "choice"),
    Field("products", "Products discussed", "items", empty=()),
    Field("products_unsure", "Perhaps discussed", "items", empty=(), observed=True),
    Field("summary", "Summary", "text"),
    Field("deals_heard", "Deals heard", "items", empty=(), observed=True),
    Field("deals_unclear", "Deals to ask about", "items", empty=(), observed=True),
    Field("deals_answered", "Answers", "flags", empty=()),
    Field("deals_dismissed", "Not deals", "flags", empty=()),
    Field("quotes", "Quotes not dealt", "items", empty=()),
    Field("orders", "Orders left", "items", empty=()),
    Field("follow_ups", "Follow-ups", "items", empty=()),
    Field("matters", "Complaints and KYC", "items", empty=()),
    Field("consents", "Consents heard", "items", empty=()),
    Field("notes", "Notes", "text"),
)
BY_NAME: Mapping[str, Field] = MappingProxyType({each.name: each for each in FIELDS})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed value with the words it rests on."""

    value: Json
    said: tuple[Said, ...] = ()

    def to_json(self) -> dict[str, Json]:
        return {"value": self.value, "said": msgspec.to_builtins(self.said)}

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Suggestion:
        return cls(data.get("value"), msgspec.convert(data.get("said") or (), tuple[Said, ...]))


@dataclass(frozen=True)
class Draft:
    """``values`` hold what was written or measured, ``suggestions`` what is proposed, ``edited`` what was touched."""

    values: Mapping[str, Json] = field(default_factory=dict)
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    edited: frozenset[str] = frozenset()

    def shown(self, name: str) -> Json:
        """What the field shows: the trader's word, else the suggestion, else what was measured."""
        if name not in self.edited and name in self.suggestions:
            return self.suggestions[name].value
        return self.values.get(name, BY_NAME[name].empty)

    def said(self, name: str) -> tuple[Said, ...]:
        """The words that what the field shows rests on; none for the trader's own."""
        suggestion = self.suggestions.get(name)
        return suggestion.said if suggestion and suggestion.value == self.shown(name) else ()

    @property
    def pending(self) -> tuple[str, ...]:
        """Fields whose suggestion awaits Tab or Esc, in the order of the form."""
        return tuple(each.name for each in FIELDS if self.is_pending(each.name))

    def is_pending(self, name: str) -> bool:
        return name in self.suggestions and name not in self.edited

    def offer(self, name: str) -> Suggestion | None:
        """A later suggestion for a field that the trader already touched, if it says something else."""
        suggestion = self.suggestions.get(name) if name in self.edited else None
        return suggestion if suggestion and suggestion.value != self.shown(name) else None

    def to_columns(self) -> dict[str, Json]:
        """The columns ``fields``, ``suggestions`` and ``edited`` of a stored report."""
        return {
            "fields": dict(self.values),
            "suggestions": {name: each.to_json() for name, each in self.suggestions.items()},
            "edited": sorted(self.edited),
        }

    @classmethod
    def from_columns(cls, fields: Mapping[str, Json], suggestions: Mapping[str, Json], edited: list[str]) -> Draft:
        return cls(
            dict(fields),
            {name: Suggestion.from_json(each) for name, each in suggestions.items()},
            frozenset(edited),
        )


def edit(draft: Draft, name: str, value: Json) -> Draft:
    """The trader wrote ``value``. The suggestion it replaces is settled and goes."""
    return replace(
        draft,
        values={**draft.values, _known(name): value},
        suggestions=_without(draft.suggestions, name),
        edited=draft.edited | {name},
    )


def accept(draft: Draft, name: str) -> Draft:
    """The suggestion (or the offer) becomes the trader's own value; without one nothing changes.

    It stays beside the value, so that the words it rests on can still be shown.
    """
    suggestion = draft.suggestions.get(_known(name))
    return replace(edit(draft, name, suggestion.value), suggestions=draft.suggestions) if suggestion else draft


def edits_since(before: Draft, now: Draft) -> Mapping[str, Json]:
    """What the trader wrote, accepted or rejected between two states of a draft."""
    return {
        name: now.values[name]
        for name in now.edited
        if name not in before.edited or now.values.get(name) != before.values.get(name)
    }


def reject(draft: Draft, name: str) -> Draft:
    """A pending suggestion leaves the field empty for good; an offer leaves the trader's value as it is."""
    if name not in draft.suggestions:
        return draft
    if name in draft.edited:
        return replace(draft, suggestions=_without(draft.suggestions, name))
    return edit(draft, name, BY_NAME[name].empty)


def accept_all(draft: Draft, *, except_for: frozenset[str] = frozenset()) -> Draft:
    """What a save does: what the trader sees is what is saved."""
    for name in draft.pending:
        if name not in except_for:
            draft = accept(draft, name)
    return draft


def refine(draft: Draft, suggested: Mapping[str, Suggestion]) -> Draft:
    """A better pass: replaces every untouched suggestion, also by nothing where the new pass found nothing.

    For touched fields the new suggestion changes nothing: it is an ``offer`` where it differs from the trader's value.
    """
    kept: dict[str, Suggestion] = {}
    for each in FIELDS:
        proposal = suggested.get(each.name)
        if proposal is None and each.name in draft.edited and draft.said(each.name):
            proposal = draft.suggestions[each.name]
        if proposal is not None:
            kept[each.name] = proposal
    return replace(draft, suggestions=kept)


def observe(draft: Draft, measured: Mapping[str, Json]) -> Draft:
    """New measurements (duration, talk share, who it was), for untouched fields only."""
    fresh = {name: value for name, value in measured.items() if _known(name) not in draft.edited}
    return replace(draft, values={**draft.values, **fresh}) if fresh else draft


def _known(name: str) -> str:
    if name not in BY_NAME:
        raise KeyError(f"a call report has no field {name!r}")
    return name


def _without(suggestions: Mapping[str, Suggestion], name: str) -> dict[str, Suggestion]:
    return {key: each for key, each in suggestions.items() if key != name}
