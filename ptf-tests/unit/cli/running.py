# SPDX-License-Identifier: Apache-2.0
"""``srv6 run`` in a process of its own, for the tests of what it does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srv6cp.sync.launch import free_address

__all__ = ["NODE", "ROOT", "TIMEOUT", "Router", "wait_for"]

ROOT = Path(__file__).resolve().parents[3]
NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
ports: {1: {addresses: ["2001:db8:12::1/64"]}}
sids:
  - {sid: "fcbb:bb00:1:1::", behavior: End}
"""
TIMEOUT = 60.0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


class Router:
    """``srv6 run`` in a process of its own."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        node: str = NODE,
        switch: str = "softswitch",
        address: str | None = None,
        private: bool = False,
        inside: Callable[[Callable[[], Any]], Any] = lambda start: start(),
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.node = folder / "node.yaml"
        self.node.write_text(node)
        self.address = address or free_address()
        self.log = folder / "run.log"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "cp"), str(ROOT))),
            "SRV6_GRPC_ADDR": self.address,
        }
        if private:  # nobody is told where it is
            del self.environment["SRV6_GRPC_ADDR"]
        self.inside = inside
        with self.log.open("w") as log:
            self.process = inside(
                lambda: subprocess.Popen(
                    self.command("run", str(self.node), "--switch", switch, *words),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self.environment,
                )
            )

    @staticmethod
    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "srv6cp.cli.main", *words]

    def said(self, text: str) -> bool:
        assert self.process.poll() is None or text in self.log.read_text(), self.log.read_text()
        return text in self.log.read_text()

    def show(self, *words: str) -> Any:
        command = self.command(*words, "--json", "-c", str(self.node))
        done = self.inside(
            lambda: subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)
        )
        return json.loads(done.stdout)

    def sids(self) -> set[str]:
        return {row["sid"] for row in self.show("sid", "show")}

    def edit(self, *words: str) -> tuple[int, str]:
        """A command beside it: its exit code and what it says to people."""
        command = self.command(*words)
        done = self.inside(lambda: subprocess.run(command, env=self.environment, capture_output=True, text=True))
        return done.returncode, done.stderr

    def stop(self) -> None:
        """End it, whatever its state."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_for(lambda: not self.answers())  # the switch goes with its parent

    def answers(self) -> bool:
        if self.address.startswith("unix:"):
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(self.address.removeprefix("unix:")) == 0
        host, _, port = self.address.partition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0


def node_file(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``node.yaml`` in a folder that commands then run in, as the only node file that they find."""
    path = folder / "node.yaml"
    path.write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SRV6_NODE", raising=False)
    return path
