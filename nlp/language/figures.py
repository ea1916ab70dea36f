"""The grammar of spoken and typed numbers.

Market talk says numbers in ways that general converters lose: "one sixteen seventy-five", "oh nine", "three eighty and
a half", "eighty forty", "22 and a half million", "99-16+". A Figure therefore keeps the digits as chunks next to the
value, and the decimal point is placed later, when the instrument is known (`nlp.language.prices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from nlp.language import vocabulary
from nlp.language.numerals import FRACTIONS, GLYPHS, SCALES, UNITS, is_number, is_numeral, spoken_group

MONTH_HEADS = frozenset("jan feb mar apr may jun jul aug sep oct nov dec".split())
_WORDS = vocabulary.section("phrases", "figures")
HUNDREDS: frozenset[str] = frozenset(_WORDS["before_hundred"])
AFTER_HUNDRED: frozenset[str] = frozenset(_WORDS["after_hundred"])
COUNTED: frozenset[str] = frozenset(_WORDS["counted"])
POINTS = {"point", "spot", "decimal", "dot"}


@dataclass(frozen=True)
class Figure:
    """A number between tokens `first` and `last` (exclusive).

    `chunks` are the digit groups as said ("one sixteen seventy-five": 1, 16, 75). `value` is the plain reading.
    `scaled` says that a scale word was heard, `pointed` that the decimal point was, `cardinal` that "hundred" or a
    scale makes the magnitude certain.
    """

    first: int
    last: int
    chunks: tuple[str, ...]
    value: Decimal
    fraction: Decimal = Decimal(0)
    scaled: bool = False
    pointed: bool = False
    cardinal: bool = False
    scale_word: str = ""

    @property
    def digits(self) -> str:
        """All digits as said, without point and fraction."""
        return "".join(self.chunks)


def figures(words: Sequence[str]) -> list[Figure]:
    """All numbers of a tokenised, lower-cased text, left to right."""
    found, i = [], 0
    while i < len(words):
        figure = figure_at(words, i)
        if figure is None:
            i += 1
        else:
            found.append(figure)
            i = figure.last
    return found


def figure_at(words: Sequence[str], i: int) -> Figure | None:
    """The longest number that starts at token i, or None."""
    return _Reader(words, i).read()


class _Reader:
    """One left-to-right pass over a number; holds the groups read so far."""

    def __init__(self, words: Sequence[str], i: int) -> None:
        self.words, self.first, self.i = words, i, i
        self.chunks: list[str] = []
        self.total = Decimal(0)  # closed groups: everything before and with a scale word
        self.fraction = Decimal(0)
        self.pointed = self.scaled = self.cardinal = False
        self.typed = False
        self.scale_word = ""
        self.hundreds = False  # the open group holds a "hundred"

    def word(self, ahead: int = 0) -> str:
        at = self.i + ahead
        return self.words[at] if at < len(self.words) else ""

    def read(self) -> Figure | None:
        if self.word() == "a" and self.word(1) in {"hundred", "thousand", "million", "billion", "yard"}:
            self.i += 1
            self.chunks = ["1"]
        elif self.word() == "hundred" and self._counted_hundred():
            self.chunks = ["1"]  # "the remaining hundred and eighty thousand"
        elif self.word() == "half" and self.word(1) == "a" and SCALES.get(self.word(2), 0) > 1000:
            return self._part_of_a_million(3, Decimal(SCALES[self.word(2)]) / 2, self.word(2))
        elif self.word() == "quarter" and self.word(1) == "of" and SCALES.get(self.word(3), 0) > 1000:
            return self._part_of_a_million(4, Decimal(SCALES[self.word(3)]) / 4, self.word(3))
        elif self.word() in ("oh", "o"):
            if not self._number_word(1):
                return None
        elif self.word() in POINTS - {"spot"} and self._number_word(1):
            self.chunks = ["0"]
        while self._step():
            pass
        if (not self.chunks and not self.scaled) or self.i == self.first:
            return None
        return self._figure()

    def _counted_hundred(self) -> bool:
        """ "Hundred" begins a number after "the" and the like, or a sentence; not after "couple", "few"."""
        before = self.words[self.i - 1] if self.i else "."
        counts = self.word(1) in AFTER_HUNDRED or self._number_word(1)
        return before in HUNDREDS and counts

    def _part_of_a_million(self, tokens: int, value: Decimal, scale: str) -> Figure:
        """ "Half a million", "quarter of a million"."""
        last = self.first + tokens
        return Figure(self.first, last, (str(int(value)),), value, scaled=True, cardinal=True, scale_word=scale)

    def _number_word(self, ahead: int) -> bool:
        return is_number(self.word(ahead))

    def _step(self) -> bool:
        """Read one more piece; False at the end of the number."""
        word = self.word()
        if word in SCALES and self.chunks:
            return self._scale(word)
        if word == "hundred" and self.chunks and not self.hundreds and len(self.chunks) == 1 and not self.pointed:
            self.i += 1
            self.chunks = [str(int(self.chunks[0]) * 100)] if self.chunks[0].isdecimal() else self.chunks
            self.cardinal = self.hundreds = True
            return True
        if word == "hundred" and self._thousands():
            self.i += 1
            self.chunks = ["".join(self.chunks) + "00"]
            self.cardinal = self.hundreds = True
            return True
        if word in GLYPHS and self.chunks:
            self.fraction = Decimal(GLYPHS[word])
            self.i += 1
            return self.word() in SCALES
        if word == "and" and (self.chunks or self.scaled):
            return self._after_and()
        if word in POINTS and self.chunks and not self.pointed and self._number_word(1) and not self.fraction:
            self.i += 1
            return self._decimals()
        if word == "," and self.scaled and SCALES[self.scale_word] >= 1000 and self._lower_group_follows():
            self.i += 1
            return True
        if word in ("double", "triple") and self.word(1) in UNITS:
            self.chunks += [UNITS[self.word(1)]] * (2 if word == "double" else 3)
            self.i += 2
            return True
        return not self.fraction and self._group()

    def _thousands(self) -> bool:
        """ "Ten two hundred" is 10,200, as copper and indices are spoken of."""
        if len(self.chunks) != 2 or self.pointed or self.fraction or self.scaled:
            return False
        first, second = self.chunks
        return first.isdecimal() and len(first) <= 2 and first[0] >= "1" and len(second) == 1 and second in "123456789"

    def _group(self) -> bool:
        """One digit group: oh, seven, seventeen, seventy, seventy-seven, or a typed number."""
        word = self.word()
        if self._typed_fraction():
            return False
        if is_numeral(word):
            return self._numeral(word)
        if self.pointed and not self.scaled:
            return False
        group, length = spoken_group(self.words, self.i)
        if not length:
            return False
        if self.word(length) in FRACTIONS or (self.word(length) == "-" and self.word(length + 1) in FRACTIONS):
            # "seven eighths" after "and" is handled there; "two seventy-one three eighths" leaves the word out
            return bool(self.chunks) and self._after_and(without=True)
        if self.hundreds and group[0] != "0" and len(self.chunks) == 1:
            self.chunks[0] = str(int(self.chunks[0]) + int(group))
            self.hundreds = False
        else:
            self.chunks.append(group)
        self.i += length
        return True

    def _typed_fraction(self) -> bool:
        """ "4 3/8": the eighths of a typed number."""
        count, parts = self.word(), self.word(2)
        whole = self.typed and len(self.chunks) == 1 and not (self.pointed or self.cardinal) and len(self.chunks[0]) < 4
        if not whole or self.word(1) != "/" or parts not in ("2", "4", "8", "16", "32") or not count.isdecimal():
            return False
        if not 0 < int(count) < int(parts) or int(count) % 2 == 0:
            return False
        self.fraction = Decimal(count) / Decimal(parts)
        self.i += 3
        return True

    def _numeral(self, word: str) -> bool:
        if self.chunks and (self.scaled or self.pointed and not self.typed or "," in word or word.startswith(".")):
            return False
        if self.chunks and self.word(1)[:3] in MONTH_HEADS and self.word(1).isalpha():
            return False  # "1.19 10 sep"
        if self.chunks and (len(word) > 3 or self.word(1) in SCALES or self.word(1) in ("y", "yr", "w", "d", "/", ")")):
            return False  # the next number of a list, not more digits of this one
        if self.chunks and (self.word(1) in COUNTED or self.pointed and len(word) > 2):
            return False  # "441.25 / 441.50 300 up"
        self.typed = True
        if not self.chunks and word.isdecimal() and self.word(1) == "-" and _is_tick(word, self.word(2)):
            self.chunks = [word, self.word(2)]  # 98-12, a price in 32nds
            self.i += 3
            if self.word() in GLYPHS:
                self.fraction, self.i = Decimal(GLYPHS[self.word()]), self.i + 1
            return False
        if "." in word:
            if self.chunks:
                return False
            self.pointed = True
            tail = self.word(2)
            if self.word(1) == "-" and len(word.split(".")[1]) >= 3 and len(tail) == 1 and tail.isdecimal():
                word, self.i = word + tail, self.i + 2  # "0.801-4", as recognisers write the last digit
        self.cardinal = self.cardinal or "," in word
        self.chunks.append(word.replace(",", ""))
        self.i += 1
        return True

    def _decimals(self) -> bool:
        """The digits after a spoken point."""
        digits = ""
        while True:
            word = self.word()
            if word.isdecimal() and word.isascii():
                digits += word
                self.i += 1
                continue
            group, length = spoken_group(self.words, self.i)
            if not length:
                break
            digits += group
            self.i += length
        if not digits:
            return False
        self.chunks = ["".join(self.chunks) + "." + digits]
        self.pointed = True
        return True

    def _after_and(self, *, without: bool = False) -> bool:
        """ "and a half", "and three quarters", "and seven eighths", or the tail of a cardinal."""
        after = self.i + (not without)
        count, at = Decimal(1), after
        if self.word(1) in ("a", "an"):
            at = after + 1
        else:
            group, length = spoken_group(self.words, after)
            if length and group != "0":
                count, at = Decimal(group), after + length
        name = self.words[at] if at < len(self.words) else ""
        if name == "-":
            at += 1
            name = self.words[at] if at < len(self.words) else ""
        whole = not self.scaled or (self.chunks and self.scale_word == "thousand")
        if name in FRACTIONS and whole and count < FRACTIONS[name] and not self.pointed:
            self.fraction = count / FRACTIONS[name]
            self.i = at + 1
            return self.word() in SCALES
        if not without and (self.hundreds or self.scaled) and self._number_word(1):
            tail, length = spoken_group(self.words, after)
            if length and self.hundreds and self.words[after + length : after + length + 1] in (["hundred"],):
                return False
            short = SCALES.get(self.scale_word) == 1000 and tail != ""  # seven thousand and one
            if self.scaled and not self.hundreds and not short and not self._lower_group_follows():
                return False
            self.i += 1
            return bool(tail) or is_numeral(self.word())
        if not without and self._thirty_seconds_follow():
            self.i += 1
            return True
        return False

    def _thirty_seconds_follow(self) -> bool:
        """After the handle "ninety-nine" comes "and twenty-nine and a quarter": 32nds."""
        if self.pointed or self.scaled or self.cardinal or self.fraction or self.typed:
            return False
        group, length = spoken_group(self.words, self.i + 1)
        after = self.word(1 + length)
        return (
            bool(length)
            and after not in SCALES
            and after not in COUNTED
            and _is_tick("".join(self.chunks), group.zfill(2))
        )

    def _lower_group_follows(self) -> bool:
        """After "seventeen million," comes "five hundred and seventeen thousand": a smaller group with its own name."""
        figure = _Reader(self.words, self.i + 1).read()
        if figure is None or figure.pointed or figure.fraction or figure.first != self.i + 1:
            return False
        typed = is_numeral(self.word(1))
        return not typed and figure.cardinal and figure.value < SCALES[self.scale_word]

    def _scale(self, word: str) -> bool:
        scale = SCALES[word]
        if self.scaled and scale >= SCALES[self.scale_word]:
            return False
        follows_m = word in ("m", "k") and not self.typed
        if follows_m:
            return False
        value = self._open_value() * scale
        self.total += value
        self.chunks, self.fraction, self.pointed, self.hundreds = [], Decimal(0), False, False
        self.scaled = self.cardinal = True
        self.scale_word = word
        self.i += 1
        return self.word() in (",", "and") or (
            self._number_word(0) and not is_numeral(self.word()) and self._spoken_tail()
        )

    def _spoken_tail(self) -> bool:
        """ "six million sixty-seven thousand" goes on; "five million one sixteen" does not."""
        figure = _Reader(self.words, self.i).read()
        return figure is not None and figure.cardinal and figure.value < SCALES[self.scale_word]

    def _open_value(self) -> Decimal:
        if not self.chunks:
            return Decimal(0)
        return Decimal("".join(self.chunks)) + self.fraction if "".join(self.chunks).count(".") <= 1 else Decimal(0)

    def _figure(self) -> Figure:
        text = "".join(self.chunks)
        if self.scaled and self.chunks and self.fraction:
            value = self.total + self._open_value()
            return Figure(
                self.first, self.i, (format(value - self.fraction, "f"),), value, self.fraction, cardinal=True
            )
        if self.scaled and "." in text:  # "one thousand four hundred and eighteen point two": a price in full
            value = self.total + self._open_value()
            return Figure(self.first, self.i, (format(value, "f"),), value, pointed=True, cardinal=True)
        if self.scaled:
            value = self.total + self._open_value()
            return Figure(
                self.first,
                self.i,
                (format(value.normalize(), "f"),),
                value,
                scaled=True,
                cardinal=True,
                scale_word=self.scale_word,
            )
        value = Decimal(text) + self.fraction
        if self.pointed and len(self.chunks) == 1:
            return Figure(self.first, self.i, (text,), value, self.fraction, pointed=True, cardinal=self.cardinal)
        whole = self.cardinal and len(self.chunks) == 1  # "a hundred and one forty-four" is no 10144
        return Figure(
            self.first, self.i, tuple(self.chunks), value, self.fraction, pointed=self.pointed, cardinal=whole
        )


def _is_tick(handle: str, ticks: str) -> bool:
    return 70 <= int(handle) <= 140 and len(ticks) == 2 and ticks.isdecimal() and ticks.isascii() and int(ticks) < 32
