# SPDX-License-Identifier: Apache-2.0
"""The C compiler.

It is the system's, or where there is none that of the package ``ziglang``, a wheel with clang and what C needs.
A shared object is kept (:mod:`.cache`) by the hash of its sources, the compiler's version and the options.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from . import cache, confined

_log = logging.getLogger(__name__)

OPTIONS = ("-std=gnu11", "-fPIC", "-shared", "-fno-strict-aliasing", "-fvisibility=hidden", "-w", "-pthread")
OPTIMISE = ("-O2",)
#: The package that brings a compiler.
ZIG = "ziglang"


class NoCompiler(Exception):
    """There is no C compiler, or it fails; the text says which and how."""


class Compiler(NamedTuple):
    """A C compiler."""

    #: what runs it, to be followed by options and files
    command: tuple[str, ...]
    #: which one it is: what is made by another one is not taken for its work
    version: str
    options: tuple[str, ...] = ()
    #: variables of its environment
    environment: tuple[tuple[str, str], ...] = ()


def find_compiler() -> Compiler:
    """``$CC``, else cc, gcc or clang on PATH, else that of the package ziglang.  Raises NoCompiler."""
    for words in (shlex.split(os.environ.get("CC", "")), ["cc"], ["gcc"], ["clang"]):
        path = shutil.which(words[0]) if words else None
        if path:
            command = (path, *words[1:])
            return Compiler(command, _version(command, os.stat(path).st_mtime))
    package = importlib.util.find_spec(ZIG) if os.access(sys.executable or "", os.X_OK) else None
    if package is None:
        raise NoCompiler("no C compiler: neither cc, gcc or clang on PATH, nor the package ziglang")
    # It is of the machine's kind, not of this very machine, as what other compilers make by default; and it does not
    # trap undefined behaviour.  Its own parts, made at first use, stay in our cache.
    parts = str(_folder() / "zig")
    return Compiler(
        (sys.executable, "-m", ZIG, "cc"),
        f"{ZIG} {_package_version(str(package.origin))}",
        ("-mcpu=baseline", "-fno-sanitize=undefined"),
        (
            ("ZIG_GLOBAL_CACHE_DIR", parts),
            ("ZIG_LOCAL_CACHE_DIR", parts),
            ("PYTHONPATH", str(Path(str(package.origin)).absolute().parents[1])),
        ),
    )


def has_compiler() -> bool:
    """Whether there is one."""
    try:
        find_compiler()
    except NoCompiler:
        return False
    return True


@lru_cache(maxsize=8)
def _version(command: tuple[str, ...], modified: float) -> str:
    with tempfile.TemporaryDirectory(prefix="softswitch-") as folder:
        return _run([*command, "--version"], Path(folder)).output.partition("\n")[0]


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> confined.Outcome:
    try:
        return confined.run(command, folder, environment)
    except confined.CannotConfine as error:
        raise NoCompiler(str(error)) from None


def _package_version(origin: str) -> str:
    """That of the distribution, without a start of the compiler; where it has none, its place must do."""
    try:
        return importlib.metadata.version(ZIG)
    except importlib.metadata.PackageNotFoundError:
        return origin


def build(source: str, options: tuple[str, ...] = OPTIMISE, include: Sequence[Path] = ()) -> Path:
    """The shared object made of ``source``, from the cache where it is there.  Raises NoCompiler.

    ``include``: the folders where its headers are; all their ``*.h`` count as part of the source.

    Where no code may be kept it is made for this process alone, and a warning says why.
    """
    compiler = find_compiler()
    digest = hashlib.sha256()
    headers = {name: text for folder in include for name, text in remember_headers(folder).items()}
    parts = (
        source,
        *headers.values(),
        compiler.version,
        *compiler.command[1:],
        platform.machine(),
        *OPTIONS,
        *compiler.options,
        *options,
    )
    for part in parts:
        digest.update(part.encode() + b"\0")
    try:
        target = _folder() / f"{digest.hexdigest()[:32]}.so"
        if not cache.fetch(target):
            with cache.only_one(target):
                if not cache.fetch(target):
                    cache.sweep(target.parent, target)
                    _compile(compiler, source, headers, options, target)
        return target
    except OSError as error:
        raise NoCompiler(f"cannot keep what the compiler makes: {error}") from None


@lru_cache(maxsize=8)
def remember_headers(folder: Path) -> Mapping[str, str]:
    """The headers of a folder by name; they are read once, also where the user that the process becomes cannot."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.h"))}


def _folder() -> Path:
    """Where objects are kept."""
    try:
        return cache.checked_folder(cache.default_folder())
    except cache.CacheUnusable as error:
        return _of_this_process(str(error))


@lru_cache(maxsize=8)
def _of_this_process(reason: str) -> Path:
    """A folder that goes when the process does."""
    _log.warning("no cache of compiled code: %s", reason)
    try:
        folder = tempfile.mkdtemp(prefix="softswitch-")
    except OSError as error:
        raise NoCompiler(f"no cache of compiled code: {reason}; no temporary folder: {error}") from None
    if not _temporary:
        atexit.register(forget_temporary_folder)
    _temporary.append(folder)
    return Path(folder)


#: Folders of this process.
_temporary: list[str] = []


def forget_temporary_folder() -> None:
    """Remove it, before the process becomes a user who cannot; what was loaded from there stays loaded."""
    for folder in _temporary:
        shutil.rmtree(folder, ignore_errors=True)
    _temporary.clear()
    _of_this_process.cache_clear()


def _compile(
    compiler: Compiler, source: str, headers: Mapping[str, str], options: tuple[str, ...], target: Path
) -> None:
    started = time.monotonic()
    with cache.scratch(target) as folder:
        text, made = folder / "source.c", folder / "object.so"
        text.write_text(source, encoding="utf-8")
        for name, content in headers.items():
            (folder / name).write_text(content, encoding="utf-8")
        command = [*compiler.command, *OPTIONS, *compiler.options, *options, "-o", str(made), str(text)]
        failure = _run(command, folder, dict(compiler.environment)).failure
        if failure is not None:
            raise NoCompiler(failure)
        cache.store(made, target)
    _log.info("compiled with %s in %.1f s: %s", " ".join(compiler.command), time.monotonic() - started, target)
