"""The data files of the market's words say what they seem to say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = sorted((Path(__file__).parents[2] / "resources" / "vocabulary").glob("*.yaml"))


def _lists(data: Any, place: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _lists(value, f"{place}.{key}")
    elif isinstance(data, list):
        yield place, data
        for value in data:
            yield from _lists(value, place)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_word_that_yaml_takes_for_a_truth_value_is_quoted(file: Path) -> None:
    found = {
        place: [word for word in words if word is None or isinstance(word, bool)]
        for place, words in _lists(yaml.safe_load(file.read_text(encoding="utf-8")), file.stem)
    }
    assert not {place: words for place, words in found.items() if words}
