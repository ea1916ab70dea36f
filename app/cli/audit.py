"""``deskline audit verify``: was any logged change altered or removed?"""

from __future__ import annotations

import sys

from app.settings import Settings


def run(settings: Settings) -> int:
    """Exit status 0 only where every entry, and every record against its last entry, is intact."""
    from app.access.keys import KeyUnavailable, WrongPassphrase, obtain_key
    from app.cli.passphrase import ask
    from app.records.audit import verify
    from app.records.errors import StoreError
    from app.records.store import Records

    folder = settings.desk_folder
    if not (folder / "deskline.db").exists():
        print(f"deskline audit: there is no desk in {folder}; choose one with --desk", file=sys.stderr)
        return 1
    try:
        records = Records.open(folder, obtain_key(folder, ask=ask, new_allowed=False))
    except (KeyUnavailable, WrongPassphrase, StoreError) as error:
        print(f"deskline audit: {error}", file=sys.stderr)
        return 1
    try:
        result = verify(records)
    finally:
        records.close()
    for problem in result.problems:
        print(f"PROBLEM  {problem}")
    state = "intact" if result.ok else f"{len(result.problems)} problems"
    print(f"{result.entries} entries of the change log checked: {state}")
    return 0 if result.ok else 1
