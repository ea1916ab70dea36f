"""Two Postgres in one folder, of which one takes changes and the other follows it, commit by commit."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from app.server.postgres import USER, EmbeddedPostgres, PostgresFailed

NAMES = ("one", "two")
# The standby may have to ask for what was written while it started.
_OPTIONS = "-h 127.0.0.1 -p {port} -c wal_keep_size=512MB -c hot_standby=on -c wal_receiver_timeout=10s"


@dataclass
class _State:
    """What outlives a restart of the machine. ``synced``: no commit is acknowledged unless the standby has it."""

    primary: str = NAMES[0]
    synced: bool = False


class Pair:
    """``say`` hears what happens. Calls raise PostgresFailed."""

    def __init__(self, folder: Path, ports: dict[str, int], say: Callable[[str], None]) -> None:
        self._folder, self._ports, self._say = folder, ports, say
        self._nodes = {name: EmbeddedPostgres(folder / name, _OPTIONS.format(port=ports[name])) for name in NAMES}
        self._file = folder / "pair.json"
        self._state = _State(**json.loads(self._file.read_text())) if self._file.exists() else _State()
        self._asked = False
        self._seen = False  # it was looked at before: whatever ended since died

    @property
    def primary(self) -> str:
        return self._state.primary

    @property
    def standby(self) -> str:
        return NAMES[1 - NAMES.index(self._state.primary)]

    @property
    def synced(self) -> bool:
        return self._state.synced

    @property
    def url(self) -> str:
        """For servers: whichever of the two takes changes. The password is in a file, not in the address."""
        hosts = ",".join(f"127.0.0.1:{self._ports[name]}" for name in NAMES)
        return f"postgresql://{USER}@{hosts}/postgres?passfile={self._passfile}"

    @property
    def processes(self) -> dict[str, int]:
        """Of those that run."""
        return {name: found for name, node in self._nodes.items() if (found := node.process) is not None}

    def look(self) -> None:
        """Puts right what is wrong, one thing at a time."""
        primary, standby = self._nodes[self.primary], self._nodes[self.standby]
        seen, self._seen = self._seen, True
        if not primary.running():
            if self.synced and seen:
                self.take_over()
            else:  # after a pause it is as good as it was; and without ``synced`` the standby may lack something
                primary.start()
                self._keep_password()
                self._say(f"Postgres {self.primary} was started")
        elif not standby.running():
            self._start_standby()
        elif not self.synced:
            self._synchronize()

    def take_over(self) -> None:
        """The standby takes changes from now on; the other becomes its standby."""
        old, new = self.primary, self.standby
        self._say(f"Postgres {new} takes over from {old}")
        self._nodes[old].stop()
        self._nodes[new].start()
        if _follows(self._nodes[new]):
            self._nodes[new].run("pg_ctl", "promote", "-w", "-D", str(self._nodes[new].data))
        self._write(_State(new, False))
        # The other may have written what nobody else has seen: ``look`` makes it anew, as a copy.

    def stop(self) -> None:
        # The standby last, so that what is being committed can be.
        for name in (self.primary, self.standby):
            self._nodes[name].stop()

    # -- the standby

    def _start_standby(self) -> None:
        node = self._nodes[self.standby]
        if _follows(node):
            try:
                node.start()
                self._say(f"Postgres {self.standby} follows again")
                return
            except PostgresFailed as error:
                self._say(f"Postgres {self.standby} is copied anew: {error}")
        self._write(_State(self.primary, False))
        self._ask_for("''")
        self._copy()
        node.start()
        self._say(f"Postgres {self.standby} follows {self.primary}")

    def _copy(self) -> None:
        node = self._nodes[self.standby]
        part = node.data.with_name("copy")
        for path in (part, node.data):
            shutil.rmtree(path, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        node.give(part)
        place = f"host=127.0.0.1 port={self._ports[self.primary]} user={USER} passfile={self._passfile}"
        node.run("pg_basebackup", "-D", str(part), "-R", "-X", "stream", "-c", "fast", "-d", place)
        part.rename(node.data)

    def _synchronize(self) -> None:
        """First commits are made to wait for the standby, then it has all from before; then it may take over."""
        if not self._asked:
            self._ask_for("'*'")
            return
        with self._connected() as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' "
                "AND flush_lsn >= pg_current_wal_flush_lsn()"
            ).fetchone()
        if found is not None:
            self._write(_State(self.primary, True))
            self._say(f"Postgres {self.standby} has every commit")

    def _ask_for(self, names: str) -> None:
        with self._connected() as connection:
            connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = {names}")
            connection.execute("SELECT pg_reload_conf()")
        self._asked = names != "''"

    def _connected(self) -> psycopg.Connection[Any]:
        place = f"host=127.0.0.1 port={self._ports[self.primary]} user={USER} dbname=postgres passfile={self._passfile}"
        try:
            return psycopg.connect(place, autocommit=True, connect_timeout=5)
        except psycopg.Error as error:
            raise PostgresFailed(f"Postgres {self.primary} does not answer: {error}") from error

    # -- what is kept

    @property
    def _passfile(self) -> Path:
        return self._folder / "passwords"

    def _keep_password(self) -> None:
        """One password for both, in libpq's own kind of file; the database's user reads it too."""
        node = self._nodes[self.primary]
        if not self._passfile.exists():
            descriptor = os.open(self._passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(f"*:*:*:{USER}:{node.password}\n")
        node.give(self._passfile)

    def _write(self, state: _State) -> None:
        part = self._file.with_suffix(".part")
        with part.open("w") as file:
            json.dump({"primary": state.primary, "synced": state.synced}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file)
        self._state, self._asked = state, False


def _follows(node: EmbeddedPostgres) -> bool:
    return (node.data / "standby.signal").exists()
