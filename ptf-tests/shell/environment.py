# SPDX-License-Identifier: Apache-2.0

"""The environment of p4runtime-shell: apart from this project's, because it pins protobuf below 3.21.

Tests take ``.venv-shell``, which ``make shell`` makes, or one in the user's cache folder, which they build
once: about ten seconds, given up after ``LIMIT`` seconds. A failure is remembered for a day, for machines
without package index. ``SRV6_SHELL=0`` skips the tests, ``SRV6_SHELL=1`` tries to
build whatever happened before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

__all__ = ["Missing", "build", "python"]

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 90.0
DAY = 86400.0


class Missing(Exception):
    """There is no environment and none can be built; the message says why."""


def python() -> Path:
    """The interpreter of an environment that has p4runtime-shell. Raises :class:`Missing`."""
    choice = os.environ.get("SRV6_SHELL", "")
    if choice == "0":
        raise Missing("SRV6_SHELL=0")
    for folder in (ROOT / ".venv-shell", _cached()):
        if _usable(folder):
            return _interpreter(folder)
    failure = _cached().with_suffix(".failed")
    if choice != "1" and failure.is_file() and time.time() - failure.stat().st_mtime < DAY:
        text = failure.read_text("utf-8")
        raise Missing(f"p4runtime-shell could not be installed: {text} (SRV6_SHELL=1 tries again)")
    try:
        build(_cached())
    except Missing as error:
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(str(error), "utf-8")
        raise Missing(f"p4runtime-shell could not be installed: {error}") from None
    failure.unlink(missing_ok=True)
    return _interpreter(_cached())


def build(folder: Path) -> None:
    """Make the environment in ``folder``. Raises :class:`Missing`, and leaves nothing then."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = ["--quiet", "--disable-pip-version-check", "--retries", "0", "--timeout", "10"]
    options += ["--only-binary", "grpcio,protobuf"]  # no C compiler
    command = [str(_interpreter(folder)), "-m", "pip", "install", *options, *_requirements()]
    try:
        venv.create(folder, with_pip=True)
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        reason = f"pip took more than {LIMIT:g} s"
    except subprocess.CalledProcessError as error:
        output = error.stderr if isinstance(error.stderr, str) else ""
        lines = (
            [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines() or [str(error)]
        )
        reason = lines[-1]
    except OSError as error:
        reason = str(error)
    else:
        if _usable(folder):
            return
        reason = f"it does not run on Python {sys.version_info.major}.{sys.version_info.minor}"
    shutil.rmtree(folder, ignore_errors=True)
    raise Missing(reason)


def _requirements() -> list[str]:
    """What ``make shell`` installs: the group ``shell`` of pyproject.toml."""
    command = [sys.executable, str(ROOT / "tools" / "requirements.py"), "group", "shell"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()


def _cached() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "srv6-p4" / f"p4runtime-shell-0.0.6-py{sys.version_info.major}{sys.version_info.minor}"


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def _usable(folder: Path) -> bool:
    if not _interpreter(folder).exists():
        return False
    check = [str(_interpreter(folder)), "-c", "import p4runtime_sh.shell"]
    return subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 0
