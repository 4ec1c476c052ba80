# SPDX-License-Identifier: Apache-2.0
"""What this process may do beyond its user, and for whom it does it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Owner", "invoking_user", "is_privileged"]


class Owner(NamedTuple):
    """A user and a group, by number."""

    user: int
    group: int


def is_privileged() -> bool:
    """Whether this process is root, or has capabilities without being root."""
    return os.geteuid() == 0 or bool(_capabilities())


def _capabilities() -> int:
    """The effective ones as a bit map; 0 where the kernel does not tell."""
    try:
        text = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("CapEff:")]
    return int(found[0], 16) if found else 0


def invoking_user() -> Owner:
    """Who started this process: the user who called ``sudo`` where root was become that way, else its own.

    What root makes for that user (a socket, a recording) is given to them. sudo sets the variables anew; who is root
    otherwise may set them, and may give files away as well.
    """
    me = Owner(os.geteuid(), os.getegid())
    user, group = (os.environ.get(name, "") for name in ("SUDO_UID", "SUDO_GID"))
    if me.user != 0 or not (user.isascii() and user.isdecimal() and group.isascii() and group.isdecimal()):
        return me
    return Owner(int(user), int(group))
