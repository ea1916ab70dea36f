"""What the desk has to hand on: complaints about its service, and due diligence on the client (KYC)."""

from __future__ import annotations

from nlp.language.complaints import complaints
from nlp.language.frames import Frame
from nlp.language.kyc import kyc
from nlp.language.model import Matter, Turn


def matters(turns: tuple[Turn, ...], frames: list[Frame]) -> tuple[Matter, ...]:
    """One for each thing, in the order in which they came up."""
    found = [*complaints(turns, frames), *kyc(turns, frames)]
    return tuple(sorted(found, key=lambda matter: matter.evidence))
