# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while the commands are still being imported: exit code 130, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Interrupts an import on the way.
_INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "{at}":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from {module} import main
sys.argv = ["{name}", "--help"]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("name", "module", "at"),
    [("srv6", "srv6cp.cli.main", "srv6cp.cli.cmd_show"), ("softswitch", "softswitch.__main__", "grpc")],
)
def test_interrupted_while_it_starts(name: str, module: str, at: str) -> None:
    code = _INTERRUPTED.format(name=name, module=module, at=at)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["one process", "xdist"])
def test_tests_that_interrupt_pass_in_a_background_job(tmp_path: Path, workers: list[str]) -> None:
    """A shell without job control starts `make test &` with SIGINT ignored, and what ignores it hands that on."""
    here = Path(__file__).resolve().parents[2]
    (tmp_path / "test_it.py").write_text(
        "import signal, subprocess, sys\n"
        "def test_it():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(99)'],\n"
        "                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "    child.stdout.readline()\n"
        "    child.send_signal(signal.SIGINT)\n"
        "    assert child.wait(30) == -signal.SIGINT\n"
    )
    words = ["-q", *workers, "-p", "no:cacheprovider", "-p", "harness.collect", f"--rootdir={tmp_path}", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", _AS_BACKGROUND_JOB, sys.executable, "-m", "pytest", *words],
        cwd=here, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


_AS_BACKGROUND_JOB = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])
"""
