"""``deskline directory-token``: keeps an app directory's bearer token in the system's keyring."""

from __future__ import annotations

import getpass
import sys

from app.access.keys import Keyring, KeyUnavailable, find_backend
from app.desk.directories import token_name
from fdc3.directory.addresses import BadAddress, DirectoryAddress


def run(url: str) -> int:
    try:
        address = DirectoryAddress.parse(url)
        backend = find_backend()
        if backend is None:
            raise KeyUnavailable("No keyring was found. Install and unlock a Secret Service (Debian: gnome-keyring).")
        ring = Keyring(backend)
        asking = f"Token for {address.host}: "
        given = (getpass.getpass(asking) if sys.stdin.isatty() else sys.stdin.readline()).strip()
        if not given or not given.isascii() or not given.isprintable():
            raise KeyUnavailable("A token is one line of plain characters. Nothing was kept.")
        ring.set(token_name(address), given)
    except (BadAddress, KeyUnavailable) as reason:
        print(f"deskline directory-token: {reason}", file=sys.stderr)
        return 1
    print(f"Kept. It is sent to {address.host} alone.")
    return 0
