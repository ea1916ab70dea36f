"""Runs FINOS's conformance suite against the desk: ``python -m tests.conformance CHECKOUT``.

Every app of the suite is a docked panel of an empty desk. Prints what failed, writes all of it to ``out/``, and exits
with 0 only where every test and every hook passed. Tests that mocha leaves out, because a hook before them failed, are
run by themselves afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.conformance.hand import Hand
from tests.conformance.suite import PORT, PROGRESS, NotBuilt, Outcome, Progress, progress, serve, start, suite_in

OUT = Path(__file__).parents[2] / "out"
LONGEST = 1800.0
"""Seconds for a whole run; some tests wait for time-outs of a minute."""
LOOK = 0.5
MANUAL = [
    "manual:fdc3.ResolveAmbiguousIntentTarget",
    "manual:fdc3.ResolveAmbiguousContextTarget",
    "manual:fdc3.ResolveAmbiguousIntentTargetMultiInstance",
    "manual:fdc3.ResolveAmbiguousContextTargetMultiInstance",
    "manual:fdc3.ChannelChangedEvent",
]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("checkout", nargs="?", help="a built checkout of FINOS's FDC3 repository")
    options.add_argument("--pack", default="All", help="a pack of tests as the suite's page names it (All)")
    options.add_argument("--manual", action="store_true", help="the tests for people, with a script for their hands")
    options.add_argument("--browser", action="store_true", help="in tabs of Chromium instead of docked panels")
    args = options.parse_args()
    if not args.checkout:
        print("Skipped: say where a built checkout of FINOS's FDC3 repository is, as in make conformance FDC3=<path>.")
        return 0
    try:
        suite = suite_in(Path(args.checkout))
    except NotBuilt as what_to_do:
        print(f"Skipped: {what_to_do}")
        return 0
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")  # it does not run for root
    desk: Hand
    try:
        server = serve(suite)
    except OSError as error:
        print(f"The suite's pages have to be served on port {PORT}, and that cannot be had: {error.strerror}.")
        return 1
    tests: list[Outcome] = []
    total, began = 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deskline-conformance-", ignore_cleanup_errors=True) as folder:
        if args.browser:
            from tests.conformance.browser import BrowserDesk

            desk = BrowserDesk(suite, Path(folder))
        else:
            from tests.conformance.docked import DockedDesk

            desk = DockedDesk(suite, Path(folder))
        try:
            desk.open()
            for number, pack in enumerate(MANUAL if args.manual else [args.pack]):
                if number:
                    desk.reload()
                run = _run(desk, pack, [], began, act=args.manual)
                tests, total = tests + run.tests, total + run.total
                if run.left:
                    print(f"Left out after a hook that failed, now by themselves: {len(run.left)}", flush=True)
                    desk.reload()
                    tests += _run(desk, pack, run.left, began, act=args.manual).tests
        finally:
            desk.close()
            server.shutdown()
    where = "in Chromium" if args.browser else "docked"
    what = "by hand" if args.manual else args.pack
    return _tell(f"{suite.version}, {what}, {where}", tests, total, time.monotonic() - began)


def _run(desk: Hand, pack: str, only: list[str], began: float, *, act: bool) -> Progress:
    """Tells each test as it ends; ``act``: does what the tests for people ask their user to do."""
    if refusal := desk.script(start(pack, only)):
        raise SystemExit(refusal)
    told = 0
    while True:
        run = progress(desk.script(PROGRESS))
        for test in run.tests[told:]:
            verdict = f"FAIL {test.title}: {test.error}" if test.error else f"ok   {test.title}"
            print(f"[{time.monotonic() - began:5.0f} s] {verdict}", flush=True)
        told = len(run.tests)
        if run.ended or time.monotonic() - began > LONGEST:
            return run
        if act:
            desk.act()
        desk.live(LOOK)


def _tell(run: str, tests: list[Outcome], total: int, seconds: float) -> int:
    passed = sum(not test.error for test in tests)
    OUT.mkdir(exist_ok=True)
    file = OUT / f"conformance {run.replace(',', '')}.json".replace(" ", "-")
    report = {"run": run, "passed": passed, "total": total, "seconds": round(seconds, 1)}
    file.write_text(json.dumps({**report, "tests": [dataclasses.asdict(test) for test in tests]}, indent=1))
    print(f"FDC3 conformance {run}: {passed} of {total} passed in {seconds:.0f} s; see out/{file.name}")
    return 0 if passed == total == len(tests) and total else 1


if __name__ == "__main__":
    sys.exit(main())
