"""Whether a call may be recorded, from the line's policy, the client's consent and the trader's pause."""

from __future__ import annotations

import pytest

from app.conversation.permission import BadPolicy, Permission, Policies, Policy, Standing


@pytest.mark.parametrize(
    ("policy", "consent", "paused", "standing"),
    [
        ("always", None, False, "recording"),
        ("always", False, False, "recording"),
        ("always", None, True, "paused"),
        ("consent", None, False, "waiting for consent"),
        ("consent", None, True, "waiting for consent"),
        ("consent", True, False, "recording"),
        ("consent", True, True, "paused"),
        ("consent", False, False, "not allowed"),
        ("never", True, False, "not allowed"),
    ],
)
def test_what_is_allowed(policy: Policy, consent: bool | None, paused: bool, standing: Standing) -> None:
    found = Permission(policy, consent, paused)
    assert found.standing == standing
    assert bool(found.reason) == (standing != "recording")


def test_a_line_may_have_a_policy_of_its_own() -> None:
    policies = Policies.read("always", ["L3=consent", " L4 = never "])
    assert [policies.of(line) for line in ("L1", "L3", "L4", None)] == ["always", "consent", "never", "always"]


@pytest.mark.parametrize(("general", "lines"), [("sometimes", []), ("always", ["L3"]), ("always", ["L3=maybe"])])
def test_a_policy_that_there_is_not_is_refused(general: str, lines: list[str]) -> None:
    with pytest.raises(BadPolicy):
        Policies.read(general, lines)
