# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C while the commands are still being imported: exit code 130, and no traceback."""

from __future__ import annotations

import subprocess
import sys

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
