# SPDX-License-Identifier: Apache-2.0
"""Locks between processes: a file that is locked (``flock``) as long as its holder lives, whatever ends that."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["locked"]


def locked(path: Path, *, wait: bool) -> int | None:
    """A handle of the file, made and locked; None where another process has it and this one does not ``wait``.

    Who gives it up removes the file first, then closes the handle. No link is followed. Raises OSError.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # Who had it before has removed the file: the lock is to be had of the new one.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.lstat()):
                    return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
