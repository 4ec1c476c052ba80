# SPDX-License-Identifier: Apache-2.0
"""Named network namespaces, as ``ip netns`` has them. Needs root and pyroute2."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from pyroute2 import netns

T = TypeVar("T")

RUN = Path("/var/run/netns")
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000


def create(name: str) -> None:
    """Make a namespace. Raises OSError, FileExistsError among them."""
    if (RUN / name).exists():
        raise FileExistsError(f"there is a network namespace {name} already; `ip netns del {name}` removes it")
    netns.create(name)


def inside(name: str, function: Callable[[], T]) -> T:
    """Run ``function`` in a namespace; sockets that it opens and processes that it starts stay there.

    A namespace belongs to a thread, so a thread of its own enters it and ends.
    """
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            netns.setns(name, flags=0)
            results.append(function())
        except BaseException as error:  # handed to the caller, whatever it is
            failures.append(error)

    thread = threading.Thread(target=run, name=f"in {name}")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def processes(names: Iterable[str]) -> list[int]:
    """The processes that live in these namespaces, this one excepted."""
    wanted = set()
    for name in names:
        try:
            stat = (RUN / name).stat()
        except OSError:
            continue
        wanted.add((stat.st_dev, stat.st_ino))
    own = os.stat("/proc/self/ns/net")
    wanted.discard((own.st_dev, own.st_ino))
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdecimal() and int(entry) != os.getpid():
            try:
                stat = os.stat(f"/proc/{entry}/ns/net")
            except OSError:
                continue  # it has ended, or is a zombie
            if (stat.st_dev, stat.st_ino) in wanted:
                found.append(int(entry))
    return found


def clear(names: list[str], patience: float = 3.0) -> None:
    """End every process in these namespaces and remove them, with the interfaces in them. Missing ones are fine."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = time.monotonic() + patience
        for pid in processes(names):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        while processes(names) and time.monotonic() < end:
            time.sleep(0.02)
    for name in names:
        try:
            netns.remove(name)
        except FileNotFoundError:
            pass


def become(name: str, hosts_file: Path, words: list[str]) -> None:
    """Replace this process by a command in a namespace. Raises OSError when the command cannot be started.

    The command sees the interfaces of the namespace in /sys and the names of the nodes in /etc/hosts, as far as mounts
    are possible here.
    """
    netns.setns(name, flags=0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) == 0 and libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None) == 0:
        libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None)
        libc.mount(os.fsencode(hosts_file), b"/etc/hosts", None, MS_BIND, None)
    os.execvp(words[0], words)
