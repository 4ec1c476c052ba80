#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the packet tests under the plain ``ptf`` command.

ptf imports every Python file below ``--test-dir`` and takes it for a test module. This gives it a folder with
the packet tests alone, the platform modules of this project, and leave to run without root; what is on the
command line is passed on (``--platform veth``, ``--list``, ``test_end``, ``test_end.EndAdvances`` ...).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
PLATFORMS = {"softswitch": "inproc", "softswitch-veth": "softveth", "bmv2": "veth"}


def packet_tests(folder: Path = TESTS) -> list[Path]:
    """The files of ``folder`` that hold PTF classes."""
    return [
        path for path in sorted(folder.glob("test_*.py")) if re.search(r"^\s+def runTest\b", path.read_text(), re.M)
    ]


def command(test_dir: str, arguments: list[str]) -> list[str]:
    """The ptf command line for the given arguments of the user."""
    beside = Path(sys.executable).with_name("ptf")
    ptf = str(beside) if beside.exists() else shutil.which("ptf")
    if ptf is None:
        raise SystemExit("run_ptf: no ptf command; run make setup, or pip install --no-deps ptf")
    fixed = [
        "--test-dir",
        test_dir,
        "--pypath",
        str(TESTS),
        "--platform-dir",
        str(TESTS / "platforms"),
        "--allow-user",
    ]
    _check_profile()
    platform = _platform(arguments)
    if platform is None:
        switch = os.environ.get("SWITCH") or "softswitch"
        if switch == "auto":
            switch = "bmv2" if os.geteuid() == 0 and shutil.which("simple_switch_grpc") else "softswitch"
        if switch not in PLATFORMS:
            raise SystemExit(f"run_ptf: SWITCH={switch}: no such switch; one of auto, {', '.join(PLATFORMS)}")
        fixed += ["--platform", PLATFORMS[switch]]
    elif platform not in PLATFORMS.values():
        raise SystemExit(f"run_ptf: --platform {platform}: no such platform; one of {', '.join(PLATFORMS.values())}")
    return [sys.executable, ptf, *fixed, *arguments]


def _platform(arguments: list[str]) -> str | None:
    """The platform that the user asks ptf for."""
    for word, behind in zip_longest(arguments, arguments[1:], fillvalue=""):
        option, equals, value = word.partition("=")
        if option in ("--platform", "-P"):
            return value if equals else behind
    return None


def _check_profile() -> None:
    """Once, instead of by every test."""
    name = os.environ.get("PROFILE")
    profiles = sorted(path.name.partition(".")[0] for path in (TESTS.parent / "p4src" / "build").glob("*.p4info.txtpb"))
    if name and name not in profiles:
        raise SystemExit(f"run_ptf: PROFILE={name}: no such profile; one of {', '.join(profiles)}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ptf-tests-") as scratch:
        folder = Path(scratch, "tests")
        folder.mkdir()
        for path in packet_tests():
            (folder / path.name).symlink_to(path)
        # ptf writes its log and capture where it runs
        paths = os.pathsep.join(
            filter(None, [str(TESTS.parent / "cp"), str(TESTS.parent), os.environ.get("PYTHONPATH")])
        )
        environment = {**os.environ, "PYTHONPATH": paths}
        return subprocess.run(command(str(folder), sys.argv[1:]), cwd=scratch, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
