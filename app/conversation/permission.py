"""Whether a call may be recorded at this moment: the line's policy, the client's consent, the trader's pause. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Policy = Literal["always", "consent", "never"]
"""``consent``: only once the client has agreed."""
Standing = Literal["recording", "paused", "waiting for consent", "not allowed"]
CONSENT = "call_recording"
"""The channel under which consent to recording stands among a contact's consents."""


class BadPolicy(ValueError):
    """A policy that there is not; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Policies:
    """What holds on every line, and on single ones."""

    general: Policy = "always"
    lines: Mapping[str, Policy] | None = None

    def of(self, line: str | None) -> Policy:
        return (self.lines or {}).get(line or "", self.general)

    @classmethod
    def read(cls, general: str, lines: Iterable[str]) -> Policies:
        """``lines`` as ``L3=consent``. Raises BadPolicy."""
        found = {}
        for each in lines:
            name, sign, policy = each.partition("=")
            if not sign or not name.strip():
                raise BadPolicy(f"{each!r} is no line with its policy, such as L3=consent.")
            found[name.strip()] = _policy(policy.strip())
        return cls(_policy(general), found)


@dataclass(frozen=True, slots=True)
class Permission:
    """Of one call. ``consent`` None: the client has said neither yes nor no."""

    policy: Policy = "always"
    consent: bool | None = None
    paused: bool = False

    @property
    def standing(self) -> Standing:
        if self.policy == "never" or (self.policy == "consent" and self.consent is False):
            return "not allowed"
        if self.policy == "consent" and self.consent is None:
            return "waiting for consent"
        return "paused" if self.paused else "recording"

    @property
    def reason(self) -> str:
        """Why nothing is recorded; empty while it is."""
        return {
            "recording": "",
            "paused": "The trader paused the recording.",
            "waiting for consent": "The client had not agreed to the recording yet.",
            "not allowed": "The client did not agree to the recording."
            if self.policy == "consent"
            else "Calls on this line are not recorded.",
        }[self.standing]


def _policy(text: str) -> Policy:
    for policy in get_args(Policy):
        if text == policy:
            return policy  # type: ignore[no-any-return]
    raise BadPolicy(f"Calls are recorded always, with consent, or never, not {text!r}.")
