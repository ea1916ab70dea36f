"""``python -m tests.simulation SEED [SEED]``: plays one seed, or all from the first to before the second."""

from __future__ import annotations

import sys
import time
import traceback

from tests.simulation.scenario import play

first = int(sys.argv[1])
last = int(sys.argv[2]) if len(sys.argv) > 2 else first + 1
began, broken = time.perf_counter(), 0
for seed in range(first, last):
    try:
        play(seed)
    except Exception:
        broken += 1
        print(f"Seed {seed}:")
        traceback.print_exc(limit=None if last - first == 1 else -1)
print(f"{last - first} seeds, {broken} broken, {time.perf_counter() - began:.1f} s")
sys.exit(broken > 0)
