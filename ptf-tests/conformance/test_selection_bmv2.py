# SPDX-License-Identifier: Apache-2.0
"""Groups choose the same member on BMv2 and on softswitch after the same history of writes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conformance.raw import IDS, JSON, P4INFO, RawClient, action, action_set, config, entry, pb
from conformance.requirement import requirement

from softswitch.switch import SoftSwitch
from srv6cp.sync.launch import Launch, Switch, missing

CPU = 510
NEAR, FAR = "ssel0", "ssel1"

pytestmark = [pytest.mark.bmv2, pytest.mark.diff, pytest.mark.root]


def to(label: int) -> Any:
    """An action that sends the frame to the controller with ``label`` as its destination address."""
    return action("forward", port=CPU, dst_addr=label)


def member(number: int) -> Any:
    return pb.ActionProfileMember(action_profile_id=IDS["manual_selector"], member_id=number, action=to(number))


def group(number: int, *members: tuple[int, int]) -> Any:
    message = pb.ActionProfileGroup(action_profile_id=IDS["manual_selector"], group_id=number)
    for identity, weight in members:
        message.members.add(member_id=identity, weight=weight)
    return message


def frame(group_id: int, flow_label: int) -> bytes:
    """An IPv6 packet whose destination selects a group and whose flow label selects a member."""
    ipv6 = (6 << 28 | flow_label).to_bytes(4, "big") + bytes(4) + bytes(16) + group_id.to_bytes(16, "big")
    return bytes(12) + b"\x86\xdd" + ipv6 + bytes(20)


def steps(client: RawClient, observe: Callable[[int], list[int]]) -> list[list[int]]:
    """The history; the choices seen after its stages."""
    seen = []
    client.insert(*(entry("route_table", {"ipv6_dst": (n, 128)}, action("set_group", group_id=n)) for n in (1, 2, 3)))
    client.insert(entry("group_table", {"group_id": 1}, action_set((to(11), 2), (to(12), 1), (to(11), 3))))
    client.insert(entry("group_table", {"group_id": 2}, action_set((to(21), 1), (to(22), 5))))
    seen += [observe(1), observe(2)]
    client.delete(entry("group_table", {"group_id": 1}))
    client.insert(entry("group_table", {"group_id": 3}, action_set(*((to(30 + n), n) for n in (1, 2, 3, 4)))))
    client.modify(entry("group_table", {"group_id": 2}, action_set((to(23), 3), (to(24), 2))))
    seen += [observe(2), observe(3)]
    for number in (2, 3):
        client.delete(entry("group_table", {"group_id": number}))
    client.insert(*(member(n) for n in (7, 5, 6)))
    client.insert(group(1, (5, 2), (6, 1), (7, 2)))
    client.insert(entry("manual_table", {"group_id": 1}, pb.TableAction(action_profile_group_id=1)))
    seen.append(observe(1))
    client.insert(group(2, (6, 4), (5, 1)))
    client.modify(group(1, (6, 3)))
    client.insert(member(8))
    client.insert(entry("manual_table", {"group_id": 2}, pb.TableAction(action_profile_group_id=2)))
    seen += [observe(1), observe(2)]
    client.modify(group(1, (6, 3), (8, 2)))
    client.modify(group(2, (5, 3), (8, 3)))
    seen += [observe(1), observe(2)]
    client.modify(group(1, (7, 1), (6, 1)))
    client.insert(member(9))
    client.modify(group(1, (9, 2), (7, 2)))
    seen.append(observe(1))
    return seen


LABELS = [n * 7919 & 0xFFFFF for n in range(40)]


def choices(client: RawClient, send: Callable[[bytes], object]) -> Callable[[int], list[int]]:
    stream = client.streams[0]

    def observe(group_id: int) -> list[int]:
        found = []
        for label in LABELS:
            send(frame(group_id, label))
            found.append(int.from_bytes(stream.next("packet").payload[:6], "big"))
        return found

    return observe


def on_softswitch() -> list[list[int]]:
    with SoftSwitch(JSON, P4INFO) as switch, RawClient(switch.address) as client:
        client.primary()
        return steps(client, choices(client, lambda data: switch.inject(1, data)))


def on_bmv2(folder: Path) -> list[list[int]]:
    address = f"unix:{folder}/socket"
    with Switch(Launch("bmv2", address, interfaces={1: NEAR})) as process:
        process.wait_until_ready()
        with RawClient(address) as client, socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as far:
            client.primary()
            client.set_pipeline("VERIFY_AND_COMMIT", config())
            far.bind((FAR, 0))
            time.sleep(0.2)
            return steps(client, choices(client, far.send))


@requirement("9.2", "After the same writes, groups choose the same member as those of BMv2 (runs where BMv2 is)")
def test_same_choices(tmp_path: Path) -> None:
    if missing("bmv2") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs simple_switch_grpc on PATH, root and iproute2")
    subprocess.run(["ip", "link", "add", NEAR, "type", "veth", "peer", "name", FAR], check=True)
    try:
        for name in (NEAR, FAR):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        theirs = on_bmv2(tmp_path)
    finally:
        subprocess.run(["ip", "link", "del", NEAR], check=True)
    assert on_softswitch() == theirs
    assert all(len(set(row)) > 1 for row in theirs[:5])
