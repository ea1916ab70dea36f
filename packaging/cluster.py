"""Several servers on one machine: two ``deskline server``, a Postgres with a synchronous standby, a proxy before them.

    python packaging/cluster.py start FOLDER     makes what is missing, starts all of it, and watches over it
    python packaging/cluster.py status FOLDER    what runs where, as JSON
    python packaging/cluster.py promote FOLDER   lets the standby take over, and makes a new standby
    python packaging/cluster.py stop FOLDER

What dies is started again. When the Postgres that takes changes dies, the standby takes over, and has every change that
was acknowledged. Over several machines Patroni, or a Postgres service, does that; all the rest stays as it is here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
from pair import NAMES, Pair

from app.server.certificate import fingerprint, own_certificate
from app.server.postgres import PostgresFailed

ROOT = Path(__file__).parents[1]
SERVERS = ("server-1", "server-2")
_LOOK = 0.2
_START = 120.0
"""Seconds."""
_AGAIN = 1.0
"""Seconds between starts of a program that dies at once."""

# Longer than the 20 seconds between a connection's pings, and than a question by POST may wait for news.
_PROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
  timeout http-request 15s
  option forwardfor
  option redispatch
  option http-server-close
frontend desks
  bind {host}:{port} ssl crt {certificate}
  http-request deny if {{ path /metrics }}
  default_backend servers
backend servers
  balance leastconn
  option httpchk GET /ready
  default-server check inter 1s fall 2 rise 1
{servers}
"""


class Stack:
    """What runs in a folder: the programs are started again when they end, and the pair of Postgres is looked after."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._ports: dict[str, int] = json.loads((folder / "ports.json").read_text())
        self.pair = Pair(folder, self._ports, say)
        self._children: dict[str, psutil.Popen] = {}
        self._started: dict[str, float] = {}
        self._wanted = True
        self._promote = False

    def keep(self) -> None:
        """Until SIGTERM or SIGINT. SIGUSR1: the standby is to take over."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGUSR1, self._change_over)
        try:
            while self._wanted:
                try:
                    if self._promote and self.pair.synced:
                        self._promote = False
                        self.pair.take_over()
                    self.pair.look()
                except (PostgresFailed, subprocess.CalledProcessError) as error:
                    self._say(f"{error}")
                for name in (*SERVERS, "proxy"):
                    self._keep_running(name)
                self._tell()
                time.sleep(_LOOK)
        finally:
            self._stop()

    def _end(self, *_: object) -> None:
        self._wanted = False

    def _change_over(self, *_: object) -> None:
        self._promote = True

    def _keep_running(self, name: str) -> None:
        child = self._children.get(name)
        if child is not None and child.poll() is None:
            return
        if time.monotonic() - self._started.get(name, -_AGAIN) < _AGAIN:
            return
        if child is not None:
            self._say(f"{name} had ended ({child.returncode}) and is started again")
        self._started[name] = time.monotonic()
        with (self._folder / "log" / f"{name}.log").open("ab") as log:
            self._children[name] = psutil.Popen(self._command(name), stdout=log, stderr=log, cwd=ROOT)

    def _command(self, name: str) -> list[str]:
        if name == "proxy":
            return [str(_haproxy()), "-db", "-f", str(self._folder / "proxy.cfg")]
        return [
            *deskline("server", self.pair.url), "--data", str(self._folder / name), "--plain",
            "--listen", f"127.0.0.1:{self._ports[name]}",
        ]  # fmt: skip

    def _tell(self) -> None:
        running = {name: child.pid for name, child in self._children.items() if child.poll() is None}
        told = {
            "supervisor": os.getpid(),
            "primary": self.pair.primary,
            "synced": self.pair.synced,
            "processes": {**running, **self.pair.processes},
        }
        text = json.dumps(told, indent=2)
        file = self._folder / "status.json"
        if not file.exists() or file.read_text() != text:
            part = file.with_suffix(".part")
            part.write_text(text)
            part.replace(file)

    def _stop(self) -> None:
        for child in self._children.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
        psutil.wait_procs(list(self._children.values()), timeout=20, callback=None)
        for child in self._children.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self.pair.stop()
        (self._folder / "status.json").unlink(missing_ok=True)
        self._say("stopped")


def deskline(command: str, url: str) -> list[str]:
    return [sys.executable, "-m", "app", command, "--database", url]


def prepare(folder: Path, host: str, port: int) -> None:
    """Folders, ports, the certificate that desks will know, and the proxy's settings."""
    if not _haproxy().exists():
        raise SystemExit("haproxy is missing: apt-get install haproxy")
    for each in (folder, folder / "log"):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    ports_file = folder / "ports.json"
    if not ports_file.exists():
        names = ("proxy", *SERVERS, *NAMES)
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        ports_file.write_text(json.dumps({**ports, **({"proxy": port} if port else {})}))
    ports = json.loads(ports_file.read_text())
    certificate, key = own_certificate(folder, (host,))
    both = folder / "proxy.pem"
    with os.fdopen(os.open(both, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(certificate.read_bytes() + key.read_bytes())
    servers = "\n".join(f"  server {name} 127.0.0.1:{ports[name]}" for name in SERVERS)
    text = _PROXY.format(host=host, port=ports["proxy"], certificate=both, servers=servers)
    (folder / "proxy.cfg").write_text(text)


def start(folder: Path, host: str, port: int) -> int:
    if (found := status(folder)) is not None:
        sys.stdout.write(f"It runs already, on {found['address']}\n")
        return 0
    prepare(folder, host, port)
    _first_user(folder)
    with (folder / "log" / "cluster.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, __file__, "watch", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=os.environ,
        )  # fmt: skip
    until = time.monotonic() + _START
    while time.monotonic() < until:
        found = status(folder)
        if found is not None and found["synced"] and all(found["ready"].values()):
            sys.stdout.write(f"Desks connect to {found['address']}\n")
            sys.stdout.write(f"Its certificate's fingerprint (SHA-256) is {fingerprint(folder / 'certificate.pem')}\n")
            return 0
        time.sleep(_LOOK)
    sys.stderr.write(f"It is not ready after {_START:.0f} seconds; {folder / 'log'} says why.\n")
    return 1


def _first_user(folder: Path) -> None:
    """Said here, so that the password is in no log."""
    pair = Pair(folder, json.loads((folder / "ports.json").read_text()), lambda text: None)
    marker = folder / "has-first-user"
    if marker.exists():
        return
    pair.look()
    words = ["add-user", "admin", "Administrator", "--role", "administrator"]
    subprocess.run([*deskline("admin", pair.url), *words], cwd=ROOT, check=True)
    marker.touch()


def status(folder: Path) -> dict[str, Any] | None:
    """None where nothing runs."""
    try:
        told: dict[str, Any] = json.loads((folder / "status.json").read_text())
    except FileNotFoundError:
        return None
    if not psutil.pid_exists(told["supervisor"]):
        return None
    ports = json.loads((folder / "ports.json").read_text())
    host = next(line.split()[1] for line in (folder / "proxy.cfg").read_text().splitlines() if "bind" in line)
    places = {"proxy": f"https://{host}", **{name: f"http://127.0.0.1:{ports[name]}" for name in SERVERS}}
    return {"address": places["proxy"], **told, "ready": {name: _ready(place) for name, place in places.items()}}


def _ready(place: str) -> bool:
    try:
        # Whose certificate it is does not matter here: it is our own proxy.
        return httpx.get(f"{place}/ready", timeout=2, verify=False, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _signal(folder: Path, number: int) -> int:
    found = status(folder)
    if found is None:
        sys.stderr.write(f"Nothing runs in {folder}.\n")
        return 1
    supervisor = psutil.Process(found["supervisor"])
    supervisor.send_signal(number)
    if number == signal.SIGTERM:
        supervisor.wait(90)
    return 0


def _haproxy() -> Path:
    return Path(shutil.which("haproxy") or "/usr/sbin/haproxy")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=("start", "status", "promote", "stop", "watch"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1", help="where the proxy listens (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="and on which port (default: a free one, kept)")
    args = parser.parse_args()
    folder = args.folder.resolve()
    match args.act:
        case "start":
            return start(folder, args.host, args.port)
        case "watch":  # what ``start`` leaves behind
            Stack(folder, _say).keep()
            return 0
        case "promote":
            return _signal(folder, signal.SIGUSR1)
        case "stop":
            return _signal(folder, signal.SIGTERM)
        case _:
            sys.stdout.write(json.dumps(status(folder), indent=2) + "\n")
            return 0


if __name__ == "__main__":
    sys.exit(main())
