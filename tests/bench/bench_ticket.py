"""How long after the client's words the ticket has them: the real desk, the demo call in real time."""

from __future__ import annotations

from tests.bench.bench_desk import Row, demo_desk, facts, row, watched_desk

NAMES = {
    "amount": "amount spoken to amount in the draft ticket, from the end of the phrase",
    "whole": '"mine" spoken to the whole deal in the ticket, from the end of the phrase',
}


def run() -> list[Row]:
    heard: dict[str, list[float]] = {name: [] for name in NAMES}
    with demo_desk() as folder, watched_desk(folder, "tickets", "--set", "turret=false") as desk:
        for fact in facts(desk):
            if fact["fact"] == "ticket":
                heard[fact["what"]].append(fact["s"])
    return [row(NAMES[name], values, "s", "0.5" if name == "whole" else "") for name, values in heard.items() if values]
