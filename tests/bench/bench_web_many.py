"""A hundred docked web apps on one desk: each another app, with a browser profile, a process and an agent's page.

They all connect and hear what one of them broadcasts. Left out where there is too little memory for them.
"""

from __future__ import annotations

import sys

import psutil

from tests.bench.bench_web import LISTEN, Row, open_desk, row

MANY = 100
EACH = 120
"""MiB that an app may take here before it is not begun."""
ROUNDS = 20
BROADCAST = f"""
    let heard = 0, all, times = [];
    const listener = await listen(pongs, "heard", () => ++heard === {MANY - 1} && all());
    for (let round = 0; round < {ROUNDS}; round++) {{
        const done = new Promise(resolve => all = resolve), began = performance.now();
        heard = 0;
        await pings.broadcast({{ type: "last" }});
        await done;
        times.push(performance.now() - began);
    }}
    await listener.unsubscribe();
    return times;
"""


def run() -> list[Row]:
    if psutil.virtual_memory().available < MANY * EACH * 2**20:
        print(f"{MANY} web apps need {MANY * EACH / 1024:.0f} GiB of free memory", file=sys.stderr)
        return []
    app_ids = [f"app-{number}" for number in range(MANY)]
    with open_desk(*app_ids) as desk:
        before = desk.memory()
        opened = [desk.open(app_id) for app_id in app_ids]
        memory = desk.memory() - before
        host = desk.program.core.host
        there = sum(each.connected and each.app_id in app_ids for each in host.instances())
        if there != MANY:
            raise AssertionError(f"{there} of {MANY} are connected")
        sender, *listeners = [page for page, _, _ in opened]
        for page in listeners:
            desk.run(page, LISTEN)
        times = desk.run(sender, BROADCAST)
        starts = [started for _, started, _ in opened]
        return [
            row(f"web: to start the first ten of {MANY} docked apps", starts[:10], "ms"),
            row(f"web: to start the last ten of {MANY} docked apps", starts[-10:], "ms"),
            row(f"web: memory (PSS) of an app, {MANY} docked", [memory / MANY], "MiB"),
            row(f"web: a broadcast to {MANY - 1} docked apps and an answer of each", times, "ms"),
        ]
