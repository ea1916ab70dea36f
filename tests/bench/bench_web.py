"""Docked web apps: the real desk in QtWebEngine, offscreen, with apps that use the standard's own client.

The sender is one app, its listeners are windows of another: other profiles, other processes. Times are taken by the
sender's clock alone, so that no two clocks are compared; from panel to panel is half of there and back.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
from PySide6.QtCore import QEventLoop, QTimer

from app.desk.program import Program, make_application
from app.settings import load
from app.shell.io_loop import IoLoop
from tests.fdc3.web_site import Site

if TYPE_CHECKING:
    from PySide6.QtWebEngineCore import QWebEnginePage

Row = dict[str, Any]
LISTENERS = 10
APPS = 4
ROUNDS, BURST, IN_FLIGHT = 300, 1024, 64
PATIENCE = 30.0

HELPERS = """
    const agent = await window.agent;
    const pings = await agent.getOrCreateChannel("pings"), pongs = await agent.getOrCreateChannel("pongs");
    const listen = (channel, type, hear) => channel.addContextListener(type, hear);
    const VOD = { type: "fdc3.instrument", id: { ticker: "VOD", ISIN: "GB00BH4HKS39" }, name: "Vodafone" };
"""
LISTEN = "await listen(pings, 'last', () => pongs.broadcast({ type: 'heard' }));"
ANSWER = "await listen(pings, 'fdc3.instrument', context => pongs.broadcast(context));"
IGNORE = "await listen(pings, 'fdc3.instrument', () => {});"
HANDLE = "await agent.addIntentListener('MeasureInstrument', async context => context);"
THERE_AND_BACK = f"""
    let back, times = [];
    const listener = await listen(pongs, "fdc3.instrument", () => back());
    for (let round = 0; round < {ROUNDS}; round++) {{
        const began = performance.now(), done = new Promise(resolve => back = resolve);
        const sent = pings.broadcast(VOD);
        await done;
        times.push((performance.now() - began) / 2);
        await sent;
    }}
    await listener.unsubscribe();
    return times;
"""
BROADCASTS = f"""
    let heard = 0, all;
    const done = new Promise(resolve => all = resolve);
    const listener = await listen(pongs, "heard", () => ++heard === {LISTENERS} && all());
    const began = performance.now();
    for (let sent = 0; sent < {BURST}; sent += {IN_FLIGHT})
        await Promise.all(Array.from({{ length: {IN_FLIGHT} }}, () => pings.broadcast(VOD)));
    await pings.broadcast({{ type: "last" }});
    await done;
    const rate = {BURST} / (performance.now() - began) * 1000;
    await listener.unsubscribe();
    return rate;
"""
INTENTS = f"""
    let times = [];
    for (let round = 0; round < {ROUNDS}; round++) {{
        const began = performance.now();
        await (await agent.raiseIntent("MeasureInstrument", VOD)).getResult();
        times.push(performance.now() - began);
    }}
    return times;
"""


class Desk:
    """An empty desk whose directory has the web apps of a site."""

    def __init__(self, folder: Path, site: Site, app_ids: Iterable[str]) -> None:
        apps = folder / "apps"
        apps.mkdir()
        for app_id in app_ids:
            (apps / f"{app_id}.json").write_bytes(msgspec.json.encode(site.record(app_id, f"/{app_id}")))
        choices = {
            "data_folder": str(folder),
            "desk": "bench",
            "demo_data": False,
            "turret": False,
            "chat": False,
            "price_updates": 1,
            "app_folders": [str(apps)],
        }
        settings = load(folder / "none.toml", {}, choices)
        self.application = make_application(settings)
        self.program = Program(settings, key=bytes(range(32)), quit_application=False)
        self._numbers = itertools.count(1)

    def begin(self) -> None:
        opened: list[bool] = []
        self.program.ready.connect(lambda: opened.append(True))
        self.program.start()
        self.until(lambda: opened, "the desk to open")

    def open(self, app_id: str, number: int = 1) -> tuple[QWebEnginePage, float, float]:
        """Opens an app's next window: the page, milliseconds until the app had joined, those of them for joining."""
        began = time.perf_counter()
        self.program.web.open(app_id)

        def page() -> QWebEnginePage | None:
            windows = self.program.web._windows
            panel = windows.panels.get(f"{app_id}#{number}") if windows is not None else None
            return panel.page if panel is not None else None

        self.until(page, f"{app_id} to open")
        found = page()
        assert found is not None
        joining = self.until(lambda: self._value(found, "window.joinedAfter ?? 0"), f"{app_id} to join")
        return found, (time.perf_counter() - began) * 1e3, joining

    def run(self, page: QWebEnginePage, code: str) -> Any:
        """What the body of an async function returns in a page."""
        answer = f"window.answer{next(self._numbers)}"
        page.runJavaScript(
            f"(async () => {{ {HELPERS} {code} }})().then(value => {answer} = JSON.stringify([value ?? null]),"
            f" thrown => {answer} = JSON.stringify(String(thrown?.message ?? thrown))); 0"
        )
        found = json.loads(self.until(lambda: self._value(page, f"{answer} ?? ''"), "the page to be done"))
        if isinstance(found, str):
            raise AssertionError(found)
        return found[0]

    def _value(self, page: QWebEnginePage, script: str) -> Any:
        answer: list[Any] = []
        page.runJavaScript(script, 0, answer.append)
        self.until(lambda: answer, "the page to answer")
        return answer[0]

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """Lives on until there is something."""
        deadline = time.monotonic() + PATIENCE
        while not (value := found()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {PATIENCE:.0f} s in vain for {what}")
            self.live(0.005)
        return value

    def live(self, seconds: float) -> None:
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def memory(self) -> float:
        """MiB of all the desk's processes, shared pages divided among those that share them."""
        self.live(1.0)
        own = psutil.Process()
        return sum(process.memory_full_info().pss for process in (own, *own.children(recursive=True))) / 2**20

    def close(self) -> None:
        closed: list[bool] = []
        self.program.closed.connect(lambda: closed.append(True))
        self.program.quit()
        self.until(lambda: closed, "the desk to close")


@contextlib.contextmanager
def open_desk(*app_ids: str) -> Iterator[Desk]:
    """A desk that runs, with web apps of these names in its directory."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")  # it does not run for root
    io = IoLoop("site")
    io.start()
    with tempfile.TemporaryDirectory(prefix="deskline-bench-") as name:
        site = io.submit(Site().__aenter__()).result()
        desk = Desk(Path(name), site, app_ids)
        desk.begin()
        try:
            yield desk
        finally:
            desk.close()


def run() -> list[Row]:
    with open_desk("sender", "listener", *(f"more-{number}" for number in range(APPS))) as desk:
        return _measure(desk)


def _measure(desk: Desk) -> list[Row]:
    before = desk.memory()
    sender, first, joined = desk.open("sender")
    with_one = desk.memory()
    others = [desk.open(f"more-{number}") for number in range(APPS)]
    with_others = desk.memory()
    listeners = [desk.open("listener", number + 1) for number in range(LISTENERS)]
    with_listeners = desk.memory()
    windows = listeners[1:]
    joins = [joined, *(joining for _, _, joining in (*others, *listeners))]
    rows = [
        row("web: to start the first docked app, browser engine included", [first], "ms"),
        row("web: to start another docked app", [started for _, started, _ in others], "ms"),
        row("web: to start one more window of an app", [started for _, started, _ in windows], "ms"),
        row("web: getAgent() of the standard's client", joins, "ms", "100"),
        row("web: memory (PSS) of the first docked app, browser engine included", [with_one - before], "MiB"),
        row("web: memory (PSS) of another docked app", [(with_others - with_one) / APPS], "MiB"),
        row(
            f"web: memory (PSS) of a window, {LISTENERS} of one app",
            [(with_listeners - with_others) / LISTENERS],
            "MiB",
        ),
    ]
    pages = [page for page, _, _ in listeners]
    desk.run(pages[0], ANSWER + HANDLE)
    there_and_back = desk.run(sender, THERE_AND_BACK)
    intents = desk.run(sender, INTENTS)
    rows.append(row("web: panel to panel", there_and_back, "ms", "3"))
    rows.append(row("web: raiseIntent to result", intents, "ms", "5"))
    pages[0].triggerAction(pages[0].WebAction.Reload)
    desk.until(lambda: not desk._value(pages[0], "window.answer1 ?? ''"), "the page to be loaded anew")
    desk.until(lambda: desk._value(pages[0], "window.joinedAfter ?? 0"), "the page to join again")
    for page in pages:
        desk.run(page, IGNORE + LISTEN)
    rates = [desk.run(sender, BROADCASTS) for _ in range(3)]
    rate = row(f"web: broadcasts to {LISTENERS} panels", rates, "per second (p95: slowest run)")
    return [*rows, {**rate, "p95": round(min(rates))}]


def row(name: str, values: list[float], unit: str, goal: str = "") -> Row:
    values = sorted(values)
    row: Row = {"name": name, "median": round(statistics.median(values), 2), "unit": unit, "goal": goal}
    return row if len(values) == 1 else {**row, "p95": round(values[int(len(values) * 0.95)], 2)}
