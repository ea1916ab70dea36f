"""What the trader can do with the report in front, as commands. Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.shell.commands import Command

if TYPE_CHECKING:
    from plugins.reports.view import ReportPopup
    from plugins.reports.work import Reports


def commands(popup: ReportPopup, reports: Reports) -> tuple[Command, ...]:
    def front() -> bool:
        return popup.card is not None

    def editable() -> bool:
        return popup.card is not None and not popup.card.read_only

    def recorded() -> bool:
        return popup.card is not None and popup.card.talk.kind == "call"

    def rewordable() -> bool:
        return popup.rewords and editable()

    def unfinished() -> bool:
        return bool(reports.state.value.unfinished)

    def discarded() -> bool:
        return reports.state.value.discarded is not None

    return (
        Command("reports.save", "Save report and show the next", popup.save, "Ctrl+Return", editable, popup),
        Command("reports.save-draft", "Save the draft now", popup.save_draft, "Ctrl+S", editable, popup),
        Command("reports.discard", "Discard report", popup.discard, "Ctrl+Backspace", editable, popup, "trash"),
        Command("reports.close", "Close report, keep its draft", popup.put_aside, "Ctrl+W", front, popup, "x"),
        Command("reports.edit", "Edit the saved report", popup.unlock, "Ctrl+E", front, popup, "edit"),
        Command("reports.dictate", "Dictate into the notes, or end it", popup.dictate, "F7", editable, popup, "record"),
        Command("reports.reword", "Reword the summary", popup.reword, "Alt+W", rewordable, popup, "edit"),
        Command("reports.evidence", "Show where the field was said", popup.show_evidence, "Alt+E", front, popup),
        Command("reports.play", "Play where the field was said", popup.play_evidence, "Alt+P", recorded, popup, "play"),
        Command("reports.next", "Next report", lambda: popup.step(1), "Alt+PgDown", front, popup),
        Command("reports.previous", "Previous report", lambda: popup.step(-1), "Alt+PgUp", front, popup),
        Command("reports.undo-discard", "Undo discarding the report", popup.undo_discard, None, discarded),
        Command(
            "reports.unfinished",
            "Finish the oldest unfinished report",
            popup.finish_unfinished,
            "Ctrl+Shift+U",
            unfinished,
            None,
            "edit",
        ),
    )
