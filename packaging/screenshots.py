"""Makes the pictures of the README: plays the demo offscreen and keeps some of its stages.

python packaging/screenshots.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
KEPT = {"call-report-refined": "call-report", "deal-registered": "deal", "chat-analysis": "chat"}


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    wanted = dict(KEPT)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "demo", "--offscreen", "--speed", "3", "--out", folder]
        if subprocess.run(command, cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False).returncode:
            return 1
        for picture in sorted(Path(folder).glob("*.png")):
            name = picture.stem.split("-", 1)[1]
            if (kept := wanted.pop(name, None)) is not None:
                shutil.copyfile(picture, IMAGES / f"{kept}.png")
                sys.stdout.write(f"docs/images/{kept}.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
