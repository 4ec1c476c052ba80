# SPDX-License-Identifier: Apache-2.0
"""A switch process with a P4Runtime server: start it, wait until it answers, stop it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

START_LIMIT = 60.0  # s
STOP_LIMIT = 5.0  # s


class DoesNotStart(Exception):
    """The process ended or did not answer in time; the message quotes what it wrote last."""


def simple_switch() -> list[str]:
    """The command ``simple_switch_grpc`` with the flags in ``BMV2_ARGS``."""
    program = shutil.which("simple_switch_grpc") or "simple_switch_grpc"
    return [program, *shlex.split(os.environ.get("BMV2_ARGS", ""))]


def _dying_with_parent() -> list[str]:
    """A prefix for commands that are to end when we do, whatever ends us.

    Not ``preexec_fn``: gRPC does not survive every fork of a process with threads, and without it there is none.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _directly(start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    return start()


class SwitchProcess:
    """A running switch whose P4Runtime server is at ``address``; what it writes goes to the file ``log``."""

    def __init__(
        self,
        command: list[str],
        address: str,
        log: Path,
        inside: Callable[[Callable[[], subprocess.Popen[bytes]]], subprocess.Popen[bytes]] = _directly,
    ) -> None:
        """Start it and wait until the server answers; ``inside`` calls a function in a namespace.

        Raises DoesNotStart.
        """
        self.log = log
        with log.open("wb") as output:
            self._process = inside(
                lambda: subprocess.Popen(
                    [*_dying_with_parent(), *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
        try:
            self._wait(command[0], address)
        except BaseException:
            self.close()
            raise

    def _wait(self, name: str, address: str) -> None:
        import grpc

        end = time.monotonic() + START_LIMIT
        with grpc.insecure_channel(address) as channel:
            ready = grpc.channel_ready_future(channel)
            while True:
                try:
                    ready.result(timeout=0.2)
                    return
                except grpc.FutureTimeoutError:
                    if not self.alive() or time.monotonic() > end:
                        code = self._process.poll()
                        why = "no answer" if code is None else f"exit code {code}"
                        said = self.last_words().strip()[-500:]
                        raise DoesNotStart(f"{name} does not start ({why}): {said}") from None

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-2000:]

    def close(self) -> None:
        """Stop it, by force when it does not obey."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
