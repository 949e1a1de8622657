"""Ray as the runner owns it: a head of its own on this machine, or a node of no processors in somebody's cluster.

Both are `ray start --block`, kept by `jobs.head_main` in a session of their own: it ends them with the runner, however
that ends, and its own end tells that they ended. `ray stop` is never used, it would end every Ray of the machine.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from engine.errors import UsageError
from engine.settings import ROOT, Settings
from jobs import owners
from jobs.process_tree import MARK, kill_all
from jobs.processes import THREAD_VARIABLES

STORE_BYTES = 400 * 1024**2
LOCAL = "127.0.0.1"
PORTS = range(16_384, 32_768)
STOP_SECONDS = 1.0
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
_OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a cluster is: `gcs` HOST:PORT of its control store, `jobs` the URL that takes jobs, `token` the file.

    `client` is the port for Ray's own clients, which a head of ours has to open; 0 in a cluster that is not.
    """

    gcs: str
    jobs: str
    token: Path
    client: int = 0

    @property
    def ours(self) -> bool:
        """Whether we start the head."""
        return self.client > 0

    @property
    def host(self) -> str:
        """The host of the control store."""
        return self.gcs.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port of the control store."""
        return int(self.gcs.rpartition(":")[2])


def check(settings: Settings) -> None:
    """Refuse settings under which anybody could run programs as this user, or that cannot be meant. UsageError."""
    if settings.ray == "off":
        return
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        raise UsageError(
            "RAY_AUTH_MODE has to be unset or `token`: without it everybody who reaches Ray's ports runs programs as "
            "you. Unset it, or set PLUMBLINE_RAY=off.",
            code="ray_open",
        )
    host, _, port = settings.ray.rpartition(":")
    if settings.ray != "local" and not (host and port.isdigit()):
        raise UsageError("PLUMBLINE_RAY is `local`, `off` or the HOST:PORT of a cluster.", code="ray_address")
    if settings.ray != "local" and (settings.ray_token_file is None or not settings.ray_token_file.is_file()):
        raise UsageError("A cluster by address needs PLUMBLINE_RAY_TOKEN_FILE, its token.", code="ray_token")


def address_of(settings: Settings) -> Address:
    """Where Ray is, or will be: the cluster that is named, or free ports of this machine."""
    if settings.ray != "local":
        host = settings.ray.rpartition(":")[0]
        assert settings.ray_token_file is not None
        return Address(settings.ray, f"http://{settings.ray_jobs or f'{host}:8265'}", settings.ray_token_file)
    ports = free_ports(settings.ray_ports)
    gcs, jobs, client = next(ports), next(ports), next(ports)
    return Address(f"{LOCAL}:{gcs}", f"http://{LOCAL}:{jobs}", own_token(settings.home), client)


def own_token(home: Path) -> Path:
    """The token of the local head, readable by its owner only; made at the first start."""
    path = home / "ray" / "token"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.is_file():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    path.chmod(0o600)
    return path


def free_ports(span: str) -> Iterator[int]:
    """Ports of this machine that nothing listens on: of FIRST-LAST, or any below those that the kernel gives away.

    Ray opens dozens of the kernel's while it starts, and would now and then take one that was meant for another part.
    """
    first, _, last = span.partition("-")
    for port in range(int(first), int(last) + 1) if span else iter(_any_port, 0):
        if _is_free(port):
            yield port
    raise UsageError("PLUMBLINE_RAY_PORTS: all of them are taken.", code="ray_ports")


def _any_port() -> int:
    return PORTS.start + secrets.randbelow(len(PORTS))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOCAL, port))
        except OSError:
            return False
    return True


def cpus(settings: Settings) -> int:
    """Processors the local head may use: the pages keep one."""
    return settings.ray_cpus or max(1, len(os.sched_getaffinity(0)) - 1)


# ------------------------------------------------------------------ the process


class Node:
    """The Ray node of this process."""

    def __init__(self, settings: Settings, address: Address) -> None:
        self.address = address
        self.folder = folder_of(settings, os.getpid())
        self._cpus = cpus(settings)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it is up some seconds later."""
        clear_dead(self.folder.parent)
        self.folder.mkdir(parents=True, mode=0o700)
        (self.folder / _OWNER).write_text(owners.my_name())
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module and numbers of ours
                [sys.executable, "-m", "jobs.head_main", str(self.folder), *self._arguments()],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _arguments(self) -> list[str]:
        common = [
            "--block",
            "--disable-usage-stats",
            "--min-worker-port=0",
            "--max-worker-port=0",
            "--dashboard-agent-listen-port=0",
            "--include-log-monitor=false",
            f"--object-store-memory={STORE_BYTES}",
            f"--temp-dir={self.folder}",
        ]
        if not self.address.ours:
            return [*common, f"--address={self.address.gcs}", "--num-cpus=0"]
        return [
            *common,
            "--head",
            f"--port={self.address.port}",
            f"--num-cpus={self._cpus}",
            f"--dashboard-host={LOCAL}",
            f"--dashboard-port={self.address.jobs.rpartition(':')[2]}",
            f"--ray-client-server-port={self.address.client}",
        ]

    def environment(self) -> dict[str, str]:
        """All that Ray's processes, and so the workers, know of ours: no setting and no secret of the product."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        kept["PATH"] = f"{Path(sys.executable).parent}:{kept.get('PATH', os.defpath)}"
        own = {"HOME": str(self.folder), "RAY_TMPDIR": str(self.folder), MARK: str(self.folder)}
        return {**kept, **dict.fromkeys(THREAD_VARIABLES, "1"), **own, **driver_environment(self.address)}

    @property
    def session(self) -> int:
        """The session of its processes: the id of the first of them."""
        return self._process.pid if self._process is not None else 0

    @property
    def ended(self) -> bool:
        """Whether it has ended, or was never started."""
        return self._process is None or self._process.poll() is not None

    @property
    def last_words(self) -> str:
        """The last line it printed."""
        try:
            lines = (self.folder / "log").read_text().split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def stop(self) -> None:
        """End all of it at once and remove its folder."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            _wait(self._process)
            kill_all(self.session, self.folder)
            _wait(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)


def driver_environment(address: Address) -> dict[str, str]:
    """What a process needs to speak with the cluster: never another one, never an open one.

    Named after two other systems, the one variable keeps every socket on loopback; such a head takes no other nodes.
    """
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(address.token),
        "RAY_API_SERVER_ADDRESS": address.jobs,
        "RAY_ENABLE_AUTO_CONNECT": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0" if address.ours else "1",
        "RAY_JOB_STOP_WAIT_TIME_S": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


# ------------------------------------------------------------------ what is left of others


def folder_of(settings: Settings, pid: int) -> Path:
    """The folder of a runner for Ray's sockets, whose names may have 107 letters at most."""
    home = blake2b(str(settings.home.resolve()).encode(), digest_size=4).hexdigest()
    base = Path(tempfile.gettempdir())
    base = (base if len(str(base)) < 24 else Path("/tmp")) / f"plumb-{os.getuid()}-{home}"  # noqa: S108 - 0700, checked
    base.mkdir(mode=0o700, exist_ok=True)
    status = base.lstat()
    if base.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise UsageError("The folder for Ray's sockets belongs to somebody else; set TMPDIR.", code="ray_folder")
    return base / str(pid)


def clear_dead(base: Path) -> None:
    """End what runners left that ended without a chance to: their Ray processes, their folders."""
    for folder in base.iterdir():
        note = folder / _OWNER
        if note.is_file() and owners.lives(note.read_text()):
            continue
        kill_all(0, folder)
        shutil.rmtree(folder, ignore_errors=True)
