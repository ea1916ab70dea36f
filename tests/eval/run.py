"""`make eval`: reports for the labelled dialogues, from text and from sound, scored and printed as a table.

    python -m tests.eval.run [--sound] [--recordings FOLDER] [--dialogues FOLDER] [--reports FOLDER] [--model NAME]

Recordings are two-channel files named after the dialogues, from --recordings or DESKLINE_RECORDINGS.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import yaml

from nlp import report
from nlp.dialogue_file import parse
from nlp.language import analyse
from nlp.language.model import Dialogue
from tests.eval.score import RIGHT, Score, score
from tests.nlp_language.labelled_talks import scored, talks

DIALOGUES = Path(__file__).parent.parent / "dialogues"


def labelled(folder: Path = DIALOGUES) -> list[dict[str, Any]]:
    """The dialogues with their truth."""
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]


def from_text(case: dict[str, Any]) -> dict[str, Any]:
    """The report of a dialogue's text; the truth is not shown to it."""
    dialogue = parse({key: value for key, value in case.items() if key != "truth"})
    return report.to_json(report.build(dialogue, analyse(dialogue)))


def from_sound(case: dict[str, Any], recording: Path, model: str = "tiny.en") -> dict[str, Any]:
    """The report of a recording, with the dialogue's header."""
    from nlp.speech.files import transcribe_file
    from nlp.speech.models import ModelChoice

    header = parse({key: value for key, value in case.items() if key not in ("truth", "turns")}).header
    dialogue = Dialogue(header, tuple(transcribe_file(recording, ModelChoice(model))))
    analysis = analyse(dialogue)
    return report.to_json(
        report.build(msgspec.structs.replace(dialogue, turns=analysis.turns), analysis, from_sound=True)
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; the exit code is 0 also for poor scores (the tests judge)."""
    options = _options(arguments)
    cases = labelled(options.dialogues)
    if not cases:
        print(f"There are no dialogues in {options.dialogues}.")
        return 1
    began = time.monotonic()
    results = [(case, from_text(case)) for case in cases]
    _table("from text", results, time.monotonic() - began)
    _keep(options.reports, "text", results)
    if options.dialogues == DIALOGUES:
        _short_talks()
    if not (options.sound or options.recordings):
        return 0
    folder = Path(options.recordings or os.environ.get("DESKLINE_RECORDINGS", ""))
    sounding = [(case, folder / f"{case['id']}.wav") for case in cases if (folder / f"{case['id']}.wav").is_file()]
    if not sounding:
        print("There is nothing to hear: name the folder of recordings with --recordings or DESKLINE_RECORDINGS.")
        return 1
    began, heard = time.monotonic(), []
    for n, (case, path) in enumerate(sounding, 1):
        print(f"\rlistening {n}/{len(sounding)} {case['id']:45}", end="", file=sys.stderr, flush=True)
        heard.append((case, from_sound(case, path, options.model)))
    print(file=sys.stderr)
    _table("from sound", heard, time.monotonic() - began)
    _keep(options.reports, "sound", heard)
    return 0


def _short_talks() -> None:
    """The short labelled talks: worked on, kept aside, and the gap between the two."""
    totals = {}
    for kind in ("tuned", "aside"):
        total, found = Score(), talks(kind)
        for talk in found:
            total.add(scored(talk))
        totals[kind] = (total, len(found))
    heads = ("deals", "quotes", "orders", "follow-ups", "consents")
    print(f"\nshort talks, precision / recall\n{'':26}" + "".join(f"{head:>16}" for head in heads))
    for kind, title in (("tuned", "worked on"), ("aside", "kept aside")):
        total, count = totals[kind]
        shares = [(total.counts[name].precision, total.counts[name].recall) for name in RIGHT]
        print(f"{f'{title} ({count} talks)':26}" + "".join(f"{f'{_share(p)} / {_share(r)}':>16}" for p, r in shares))
    gaps = [
        tuple(
            (getattr(totals["tuned"][0].counts[name], part) or 0)
            - (getattr(totals["aside"][0].counts[name], part) or 0)
            for part in ("precision", "recall")
        )
        for name in RIGHT
    ]
    print(f"{'gap':26}" + "".join(f"{f'{p:+.3f} / {r:+.3f}':>16}" for p, r in gaps))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score call reports on the labelled dialogues.")
    parser.add_argument("--sound", action="store_true", help="also make reports from recordings")
    parser.add_argument(
        "--recordings", type=Path, default=None, help="folder of two-channel recordings (implies --sound)"
    )
    parser.add_argument("--model", default="tiny.en", help="speech model: tiny.en, base or a folder")
    parser.add_argument("--dialogues", type=Path, default=DIALOGUES, help="folder of labelled dialogues")
    parser.add_argument("--reports", type=Path, default=None, help="folder to write the reports to")
    return parser.parse_args(arguments)


def _keep(folder: Path | None, kind: str, results: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    if folder is None:
        return
    (folder / kind).mkdir(parents=True, exist_ok=True)
    for case, made in results:
        (folder / kind / f"{case['id']}.json").write_text(
            json.dumps(made, indent=1, ensure_ascii=False), encoding="utf-8"
        )


def _table(title: str, results: list[tuple[dict[str, Any], dict[str, Any]]], seconds: float) -> None:
    total = Score()
    heads = {
        "deals": "deals",
        "quotes_not_dealt": "quotes",
        "orders_left": "orders",
        "follow_ups": "follow-ups",
        "consents": "consents",
    }
    print(
        f"\n{title}: right/in truth (found)\n{'':40}"
        + "".join(f"{head:>13}" for head in heads.values())
        + f"{'mention':>10}{'loose':>7}"
    )
    for case, made in results:
        one = score(case, made)
        total.add(one)
        cells = "".join(f"{f'{c.right}/{c.truth} ({c.found})':>13}" for c in one.counts.values())
        print(f"{case['id'][:39]:40}{cells}{f'{one.mentioned}/{one.to_mention}':>10}{len(one.loose):>7}")
    for name in ("precision", "recall"):
        values = [getattr(total.counts[kind], name) for kind in RIGHT]
        print(f"{name:40}" + "".join(f"{'-' if v is None else f'{v:.3f}':>13}" for v in values))
    share = total.mentioned / total.to_mention if total.to_mention else 0.0
    print(f"must mention {share:.3f}, loose numbers {len(total.loose)}, {len(results)} dialogues in {seconds:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
