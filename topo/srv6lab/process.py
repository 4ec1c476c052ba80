# SPDX-License-Identifier: Apache-2.0
"""Switch processes: ``softswitch`` or BMv2's ``simple_switch_grpc``, which take the same flags."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import softswitch
import srv6cp

BMV2 = "simple_switch_grpc"
DROP_PORT = 511


def available(kind: str) -> bool:
    """Whether that switch can be started here."""
    return kind == "softswitch" or shutil.which(BMV2) is not None


def python_environment() -> dict[str, str]:
    """The environment with which a Python child finds our packages, installed or in a source tree."""
    packages = (softswitch.__file__, srv6cp.__file__, __file__)
    folders = dict.fromkeys(str(Path(file or "").parents[1]) for file in packages)
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*folders, *([before] if before else [])])}


def command(kind: str, device_id: int, interfaces: Mapping[int, str], address: str) -> list[str]:
    """The command line. ``BMV2_ARGS`` in the environment replaces ``--log-level off``, BMv2's default being to log."""
    from srv6cp.compile.system import CPU_PORT

    if kind == "bmv2":
        words = [BMV2, *shlex.split(os.environ.get("BMV2_ARGS", "--log-level off"))]
    else:
        words = [sys.executable, "-m", "softswitch", "--log-level", "warn"]
    words += ["--no-p4", "--device-id", str(device_id)]
    for port, interface in interfaces.items():
        words += ["-i", f"{port}@{interface}"]
    return [*words, "--", "--grpc-server-addr", address, "--cpu-port", str(CPU_PORT), "--drop-port", str(DROP_PORT)]


def start(namespace: str, words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a switch in a namespace, in a session of its own; what it prints is added to ``log``."""
    from srv6lab import namespaces

    with log.open("ab") as output:
        return namespaces.inside(
            namespace,
            lambda: subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=python_environment(),
            ),
        )


def stop(process: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """End a process that we started; a stubborn one is killed."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
