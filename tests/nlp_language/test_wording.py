"""The desk's own wording: texts change, numbers do not, and a mistake is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desk.wording import own_wording
from app.services import Notice
from nlp.dialogue_file import load as load_dialogue
from nlp.language import analyse
from nlp.language.model import Reference
from nlp.summary import summarise
from nlp.summary.templates import Wording, WordingError, built_in, load

DEMO = Path(__file__).parents[2] / "resources" / "demo"


def desk_file(folder: Path, text: str) -> Path:
    path = folder / "wording.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def summary(wording: Wording | None = None, name: str = "call") -> str:
    dialogue = load_dialogue(DEMO / f"{name}.yaml")
    return summarise(dialogue, analyse(dialogue, Reference()), wording)


def test_a_desk_changes_single_texts_and_keeps_the_others(tmp_path: Path) -> None:
    own = """
        # Ours: short, and the client first.
        opening: "{organization} ({contact}): {trader}{about}."
        deal: "{verb} {what} @ {level}"   # no value date
        nothing_dealt: ""
    """
    text = summary(load(desk_file(tmp_path, own)))
    assert text.startswith(
        "Tolland Castings plc (Gareth Pemberly): Hannah Osgood about EURUSD. The client bought EUR 15"
    )
    assert "@ 1.1678" in text
    assert "value" not in text
    assert summary() == summary(built_in())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deal: ok\nfancy: text", "wording.yaml, line 2: there is no text called fancy."),
        ("\n\ndeal: '{verb} {prize}'", "wording.yaml, line 3: deal has no {prize}. It may use {clean}, {level},"),
        ("deal: '{verb} 100 percent'", "wording.yaml, line 1: deal has a number of its own."),
        ("bought: 'took ½ of'", "wording.yaml, line 1: bought has a number of its own."),
        ("deal: '{verb'", "wording.yaml, line 1: a brace is not closed or not opened."),
        ("deal: '{verb.__class__}'", "wording.yaml, line 1: deal has no {verb.__class__}."),
        ("deal: '{verb!r}'", "wording.yaml, line 1: write {verb} alone, without a format."),
        ("deal: '{verb:>99}'", "wording.yaml, line 1: write {verb} alone, without a format."),
        ("deal: a\ndeal: b", "wording.yaml, line 2: deal stands here a second time."),
        ("deal: [a, b]", 'wording.yaml, line 1: write one text a line, as name: "text".'),
        ("- deal", 'wording.yaml, line 1: write one text a line, as name: "text".'),
        ("deal: 'a\nb: c", "wording.yaml, line "),
        ("deal: a\n  b: c", "wording.yaml, line 2: "),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(WordingError) as error:
        load(desk_file(tmp_path, text))
    assert str(error.value).startswith(expected)


def test_a_desk_whose_wording_is_wrong_is_told_and_works_with_the_built_in(tmp_path: Path) -> None:
    told: list[Notice] = []
    assert own_wording(tmp_path, told.append) is None
    assert not told
    good = desk_file(tmp_path, "bought: took")
    assert own_wording(tmp_path, told.append) == good
    desk_file(tmp_path, "bought: took 5")
    assert own_wording(tmp_path, told.append) is None
    assert told[0].text.startswith("Reports are worded as usual: wording.yaml, line 1: bought has a number")
    (tmp_path / "wording.yaml").write_bytes(b"bought: ok\nsold: \xff")
    assert own_wording(tmp_path, told.append) is None
    assert "line 2: this is not UTF-8" in told[1].text


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, rubbish: bytes) -> None:
    path = tmp_path_factory.mktemp("wording") / "wording.yaml"
    path.write_bytes(rubbish)
    said = "wording.yaml"
    try:
        load(path)
    except WordingError as error:
        said = str(error)
    assert said.startswith("wording.yaml")


NAMES = sorted(built_in().texts)


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "so it was", "well "]), max_size=8))
def test_whatever_a_desk_writes_no_number_is_added(own: dict[str, str]) -> None:
    before = re.findall(r"\d+", summary())
    found = re.findall(r"\d+", summary(Wording({**built_in().texts, **own})))
    assert set(found) <= set(before)
