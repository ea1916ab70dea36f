"""Runs the benches, each in a process of its own, and prints one table with the machine's description."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{system}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("only", nargs="*", help=f"some of: {', '.join(names())}")
    options.add_argument("--rows", metavar="NAME", help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.rows:
        print(json.dumps(importlib.import_module(f"tests.bench.bench_{args.rows}").run()))
        return 0
    print(machine())
    print(f"\n| measure | median | p95 | unit | goal |\n|{'---|' * 5}")
    failed = []
    for name in args.only or names():
        started = time.monotonic()
        print(f"running {name} ...", file=sys.stderr)
        result = subprocess.run(
            [sys.executable, "-m", "tests.bench", "--rows", name], capture_output=True, text=True, check=False
        )
        if result.returncode:
            failed.append(name)
            print(result.stderr[-2000:], file=sys.stderr)
            continue
        rows: list[dict[str, Any]] = json.loads(result.stdout.strip().splitlines()[-1])
        for row in rows:
            cells = [row["name"], figure(row.get("median")), figure(row.get("p95")), row["unit"], row.get("goal", "")]
            print("| " + " | ".join(cells) + " |", flush=True)
        print(f"  {name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
