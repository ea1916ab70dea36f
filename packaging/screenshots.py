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
DEMO = ROOT / "resources" / "demo"
# What is played, how much faster than life, and the stages that are kept, by the name of their picture.
SCENES = (
    (
        "--call",
        "call.wav",
        "1",
        {
            "live-transcript": "live-transcript",
            "call-report-refined": "call-report",
            "call-report-evidence": "report-evidence",
            "call-dictation": "dictation",
            "call-playback": "playback",
        },
    ),
    (
        "--chat",
        "chat.yaml",
        "12",
        {"chat-analysis": "chat", "live-ticket": "live-ticket"},
    ),
    ("--chat", "unclear.yaml", "10", {"chat-report-refined": "report-question"}),
)


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for option, file, speed, kept in SCENES:
        wanted = dict(kept)
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "app", "demo", "--offscreen", option, str(DEMO / file)]
            command += ["--speed", speed, "--out", folder]
            if subprocess.run(command, cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=False).returncode:
                return 1
            for picture in sorted(Path(folder).glob("*.png")):
                if (name := wanted.pop(picture.stem.split("-", 1)[1], None)) is not None:
                    shutil.copyfile(picture, IMAGES / f"{name}.png")
                    sys.stdout.write(f"docs/images/{name}.png\n")
        if wanted:
            sys.stderr.write(f"the demo came to its end without {', '.join(wanted)}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
