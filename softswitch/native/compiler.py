# SPDX-License-Identifier: Apache-2.0
"""The system's C compiler, and the cache of what it made.

A shared object is kept under ``$XDG_CACHE_HOME/softswitch`` by the hash of its sources, the compiler's version and
the options; files that nobody used for :data:`KEEP_DAYS` are removed when a new one is written.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

_log = logging.getLogger(__name__)

OPTIONS = ("-std=gnu11", "-fPIC", "-shared", "-fno-strict-aliasing", "-fvisibility=hidden", "-w", "-pthread")
OPTIMISE = ("-O2",)
KEEP_DAYS = 30


class NoCompiler(Exception):
    """There is no C compiler, or it fails; the text says which and how."""


def find_compiler() -> str:
    """Path of the C compiler: ``$CC``, else cc, gcc or clang on PATH.  Raises NoCompiler."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise NoCompiler("no C compiler (cc, gcc or clang) on PATH")


def has_compiler() -> bool:
    """Whether there is one."""
    try:
        find_compiler()
    except NoCompiler:
        return False
    return True


@lru_cache(maxsize=8)
def _version(compiler: str, modified: float) -> str:
    answer = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0]


def cache_folder() -> Path:
    """Where shared objects are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "softswitch"


def build(source: str, options: tuple[str, ...] = OPTIMISE, include: Sequence[Path] = ()) -> Path:
    """The shared object made of ``source``, from the cache where it is there.  Raises NoCompiler.

    ``include``: the folders where its headers are; all their ``*.h`` count as part of the source.
    """
    compiler = find_compiler()
    digest = hashlib.sha256()
    version = _version(compiler, os.stat(compiler).st_mtime)
    headers = [path.read_text() for folder in include for path in sorted(folder.glob("*.h"))]
    for part in (source, *headers, version, platform.machine(), *OPTIONS, *options):
        digest.update(part.encode() + b"\0")
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = folder / f"{digest.hexdigest()[:32]}.so"
        if target.exists():
            os.utime(target)
            return target
        with _one_at_a_time(target.with_suffix(".lock")):
            if not target.exists():
                _forget_old(folder)
                _compile(compiler, source, (*options, *(f"-I{path}" for path in include)), folder, target)
        return target
    except OSError as error:
        raise NoCompiler(f"cannot use the cache {cache_folder()}: {error}") from None


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Switches that start together with the same program wait for the first one's compiler."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _compile(compiler: str, source: str, options: tuple[str, ...], folder: Path, target: Path) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix="build-") as scratch:
        text, made = Path(scratch) / "source.c", Path(scratch) / "object.so"
        text.write_text(source)
        command = [compiler, *OPTIONS, *options, "-o", str(made), str(text)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise NoCompiler(f"{compiler} failed: {answer.stderr.strip()[:2000]}")
        os.replace(made, target)
    _log.info("compiled with %s in %.1f s: %s", compiler, time.monotonic() - started, target)


def _forget_old(folder: Path) -> None:
    limit = time.time() - KEEP_DAYS * 86400
    for path in folder.glob("*.so"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
