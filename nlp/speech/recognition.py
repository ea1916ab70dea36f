"""Whisper, held to what a phone call needs: a quick pass for utterances as they end, a careful one at hang-up."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.speech.models import place
from nlp.speech.windows import windows
from nlp.speech.words import Word

if TYPE_CHECKING:
    from faster_whisper.transcribe import Segment

    from nlp.speech.whisper import Whisper

Sound = NDArray[np.float32]
TOKENS_PER_SECOND = 8
MOST_TOKENS = 200
UNBELIEVED = 0.06
UNSURE = -0.7
"""Mean log probability of a token below which what whisper heard in a part of its thirty seconds is mostly wrong."""
LOOPS = 2.4
"""Compression above which a text is the same words over and over."""
REST = 1.5
"""Seconds of a stretch of speech after the last word from which on something may have been left out."""
FEW = 5
"""Words. Whether a longer text was spoken the voice detector knows better than whisper."""
FIGURES = frozenset("0123456789$£€¥%")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the careful pass heard in one go: words with their times in seconds."""

    words: tuple[Word, ...]
    done_until: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What a quick look heard, and whether a look at all thirty seconds would be no better."""

    words: tuple[Word, ...]
    sure: bool


class Recogniser:
    """A loaded whisper model. Not thread-safe: one thread decodes at a time."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        import ctranslate2

        from nlp.speech.whisper import Whisper

        ctranslate2.set_random_seed(1)  # the same sound gives the same words
        device, numbers, cores = place()
        self._model = Whisper(
            str(folder), device=device, compute_type=numbers, cpu_threads=threads or cores, local_files_only=True
        )
        self._language = "en"
        self._unwritten = [-1, *_figures(self._model)]

    def quick(self, sound: Sound, *, timed: bool = False, whole: bool = False) -> Heard:
        """The words of one utterance: greedy, one temperature, tokens capped, so that it cannot run away.

        Times are seconds from the start of ``sound``; unless ``timed`` each word spans its whole segment, which is
        quicker. Words that are timed are to stay: where whisper is unsure of them it is worth looking again at the
        ``whole`` thirty seconds, as it was trained to, which takes more than twice the time.
        """
        self._model.fit(*([] if whole else [len(sound) / 16_000]))
        segments = self._look(sound, timed)
        words = tuple(word for segment in segments for word in _words(segment))
        return Heard(words, whole or not timed or sure(segments))

    def _look(self, sound: Sound, timed: bool) -> list[Segment]:
        seconds = len(sound) / 16_000
        segments, _ = self._model.transcribe(
            sound,
            language=self._language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            word_timestamps=timed,
            max_new_tokens=min(MOST_TOKENS, int(TOKENS_PER_SECOND * seconds) + 12),
            compression_ratio_threshold=None,
            log_prob_threshold=-1.0,
            no_speech_threshold=0.6,
        )
        return list(once(segments, seconds))

    def careful(self, sound: Sound) -> Iterator[Stretch]:
        """One side of a whole call, beam 5 with word times, window by window of up to 25 seconds of speech."""
        for window in windows(sound):
            heard = window.cut(sound)
            self._model.fit()
            segments, _ = self._model.transcribe(
                heard,
                language=self._language,
                beam_size=5,
                temperature=[0.0, 0.2, 0.4],
                condition_on_previous_text=False,
                without_timestamps=True,
                word_timestamps=True,
                max_new_tokens=min(MOST_TOKENS, int(TOKENS_PER_SECOND * len(heard) / 16_000) + 12),
                no_speech_threshold=None,
                suppress_tokens=self._unwritten,
            )
            words = [word for segment in once(segments, len(heard) / 16_000) for word in _words(segment)]
            placed = []
            for word in words:
                start, end = window.place(word.start, word.end)
                placed.append(replace(word, start=start, end=end))
            yield Stretch(tuple(placed), window.pieces[-1][1] / 16_000)


def once(segments: Iterable[Segment], seconds: float) -> Iterator[Segment]:
    """Those of one look at up to thirty seconds, and of a further one only if much is left after the last word.

    Asked for the times of words, faster-whisper looks again at whatever follows the last of them, be it a breath: three
    times the work, and a sixth more errors, for it makes up words there.
    """
    for segment in segments:
        yield segment
        if segment.words and seconds - segment.words[-1].end < REST:
            return


def _figures(model: Whisper) -> list[int]:
    """The tokens that hold a figure or a currency sign.

    Left to itself whisper writes "one sixteen seventy-eight" as 1.16.78, $1,678 or 116, 78, as it happens. Without
    figures it writes the words that were said, with fewer errors. A greedy pass held to words leaves some out.
    """
    vocabulary = model.hf_tokenizer
    text = (token for token in range(vocabulary.get_vocab_size()) if token < vocabulary.token_to_id("<|endoftext|>"))
    return [token for token in text if any(sign in FIGURES for sign in vocabulary.decode([token]))]


def _words(segment: Segment) -> tuple[Word, ...]:
    """The words of a segment; none if they are not credible."""
    if not credible(segment.text, segment.no_speech_prob, segment.avg_logprob):
        return ()
    if segment.words is None:
        return tuple(Word(f" {word}", float(segment.start), float(segment.end)) for word in segment.text.split())
    return uninvented(
        [Word(word.word, float(word.start), float(word.end), float(word.probability)) for word in segment.words]
    )


def uninvented(words: Sequence[Word]) -> tuple[Word, ...]:
    """Without the thanks that whisper ends a stretch of sound with although nobody speaks: it does not believe them."""
    plain = [word.text.strip(" .!?,").lower() for word in words]
    kept = list(words)
    for at in range(len(plain) - 2, -1, -1):
        if plain[at : at + 2] == ["thank", "you"] and words[at].sure < UNBELIEVED:
            del kept[at : at + 2]
    return tuple(kept)


def sure(segments: Sequence[Segment]) -> bool:
    """Whether whisper believes that it has understood all that was said: words, none of them doubtful, no loop."""
    return bool(segments) and all(
        segment.avg_logprob >= UNSURE and compression_ratio(segment.text) < LOOPS for segment in segments
    )


def credible(text: str, no_speech: float, log_probability: float) -> bool:
    """False for what whisper invents in noise and silence: low confidence, loops, words without sound."""
    words = text.strip()
    if not any(character.isalnum() for character in words):
        return False
    if no_speech > 0.6 and log_probability < -0.7 and len(words.split()) <= FEW:
        return False
    if words.strip(" .!?,").lower() in INVENTED and (no_speech > 0.2 or log_probability < -0.8):
        return False
    return compression_ratio(words) < LOOPS or len(words) < 40


INVENTED = frozenset(
    {
        "thank you", "thanks for watching", "thank you for watching", "you", "bye", "bye bye", "subtitles by",
        "please subscribe", "thank you very much", "the end",
    }
)  # fmt: skip
"""What whisper says when nobody does: its training subtitles' small change."""


def compression_ratio(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
