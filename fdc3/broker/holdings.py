"""What instances have of the broker: so much of each kind and no more, and nothing once they have gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

from fdc3.broker.core import Instance
from fdc3.types.errors import Fdc3Error

T = TypeVar("T")


class Holdings(Generic[T]):
    """Things of one kind under their ids, by the instance that has them. No holder has more than ``most``."""

    def __init__(self, most: int, full: type[Fdc3Error]) -> None:
        self._most = most
        self._full = full
        self._of: dict[str, dict[str, T]] = {}
        self._count: Counter[str] = Counter()
        """By holder."""

    def add(self, instance: Instance, key: str, thing: T) -> None:
        """Raises the error of this kind for one more than a holder may have."""
        if self.get(instance, key) is None:
            if self._count[instance.holder] >= self._most:
                raise self._full
            self._count[instance.holder] += 1
        self._of.setdefault(instance.id, {})[key] = thing

    def get(self, instance: Instance, key: str) -> T | None:
        """Only what this very instance has."""
        return self._of.get(instance.id, {}).get(key)

    def of(self, instance: Instance) -> tuple[T, ...]:
        return tuple(self._of.get(instance.id, {}).values())

    def remove(self, instance: Instance, key: str) -> None:
        held = self._of[instance.id]
        del held[key]
        self._give_back(instance, 1)
        if not held:
            del self._of[instance.id]

    def forget(self, instance: Instance) -> None:
        self._give_back(instance, len(self._of.pop(instance.id, {})))

    def _give_back(self, instance: Instance, things: int) -> None:
        self._count[instance.holder] -= things
        if not self._count[instance.holder]:
            del self._count[instance.holder]

    def __iter__(self) -> Iterator[T]:
        return (thing for held in self._of.values() for thing in held.values())
