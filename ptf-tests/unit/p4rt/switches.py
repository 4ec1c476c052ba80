# SPDX-License-Identifier: Apache-2.0
"""Starts a real switch without ports for tests of the client: softswitch, or BMv2 where it is on PATH.

Both take the same flags, so one launcher serves both. No root is needed: nothing is attached to an interface.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from srv6cp.p4rt import ConnectionFailed, wait_for_switch

__all__ = ["CPU_PORT", "DEVICE_ID", "SWITCHES", "running", "unavailable"]

SWITCHES = ("softswitch", "bmv2")
DEVICE_ID = 1
CPU_PORT = 510
ROOT = Path(__file__).resolve().parents[3]
_PROGRAMS = {"softswitch": [sys.executable, "-m", "softswitch"], "bmv2": ["simple_switch_grpc"]}


def unavailable(kind: str) -> str | None:
    """Why switch ``kind`` cannot run here, None when it can."""
    if kind == "bmv2" and shutil.which("simple_switch_grpc") is None:
        return "simple_switch_grpc is not on PATH"
    return None


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(kind: str, port: int = 0) -> Iterator[str]:
    """A switch of ``kind`` without program; gives its P4Runtime address and stops it in the end."""
    address = f"127.0.0.1:{port or free_port()}"
    command = [*_PROGRAMS[kind], "--no-p4", "--device-id", str(DEVICE_ID), "--",
               "--grpc-server-addr", address, "--cpu-port", str(CPU_PORT), "--drop-port", "511"]  # fmt: skip
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment()
        )
        try:
            _wait(process, address)
            yield address
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-2000:].decode(errors="replace"))
            raise
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            wait_for_switch(address, DEVICE_ID, timeout=0.5)
            return
        except ConnectionFailed:
            if process.poll() is not None:
                raise RuntimeError(f"the switch exited with status {process.returncode}") from None
            if time.monotonic() > deadline:
                raise


def _environment() -> dict[str, str]:
    """This process's, with the source tree first, so that the switch of this tree runs."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
