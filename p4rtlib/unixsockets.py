# SPDX-License-Identifier: Apache-2.0
"""Unix sockets of P4Runtime servers, ``unix:PATH``: only who started the server may connect.

gRPC removes whatever socket has the name, also one where somebody listens, and makes the new one with the mode that the
umask leaves. So the place is looked at before, and the socket is made with mode 0600.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from p4rtlib.rights import Owner, invoking_user

__all__ = ["InUse", "Unusable", "clear", "hand_over", "is_unix", "listens", "only_for_owner", "path_of", "usable_by"]

SCHEME = "unix:"
#: Bytes of a path in ``sockaddr_un``.
LONGEST = 107


class Unusable(Exception):
    """Nobody can listen there; the text says why and goes behind the address."""


class InUse(Unusable):
    """Somebody listens there."""


def is_unix(address: str) -> bool:
    """Whether ``address`` is ``unix:PATH``."""
    return address.startswith(SCHEME)


def path_of(address: str) -> Path:
    """The path of ``unix:PATH`` or ``unix:///PATH``."""
    text = address.removeprefix(SCHEME)
    return Path(text[2:] if text.startswith("//") else text)


def clear(address: str) -> None:
    """See that a server can listen at ``address``, and remove the socket that a killed one left there.

    Raises Unusable: the path is too long; its folder is not there, or others can exchange what is in it; there is a
    file, a link or a socket of somebody else. InUse: somebody listens there.
    """
    path = path_of(address)
    if not path.name:
        raise Unusable("a path is needed, such as unix:/run/srv6/r1.sock")
    if len(os.fsencode(path)) > LONGEST:
        raise Unusable(f"the path is longer than {LONGEST} bytes")
    _check_folder(path.parent)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unusable(str(error.strerror)) from None
    if not stat.S_ISSOCK(found.st_mode):
        what = "a link" if stat.S_ISLNK(found.st_mode) else "a file"
        raise Unusable(f"there is {what} of that name that is no socket")
    if listens(path):
        raise InUse("somebody listens there already")
    if found.st_uid not in (0, os.geteuid(), invoking_user().user):
        raise Unusable(f"there is a socket of user {found.st_uid}")
    try:
        path.unlink(missing_ok=True)  # of a server that was killed
    except OSError as error:
        raise Unusable(f"the socket that is left there cannot be removed: {error.strerror}") from None


def _check_folder(folder: Path) -> None:
    try:
        found = folder.stat()
    except OSError:
        raise Unusable(f"there is no directory {folder}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise Unusable(f"there is no directory {folder}")
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise Unusable(f"everybody can exchange what is in {folder}; choose another directory, or chmod o-w {folder}")


def listens(path: Path) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError as error:
            # One that this user may not use is somebody's all the same.
            return isinstance(error, (PermissionError, BlockingIOError))
    return True


def usable_by(path: Path) -> bool:
    """Whether this user may connect to the socket."""
    return os.access(path, os.R_OK | os.W_OK)


@contextmanager
def only_for_owner(address: str) -> Iterator[None]:
    """Make the socket of ``address`` inside: it has mode 0600 from its first moment, and belongs to who started this.

    The umask is that of the process: files that other threads make meanwhile are closed to others, too.
    """
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
    hand_over(path_of(address), invoking_user())


def hand_over(path: Path, owner: Owner) -> None:
    """Give the socket to ``owner``; it stays this process's where it cannot be given away."""
    if owner.user != os.geteuid():
        with suppress(OSError):
            os.chown(path, *owner, follow_symlinks=False)
