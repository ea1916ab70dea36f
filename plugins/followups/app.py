"""The follow-ups app: keeps the list of open tasks fresh, closes and reopens them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.orm import Session

from app.records.change import Change
from app.records.errors import StoreError
from app.records.queries import open_follow_ups
from app.records.tables import FollowUp
from app.services import CommitWatch, Notice, Services, State
from fdc3.client import DesktopAgent
from fdc3.types import Contact as ContactContext
from fdc3.types import Organization as OrganizationContext
from fdc3.types.errors import Fdc3Error

LIMIT = 500


@dataclass(frozen=True, slots=True)
class Task:
    """An open follow-up. ``owner`` is the side that has to act: trader or client."""

    id: str
    what: str
    owner: str
    organization_id: str | None
    contact_id: str | None
    customer: str
    contact: str
    due: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FollowUpsState:
    """``done`` is the task just closed, as long as that can be undone from here."""

    phase: Literal["loading", "ready", "failed"] = "loading"
    tasks: tuple[Task, ...] = ()
    done: Task | None = None
    text: str = ""


class FollowUpsApp:
    """All methods run on the I/O loop."""

    def __init__(self, fdc3: DesktopAgent, desk: Services) -> None:
        self.state: State[FollowUpsState] = State(FollowUpsState())
        self._fdc3 = fdc3
        self._desk = desk
        self._watch = CommitWatch(desk.records, {"follow_up", "organization", "contact"}, self.refresh)

    async def close(self) -> None:
        self._watch.close()

    async def refresh(self) -> None:
        try:
            tasks = await self._desk.records.query(read_tasks)
        except StoreError as error:
            self.state.set(replace(self.state.value, phase="failed", text=f"The follow-ups could not be read. {error}"))
            return
        self.state.set(replace(self.state.value, phase="ready", tasks=tasks, text=""))

    async def finish(self, task: Task) -> None:
        """Done. The row goes at once; ``undo`` brings it back."""
        state = self.state.value
        left = tuple(other for other in state.tasks if other.id != task.id)
        self.state.set(replace(state, tasks=left, done=task))
        try:
            await self._set_status(task, "done")
        except StoreError as error:
            self.state.set(replace(self.state.value, done=None))
            self._desk.notify(Notice(f"“{task.what}” could not be marked as done. {error}", "error"))
            await self.refresh()

    async def undo(self) -> None:
        task = self.state.value.done
        if task is None:
            return
        self.state.set(replace(self.state.value, done=None))
        await self._set_status(task, "open")
        await self.refresh()

    async def show_customer(self, task: Task) -> None:
        """Turns the desk to the task's customer."""
        try:
            if task.contact_id:
                await self._fdc3.raise_intent(
                    "ViewProfile", ContactContext(name=task.contact, id={"deskline": task.contact_id})
                )
            elif task.organization_id:
                await self._fdc3.raise_intent(
                    "ViewProfile", OrganizationContext(name=task.customer, id={"deskline": task.organization_id})
                )
            else:
                self._desk.notify(Notice("This follow-up names no customer."))
        except Fdc3Error as error:
            self._desk.notify(Notice(f"The customer could not be shown. {error}", "warning"))

    async def _set_status(self, task: Task, status: str) -> None:
        def work(change: Change) -> None:
            change.update(FollowUp, task.id, status=status)

        await self._desk.records.write(self._desk.user.actor, work)


def read_tasks(session: Session) -> tuple[Task, ...]:
    """Open follow-ups, the earliest due first, undated last."""
    return tuple(
        Task(
            line.follow_up.id,
            line.follow_up.what,
            line.follow_up.owner,
            line.follow_up.organization_id,
            line.follow_up.contact_id,
            line.organization.short_name if line.organization else "",
            line.contact.name if line.contact else "",
            line.follow_up.due,
        )
        for line in open_follow_ups(session, limit=LIMIT)
    )


async def start(fdc3: DesktopAgent, desk: Services) -> FollowUpsApp:
    app = FollowUpsApp(fdc3, desk)
    await app.refresh()
    return app
