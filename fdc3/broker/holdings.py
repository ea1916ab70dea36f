"""What instances have of the broker: so much of each kind and no more, and nothing once they have gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from fdc3.broker.core import Instance
from fdc3.types.errors import Fdc3Error

T = TypeVar("T")


class Holdings(Generic[T]):
    """Things of one kind under their ids, by the instance that has them. No instance has more than ``most``."""

    def __init__(self, most: int, full: type[Fdc3Error]) -> None:
        self._most = most
        self._full = full
        self._of: dict[str, dict[str, T]] = {}

    def add(self, instance: Instance, key: str, thing: T) -> None:
        """Raises the error of this kind for one more than an instance may have."""
        held = self._of.setdefault(instance.id, {})
        if len(held) >= self._most and key not in held:
            raise self._full
        held[key] = thing

    def get(self, instance: Instance, key: str) -> T | None:
        """Only what this very instance has."""
        return self._of.get(instance.id, {}).get(key)

    def of(self, instance: Instance) -> tuple[T, ...]:
        return tuple(self._of.get(instance.id, {}).values())

    def remove(self, instance: Instance, key: str) -> None:
        held = self._of[instance.id]
        del held[key]
        if not held:
            del self._of[instance.id]

    def forget(self, instance: Instance) -> None:
        self._of.pop(instance.id, None)

    def __iter__(self) -> Iterator[T]:
        return (thing for held in self._of.values() for thing in held.values())
