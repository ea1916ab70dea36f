"""Renders the whole window with believable rows, offscreen, to look at: ``python tests/shell/gallery.py [folder]``."""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from gallery_panels import analytics, calls, crm, followups, pricing, report, ticket, transcript
from PySide6.QtCore import QSize
from PySide6.QtWidgets import (
    QApplication,
)

from app.services import CurrentUser, Notice, Standing
from app.shell import theme
from app.shell.io_loop import IoLoop
from app.shell.resolver import Chooser, Option
from app.shell.ui import Ui
from app.shell.window import MainWindow

NOW = dt.datetime(2026, 11, 20, 10, 42, 33, tzinfo=dt.UTC)


def build(ui: Ui) -> MainWindow:
    window = MainWindow(ui, CurrentUser("u1", "Maren Kilbride", "MK", "EU Credit Sales"))
    window.add_panel("deskline-interactions", "Calls & chats", "phone", calls(), "calls")
    window.add_panel("deskline-crm", "CRM 360", "users", crm(), "crm")
    window.add_panel("deskline-followups", "Follow-ups", "task", followups(), "followups")
    window.add_panel("deskline-workflow", "Workflow results", "workflow", None, "followups", order=1)
    window.add_panel("deskline-analytics", "Analytics", "chart", analytics(), "analytics")
    window.add_panel("deskline-transcript", "Transcript", "transcript", transcript(), "transcript")
    window.add_panel("deskline-chat", "Chat", "message", None, "transcript", order=1)
    window.add_panel("deskline-pricing", "Pricing", "quote", pricing(), "pricing")
    window.add_panel("deskline-deals", "Deal ticket", "deal", ticket(), "ticket")
    window.set_recording(NOW - dt.timedelta(minutes=4, seconds=12))
    window.set_turret("Turret L1")
    window.set_standing(Standing("online", to_sync=3))
    window.set_status("agent", "FDC3 2.2 agent · 8 apps")
    window.set_status("latency", "Intent→panels 38 ms")
    window.set_status("transcription", "Transcription: tiny.en int8, local")
    window.set_status("journal", "Journal 3 queued · last sync 10:41:07")
    window.set_status("central", "Central: ldn-wf-2 · 12 ms")
    return window


def main(folder: Path) -> None:
    application = QApplication([])
    theme.apply(application)
    loop = IoLoop()
    loop.start()
    for width, height in ((1920, 1080), (1366, 768)):
        ui = Ui(loop, clock=lambda: NOW)
        window = build(ui)
        window.resize(width, height)
        window.start_layout()
        window.resize(width, height)
        window.show()

        def shot(name: str, window: MainWindow = window, width: int = width) -> None:
            for _ in range(4):
                application.processEvents()
            window.grab().save(str(folder / f"shell_{width}_{name}.png"))

        shot("desk")
        popup = report()
        ui.show_popup(popup)
        shot("report")
        ui.notify(Notice("Report for Calder Bank Treasury is saved.", "success"))
        ui.notify(
            Notice("The turret stopped answering. Deskline is reconnecting; the call is recorded.", "error", "L1")
        )
        shot("toasts")
        window.toggle_notices()
        shot("notices")
        window.toggle_notices()
        window.toasts.close_all()
        window.open_palette()
        shot("palette")
        window.palette_popup.entry.setText("work")
        shot("palette_typed")
        window.palette_popup.dismiss()
        ui.close_popup(popup)
        window.panel_stopped("deskline-analytics", "It ended while reading prices.")
        options = [
            Option("CRM 360", "Customer, holdings, interactions", "users"),
            Option("Holdings web", "Web app", "chart"),
        ]
        ui.show_popup(Chooser("Which app shows this customer?", options))
        shot("resolver")
        window.resize(QSize(width, height))
        window.close()
        window.deleteLater()
        application.processEvents()
    loop.stop()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.gettempdir())
    target.mkdir(parents=True, exist_ok=True)
    main(target)
