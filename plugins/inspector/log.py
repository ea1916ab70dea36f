"""The newest messages, within bounds of number and of memory; requests find their answers here."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import replace

from plugins.inspector.seen import Filter, Seen

MOST = 10_000
MOST_BYTES = 64 * 1024 * 1024


class MessageLog:
    """``shown`` are the messages that pass the filter, oldest first."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._rows: OrderedDict[int, Seen] = OrderedDict()
        self._shown: OrderedDict[int, Seen] = OrderedDict()
        self._requests: dict[tuple[str, str], int] = {}
        self._apps: Counter[str] = Counter()
        self._bytes = 0
        self._filter = Filter()
        self.dropped = 0
        """How many older messages have been let go."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shown(self) -> tuple[Seen, ...]:
        return tuple(self._shown.values())

    @property
    def apps(self) -> tuple[str, ...]:
        """The apps whose messages are here."""
        return tuple(sorted(self._apps))

    def timed_out(self, most: int = 200) -> tuple[Seen, ...]:
        """The newest answers that say that something took too long, newest first."""
        found = []
        for row in reversed(self._rows.values()):
            if row.timed_out:
                found.append(row)
                if len(found) == most:
                    break
        return tuple(found)

    def add(self, seen: Seen) -> None:
        if seen.sort == "request" and seen.request_uuid and seen.parties:
            self._requests[seen.parties[0].instance_id, seen.request_uuid] = seen.number
        elif seen.sort == "answer" and seen.parties:
            seen = self._answered(seen)
        self._rows[seen.number] = seen
        self._bytes += seen.size
        self._apps.update(party.app_id for party in seen.parties)
        if self._filter.passes(seen):
            self._shown[seen.number] = seen
        while len(self._rows) > self._most or (self._bytes > self._most_bytes and len(self._rows) > 1):
            self._drop_oldest()

    def filter(self, wanted: Filter) -> None:
        self._filter = wanted
        self._shown = OrderedDict((number, row) for number, row in self._rows.items() if wanted.passes(row))

    def clear(self) -> None:
        self._rows.clear()
        self._shown.clear()
        self._requests.clear()
        self._apps.clear()
        self._bytes = self.dropped = 0

    def _answered(self, answer: Seen) -> Seen:
        """The answer with the time it took. The request gets that of its first answer: a result may follow later."""
        request = self._rows.get(self._requests.get((answer.parties[0].instance_id, answer.request_uuid), -1))
        if request is None:
            return answer
        took = (answer.at - request.at).total_seconds()
        if request.latency is None:
            for rows in (self._rows, self._shown):
                if request.number in rows:
                    rows[request.number] = replace(request, latency=took)
        return replace(answer, latency=took)

    def _drop_oldest(self) -> None:
        number, row = self._rows.popitem(last=False)
        self._shown.pop(number, None)
        self._bytes -= row.size
        self._apps -= Counter(party.app_id for party in row.parties)
        if row.sort == "request" and row.parties:
            key = row.parties[0].instance_id, row.request_uuid
            if self._requests.get(key) == number:
                del self._requests[key]
        self.dropped += 1
