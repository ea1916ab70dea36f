"""How market text is cut into tokens.

spaCy's own rules keep "6.45/6.75" whole and take "10m" for metres; ours cut where the field's grammar needs it: numbers
from their units, slashes, dashes and clitics apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

TOKEN = re.compile(
    r"[A-Z]{2}[A-Z0-9]{9}[0-9]\b"  # ISIN
    r"|\b[UP]\.S\.|\b[ap]\.m\."
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+"
    r"|(?:do|does|did|is|are|was|were|would|could|should|has|have|had|wo|ca)(?=n['’]t\b)|n['’]t\b"
    r"|['’](?:ll|re|ve|d|m|s)\b|\bo['’]clock\b"
    r"|[^\W\d_]+\d*|--+|\.\.+|\s+|.",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Word:
    """One token: its characters in the turn, lower-cased text, lemma and coarse part of speech."""

    text: str
    low: str
    start: int
    end: int
    lemma: str
    pos: str


class MarketTokenizer:
    """spaCy tokenizer by one expression; spaces beyond the first become tokens, so that text is never lost."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        from spacy.tokens import Doc

        words: list[str] = []
        spaces: list[bool] = []
        for match in TOKEN.finditer(text):
            piece = match.group()
            if piece[0] == " " and words and not spaces[-1]:
                spaces[-1] = True
                piece = piece[1:]
            if piece:
                words.append(piece)
                spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)
