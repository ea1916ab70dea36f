"""A built checkout of the suite: where its pages and records are, and what its test page has to say."""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PORT = 3001
"""The suite's records name it."""
TEST_APP = "Conformance1"
_DIRECTORIES = (
    "toolbox/fdc3-conformance/dist/directories/localhost-conformance.json",
    "toolbox/fdc3-for-web/demo/static/da/local-conformance.v2.json",
)


class NotBuilt(Exception):
    """What to do so that there is a suite."""


@dataclass(frozen=True, slots=True)
class Suite:
    """``version`` is that of the standard's packages, ``pages`` what is served, ``directory`` the file of records."""

    version: str
    pages: Path
    directory: Path


def suite_in(checkout: Path) -> Suite:
    """Raises ``NotBuilt``."""
    pages = checkout / "toolbox" / "fdc3-conformance" / "dist"
    directory = next((file for name in _DIRECTORIES if (file := checkout / name).exists()), None)
    if not (pages / "lib" / "fdc3-compliance.js").exists() or directory is None:
        raise NotBuilt(
            f"There is no built conformance suite in {checkout}. Check out FINOS's FDC3 repository there (tag v2.2.3, "
            "or main for 3.0), then in it: npm ci, and npm run build for the packages and toolbox/fdc3-conformance."
        )
    version = json.loads((checkout / "package.json").read_text())["version"]
    return Suite(version, pages, directory)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve(suite: Suite) -> ThreadingHTTPServer:
    """Serves the suite's pages until ``shutdown``. Raises ``OSError`` where the port is in use."""
    server = ThreadingHTTPServer(("127.0.0.1", PORT), functools.partial(_Quiet, directory=str(suite.pages)))
    threading.Thread(target=server.serve_forever, name="suite", daemon=True).start()
    return server


# In the test page ----------------------------------------------------------------------------------------------------

READY = "Boolean(document.querySelector('#testSuite option') && window.mocha)"


def start(pack: str, only: Sequence[str] = ()) -> str:
    """Listens to the runner, chooses the pack of tests and presses the button, as its user would.

    ``only``: of the pack, the tests with these titles.
    """
    script = """(() => {
        const run = mocha.run.bind(mocha), chosen = new RegExp(%only);
        window.deskline = { tests: [], ended: false, total: 0, left: [] };
        mocha.run = (...given) => {
            mocha.grep(chosen);
            const runner = run(...given), told = window.deskline;
            const tell = (test, error) => told.tests.push(
                { title: test.fullTitle(), ms: test.duration ?? 0, error: error ? `${error.message ?? error}` : "" });
            told.total = runner.total;
            runner.on("pass", (test) => tell(test));
            runner.on("fail", (test, error) => tell(test, error));
            runner.on("end", () => {
                runner.suite.eachTest((test) => {
                    if (!test.state && chosen.test(test.fullTitle())) told.left.push(test.fullTitle());
                });
                told.ended = true;
            });
            return runner;
        };
        const [list, button] = %pack.startsWith("manual:")
            ? ["manualTests", "manualTestsRunButton"] : ["testSuite", "runButton"];
        const wanted = %pack.replace(/^manual:/, "");
        const menu = document.getElementById(list);
        const place = [...menu.options].findIndex((option) => option.innerHTML === wanted);
        if (place < 0) return "there is no " + wanted;
        menu.selectedIndex = place;
        document.getElementById(button).click();
        return "";
    })()"""
    titles = "|".join(f"^{re.escape(title)}$" for title in only)
    return script.replace("%pack", json.dumps(pack)).replace("%only", json.dumps(titles))


PROGRESS = "JSON.stringify(window.deskline ?? null)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One test of the suite; ``error`` is empty where it passed."""

    title: str
    seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as far as it is known. ``left``: the tests that mocha left out, as it does after a hook that failed."""

    ended: bool
    total: int
    tests: list[Outcome]
    left: list[str]


def progress(told: str | None) -> Progress:
    """Reads the value of ``PROGRESS``."""
    known = json.loads(told or "null")
    if known is None:
        return Progress(False, 0, [], [])
    tests = [Outcome(test["title"], test["ms"] / 1000, re.sub(r"\s+", " ", test["error"])) for test in known["tests"]]
    return Progress(known["ended"], known["total"], tests, known["left"])
