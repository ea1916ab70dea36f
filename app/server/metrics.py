"""What the server counts, for Prometheus. No label names a person, a desk or a customer."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from app.sync.protocol import Failure, FromServer, Page, Snapshot


class Metrics:
    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.connections = Gauge("deskline_connections", "Desks that are connected", registry=registry)
        self.sign_ins = Counter("deskline_sign_ins", "Sign-ins, by how they ended", ["result"], registry=registry)
        self._entries = Counter("deskline_entries_pushed", "Entries that desks pushed", registry=registry)
        self._push = Histogram("deskline_push_seconds", "From a push to its receipt", registry=registry)
        self._items = Counter("deskline_items_sent", "Places of the order sent to desks", registry=registry)
        self._records = Counter("deskline_snapshot_records_sent", "Records sent in snapshots", registry=registry)
        self._failures = Counter("deskline_failures", "Messages refused, by code", ["code"], registry=registry)

    def pushed(self, entries: int, seconds: float) -> None:
        self._entries.inc(entries)
        self._push.observe(seconds)

    def answered(self, answers: Sequence[FromServer]) -> None:
        for answer in answers:
            match answer:
                case Page():
                    self._items.inc(len(answer.items))
                case Snapshot():
                    self._records.inc(len(answer.records))
                case Failure():
                    self._failures.labels(answer.code).inc()
                case _:
                    pass

    def text(self) -> bytes:
        return generate_latest(self._registry)
