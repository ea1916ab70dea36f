"""The texts of a summary as data: the built-in ones, and a desk's own file that changes some of them.

The built-in file is the measure: a desk's text may use the values that the built-in one uses, and has no number of its
own, so that every number in a report comes from a fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Formatter

import yaml

LARGEST = 64_000


class WordingError(ValueError):
    """A desk's wording cannot be used; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Texts by name, each with ``{values}`` to be filled in."""

    texts: Mapping[str, str]

    def say(self, name: str, **values: str) -> str:
        return self.texts[name].format_map(values)


@lru_cache(maxsize=1)
def built_in() -> Wording:
    return Wording(_pairs((files("resources.wording") / "report.yaml").read_text(encoding="utf-8"), "report.yaml"))


def load(path: Path) -> Wording:
    """The built-in texts with those of a desk's file in their place. Raises WordingError."""
    try:
        text = path.read_bytes()[: LARGEST + 1].decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise WordingError(f"{path.name}, line {line}: this is not UTF-8 text.") from error
    except OSError as error:
        raise WordingError(f"{path.name} cannot be read: {error.strerror}.") from error
    if len(text) > LARGEST:
        raise WordingError(f"{path.name} is larger than any wording.")
    return Wording({**built_in().texts, **_pairs(text, path.name, built_in())})


def _pairs(text: str, source: str, known: Wording | None = None) -> dict[str, str]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WordingError(f"{source}, line {line}: {error.problem or 'this is not YAML'}.") from error
    except yaml.YAMLError as error:
        raise WordingError(f"{source}: this is not YAML ({error}).") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise WordingError(f'{source}, line {root.start_mark.line + 1}: write one text a line, as name: "text".')
    found: dict[str, str] = {}
    for name_node, text_node in root.value:
        place = f"{source}, line {name_node.start_mark.line + 1}"
        if not (isinstance(name_node, yaml.ScalarNode) and isinstance(text_node, yaml.ScalarNode)):
            raise WordingError(f'{place}: write one text a line, as name: "text".')
        name = name_node.value
        if name in found:
            raise WordingError(f"{place}: {name} stands here a second time.")
        found[name] = text_node.value
        _check(name, text_node.value, place, known)
    return found


def _check(name: str, text: str, place: str, known: Wording | None) -> None:
    slots, plain = _slots(text, place)
    if known is None:
        return
    if name not in known.texts:
        raise WordingError(f"{place}: there is no text called {name}. The names are in resources/wording/report.yaml.")
    allowed = _slots(known.texts[name], place)[0]
    if strange := sorted(slots - allowed):
        has = ", ".join(f"{{{each}}}" for each in sorted(allowed)) or "no values"
        raise WordingError(f"{place}: {name} has no {{{strange[0]}}}. It may use {has}.")
    if any(character.isnumeric() for character in plain):
        raise WordingError(f"{place}: {name} has a number of its own. Numbers come from what was said.")


def _slots(text: str, place: str) -> tuple[set[str], str]:
    """The values that a text uses, and what stands around them."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise WordingError(f"{place}: a brace is not closed or not opened. Write {{{{ for a brace itself.") from error
    for _, slot, form, conversion in parts:
        if form or conversion:
            raise WordingError(f"{place}: write {{{slot}}} alone, without a format.")
    return {slot for _, slot, _, _ in parts if slot is not None}, "".join(literal for literal, *_ in parts)
