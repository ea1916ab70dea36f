"""What is measured beside us runs in Node from its npm packages, so that its figures come from the same machine and
minute: FINOS's own broker, and PouchDB with its server.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

CACHE = Path(__file__).resolve().parents[2] / ".cache"
HERE = Path(__file__).parent
Row = dict[str, Any]

_BROKER = ("@finos/fdc3-web-impl@2.2.1-beta.2", "esbuild@0.25.12")
_POUCHDB = ("pouchdb@9.0.0", "express-pouchdb@4.2.0", "express@4.21.2")


class Replication(msgspec.Struct):
    """``push`` and ``pull``: seconds, and seconds of processor time of both sides."""

    push: tuple[float, float]
    pull: tuple[float, float]


def measure(count: int, *listeners: int) -> dict[int, dict[str, list[float]]]:
    """By number of listeners: ``rates`` per second, ``serial`` and ``intents`` in microseconds.

    Empty where the reference cannot run: without Node, or without its package and a registry to take it from.
    """
    try:
        cache = CACHE / "reference"
        node = _installed(cache, _BROKER)
        bundle = [node, cache / "node_modules/esbuild/bin/esbuild", "--bundle", "--platform=node", "--format=esm"]
        source = (HERE / "reference.js").read_bytes()
        script = subprocess.run(bundle, input=source, cwd=cache, check=True, capture_output=True).stdout
        made = cache / "reference.mjs"
        made.write_bytes(script)
        arguments = [str(number) for number in (count, *listeners)]
        output = subprocess.run([node, made, *arguments], check=True, capture_output=True, timeout=120).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the reference cannot run here: {error}", file=sys.stderr)
        return {}
    return {int(number): found for number, found in json.loads(output.splitlines()[-1]).items()}


def replicate(folder: Path, count: int, *batches: int) -> dict[int, Replication]:
    """PouchDB to express-pouchdb and back, by size of a batch; ``folder`` is for its databases. Empty likewise."""
    try:
        cache = CACHE / "pouchdb"
        node = _installed(cache, _POUCHDB)
        script = cache / "pouchdb.mjs"
        shutil.copyfile(HERE / "pouchdb.js", script)
        arguments = [folder, *(str(number) for number in (count, *batches))]
        command = [node, script, *arguments]
        output = subprocess.run(command, cwd=cache, check=True, stdout=subprocess.PIPE, timeout=600).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(f"PouchDB cannot run here: {error}", file=sys.stderr)
        return {}
    return msgspec.json.decode(output.splitlines()[-1], type=dict[int, Replication])


def _installed(folder: Path, packages: Sequence[str]) -> str:
    """Node, with the packages in ``folder``. Raises OSError, SubprocessError."""
    beside = Path(sys.executable).parent
    npm, node = (shutil.which(name, path=str(beside)) or shutil.which(name) for name in ("npm", "node"))
    if npm is None or node is None:
        raise FileNotFoundError("there is no Node")
    if not all((folder / "node_modules" / package.rpartition("@")[0]).exists() for package in packages):
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([npm, "install", "--prefix", folder, *options, *packages], check=True, capture_output=True)
    return node


def compare(row: Row, values: list[float]) -> Row:
    """The row with the reference's median, and how many times as fast we are, in its goal column."""
    if values:
        theirs = statistics.median(values)
        times = row["median"] / theirs if row["unit"].startswith("per second") else theirs / row["median"]
        goal = f"{row['goal']}; " if row.get("goal") else ""
        row["goal"] = f"{goal}reference {theirs:,.0f}, we are x{times:.2f}"
    return row
