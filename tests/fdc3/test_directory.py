from __future__ import annotations

from pathlib import Path

import msgspec
from broker_desk import record

from fdc3.directory import AppDirectory

GOOD = {"appId": "crm", "title": "CRM 360", "type": "other", "details": {}}


def test_one_record_a_list_and_an_app_directory_answer_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(msgspec.json.encode({**GOOD, "hostManifests": {"deskline": {"view": "x:y"}}}))
    (tmp_path / "b.json").write_bytes(msgspec.json.encode([{**GOOD, "appId": "b1"}, {**GOOD, "appId": "b2"}]))
    (tmp_path / "c.json").write_bytes(msgspec.json.encode({"applications": [{**GOOD, "appId": "c", "extra": 1}]}))
    (tmp_path / "notes.txt").write_text("not a record")
    directory = AppDirectory.load(tmp_path)
    assert [r.app_id for r in directory] == ["crm", "b1", "b2", "c"]
    assert directory.problems == []
    crm = directory.get("crm@desk.example")
    assert crm is not None
    assert crm.host_manifests == {"deskline": {"view": "x:y"}}


def test_bad_records_are_reported_one_by_one_and_the_good_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    mixed = [GOOD, {"appId": "no-title"}, 7, {**GOOD, "appId": ""}, {**GOOD, "type": "abacus", "appId": "x"}, GOOD]
    (tmp_path / "mixed.json").write_bytes(msgspec.json.encode(mixed))
    directory = AppDirectory.load(tmp_path, tmp_path / "missing.json")
    assert [r.app_id for r in directory] == ["crm"]
    reported = [(p.path.name, p.record) for p in directory.problems]
    assert reported == [
        ("bad.json", "the file"),
        ("mixed.json", "no-title"),
        ("mixed.json", "record 3"),
        ("mixed.json", ""),
        ("mixed.json", "x"),
        ("mixed.json", "crm"),
        ("missing.json", "the file"),
    ]
    assert "another record has the same appId" in str(directory.problems[5])


def test_handlers_are_found_by_intent_context_and_result() -> None:
    directory = AppDirectory(
        [
            record("crm", ViewProfile={"contexts": ["fdc3.contact"], "resultType": "fdc3.contact"}),
            record("pricing", ViewQuote={"contexts": [], "resultType": "channel<fdc3.valuation>"}),
        ]
    )

    def found(*question: str | None) -> list[str]:
        return [h.intent for h in directory.handlers(*question)]

    assert found("ViewProfile") == ["ViewProfile"]
    assert found("ViewProfile", "fdc3.order") == []
    assert found(None, "fdc3.contact") == ["ViewProfile", "ViewQuote"]
    assert found(None, None, "channel") == ["ViewQuote"]
    assert found(None, None, "channel<fdc3.order>") == []


def test_a_record_without_a_title_goes_by_its_name_or_id(tmp_path: Path) -> None:
    bare = {"appId": "crm", "type": "other", "details": {}}
    (tmp_path / "bare.json").write_bytes(msgspec.json.encode([bare, {**bare, "appId": "blotter", "name": "Blotter"}]))
    directory = AppDirectory.load(tmp_path / "bare.json")
    assert [record.title for record in directory] == ["crm", "Blotter"]
    assert directory.problems == []
