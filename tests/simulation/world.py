"""One process with everything in it: desks, a server, the network between them, and what goes wrong, by one seed."""

from __future__ import annotations

import datetime as dt
import heapq
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from app.records.errors import DiskFull
from app.server.sync import OLDEST_SCHEMA, Connection, Device
from app.sync.protocol import LONGEST_POLL, FromDesk, FromServer, Hello, Op, encode, read_from_desk, read_from_server
from app.sync.session import DeskSession
from tests.simulation.disk import MemoryDesk
from tests.simulation.ledger import Firm, MemoryLedger, run

T = TypeVar("T")
SCHEMA, TOO_OLD = OLDEST_SCHEMA, OLDEST_SCHEMA - 1
START = dt.datetime(2026, 3, 2, 7, 0, tzinfo=dt.UTC)
SCOPES = ("desk:apac", "desk:emea", "book:flow")
NEWER_FIELD = ("contact", "nickname")
NEWER_TABLE = "gadget"


def may(actor: str, table: str, op: Op, fields: Collection[str], scope: str) -> str | None:
    if actor == "intern" and "title" in fields and op == "update":
        return "Titles are not for interns to change."
    return None


class DeskDied(Exception):
    pass


class ServerDied(Exception):
    pass


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True)
class Faults:
    """How likely each fault is, where it can happen. Every seed has its own mixture."""

    desk_dies: float = 0.0
    server_dies: float = 0.0
    disk_full: float = 0.0
    cut: float = 0.0
    twice: float = 0.0
    slow: float = 0.05  # seconds that a frame takes, at most
    partition: float = 0.0
    skew: float = 0.0
    restore: float = 0.0
    entitle: float = 0.0
    erase: float = 0.0
    revoke: float = 0.0
    too_old: float = 0.0

    @classmethod
    def draw(cls, random: Random) -> Faults:
        def some(most: float) -> float:
            return random.choice((0.0, most / 4, most))

        return cls(
            some(0.02), some(0.02), some(0.02), some(0.05), some(0.05), random.choice((0.05, 1.0, 5.0)), some(0.1),
            some(0.2), random.choice((0.0, 0.0, 0.0, 0.05)), some(0.08),
            random.choice((0.0, 0.0, 0.06)), random.choice((0.0, 0.0, 0.0, 0.02)), random.choice((0.0, 0.0, 0.05)),
        )  # fmt: skip


class World:
    """``at`` runs things later; ``settle`` ends all faults and runs until nothing moves any more."""

    firm = "firm"
    whole_rows = False
    """Whether records have all the columns that the shipped tables want."""

    def __init__(self, seed: int, desks: int = 3) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.faults = Faults.draw(self.random)
        self.healed = False
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self.server_up = True
        self.frames = 0  # that arrived at the server, but for questions that wait there
        self.tally: Counter[str] = Counter()  # what happened, how often
        self.ledger = self.make_ledger()
        self.backups: list[Firm] = []
        self.restored = False
        self.erased: set[str] = set()  # contacts
        self.entitled: set[str] = set()  # sites whose scopes were changed
        self.devices: dict[str, Device] = {}
        self.links: list[Link] = []
        self.watch: Callable[[SimDesk | None], None] = lambda desk: None  # after every commit: at a desk, or the server
        self.desks = [SimDesk(self, number) for number in range(desks)]

    # -- stores

    def make_ledger(self) -> MemoryLedger:
        page = self.random.choice((3, 7, 50))
        ledger = MemoryLedger(self.server_clock, self.new_id, self.server_commit, page)
        ledger.found(self.firm, "epoch-0")
        ledger.enrolled = lambda: {site for site, device in self.devices.items() if not device.revoked}
        return ledger

    def make_disk(self, desk: SimDesk) -> MemoryDesk:
        return MemoryDesk(desk.wall, self.new_id, desk.commit, batch=self.random.choice((1, 3, 10)))

    def run_on_server(self, work: Coroutine[Any, Any, T]) -> T:
        return run(work)

    # -- time

    def at(self, delay: float, do: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now + delay, self._count, do))

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            self.now, _, do = heapq.heappop(self._queue)
            do()
        self.now = max(self.now, until)

    def settle(self, longest: float = 600.0) -> None:
        """The faults end: everything must come to rest, and every desk be online."""
        self.healed = True
        self.restart_server()
        for desk in self.desks:
            desk.unplugged = False
            desk.update()
            desk.start()
        self.run(self.now + longest)
        said = self.frames
        self.run(self.now + longest)
        if self.frames != said:
            raise Broken("Nothing comes to rest.")

    def new_id(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def chance(self, likely: float, what: str) -> bool:
        happens = not self.healed and self.random.random() < likely
        self.tally[what] += happens
        return happens

    @property
    def serving(self) -> list[SimDesk]:
        """The desks that were not revoked."""
        return [desk for desk in self.desks if not desk.revoked]

    def server_clock(self) -> int:
        return int((START.timestamp() + self.now) * 1000)

    # -- the server

    def server_dies(self) -> None:
        self.server_up = False
        for link in list(self.links):
            link.cut()
        self.at(self.random.uniform(0, 20), self.restart_server)

    def restart_server(self) -> None:
        self.server_up = True

    def backup(self) -> None:
        self.backups.append(self.ledger.firms[self.firm].copy())

    def restore(self) -> None:
        """The server goes back to an older backup, under a new epoch."""
        if self.backups:
            self.restored = True
            self.tally["restored"] += 1
            self.server_dies()
            epoch = f"epoch-{self.new_id()[:6]}"
            self.ledger.restore(self.firm, self.random.choice(self.backups[-3:]), epoch)
            for contact in sorted(self.erased):  # a backup from before still knew them
                self.erase(contact)

    def erase(self, contact: str) -> None:
        """An administrator erases a person, until it is done."""
        try:
            self.run_on_server(self.ledger.erase(self.firm, contact))
            self.tally["person erased"] += 1
        except ServerDied:
            self.server_dies()
            self.at(0, lambda: self.erase(contact))  # before it serves again
        state = self.ledger.firms[self.firm].states.get(("contact", contact))
        if state is not None and state.erased:
            self.erased.add(contact)
        self.wake()

    def change(self, site: str, **changes: Any) -> None:
        """An administrator changes something about a device."""
        self.entitled.add(site)
        self.devices[site] = replace(self.devices[site], **changes, terms=self.new_id())
        for link in list(self.links):
            if link.site == site:
                link.answer(lambda connection: connection.update(self.device(site)))

    def device(self, site: str) -> Device:
        """As the server has it now."""
        device, head = self.devices[site], self.run_on_server(self.ledger.head(self.firm))
        return replace(device, terms=f"{head.epoch} {device.terms}")

    def head(self) -> int:
        return self.run_on_server(self.ledger.head(self.firm)).place

    def wake(self) -> None:
        """Something was committed: pulls that wait are answered."""
        for link in list(self.links):
            link.answer(lambda connection: connection.catch_up())

    def server_commit(self, done: bool) -> None:
        if done:
            self.watch(None)
        if self.chance(self.faults.server_dies, "server died"):
            raise ServerDied


class Link:
    """A connection between a desk and the server: in order each way, until it is cut; who is told of that when is open.

    What was sent before may still arrive at the server, also when the desk has a newer connection, and twice. By
    ``posts`` each message goes its own way and is answered by itself, as the device stands then.
    """

    def __init__(self, desk: SimDesk) -> None:
        self.world = desk.world
        self.desk = desk
        self.site = desk.site
        self.posts = self.world.random.random() < 0.3
        self.world.tally["by posts"] += self.posts
        self.whole = True
        self._waiting = [] if self.posts else [self._connection(alone=False)]
        self._sent = self._answered = 0.0
        self.world.links.append(self)

    def cut(self) -> None:
        if self.whole:
            self.whole = False
            self.world.links.remove(self)
            self.world.at(self.world.random.uniform(0, 30), lambda: self.desk.lost(self))

    def answer(self, ask: Callable[[Connection], Coroutine[Any, Any, list[FromServer]]]) -> None:
        """Something happened at the server: what those say to it that wait here."""
        for connection in list(self._waiting):
            answers = self.world.run_on_server(ask(connection))
            if answers and self.posts:
                self._waiting.remove(connection)
            self.to_desk(answers)

    def to_server(self, messages: list[FromDesk]) -> None:
        for message in messages:
            if self.world.chance(self.world.faults.cut, "cut"):
                self.cut()
            if not self.whole:
                return
            frame = encode(message)
            self._sent = self._after(0.0 if self.posts else self._sent)
            for _ in range(2 if self.world.chance(self.world.faults.twice, "twice") else 1):
                self.world.at(self._sent - self.world.now, lambda frame=frame: self._arrive(frame))  # type: ignore[misc]

    def to_desk(self, messages: list[FromServer]) -> None:
        for message in messages:
            if self.world.chance(self.world.faults.cut, "cut"):
                self.cut()
            if not self.whole:
                return
            frame = encode(message)
            self._answered = self._after(0.0 if self.posts else self._answered)
            self.world.at(
                self._answered - self.world.now,
                lambda frame=frame: self.desk.hear(self, read_from_server(frame)),  # type: ignore[misc]
            )

    def _after(self, last: float) -> float:
        return max(last, self.world.now + self.world.random.uniform(0, self.world.faults.slow))

    def _arrive(self, frame: bytes) -> None:
        if not self.world.server_up:
            return
        head, message = self.world.head(), read_from_desk(frame)
        connection = self._connection(alone=not isinstance(message, Hello)) if self.posts else self._waiting[0]
        try:
            answers = self.world.run_on_server(connection.handle(message))
        except ServerDied:
            self.world.server_dies()
            return
        self.to_desk(answers)
        if connection.waiting_at is None:
            self.world.frames += 1
        elif self.posts:
            self._waiting.append(connection)
            self.world.at(LONGEST_POLL, lambda: self._give_up(connection))
        if self.world.head() != head:
            self.world.wake()

    def _connection(self, *, alone: bool) -> Connection:
        world = self.world
        return Connection(world.ledger, world.device(self.site), now=world.server_clock, schema_version=3, alone=alone)

    def _give_up(self, connection: Connection) -> None:
        if connection in self._waiting:
            self._waiting.remove(connection)
            self.to_desk(connection.give_up_waiting())


class SimDesk:
    """A desk's machine: its disk stays, the rest is gone when it dies."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"desk {number}"
        self.skew = 0.0
        self.older = False
        self.schema = SCHEMA
        self.unplugged = False
        self.disk = world.make_disk(self)
        self.stays_older = not isinstance(self.disk, MemoryDesk)
        self.session: DeskSession | None = None
        self.link: Link | None = None
        home = ("desk:emea", "desk:apac")[number % 2]
        holds = {"*", *SCOPES} if number == 0 else {"*", home, *world.random.sample(SCOPES, 1)}
        desk = home.removeprefix("desk:")
        self.site = self.disk.site  # as it was enrolled
        world.devices[self.site] = Device(world.firm, self.name, self.site, desk, frozenset(holds), may)

    def wall(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.world.now + self.skew)

    def start(self) -> None:
        if self.session is None:
            self.disk.reopen()
            self.session = DeskSession(
                self.disk,
                now=lambda: self.wall().timestamp(),
                steady=lambda: self.world.now,
                random=Random(self.world.random.random()),
                app_version="1.0",
                schema_version=self.schema,
            )
            self._connect_in_time()

    def update(self) -> None:
        """A program that the server still talks to, in place of one that it does not."""
        if self.schema != SCHEMA:
            self.schema = SCHEMA
            self.world.tally["updated"] += self.session is not None and self.session.state == "refused"
            self.session = None
            if self.link is not None:
                self.link.cut()
                self.link = None
            self.start()

    @property
    def revoked(self) -> bool:
        return self.world.devices[self.site].revoked

    def unplug(self) -> None:
        self.unplugged = True
        if self.link is not None:
            self.link.cut()

    def dies(self) -> None:
        self.session = None
        if self.link is not None:
            self.link.cut()
            self.link = None
        self.world.at(self.world.random.uniform(0, 60), self.start)

    def does(self, work: Callable[[DeskSession], list[FromDesk]]) -> None:
        """Runs a step of the session and sends what it says."""
        if self.session is None:
            return
        try:
            out = work(self.session)
        except DeskDied:
            self.dies()
            return
        except DiskFull as error:
            self.lost(self.link, str(error))
            return
        if self.link is not None:
            self.link.to_server(out)
            if not self.session.online and self.session.status.state in ("refused", "offline", "wiped"):
                self.lost(self.link, self.session.status.problem)

    def hear(self, link: Link, message: FromServer) -> None:
        if link is self.link:
            self.does(lambda session: session.ahead(message))
            self.does(lambda session: session.received(message))

    def lost(self, link: Link | None, reason: str = "The connection was lost.") -> None:
        if self.session is not None and link is self.link and link is not None:
            self.link = None
            link.cut()
            self.session.lost(reason)
            self._connect_in_time()

    def _connect_in_time(self) -> None:
        session = self.session
        if session is None or self.link is not None or session.wake_at is None:
            return
        left = session.wake_at - self.world.now
        if left > 0:
            self.world.at(left, lambda: self._connect_in_time() if session is self.session else None)
            return
        session.connecting()
        if self.unplugged or not self.world.server_up:
            session.lost("The server cannot be reached.")
            self._connect_in_time()
            return
        self.link = Link(self)
        self.world.tally["snapshot resumed"] += self.disk.position().snapshot is not None
        self.does(lambda session: session.opened())

    def commit(self, done: bool) -> None:
        if done:
            self.world.watch(self)
        if not done and self.world.chance(self.world.faults.disk_full, "disk full"):
            raise DiskFull("The disk is full.")
        if self.world.chance(self.world.faults.desk_dies, "desk died"):
            raise DeskDied
