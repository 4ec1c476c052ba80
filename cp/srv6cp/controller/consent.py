# SPDX-License-Identifier: Apache-2.0
"""What an operator has agreed to: this very content of a node file, although it takes away much.

A command says it, the controllers that follow the file ask. It is an empty file beside those of `following`, named
by a digest of path and content, so it says nothing of what the file becomes next; it counts for ten minutes, long
enough for the backup too.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from srv6cp import rundir
from srv6cp.controller import following

_PREFIX = "removals-"
_VALID = 600.0


def give(path: Path, text: str) -> None:
    """Agree to ``text`` as the content of a node file. Raises OSError."""
    folder = rundir.own()
    for old in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if not _counts(old):
                old.unlink()
    name = folder / _name(path, text)
    with suppress(FileNotFoundError):
        name.unlink()
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))


def given(path: Path, text: str) -> bool:
    """Whether root or this user has agreed to it."""
    return any(_counts(folder / _name(path, text)) for folder in rundir.folders())


def reaches(follower: following.Follower) -> bool:
    """Whether that controller believes this user: it is root's word, or the controller is this user's."""
    try:
        return os.geteuid() in (0, os.stat(f"/proc/{follower.pid}").st_uid)
    except OSError:
        return True  # it has just ended, or hides from us; nothing is lost by asking


def _name(path: Path, text: str) -> str:
    return _PREFIX + hashlib.sha256(f"{os.path.realpath(path)}\0{text}".encode()).hexdigest()


def _counts(file: Path) -> bool:
    try:
        found = file.lstat()
    except OSError:
        return False
    age = time.time() - found.st_mtime
    return stat.S_ISREG(found.st_mode) and found.st_uid in (0, os.geteuid()) and abs(age) < _VALID
