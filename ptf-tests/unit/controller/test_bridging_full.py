# SPDX-License-Identifier: Apache-2.0
"""A switch whose tables of MAC addresses are full, softswitch and BMv2: frames to further addresses are flooded, which
is counted and said once; when there is room again they are learned."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.netns import Namespace
from harness.testbed import bmv2_grpc_missing
from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.artifacts import Artifacts
from srv6cp.config import load_node_dict
from srv6cp.controller.loop import NodeController
from srv6cp.p4rt import Client, CounterEntry, TableEntry
from srv6cp.sync.launch import Launch, Switch

PORTS = (1, 2, 3)
ROOM = 4
TABLES = ("bridge_source_table", "bridge_destination_table")
STATIC, FIRST, ALL = 0x020000000001, 0x020000000010, 0xFFFFFFFFFFFF
NODE: dict[str, Any] = {
    "node": "r1",
    "device-id": 1,
    "ports": {port: {"mode": "l2"} for port in PORTS},
    "limits": {"passes": None},
    "bridges": [
        {
            "name": "blue",
            "circuits": [{"port": port} for port in PORTS],
            "static": [{"mac": "02:00:00:00:00:01", "at": 1}],
        }
    ],
}


def small(folder: Path, told: bool) -> Artifacts:
    """The program with small tables; ``told``: its p4info says so. Else the controller finds out by what it is told."""
    full = artifacts.find()
    program = json.loads(full.json.read_text())
    for pipeline in program["pipelines"]:
        for table in pipeline["tables"]:
            if table["name"] in TABLES:
                table["max_size"] = ROOM
    info = full.p4info.read_text()
    for table in TABLES if told else ():
        info, done = re.subn(rf'(alias: "{table}".*?\n  size: )\d+', rf"\g<1>{ROOM}", info, count=1, flags=re.DOTALL)
        assert done == 1
    (folder / "small.json").write_text(json.dumps(program))
    (folder / "small.p4info.txtpb").write_text(info)
    return artifacts.find("small", folder)


class Soft:
    """softswitch in this process."""

    def __init__(self, _: Path, stack: ExitStack) -> None:
        self.out: list[int] = []
        self.switch = stack.enter_context(SoftSwitch(None, ports=list(PORTS), device_id=1))
        self.address = self.switch.address
        for port in PORTS:
            self.switch.attach(port, lambda _frame, port=port: self.out.append(port))

    def send(self, port: int, frame: bytes) -> set[int]:
        """The ports that it leaves by."""
        self.out.clear()
        self.switch.inject(port, frame)
        assert self.switch.flush()
        return set(self.out)


class Bmv2:
    """simple_switch_grpc in a namespace."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.address = f"unix:{folder}/socket"
        namespace = Namespace()
        stack.callback(namespace.close)
        namespace.veth_pairs([(f"sw{port}", f"host{port}") for port in PORTS])
        launch = Launch("bmv2", self.address, 1, {port: f"sw{port}" for port in PORTS})
        process = namespace.run(lambda: Switch(launch).__enter__())
        stack.push(process.__exit__)
        process.wait_until_ready()
        self.hosts = {port: namespace.open(f"host{port}") for port in PORTS}

    def send(self, port: int, frame: bytes) -> set[int]:
        """The ports that it leaves by, once it does by one."""
        for host in self.hosts.values():
            while host.recv() is not None:
                pass
        self.hosts[port].send(frame)
        found: set[int] = set()
        end = time.monotonic() + 5
        while time.monotonic() < end and (not found or time.monotonic() < end - 4.8):
            found |= {other for other, host in self.hosts.items() if other != port and host.recv() is not None}
        return found


BEDS = [
    pytest.param(Soft, id="softswitch"),
    pytest.param(Bmv2, id="bmv2", marks=[pytest.mark.bmv2, pytest.mark.root]),
]


class Bed:
    """A switch with small tables and its controller."""

    def __init__(self, kind: Callable[[Path, ExitStack], Any], folder: Path, told: bool, stack: ExitStack) -> None:
        self.place = kind(folder, stack)
        self.client = stack.enter_context(Client(self.place.address, 1))
        self.client.connect(wait=True)
        self.controller = NodeController(self.client, load_node_dict(NODE), program=small(folder, told))
        stack.enter_context(self.controller)

    def learn(self, *macs: int) -> None:
        """Have them send by port 1 until the controller has been told of them, learned or not."""

        def known() -> bool:
            before = self.controller.addresses()
            there = {mac for _, mac in before.seen}
            for mac in macs:
                if mac not in there:
                    self.send(1, ALL, mac)
            return {mac for _, mac in self.controller.addresses().seen} >= set(macs)

        eventually(known)

    def send(self, port: int, dst: int, src: int) -> set[int]:
        frame = dst.to_bytes(6, "big") + src.to_bytes(6, "big") + b"\x88\xb5" + bytes(46)
        found: set[int] = self.place.send(port, frame)
        return found

    def entries(self) -> list[int]:
        return [sum(1 for _ in self.client.read(TableEntry(table))) for table in TABLES]

    def floods(self) -> int:
        cells = self.client.read(CounterEntry("bridge_flood_counter"))
        return sum(cell.packets for cell in cells if isinstance(cell, CounterEntry))


def eventually(condition: Callable[[], object], timeout: float = 60.0) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("told", [True, False], ids=["told", "refused"])
@pytest.mark.parametrize("kind", BEDS)
def test_a_full_table_floods_and_recovers(
    kind: Callable[[Path, ExitStack], Any], told: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if kind is Bmv2 and (why := bmv2_grpc_missing() or ("" if os.geteuid() == 0 else "needs root")):
        pytest.skip(why)
    one, two, three, further = range(FIRST, FIRST + 4)
    caplog.set_level(logging.WARNING, "srv6cp.controller")
    with ExitStack() as stack:
        bed = Bed(kind, tmp_path, told, stack)
        bed.learn(one, two, three)  # the static one is the fourth
        assert bed.entries() == [ROOM, ROOM]
        assert bed.send(2, three, STATIC) == {1}
        begin = bed.floods()
        eventually(lambda: bed.send(1, ALL, further) and bed.controller.addresses().refused > 0)
        assert bed.send(2, further, STATIC) == {1, 3}
        assert bed.floods() - begin >= 2
        assert bed.controller.addresses().full == ("*",)
        for more in range(5):
            bed.send(1, ALL, further + 1 + more)
        assert bed.entries() == [ROOM, ROOM]
        assert bed.send(2, one, STATIC) == {1}  # who is known stays known
        said = [each.getMessage() for each in caplog.records if "learned MAC addresses" in each.getMessage()]
        assert len(said) == 1 and f"room for {ROOM - 1} learned MAC addresses and no more" in said[0], said

        def recovered() -> bool:
            bed.controller.flush_addresses()  # whoever was told of before may be the first
            bed.send(1, ALL, further)
            eventually(lambda: bed.controller.addresses().learned)
            return bed.send(2, further, STATIC) == {1}

        eventually(recovered)
        assert not [each for each in caplog.records if "reconciled" in each.getMessage()]
