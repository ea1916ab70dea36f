"""``deskline report``: a recording or a dialogue file in, its call report out."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import msgspec

from nlp.language import analyse
from nlp.language.model import Dialogue, Header, Party, Reference, Trader

DIALOGUES = {".yaml", ".yml"}


def run(file: Path, header: Path | None, model: str, *, as_json: bool) -> int:
    """Prints the report; problems go to the error output as one sentence."""
    from nlp.audio import AudioError
    from nlp.dialogue_file import BadDialogueFile
    from nlp.speech import ModelError

    try:
        dialogue = read(file, header, model)
    except (OSError, BadDialogueFile, AudioError, ModelError) as error:
        print(f"deskline report: {error}", file=sys.stderr)
        return 1
    from nlp import report as reports
    from nlp.report_text import to_text

    analysis = analyse(dialogue, Reference())
    from_sound = file.suffix.lower() not in DIALOGUES
    if from_sound:  # the transcript with market terms and names put right
        dialogue = msgspec.structs.replace(dialogue, turns=analysis.turns)
    result = reports.build(dialogue, analysis, from_sound)
    if as_json:
        print(json.dumps(reports.to_json(result), indent=2, ensure_ascii=False))
    else:
        print(to_text(result))
    return 0


def read(file: Path, header: Path | None, model: str) -> Dialogue:
    """The conversation of a dialogue file, or of a recording with the facts of its header file."""
    from nlp import dialogue_file

    if not file.exists():
        raise FileNotFoundError(f"{file} does not exist")
    if file.suffix.lower() in DIALOGUES:
        return dialogue_file.load(file)
    facts = dialogue_file.load(header).header if header else _unknown(file)
    from nlp.speech import ModelChoice
    from nlp.speech.files import transcribe_file

    turns = transcribe_file(file, ModelChoice(model), _progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return Dialogue(facts, tuple(turns))


def _unknown(file: Path) -> Header:
    started = dt.datetime.fromtimestamp(file.stat().st_mtime, dt.UTC).astimezone()
    return Header(file.stem, "call", started, Party("Unknown caller", "Unknown"), Trader("Trader"))


def _progress(fraction: float) -> None:
    if sys.stderr.isatty():
        print(f"\rtranscribing {fraction:4.0%}", end="", file=sys.stderr, flush=True)
