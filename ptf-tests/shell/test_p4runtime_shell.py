# SPDX-License-Identifier: Apache-2.0
"""p4runtime-shell 0.0.6 as a client of both switches, with our client beside it to see what it wrote."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from shell import environment
from unit.p4rt.switches import DEVICE_ID, SWITCHES, running, unavailable

from srv6cp import artifacts
from srv6cp.p4rt import Client, CloneSession, P4Info, Replica, TableEntry, render_entity

pytestmark = pytest.mark.shell
SESSION = Path(__file__).with_name("session.py")


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return environment.python()
    except environment.Missing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.bmv2] if kind == "bmv2" else []) for kind in SWITCHES]
)
def test_shell_session(kind: str, python: Path) -> None:
    if (why := unavailable(kind)) is not None:
        pytest.skip(why)
    files = artifacts.find()
    info = P4Info.from_file(files.p4info)
    with running(kind) as address:
        command = [python, SESSION, address, str(DEVICE_ID), files.p4info, files.json]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stderr + run.stdout
        result = json.loads(run.stdout.splitlines()[-1])
        with Client(address, DEVICE_ID, p4info=info) as client:
            left = {render_entity(entry) for entry in client.read(TableEntry(""))}
            session = client.read_one(CloneSession(1))

    assert result["version"]
    assert len(result["ipv6_table"]) == 1 and "prefix_len: 32" in result["ipv6_table"][0]
    assert "priority: 10" in result["classifier_ipv6_table"][0]
    assert result["sr_policy_table"][0].count("h_insert_red") == 2
    assert len(result["modified"]) == 1 and result["modified"] != result["ipv6_table"]
    assert "ALREADY_EXISTS" in result["twice"]
    assert result["counts"] == [[5, 500]]
    assert result["ipv4_table"] == []

    macs = "src_mac=02:00:00:00:01:01, dst_mac=02:00:00:00:02:01"
    adjacency = f"set_adjacency(egress_port=1, vlan_id=0, {macs}, mtu=1500)"
    insertion = "h_insert_red(first_segment=fcbb:bb00:{0}::, sidlist_id=1, segment_count=1, nexthop_id=7)"
    assert left == {
        "ipv6_table vrf_id=0 ipv6_dst=2001:db8::/32 -> set_nexthop(nexthop_id=9)",
        (
            "classifier_ipv6_table ipv6_src=2001:db8::&&&ffff:ffff:: l4_dst_port=53&&&0xffff priority=10 "
            "-> no_steering()"
        ),
        f"nexthop_table nexthop_id=7 -> {adjacency}",
        f"nexthop_table nexthop_id=9 -> {adjacency}",
        "srv6_sidlist_1_4_table sidlist_id=1 -> segments_1(segment_list_0=fcbb:bb00:9::)",
        f"sr_policy_table policy_id=5 -> {{3*{insertion.format(1)}, 1*{insertion.format(2)}}}",
    }
    assert isinstance(session, CloneSession) and session.replicas == (Replica(510, 1),)
