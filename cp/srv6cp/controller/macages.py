# SPDX-License-Identifier: Apache-2.0
"""What only a controller knows of learned MAC addresses, for `srv6 mac show`: a small file, kept while it runs.

The addresses themselves are entries of the switch. The file says when each was last seen, as of when it was written: of
what has been learned since, or counted more than it says, the age is at most that of the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from srv6cp import rundir

from .bridging import Ages, Key

__all__ = ["MacAges", "own_file", "read", "write"]


@dataclass(frozen=True)
class MacAges:
    """Times are seconds since 1970; by (bridge, MAC): when it was seen and how many packets it had sent by then."""

    time: float
    seen: Mapping[Key, tuple[float, int]] = field(default_factory=dict)
    refused: int = 0
    dropped: int = 0
    full: tuple[str, ...] = ()

    def age(self, key: Key, packets: int | None, now: float) -> int:
        """Whole seconds since an address was last seen, at most, when the switch has counted ``packets`` of it."""
        seen, counted = self.seen.get(key, (self.time, -1))
        return max(0, int(now - (seen if packets in (None, counted) else self.time)))


def own_file(device_id: int, address: str) -> Path | None:
    """The path of the file that a controller of this user keeps of a switch; None where there can be none."""
    try:
        return rundir.own() / _name(device_id, address)
    except OSError:
        return None


def write(path: Path, ages: Ages, monotonic: float, now: float) -> None:
    """``monotonic`` and ``now``: this moment by the clock of ``ages``, and in seconds since 1970. Raises OSError."""
    data = {
        "time": now,
        "refused": ages.refused,
        "dropped": ages.dropped,
        "full": ages.full,
        "seen": [[*key, round(now - (monotonic - seen), 3), packets] for key, (seen, packets) in ages.seen.items()],
    }
    new = path.with_suffix(f".{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with open(handle, "w", encoding="utf-8") as file:
        json.dump(data, file, separators=(",", ":"))
    os.replace(new, path)


def read(device_id: int, address: str) -> MacAges | None:
    """The latest that a controller of this machine has written of a switch."""
    found = [_read(folder / _name(device_id, address)) for folder in rundir.folders()]
    return max(filter(None, found), key=lambda ages: ages.time, default=None)


def _read(path: Path) -> MacAges | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        seen = {(int(bridge), int(mac)): (float(at), int(packets)) for bridge, mac, at, packets in data["seen"]}
        full = tuple(map(str, data["full"]))
        return MacAges(float(data["time"]), seen, int(data["refused"]), int(data["dropped"]), full)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _name(device_id: int, address: str) -> str:
    return f"macs-{device_id}-{sha256(address.encode()).hexdigest()[:12]}.state"
