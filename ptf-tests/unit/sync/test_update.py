# SPDX-License-Identifier: Apache-2.0
"""Bringing a switch up to date once: the program if need be, the tables, what a controller had learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.config import load_node_dict
from srv6cp.model import InterfaceId, Neighbor, NeighborKey
from srv6cp.p4rt import Client
from srv6cp.sync.program import Program
from srv6cp.sync.tables import Tables
from srv6cp.sync.update import preview, update

NODE = load_node_dict(
    {
        "node": "r1",
        "locator": "fcbb:bb00:1::/48",
        "source": "fcbb:bb00:1::1",
        "ports": {1: {"mac": "02:00:00:00:01:01", "addresses": ["2001:db8:12::1/64"]}},
        "routes": [{"prefix": "2001:db8:9::/64", "via": "2001:db8:12::2"}],
        "sids": [{"sid": "fcbb:bb00:1:1::", "behavior": "End"}],
    }
)
INTERFACE, HOP = InterfaceId(1, 0), IPv6Address("2001:db8:12::2")


@pytest.fixture
def client() -> Iterator[Client]:
    with SoftSwitch(None, ports=[1], device_id=1) as switch, Client(switch.address, 1) as made:
        made.become_primary()
        yield made


def test_an_empty_switch_gets_program_and_tables(client: Client) -> None:
    todo = preview(client, NODE)
    assert todo.loads and len(todo.plan)
    assert not client.get_pipeline_cookie()  # nothing was written
    written = update(client, NODE)
    assert len(written.inserts) == len(todo.plan.inserts)
    assert client.get_pipeline_cookie() == Program.read().cookie
    again = preview(client, NODE)
    assert (again.loads, len(again.plan)) == (False, 0)


def test_what_a_controller_had_learned_stays(client: Client) -> None:
    update(client, NODE)
    Tables(client, Program.read()).reconcile(NODE, {NeighborKey(INTERFACE, HOP): "02:00:00:00:00:99"})
    assert len(preview(client, NODE).plan) == 0
    assert len(update(client, NODE)) == 0
    gone = Neighbor(HOP, INTERFACE, "02:00:00:00:00:99")
    assert len(update(client, NODE, forgotten=[gone])) > 0


def test_a_profile_that_runs_is_kept(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever started the switch chose it; a command that comes and goes does not replace it."""
    full = artifacts.find()
    small = artifacts.Artifacts("small", tmp_path / "small.json", full.p4info, tmp_path / "manifest.json")
    small.json.write_bytes(full.json.read_bytes() + b"\n")  # another program, as far as its digest goes
    update(client, NODE, small)
    assert update(client, NODE) and client.get_pipeline_cookie() == Program.read(full).cookie  # none of ours
    update(client, NODE, small)
    found = {"small": small, "full": full}

    def find(name: str = "full") -> artifacts.Artifacts:
        return found[name] if name in found else artifacts.find("gone")

    monkeypatch.setattr("srv6cp.sync.program.PROFILES", ("missing", "small", "full"))
    monkeypatch.setattr("srv6cp.sync.program.find", find)
    assert not preview(client, NODE).loads
    assert len(update(client, NODE)) == 0
    assert client.get_pipeline_cookie() == Program.read(small).cookie


def test_a_policy_that_loses_its_lists_is_said_to_once(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """When it happens, in part or in whole, and when it is over."""
    node = load_node_dict(
        {
            "node": "r1",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:12::1/64"]}},
            "routes": [{"prefix": f"fc00:{digit}::/32", "via": str(HOP)} for digit in (1, 2)],
            "policies": [
                {"name": "north", "segment-lists": [{"segments": [f"fc00:{digit}::1"]} for digit in (1, 2)]},
            ],
        }
    )
    tables = Tables(client, Program.read())
    tables.take_over(node)
    said = []
    for routes in ((0, 1), (0,), (0,), (), (0, 1), (0, 1)):
        caplog.clear()
        tables.reconcile(replace(node, routes=tuple(node.routes[index] for index in routes)), {})
        said.append([record.getMessage() for record in caplog.records])
    first = "first segment fc00:1::1 is unreachable"
    lost = "no list is valid: the traffic is forwarded as if it were not steered"
    second = "first segment fc00:2::1 is unreachable"
    assert said == [
        [],
        [f"r1: policy north: 1 of 2 lists invalid: {second}; its other lists carry the traffic"],
        [],
        [f"r1: policy north: 2 of 2 lists invalid: {first}, {second}; {lost}"],
        ["r1: policy north: valid again"],
        [],
    ]
