# SPDX-License-Identifier: Apache-2.0
"""A short soak, and that a soak sees what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import grpc
import pytest

from soak import network
from soak.faults import KINDS, draw
from soak.network import FLOWS, Config
from soak.relay import Cable, Relay
from soak.soak import Options, Soak
from soak.state import Observer
from soak.traffic import Traffic
from softswitch.switch import SoftSwitch
from srv6cp.compile import compile_state
from srv6cp.config import load_node
from srv6cp.model import InterfaceId
from srv6cp.p4rt import Client, Entity, TableEntry
from srv6cp.sync import reconcile
from srv6cp.sync.program import Program

#: A seed with both kinds of edits, by commands and in place, and takeovers.
SHORT = 35


def names(seed: int, count: int) -> list[str]:
    config, found = Config(), []
    for number in range(1, count + 1):
        step = draw(seed, number, config)
        config = step.after
        found.append(f"{step} {step.hold} {step.after}")
    return found


def test_the_same_seed_makes_the_same_faults() -> None:
    assert names(7, 200) == names(7, 200)
    assert names(7, 200) != names(8, 200)
    drawn = {draw(7, number, Config()).kind.name for number in range(200)}
    assert drawn == {kind.name for kind in KINDS}


@pytest.mark.slow
def test_a_short_soak(tmp_path: Path) -> None:
    said: list[str] = []
    options = Options(seed=SHORT, faults=6, keepalive=1, rate=100, folder=tmp_path / "soak")
    with Soak(options, said.append) as soak:
        result = soak.run()
    assert result.problems == 0, "\n".join(said)
    assert result.steps.total() == 6 and result.takeovers and result.sent > 500
    assert set(result.lost) <= {"start", "the switch was restarted"}
    assert not options.folder.exists()


@pytest.mark.slow
def test_an_interrupt_ends_every_process(tmp_path: Path) -> None:
    script = Path(__file__).with_name("run.py")
    words = [sys.executable, str(script), "--keepalive", "1", "--logs", str(tmp_path / "soak")]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("[1/")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert rest.splitlines()[-1].startswith("soak: ")
    # all of them were given names in the folder
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(path)]
    assert left == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # ended meanwhile


# --- what a soak sees


@pytest.fixture
def node(tmp_path: Path) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text(Config().text())
    return path


@pytest.fixture
def client(node: Path) -> Iterator[Client]:
    """Of a switch that holds what the node file asks for, its neighbours known."""
    with (
        SoftSwitch(ports=network.PORTS, device_id=network.DEVICE_ID, engine="python") as switch,
        Client(switch.address, network.DEVICE_ID) as client,
    ):
        client.become_primary()
        program = Program.read()
        program.load(client)
        client.write(reconcile.plan(client, desired(node, client)).updates())
        yield client


def desired(node: Path, client: Client) -> list[Entity]:
    known = {(InterfaceId(host.port), ip_address(host.address)): host.mac for host in network.HOSTS}
    return compile_state(load_node(node), client.p4info, known, watch=True).entities


def entry(client: Client, table: str) -> TableEntry:
    found = next(iter(client.read(TableEntry(table))))
    assert isinstance(found, TableEntry)
    return found


def test_an_entry_that_is_lost_or_too_many_is_seen(client: Client, node: Path) -> None:
    observer = Observer(client.address)
    assert observer.problems(node) == []
    gone = entry(client, "my_sid_table")
    client.delete(gone)
    assert [line[0] for line in observer.problems(node)] == ["+", "1"]
    client.insert(gone)
    node.write_text(Config(guests=set()).text())
    assert {line[0] for line in observer.problems(node)[:-1]} == {"-"}


def test_counters_that_pass_to_another_sid_are_seen(client: Client, node: Path) -> None:
    observer = Observer(client.address)
    assert observer.problems(node, {network.CROSS: (0, 0)}) == []
    assert len(observer.numbers) == len(set(observer.numbers.values())) == 10
    sid = next(iter(observer.numbers))
    observer.numbers[sid] += 1
    assert observer.problems(node)[0].startswith(f"SID {sid} had counter")
    said = f"SID {network.CROSS} has counted 0 packets, 3 went through it, 1 were lost"
    assert observer.problems(node, {network.CROSS: (3, 4)}) == [said]


@pytest.fixture
def traffic() -> Iterator[tuple[Traffic, list[str]]]:
    """Without a switch: what comes out is given to it by the test."""
    said: list[str] = []
    made = Traffic("127.0.0.1:9", 1, said.append)
    made.allow(Config())
    made.excuse(None)
    yield made, said
    made.close()


def flow(name: str) -> int:
    return next(number for number, each in enumerate(FLOWS) if each.name == name)


def test_packets_that_are_wrong_doubled_or_lost_are_seen(traffic: tuple[Traffic, list[str]]) -> None:
    made, said = traffic
    for sequence in range(1, 4):
        made._under_way[sequence] = made.probe(flow("End.X"))
    (port, frame), way = next(iter(network.outcomes(flow("End.X"), 1, frozenset("B")).items()))
    assert (port, way) == (3, "B")
    made.frame(port, frame)
    assert said == []
    made.frame(port, frame)
    assert said.pop() == "a packet came out twice: End.X"
    (_, other), _ = next(iter(network.outcomes(flow("End.X"), 2, frozenset("A")).items()))
    made.frame(2, other)
    assert said.pop().startswith("a wrong packet: End.X: out of port 2; legal ways: B (port 3): ")
    assert made.drain(0.01) == 1
    assert said == ["1 packets lost: End.X"]


def test_every_flow_has_outcomes_of_its_own() -> None:
    for number, each in enumerate(FLOWS):
        ways = each.ways(Config())
        found = network.outcomes(number, 5, ways)
        assert len(found) == len(ways - {network.DROP})
        assert all(network.identify(frame) == (number, 5) for _, frame in found)


# --- the relay


@pytest.fixture
def relayed() -> Iterator[tuple[Relay, Callable[[], None]]]:
    """A relay in front of a switch, and a call through it."""
    with SoftSwitch(ports=[1], device_id=1, engine="python") as switch:
        relay = Relay(switch.address)

        def call() -> None:
            with grpc.insecure_channel(relay.address) as channel:
                capabilities = channel.unary_unary(
                    "/p4.v1.P4Runtime/Capabilities", lambda sent: sent, lambda came: came
                )
                capabilities(b"", timeout=1)

        yield relay, call
        relay.close()


def test_a_relay_passes_on_cuts_and_falls_silent(relayed: tuple[Relay, Callable[[], None]]) -> None:
    relay, call = relayed
    call()
    for cable, code in ((Cable.CUT, "UNAVAILABLE"), (Cable.SILENT, "DEADLINE_EXCEEDED")):
        relay.set(cable)
        with pytest.raises(grpc.RpcError) as refusal:
            call()
        assert refusal.value.code().name == code
        relay.set(Cable.WHOLE)
        call()
