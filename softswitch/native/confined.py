# SPDX-License-Identifier: Apache-2.0
"""A program, such as a compiler, in a child that cannot do much: no network, no new privileges, limits, a clean
environment, and a folder of its own for whatever it writes.

The network is taken away by a user and a network namespace of its own, where the kernel lets an unprivileged user have
them; limits hold everywhere.  Between fork and exec stands a shell: this process has threads, which other ways of
preparing a child do not survive, and may have become a user who cannot run the Python that it is.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

__all__ = ["LIMITS", "CannotConfine", "Limits", "Outcome", "run"]

T = TypeVar("T")

_MIB = 1 << 20


class Limits(NamedTuple):
    """What a program may use: many times what a compiler needs for the largest program of the tests."""

    #: of processor time, a process
    seconds: int = 300
    #: of real time, in all
    patience: float = 900.0
    #: of address space, a process, in bytes
    memory: int = 8192 * _MIB
    #: of a file, in bytes
    file: int = 512 * _MIB
    #: and threads, where they are counted for the child alone
    processes: int = 512


LIMITS = Limits()

#: Limits of the shell that becomes the command; one that is lower already stays.  Words: seconds, KiB of memory, blocks
#: of 512 octets of a file, processes (0: not limited), the command.
_LIMITED = """\
seconds=$1 memory=$2 file=$3 processes=$4
shift 4
{ ulimit -c 0
  ulimit -H -t $((seconds + 5)); ulimit -S -t "$seconds"
  ulimit -v "$memory"; ulimit -f "$file"
  [ "$processes" = 0 ] || ulimit -p "$processes" || ulimit -u "$processes"
} 2>/dev/null
exec "$@"
"""
_NO_NEW_PRIVS = 38

#: What compilers and the kernel say of a program that wanted more, and of what.
_COMPLAINTS = (
    ("processor time", ("CPU time limit exceeded", "SIGXCPU")),
    ("file", ("File size limit exceeded", "File too large", "SIGXFSZ", "FileTooBig")),
    ("memory", ("out of memory", "OutOfMemory", "memory exhausted", "Cannot allocate memory", "bad_alloc")),
    ("processes", ("Resource temporarily unavailable",)),
)
_SIGNALS = {signal.SIGXCPU: "processor time", signal.SIGXFSZ: "file"}


class CannotConfine(Exception):
    """The child cannot be made; the text says why."""


class Outcome(NamedTuple):
    """How a program ended."""

    output: str
    #: one line, None when it succeeded
    failure: str | None


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, limits: Limits = LIMITS
) -> Outcome:
    """Run ``command`` (its first word is a path) with ``folder`` as its working, home and temporary directory.

    ``environment`` is added to ``PATH`` and a locale, all that it has else.  Raises CannotConfine.
    """
    own = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)}
    alone = _alone()
    numbers = limits.seconds, limits.memory >> 10, limits.file >> 9, limits.processes if alone and _counts() else 0
    try:
        child = _unprivileged(
            lambda: subprocess.Popen(
                [*alone, "/bin/sh", "-c", _LIMITED, "sh", *map(str, numbers), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**own, **(environment or {})},
                start_new_session=True,
                text=True,
                errors="replace",
            )
        )
    except OSError as error:
        raise CannotConfine(f"{command[0]} cannot be confined: {error.filename or ''}: {error.strerror}") from None
    with child:
        try:
            output, complaint = child.communicate(timeout=limits.patience)
        except subprocess.TimeoutExpired:
            _kill(child)
            return Outcome("", f"{command[0]} did not end within {limits.patience:g} s")
        except BaseException:
            _kill(child)
            raise
    _kill(child)  # what it may have left
    return Outcome(output, _failure(command[0], child.returncode, complaint, limits))


def _unprivileged(start: Callable[[], T]) -> T:
    """Call ``start`` in a thread that can gain no privileges; nor can its children.  Raises what it raises."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ctypes.CDLL(None).prctl, _NO_NEW_PRIVS, 1, 0, 0, 0)
        return pool.submit(start).result()


@cache
def _alone() -> tuple[str, ...]:
    """Words that run what follows them in user and network namespaces of its own; none where that is not possible."""
    program = shutil.which("unshare") or shutil.which("unshare", path=os.defpath)
    words = (program, "--user", "--net") if program is not None else ()
    try:
        tried = subprocess.run([*words, "/bin/sh", "-c", ":"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return words if tried.returncode == 0 else ()


def _counts() -> bool:
    """Whether processes are counted for each user namespace; before Linux 5.14 all of the user counted."""
    numbers = [re.match(r"\d*", part) for part in os.uname().release.split(".")[:2]]
    return [int(number[0] or 0) for number in numbers if number] >= [5, 14]


def _kill(child: subprocess.Popen[str]) -> None:
    """End the child and all that it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.communicate()


def _failure(program: str, code: int, complaint: str, limits: Limits) -> str | None:
    if code == 0:
        return None
    found = next((what for what, texts in _COMPLAINTS if any(text in complaint for text in texts)), None)
    exceeded = _SIGNALS.get(signal.Signals(-code)) if code < 0 else found
    if exceeded is not None:
        amount = {
            "processor time": f"{limits.seconds} s of processor time",
            "file": f"a file of {limits.file // _MIB} MiB",
            "memory": f"{limits.memory // _MIB} MiB of memory",
            "processes": f"{limits.processes} processes",
        }[exceeded]
        return f"{program} wanted more than {amount}"
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    said = next((line for line in lines if "error" in line), lines[-1] if lines else f"exit status {code}")
    return f"{program} failed: {said[:500]}"
