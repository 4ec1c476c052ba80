# SPDX-License-Identifier: Apache-2.0
"""Files that a process with privileges writes: recordings, logs.

They say what a network carries, so others cannot read them, and they belong to who started the process (``sudo``). In a
directory where others can write, such as ``/tmp``, somebody may have put a link to a file of root's there, or a file of
their own in order to read it: no link is followed there, and no file of others is taken. A process without privileges
writes as everyone does.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from p4rtlib.rights import invoking_user, is_privileged

__all__ = ["open_output"]


def open_output(path: str | Path, flags: int) -> int:
    """An ``opener`` of :func:`open` for files to be written. OSError when there is something that is not to be
    written to."""
    if not is_privileged():
        return os.open(path, flags | os.O_CLOEXEC, 0o666)
    shared = _others_write(Path(path).absolute().parent)
    # Not cut before it is known whose it is; a pipe without reader would be waited for.
    mode = flags & ~os.O_TRUNC | os.O_CLOEXEC | os.O_NOCTTY
    handle = os.open(path, mode | (os.O_NOFOLLOW | os.O_NONBLOCK if shared else 0), 0o600)
    try:
        _claim(handle, path, shared, cut=bool(flags & os.O_TRUNC))
    except BaseException:
        os.close(handle)
        raise
    return handle


def _claim(handle: int, path: str | Path, shared: bool, *, cut: bool) -> None:
    found, owner = os.fstat(handle), invoking_user()
    if not stat.S_ISREG(found.st_mode):
        if shared:
            raise OSError(errno.EPERM, "in a directory where others can write it must be a plain file", str(path))
        return
    if shared and (found.st_uid not in (0, os.geteuid(), owner.user) or found.st_nlink != 1):
        raise OSError(errno.EPERM, "it is another user's, in a directory where others can write", str(path))
    if cut:
        os.ftruncate(handle, 0)
    if found.st_uid == os.geteuid() != owner.user and found.st_size == 0:
        os.fchown(handle, *owner)


def _others_write(folder: Path) -> bool:
    """Whether anybody but root, this user and who started this process can make files there."""
    found = folder.stat()
    trusted = (0, os.geteuid(), invoking_user().user)
    return found.st_uid not in trusted or bool(found.st_mode & 0o022)
