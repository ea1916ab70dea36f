"""Asks for the desk's passphrase on the terminal."""

from __future__ import annotations

import getpass
import sys

from app.access.keys import PASSPHRASE_VARIABLE, KeyUnavailable


def ask(prompt: str) -> str:
    """The passphrase as typed; raises ``KeyUnavailable`` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise KeyUnavailable(f"The desk's passphrase is needed: run this in a terminal, or set {PASSPHRASE_VARIABLE}.")
    return getpass.getpass(f"{prompt} ")
