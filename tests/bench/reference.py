"""FINOS's own broker, run in Node from its npm package, so that its figures come from the same machine and minute."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "reference"
PACKAGES = ("@finos/fdc3-web-impl@2.2.1-beta.2", "esbuild@0.25.12")
SCRIPT = Path(__file__).with_name("reference.js")
Row = dict[str, Any]


def measure(count: int, *listeners: int) -> dict[int, dict[str, list[float]]]:
    """By number of listeners: ``rates`` per second, ``serial`` and ``intents`` in microseconds.

    Empty where the reference cannot run: without Node, or without its package and a registry to take it from.
    """
    beside = Path(sys.executable).parent
    npm, node = (shutil.which(name, path=str(beside)) or shutil.which(name) for name in ("npm", "node"))
    if npm is None or node is None:
        return {}
    try:
        if not (CACHE / "node_modules/esbuild/bin/esbuild").exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            options = ["--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run([npm, "install", "--prefix", CACHE, *options, *PACKAGES], check=True, capture_output=True)
        bundle = [node, CACHE / "node_modules/esbuild/bin/esbuild", "--bundle", "--platform=node", "--format=esm"]
        script = subprocess.run(bundle, input=SCRIPT.read_bytes(), cwd=CACHE, check=True, capture_output=True).stdout
        made = CACHE / "reference.mjs"
        made.write_bytes(script)
        arguments = [str(number) for number in (count, *listeners)]
        output = subprocess.run([node, made, *arguments], check=True, capture_output=True, timeout=120).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the reference cannot run here: {error}", file=sys.stderr)
        return {}
    return {int(number): found for number, found in json.loads(output.splitlines()[-1]).items()}


def compare(row: Row, values: list[float]) -> Row:
    """The row with the reference's median, and how many times as fast we are, in its goal column."""
    if values:
        theirs = statistics.median(values)
        times = row["median"] / theirs if row["unit"].startswith("per second") else theirs / row["median"]
        goal = f"{row['goal']}; " if row.get("goal") else ""
        row["goal"] = f"{goal}reference {theirs:,.0f}, we are x{times:.2f}"
    return row
