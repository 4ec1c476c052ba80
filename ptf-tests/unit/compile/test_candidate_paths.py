# SPDX-License-Identifier: Apache-2.0
"""Which candidate path is active, what the switch has of it, and what neighbours and ports change of that."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv6Network
from typing import Any

import pytest
from unit.compile.support import INFO, compiled, key, rows

from srv6cp.compile import Compilation, CompiledNode, ids_for
from srv6cp.compile.paths import PathState, Reach, choose
from srv6cp.config import load_node_dict
from srv6cp.model import CandidatePath, Originator, ProtocolOrigin, SegmentList
from srv6cp.p4rt import ActionSet

WAYS = [
    {"prefix": "fcbb:bb00:4::/48", "via": "2001:db8:1::2"},
    {"prefix": "fcbb:bb00:5::/48", "via": "2001:db8:2::2"},
]
NORTH, SOUTH, NOWHERE = "fcbb:bb00:4::", "fcbb:bb00:5::", "fcbb:bb00:99::"
PCEP, BGP, CONFIGURATION = ProtocolOrigin


def path(name: str, preference: int = 100, origin: ProtocolOrigin = CONFIGURATION, **more: Any) -> CandidatePath:
    return CandidatePath(name=name, preference=preference, origin=origin, **more)


def chosen(*paths: CandidatePath, installed: str = "", reach: Reach = Reach.READY) -> tuple[str, dict[str, str]]:
    """Name of the active path, and why the others are not."""
    keep = next((each.identity for each in paths if each.name == installed), None)
    states = choose([PathState(each, reach) for each in paths], keep)
    [active] = [state.path.name for state in states if state.active]
    return active, {state.path.name: state.reason for state in states if not state.active}


def test_the_order_of_rfc_9256() -> None:
    """2.9: preference, protocol origin, the installed one, lower originator, higher discriminator: each decides only
    between equals of those before it, whatever those behind it say."""
    weak = {"originator": Originator(9, 9), "discriminator": 1}
    strong = {"originator": Originator(1, 1), "discriminator": 9}
    assert chosen(path("a", 200, PCEP, **weak), path("b", 100, **strong)) == (
        "a",
        {"b": "preference 100 is lower than 200"},
    )
    assert chosen(path("a", 100, BGP, **strong), path("b", 100, **weak), installed="a") == (
        "b",
        {"a": "protocol origin 20 is lower than 30"},
    )
    pair = path("a", **weak), path("b", **strong)
    assert chosen(*pair, installed="a") == ("a", {"b": "a is installed"})
    assert chosen(*pair) == ("b", {"a": "originator 9:0.0.0.9 is higher than 1:0.0.0.1"})
    # As a number of 160 bits, the AS in front.
    assert chosen(path("a", originator=Originator(1, 2**128 - 1)), path("b", originator=Originator(2, 0)))[0] == "a"
    assert chosen(path("a", discriminator=7), path("b", discriminator=8)) == (
        "b",
        {"a": "discriminator 7 is lower than 8"},
    )


def test_only_valid_paths_are_chosen() -> None:
    """And one whose next hop has answered before one that would have to ask first."""
    high, low = path("a", 200, lists=(SegmentList(()),)), path("b", 100)
    states = choose([PathState(high, Reach.NOT), PathState(low, Reach.ASKING)])
    assert [state.reason for state in states] == ["invalid: no list is valid", ""]
    states = choose([PathState(high, Reach.ASKING), PathState(low, Reach.READY)])
    assert [state.reason for state in states] == ["none of its next hops has answered", ""]
    states = choose([PathState(high, Reach.NOT), PathState(low, Reach.NOT)])
    assert not any(state.active for state in states)
    assert states[1].reason == "invalid: none of its policies is valid"
    [state] = choose([PathState(path("a", ineligible="its binding SID is taken"), Reach.NOT)])
    assert state.reason == "invalid: its binding SID is taken"


def first_segments(found: Compilation, policy: str = "p") -> dict[str, int]:
    """First segment of each list that the switch has of a policy, with its weight."""
    [number] = {use.number for use in found.policies if use.policy.name == policy}
    entry = rows(found, "sr_policy_table").get(number)
    if entry is None:
        return {}
    assert isinstance(entry, ActionSet)
    weights: Counter[str] = Counter()
    for each in entry.actions:
        weights[str(each.action.params["first_segment"])] += each.weight
    return dict(weights)


def with_paths(*paths: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"routes": WAYS, "policies": [{"name": "p", "candidate-paths": list(paths)}], **sections}


def test_the_lists_of_the_active_path_alone() -> None:
    found = compiled(
        **with_paths(
            {"segments": [SOUTH]},
            {"preference": 200, "segment-lists": [{"segments": [NORTH], "weight": 2}, {"segments": [NOWHERE]}]},
            {"preference": 300, "segments": [NOWHERE]},
        )
    )
    assert first_segments(found) == {NORTH: 1}
    [use] = found.policies
    assert use.valid_lists == (True, True, False, False)
    assert [reason for _, reason in use.invalid_lists()] == [f"first segment {NOWHERE} is unreachable"] * 2
    assert use.fate == "candidate path configuration 0:0.0.0.0 2 carries the traffic"


def test_lists_that_are_not_valid() -> None:
    """5.1: weight 0, and with verification a later segment that is not reachable."""
    lists = [
        {"segments": [NORTH], "weight": 0},
        {"segments": [NORTH, NOWHERE], "verify": True},
        {"segments": [SOUTH, NOWHERE]},
    ]
    found = compiled(**with_paths({"segment-lists": lists}))
    assert first_segments(found) == {SOUTH: 1}
    assert [reason for _, reason in found.policies[0].invalid_lists()] == [
        "its weight is 0",
        f"segment 2 {NOWHERE} is unreachable",
    ]
    assert first_segments(compiled(**with_paths({"segment-lists": lists[:2]}))) == {}


AT = {"endpoint": "2001:db8::9"}


def composite(parts: list[Any], *policies: dict[str, Any]) -> dict[str, int]:
    found = compiled(
        routes=WAYS,
        policies=[
            {"name": "p", "color": 1, "candidate-paths": [{"policies": parts}], **AT},
            *({"name": f"q{color}", "color": color, **AT, **policy} for color, policy in enumerate(policies, 2)),
        ],
    )
    return first_segments(found)


def test_a_composite_path_is_in_proportion_of_both_weights() -> None:
    """2.2: 3/4 of the flows to a policy of one list, 1/4 to one whose lists share 1 to 2; not to what is not valid."""
    both = {"segment-lists": [{"segments": [NORTH]}, {"segments": [SOUTH], "weight": 2}]}
    assert composite([{"color": 2, "weight": 3}, 3], {"segments": [NORTH]}, both) == {NORTH: 5, SOUTH: 1}
    assert composite([2, 3], {"segments": [NOWHERE]}, both) == {NORTH: 1, SOUTH: 2}
    assert composite([2], {"segments": [NOWHERE]}) == {}


def test_a_composite_path_that_is_too_fine_for_a_group() -> None:
    """No list is lost, none has more than the group can hold, and shares are near."""
    fine = {"segment-lists": [{"segments": [NORTH], "weight": 127}, {"segments": [SOUTH], "weight": 128}]}
    found = composite([{"color": 2, "weight": 250}, {"color": 3, "weight": 1}], fine, {"segments": [NORTH]})
    assert sum(found.values()) <= 256 and abs(found[NORTH] - found[SOUTH]) < 8


def test_a_composite_path_has_the_headers_of_its_policies() -> None:
    found = compiled(
        routes=WAYS,
        policies=[
            {"name": "p", "color": 1, "candidate-paths": [{"policies": [2]}], **AT},
            {"name": "q", "color": 2, "segments": [NORTH], "encap": {"hop-limit": 9}, **AT},
        ],
    )
    for entry in rows(found, "sr_policy_table").values():
        assert entry.actions[0].action.params["hop_limit"] == 9


def live(**sections: Any) -> CompiledNode:
    node = load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}, 2: {"addresses": ["2001:db8:2::1/64"]}},
            **sections,
        }
    )
    return CompiledNode(node, INFO, {}, ids_for(INFO))


def active(found: CompiledNode) -> str:
    path = found.policies[0].active
    return path.label if path else ""


def test_neighbours_and_ports_that_come_and_go() -> None:
    """The path of the highest preference while its next hop answers, at first by asking; else the other one."""
    found = live(
        **with_paths({"name": "n", "preference": 200, "segments": [NORTH]}, {"name": "s", "segments": [SOUTH]})
    )
    north, south = key(1, "2001:db8:1::2"), key(2, "2001:db8:2::2")
    assert active(found) == "n", "nobody has answered: the first packet asks"
    assert (found.change({south: "02:00:00:00:02:02"}), active(found))[1] == "s"
    assert (found.change({north: "02:00:00:00:02:01"}), active(found))[1] == "n"
    assert (found.change({north: None}), active(found))[1] == "s"
    assert {target for each in found.targets.values() for target in each} >= {north, south}, (
        "both are asked for, whoever is active"
    )
    assert (found.change({}, {2}), active(found))[1] == "n"
    assert (found.change({}, {1, 2}), active(found))[1] == ""
    assert (found.change({}, {1}), active(found))[1] == "s"


def test_an_installed_path_stays_among_equals() -> None:
    """2.9: where the policy says so; and for who comes after with the same intent."""
    paths = {"name": "n", "discriminator": 9, "segments": [NORTH]}, {"name": "s", "segments": [SOUTH]}
    north = key(1, "2001:db8:1::2")
    macs = {north: "02:00:00:00:02:01", key(2, "2001:db8:2::2"): "02:00:00:00:02:02"}
    for keep in (False, True):
        found = live(routes=WAYS, policies=[{"name": "p", "candidate-paths": list(paths), "keep-installed": keep}])
        found.change(macs)
        assert active(found) == "n"
        found.change({north: None})
        found.change({north: macs[north]})
        assert active(found) == ("s" if keep else "n")
        again = CompiledNode(found.node, INFO, macs, ids_for(INFO), installed=found.installed)
        assert active(again) == active(found)


def test_priority_is_the_order_of_recomputation() -> None:
    """2.12: the lowest first; composite paths behind what they are made of."""
    policies = [
        {"name": "c", "color": 1, "priority": 0, "candidate-paths": [{"policies": [2]}], **AT},
        {"name": "late", "priority": 200, "segments": [NORTH]},
        {"name": "usual", "color": 2, "segments": [NORTH], **AT},
        {"name": "first", "priority": 1, "segments": [NORTH]},
    ]
    delta = live(routes=WAYS, policies=policies).change({}, {1})
    assert [use.policy.name for use in delta.policies] == ["first", "usual", "late", "c"]


B, C = "fcbb:bb00:1:b::/64", "fcbb:bb00:1:c::/64"


def bound(found: CompiledNode) -> set[str]:
    """Binding SIDs on the switch."""
    return {prefix for _, prefix in rows(found, "my_sid_table")}


@pytest.mark.parametrize("invalid", ["forward", "drop"])
def test_binding_sids_follow_the_active_path(invalid: str) -> None:
    """6.2: that of the active path; withdrawn without one (2.10), or kept to drop (8.2)."""
    paths = [{"preference": 200, "segments": [NORTH], "bsid": B}, {"segments": [SOUTH], "bsid": [C, B]}]
    policy = {"name": "p", "invalid": invalid, "candidate-paths": paths}
    found = live(routes=WAYS, policies=[policy])
    at: set[Any] = bound(found)
    assert at == {B}
    for down, expected in (({1}, {B, C}), ({1, 2}, set() if invalid == "forward" else {B}), (set(), {B})):
        delta = found.change({}, down)
        at |= {str(entry.match["ipv6_dst"]) for entry in delta.inserts if getattr(entry, "table", "") == "my_sid_table"}
        at -= {str(entry.match["ipv6_dst"]) for entry in delta.deletes if getattr(entry, "table", "") == "my_sid_table"}
        assert at == expected
    with_sid = live(routes=WAYS, policies=[policy], sids=[{"sid": C, "behavior": "End"}])
    assert bound(with_sid) == {B, C}, "a SID that has nothing to do with it stays"
    assert IPv6Network(C) not in with_sid.node.policies["p"].paths[1].bsids
