"""The conversations of the desk: sound recorded and transcribed, messages collected, facts kept up to date.

Lives on the I/O loop. A call's recording comes first: whatever happens to the speech process, the words can be had
from the recording later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.conversation import reference
from app.conversation.correcting import Corrected, Correction, correct, take_back
from app.conversation.dictation import Dictation
from app.conversation.intake import Intake, refusal
from app.conversation.keeping import Keeping
from app.conversation.live import LiveConversation
from app.conversation.permission import Policies
from app.conversation.playback import Playback, export, open_playback
from app.conversation.privacy import Privacy
from app.conversation.reading_anew import ReadingAnew
from app.conversation.results import Results
from app.conversation.resumption import Resumption
from app.conversation.state import ConversationState, Phase, Segment
from app.records.errors import StoreError
from app.records.ids import new_id
from app.records.log import Cause
from app.records.recordings import Recordings
from app.records.store import Records
from app.services import Clock, Notice, State, utc_now
from nlp.audio.channels import sides
from nlp.audio.g711 import Encoding
from nlp.language.model import Header, Party, Reference, Trader, Turn, Who
from nlp.speech import messages
from nlp.speech.client import LanguageWorker

if TYPE_CHECKING:
    from app.market.book import PriceBook

__all__ = ["ConversationState", "Conversations", "Phase", "Segment"]
log = logging.getLogger(__name__)

NO_SOUND = "The turret gives no sound for this call: it is neither recorded nor transcribed."


class SpeechUnavailable(RuntimeError):
    """Nothing can be transcribed now; the message is a sentence."""


class Conversations:
    """Open, follow and end calls and chats. ``worker``'s callbacks are taken over by this object."""

    def __init__(
        self,
        records: Records,
        recordings: Recordings,
        worker: LanguageWorker,
        *,
        clock: Clock = utc_now,
        notify: Callable[[Notice], None] = lambda notice: None,
        prices: PriceBook | None = None,
        policies: Policies | None = None,
    ) -> None:
        self._records, self._recordings, self._worker = records, recordings, worker
        self._clock, self._notify, self._prices = clock, notify, prices
        self._live: dict[str, LiveConversation] = {}
        self._intakes: dict[str, Intake] = {}
        self._dictations: dict[str, Dictation] = {}
        self._trouble = ""
        self._keeping = Keeping(records, self._writing_trouble)
        self.privacy = Privacy(records, self._keeping, worker, self._live, self._intakes, policies or Policies(), clock)
        self.anew = ReadingAnew(records, worker, self._live, prices, notify)
        self._results = Results(self._live, self._keeping, self.privacy, self.anew, notify, self._settle)
        self._resumption = Resumption(records, recordings, worker, self._keeping, self._live, prices, notify)
        worker.on_event, worker.on_status, worker.reread = self._event, self._status, self._reread

    async def start(self) -> None:
        """Starts the speech process; its model loads meanwhile and nothing waits for it."""
        await self._worker.start()

    async def close(self) -> None:
        """Ends everything. What is recorded and not transcribed yet is found by ``resume_pending`` next time."""
        self._resumption.close()
        # A copy: a pass that ends meanwhile settles its call. And none may keep the others from being written.
        closed = await asyncio.gather(*(intake.close() for intake in [*self._intakes.values()]), return_exceptions=True)
        for error in closed:
            if isinstance(error, Exception):
                log.error("a recording did not close cleanly: %s", type(error).__name__)
        await self.anew.close()
        await self._worker.close()
        await self._results.close()
        await self._keeping.close()

    def state(self, interaction_id: str) -> State[ConversationState]:
        """The state of a conversation opened since the start of the program; KeyError if there was none."""
        return self._live[interaction_id].state

    def header(self, interaction_id: str) -> Header:
        """Who speaks with whom since when; KeyError as for ``state``."""
        return self._live[interaction_id].header

    def on_transcribed(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Calls ``listener`` with the interaction's id whenever a final transcript was made; returns what ends this."""
        return self._results.on_transcribed(listener)

    # -- a conversation's life

    async def open_call(
        self,
        interaction_id: str,
        audio_url: str,
        header: Header,
        *,
        rate: int = 8000,
        encoding: str = "s16",
        organization_id: str | None = None,
        contact_id: str | None = None,
        line: str | None = None,
    ) -> State[ConversationState]:
        """Records and transcribes the call served at ``audio_url``, as far as the policy of ``line`` and the contact's
        consent allow; ``header.started`` is its first sample's time."""
        talk = self._begin(interaction_id, header)
        if refused := refusal(audio_url, rate, encoding):
            self._notify(Notice(refused, "error"))
            talk.update(audio=refused)
            await self._worker.open(interaction_id, header, Reference())
            return talk.state

        async def listen(at: int, pcm: bytes) -> None:
            for who, samples in sides(pcm).items():
                await self._worker.audio(interaction_id, who, samples, at / rate)

        intake = Intake(
            interaction_id,
            audio_url,
            rate,
            self._recordings,
            listen,
            lambda: self._intake_changed(interaction_id),
            cast(Encoding, encoding),
        )
        self._intakes[interaction_id] = intake
        self.privacy.begin(interaction_id, line)
        # The sound waits for nothing; the customer's securities follow a moment later.
        await self._worker.open(interaction_id, header, Reference(), rate)
        intake.start()
        await self.privacy.identified(interaction_id, contact_id)
        await self._refer(interaction_id, header, organization_id)
        return talk.state

    async def open_chat(
        self, interaction_id: str, header: Header, *, organization_id: str | None = None
    ) -> State[ConversationState]:
        """Follows a chat; its messages come by ``add_message``. A call opened here has no sound: its state says so."""
        talk = self._begin(interaction_id, header)
        if header.kind == "call":
            talk.update(audio=NO_SOUND)
        await self._worker.open(interaction_id, header, Reference())
        await self._refer(interaction_id, header, organization_id)
        return talk.state

    async def identified(
        self, interaction_id: str, header: Header, organization_id: str | None, contact_id: str | None = None
    ) -> None:
        """The customer became known during the conversation."""
        await self.privacy.identified(interaction_id, contact_id)
        if interaction_id in self._live:
            self._live[interaction_id].header = header
            await self._refer(interaction_id, header, organization_id)

    async def add_message(self, interaction_id: str, who: str, at: float, text: str) -> None:
        """A chat message, ``at`` seconds after the chat began."""
        talk = self._live.get(interaction_id)
        if talk is None or not text.strip():
            return
        side: Who = "trader" if who == "trader" else "client"
        turn = Turn(side, round(at, 3), round(at, 3), text.strip())
        segment = talk.said(turn)
        self._results.store(interaction_id, segment)
        await self._worker.turn(interaction_id, turn)

    async def end(self, interaction_id: str) -> None:
        """Hung up, or the chat is closed: the state is "ended" at once, "refined" when the last pass is made."""
        talk = self._live.get(interaction_id)
        if talk is None or talk.now.phase != "live":
            return
        talk.update(phase="ended")
        intake = self._intakes.get(interaction_id)
        if intake is not None:
            await intake.hang_up()
            self._intake_changed(interaction_id)
            self.privacy.over(interaction_id, intake.received / intake.rate)
        talk.heard_out = True
        if talk.failed:  # the speech process has let go of it: no answer will come
            self._settle(interaction_id)
        await self._worker.finish(interaction_id)

    async def correct(self, actor: str, wish: Correction) -> Corrected:
        """Puts words of a call right; for always, the lexicon learns and running calls are read with it at once. A call
        that is over is read anew.

        Raises RecordMissing, Refused and what ``Records.change`` raises.
        """
        done = await self._records.write(actor, lambda change: correct(change, wish), Cause.user())
        if (talk := self._live.get(wish.interaction_id)) is not None:
            talk.edits.append(done.edit)
            talk.edited()
        self.anew.soon(wish.interaction_id)
        if done.entry is not None:
            await self.lexicon_changed()
        return done

    async def take_back(self, actor: str, done: Corrected) -> None:
        """Undoes a correction."""
        await self._records.write(actor, lambda change: take_back(change, done), Cause.user())
        if (talk := self._live.get(done.interaction_id)) is not None and done.edit in talk.edits:
            talk.edits.remove(done.edit)
            talk.edited()
        self.anew.soon(done.interaction_id)
        if done.entry is not None:
            await self.lexicon_changed()

    async def lexicon_changed(self) -> None:
        """Reads the running conversations with the lexicon as it is now."""
        for interaction_id, talk in list(self._live.items()):
            if talk.now.phase != "refined":
                await self._refer(interaction_id, talk.header, talk.organization_id)

    async def playback(self, interaction_id: str, start: float = 0.0, speed: float = 1.0) -> Playback:
        """A run through a recording; raises as ``open_playback`` does."""
        return await open_playback(self._records, self._recordings, interaction_id, start, speed)

    async def dictate(self, trader: Trader, organization_id: str | None, rate: int) -> Dictation:
        """Begins to write down what the trader speaks: 16-bit samples of one channel at ``rate``, by ``hear``.

        Raises SpeechUnavailable.
        """
        if self._worker.status.startswith("unavailable"):
            raise SpeechUnavailable(_sentence(self._worker.status))
        header = Header(new_id(), "call", self._clock().astimezone(), Party("", ""), trader)
        known = await self._records.query(lambda session: reference.build(session, organization_id, self._prices))
        dictation = Dictation(self._worker, header, known, rate, lambda done: self._dictations.pop(done.id, None))
        self._dictations[dictation.id] = dictation
        await dictation.start()
        return dictation

    async def export(self, interaction_id: str, path: Path) -> None:
        """An unencrypted copy for the user, masked stretches muted; raises as ``open_playback`` does."""
        await export(self._records, self._recordings, interaction_id, path)

    async def resume_pending(self) -> None:
        """Transcribes the recordings that have no final transcript, one after the other, in the background.

        Calls and chats that a crash left "live" are marked "interrupted" first. Call it once, after the apps that
        look for such interactions themselves have started.
        """
        self._resumption.start()

    # -- inside

    def _begin(self, interaction_id: str, header: Header) -> LiveConversation:
        talk = LiveConversation(interaction_id, header, self._worker.status)
        self._live[interaction_id] = talk
        if self._worker.status.startswith("unavailable") and header.kind == "call":
            self._notify(
                Notice(f"This call is recorded but not transcribed. {_sentence(self._worker.status)}", "warning")
            )
        return talk

    async def _refer(self, interaction_id: str, header: Header, organization_id: str | None) -> None:
        if (talk := self._live.get(interaction_id)) is not None:
            talk.organization_id = organization_id
        try:
            found = await self._records.query(lambda session: reference.build(session, organization_id, self._prices))
        except StoreError as error:
            self._notify(Notice("Names and securities in the transcript are not checked.", "warning", str(error)))
            return
        await self._worker.refer(interaction_id, header, found)

    def _event(self, event: messages.Event) -> None:
        if (dictation := self._dictations.get(event.id)) is not None:
            dictation.take(event)
        talk = self._live.get(event.id)
        if not self.anew.takes(event) and talk is not None:
            self._results.take(talk, event)

    def _settle(self, interaction_id: str) -> None:
        """The speech process has given its last answer."""
        self._resumption.settled(interaction_id)
        intake = self._intakes.get(interaction_id)
        if intake is not None and intake.safe:
            del self._intakes[interaction_id]
            asyncio.get_running_loop().create_task(intake.close())

    def _status(self, status: str) -> None:
        for talk in self._live.values():
            if talk.header.kind == "call" and talk.now.phase != "refined":
                talk.update(speech=status)
        if status.startswith("unavailable"):
            self._notify(Notice(f"Calls are recorded but not transcribed. {_sentence(status)}", "warning"))

    def _intake_changed(self, interaction_id: str) -> None:
        talk, intake = self._live.get(interaction_id), self._intakes.get(interaction_id)
        if talk is None or intake is None:
            return
        for before, after, level in (
            (talk.now.recording, intake.recording, "error"),
            (talk.now.audio, intake.audio, "warning"),
        ):
            if after and after != before:
                self._notify(Notice(after, "error" if level == "error" else "warning"))
        talk.update(
            recording=intake.recording,
            audio=intake.audio,
            lost=intake.lost,
            recorded_seconds=intake.recorded,
            kept=intake.kept,
        )

    def _writing_trouble(self, sentence: str) -> None:
        if sentence and sentence != self._trouble:
            self._notify(Notice(f"The transcript is not being stored at the moment. {sentence}", "error"))
        self._trouble = sentence

    async def _reread(self, interaction_id: str, from_seconds: float) -> bytes:
        if (dictation := self._dictations.get(interaction_id)) is not None:
            return dictation.sound(from_seconds)
        intake = self._intakes.get(interaction_id)
        if intake is not None:
            return await intake.sound(from_seconds)
        recording = await asyncio.to_thread(self._recordings.read, f"{interaction_id}.rec")
        return recording.pcm[round(from_seconds * recording.rate) * 4 :]


def _sentence(status: str) -> str:
    return status.removeprefix("unavailable: ")
