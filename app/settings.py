"""Settings: one typed place. Later sources win: defaults, the settings file, the environment, the command line."""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from app.conversation.permission import BadPolicy, Policies
from app.sync.address import BadServerAddress, server_address
from fdc3.directory.addresses import BadAddress, DirectoryAddress
from nlp.summary.local_model import BadModelAddress, LocalModel

PREFIX = "DESKLINE_"


class SettingsError(ValueError):
    """A setting has an unknown name or an unusable value; the message names it and its source."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings. In the environment a name is ``DESKLINE_`` and the name in capitals."""

    desk: str = "main"
    """Name of the desk: each has its own folder with database and recordings."""
    data_folder: str = ""
    """Where desks are kept; empty: the platform's folder for application data."""
    demo_data: bool = False
    """Fill a new, empty desk with invented customers and two years of business."""
    channel: str = "fdc3.channel.6"
    """The user channel that the desk's panels share."""
    speech_model: str = "tiny.en"
    """tiny.en, base, or a folder that holds a CTranslate2 whisper model."""
    rewording: str = "off"
    """A language model on this computer that rewords summaries: off, or its address (http://127.0.0.1:8080)."""
    rewording_model: str = ""
    """The model's name there, such as qwen2.5:7b; empty: the one that is loaded."""
    microphone: str = ""
    """A sound file (wav, 16 bit) that is heard in place of a microphone, for trials; empty: the system's microphone."""
    call_microphone: str = ""
    """Name of the trader's microphone in calls through this computer, or a part of it; empty: the system's."""
    far_end: str = ""
    """Name of the input that carries what this computer plays, or a part of it; empty: the microphone hears all."""
    recording: str = "always"
    """Calls are recorded always, with the client's consent (consent), or never."""
    line_recording: list[str] = []
    """Lines on which another rule holds, such as L3=consent."""
    app_folders: list[str] = []
    """Folders with App Directory records of further FDC3 apps."""
    turret: bool = True
    """Start the simulated turret."""
    chat: bool = True
    """Start the simulated chat service."""
    app_directories: list[str] = []
    """Addresses of app directories (FDC3 App Directory v2), https:// or on this machine; kept for times offline."""
    unknown_apps: str = "refuse"
    """Web apps that are in no directory, when they want to join: refuse, or ask the trader for each site."""
    bridge: str = "off"
    """Connect with other FDC3 desktop agents: off, on (looks for a bridge), or the bridge's address (ws://127.0.0.1:...)."""
    bridge_keys: str = ""
    """Key file of the bridge, if it asks for one."""
    server: str = ""
    """Address of the central server, such as https://deskline.example.com:8455; empty: the one it was connected to."""
    price_updates: int = 1000
    """Updates a second of the simulated price feed."""
    font_scale: float = 1.0
    """Size of all text, 0.8 to 1.6."""
    log_level: str = "INFO"
    """How much is logged: DEBUG, INFO, WARNING or ERROR."""

    @property
    def desk_folder(self) -> Path:
        """Database, recordings and key file of this desk."""
        return self.root / self.desk

    @property
    def language_model(self) -> LocalModel | None:
        """What rewords summaries; None where that is off."""
        return None if self.rewording == "off" else LocalModel.parse(self.rewording, self.rewording_model)

    @property
    def root(self) -> Path:
        return Path(self.data_folder).expanduser() if self.data_folder else Path(platformdirs.user_data_dir("deskline"))

    @property
    def state_folder(self) -> Path:
        """Lock, socket and crash files of this desk: nothing that needs a backup."""
        if self.data_folder:
            return self.desk_folder / "state"
        return Path(platformdirs.user_state_dir("deskline")) / self.desk


def descriptions() -> dict[str, str]:
    """What each setting is, in the words that stand under it above."""
    try:
        tree = ast.parse(inspect.getsource(Settings))
    except (OSError, TypeError):  # packed without sources
        return {}
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    found = {}
    for field, words in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(words, ast.Expr):
            found[field.target.id] = str(ast.literal_eval(words.value))
    return found


def settings_file() -> Path:
    return Path(platformdirs.user_config_dir("deskline")) / "deskline.toml"


def load(
    file: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Reads the settings; raises ``SettingsError`` with a sentence on the first unusable one."""
    path = file or settings_file()
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values.update(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path} is not a valid TOML file: {error}") from error
        _check(values, str(path))
    known = {field.name for field in msgspec.structs.fields(Settings)}
    for name in sorted(known):
        if (text := environment.get(PREFIX + name.upper())) is not None:
            values[name] = _listed(name, text)
            _check({name: values[name]}, f"the environment variable {PREFIX}{name.upper()}")
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    _check(given, "the command line")
    return msgspec.convert(values | given, Settings, strict=False)


def _listed(name: str, text: str) -> str | list[str]:
    """A variable's text; folders are parted as in PATH, addresses by blanks, lines by commas."""
    if name == "app_directories":
        return text.split()
    if name == "line_recording":
        return [each.strip() for each in text.split(",") if each.strip()]
    return text.split(os.pathsep) if name == "app_folders" else text


def _check(values: Mapping[str, Any], source: str) -> None:
    try:
        settings = msgspec.convert(dict(values), Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{source}: {error}") from error
    if not settings.desk or set(settings.desk) & set('/\\:*?"<>|') or settings.desk.startswith("."):
        raise SettingsError(f"{source}: a desk's name must be usable as a folder name, not {settings.desk!r}")
    if settings.bridge not in ("off", "on") and not settings.bridge.startswith(("ws://127.0.0.1:", "ws://localhost:")):
        raise SettingsError(f"{source}: bridge must be off, on or the address of a bridge on this machine")
    if settings.server:
        try:
            server_address(settings.server)
        except BadServerAddress as error:
            raise SettingsError(f"{source}: server: {error}") from None
    if settings.unknown_apps not in ("refuse", "ask"):
        raise SettingsError(f"{source}: unknown_apps must be refuse or ask")
    try:
        Policies.read(settings.recording, settings.line_recording)
    except BadPolicy as error:
        raise SettingsError(f"{source}: {error}") from None
    try:
        _ = settings.language_model
    except BadModelAddress as error:
        raise SettingsError(f"{source}: rewording: {error}") from None
    for address in settings.app_directories:
        try:
            DirectoryAddress.parse(address)
        except BadAddress as error:
            raise SettingsError(f"{source}: app_directories: {error}") from None
    if not 0.8 <= settings.font_scale <= 1.6:
        raise SettingsError(f"{source}: font_scale must lie between 0.8 and 1.6")
