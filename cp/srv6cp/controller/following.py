# SPDX-License-Identifier: Apache-2.0
"""Which node file the controller of a switch follows: controllers say it, commands of the same machine ask.

P4Runtime tells a client that another one is primary, and its election id, but not who that is. So a controller
that follows a file keeps a small one of its own, as long as it lives:

    /run/srv6/PID-N.json        or in another folder of `srv6cp.rundir`

with the file that it follows, its switch and its present election id. It is locked (``flock``): what a killed process
left behind is not, and is removed by whoever meets it. Nothing of it is believed unless root or this user wrote it.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from p4rtlib import unixsockets
from srv6cp import rundir

if TYPE_CHECKING:
    from srv6cp.p4rt import Client

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Follower:
    """A controller: its process, its node, its switch, and the file that it applies whenever it changes."""

    pid: int
    node: str
    address: str
    device_id: int
    election_id: int
    file: str

    @classmethod
    def of(cls, client: Client, node: str, file: Path) -> Follower:
        """This process, with its client."""
        return cls(os.getpid(), node, client.address, client.device_id, client.election_id, str(file))

    def follows(self, path: Path) -> bool:
        """Whether ``path`` is its file, whatever it is called by."""
        try:
            return os.path.samefile(self.file, path)
        except OSError:
            return False

    def at(self, address: str) -> bool:
        """Whether its switch is at this address."""
        return _plain(self.address) == _plain(address)


class Saying:
    """Says of a running controller what it follows; a context manager.

    A machine where it can be written nowhere goes without: commands then do not know.
    """

    def __init__(self, follower: Follower) -> None:
        self._said = replace(follower, file=os.path.realpath(follower.file))
        self._path: Path | None = None
        self._handle: int | None = None

    def __enter__(self) -> Saying:
        with suppress(OSError):
            folder = rundir.own()
            self._path = folder / f"{self._said.pid}-{next(_NUMBERS)}.json"
            self._write()
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None and self._path is not None:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None

    def election_id(self, number: int) -> None:
        """The controller's election id, which rises when it outbids another; to be told again and again."""
        if self._handle is not None and number != self._said.election_id:
            self._said = replace(self._said, election_id=number)
            with suppress(OSError):
                self._write()

    def _write(self) -> None:
        """Locked before it has its name, so that nobody takes it for left behind."""
        assert self._path is not None
        new = self._path.with_suffix(".new")
        with suppress(FileNotFoundError):
            new.unlink()
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.write(handle, json.dumps(asdict(self._said)).encode())
        os.replace(new, self._path)
        if self._handle is not None:
            os.close(self._handle)
        self._handle = handle


def find(address: str, device_id: int, election_id: int) -> Follower | None:
    """The controller with this election id at this switch, None when none of this machine says that it is it."""
    for follower in followers():
        if (follower.device_id, follower.election_id) == (device_id, election_id) and follower.at(address):
            return follower
    return None


def followers() -> Iterator[Follower]:
    """All that root or this user runs and that say so."""
    for folder in rundir.folders():
        for path in sorted(folder.glob("*.json")):
            found = _read(path)
            if found is not None:
                yield found


def _read(path: Path) -> Follower | None:
    try:
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Follower(**json.load(file))
            # Nobody holds it: its process is gone, unless it has put another one in its place since this was opened.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                path.unlink()
    except (OSError, ValueError, TypeError):
        pass
    return None


def _plain(address: str) -> str:
    """One spelling for the loopback address and for the path of a socket."""
    if unixsockets.is_unix(address):
        return f"unix:{os.path.realpath(unixsockets.path_of(address))}"
    host, _, port = address.rpartition(":")
    return f"{'127.0.0.1' if host in ('localhost', '[::1]', '') else host}:{port}"
