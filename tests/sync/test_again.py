"""What a restored server refused for coming early is made again when all that it is about is as it found it."""

from __future__ import annotations

from typing import Any

import pytest

from app.sync.again import as_found


@pytest.mark.parametrize(
    ("op", "row", "found"),
    [
        ("update", {"limit": "1000", "used": "560"}, True),
        ("update", {"limit": "1000", "used": "900"}, True),  # others used it too
        ("update", {"limit": "1000", "used": "0"}, False),  # the deal is here, what it took of the line is not yet
        ("update", {"limit": "500", "used": "560"}, False),
        ("update", None, False),
        ("insert", None, True),
        ("insert", {"limit": "1000", "used": "560"}, False),
    ],
)
def test_a_change_finds_its_record_as_it_was(op: str, row: dict[str, Any] | None, found: bool) -> None:
    before, after = {"limit": "1000", "used": "560"}, {"limit": "1000", "used": "0"}
    assert as_found("credit_line", op, before, after, row) is found
