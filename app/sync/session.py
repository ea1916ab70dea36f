"""The desk's part in the conversation with the server, without sockets: messages in, messages out, and a status.

The caller opens connections when ``wake_at`` says so, reports ``opened`` and ``lost``, and hands over what arrives:
first to ``ahead``, then to ``received``. At any time at most two pushes and one pull (or snapshot request) are on their
way, so that neither side waits for the other while there is much to say; a pull that finds nothing waits at the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Literal

from app.sync import credit, replica
from app.sync.desk_store import Counts, DeskStore, Position, SnapshotAt, between
from app.sync.on_the_way import OnTheWay
from app.sync.protocol import (
    MAX_BATCH,
    Failure,
    FromDesk,
    FromServer,
    Hello,
    Page,
    Pull,
    Purge,
    Purged,
    Receipt,
    Renewed,
    Reserve,
    Returned,
    Snapshot,
    SnapshotWanted,
    Welcome,
)

State = Literal["offline", "connecting", "first sync", "online", "signed out", "refused", "wiped"]

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
"""Seconds between attempts: doubled each time, and then anything between nothing and that (full jitter)."""

SKEW_WORTH_A_WORD = 60.0
"""Seconds that the desk's clock may differ from the server's before the user hears of it."""

_UNASKED = 10 * MAX_BATCH
"""Entries that may go before the order is asked for again."""

_RETRIED = frozenset({"busy", "token-expired"})


@dataclass(frozen=True, slots=True)
class Status:
    """For the top bar. ``since``: when the state began, seconds since 1970. ``problem``: a sentence, or empty.

    ``done`` and ``total`` count the records of a running snapshot; ``skew`` is how far this clock leads, in seconds.
    """

    state: State
    since: float
    counts: Counts
    problem: str = ""
    done: int = 0
    total: int = 0
    skew: float = 0.0


class DeskSession:
    """``now`` is wall time in seconds since 1970; ``steady`` counts seconds and is never set back or forward.

    Calls may raise what the store raises: then call ``lost``.
    """

    def __init__(
        self,
        store: DeskStore,
        *,
        now: Callable[[], float],
        steady: Callable[[], float],
        random: Random,
        app_version: str,
        schema_version: int,
    ) -> None:
        self._store = store
        self._now, self._steady = now, steady
        self._random = random
        self._app_version, self._schema_version = app_version, schema_version
        self._position = store.position()
        self._state: State = "offline"
        self._since = now()
        self._problem = ""
        self._skew = 0.0
        self._failures = 0
        self._wake_at: float | None = steady()
        self._outgoing = OnTheWay(store)
        self._asked: FromDesk | None = None  # ahead of what is still to be taken in
        self._asked_at, self._owing = 0, False  # entries received when a page was last asked for; one is still to be
        self._greeted = False
        self._terms = ""  # of the last welcome: an answer to what was asked under others is not taken
        self._away = self._reported = False  # to a restored server, which is to hear of this desk first

    # -- what shows

    @property
    def status(self) -> Status:
        at = self._position.snapshot
        done, total = (at.done, at.total) if at is not None else (0, 0)
        return Status(self._state, self._since, self._store.counts(), self._problem, done, total, self._skew)

    @property
    def state(self) -> State:
        return self._state

    @property
    def wake_at(self) -> float | None:
        """When to try to connect, by ``steady``; None while connected, or when trying again cannot help."""
        return self._wake_at

    @property
    def online(self) -> bool:
        return self._greeted

    # -- the connection

    def connecting(self) -> None:
        self._wake_at = None
        if self._state != "refused":
            self._enter("connecting")

    def opened(self) -> list[FromDesk]:
        """A connection stands; returns the greeting."""
        self._wake_at = None
        self._greeted = self._away = self._reported = False
        self._outgoing.opened()
        self._asked = None
        self._asked_at, self._owing = 0, False
        self._position = self._store.position()
        at = self._position
        return [
            Hello(
                self._store.site,
                self._app_version,
                self._schema_version,
                at.epoch,
                at.cursor,
                self._store.written(),
            )
        ]

    def lost(self, reason: str = "") -> None:
        """The connection is gone, or could not be made."""
        self._greeted = False
        if self._state in ("wiped", "signed out") or (self._state == "refused" and self._wake_at is None):
            return
        self._wait()
        self._problem = reason
        self._enter("offline")

    def signed_out(self, reason: str) -> None:
        """Nobody is signed in: nothing is tried until somebody is, and ``retry`` says so."""
        self._greeted = False
        self._problem, self._wake_at = reason, None
        self._enter("signed out")

    def retry(self) -> None:
        """The user, or the system that saw a network, wants it now."""
        if self._state in ("offline", "refused", "signed out") and not self._greeted:
            self._failures = 0
            self._wake_at = self._steady()

    def wrote(self) -> list[FromDesk]:
        """The desk has logged a change."""
        return self._push()

    def reserve(self, line_id: str, amount: str | None = None) -> list[FromDesk]:
        """Asks for a part of a credit line; nothing to send while offline."""
        return [Reserve(line_id, amount)] if self._greeted else []

    # -- what arrives

    def ahead(self, message: FromServer) -> list[FromDesk]:
        """What to ask for before this message is taken in: what follows it comes meanwhile."""
        at, self._asked = self._position, None
        if not self._greeted or not isinstance(message, Page | Snapshot) or message.terms != self._terms:
            return []
        if isinstance(message, Page):
            news = at.snapshot is None and message.after == at.cursor < message.upto < message.head
            if news and not self._hurries:
                self._asked = Pull(message.upto, terms=self._terms)
        elif at.snapshot is not None and at.snapshot.scope == message.scope and message.more:
            for last in message.records[-1:]:
                self._asked = SnapshotWanted(message.scope, last.table, last.record_id, terms=self._terms)
        return [] if self._asked is None else [self._asked]

    def received(self, message: FromServer) -> list[FromDesk]:
        """Takes a message in, whole and durably, and returns what to send."""
        with self._store.turn():
            return self._take(message)

    def _take(self, message: FromServer) -> list[FromDesk]:
        match message:
            case Welcome():
                return self._welcome(message)
            case Receipt():
                self._outgoing.arrived(message.received)
                return [*self._push(), *self._report(), *(self._ask() if self._owing else [])]
            case Page():
                return self._page(message)
            case Snapshot():
                return self._snapshot(message)
            case Purge():
                return self._purge(message)
            case Failure():
                return self._failure(message)
            case Renewed():
                return []

    def _welcome(self, welcome: Welcome) -> list[FromDesk]:
        self._failures, self._problem = 0, ""
        if welcome.received > self._store.written():
            # Were it to write on, its new entries would stand in the place of others that the server has.
            self._problem = (
                "The records of this desk are an older copy: the server has changes of it that are not here. "
                "Enrol it anew, with an empty folder for its records."
            )
            self._wake_at = None
            self._enter("refused")
            return []
        self._greeted = True
        self._outgoing.welcomed(welcome.received)
        skew = self._now() - welcome.clock / 1000
        self._skew = skew if abs(skew) > SKEW_WORTH_A_WORD else 0.0
        out: list[FromDesk] = []
        self._terms = welcome.terms
        if lost := tuple(scope for scope in self._position.scopes if scope not in welcome.scopes):
            self._drop(lost)
            out.append(Purged(lost))
        if self._position.epoch != welcome.epoch:
            self._begin(welcome)
        else:
            self._take_scopes(welcome.scopes)
        if not (welcome.away and self._reported):  # what is answered already may cross what was said before
            self._away = welcome.away
        if not welcome.away and self._position.held is not None:
            self._move(replace(self._position, held=None))
        self._make_again()
        return [*out, *self._push(), *self._report(), *self._ask()]

    def _page(self, page: Page) -> list[FromDesk]:
        at = self._position
        if page.terms != self._terms or page.after < at.cursor:
            return []  # what follows was asked for since
        if page.after > at.cursor:
            return self._ask()  # something between was missed
        items = [item for item in page.items if item.seq > at.cursor]
        keys = {(item.table, item.record_id) for item in items}
        confirmed = replica.confirmed(self._store.site, items, self._store.standing(keys))
        if confirmed:
            items = [item for item in items if (item.table, item.record_id) not in confirmed]
            keys -= confirmed.keys()
        views, unsettled = self._store.views(keys), self._store.unsettled(keys)
        plan = replica.plan(self._store.site, at.settled, items, views, unsettled, confirmed)
        position = replace(at, cursor=max(page.upto, at.cursor), settled=plan.settled)
        self._commit(plan, position)
        self._make_again()
        return [*self._push(), *self._ask()]

    def _snapshot(self, page: Snapshot) -> list[FromDesk]:
        at = self._position
        going = at.snapshot
        if page.terms != self._terms:
            return []
        if going is None or page.scope != going.scope:
            return self._ask()  # of a scope that was taken away meanwhile
        keys = {(each.table, each.record_id) for each in page.records}
        views, unsettled = self._store.views(keys), self._store.unsettled(keys)
        plan = replica.take_up(page.records, at.epoch, at.settled, views, unsettled)
        done = going.done + len(page.records)
        at_end = replace(going, done=done, total=max(page.total, done))
        if page.records:
            at_end = replace(at_end, table=page.records[-1].table, record_id=page.records[-1].record_id)
        reached: SnapshotAt | None = at_end
        if not page.more:
            first, *rest = going.left or ("",)
            reached = SnapshotAt(first, left=tuple(rest), anew=going.anew) if first else None
        unseen = reached is None and going.anew
        # What was not seen goes with the last step, so that it is not forgotten to be forgotten.
        self._commit(plan, replace(at, snapshot=at_end if unseen else reached))
        if unseen:
            self._forget_the_unseen()
        self._make_again()
        return [*self._push(), *self._ask()]

    def _purge(self, purge: Purge) -> list[FromDesk]:
        if purge.everything and self._state == "wiped":
            return []
        if purge.everything:
            self._store.wipe()
            self._position = self._store.position()
            self._problem = "This device was taken off the server by an administrator. What it held has been removed."
            self._greeted, self._wake_at = False, None
            self._enter("wiped")
            return [Purged(())]
        going = self._position.snapshot
        asked = going is not None and going.scope in purge.scopes
        self._drop(purge.scopes)
        # Where it is the answer to what was asked for, something else is to be asked for now.
        return [Purged(purge.scopes), *(self._ask() if asked else [])]

    def _failure(self, failure: Failure) -> list[FromDesk]:
        if failure.code == "out-of-order" and failure.received is not None:
            self._outgoing.arrived(failure.received)
            return [*self._push(), *(self._ask() if self._owing else [])]
        if failure.code == "other-terms":
            return self.opened() if self._greeted else []
        self._problem = failure.reason
        self._greeted = False
        if failure.retry or failure.code in _RETRIED:
            self._wait()
            self._enter("offline")
        else:
            self._wake_at = None
            self._enter("refused")
        return []

    # -- steps

    def _commit(self, plan: replica.Plan, position: Position) -> None:
        self._store.commit(plan, position)
        self._position = position

    def _move(self, position: Position) -> None:
        self._commit(replica.Plan({}, [], [], position.settled), position)

    def _push(self) -> list[FromDesk]:
        if not self._greeted:
            return []
        # While it is away, what is new waits until the server knows what it had accepted and promised.
        return [*self._outgoing.next(self._terms, self._position.accepted if self._away else None)]

    def _report(self) -> list[FromDesk]:
        if not self._away or self._reported or self._outgoing.received < self._position.accepted:
            return []
        self._reported = True
        at = self._position
        # What the server has of this desk beyond that, it counts already.
        return [Returned(credit.left(at.held or {}, between(self._store, at.accepted, self._outgoing.received)))]

    def _make_again(self) -> None:
        at = self._position
        if at.accepted and not self._store.make_again(at.accepted) and at.settled >= at.accepted and at.held is None:
            self._move(replace(at, accepted=0))

    def _ask(self) -> list[FromDesk]:
        asked, wanted = self._asked, self._next()
        self._asked = None
        self._owing = wanted != asked and isinstance(wanted, Pull) and self._hurries
        if wanted == asked or self._owing:
            return []
        self._asked_at = self._outgoing.received
        return [wanted]

    @property
    def _hurries(self) -> bool:
        """Whether much of this desk's own is on its way: it goes first, and comes back in few pages."""
        return self._outgoing.full and self._outgoing.received < self._asked_at + _UNASKED

    def _next(self) -> FromDesk:
        """What is to be asked for now: the next page of a snapshot, or of the order."""
        at = self._position.snapshot
        if at is not None:
            self._enter("first sync")
            return SnapshotWanted(at.scope, at.table, at.record_id, terms=self._terms)
        self._enter("online")
        return Pull(self._position.cursor, terms=self._terms)

    def _begin(self, welcome: Welcome) -> None:
        """Another server than the one we know, or that one restored: all is read anew, and offered again."""
        at, scopes = self._position, welcome.scopes
        snapshot = SnapshotAt(scopes[0], left=scopes[1:], anew=True) if scopes else None
        settled = min(at.settled, welcome.received)
        # What came after the place up to which both orders are the same is to come once more: outcomes of our own too.
        cursor = min(at.cursor, welcome.base) if at.epoch or welcome.received else welcome.head
        accepted = max(at.accepted, at.settled)
        held = credit.left(self._store.held(), between(self._store, at.settled, accepted))
        before = credit.left(at.held or {}, between(self._store, at.accepted, accepted))
        for line_id, amount in before.items():  # restored once more before it had heard of us
            held[line_id] = max(held.get(line_id, "0"), amount, key=Decimal)
        self._position = Position(welcome.epoch, cursor, settled, scopes, snapshot, accepted, held)
        self._store.begin_epoch(self._position)

    def _take_scopes(self, scopes: tuple[str, ...]) -> None:
        """Those that are new are read from a snapshot, after those of a snapshot that was interrupted."""
        at = self._position
        gained = tuple(scope for scope in scopes if scope not in at.scopes)
        if not gained and scopes == at.scopes:
            return
        going = at.snapshot
        if gained and going is None:
            going = SnapshotAt(gained[0], left=gained[1:])
        elif gained and going is not None:
            going = replace(going, left=(*going.left, *gained))
        self._move(replace(at, scopes=scopes, snapshot=going))

    def _drop(self, scopes: tuple[str, ...]) -> None:
        at = self._position
        keys = self._store.keys_in(scopes)
        plan = replica.purge(keys, at.epoch, at.settled, self._store.views(keys))
        kept = tuple(scope for scope in at.scopes if scope not in scopes)
        going, all_read = at.snapshot, False
        if going is not None:
            left = tuple(scope for scope in (going.scope, *going.left) if scope not in scopes)
            all_read = going.anew and not left
            if all_read:
                pass  # kept until what was not seen is forgotten
            elif going.scope in scopes:
                going = SnapshotAt(left[0], left=left[1:], anew=going.anew) if left else None
            else:
                going = replace(going, left=left[1:])
        self._commit(plan, replace(at, scopes=kept, snapshot=going))
        if all_read:
            self._forget_the_unseen()

    def _forget_the_unseen(self) -> None:
        keys = self._store.keys_unseen()
        at = replace(self._position, snapshot=None)
        plan = replica.purge(keys, at.epoch, at.settled, self._store.views(keys), unseen=True)
        self._commit(plan, at)

    def _enter(self, state: State) -> None:
        if state == self._state:
            return
        if not {state, self._state} <= {"offline", "connecting"}:  # a try that failed does not begin anything anew
            self._since = self._now()
        self._state = state

    def _wait(self) -> None:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        self._wake_at = self._steady() + self._random.uniform(0, longest)
