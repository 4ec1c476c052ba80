# SPDX-License-Identifier: Apache-2.0
"""What a change takes away, kind by kind, and when that needs a second look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from softswitch.switch import SoftSwitch
from srv6cp import artifacts
from srv6cp.config import load_node_dict
from srv6cp.model import Node
from srv6cp.p4rt import Client, TableEntry
from srv6cp.sync.difference import compare
from srv6cp.sync.removals import Guard, Loss, TakesAway, by_nodes
from srv6cp.sync.update import losses, update


def node(sids: int = 0, routes: int = 0, **more: Any) -> Node:
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:12::1/64"], "mac": "02:00:00:00:01:01"}},
            "sids": [{"sid": f"fcbb:bb00:1:{number:x}::", "behavior": "End"} for number in range(1, sids + 1)],
            "routes": [{"prefix": f"2001:db8:{number:x}::/48", "via": "2001:db8:12::2"} for number in range(routes)],
            **more,
        }
    )


def test_what_a_change_takes_away_is_counted_by_kind() -> None:
    assert [loss for loss in by_nodes(node(612, 40), node(0, 39)) if loss.gone] == [
        Loss("SIDs", 612, 612),
        Loss("routes", 1, 40),
    ]


@pytest.mark.parametrize(
    ("guard", "gone", "present", "held"),
    [
        (Guard(), 306, 612, False),  # half is not more than half
        (Guard(), 307, 612, True),
        (Guard(), 9, 9, False),  # a small node is not bothered
        (Guard(), 10, 10, True),
        (Guard(minimum=1), 1, 1, True),
        (Guard(share=90), 550, 612, False),
        (Guard(share=0), 10, 5000, True),
        (Guard(share=100), 612, 612, False),
    ],
)
def test_the_guard_holds_back_what_is_more_than_its_share(guard: Guard, gone: int, present: int, held: bool) -> None:
    assert bool(guard.excess([Loss("SIDs", gone, present)])) == held


def test_all_sids_are_much_on_a_node_of_many_routes() -> None:
    """Kinds are counted apart."""
    with pytest.raises(TakesAway, match=r"^it takes away 100 of 100 SIDs$"):
        Guard().check(by_nodes(node(100, 1000), node(0, 1000)))


def test_other_sids_in_the_place_of_all_are_taken_away_too() -> None:
    """A renumbered router, or the file of another one."""
    before = node(20)
    after = load_node_dict(
        {"node": "r1", "locator": "fcbb:bb00:2::/48", "source": "fcbb:bb00:2::1"}
        | {"sids": [{"sid": f"fcbb:bb00:2:{number:x}::", "behavior": "End"} for number in range(1, 21)]}
    )
    assert Guard().excess(by_nodes(before, after)) == (Loss("SIDs", 20, 20),)


def test_what_differs_is_added_removed_or_changed() -> None:
    before = node(3, vrfs=["blue"], steering=[], policies=[{"name": "north", "segments": "fcbb:bb00:4::"}])
    after = node(2, 1, policies=[{"name": "north", "segments": "fcbb:bb00:5::"}], source="fcbb:bb00:1::2")
    assert [str(each) for each in compare(before, after) if each] == [
        "SIDs: 1 removed",
        "routes: 1 added",
        "policies: 1 changed",
        "VRFs: 1 removed",
        "settings: 1 changed",
    ]


def test_a_classifier_is_known_by_what_it_matches() -> None:
    rule = {"match": {"protocol": "udp", "dst-port": 53}, "policy": "north"}
    policies = [{"name": "north", "segments": "fcbb:bb00:4::"}]
    before = node(policies=policies, steering=[rule])
    again = node(policies=policies, steering=[{**rule, "policy": None}])
    assert [str(each) for each in compare(before, again) if each] == ["steering: 1 changed"]


def test_vlans_of_one_port_are_counted() -> None:
    ports = {1: {"vlans": {number: {"addresses": [f"2001:db8:{number:x}::1/64"]} for number in range(100, 120)}}}
    assert Guard().excess(by_nodes(node(ports=ports), node())) == (Loss("VLAN interfaces", 20, 20),)


# --- on a switch --------------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[Client]:
    with SoftSwitch(None, ports=[1, 2], device_id=1) as switch, Client(switch.address, 1, election_id=1) as client:
        client.become_primary()
        yield client


def sids(client: Client) -> int:
    return len(list(client.read(TableEntry("my_sid_table"))))


def test_an_update_that_takes_away_much_writes_nothing(client: Client) -> None:
    update(client, node(20, 20), guard=Guard())
    with pytest.raises(TakesAway, match=r"^it takes away 20 of 20 SIDs$"):
        update(client, node(0, 20, vrfs=["blue"]), guard=Guard())
    assert sids(client) == 20
    assert Loss("SIDs", 20, 20) in losses(client, node(0, 20), artifacts.find())
    update(client, node(0, 20), keep_foreign=True, guard=Guard())
    assert sids(client) == 20
    update(client, node(0, 20))
    assert sids(client) == 0


def test_another_program_is_not_loaded_when_that_takes_away_much(client: Client) -> None:
    """Loading empties every table, so that afterwards there would be nothing left to compare with."""
    update(client, node(20), guard=Guard())
    before = client.get_pipeline_cookie()
    with pytest.raises(TakesAway, match=r"^it takes away 20 of 20 SIDs$"):
        update(client, node(), artifacts.find("transit"), guard=Guard())
    assert (client.get_pipeline_cookie(), sids(client)) == (before, 20)
    update(client, node(15), artifacts.find("transit"), guard=Guard())
    assert sids(client) == 15
