# SPDX-License-Identifier: Apache-2.0
"""``candidate-paths``, color and endpoint, and binding SIDs in node files (RFC 9256 2, 6)."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_address
from typing import Any

import pytest

from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import CandidatePath, Constituent, Node, Originator, ProtocolOrigin, SegmentList

S = ["fcbb:bb00:4::"]


def node(*policies: dict[str, Any], **sections: Any) -> Node:
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}},
            "policies": [{"name": f"p{index}", **policy} for index, policy in enumerate(policies)],
            **sections,
        }
    )


def test_the_simple_forms_are_one_path_of_configuration() -> None:
    """As before candidate paths: ``segments`` and ``segment-lists``, with the defaults of RFC 9256."""
    found = node({"segments": S}, {"segment-lists": [{"segments": S, "weight": 3}]})
    [path] = found.policies["p0"].paths
    assert path == CandidatePath((SegmentList((ip_address(S[0]),)),))
    assert (path.origin, path.preference, path.discriminator) == (ProtocolOrigin.CONFIGURATION, 100, 1)
    policy = found.policies["p1"]
    assert (policy.color, policy.endpoint, policy.priority, policy.keep_installed) == (None, None, 128, False)
    assert [entry.weight for entry in policy.lists] == [3]


def test_everything_that_a_path_may_say() -> None:
    paths = [
        {
            "name": "a", "preference": 200, "origin": "bgp", "originator": "65001:2001:db8::1", "discriminator": 7,
            "segment-lists": [{"segments": S, "weight": 0}, {"segments": S, "verify": True}],
        },
        {"origin": "pcep", "originator": "1:192.0.2.1", "segments": S},
        {"policies": [200, {"color": 300, "weight": 3}]},
    ]  # fmt: skip
    where = {"endpoint": "2001:db8::9"}
    found = node(
        {"color": 100, "candidate-paths": paths, "priority": 1, "keep-installed": True, **where},
        {"color": 200, "segments": S, **where},
        {"color": 300, "segments": S, **where},
    ).policies["p0"]
    assert (found.color, found.endpoint, found.priority, found.keep_installed) == (
        100,
        ip_address("2001:db8::9"),
        1,
        True,
    )
    first, second, third = found.paths
    assert first.identity == (20, Originator(65001, int(ip_address("2001:db8::1"))), 7) and first.label == "a"
    assert [(entry.weight, entry.verify) for entry in first.lists] == [(0, False), (1, True)]
    assert second.label == "pcep 1:192.0.2.1 2" and second.discriminator == 2
    assert third.constituents == (Constituent("p1"), Constituent("p2", 3)) and not third.lists


PATHS = [
    ([], "at least one candidate path"),
    ([{}], "one of 'segment-lists', 'segments'"),
    ([{"segments": S, "policies": [2]}], "one of 'segment-lists', 'segments'"),
    ([{"segments": S, "preference": -1}], "preference must be a number from 0"),
    ([{"segments": S, "origin": "ospf"}], "origin must be one of pcep, bgp, configuration"),
    ([{"segments": S, "originator": "x"}], "originator must be ASN:ADDRESS"),
    ([{"segments": S, "originator": "4294967296:::1"}], "originator must be ASN:ADDRESS"),
    ([{"segments": S, "discriminator": 2}, {"segments": S}], "there is another path of protocol origin configuration"),
    ([{"name": "a", "segments": S}, {"name": "a", "segments": S}], "candidate path 'a' is given twice"),
    ([{"policies": []}], "made of one policy at least"),
    ([{"policies": [2, 2]}], "color 2 is given twice"),
    ([{"policies": [1]}], "made of policies of other colors"),
    ([{"policies": [9]}], "no policy has color 9 and endpoint 2001:db8::9; valid: 2, 3, 5"),
    ([{"policies": [3]}], "they cannot be nested"),
    ([{"policies": [4]}], "no policy has color 4"),
    ([{"policies": [5]}], "has mode encap.red, this one encap"),
]


@pytest.mark.parametrize(("paths", "message"), PATHS)
def test_wrong_paths(paths: list[Any], message: str) -> None:
    at = {"endpoint": "2001:db8::9"}
    others = [
        {"color": 2, "segments": S, **at},
        {"color": 3, "candidate-paths": [{"policies": [2]}], **at},
        {"color": 4, "segments": S, "endpoint": "2001:db8::8"},
        {"color": 5, "segments": S, "encap": "encap.red", **at},
    ]
    with pytest.raises(ConfigError) as caught:
        node({"color": 1, "candidate-paths": paths, **at}, *others)
    assert len(caught.value.problems) == 1 and message in caught.value.message, str(caught.value)
    assert caught.value.problems[0].path[:3] == ("policies", 0, "candidate-paths")


POLICIES = [
    ([{"color": 1, "segments": S}], "give both, or none"),
    ([{"endpoint": "::", "segments": S}], "give both, or none"),
    ([{"color": 0, "endpoint": "::", "segments": S}], "color must be a number from 1"),
    ([{"color": 1, "endpoint": "x", "segments": S}], "endpoint must be an IPv6 or IPv4 address"),
    ([{"color": 1, "endpoint": "::", "segments": S}] * 2, "policy 'p0' has color 1 and endpoint ::, too"),
    ([{"priority": 256, "segments": S}], "priority must be a number from 0"),
    ([{"candidate-paths": [{"policies": [1]}]}], "only a policy with color and endpoint"),
    ([{"candidate-paths": [{"segments": S}], "segments": S}], "one of 'candidate-paths'"),
    ([{"segments": S, "bsid": "2001:db8::1"}], "outside the locator"),
    ([{"segments": S, "bsid": "nonsense"}], "sid must be an IPv6 prefix"),
    ([{"segments": S, "bsid": {"behavior": "End"}}], "End takes no 'policy'"),
    ([{"segments": S, "bsid": {"policy": "p0"}}], "the one that it belongs to"),
    ([{"segments": S, "bsid": "dynamic", "bsid-only": 7}], "bsid-only must be true or false"),
    ([{"segments": S, "encap": "l2encap", "bsid": "dynamic"}], "has no binding SID"),
]


@pytest.mark.parametrize(("policies", "message"), POLICIES)
def test_wrong_policies(policies: list[Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        node(*policies)
    assert len(caught.value.problems) == 1 and message in caught.value.message, str(caught.value)


def bsids(found: Node, name: str = "p0", path: int = 0) -> list[str]:
    return [str(prefix) for prefix in found.policies[name].paths[path].bsids]


def test_binding_sids_of_a_policy() -> None:
    """Named and dynamic, several with other behaviours; by default that of the policy's own mode."""
    found = node(
        {"segments": S, "bsid": ["fcbb:bb00:1:b6::", {"behavior": "End.B6.Encaps.Red"}, "dynamic"]},
        {"segments": S, "encap": "encap.red", "bsid": {"sid": "fcbb:bb00:1:b7::/64"}},
        {"segments": S, "encap": "insert", "bsid": {"behavior": "End.B6.Insert.Red"}},
    )
    by_prefix = {str(sid.prefix): (sid.behaviour, sid.operands) for sid in found.sids}
    named, red, dynamic = bsids(found)
    assert named == "fcbb:bb00:1:b6::/128" and by_prefix[named] == ("End.B6.Encaps", {"policy": "p0"})
    assert by_prefix[red] == ("End.B6.Encaps.Red", {"policy": "p0"})
    assert by_prefix[dynamic] == ("End.B6.Encaps", {"policy": "p0"})
    for prefix in (red, dynamic):
        assert IPv6Network(prefix).subnet_of(IPv6Network("fcbb:bb00:1:b000::/52")) and prefix.endswith("/64")
    assert by_prefix["fcbb:bb00:1:b7::/64"] == ("End.B6.Encaps.Red", {"policy": "p1"})
    [inserting] = bsids(found, "p2")
    assert by_prefix[inserting] == ("End.B6.Insert.Red", {"policy": "p2"})


def test_a_dynamic_binding_sid_stays() -> None:
    """What else there is does not move it, unless it is taken."""
    wants = {"segments": S, "bsid": "dynamic"}
    [alone] = bsids(node(wants))
    assert bsids(node(wants, *[wants] * 20)) == [alone]
    many = node(*[wants] * 300)
    assert len({sid.prefix for sid in many.sids}) == 300
    [moved] = bsids(node(wants, sids=[{"sid": alone, "behavior": "End"}]))
    assert moved != alone


def test_binding_sids_of_paths() -> None:
    """A path's own in place of the policy's; paths may share one."""
    found = node(
        {
            "bsid": "dynamic",
            "candidate-paths": [
                {"segments": S, "bsid": "fcbb:bb00:1:1::"},
                {"segments": S, "bsid": "fcbb:bb00:1:1::"},
                {"segments": S},
                {"segments": S},
            ],
        }
    )
    assert bsids(found) == bsids(found, path=1) == ["fcbb:bb00:1:1::/128"]
    assert bsids(found, path=2) == bsids(found, path=3) != bsids(found)
    assert len(found.sids) == 2


def test_a_binding_sid_that_is_taken() -> None:
    """RFC 9256 6.2.1, 6.2.3: by a SID or another policy; a dynamic one stands for it, or the path is not valid."""
    taken = "fcbb:bb00:1:1::/128"
    wants = {"segments": S, "bsid": taken}
    sids = [{"sid": taken, "behavior": "End"}]
    [path] = node(wants, sids=sids).policies["p0"].paths
    assert path.alerts == (f"binding SID {taken} is taken (End of sids); {path.bsids[0]} stands for it",)
    first, second = node(wants, {**wants, "bsid-only": True}).policies.values()
    assert bsids(node(wants, wants))[0] == taken and first.paths[0].alerts == ()
    assert second.paths[0].ineligible == f"binding SID {taken} is taken (policy p0)" and not second.paths[0].bsids


def test_no_room_for_a_binding_sid() -> None:
    with pytest.raises(ConfigError, match="needs a locator with room for it"):
        node({"segments": S, "bsid": "dynamic"}, locator=None)
    tight = node(*[{"segments": S, "bsid": "dynamic"}] * 2, locator="fcbb:bb00:1::/126")
    assert {str(sid.prefix) for sid in tight.sids} == {"fcbb:bb00:1::2/128", "fcbb:bb00:1::3/128"}
    with pytest.raises(ConfigError, match="needs a locator with room for it"):
        node(*[{"segments": S, "bsid": "dynamic"}] * 3, locator="fcbb:bb00:1::/126")
