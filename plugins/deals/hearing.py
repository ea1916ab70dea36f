"""Conversations as the ticket follows them: with whom, the deals heard in them and what is being asked for. Pure.

Reports come from another app: one that cannot be read gives less, never an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.deals.directory import Directory
from plugins.deals.ticket import Heard, Side

AFTER_CALL = dt.timedelta(minutes=30)
"""How long after its end a conversation is still taken as the origin of a deal."""

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Talk:
    organization_id: str | None
    kind: str
    ended: dt.datetime | None


class Talks:
    """The conversations of the session. A deal heard is settled once it is registered or was dismissed."""

    def __init__(self) -> None:
        self._talks: dict[str, _Talk] = {}
        self._heard: dict[str, tuple[Heard, ...]] = {}
        self._settled: set[Key] = set()

    def conversation(self, context: Mapping[str, Any], now: dt.datetime) -> bool:
        """Takes a ``deskline.conversation.state``; True if it says something new."""
        interaction_id = interaction_of(context)
        if interaction_id is None:
            return False
        standing = self._talks.get(interaction_id)
        ended = standing.ended if standing is not None else None
        if context.get("phase") != "live" and ended is None:
            ended = now
        talk = _Talk(_text(context, "organization_id"), _text(context, "kind") or "call", ended)
        self._talks[interaction_id] = talk
        return talk != standing

    def facts(self, context: Mapping[str, Any], directory: Directory) -> bool:
        """Takes a ``deskline.conversation.facts``; True if other deals are heard than before."""
        interaction_id = interaction_of(context)
        if interaction_id is None:
            return False
        heard = heard_deals(context, directory)
        changed = self._heard.get(interaction_id, ()) != heard
        self._heard[interaction_id] = heard
        return changed

    def propose(self, heard: Heard) -> None:
        """A deal that somebody wants registered waits for a decision again, even if it was dismissed before."""
        self._settled.discard(heard.key)
        known = self._heard.get(heard.interaction_id, ())
        if all(each.key != heard.key for each in known):
            self._heard[heard.interaction_id] = (*known, heard)

    def settle(self, *keys: Key) -> None:
        self._settled.update(keys)

    def waiting(self, interaction_id: str | None) -> tuple[Heard, ...]:
        """The deals heard that still want a decision."""
        return tuple(heard for heard in self._heard.get(interaction_id or "", ()) if heard.key not in self._settled)

    def kind(self, interaction_id: str | None) -> str | None:
        talk = self._talks.get(interaction_id or "")
        return talk.kind if talk is not None else None

    def with_customer(self, organization_id: str, now: dt.datetime) -> str | None:
        """The newest conversation with this customer that is running or has just ended."""
        near = [
            interaction_id
            for interaction_id, talk in self._talks.items()
            if talk.organization_id == organization_id and (talk.ended is None or now - talk.ended < AFTER_CALL)
        ]
        return max(near, key=lambda each: (self._talks[each].ended is None, each), default=None)


def interaction_of(context: Mapping[str, Any]) -> str | None:
    """The interaction that a message on the conversation channel is about."""
    ids = context.get("id")
    found = ids.get("deskline") if isinstance(ids, Mapping) else ids
    return found if isinstance(found, str) and found else None


def heard_deals(context: Mapping[str, Any], directory: Directory) -> tuple[Heard, ...]:
    """The deals of a ``deskline.conversation.facts`` message in the order in which they were dealt; last, what the
    client is asking for at this moment."""
    interaction_id, report = interaction_of(context), context.get("report")
    if interaction_id is None or not isinstance(report, Mapping):
        return ()
    deals, enquiry = report.get("deals"), report.get("enquiry")
    listed = deals if isinstance(deals, list) else []
    found = [_heard(interaction_id, deal, directory) for deal in listed if isinstance(deal, Mapping)]
    if isinstance(enquiry, Mapping):
        found.append(_heard(interaction_id, enquiry, directory, done=False))
    return tuple(found)


def proposed(context: Mapping[str, Any], directory: Directory) -> Heard | None:
    """The deal of a ``deskline.deal.proposal``: the terms of one that was heard, beside the interaction's id."""
    interaction_id = interaction_of(context)
    return _heard(interaction_id, context, directory) if interaction_id else None


def _heard(interaction_id: str, deal: Mapping[str, Any], directory: Directory, *, done: bool = True) -> Heard:
    security = directory.security(_text(deal, "instrument_id")) or directory.find_security(
        _text(deal, "instrument") or ""
    )
    side: Side | None = None
    if deal.get("client_side") == "buy":
        side = "buy"
    elif deal.get("client_side") == "sell":
        side = "sell"
    return Heard(
        interaction_id,
        side,
        security.id if security else None,
        security.symbol if security else _text(deal, "description") or _text(deal, "instrument") or "an instrument",
        _number(deal, "quantity"),
        _text(deal, "quantity_ccy"),
        _text(deal, "quantity_unit"),
        _number(deal, "price"),
        _text(deal, "price_type") or "price",
        _date(deal, "value_date"),
        _text(deal, "product"),
        done,
    )


def _text(deal: Mapping[str, Any], key: str) -> str | None:
    value = deal.get(key)
    return value if isinstance(value, str) and value else None


def _number(deal: Mapping[str, Any], key: str) -> Decimal | None:
    value = deal.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _date(deal: Mapping[str, Any], key: str) -> dt.date | None:
    value = deal.get(key)
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
