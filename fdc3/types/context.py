"""The context: a JSON object with a ``type``. Standard types get a class with names; unknown fields are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from fdc3.types.errors import MalformedContext

C = TypeVar("C", bound="Context")


class Context(dict[str, Any]):
    """Any FDC3 context. ``Context(type="deskline.call.event", event="held")`` or ``Context.parse(mapping)``.

    Subclasses of the standard types have keyword constructors and properties, and stay plain JSON objects: what the
    class does not name is kept and sent on. Arguments that are None are left out.
    """

    TYPE: ClassVar[str] = ""
    _classes: ClassVar[dict[str, type[Context]]] = {}

    def __init_subclass__(cls, type: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TYPE = type
        if type:
            Context._classes[type] = cls

    def __init__(self, mapping: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
        super().__init__()
        if self.TYPE:
            self["type"] = self.TYPE
        self.update(mapping or {})
        self.update((key, value) for key, value in fields.items() if value is not None)
        if not isinstance(self.get("type"), str) or not self["type"]:
            raise MalformedContext("a context needs a type")

    @staticmethod
    def parse(value: Mapping[str, Any]) -> Context:
        """The context in a JSON object, as the class of its type if that is standard. Raises ``MalformedContext``."""
        # The type first: checking for an abstract Mapping is slow, and nearly everything is a dict.
        kind = value.get("type") if type(value) is dict or isinstance(value, Mapping) else None
        if not isinstance(kind, str) or not kind:
            raise MalformedContext("a context needs a type")
        cls = Context._classes.get(kind, Context)
        context = cls.__new__(cls)
        context.update(value)
        return context

    @staticmethod
    def decode(raw: bytes | msgspec.Raw) -> Context:
        """The context in JSON bytes. Raises ``MalformedContext``."""
        try:
            value = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as reason:
            raise MalformedContext(str(reason)) from None
        if not isinstance(value, dict):
            raise MalformedContext("a context is a JSON object")
        return Context.parse(value)

    def encode(self) -> msgspec.Raw:
        """The context as JSON bytes for a message. Raises ``MalformedContext`` if it holds what JSON cannot."""
        kind, name, id = self.get("type"), self.get("name"), self.get("id")
        if not (isinstance(kind, str) and kind and isinstance(name, str | None) and isinstance(id, dict | None)):
            raise MalformedContext("a context needs a type; its name is a text and its id an object")
        try:
            return msgspec.Raw(msgspec.json.encode(self))
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as reason:
            raise MalformedContext(str(reason)) from None

    @property
    def type(self) -> str:
        value: str = self["type"]
        return value

    @property
    def name(self) -> str | None:
        return self._text("name")

    @property
    def id(self) -> dict[str, str]:
        """The identifiers by scheme (``{"ISIN": ...}``); empty if there are none."""
        value = self.get("id")
        return dict(value) if isinstance(value, dict) else {}

    def __repr__(self) -> str:
        # Contexts carry clients' names and numbers; a log or traceback may show only what kind it was.
        return f"<{type(self).__name__} {self.get('type')}>"

    def _text(self, key: str) -> str | None:
        value = self.get(key)
        return value if isinstance(value, str) else None

    def _number(self, key: str) -> float | None:
        value = self.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def part(whole: Context, key: str, cls: type[C]) -> C | None:
    """A context inside another, or None if it is absent or of another type."""
    value = whole.get(key)
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return None
    found = Context.parse(value)
    return found if isinstance(found, cls) else None


def parts(whole: Context, key: str, cls: type[C]) -> list[C]:
    """The contexts in a list inside another; entries of other types are passed over."""
    values = whole.get(key)
    if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
        return []
    parsed = (Context.parse(v) for v in values if isinstance(v, Mapping) and isinstance(v.get("type"), str))
    return [found for found in parsed if isinstance(found, cls)]
