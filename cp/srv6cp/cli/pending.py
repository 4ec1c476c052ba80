# SPDX-License-Identifier: Apache-2.0
"""A change that waits to be confirmed: until when, and what the node file was before it.

It is a file beside the revisions of the node file, written before anything else is: whoever is killed afterwards, the
command, what waits for the deadline, or the machine, leaves behind what is to become of the change.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from srv6cp.cli import durable, exitcodes
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.revisions import Revisions

#: Options that say which switch is meant, and how it is reached.
_SWITCH = ("grpc_addr", "device_id", "election_id", "force", "ssl", "cacert", "cert", "private_key", "server_name")
_FILES = ("cacert", "cert", "private_key")


@dataclass(frozen=True)
class Pending:
    """The node file gets ``text`` again, that of revision ``back_to``, unless the change is confirmed in time.

    Time is told by the clock that goes on while the machine sleeps and that nobody sets, as long as it is the same
    ``boot``, else by the wall clock. ``written``: the file has gone back, its switch may not have. ``failed`` says why
    something has not.
    """

    back_to: int
    text: str
    seconds: int
    until: float
    uptime: float
    boot: str
    switch: Mapping[str, Any]
    written: bool = False
    failed: str = ""

    @classmethod
    def of(cls, back_to: int, text: str, args: argparse.Namespace, address: str) -> Pending:
        """From now on, for the switch that the options of a command name."""
        switch: dict[str, Any] = {name: getattr(args, name, None) for name in _SWITCH}
        switch |= {name: os.path.abspath(switch[name]) for name in _FILES if switch[name]}
        return cls(back_to, text, args.confirm, 0, 0, "", {**switch, "grpc_addr": address}).started()

    def started(self) -> Pending:
        """The same with all of its time before it."""
        return replace(self, until=_wall() + self.seconds, uptime=_uptime() + self.seconds, boot=_boot(), written=False)

    def left(self) -> float:
        """Seconds; negative when it is overdue."""
        return self.uptime - _uptime() if self.boot == _boot() else self.until - _wall()

    def options(self, path: Path) -> argparse.Namespace:
        """The options again, for `srv6cp.cli.session`."""
        return argparse.Namespace(**self.switch, config=str(path), line="", comment="", confirm=None)


class Pendings:
    """The change of one node file that waits, if one does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.revisions = Revisions(path)

    @property
    def _file(self) -> Path:
        return self.revisions.folder / "pending.json"

    def read(self) -> Pending | None:
        """None when nothing waits. Raises CliError when what waits cannot be read."""
        if not self._is_there():
            return None
        try:
            durable.own_folder(self.revisions.folder)
            data = json.loads(self._file.read_bytes())
            return Pending(**{field.name: data[field.name] for field in fields(Pending)})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CliError(
                f"{self.path}: what waits to be confirmed cannot be read ({self._file}: {error}): `srv6 confirm` keeps "
                "the change, `srv6 config rollback` goes back",
                exitcodes.CHECK_FAILED,
            ) from None

    def write(self, pending: Pending) -> None:
        """Raises OSError."""
        with self.revisions.locked():
            durable.write(self._file, json.dumps(asdict(pending)).encode())

    def clear(self) -> None:
        """Nothing waits any more. Raises OSError."""
        if self._is_there():
            with suppress(FileNotFoundError):
                self._file.unlink()
            durable.sync_folder(self._file.parent)

    def _is_there(self) -> bool:
        try:
            return self._file.exists()
        except OSError:
            return False  # where nothing can be read nothing was written

    def check(self, args: argparse.Namespace) -> None:
        """Whether a command may change what waits to be confirmed: it may with ``--confirm``. Raises CliError."""
        pending = self.read()
        if pending is not None and not pending.written and not args.confirm:
            more = "; --confirm allows another" if pending.left() > 0 else ""
            raise CliError(f"{self.path}: {told(pending)}{more}", exitcodes.CHECK_FAILED)


def told(pending: Pending) -> str:
    """What waits, and what can be done about it."""
    if pending.written:
        return (
            f"is back at revision {pending.back_to}; its switch may not be{_why(pending, ': ')}; `srv6 apply` does it"
        )
    ways = f"`srv6 confirm` keeps it, `srv6 config rollback {pending.back_to}` goes back"
    left = pending.left()
    if left > 0:
        return f"the last change waits to be confirmed, {left:.0f} s more: {ways}"
    return f"the last change was not confirmed in time, and is still there{_why(pending, ', since ')}: {ways}"


def _why(pending: Pending, before: str) -> str:
    return f"{before}{pending.failed}" if pending.failed else ""


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _wall() -> float:
    return time.time()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
