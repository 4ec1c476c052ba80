# SPDX-License-Identifier: Apache-2.0
"""What is on disk about a lab of namespaces: enough to find it, talk to it, and clear it away after a crash.

/run/srv6lab/NAME/        (/tmp/srv6lab/NAME where /run cannot be written, $SRV6LAB_DIR/NAME where that is set)
    record.json           switch, profile, namespaces; written before anything is made
    topology.yaml         as it was when the lab went up
    NODE.hosts            what names mean at a node, for its /etc/hosts
    ROUTER.yaml           node file of a router as it is now; the daemon applies changes of it
    lock                  locked by the daemon as long as it lives
    pid, control          the daemon's process id and socket
    daemon.log            the controllers' log
    ROUTER.sock, .log     P4Runtime server and output of a router's switch

Labs belong to root, and `sudo` may or may not keep $XDG_RUNTIME_DIR: it is not used, so that `down` finds what `up`
made.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from srv6lab.errors import LabError
from srv6lab.loader import NAME, load_topology
from srv6lab.topology import Topology

LONGEST_SOCKET = 100  # bytes of a path; Linux allows 107


@dataclass(frozen=True)
class Record:
    """A lab as it was started. ``namespaces``: node to namespace."""

    name: str
    source: str
    switch: str
    profile: str
    namespaces: Mapping[str, str]


class State:
    """The directory of one lab."""

    def __init__(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise LabError(f"{name!r} is no name of a lab: a letter, then up to 30 letters, digits, - and _")
        self.name = name
        self.folder = base() / name
        self.topology_file = self.folder / "topology.yaml"
        self.control = self.folder / "control"
        self.log = self.folder / "daemon.log"
        self.lock = self.folder / "lock"
        self.pid_file = self.folder / "pid"
        self.cables = f"srv6-{name}.cables"  # the namespace of cables; no node can be called so

    def socket(self, router: str) -> Path:
        """Where the router's P4Runtime server listens."""
        return self.folder / f"{router}.sock"

    def hosts_file(self, node: str) -> Path:
        """What names mean at a node, for its /etc/hosts."""
        return self.folder / f"{node}.hosts"

    def switch_log(self, router: str) -> Path:
        """What the router's switch prints."""
        return self.folder / f"{router}.log"

    def check_free(self) -> None:
        """Raise LabError when there is such a lab."""
        if not self.folder.exists():
            return
        if self.alive():
            raise LabError(f"{self.name} is up already; `srv6 lab down {self.name}` stops it")
        raise LabError(f"{self.name} is left from a crash; `srv6 lab down {self.name}` clears it away")

    def create(self, record: Record, topology_file: Path) -> None:
        """Make the directory. Raises LabError when it is there or cannot be made."""
        for node in record.namespaces:
            if len(os.fsencode(self.socket(node))) > LONGEST_SOCKET:
                raise LabError(f"{self.socket(node)}: too long for a socket; choose a shorter SRV6LAB_DIR or name")
        self.check_free()
        _make_base(self.folder.parent)
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:  # FileExistsError when another `up` was faster by a moment
            raise LabError(f"{self.folder}: {error.strerror}") from None
        try:
            (self.folder / "record.json").write_text(json.dumps(asdict(record), indent=2) + "\n")
            shutil.copyfile(topology_file, self.topology_file)
        except BaseException:
            self.remove()
            raise

    def record(self) -> Record | None:
        """What `create` was given, None when there is no such lab (or it was interrupted before it made anything)."""
        try:
            return Record(**json.loads((self.folder / "record.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def topology(self) -> Topology:
        """The topology of the lab."""
        return load_topology(self.topology_file, check=False)

    def acquire(self) -> int | None:
        """Take the lock for the daemon; the descriptor that holds it, None when a daemon has it."""
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    def alive(self) -> bool:
        """Whether the daemon lives."""
        try:
            descriptor = self.acquire()
        except OSError:
            return False
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    def daemon(self) -> int | None:
        """The daemon's process id while it lives."""
        try:
            return int(self.pid_file.read_text()) if self.alive() else None
        except (OSError, ValueError):
            return None

    def remove(self) -> None:
        """Delete the directory."""
        shutil.rmtree(self.folder, ignore_errors=True)


def hosts_file(names: Mapping[str, str]) -> str:
    """Addresses to names as the text of an /etc/hosts."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    return "\n".join([*lines, *(f"{address} {name}" for address, name in names.items())]) + "\n"


def base() -> Path:
    """Where the directories of labs are."""
    if chosen := os.environ.get("SRV6LAB_DIR"):
        return Path(chosen).resolve()
    return Path("/run/srv6lab") if os.access("/run", os.W_OK) else Path("/tmp/srv6lab")


def names() -> list[str]:
    """Labs that have a directory, running or crashed."""
    try:
        return sorted(path.name for path in base().iterdir() if path.is_dir() and NAME.fullmatch(path.name))
    except OSError:
        return []


def _make_base(folder: Path) -> None:
    """Our own directory, not one that somebody else has put in a place where everybody may write."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stat = folder.lstat()
    except OSError as error:
        raise LabError(f"{folder}: {error.strerror}") from None
    if folder.is_symlink() or stat.st_uid != os.geteuid():
        raise LabError(f"{folder} belongs to somebody else; set SRV6LAB_DIR to another directory")
