"""Labelled talks, short ones about one convention each, whole ones from the seventh file on.

`talks/tuned` was worked on with, `talks/aside` is only scored.

A row of a file: id, kind, turns ("c: ..." and "t: ..." lines), and what must be understood: `deals` as [side,
instrument, quantity, price], `quotes` as [side, instrument, bid, ask, outcome], `orders` as [side, instrument,
quantity, level, type], `follow_ups` as [owner, due, what], `consents` as [channel, granted], `mention` as groups of
words for the summary. All start on Wednesday 10 June 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlp import report
from nlp.language import analyse
from nlp.language.model import Dialogue, Header, Party, Trader
from tests.eval.score import Score, score
from tests.nlp_language.fresh_talks import STARTED, turns

FOLDER = Path(__file__).parent / "talks"
FIELDS = {
    "deals": ("client_side", "instrument", "quantity", "price"),
    "quotes_not_dealt": ("client_side", "instrument", "bid", "ask", "outcome"),
    "orders_left": ("client_side", "instrument", "quantity", "level", "order_type"),
    "follow_ups": ("owner", "due", "what"),
    "consents": ("channel", "granted"),
}
ROWS = {"quotes_not_dealt": "quotes", "orders_left": "orders"}


@dataclass(frozen=True)
class Labelled:
    """One talk with its truth, in the scorer's form."""

    name: str
    dialogue: Dialogue
    truth: dict[str, Any]

    @property
    def case(self) -> dict[str, Any]:
        """What `tests.eval.score` compares a report with."""
        turns = [{"text": turn.text, "at": turn.start} for turn in self.dialogue.turns]
        return {"truth": self.truth, "turns": turns, "started": str(STARTED), "client": {}, "trader": {}}


def talks(kind: str) -> list[Labelled]:
    """The talks of one folder ("tuned" or "aside")."""
    files = sorted((FOLDER / kind).glob("*.yaml"))
    return [_labelled(row) for file in files for row in yaml.safe_load(file.read_text(encoding="utf-8"))]


def scored(talk: Labelled) -> Score:
    """How the pipeline does on one talk."""
    made = report.build(talk.dialogue, analyse(talk.dialogue))
    return score(talk.case, report.to_json(made))


def _labelled(row: dict[str, Any]) -> Labelled:
    said = turns(row["turns"])
    client = Party(row.get("contact", "Ada Quill"), row.get("organization", "Ferrol Marine"))
    header = Header(row["id"], row["kind"], STARTED, client, Trader(row.get("trader", "Ben Osk")))
    truth = {
        kind: [dict(zip(names, values, strict=True)) for values in row.get(ROWS.get(kind, kind)) or []]
        for kind, names in FIELDS.items()
    }
    for follow in truth["follow_ups"]:  # matched by owner and day; the turns were not labelled
        follow |= {"due": str(follow["due"]) if follow["due"] else None, "evidence": list(range(len(said)))}
    return Labelled(row["id"], Dialogue(header, said), truth | {"must_mention": row.get("mention") or []})
