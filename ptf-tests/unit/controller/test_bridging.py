# SPDX-License-Identifier: Apache-2.0
"""Learned MAC addresses: limits, moves, age; and the controller on a live softswitch that is told of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from softswitch.switch import SoftSwitch
from srv6cp.config import load_node_dict
from srv6cp.controller.bridging import Addresses
from srv6cp.controller.loop import NodeController
from srv6cp.model import Node
from srv6cp.p4rt import Action, Client, Code, Failure, TableEntry, UpdateType, insert, render_key

PORTS = (1, 2, 3)


def node(**bridge: Any) -> Node:
    return load_node_dict(
        {
            "node": "r1",
            "device-id": 1,
            "locator": {"prefix": "fcbb:bb00:1::/48", "block": 32, "node": 16},
            "source": "fcbb:bb00:1::1",
            "ports": {port: {"mode": "l2"} for port in PORTS},
            "limits": {"passes": None},  # copies as fast as they come
            "bridges": [{"name": "blue", "circuits": [{"port": port} for port in PORTS], **bridge}],
        }
    )


def addresses(**bridge: Any) -> Addresses:
    known = Addresses()
    known.configure(node(**bridge), {7: "blue"}, 0.0)
    return known


def told(known: Addresses, *messages: tuple[int, int], now: float = 0.0) -> list[tuple[UpdateType, str]]:
    """What is written when digests tell of (MAC, place) in the domain 7."""
    known.queue({"bridge_id": 7, "mac": mac, "replica_id": 7 << 8 | place} for mac, place in messages)
    return [(change.type, table) for change in known.learn(now) for table in BOTH]


BOTH = ("bridge_source_table", "bridge_destination_table")


class TestAddresses:
    def test_a_new_address_has_an_entry_in_both_tables(self) -> None:
        assert told(addresses(), (1, 1)) == [(UpdateType.INSERT, table) for table in BOTH]

    def test_what_is_known_is_not_written_again(self) -> None:
        known = addresses()
        told(known, (1, 1))
        assert told(known, (1, 1), (1, 1)) == []

    def test_a_move_changes_both(self) -> None:
        known = addresses()
        told(known, (1, 1))
        assert told(known, (1, 2)) == [(UpdateType.MODIFY, table) for table in BOTH]

    def test_a_move_before_it_was_written_is_one_insertion(self) -> None:
        assert told(addresses(), (1, 1), (1, 2)) == [(UpdateType.INSERT, table) for table in BOTH]

    def test_a_domain_has_no_more_than_its_limit(self) -> None:
        known = addresses(limit=2)
        assert len(told(known, (1, 1), (2, 1), (3, 1))) == 4
        assert known.refused == 1
        known.flush()
        assert len(told(known, (3, 1))) == 2

    def test_a_static_address_is_not_learned(self) -> None:
        assert told(addresses(static=[{"mac": "00:00:00:00:00:05", "at": 1}]), (5, 2)) == []

    def test_a_domain_that_is_gone_learns_nothing(self) -> None:
        known = addresses()
        known.queue([{"bridge_id": 8, "mac": 1, "replica_id": 8 << 8 | 1}])
        assert known.learn(0.0) == []

    def test_what_is_not_counted_ages(self) -> None:
        known = addresses(age=100)
        told(known, (1, 1), (2, 1))
        assert known.next_look == 25.0
        known.age({(7, 1): 5, (7, 2): 5}, 90.0)
        gone = known.age({(7, 1): 6, (7, 2): 5}, 190.0)
        assert [update.entity.match["mac"] for update in gone] == ["00:00:00:00:00:02"] * 2  # type: ignore[union-attr]
        assert len(known) == 1

    def test_with_age_0_nothing_ages(self) -> None:
        known = addresses(age=0)
        told(known, (1, 1))
        assert known.next_look is None

    @pytest.mark.parametrize(
        ("bridge", "left"),
        [
            ({}, 2),
            ({"limit": 9, "age": 7}, 2),
            ({"circuits": [{"port": 1}, {"port": 3}, {"port": 2}]}, 1),  # place 2 is another port
            ({"circuits": [{"port": 1}]}, 1),
            ({"static": [{"mac": "00:00:00:00:00:01", "at": 2}]}, 1),
            ({"name": "red"}, 0),
        ],
    )
    def test_what_is_still_where_it_was_stays_known(self, bridge: dict[str, Any], left: int) -> None:
        known = addresses()
        told(known, (1, 1), (2, 2))
        known.stale(node())
        assert len(known) == 2
        known.stale(node(**bridge))
        assert len(known) == left

    def test_a_domain_with_another_number_is_another(self) -> None:
        known = addresses()
        told(known, (1, 1))
        known.configure(node(), {8: "blue"}, 0.0)
        assert len(known) == 0


def on_switch(mac: int, place: int, *tables: str, owner: str = "blue") -> list[TableEntry]:
    """A learned address as a switch has it."""
    names = {"bridge_source_table": "is_at", "bridge_destination_table": "go_to"}
    match = {"bridge_id": 7, "mac": mac.to_bytes(6, "big").hex(":")}
    return [
        TableEntry(table, match, Action(names[table], {"replica_id": 7 << 8 | place}), metadata=owner.encode())
        for table in tables or BOTH
    ]


def ways(*ports: int) -> list[TableEntry]:
    """The ways out of the domain as a switch has them."""
    return [
        TableEntry("replica_table", {"replica_id": 7 << 8 | place}, Action("replica_to_port", {"egress_port": port}))
        for place, port in enumerate(ports, 1)
    ]


class TestTakingOver:
    """The switch says what has been learned."""

    def adopted(self, *found: list[TableEntry], known: Addresses | None = None) -> list[str]:
        known = known or Addresses()
        known.adopt(node(), [entry for each in found for entry in each], 5.0)
        return sorted({str(entry.match["mac"])[-2:] for entry in known.entries()})

    def test_what_is_there_is_known(self) -> None:
        assert self.adopted(ways(1, 2, 3), on_switch(1, 1), on_switch(2, 3)) == ["01", "02"]

    def test_half_of_one_or_another_way_out_is_not(self) -> None:
        assert self.adopted(ways(1, 2, 3), on_switch(1, 1, "bridge_source_table")) == []
        assert self.adopted(ways(1, 3, 2), on_switch(1, 1), on_switch(2, 2)) == ["01"]
        assert self.adopted(on_switch(1, 1)) == []
        assert self.adopted(ways(1, 2, 3), on_switch(1, 1, owner="red")) == []

    def test_what_somebody_took_away_is_forgotten(self) -> None:
        known = addresses()
        told(known, (1, 1), (2, 2), now=1.0)
        assert self.adopted(ways(1, 2, 3), on_switch(2, 2), known=known) == ["02"]
        assert known.ages().seen == {(7, 2): (1.0, -1)}
        known.configure(node(), {7: "blue"}, 5.0)
        assert told(known, (1, 1)) == [(UpdateType.INSERT, table) for table in BOTH]


FLOODED = ": frames to others go to all of their domain"


class TestNoRoom:
    def test_the_table_of_the_switch_is_full(self) -> None:
        said: list[str] = []
        known = Addresses(3, said.append)
        known.configure(node(static=[{"mac": "00:00:00:00:00:09", "at": 1}]), {7: "blue"}, 0.0)
        assert len(told(known, (1, 1), (2, 1), (3, 1), (4, 1))) == 4  # the static one is the third
        told(known, (3, 1))
        assert known.refused == 3
        assert said == [f"the switch has room for 2 learned MAC addresses and no more{FLOODED}"]
        assert known.ages().full == ("*",)
        known.flush(lambda key, _replica: bool(key[1] == 1))
        assert known.ages().full == ()
        assert len(told(known, (3, 1))) == 2
        told(known, (4, 1))
        assert len(said) == 2

    def test_the_switch_refuses(self) -> None:
        said: list[str] = []
        known = Addresses(65536, said.append)
        known.configure(node(), {7: "blue"}, 0.0)
        known.queue({"bridge_id": 7, "mac": mac, "replica_id": 7 << 8 | 1} for mac in (1, 2, 3))
        updates = [
            insert(TableEntry(table, {"bridge_id": 7, "mac": change.mac.to_bytes(6, "big").hex(":")}))
            for change in known.learn(0.0)
            for table in BOTH
        ]
        full = [Failure(at, updates[at], Code.RESOURCE_EXHAUSTED, "full") for at in (3, 4, 5)]
        other = Failure(0, updates[0], Code.INVALID_ARGUMENT, "no")
        back, others = known.refuse([*full, other])
        assert others == [other]
        # Of the second the half that was taken is taken back, of the third there is none.
        half = TableEntry("bridge_source_table", {"bridge_id": 7, "mac": "00:00:00:00:00:02"})
        assert [(update.type, render_key(update.entity)) for update in back] == [(UpdateType.DELETE, render_key(half))]
        assert len(known) == 1
        assert known.refused == 2
        assert len(said) == 1
        assert told(known, (2, 1)) == []  # nothing has gone
        known.flush()
        assert len(told(known, (2, 1), (3, 1))) == 2

    def test_a_full_domain_leaves_the_others_alone(self) -> None:
        said: list[str] = []
        known = Addresses(say=said.append)
        known.configure(node(limit=1), {7: "blue"}, 0.0)
        told(known, (1, 1), (2, 1), (3, 1))
        assert said == [f"bridge domain blue has 1 learned addresses, its limit{FLOODED}"]
        assert known.ages().full == ("blue",)


def eventually(condition: Callable[[], object], what: str, timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"waited {timeout} s for {what}"
        time.sleep(0.01)


class Bed:
    def __init__(self) -> None:
        self.out: list[tuple[int, bytes]] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.switch = SoftSwitch(ports=list(PORTS), device_id=1, cpu_port=510, drop_port=511, address=self.address)
        for port in PORTS:
            self.switch.attach(port, lambda frame, port=port: self.out.append((port, frame)))
        self.client = Client(self.address, 1)
        self.controller = NodeController(self.client, node())
        self.controller.start()

    def send(self, port: int, dst: int, src: int) -> list[int]:
        """The ports that the frame leaves by."""
        self.out.clear()
        self.switch.inject(port, dst.to_bytes(6, "big") + src.to_bytes(6, "big") + b"\x88\xb5" + bytes(46))
        assert self.switch.flush()
        return sorted(port for port, _ in self.out)

    def entries(self, table: str) -> int:
        return sum(1 for _ in self.client.read(TableEntry(table)))

    def close(self) -> None:
        self.controller.stop()
        self.client.close()
        self.switch.close()


@pytest.fixture
def bed() -> Iterator[Bed]:
    found = Bed()
    yield found
    found.close()


class TestController:
    def test_learns_follows_and_flushes(self, bed: Bed) -> None:
        one, two = 0x020000000001, 0x020000000002
        assert bed.send(1, two, one) == [2, 3]
        eventually(lambda: bed.entries("bridge_destination_table") == 1, "the address of the sender")
        assert bed.send(2, one, two) == [1]
        eventually(lambda: bed.entries("bridge_destination_table") == 2, "the address of the other one")
        bed.send(3, two, one)  # it has moved
        eventually(lambda: bed.send(2, one, two) == [3], "the move")
        bed.controller.apply(node())
        assert bed.entries("bridge_source_table") == 2
        bed.controller.flush_addresses()
        assert bed.entries("bridge_source_table") == 0
        assert bed.send(2, one, two) == [1, 3]

    def test_many_addresses_are_all_learned(self, bed: Bed) -> None:
        for number in range(3000):
            assert bed.send(1, 0xFFFFFFFFFFFF, 0x020000010000 + number) == [2, 3]
        eventually(lambda: bed.entries("bridge_source_table") == 3000, "3000 addresses")
        assert bed.send(2, 0x020000010000 + 2999, 0x020000000002) == [1]
