# SPDX-License-Identifier: Apache-2.0
"""A text file that several processes edit: locked while it is, and replaced whole or not at all.

The lock is ``flock`` on the file itself, so that nothing is left behind and every path to the file (links of both
kinds) meets the same one; the file that takes its place is locked before it does. It binds those who ask for it, the
commands; what somebody else saves meanwhile, an editor say, is noticed before the file is replaced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from srv6cp.cli import exitcodes
from srv6cp.cli.durable import sync_folder
from srv6cp.cli.exitcodes import CliError


class LockedFile:
    """An existing regular file, locked until :meth:`close` (or until this object is gone).

    ``path`` is what it was called by; what is written goes to the file behind it, also through symbolic links.
    """

    def __init__(self, path: Path, wait: bool = True) -> None:
        """Wait for the lock, or raise BlockingIOError. Raises OSError, and CliError for what is no regular file."""
        self.path = path
        self._target = Path(os.path.realpath(path))
        while True:
            # Without O_NONBLOCK, opening a pipe would wait for its writer.
            handle = os.open(self._target, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            self._release = weakref.finalize(self, os.close, handle)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                self.close()
                raise CliError(f"{path}: not a regular file, so it cannot be edited", exitcodes.CONFIG)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise
            except OSError as error:
                self.close()
                raise CliError(f"{path}: cannot be locked: {error.strerror}", exitcodes.CHECK_FAILED) from None
            # Whoever had the lock has replaced the file: then this is the lock of what is gone.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(self._target)):
                    break
            self.close()
        self._seen = _state(os.fstat(handle))

    def __enter__(self) -> LockedFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let others edit."""
        self._release()

    def write(self, text: str) -> None:
        """Replace the content; owner, mode, extended attributes and links stay.

        The new content is on the disk before it takes the place of the old one. A file with several hard links, or
        in a folder where none can be made, is written in place.

        Raises:
            CliError: the file is not what was locked any more.
            OSError: it cannot be written; then it is as it was.
        """
        data = text.encode()
        now = os.stat(self._target)
        if _state(now) != self._seen:
            raise CliError(
                f"{self.path}: changed by something else meanwhile; nothing is saved, give the command again",
                exitcodes.CHECK_FAILED,
            )
        if now.st_nlink > 1 or not self._replace(data, now):
            self._overwrite(data)
        self._seen = _state(os.stat(self._target))

    def _replace(self, data: bytes, now: os.stat_result) -> bool:
        """Put a new file in its place; False where that cannot be done without changing whose it is."""
        folder = self._target.parent
        # One name, not a random one: what a killed command left behind is written again.
        name = folder / f".{self._target.name}.new"
        try:
            with suppress(FileNotFoundError):
                os.unlink(name)
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except PermissionError:
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                made = os.fstat(handle)
                if (made.st_uid, made.st_gid) != (now.st_uid, now.st_gid):
                    os.fchown(handle, now.st_uid, now.st_gid)
                os.fchmod(handle, stat.S_IMODE(now.st_mode))
                _copy_attributes(self._target, handle)
                file.write(data)
                file.flush()
                os.fsync(handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
                locked = os.dup(handle)
            try:
                os.replace(name, self._target)
            except BaseException:
                os.close(locked)
                raise
        except BaseException as error:
            os.unlink(name)
            if isinstance(error, PermissionError):
                return False
            raise
        self._release()
        self._release = weakref.finalize(self, os.close, locked)
        sync_folder(folder)
        return True

    def _overwrite(self, data: bytes) -> None:
        handle = os.open(self._target, os.O_WRONLY | os.O_CLOEXEC)
        with os.fdopen(handle, "wb") as file:
            _reserve(handle, len(data))
            file.write(data)
            file.truncate()
            file.flush()
            os.fsync(handle)


def _state(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _reserve(handle: int, size: int) -> None:
    """Meet a full disk before anything is overwritten, where the file system can say."""
    try:
        if size:
            os.posix_fallocate(handle, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def _copy_attributes(source: Path, handle: int) -> None:
    """Access control lists and labels, as far as this user may."""
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(handle, name, os.getxattr(source, name))
