"""Speech models that a firm added: each in a folder of its own, with the hashes its files had when it came."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

MANIFEST = "sha256.json"
NEEDED = ("model.bin", "config.json")


class LibraryError(RuntimeError):
    """A model cannot be added or is not what it was; the message says what to do."""


def library_folder() -> Path:
    return Path(platformdirs.user_data_dir("deskline")) / "models"


def names(library: Path) -> list[str]:
    """The models that were added, by name."""
    return sorted(path.parent.name for path in library.glob(f"*/{MANIFEST}"))


def find(name: str, library: Path) -> Path | None:
    """The folder of an added model."""
    if not re.fullmatch(r"[\w.-]+", name):
        return None
    folder = library / name
    return folder if (folder / MANIFEST).is_file() else None


def add(name: str, library: Path, fetch: Callable[[Path], object]) -> Path:
    """Adds a model: ``fetch`` puts its files into the folder that it is given. It is there whole or not at all.

    Raises :class:`LibraryError` for a bad name, one that is taken, or files that are no CTranslate2 whisper model.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise LibraryError(f"A model's name has letters, digits, dots and dashes only, not {name!r}.")
    folder = library / name
    if folder.exists():
        raise LibraryError(f"There is a model {name} already, in {folder}. Choose another name.")
    library.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=library))
    try:
        fetch(made)
        missing = [needed for needed in NEEDED if not (made / needed).is_file()]
        if missing:
            raise LibraryError(f"This is no CTranslate2 whisper model: {' and '.join(missing)} missing.")
        hashes = {path.name: _hash(path) for path in sorted(made.iterdir()) if path.is_file()}
        (made / MANIFEST).write_text(json.dumps(hashes, indent=1), encoding="utf-8")
        made.rename(folder)
    except OSError as error:
        raise LibraryError(f"The model {name} cannot be stored in {library}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def copied(source: Path) -> Callable[[Path], object]:
    """For ``add``: the files of a folder."""

    def fetch(target: Path) -> None:
        if not source.is_dir():
            raise LibraryError(f"There is no folder {source}.")
        for path in source.iterdir():
            if path.is_file():
                shutil.copyfile(path, target / path.name)

    return fetch


def downloaded(repository: str) -> Callable[[Path], object]:
    """For ``add``: a repository of the model hub, as "owner/name" or "owner/name@revision"."""

    def fetch(target: Path) -> None:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        name, _, revision = repository.partition("@")
        try:
            snapshot_download(
                name,
                revision=revision or None,
                local_dir=target,
                allow_patterns=[
                    "model.bin",
                    "config.json",
                    "tokenizer.json",
                    "vocabulary.*",
                    "preprocessor_config.json",
                ],
            )
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            raise LibraryError(
                f"{repository} could not be fetched from the hub ({type(error).__name__}). Without a network, fetch it "
                "elsewhere and install it with --folder."
            ) from error

    return fetch


def changed(folder: Path) -> list[str]:
    """Names of files that are not as they were added."""
    try:
        hashes = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return [name for name, known in hashes.items() if not _same(folder / name, known)]
    except (OSError, ValueError, AttributeError):
        return [MANIFEST]


def _same(path: Path, known: str) -> bool:
    return path.is_file() and _hash(path) == known


def _hash(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
