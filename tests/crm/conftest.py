"""The small desk."""

from tests.deals.small_desk import agent, desk, stage

__all__ = ["agent", "desk", "stage"]
