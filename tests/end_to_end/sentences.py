"""What a message to a trader has to be."""

from __future__ import annotations

import re

_MACHINE = re.compile(r"Traceback|Errno|errno|0x[0-9a-f]|\b\w+(Error|Exception)\b|None\b|[{}<>]")


def is_a_sentence(text: str) -> bool:
    """Begins and ends like sentences do, has words, and nothing of what only a programmer reads."""
    return text[:1].strip() != "" and text.endswith(".") and len(text.split()) >= 5 and not _MACHINE.search(text)
