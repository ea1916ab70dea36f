"""How late the window is while calls are transcribed: the real desk, its turret and its speech process."""

from __future__ import annotations

import os
from typing import Any

from tests.bench.bench_desk import Row, demo_desk, facts, watched_desk

CALLS = ("nobody speaks", "one call is transcribed", "two calls are transcribed at once")


def run() -> list[Row]:
    rows: list[Row] = []
    with demo_desk() as folder, watched_desk(folder, "listening", "--set", "turret=false") as desk:
        for fact in facts(desk):
            if fact["fact"] == "frames":
                rows += _rows(CALLS[fact["calls"]], fact)
    return rows


def _rows(what: str, fact: dict[str, Any]) -> list[Row]:
    gaps, own = fact["gaps"], fact["own"]
    return [
        {"name": f"UI thread late while {what}", "median": gaps["median"], "p95": gaps["p95"], "unit": "ms"},
        {"name": "the same, the latest", "median": gaps["longest"], "unit": "ms", "goal": "33"},
        {"name": "the same, over 33 ms", "median": gaps["late"], "unit": "frames", "goal": "0"},
        {"name": "the program's own part of it, the longest", "median": own["longest"], "unit": "ms", "goal": "33"},
        {"name": "load of the machine meanwhile", "median": os.getloadavg()[0], "unit": ""},
    ]
