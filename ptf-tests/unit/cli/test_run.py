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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness import testbed
from harness.netns import Namespace
from srv6cp.cli.main import main
from srv6cp.sync.launch import SWITCHES, Launch, Switch, free_address, missing

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

    def __init__(
        self,
        folder: Path,
        *words: str,
        node: str = NODE,
        switch: str = "softswitch",
        address: str | None = None,
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


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    running = Router(tmp_path)
    try:
        yield running
    finally:
        running.stop()


def test_a_router_follows_its_file_and_leaves_nothing(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    assert router.sids() == {"fcbb:bb00:1:1::/128"}
    router.node.write_text(NODE + '  - {sid: "fcbb:bb00:1:2::", behavior: End}\n')
    wait_for(lambda: router.said("inserted"))
    assert router.sids() == {"fcbb:bb00:1:1::/128", "fcbb:bb00:1:2::/128"}
    router.node.write_text(NODE + "  - {sid: nonsense, behavior: End}\n")
    wait_for(lambda: router.said("not applied; the switch keeps what it has"))
    assert "node.yaml:7: sids[1].sid: SID must be an IPv6 prefix" in router.log.read_text()
    router.process.send_signal(signal.SIGINT)
    assert router.process.wait(TIMEOUT) == 0
    assert not router.answers()


def test_a_killed_run_takes_its_switch_along(router: Router) -> None:
    wait_for(lambda: router.said("Ctrl-C stops"))
    router.process.kill()
    router.process.wait()
    wait_for(lambda: not router.answers())


@pytest.fixture
def routers() -> Iterator[Callable[..., Router]]:
    """Starts routers; what is left is stopped in the end, the last one first."""
    with ExitStack() as stack:

        def start(folder: Path, *words: str, **options: Any) -> Router:
            running = Router(folder, *words, **options)
            stack.callback(running.stop)
            return running

        yield start


def test_a_backup_does_not_say_what_a_primary_says(tmp_path: Path, routers: Callable[..., Router]) -> None:
    with Switch(Launch("softswitch", free_address())) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address)
        wait_for(lambda: first.said("Ctrl-C stops"))
        second = routers(tmp_path / "2", switch="none", address=switch.address)
        wait_for(lambda: second.said("r1: backup of another controller of the switch at"))
        assert "SIDs; Ctrl-C stops" not in second.log.read_text()
        first.process.terminate()
        wait_for(lambda: second.said(": primary with election id"))


def test_a_pair_started_at_once_and_before_its_switch(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """One is primary, the other its backup, whoever comes first; none ends."""
    address = free_address()
    pair = [routers(tmp_path / name, "--wait", switch="none", address=address) for name in "ab"]
    for one in pair:
        wait_for(lambda one=one: one.said(f"waiting for {address}, device id 1: connection refused"))
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()
        wait_for(lambda: sum(one.said("SIDs; Ctrl-C stops") for one in pair) == 1)
        wait_for(lambda: sum(one.said("r1: backup of another controller") for one in pair) == 1)
        for one in pair:
            one.process.terminate()
            assert one.process.wait(TIMEOUT) == 0


def test_waiting_ends_in_time_and_with_a_signal(tmp_path: Path, routers: Callable[..., Router]) -> None:
    limited = routers(tmp_path / "a", "--wait", "1", switch="none")
    assert limited.process.wait(TIMEOUT) == 4
    waiting = routers(tmp_path / "b", "--wait", switch="none")
    wait_for(lambda: waiting.said("waiting for"))
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.process.wait(TIMEOUT) == 0


def test_a_switch_that_is_lost_and_found_is_both_said(tmp_path: Path, routers: Callable[..., Router]) -> None:
    address = free_address()
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()
        router = routers(tmp_path, switch="none", address=address)
        wait_for(lambda: router.said("Ctrl-C stops"))
    wait_for(lambda: router.said("lost the switch"))
    with Switch(Launch("softswitch", address)) as switch:
        wait_for(lambda: router.said("found the switch again after"))
        router.process.terminate()
        assert router.process.wait(TIMEOUT) == 0


def test_a_primary_that_hangs_is_replaced_and_steps_down(tmp_path: Path, routers: Callable[..., Router]) -> None:
    """It holds its connection and says nothing: the switch gives it up, and when it returns it is a backup."""
    with Switch(Launch("softswitch", free_address(), flags=("--keepalive", "1"))) as switch:
        switch.wait_until_ready()
        first = routers(tmp_path / "1", switch="none", address=switch.address)
        wait_for(lambda: first.said("Ctrl-C stops"))
        second = routers(tmp_path / "2", switch="none", address=switch.address)
        wait_for(lambda: second.said("backup of another controller"))
        first.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: second.said(": primary with election id"))
        first.process.send_signal(signal.SIGCONT)
        wait_for(lambda: first.said(": backup with election id"))
        assert "lost the switch" in first.log.read_text()


@pytest.mark.parametrize("kind", SWITCHES)
def test_a_switch_that_hangs_is_lost(tmp_path: Path, routers: Callable[..., Router], kind: str) -> None:
    if reason := missing(kind):
        pytest.skip(reason)
    with Switch(Launch(kind, free_address())) as switch:
        switch.wait_until_ready()
        router = routers(tmp_path, "--keepalive", "1", switch="none", address=switch.address)
        wait_for(lambda: router.said("Ctrl-C stops"))
        os.kill(switch.pid, signal.SIGSTOP)
        wait_for(lambda: router.said("lost the switch: no answer for 1 s"))
        os.kill(switch.pid, signal.SIGCONT)
        wait_for(lambda: router.said("found the switch again"))


LINKED = NODE.replace("1: {addr", "1: {interface: sw1, addr")


@pytest.mark.root
@pytest.mark.parametrize("kind", ["softswitch", "bmv2"])
def test_a_link_that_goes_down_is_said_and_shown(tmp_path: Path, routers: Callable[..., Router], kind: str) -> None:
    if reason := testbed.veth_missing() or missing(kind):
        pytest.skip(reason)
    namespace = Namespace()
    try:
        namespace.veth_pairs([("sw1", "host1")])
        address = f"unix:{tmp_path}/s"
        router = routers(tmp_path, node=LINKED, switch=kind, address=address, inside=namespace.run)
        wait_for(lambda: router.said("Ctrl-C stops"))
        assert [row["state"] for row in router.show("show", "ports")] == ["up"]
        namespace.set_link("host1", False)
        wait_for(lambda: router.said("port 1 is down"))
        assert [row["state"] for row in router.show("show", "ports")] == ["down"]
        namespace.set_link("host1", True)
        wait_for(lambda: router.said("port 1 is up"))
        router.process.terminate()
        assert router.process.wait(TIMEOUT) == 0
    finally:
        namespace.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("-i veth0", "-i veth0: write PORT@IFACE, such as 1@veth1"),
        ("-i 99@veth0", "-i 99@veth0: r1 has no port 99; its ports: 1, 2"),
        ("-i 1@a -i 1@b", "-i 1@b: port 1 is given twice"),
        ("-i 1@a -i 2@a", "interface a is that of port 1 and of port 2"),
        ("-i 2@lan", "interface lan is that of port 1 and of port 2"),
        ("--switch none --pcap x", "--pcap is for a switch that is started here; it cannot go with --switch none"),
        ("--wait", "--wait is for a switch that is started elsewhere: it needs --switch none"),
        ("--profile tiny", "no profile 'tiny'; there are: transit, edge, full"),
    ],
)
def test_options_of_run_that_cannot_be_meant(
    tmp_path: Path, words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node.yaml"
    node.write_text(NODE.replace("1: {addr", "1: {interface: lan, addr").replace('/64"]}}', '/64"]}, 2: {}}'))
    assert main(["run", str(node), "--switch", "softswitch", *words.split()]) == 2
    assert capsys.readouterr().err == f"srv6: {says}\n"


def test_an_unknown_switch_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node.yaml"
    node.write_text(NODE)
    monkeypatch.setenv("SWITCH", "foo")
    assert main(["run", str(node)]) == 2
    assert capsys.readouterr().err == "srv6: SWITCH=foo: no such switch; one of auto, softswitch, bmv2, none\n"


@pytest.mark.parametrize(
    "words",
    ["run n.yaml --device-id -1", "run n.yaml --election-id 0", f"run n.yaml --election-id {1 << 128}",
     "trace --vlan 9999 x", "trace --vlan 0 x", "trace --port 512 x", "apply n.yaml --device-id " + "9" * 5000],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert "is no number from" in capsys.readouterr().err
