"""The transcript as values: lines, the facts marked in them, and how messages change them. Pure."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of these."""

Tone = Literal["product", "deal", "task"]

TONES: Mapping[str, Tone] = {
    "instrument": "product",
    "product": "product",
    "quantity": "deal",
    "price": "deal",
    "side": "deal",
    "deal word": "deal",
    "follow_up": "task",
}
"""What a kind of mention is coloured as. Dates and tenors alone are not worth a colour."""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a line's text, as one of the legend's colours."""

    start: int
    end: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class Line:
    """One turn. ``start`` in seconds from the beginning; ``final`` once the careful pass has written it."""

    seq: int
    who: str  # trader, client
    name: str
    start: float
    text: str
    end: float = 0.0
    final: bool = False
    spans: tuple[Span, ...] = ()
    times: tuple[tuple[float, float], ...] = ()  # of each word of the text, where they are known


@dataclass(frozen=True)
class Script:
    """What the panel shows of one conversation. ``partial``: words of turns that are still being spoken.

    ``phase``: "none" nothing chosen, "live", "ended" while the careful pass runs, "refined", "past" from the records.
    """

    interaction_id: str = ""
    kind: str = "call"
    customer: str = ""
    client: str = "Client"
    phase: str = "none"
    status: str = "live"  # of the interaction: live, ended, interrupted
    started: dt.datetime | None = None
    speech: str = ""
    lag: float = 0.0
    trouble: str = ""
    lines: tuple[Line, ...] = ()
    partial: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[int, ...] = ()  # indexes of lines pointed at
    pointed: int = 0  # grows with each pointing, so that pointing twice at the same line works
    keeping: str = "recording"  # of a running call: recording, paused, waiting for consent, not allowed
    place: float | None = None  # the second at which the player stands ready, with such a pointing
    recorded: bool = False  # there is sound to be heard again
    asked: tuple[float, float | None] = (0.0, None)  # the stretch that was asked to be played, in seconds
    asks: int = 0  # grows with each such wish

    @property
    def running(self) -> bool:
        return self.phase == "live"


def segment(script: Script, message: Mapping[str, Json]) -> Script:
    """A segment arrived: a new line, a better text for one, or the first of the careful pass, which starts anew.

    One without words takes its line away: it was forgotten.
    """
    line = Line(
        int(message["seq"]),
        str(message["who"]),
        str(message.get("name") or ""),
        float(message["start"]),
        str(message["text"]),
        float(message.get("end") or message["start"]),
        message.get("pass") == "final",
        times=times(message.get("words")),
    )
    lines = script.lines
    if line.final and script.kind == "call" and any(not each.final for each in lines):
        # The careful pass cuts the turns anew: its lines replace the live ones from its first on.
        lines = tuple(each for each in lines if each.final)
    if not line.text:
        left = tuple(each for each in lines if (each.seq, each.final) != (line.seq, line.final))
        return replace(script, lines=left)
    known = next((at for at, each in enumerate(lines) if each.seq == line.seq and each.final == line.final), None)
    if known is not None:
        if lines[known].text == line.text:
            line = replace(line, spans=lines[known].spans)
        return replace(script, lines=(*lines[:known], line, *lines[known + 1 :]))
    # Two people speak at once: order by the beginning of the words, not by when they were understood.
    at = bisect_right(lines, (line.start, line.seq), key=lambda each: (each.start, each.seq))
    return replace(script, lines=(*lines[:at], line, *lines[at:]))


def facts(script: Script, message: Mapping[str, Json]) -> Script:
    """Marks what was understood. Turns are counted over the lines; a span that does not fit its line is left out."""
    report = message.get("report") or {}
    marks: dict[int, list[Span]] = {}
    for mention in message.get("mentions") or ():
        tone = TONES.get(str(mention.get("kind")))
        if tone is not None:
            marks.setdefault(int(mention["turn"]), []).append(Span(int(mention["start"]), int(mention["end"]), tone))
    for task in report.get("follow_ups") or ():
        for span in task.get("spans") or ():
            turn = marks.setdefault(int(span["turn"]), [])
            turn.append(Span(int(span["start"]), int(span["end"]), "task"))
    lines = tuple(
        line if line.spans == (spans := _fitting(marks.get(at, ()), line.text)) else replace(line, spans=spans)
        for at, line in enumerate(script.lines)
    )
    return replace(script, lines=lines)


def state(script: Script, message: Mapping[str, Json]) -> Script:
    """The conversation's own state."""
    started = message.get("started_at")
    contact = str(message.get("contact") or "")
    return replace(
        script,
        interaction_id=str((message.get("id") or {}).get("deskline") or ""),
        kind=str(message.get("kind") or "call"),
        customer=str(message.get("customer") or ""),
        client=contact.split()[0] if contact else "Client",
        phase=str(message.get("phase") or "live"),
        started=dt.datetime.fromisoformat(started) if isinstance(started, str) else None,
        speech=str(message.get("speech") or ""),
        lag=float(message.get("lag") or 0.0),
        trouble=str(message.get("trouble") or ""),
        partial={who: str(text) for who, text in (message.get("partial") or {}).items() if text},
        recorded=bool(message.get("recorded")),
        keeping=str(message.get("keeping") or "recording"),
    )


def point(script: Script, turns: Sequence[int]) -> Script:
    """Turns to be shown to the reader."""
    return replace(script, shown=tuple(turns), pointed=script.pointed + 1, place=None)


def at_word(script: Script, who: str, start: float, at: float) -> Script:
    """A word that was found: its turn is shown, and the recording stands there."""
    turns = [n for n, line in enumerate(script.lines) if (line.who, line.start) == (who, start)]
    return replace(point(script, turns), place=at)


def ask(script: Script, start: float, end: float | None, turns: Sequence[int]) -> Script:
    """A stretch is to be played: seconds of the call, or else the lines of these turns."""
    lines = [script.lines[turn] for turn in turns if 0 <= turn < len(script.lines)]
    if lines and end is None:
        start, end = min(line.start for line in lines), max(line.end for line in lines)
    return replace(script, asked=(max(0.0, start), end), asks=script.asks + 1)


def times(words: Json) -> tuple[tuple[float, float], ...]:
    """Start and end of each word, from ``[start, end, ...]`` of each."""
    return tuple((float(word[0]), float(word[1])) for word in words or ())


def rewritten(script: Script, seq: int, final: bool, text: str, words: Json) -> Script:
    """A line put right, or taken back; what was marked in it is found again when it is understood anew."""
    lines = tuple(
        replace(line, text=text, times=times(words), spans=()) if (line.seq, line.final) == (seq, final) else line
        for line in script.lines
    )
    return replace(script, lines=lines)


def clock(seconds: float) -> str:
    """Minutes and seconds from the beginning."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes:02}:{rest:02}"


def as_text(script: Script, first: int = 0, last: int | None = None) -> str:
    """The lines for the clipboard: time, speaker, words."""
    chosen = script.lines[first : None if last is None else last + 1]
    return "\n".join(f"{clock(line.start)}  {line.name}: {line.text}" for line in chosen)


def status(script: Script) -> tuple[str, str]:
    """The pill beside the title: text and kind ("up", "warn", "")."""
    if script.phase == "none":
        return "", ""
    if script.phase in ("past", "refined"):
        return ("Interrupted", "warn") if script.status == "interrupted" else ("Final", "")
    if script.phase == "ended":
        return ("Not transcribed", "warn") if script.speech.startswith("unavailable") else ("Careful pass", "")
    if script.kind == "chat":
        return "Live", "up"
    if script.speech.startswith("unavailable"):
        return "Recording only", "warn"
    if script.speech in ("starting", "restarting"):
        return f"Speech {script.speech}", "warn"
    return f"{script.lag:.1f} s behind", "up" if script.lag <= 3 else "warn"


KEEPING: Mapping[str, tuple[str, str]] = {
    "recording": ("Recording", "dn"),
    "paused": ("Paused", "warn"),
    "waiting for consent": ("Waiting for consent", "warn"),
    "not allowed": ("Not recorded", ""),
}


NOT_KEPT: Mapping[str, str] = {
    "paused": "Nothing is recorded or written down until you go on (F8).",
    "waiting for consent": "Nothing is recorded or written down until the client agrees (Alt+F8).",
    "not allowed": "This call is neither recorded nor written down.",
}


def keeping(script: Script) -> tuple[str, str]:
    """The pill that says whether what is said now is recorded: text and kind; empty where no call runs."""
    if not script.running or script.kind != "call":
        return "", ""
    return KEEPING.get(script.keeping, (script.keeping, "warn"))


def remark(script: Script) -> str:
    """A sentence under the title when something is not as it should be."""
    if script.trouble:
        return script.trouble
    if script.speech.startswith("unavailable") and script.phase in ("live", "ended") and script.kind == "call":
        why = script.speech.partition(":")[2].strip()
        return f"{why} The recording is kept and transcribed later.".strip()
    if script.running and script.kind == "call" and script.keeping in NOT_KEPT:
        return NOT_KEPT[script.keeping]
    if script.status == "interrupted":
        return "This call was cut off. What was heard until then is below."
    return ""


def empty(script: Script) -> str:
    """What stands in place of the lines when there are none."""
    if script.phase == "none":
        return "No conversation. A call's words appear here as they are spoken."
    if script.running:
        if script.kind == "chat":
            return "No messages yet."
        return {"starting": "Speech is starting…", "restarting": "Speech is restarting…"}.get(
            script.speech, "" if script.speech.startswith("unavailable") else "Listening…"
        )
    return "Nothing was written down in this conversation."


def _fitting(spans: Sequence[Span], text: str) -> tuple[Span, ...]:
    """In order, within the text, without overlap: the longer mark wins where two meet, except a task under a fact."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.tone == "task", each.start - each.end)):
        inside = 0 <= span.start < span.end <= len(text)
        if inside and all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return tuple(sorted(kept, key=lambda each: each.start))
