# SPDX-License-Identifier: Apache-2.0
"""What the packet tests do, recorded: nodes applied and frames sent, test by test.

``SRV6_RECORD=FOLDER`` makes ``Srv6Test`` append to a file there, one JSON object a test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diff.generator import Case

TESTS = Path(__file__).resolve().parent.parent
VARIABLE = "SRV6_RECORD"


@dataclass(frozen=True)
class Recording:
    """One test: its name and its steps, ``["node", config]`` and ``["send", port, hexadecimal digits]``; the profile of
    the program that it ran with."""

    name: str
    steps: list[list[Any]]
    profile: str

    def stages(self) -> Iterator[tuple[dict[str, Any], list[Case]]]:
        """Each node of the test with the frames sent to it."""
        config: dict[str, Any] | None = None
        cases: list[Case] = []
        for number, (kind, *rest) in enumerate(self.steps):
            if kind == "node":
                if config is not None and cases:
                    yield config, cases
                config, cases = _numbered(rest[0]), []
            else:
                cases.append(Case(number, rest[0], bytes.fromhex(rest[1])))
        if config is not None and cases:
            yield config, cases


def _numbered(config: dict[str, Any]) -> dict[str, Any]:
    """The keys that JSON made strings, numbers again."""
    ports = {int(number): settings for number, settings in config["ports"].items()}
    for settings in ports.values():
        if settings.get("vlans"):
            settings["vlans"] = {int(vid): sub for vid, sub in settings["vlans"].items()}
    return {**config, "ports": ports}


def append(folder: str, name: str, steps: list[list[Any]], profile: str) -> None:
    """Called by a packet test at its end."""
    with Path(folder, f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps({"name": name, "steps": steps, "profile": profile}) + "\n")


def load(folder: Path) -> list[Recording]:
    """The recordings of a folder, in the order of their names."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return sorted((Recording(**json.loads(line)) for line in lines), key=lambda recording: recording.name)


def record() -> list[Recording]:
    """Run the packet tests on softswitch and return what they did. A test that fails is recorded as well."""
    with tempfile.TemporaryDirectory(prefix="srv6-record-") as folder:
        files = [str(path) for path in sorted(TESTS.glob("test_*.py"))]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "-n",
            "2",
            *files,
        ]
        environment = {**os.environ, VARIABLE: folder, "SWITCH": "softswitch", "PROFILE": ""}
        done = subprocess.run(
            command,
            cwd=TESTS.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = load(Path(folder))
        if not found:
            raise RuntimeError(f"no packet test was recorded\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return found
