"""What an App Directory record says to this host, under ``hostManifests.deskline``; and where records come from."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from fdc3.directory import AppDirectory, AppRecord

PLUGINS = Path(__file__).parents[2] / "plugins"
ENTRY_POINTS = "deskline.apps"


class Dock(msgspec.Struct, frozen=True):
    """The panel's place in the default workspace."""

    area: str = "followups"
    title: str = ""
    icon: str = "window"
    order: int = 0


class Service(msgspec.Struct, frozen=True, rename="camel"):
    """A program on loopback that the desk starts for an app: a module, and the variables that tell where it is."""

    module: str
    token_variable: str
    url_variable: str


class Manifest(msgspec.Struct, frozen=True):
    """Entry points as ``module:function``, for apps that run inside the desk. ``needs`` names a service's record.

    Of web apps: ``preload`` puts ``window.fdc3`` into their pages, ``joins`` puts them on the desk's user channel.
    """

    app: str | None = None
    view: str | None = None
    dock: Dock | None = None
    needs: str | None = None
    service: Service | None = None
    start: Literal["with-desk", "by-desk", "on-demand"] = "on-demand"
    preload: bool = False
    joins: bool = True


class BadManifest(ValueError):
    """The record's ``hostManifests.deskline`` cannot be used."""


def manifest_of(record: AppRecord) -> Manifest:
    try:
        return msgspec.convert(record.host_manifests.get("deskline") or {}, Manifest)
    except msgspec.ValidationError as error:
        raise BadManifest(f"{record.app_id}: hostManifests.deskline: {error}") from error


def runs_inside(apps: AppDirectory, app_id: str) -> bool:
    """Whether this is an app of the desk itself, which has one panel and runs once."""
    record = apps.get(app_id)
    try:
        return record is not None and manifest_of(record).app is not None
    except BadManifest:
        return False


def entry(reference: str) -> Callable[..., Any]:
    """The function that ``module:function`` names."""
    module, _, name = reference.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def directory(folders: Iterable[str]) -> AppDirectory:
    """Our own plugins, those of installed packages, and the user's folders, in this order."""
    paths = [Path(__file__).with_name("desk.json"), *sorted(PLUGINS.glob("*/*.json"))]
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        paths.append(Path(str(point.load())))
    paths += [Path(folder).expanduser() for folder in folders]
    return AppDirectory.load(*paths)
