"""A desk without its window, as a process: real records, the real client, and somebody who types without a pause.

Each thing that the desk has acknowledged is told on standard output, one JSON object per line, before it is known to
have left the desk. On standard input come single words: ``rest`` (nobody types any more), ``look``.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.access.secrets import DeskSecrets
from app.records.errors import StoreError
from app.records.log import Entry
from app.records.migrations import CURRENT
from app.records.store import Records
from app.records.tables import Contact, Organization
from app.sync import enrolment, transports
from app.sync.client import SyncClient
from app.sync.enrolment import DEVICE_SECRET, Enrolment, Forms, Pass, Refused
from app.sync.session import DeskSession, Status
from app.sync.store import RecordsStore

KEY = bytes(range(32))
PASSWORD = "a long password of the tests"
A_MOMENT = 0.05
"""Seconds between two changes, on average."""


def tell(fact: str, **more: Any) -> None:
    os.write(1, json.dumps({"fact": fact, **more}).encode() + b"\n")


class Typist:
    """Makes customers and contacts, edits what is there, whoever made it, deletes, and tries what a trader may not."""

    def __init__(self, records: Records, actor: str, name: str) -> None:
        self._records, self._actor, self._name = records, actor, name
        self._random = random.Random()
        self._count = 0
        self._full = False

    async def work(self, rest: asyncio.Event) -> None:
        while not rest.is_set():
            try:
                await self._records.write(self._actor, self._one)
                if self._full:
                    tell("room again")
                self._full = False
            except StoreError as error:
                if not self._full:
                    tell("cannot write", sentence=str(error))
                self._full = True
            await asyncio.sleep(self._random.expovariate(1 / A_MOMENT))

    def _one(self, change: Any) -> None:
        self._count += 1
        text = f"{self._name} {time.time_ns()}"
        there = change.session.scalars(select(Organization.id).order_by(Organization.id.desc()).limit(30)).all()
        chance = self._random.random()
        if not there or chance < 0.3:
            change.add(Organization(name=text, short_name=text, kind="corporate", status="active"))
        elif chance < 0.85:
            field = self._random.choice(("name", "notes", "short_name"))
            change.update(Organization, self._random.choice(there), **{field: text})
        elif chance < 0.93:
            change.add(Contact(name=text, organization_id=self._random.choice(there), status="active"))
        elif chance < 0.97:
            people = change.session.scalars(select(Contact.id).order_by(Contact.id.desc()).limit(30)).all()
            if people:
                change.delete(Contact, self._random.choice(people))
        else:
            change.update(Organization, self._random.choice(there), tier=self._random.randint(1, 3))


class HeadlessDesk:
    def __init__(self, folder: Path, name: str, url: str) -> None:
        self._name, self._url = name, url
        self.records = Records.open(folder, KEY)
        self.store = RecordsStore(self.records)
        self._secrets = DeskSecrets(folder, self.records.derived_key("secrets"), backend=lambda: None)
        self._status: Status | None = None
        self._rest = asyncio.Event()

    async def run(self, code: str, once: str) -> None:
        known = enrolment.enrolment_of(self.records)
        if known is None:
            known = await self._enrol(code, once)
        assert known.user is not None
        trusted = enrolment.tls(known.certificate)
        who = Pass(Forms(self._url, known.certificate), known.device, self._secrets)
        session = DeskSession(
            self.store, now=time.time, steady=time.monotonic, random=random.Random(), app_version="1.0",
            schema_version=CURRENT,
        )  # fmt: skip
        loop = asyncio.get_running_loop()

        async def connect(token: str) -> transports.Connection:
            return await transports.connect(self._url, token, trusted)

        client = SyncClient(session, connect, who.token, self._told)

        def committed(entries: Sequence[Entry]) -> None:
            if entries[0].site == self.records.site:
                tell("acknowledged", entries=[entry.id for entry in entries])
                loop.call_soon_threadsafe(client.wrote)

        self.records.on_commit(committed)
        client.start()
        threading.Thread(target=partial(self._listen, loop), daemon=True).start()
        tell("ready", site=self.records.site)
        await Typist(self.records, f"user:{known.user.id}", self._name).work(self._rest)
        await asyncio.Event().wait()  # until it is killed

    async def _enrol(self, code: str, once: str) -> Enrolment:
        certificate = await enrolment.self_made_certificate(self._url)
        forms = Forms(self._url, certificate)
        enrolled = await forms.enrol(code, self.records.site, self.store.written())
        self._secrets.set(DEVICE_SECRET, enrolled.secret)
        who = Pass(forms, enrolled.device, self._secrets)
        try:
            user = await who.sign_in(self._name, once)
        except Refused:  # the first password is to be changed
            user = await who.sign_in(self._name, once, PASSWORD)
        await forms.close()
        known = Enrolment(
            self._url, certificate, enrolled.firm, enrolled.firm_name, enrolled.device, enrolled.desk, user
        )
        enrolment.keep_enrolment(self.records, known)
        return known

    def _told(self, status: Status) -> None:
        before, self._status = self._status, status
        if before is None or (before.state, before.problem) != (status.state, status.problem):
            tell("status", state=status.state, problem=status.problem)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe({"rest": self._rest.set, "look": self._look}[line.strip()])

    def _look(self) -> None:
        status = self._status
        tell(
            "look",
            state=status.state if status is not None else "",
            to_sync=self.store.counts().to_sync,
            cursor=self.store.position().cursor,
        )


if __name__ == "__main__":
    folder, name, url, code, once = sys.argv[1:]
    asyncio.run(HeadlessDesk(Path(folder), name, url).run(code, once))
