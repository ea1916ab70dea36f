from __future__ import annotations

import sys
from pathlib import Path

# Test modules are imported by path (importlib mode); this makes their shared pieces importable by name.
sys.path.insert(0, str(Path(__file__).parent))

from broker_desk import desk

__all__ = ["desk"]
