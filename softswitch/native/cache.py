# SPDX-License-Identifier: Apache-2.0
"""The cache of compiled code: shared objects in ``$XDG_CACHE_HOME/softswitch``, which this process will execute.

So nobody else may have written them.  The folder belongs to this user and nobody else can write to it, nor exchange it
or a folder above it (as sshd's StrictModes asks of ``~/.ssh``); symbolic links in it are not followed.  Behind each
object stand its length and SHA-256, so that one that was cut short, by a full disk or a crash, is made again, not
mapped.  The dynamic loader does not look behind the sections of an object.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from p4rtlib.locks import locked

__all__ = ["CacheUnusable", "checked_folder", "default_folder", "fetch", "only_one", "scratch", "store", "sweep"]

#: Objects that nobody used for so long are removed when a new one is written.
KEEP_DAYS = 30

_MAGIC = b"softswitch object 1\n"
_TRAILER = len(_MAGIC) + 32
_SCRATCH = "build-"


class CacheUnusable(Exception):
    """Code from there may not be this user's own, or nothing can be kept there; the text says which folder and why."""


def default_folder() -> Path:
    """``$XDG_CACHE_HOME/softswitch``, else ``~/.cache/softswitch``.  A relative path counts for none, as XDG says.

    Raises CacheUnusable where there is neither."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (base if base.is_absolute() else Path.home() / ".cache") / "softswitch"
    except RuntimeError:
        raise CacheUnusable("no folder for a cache: neither XDG_CACHE_HOME nor a home") from None


def checked_folder(folder: Path) -> Path:
    """The folder, made where it is missing, without symbolic links in its path.  Raises CacheUnusable."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = folder.parent.resolve(strict=True) / folder.name
        folder.mkdir(exist_ok=True, mode=0o700)
    except FileExistsError:
        raise CacheUnusable(f"{folder} is no folder") from None
    except (OSError, RuntimeError) as error:
        raise CacheUnusable(f"{folder} cannot be made: {error}") from None
    me, own = os.geteuid(), folder.lstat()
    if not stat.S_ISDIR(own.st_mode):
        raise CacheUnusable(f"{folder} is a symbolic link")
    if own.st_uid != me:
        raise CacheUnusable(f"{folder} belongs to user {own.st_uid}, and this is user {me}")
    if own.st_mode & 0o022:
        raise CacheUnusable(f"{folder} can be written by others; chmod 700 {folder}")
    for above in folder.parents:
        found = above.lstat()
        if found.st_uid not in (0, me):
            raise CacheUnusable(f"{folder} lies in {above}, which belongs to user {found.st_uid}")
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise CacheUnusable(f"{folder} lies in {above}, which others can write")
    return folder


def fetch(path: Path) -> bool:
    """Whether the object is there, whole and this user's own; then it counts as used.  What is not is removed."""
    try:
        data = _read_own(path)
    except FileNotFoundError:
        return False
    if data[-_TRAILER:] != _trailer(data[:-_TRAILER]):
        _remove(path)
        return False
    os.utime(path)
    return True


def _read_own(path: Path) -> bytes:
    """The octets of a file that is this user's own; none of what is a link, a device, a folder or another user's."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return b""
        raise
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
            return b""
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def store(made: Path, path: Path) -> None:
    """Move an object that a compiler made into the cache: all of it is on disk before its name is."""
    with made.open("r+b") as file:
        trailer = _trailer(file.read())
        file.write(trailer)
        file.flush()
        os.fchmod(file.fileno(), 0o700)
        os.fsync(file.fileno())
    os.replace(made, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _trailer(data: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(len(data).to_bytes(8, "big") + data).digest()


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """One process at a time makes this object; those that start together with the same program wait for the first."""
    lock = path.with_suffix(".lock")
    handle = locked(lock, wait=True)
    assert handle is not None, "a lock that waits is had"
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """A folder for the compiler, beside the object and named after it: who has its lock may remove it."""
    folder = path.with_name(_SCRATCH + path.stem)
    _remove(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sweep(folder: Path, but: Path) -> None:
    """Remove objects that nobody uses any more, and what killed processes left; not what belongs to ``but``."""
    limit = time.time() - KEEP_DAYS * 86400
    for path in folder.iterdir():
        if path.suffix == ".so":
            if path.lstat().st_mtime < limit:
                path.unlink(missing_ok=True)
        elif path.name.startswith(_SCRATCH) or path.suffix == ".lock":
            target = path.with_name(path.name.removeprefix(_SCRATCH)).with_suffix(".so")
            if target != but:
                _remove_leftover(path, target.with_suffix(".lock"))


def _remove_leftover(path: Path, lock: Path) -> None:
    """Remove it, unless the process that made it still has its lock."""
    if lock.is_symlink():
        lock.unlink(missing_ok=True)
    handle = locked(lock, wait=False)
    if handle is None:
        return
    try:
        _remove(path)
        lock.unlink(missing_ok=True)
    finally:
        os.close(handle)
