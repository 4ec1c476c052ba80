# SPDX-License-Identifier: Apache-2.0
"""docs/scripting.md: its example runs, and uses no name that is private."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/scripting.md"
PATIENCE = 60  # s; used up only when something is broken


def example() -> str:
    (found,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    return str(found)


def run(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_the_example_runs() -> None:
    done = run(example())
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, last = done.stdout.splitlines()
    assert "(2001:db8:1::2,2001:db8:2::2)" in first and "4000" in first
    assert last == "1 decapsulated"


def test_the_example_uses_no_private_name() -> None:
    assert re.findall(r"\b_[a-z]\w*|\._\w+", example()) == []


def test_a_script_that_leaves_a_switch_open_with_a_client_connected_ends() -> None:
    """The threads of its RPCs must not be waited for, and its controllers neither."""
    lines = example().replace("with ExitStack() as stack:", "stack = ExitStack()\nif True:").splitlines()
    done = run("\n".join(lines[:-4]) + "\n    print('end')\n")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "end"), done.stderr
