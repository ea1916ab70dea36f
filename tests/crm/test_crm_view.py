from __future__ import annotations

import os

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.records.tables import Contact as ContactRecord
from fdc3.types import Contact
from plugins.crm import app as crm
from plugins.crm.view import CrmPanel
from tests.deals.small_desk import SARAH, SWITCHBOARD, Stage


@pytest.fixture
def panel(stage: Stage, qtbot) -> CrmPanel:  # type: ignore[no-untyped-def]
    made = CrmPanel(stage.start(crm, "deskline-crm"), stage.ui)
    qtbot.addWidget(made)
    made.resize(512, 560)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def ring(stage: Stage, number: str) -> None:
    stage.call(stage.agent.other.raise_intent("ViewProfile", Contact(id={"phone": number})))


def titles(panel: CrmPanel) -> list[str]:
    return [panel.customer.tabs._group.button(index).accessibleName() for index in range(6)]


def shot(panel: CrmPanel, name: str) -> None:
    if folder := os.environ.get("DESKLINE_SHOTS"):
        panel.grab().save(f"{folder}/crm-{name}.png")


def test_the_panel_says_what_brings_a_customer(panel: CrmPanel) -> None:
    assert panel._stack.currentWidget() is panel._empty
    shot(panel, "empty")


def test_a_known_caller_is_shown_whole(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    ring(stage, SARAH)
    qtbot.waitUntil(lambda: panel.customer.name.text_whole() == "Northgate Asset Management")
    page = panel.customer
    assert (page.tier.text(), page.mifid.text(), page.status.isVisible()) == ("Tier 1", "MiFID: Prof", False)
    assert page.contact.text_whole() == (
        "Sarah Whitfield · Senior PM, EUR Credit · +44 20 7946 0143 · sarah.whitfield@northgate.example"
    )
    assert page.consents.text_whole() == "Consents: e-mail, no WhatsApp"
    assert "looked after by Mara Keller" in page.relation.text_whole()
    assert page.credit.text() == "Credit 40% of EUR 50mm"
    assert page.last._value.text() == "54 min"
    assert titles(panel) == ["Holdings", "Interactions 3", "Deals 24", "Enquiries 24", "Contacts 2", "Tasks 2"]
    panel.resize(700, 560)
    assert titles(panel)[:3] == ["Holdings & axes", "Interactions 3", "Deals 24"]
    panel.resize(512, 560)
    for index, name in enumerate(("holdings", "interactions", "deals", "enquiries", "contacts", "follow_ups")):
        page.tabs.set_current(index)
        shot(panel, name)


def test_a_holding_activated_turns_the_desk_to_its_instrument(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    ring(stage, SARAH)
    table = panel.customer.tables["holdings"]
    qtbot.waitUntil(lambda: len(table.rows) == 3)
    table.setFocus()
    table.selectRow(0)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(stage.agent.heard_of("fdc3.instrument")))
    assert stage.agent.heard_of("fdc3.instrument")[0].id == {"deskline": "vod33", "ISIN": "XS2104567890"}


def test_several_matches_are_chosen_by_their_digit(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    ring(stage, SWITCHBOARD)
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is panel.identity)
    assert panel.identity.state.text() == "Several matches"
    shot(panel, "several")
    qtbot.keyClick(panel.identity.matches, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: panel.customer.name.text_whole() == "Helvia Pension Fund")
    assert panel._stack.currentWidget() is panel.customer


def test_an_unknown_caller_becomes_a_contact_with_the_keyboard(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    ring(stage, "+442079460144")
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is panel.identity)
    page = panel.identity
    assert (page.state.text(), page.phone.text()) == ("Unknown caller", "+44 20 7946 0144")
    assert "Nobody is known by +44 20 7946 0144" in page.hint.text()
    shot(panel, "unknown")
    page.name.setFocus()
    qtbot.keyClick(page.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.problem.text_whole() == "Type the caller's name.")
    qtbot.keyClicks(page.name, "Ada Ferris")
    page.organization.setText("Helvia Pension Fund")
    qtbot.keyClick(page.name, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: (
            panel.customer.name.text_whole() == "Helvia Pension Fund" and panel._stack.currentWidget() is panel.customer
        )
    )
    assert panel.customer.contact.text_whole().startswith("Ada Ferris")
    assert len(stage.desk.all(ContactRecord)) == 5


def test_a_call_never_pulls_the_keyboard_out_of_another_panel(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    page = panel.identity
    ring(stage, SWITCHBOARD)
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is page)
    assert page.matches.hasFocus() or panel.window().focusWidget() in (None, page.matches, panel)


def test_the_palette_lists_customers(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    lines = stage.call(stage.ui.search_providers["Customers"]("northgate"))  # type: ignore[arg-type]
    line = next(line for line in lines if line.title == "Northgate Asset Management")
    line.run()
    qtbot.waitUntil(lambda: panel.customer.name.text_whole() == "Northgate Asset Management")


def test_switching_customers_repaints_in_place(panel: CrmPanel, stage: Stage, qtbot) -> None:  # type: ignore[no-untyped-def]
    """Every widget is made once: after the first customers no widget is created or deleted."""
    for number in (SARAH, "+441632960055", SARAH):
        ring(stage, number)
        qtbot.waitUntil(lambda: panel._app.state.value.phase == "known")
    widgets = set(panel.findChildren(QWidget))

    for number in ("+441632960055", SARAH) * 3:
        ring(stage, number)
        wanted = "Tom Alder" if number != SARAH else "Northgate Asset Management"
        qtbot.waitUntil(lambda wanted=wanted: panel.customer.name.text_whole() == wanted)

    assert set(panel.findChildren(QWidget)) == widgets
