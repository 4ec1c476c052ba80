# SPDX-License-Identifier: Apache-2.0
"""The controller on a live softswitch: start, restart, take-over, a lost switch, what is left behind."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import IPv6Network, ip_address
from typing import Any

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import Ether

from softswitch.switch import SoftSwitch
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict
from srv6cp.controller import loop as controller_module
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.model import InterfaceId, NeighborKey, NextHop, Route
from srv6cp.p4rt import (
    MAX_ELECTION_ID,
    Action,
    ArbitrationFailed,
    Client,
    ConnectionFailed,
    NotPrimary,
    TableEntry,
    delete,
    insert,
    render_entity,
)
from srv6cp.packets import frame_notation
from srv6cp.sync.reconcile import plan
from srv6cp.sync.tables import Changes

NODE = load_node_dict(
    {
        "node": "r1",
        "device-id": 1,
        "locator": {"prefix": "fcbb:bb00:1::/48", "block": 32, "node": 16},
        "source": "fcbb:bb00:1::1",
        "ports": {
            1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:1::1/64"]},
            2: {"mac": "02:00:00:00:01:02", "addresses": ["2001:db8:2::1/64"]},
        },
        "routes": [{"prefix": "2001:db8:9::/48", "via": "2001:db8:2::2"}],
        "sids": [{"sid": "fcbb:bb00:1:e000::/64", "behavior": "End"}],
    }
)  # fmt: skip
OPTIONS = ControllerOptions(first_retry=0.05, attempt=0.5)
ROUTER1, ROUTER2 = "02:00:00:00:01:01", "02:00:00:00:01:02"
HOST1, HOST2 = "02:00:00:00:00:01", "02:00:00:00:00:02"
VIA = NeighborKey(InterfaceId(2), ip_address("2001:db8:2::2"))
HOST = NeighborKey(InterfaceId(1), ip_address("2001:db8:1::99"))


def eventually(condition: Callable[[], object], what: str, timeout: float = 10.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"waited {timeout} s for {what}"
        time.sleep(0.002)


class Lab:
    """A switch with two ports, and clients that are closed in the end."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self._stack = ExitStack()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.start_switch()

    def start_switch(self) -> None:
        self.switch = SoftSwitch(ports=[1, 2], device_id=1, cpu_port=510, drop_port=511, address=self.address)
        for port in (1, 2):
            self.switch.attach(port, lambda frame, port=port: self.frames.append((port, frame)))

    def client(self, election_id: int = 1) -> Client:
        client = Client(self.address, 1, election_id=election_id)
        self._stack.callback(client.close)
        return client

    def controller(
        self,
        client: Client | None = None,
        node: Any = NODE,
        changing: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> NodeController:
        controller = NodeController(client or self.client(), node, replace(OPTIONS, **options), changing=changing)
        self._stack.callback(controller.stop)
        controller.start()
        return controller

    def inject(self, port: int, packet: Any) -> None:
        self.switch.inject(port, bytes(packet))

    def entries(self) -> list[str]:
        """Everything in the tables, read by a client of its own."""
        with Client(self.address, 1) as reader:
            return sorted(render_entity(entry) for entry in reader.read(TableEntry("")))

    def sent(self, text: str) -> list[int]:
        """Ports that frames with this notation left by."""
        return [port for port, frame in list(self.frames) if text in frame_notation(frame)]

    def close(self) -> None:
        self._stack.close()
        self.switch.close()


@pytest.fixture
def lab() -> Iterator[Lab]:
    before = set(threading.enumerate())
    bench = Lab()
    yield bench
    bench.close()
    eventually(lambda: not controller_threads() - before, "controller and stream threads to end")


def controller_threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if t.name.startswith(("controller-", "p4rt-stream-"))}


def advertisement() -> Any:
    return (
        Ether(src=HOST2, dst=ROUTER2)
        / IPv6(src="2001:db8:2::2", dst="2001:db8:2::1", hlim=255)
        / ICMPv6ND_NA(tgt="2001:db8:2::2", R=1, S=1, O=1)
        / ICMPv6NDOptDstLLAddr(lladdr=HOST2)
    )


def solicitation(source: str = "2001:db8:1::99") -> Any:
    return (
        Ether(src=HOST1, dst="33:33:ff:00:00:01")
        / IPv6(src=source, dst="ff02::1:ff00:1", hlim=255)
        / ICMPv6ND_NS(tgt="2001:db8:1::1")
        / ICMPv6NDOptSrcLLAddr(lladdr=HOST1)
    )


def resolve(lab: Lab, controller: NodeController) -> None:
    """Both neighbours make themselves known."""
    lab.inject(2, advertisement())
    lab.inject(1, solicitation())
    eventually(lambda: len([n for n in controller.status().neighbors if n.mac]) == 2, "two neighbours")
    controller.drain()


def test_a_flood_of_random_sources_on_one_port_leaves_the_others_alone(lab: Lab) -> None:
    """Solicitations that never stop: so many neighbours are learned, none of them in place of one in use, the node is
    compiled once, and the other port gets every answer. (The meters of the port are open: they would do it alone.)"""
    controller = lab.controller(node=replace(NODE, limits=replace(NODE.limits, neighbors=None)))
    lab.inject(2, advertisement())
    controller.settle()
    for burst in range(20):
        for n in range(20):
            lab.inject(1, solicitation(f"2001:db8:1::{burst + 1:x}:{n + 1:x}"))
        echo = IPv6(src="2001:db8:2::2", dst="2001:db8:2::1") / ICMPv6EchoRequest(id=7, seq=burst)
        lab.inject(2, Ether(src=HOST2, dst=ROUTER2) / echo)
        controller.settle()
    reply = "(2001:db8:2::1,2001:db8:2::2) ICMPv6 echo-reply"
    eventually(lambda: lab.sent(reply) == [2] * 20, "an answer to each echo request")
    status = controller.status()
    by_port = Counter(row.interface for row in status.neighbors)
    assert by_port["1"] == 128 and by_port["2"] == 1
    assert status.refused == {"1: as many neighbours that have not answered as `unresolved` allows": 400 - 128}
    assert status.reconciliations == 1
    assert {entry for entry in lab.entries() if "02:00:00:00:00:02" in entry}, "the next hop is there"


def test_start_programs_the_switch(lab: Lab) -> None:
    controller = lab.controller()
    status = controller.status()
    assert (status.role, status.reconciliations, status.changes.deletes) == ("primary", 1, 0)
    with Client(lab.address, 1) as reader:
        assert len(plan(reader, compile_state(NODE, reader.p4info).entities)) == 0
    eventually(lambda: lab.sent("(2001:db8:2::1,ff02::1:ff00:2)") == [2], "the next hop to be asked for")


def test_packets_wait_for_their_neighbours(lab: Lab) -> None:
    controller = lab.controller()
    probe = IPv6(src="2001:db8:1::99", dst="2001:db8:9::1", hlim=9) / UDP(sport=7, dport=9)
    lab.inject(1, Ether(src=HOST1, dst=ROUTER1) / probe)
    eventually(lambda: controller.status().pending == 1, "the packet to wait")
    lab.inject(2, advertisement())
    eventually(lambda: lab.sent("UDP 7>9"), "the packet to be forwarded")
    ((port, frame),) = [(p, f) for p, f in lab.frames if "UDP 7>9" in frame_notation(f)]
    probe.hlim = 8
    assert (port, frame) == (2, bytes(Ether(src=ROUTER2, dst=HOST2) / probe)), "hop limit one less, once"
    lab.inject(1, Ether(src=HOST1, dst=ROUTER1) / probe)
    eventually(lambda: len(lab.sent("UDP 7>9")) == 2, "the next one to be forwarded")
    assert controller.status().counts["punt neighbor_unresolved"] == 1


def test_answers(lab: Lab) -> None:
    controller = lab.controller()
    resolve(lab, controller)
    ping = IPv6(src="2001:db8:1::99", dst="fcbb:bb00:1:e000::") / ICMPv6EchoRequest()
    lab.inject(1, Ether(src=HOST1, dst=ROUTER1) / ping)
    eventually(lambda: lab.sent("(fcbb:bb00:1:e000::,2001:db8:1::99) ICMPv6 echo-reply") == [1], "an echo reply")
    lost = IPv6(src="2001:db8:1::99", dst="2001:db8:dead::1") / UDP()
    lab.inject(1, Ether(src=HOST1, dst=ROUTER1) / lost)
    eventually(lambda: lab.sent("(2001:db8:1::1,2001:db8:1::99) ICMPv6 unreachable code 0") == [1], "an error")


def test_tables_follow_the_neighbours(lab: Lab) -> None:
    controller = lab.controller()
    resolve(lab, controller)
    known = {(key.interface, key.address): mac for key, mac in ((VIA, HOST2), (HOST, HOST1))}
    with Client(lab.address, 1) as reader:
        assert len(plan(reader, compile_state(NODE, reader.p4info, known).entities)) == 0
        controller.flush_neighbors([HOST])
        del known[HOST.interface, HOST.address]
        assert len(plan(reader, compile_state(NODE, reader.p4info, known).entities)) == 0
        controller.flush_neighbors()
        assert len(plan(reader, compile_state(NODE, reader.p4info).entities)) == 0
    assert controller.status().reconciliations == 1, "without reading the switch again"


def test_controller_restart_changes_nothing(lab: Lab) -> None:
    with lab.client() as client, NodeController(client, NODE, OPTIONS) as first:
        resolve(lab, first)
        before = lab.entries()
    assert lab.entries() == before, "tables stay when a controller stops"
    second = lab.controller()
    assert lab.entries() == before
    assert second.status().changes == Changes()
    assert {row.mac for row in second.status().neighbors} == {HOST1, HOST2}, "neighbours were read back"


def test_apply(lab: Lab) -> None:
    controller = lab.controller()
    before = lab.entries()
    changes = controller.apply(replace(NODE, sids=()))
    assert changes is not None
    assert changes.deletes == 1
    assert controller.apply(NODE) == Changes(inserts=1)
    assert controller.apply(NODE) == Changes()
    assert lab.entries() == before


def test_configuration_too_large_for_the_switch_changes_nothing(lab: Lab) -> None:
    controller = lab.controller()
    before = lab.entries()
    hops = [NextHop(InterfaceId(1), ip_address(0x20010DB8000000010000000000000000 + n)) for n in range(70000)]
    routes = tuple(Route(IPv6Network((0x20010DB9 << 96 | n << 32, 96)), (hop,)) for n, hop in enumerate(hops))
    with pytest.raises(OverflowError, match="next hops"):
        controller.apply(replace(NODE, routes=routes))
    controller.flush_neighbors()
    assert lab.entries() == before
    controller.apply(replace(NODE, routes=(*NODE.routes, *routes[:1])))
    controller.apply(NODE)
    assert lab.entries() == before


def test_switch_restart(lab: Lab) -> None:
    controller = lab.controller()
    resolve(lab, controller)
    before = lab.entries()
    lab.switch.close()
    eventually(lambda: controller.status().role == "disconnected", "the loss to be noticed")
    assert controller.apply(NODE) is None, "kept for later"
    lab.start_switch()
    eventually(lambda: controller.status().reconciliations == 2, "the switch to be found and filled")
    assert controller.status().role == "primary"
    assert lab.entries() == before
    lab.frames.clear()
    lab.inject(1, solicitation())
    eventually(lambda: lab.sent("neighbor-advertisement") == [1], "packets to be answered again")


def test_backup_takes_over(lab: Lab) -> None:
    first_client = lab.client(10)
    first = lab.controller(first_client)
    backup = lab.controller(lab.client(5), replace(NODE, device_id=1))
    assert [first.status().role, backup.status().role] == ["primary", "backup"]
    resolve(lab, first)
    before = lab.entries()
    assert backup.apply(NODE) is None
    first.stop()
    first_client.close()
    eventually(lambda: backup.status().reconciliations == 1, "the backup to take over")
    assert backup.status().role == "primary"
    assert backup.status().changes == Changes(), "nothing lost, nothing doubled"
    assert lab.entries() == before
    returned = lab.controller(lab.client(10))
    assert returned.status().role == "backup"
    lab.frames.clear()
    lab.inject(1, solicitation())
    eventually(lambda: lab.sent("neighbor-advertisement") == [1], "the new primary to answer")
    returned.drain()
    assert returned.status().handled == 0


def test_a_backup_that_is_behind_its_node_file_takes_nothing_back(lab: Lab) -> None:
    """The primary has applied a change and goes; the backup is told of it only then. Until it is it learns neighbours,
    answers, and leaves the tables alone."""
    new = replace(NODE, sids=(*NODE.sids, replace(NODE.sids[0], prefix=IPv6Network("fcbb:bb00:1:e001::/64"))))
    leaving = lab.client(9)
    first = lab.controller(leaving)
    changing = threading.Event()
    changing.set()
    backup = lab.controller(lab.client(5), changing=changing.is_set)
    first.apply(new)
    entries = lab.entries()
    first.stop()
    leaving.close()
    eventually(lambda: backup.status().role == "primary", "the backup to be primary")
    lab.inject(1, solicitation())
    eventually(lambda: [each for each in backup.status().neighbors if each.mac], "a neighbour")
    backup.drain()
    assert lab.entries() == entries and backup.status().reconciliations == 0
    backup.apply(new)
    changing.clear()
    assert backup.status().reconciliations == 1 and set(entries) <= set(lab.entries())


def test_a_backup_takes_over_once_its_node_file_is_at_rest(lab: Lab) -> None:
    """Also where the change comes to nothing: the node is what it was."""
    leaving = lab.client(9)
    first = lab.controller(leaving)
    changing = threading.Event()
    changing.set()
    backup = lab.controller(lab.client(5), changing=changing.is_set)
    first.stop()
    leaving.close()
    eventually(lambda: backup.status().role == "primary", "the backup to be primary")
    assert backup.status().reconciliations == 0
    changing.clear()
    eventually(lambda: backup.status().reconciliations == 1, "the backup to take over")


def test_primary_that_is_outbid_becomes_backup(lab: Lab) -> None:
    first = lab.controller(lab.client(1))
    resolve(lab, first)
    second = lab.controller(lab.client(2))
    eventually(lambda: first.status().role == "backup", "the first to step back")
    assert second.status().changes == Changes()
    assert first.status().neighbors == (), "the other one has them now"


def test_same_election_id_is_refused(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    lab.controller(lab.client(3))
    caplog.clear()
    with pytest.raises(ArbitrationFailed, match="election id 3"):
        lab.controller(lab.client(3))
    assert not [record for record in caplog.records if record.name == controller_module.__name__]


def test_a_cable_that_is_cut_is_told_to_the_controller(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """What softswitch knows of its ports its controller knows; it forgets who was behind one, and asks anew."""
    controller = lab.controller()
    resolve(lab, controller)
    before = lab.entries()
    lab.switch.set_port_up(2, False)
    eventually(lambda: controller.status().ports == {1: True, 2: False}, "the port to be down")
    assert not [row for row in lab.entries() if "2001:db8:9::/48" in row], "the route that needs it is gone"
    assert [str(row.interface) for row in controller.status().neighbors] == ["1"]
    lab.frames.clear()
    lab.switch.set_port_up(2, True)
    eventually(lambda: lab.sent("neighbor-solicitation") == [2], "the next hop to be asked for")
    lab.inject(2, advertisement())
    eventually(lambda: lab.entries() == before, "everything to be as before")
    said = [record.getMessage() for record in caplog.records if "port 2" in record.getMessage()]
    assert [text.partition(": ")[2] for text in said] == ["port 2 is down", "port 2 is up"]


def test_a_port_that_is_down_already_when_the_controller_starts(lab: Lab) -> None:
    lab.switch.set_port_up(2, False)
    controller = lab.controller()
    eventually(lambda: controller.status().ports == {1: True, 2: False}, "the port to be down")
    assert not [row for row in lab.entries() if "2001:db8:9::/48" in row]


def test_ports_of_a_switch_that_restarts_are_told_again(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """And that it was found again is said, as that it was lost was."""
    controller = lab.controller()
    lab.switch.set_port_up(2, False)
    eventually(lambda: controller.status().ports.get(2) is False, "the port to be down")
    lab.switch.close()
    lab.start_switch()
    eventually(lambda: controller.status().ports.get(2) is True, "the port to be up again")
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [words for text in said for words in ("lost the switch", "found the switch again") if words in text] == [
        "lost the switch", "found the switch again"
    ]  # fmt: skip


def test_a_port_state_reported_by_somebody_else(lab: Lab) -> None:
    """For switches that do not tell: `port_state`, from any thread."""
    controller = lab.controller()
    controller.port_state(1, False)
    controller.drain()
    assert controller.status().ports[1] is False
    controller.port_state(1, True)
    controller.drain()
    assert controller.status().ports[1] is True


def test_dead_switch_is_one_clear_error_and_leaves_nothing(lab: Lab) -> None:
    lab.switch.close()
    threads = controller_threads()
    controller = NodeController(lab.client(), NODE)
    with pytest.raises(ConnectionFailed, match="no P4Runtime server answers"):
        controller.start()
    assert controller_threads() == threads
    assert controller.status().role == "stopped"
    with pytest.raises(RuntimeError, match="not running"):
        controller.apply(NODE)


def test_tables_changed_by_somebody_else_are_repaired(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller_module, "_REPAIR_PAUSE", 0.0)
    client = lab.client()
    controller = lab.controller(client)
    glean = next(e for e in client.read(TableEntry("nexthop_table")) if isinstance(e.action, Action))
    stray = TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": IPv6Network("2001:db8:5::/48")}, Action("blackhole"))
    routes = [e for e in client.read(TableEntry("ipv6_table")) if e.action.name == "set_nexthop"]
    client.write([delete(route) for route in routes])
    nexthops = list(client.read(TableEntry("nexthop_table")))
    client.write([*(delete(nexthop) for nexthop in nexthops), insert(stray)])
    assert glean in nexthops
    lab.inject(2, advertisement())
    eventually(lambda: controller.status().reconciliations == 2, "the tables to be repaired")
    known = {(VIA.interface, VIA.address): HOST2}
    assert len(plan(client, compile_state(NODE, client.p4info, known).entities)) == 0


def test_stop_twice_and_wait(lab: Lab) -> None:
    before = set(threading.enumerate())  # the packet tests of this process have a controller of their own
    controller = lab.controller()
    started = [thread for thread in set(threading.enumerate()) - before if thread.name == "controller-r1"]
    assert len(started) == 1
    assert controller.wait(0.0) is False
    controller.stop()
    controller.stop()
    assert controller.wait(0.0) is True
    assert not started[0].is_alive()


def test_a_pair_that_starts_at_once_is_primary_and_backup(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one, with the higher election id, comes while the first one loads its program: no error, a backup."""
    load = controller_module.Tables.take_over
    second: list[NodeController] = []

    def overtaken(tables: Any, *arguments: Any, **options: Any) -> Any:
        if not second:
            second.append(NodeController(lab.client(2), NODE, OPTIONS))
            second[0].start()
        return load(tables, *arguments, **options)

    monkeypatch.setattr(controller_module.Tables, "take_over", overtaken)
    first = lab.controller(lab.client(1))
    assert [first.status().role, second[0].status().role] == ["backup", "primary"]
    first.drain()
    assert first.status().role == "backup"
    second[0].stop()


def test_the_highest_election_id_is_said_and_not_outbid(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """A client that takes 2**128-1 keeps the others away while it lives; a backup says what to do, and takes over when
    it has left."""
    greedy = lab.client(MAX_ELECTION_ID)
    assert greedy.become_primary().is_primary
    client = lab.client(5)
    backup = lab.controller(client)
    assert backup.status().role == "backup"
    assert [record.getMessage() for record in caplog.records if "stop that controller" in record.getMessage()]
    with pytest.raises(
        NotPrimary, match=r"highest election id that there is \(2\*\*128-1\).*restart the switch"
    ) as error:
        lab.client(7).become_primary(force=True)
    assert str(error.value).count("become_primary") == 0
    greedy.close()
    eventually(lambda: backup.status().role == "primary", "the backup to take over")
    second = lab.controller(lab.client(6))
    assert second.status().role == "backup"
    backup.stop()
    client.close()
    eventually(lambda: second.status().role == "primary", "the next one to take over")
