# SPDX-License-Identifier: Apache-2.0
"""Scripts whose native code is compiled with a sanitizer, in a process of their own: its runtime has to be loaded
before Python.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from softswitch.native.compiler import NoCompiler, find_compiler

#: Compiles faster than -O1, and than -O0 where every access is checked; lines, not variables, are named in reports.
_OPTIONS = ("-Og", "-g1", "-fno-sanitize-recover=all")
_PATIENCE = 900.0  # s


@dataclass(frozen=True)
class Sanitizer:
    """What to compile with, what to load, and how it behaves."""

    library: str
    flag: str
    environment: dict[str, str] = field(default_factory=dict)
    #: its memory has fixed places, which an address space laid out at random may take
    fixed_places: bool = False


ADDRESS = Sanitizer(
    "libasan.so", "-fsanitize=address,undefined", {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "halt_on_error=1"}
)
THREAD = Sanitizer("libtsan.so", "-fsanitize=thread", {"TSAN_OPTIONS": "halt_on_error=1"}, fixed_places=True)


class Unavailable(Exception):
    """The sanitizer cannot be used here; the text says why."""


@dataclass(frozen=True)
class Prepared:
    """How to start Python with a sanitizer's runtime, and what to compile with."""

    python: tuple[str, ...]
    environment: dict[str, str]
    options: tuple[str, ...]


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "no message")[:200]


def _run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE, errors="replace"
    )


def _runtime(sanitizer: Sanitizer) -> str:
    """Path of the runtime. Raises Unavailable where the compiler has none (a package of its own)."""
    path = _run([*find_compiler().command, f"-print-file-name={sanitizer.library}"]).stdout.strip()
    if not os.path.isabs(path) or not os.path.exists(path):
        raise Unavailable(f"the compiler has no {sanitizer.library}")
    return path


def _python(sanitizer: Sanitizer) -> list[str]:
    """How to start Python: where that is allowed with an address space that is not laid out at random."""
    setarch = shutil.which("setarch") if sanitizer.fixed_places else None
    fixed = [setarch, platform.machine(), "-R"] if setarch else []
    return [*fixed, sys.executable] if fixed and not _run([*fixed, "true"]).returncode else [sys.executable]


def prepare(sanitizer: Sanitizer, scratch: Path) -> Prepared:
    """Ways to run something with it; ``scratch`` becomes its cache.

    Raises Unavailable, with the reason, where a library that does nothing cannot be compiled with it or loaded.
    """
    try:
        compiler = find_compiler().command
    except NoCompiler as error:
        raise Unavailable(str(error)) from None
    options = (*_OPTIONS, sanitizer.flag)
    environment = {"LD_PRELOAD": _runtime(sanitizer), "XDG_CACHE_HOME": str(scratch), **sanitizer.environment}
    source, library = scratch / "nothing.c", scratch / "nothing.so"
    source.write_text("int nothing(int x) { return x << 1; }\n")
    made = _run([*compiler, "-shared", "-fPIC", *options, "-o", str(library), str(source)])
    if made.returncode:
        raise Unavailable(f"the compiler cannot use {sanitizer.library}: {_first_line(made.stderr)}")
    python = _python(sanitizer)
    probe = _run(
        [*python, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", str(library)], {**os.environ, **environment}
    )
    if probe.returncode:
        raise Unavailable(f"Python does not start with {sanitizer.library}: {_first_line(probe.stderr)}")
    return Prepared(tuple(python), environment, options)


def run(sanitizer: Sanitizer, script: Path, scratch: Path, *arguments: str, **environment: str) -> None:
    """Run ``script OPTIONS ARGUMENTS``, which ends with ``no error``; ``scratch`` becomes its cache.

    OPTIONS, one word with spaces, are what it compiles with.  The test is skipped with the reason where the sanitizer
    cannot be used.
    """
    try:
        prepared = prepare(sanitizer, scratch)
    except Unavailable as error:
        pytest.skip(str(error))
    surroundings = {**os.environ, **prepared.environment, **environment}
    answer = _run([*prepared.python, str(script), " ".join(prepared.options), *arguments], surroundings)
    if sanitizer.fixed_places and "unexpected memory mapping" in answer.stderr:
        pytest.skip(f"{sanitizer.library}: {_first_line(answer.stderr)} (the kernel's vm.mmap_rnd_bits is too large)")
    assert answer.returncode == 0, answer.stderr[:6000]
    assert "no error" in answer.stdout, f"{script.name} does not reach its end"
