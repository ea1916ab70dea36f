"""The sentences of a summary."""

from __future__ import annotations

from nlp.language.model import Analysis, Dialogue


def compose(dialogue: Dialogue, analysis: Analysis) -> str:
    """The sentences, joined."""
    client = dialogue.header.client
    return f"{client.contact} of {client.organization} spoke with {dialogue.header.trader.name}."
