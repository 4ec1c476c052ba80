# SPDX-License-Identifier: Apache-2.0
"""``srv6 run``: a switch, a controller, a watched file, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from srv6cp.sync.launch import free_address

ROOT = Path(__file__).resolve().parents[3]
NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
ports: {1: {addresses: ["2001:db8:12::1/64"]}}
sids:
  - {sid: "fcbb:bb00:1:1::", behavior: End}
"""
TIMEOUT = 20.0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.05)


class Router:
    """``srv6 run`` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.node = folder / "node.yaml"
        self.node.write_text(NODE)
        self.address = free_address()
        self.log = folder / "run.log"
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "cp"), str(ROOT))),
            "SRV6_GRPC_ADDR": self.address,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command("run", str(self.node), "--switch", "softswitch"),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )

    @staticmethod
    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "srv6cp.cli.main", *words]

    def said(self, text: str) -> bool:
        assert self.process.poll() is None or text in self.log.read_text(), self.log.read_text()
        return text in self.log.read_text()

    def sids(self) -> set[str]:
        command = self.command("sid", "show", "--json", "-c", str(self.node))
        done = subprocess.run(command, env=self.environment, capture_output=True, check=True, text=True)
        return {row["sid"] for row in json.loads(done.stdout)}

    def edit(self, *words: str) -> tuple[int, str]:
        """A command beside it: its exit code and what it says to people."""
        done = subprocess.run(self.command(*words), env=self.environment, capture_output=True, text=True)
        return done.returncode, done.stderr

    def answers(self) -> bool:
        host, _, port = self.address.partition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    running = Router(tmp_path)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        wait_for(lambda: not running.answers())  # the switch goes with its parent


def test_a_router_follows_its_file_and_leaves_nothing(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    assert router.sids() == {"fcbb:bb00:1:1::/128"}
    router.node.write_text(NODE + '  - {sid: "fcbb:bb00:1:2::", behavior: End}\n')
    wait_for(lambda: router.said("inserted"))
    assert router.sids() == {"fcbb:bb00:1:1::/128", "fcbb:bb00:1:2::/128"}
    router.node.write_text(NODE + "  - {sid: nonsense, behavior: End}\n")
    wait_for(lambda: router.said("not applied; the switch keeps what it has"))
    assert "node.yaml:7: sids[1].sid: SID must be an IPv6 prefix" in router.log.read_text()
    router.node.write_text(NODE)
    code, said = router.edit("sid", "add", "fcbb:bb00:1:3::", "End", "-c", str(router.node))
    assert (code, f"the controller that follows it (process {router.process.pid}) applies it" in said) == (0, True)
    wait_for(lambda: "fcbb:bb00:1:3::/128" in router.sids())
    other = router.node.with_name("other.yaml")
    other.write_text(NODE)
    code, said = router.edit("sid", "add", "fcbb:bb00:1:4::", "End", "-c", str(other))
    assert (code, f"it follows {router.node} (process {router.process.pid})" in said) == (5, True)
    assert other.read_text() == NODE
    router.process.send_signal(signal.SIGINT)
    assert router.process.wait(TIMEOUT) == 0
    assert not router.answers()


def test_a_killed_run_takes_its_switch_along(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    router.process.kill()
    router.process.wait()
    wait_for(lambda: not router.answers())
