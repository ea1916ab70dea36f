"""Asks for the desk's passphrase on the terminal."""

from __future__ import annotations

import getpass
import sys


def ask(prompt: str) -> str | None:
    """The passphrase, or None where nobody can be asked."""
    return getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else None
