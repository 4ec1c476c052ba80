# SPDX-License-Identifier: Apache-2.0
"""Start a switch as a child process: softswitch or BMv2, with the same flags."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import CliError
from srv6cp.compile.system import CPU_PORT

BMV2 = "simple_switch_grpc"
SWITCHES = ("softswitch", "bmv2")
DROP_PORT = 511
_STOP_TIMEOUT = 5.0


def choose(name: str) -> str:
    """``auto`` as the switch that it means here."""
    if name == "auto":
        return "bmv2" if shutil.which(BMV2) else "softswitch"
    return name


def start(
    kind: str,
    *,
    address: str,
    device_id: int,
    interfaces: Mapping[int, str] | None = None,
    pcap: str | None = None,
    log_file: str | None = None,
) -> Switch:
    """Start ``softswitch`` or ``bmv2`` without a program; the controller brings it.

    Raises:
        CliError: it is not installed.
    """
    command = _command(kind)
    root = _source_root() if kind == "softswitch" else None
    environment = {**os.environ, "PYTHONPATH": _joined(root)} if root else None
    for port, device in (interfaces or {}).items():
        command += ["-i", f"{port}@{device}"]
    if pcap:
        command += [f"--pcap={pcap}"]
    if log_file:
        # BMv2 appends .txt by itself.
        command += ["--log-file", log_file.removesuffix(".txt") if kind == "bmv2" else log_file]
    command += ["--device-id", str(device_id), "--no-p4", "--"]
    command += ["--grpc-server-addr", address, "--cpu-port", str(CPU_PORT), "--drop-port", str(DROP_PORT)]
    return Switch(kind, command, address, device_id, environment)


class Switch:
    """A switch that is a child of this process and ends with it."""

    def __init__(
        self,
        kind: str,
        command: list[str],
        address: str,
        device_id: int,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self._address = address
        self._device_id = device_id
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        # A session of its own: Ctrl-C is for us, and we stop the switch when the controller is done.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
            preexec_fn=_die_with_parent,
        )

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The last line that the switch printed, or its exit status."""
        self._words.seek(0)
        lines = [line for line in self._words.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"exit status {self._process.poll()}"

    def wait_until_ready(self, timeout: float) -> None:
        """Wait until its P4Runtime server answers.

        Raises:
            CliError: the process ended, or does not answer in time.
        """
        from time import monotonic

        from srv6cp.p4rt import ConnectionFailed, wait_for_switch

        end = monotonic() + timeout
        while True:
            try:
                wait_for_switch(self._address, self._device_id, timeout=0.5)
            except ConnectionFailed as error:
                if not self.alive:
                    raise CliError(
                        f"{self.kind} did not start: {self.last_words()}", exitcodes.CANNOT_CONNECT
                    ) from None
                if monotonic() > end:
                    raise CliError(f"{self.kind}: {error}", exitcodes.CANNOT_CONNECT) from None
            else:
                if not self.alive:  # somebody else answers at this address
                    raise CliError(f"{self.kind} did not start: {self.last_words()}", exitcodes.CANNOT_CONNECT)
                return

    def stop(self) -> None:
        """End the process; a stubborn one is killed."""
        if self.alive:
            self._process.terminate()
            try:
                self._process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._words.close()

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def softswitch_available() -> bool:
    """True when softswitch can be started with this Python."""
    return find_spec("softswitch") is not None or _source_root() is not None


def _command(kind: str) -> list[str]:
    if kind == "bmv2":
        path = shutil.which(BMV2)
        if path is None:
            raise CliError(f"{BMV2} is not on PATH; install BMv2, or use --switch softswitch", exitcodes.CHECK_FAILED)
        return [path]
    if softswitch_available():
        return [sys.executable, "-m", "softswitch"]
    path = shutil.which("softswitch")
    if path is None:
        raise CliError("softswitch is not installed; reinstall the package", exitcodes.CHECK_FAILED)
    return [path]


def _source_root() -> str | None:
    """The root of a source tree that is used without being installed."""
    root = Path(__file__).resolve().parents[3]
    return str(root) if find_spec("softswitch") is None and (root / "softswitch/__main__.py").is_file() else None


def _joined(root: str) -> str:
    return os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)


def _die_with_parent() -> None:
    """Linux: get SIGTERM when the parent is killed, so that nothing is left behind."""
    import ctypes

    prctl: Any = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(1, signal.SIGTERM)
