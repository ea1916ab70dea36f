"""The speech process: ``python -m nlp.speech.worker``. Frames of :mod:`nlp.speech.messages` on stdin and stdout.

The main thread reads and cuts utterances, one thread recognises and analyses, in the order of :mod:`nlp.speech.work`.
It ends when stdin does, so it never outlives the application.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from nlp.audio.channels import CHANNELS
from nlp.language.model import Analysis, Dialogue, Header, Party, Reference, Trader, Turn, Who
from nlp.masking import masked
from nlp.speech.live import Conversation, LiveSide, Utterance
from nlp.speech.looks import Looks
from nlp.speech.messages import (
    LENGTH,
    LONGEST_FRAME,
    Alive,
    Audio,
    Facts,
    Failed,
    Finish,
    Finished,
    Forget,
    Message,
    Open,
    Partial,
    Pulse,
    Ready,
    Refer,
    Request,
    Said,
    Segment,
    pack,
    request,
)
from nlp.speech.models import ModelChoice, ModelError, model_folder
from nlp.speech.recognition import Recogniser
from nlp.speech.turns import interleave
from nlp.speech.words import Word, written
from nlp.speech.work import Work
from nlp.summary.templates import Wording, WordingError, load

log = logging.getLogger("nlp.speech.worker")

NICE = 5
"""Below the window, which must never stutter; not so low that a busy machine leaves the words behind for seconds."""
PULSE_SECONDS = 1.0
LOADING_LANGUAGE = 0.25


class Output:
    """Frames to the application, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        with self._lock:
            self._stream.write(pack(message))
            self._stream.flush()


class SpeechProcess:
    """All conversations of this process and what is done with them."""

    def __init__(
        self,
        output: Output,
        recogniser: Recogniser | None,
        reason: str = "",
        looks: bool = True,
        wording: Wording | None = None,
    ) -> None:
        self._send = output.send
        self._recogniser, self._reason, self._wording = recogniser, reason, wording
        self._look = Looks(recogniser) if recogniser is not None else None
        self._while_speaking = looks
        self._work = Work()
        self._conversations: dict[str, Conversation] = {}
        self._pulsed: dict[str, float] = {}
        self._lock = threading.Lock()
        self._language = threading.Event()

    # The reading thread.

    def handle(self, message: Request) -> None:
        if isinstance(message, Open):
            self._open(message)
            return
        conversation = self._conversations.get(message.id)
        if conversation is None:
            if isinstance(message, Finish):
                self._send(Failed(id=message.id, reason="The speech process does not know this conversation."))
            return
        if isinstance(message, Audio):
            self._listen(conversation, message)
        elif isinstance(message, Said):
            with self._lock:
                conversation.turns.append(message.turn)
            self._work.analysis(message.id)
        elif isinstance(message, Refer):
            conversation.header, conversation.reference = message.header, message.reference
            self._work.analysis(message.id)
        elif isinstance(message, Finish):
            self._finish(conversation)
        elif isinstance(message, Forget):
            self._forget(message.id)

    def _open(self, message: Open) -> None:
        self._forget(message.id)
        sides = {}
        if message.header.kind == "call" and message.sound and self._recogniser is not None:
            sides = {who: LiveSide(message.id, who, message.rate, message.heard.get(who, 0.0)) for who in CHANNELS}
        self._conversations[message.id] = Conversation(
            message.header,
            message.reference,
            message.rate,
            sides,
            list(message.turns),
            message.seq,
            sound=message.sound,
        )
        if message.turns:
            self._work.analysis(message.id)

    def _listen(self, conversation: Conversation, message: Audio) -> None:
        if message.channel not in conversation.sides:
            return
        self._queue(conversation, conversation.take(message.channel, message.at, message.pcm, time.monotonic()))
        self._pulse(conversation)

    def _queue(self, conversation: Conversation, utterances: list[Utterance]) -> None:
        for utterance in utterances:
            if utterance.ended:
                with self._lock:
                    conversation.pending += 1
                self._work.utterance(utterance)
            elif self._while_speaking and (utterance.paused or (self._look is not None and not self._look.too_slow)):
                self._work.utterance(utterance)

    def _pulse(self, conversation: Conversation) -> None:
        name, now = conversation.header.id, time.monotonic()
        if now - self._pulsed.get(name, 0.0) < PULSE_SECONDS:
            return
        self._pulsed[name] = now
        waiting = self._work.waiting(name)
        heard: dict[str, float] = {who: side.settled for who, side in conversation.sides.items()}
        for utterance in waiting:
            heard[utterance.who] = min(heard[utterance.who], utterance.start)
        lag = max((now - utterance.arrived for utterance in waiting), default=0.0)
        self._send(Pulse(id=name, lag=round(lag, 2), heard=heard if not conversation.pending else {}))

    def _finish(self, conversation: Conversation) -> None:
        if conversation.finishing:
            return
        conversation.finishing = True
        if conversation.header.kind == "call" and conversation.sound and self._recogniser is None:
            self._send(Failed(id=conversation.header.id, reason=self._reason))
            self._forget(conversation.header.id)
            return
        self._queue(conversation, conversation.close())
        self._work.hang_up(conversation.header.id, self._hang_up(conversation))

    def _forget(self, name: str) -> None:
        self._conversations.pop(name, None)
        self._pulsed.pop(name, None)
        self._work.forget(name)
        if self._look is not None:
            self._look.forget(name)

    def warm_up(self) -> None:
        """Loads the language model, which takes seconds, beside the recognition. A thread of its own runs this."""
        started = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        header = Header("", "call", started, Party("", ""), Trader(""))
        understand(Conversation(header, Reference(), 8000, {}), (Turn("trader", 0.0, 1.0, "Ten million at 1.25."),))
        self._language.set()

    # The recognising thread.

    def work(self) -> None:
        """Works off the jobs until the application is gone."""
        while self.step():
            pass

    def step(self, timeout: float | None = None) -> bool:
        """Works off the next job. A job that fails fails its conversation, not the process. False if there was none
        for ``timeout`` seconds, or nobody listens any more."""
        job = self._work.next(timeout)
        name = job.call if isinstance(job, Utterance) else job if isinstance(job, str) else ""
        try:
            if isinstance(job, Utterance):
                self._utter(job)
            elif isinstance(job, str):
                self._analyse(job)
            elif job is not None:
                next(job, None)
        except BrokenPipeError:
            return False
        except Exception as error:
            log.error("a job failed: %s", type(error).__name__)
            self._send(Failed(id=name, reason="This part of the call could not be transcribed."))
        return job is not None

    def _utter(self, utterance: Utterance) -> None:
        conversation = self._conversations.get(utterance.call)
        if conversation is None or self._look is None:
            return
        heard = self._look.at(utterance)
        if not heard.sure:
            self._work.again(utterance)
            if utterance.ended:
                return
        later = utterance.sound_from
        text, times = written([Word(w.text, later + w.start, later + w.end, w.sure) for w in heard.words])
        if not utterance.ended:
            running = Turn(utterance.who, utterance.start, utterance.end, text)
            shown = conversation.readable(running).text
            self._send(Partial(id=utterance.call, who=utterance.who, start=utterance.start, text=shown))
            if text:  # what is asked for is understood while it is spoken
                conversation.running[utterance.who] = running
                self._work.analysis(utterance.call, at_once=utterance.paused)
            else:
                self._take_back(conversation, utterance.who)
            return
        with self._lock:
            conversation.pending -= 1
            if text:
                conversation.running.pop(utterance.who, None)
                seq = conversation.seq
                conversation.seq += 1
                turn = Turn(utterance.who, utterance.start, utterance.end, text, times, conversation.one_channel)
                text = conversation.readable(turn).text
                conversation.turns.append(turn)
        if not text:
            self._send(Partial(id=utterance.call, who=utterance.who, start=utterance.start, text=""))
            self._take_back(conversation, utterance.who)
            return
        self._send(
            Segment(
                id=utterance.call,
                seq=seq,
                who=utterance.who,
                start=utterance.start,
                end=utterance.end,
                text=text,
                latency=round(time.monotonic() - utterance.arrived, 3),
                words=times,
                guessed=conversation.one_channel,
            )
        )
        self._work.analysis(utterance.call, at_once=True)

    def _take_back(self, conversation: Conversation, who: Who) -> None:
        """A further look heard no word: what an earlier one was taken to mean counts no more."""
        if conversation.running.pop(who, None) is not None:
            self._work.analysis(conversation.header.id, at_once=True)

    def _analyse(self, name: str) -> None:
        conversation = self._conversations.get(name)
        if conversation is None or conversation.finishing:
            return
        with self._lock:
            turns = conversation.ordered
        if not self._language.is_set():
            self._work.analysed(name, LOADING_LANGUAGE)  # later: nobody's words wait while spaCy loads
            self._work.analysis(name)
            return
        began = time.monotonic()
        readable = masked((*turns, *conversation.running.values())).turns
        analysis, summary = understand(conversation, readable, self._wording)
        self._work.analysed(name, time.monotonic() - began)
        # Words that still run are no part of the transcript yet: only what they mean is told.
        known = tuple(mention for mention in analysis.mentions if mention.turn < len(turns))
        analysis = replace(analysis, turns=analysis.turns[: len(turns)], mentions=known)
        self._send(Facts(id=name, analysis=analysis, summary=summary))

    def _hang_up(self, conversation: Conversation) -> Iterator[None]:
        """The careful pass, a window at a time; afterwards the last analysis."""
        name = conversation.header.id
        try:
            turns = conversation.ordered
            if conversation.sides and self._recogniser is not None:
                recording = conversation.recording()
                sides: dict[Who, list[Word]] = {"trader": [], "client": []}
                for who, sound in recording.voices().items():
                    yield
                    for stretch in self._recogniser.careful(sound):
                        sides[who].extend(stretch.words)
                        yield
                turns = tuple(replace(turn, guessed=recording.guessed) for turn in interleave(sides))
            yield
            self._language.wait()
            said = masked(turns)
            analysis, summary = understand(conversation, said.turns, self._wording)
            self._send(Finished(id=name, turns=said.turns, analysis=analysis, summary=summary, masked=said.spans))
        except Exception as error:
            log.error("a hang-up pass failed: %s", type(error).__name__)
            self._send(Failed(id=name, reason="The recording of this call could not be transcribed."))
        self._forget(name)


def understand(
    conversation: Conversation, turns: tuple[Turn, ...], wording: Wording | None = None
) -> tuple[Analysis, str]:
    """What the turns mean. If that fails the words alone are kept: a fact is left blank rather than a call lost."""
    dialogue = Dialogue(conversation.header, turns)
    try:
        from nlp.language import analyse
        from nlp.summary import summarise

        analysis = analyse(dialogue, conversation.reference)
        return analysis, summarise(dialogue, analysis, wording)
    except Exception as error:
        log.error("a conversation could not be analysed: %s", type(error).__name__)
        return Analysis(turns=turns), ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m nlp.speech.worker", description="Deskline's speech process.")
    parser.add_argument("--model", default="tiny.en", help="tiny.en, base, or a folder with a CTranslate2 model")
    parser.add_argument("--cache", type=Path, default=None, help="where a model in parts is joined")
    parser.add_argument("--wording", type=Path, default=None, help="a desk's own texts for summaries")
    parser.add_argument("--no-looks", action="store_true", help="no words before an utterance has ended")
    options = parser.parse_args(arguments)
    # Frames alone may go to stdout: whatever a library prints lands on stderr.
    output = Output(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    logging.basicConfig(level=logging.WARNING, format="speech process: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the application, which then closes stdin
    if hasattr(os, "nice"):
        os.nice(NICE)
    recogniser, reason = None, ""
    try:
        recogniser = Recogniser(model_folder(ModelChoice(options.model), options.cache))
    except ModelError as error:
        reason = str(error)
    except Exception as error:
        log.error("the speech model does not load: %s", type(error).__name__)
        reason = f"The speech model {options.model} cannot be loaded ({type(error).__name__}). Try another model."
    wording = None
    try:
        wording = load(options.wording) if options.wording else None
    except WordingError as error:  # the desk has read it before: it was changed since
        log.error("the desk's wording is not used: %s", error)
    process = SpeechProcess(output, recogniser, reason, looks=not options.no_looks, wording=wording)
    output.send(Ready(model=options.model, speech=reason))
    threading.Thread(target=process.warm_up, name="language", daemon=True).start()
    threading.Thread(target=process.work, name="recognise", daemon=True).start()
    threading.Thread(target=_alive, args=(output,), name="alive", daemon=True).start()
    _read(sys.stdin.buffer, process)
    sys.stderr.flush()
    os._exit(0)  # a decoding in progress has no way to be stopped, and nobody waits for it


def _read(stream: BinaryIO, process: SpeechProcess) -> None:
    while len(head := stream.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        if length > LONGEST_FRAME:
            log.error("a frame is longer than any message: the stream is out of step")
            return
        body = stream.read(length)
        if len(body) < length:
            return
        process.handle(request(body))


def _alive(output: Output) -> None:
    while True:
        time.sleep(2.0)
        try:
            output.send(Alive())
        except OSError:
            return


if __name__ == "__main__":
    sys.exit(main())
