"""A desk that was closed shows, when it is opened again, the customer and the instrument it was showing."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from app.records.tables import ContactPhone, Instrument
from tests.end_to_end.desk import CALLER, Desk


def opened(desk: Desk) -> Desk:
    ready: list[bool] = []
    desk.program.ready.connect(lambda: ready.append(True))
    desk.program.start()
    desk.until(lambda: ready, "the desk")
    return desk


def shown(desk: Desk) -> tuple[object, ...]:
    """The contact in CRM, and of CRM, analytics, pricing and deals the customer; then the instruments."""
    crm, analytics = desk.app("deskline-crm").state.value, desk.app("deskline-analytics").state.value
    pricing, ticket = desk.app("deskline-pricing").state.value, desk.app("deskline-deals").state.value.ticket
    return (
        crm.person and crm.person.contact.id,
        crm.customer and crm.customer.id,
        analytics.business and analytics.business.organization_id,
        pricing.organization_id,
        ticket.client and ticket.client.organization_id,
        ticket.client and ticket.client.contact_id,
        analytics.focus and analytics.focus.instrument_id,
        pricing.focus,
        ticket.security and ticket.security.id,
    )


def test_the_panels_show_again_what_they_were_showing(open_desk: Callable[..., Desk]) -> None:
    first = opened(open_desk(start=False, chat=False))
    assert not any(shown(first)), "a new desk has turned to nobody"
    contact = first.read(lambda session: session.scalars(select(ContactPhone.contact_id).filter_by(e164=CALLER)).one())
    pair = first.read(lambda session: session.scalars(select(Instrument.id).filter_by(symbol="USDJPY")).one())
    first.play(first.app("deskline-crm").view_contact(contact))
    first.until(lambda: first.app("deskline-pricing").state.value.organization_id, "pricing to turn")
    first.play(first.app("deskline-pricing").choose(pair))
    first.until(lambda: all(shown(first)) and shown(first)[-3:] == (pair, pair, pair), "every panel to turn")
    before = shown(first)
    assert before[0] == before[5] == contact
    first.program.window.close()
    first.until(lambda: first.ended, "the desk to close")

    second = opened(open_desk(start=False, chat=False))
    second.until(lambda: shown(second) == before, f"every panel to show {before} again")
