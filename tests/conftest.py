"""Fixtures of all rooms: no test leaks a thread, and Qt never needs a screen."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("LC_ALL", "C.UTF-8")
# A test must never reach the keyring or the desk of whoever runs it.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

SEED = int(os.environ.get("DESKLINE_TEST_SEED", "20261121"))
# A machine that is busy with something else draws slowly: that says nothing of the code. What is drawn is the same each
# time, so that a failure comes of a change; `--hypothesis-profile search` draws anew, and more.
settings.register_profile("deskline", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("deskline"), derandomize=False, max_examples=1000)
settings.load_profile("deskline")
# Threads of libraries that live as long as the process.
LASTING = ("pytest_timeout", "asyncio_", "tqdm", "QThread", "Dummy-")


def pytest_report_header() -> str:
    return f"seed: {SEED} (DESKLINE_TEST_SEED)"


@pytest.fixture
def rng() -> random.Random:
    """A seeded source of randomness; the seed stands in the report's header."""
    return random.Random(SEED)


@pytest.fixture(autouse=True)
def no_leaked_thread() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    leaked = []
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith(LASTING):
            continue
        thread.join(timeout=5)
        if thread.is_alive():
            leaked.append(thread.name)
    assert not leaked, f"threads left running: {leaked}"
