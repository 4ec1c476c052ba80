# SPDX-License-Identifier: Apache-2.0
"""Command lines to items of the node file: our own, iproute2's and srconf's."""

from __future__ import annotations

import pytest

from srv6cp.cli import grammar
from srv6cp.cli.cmd_ip import translate_route
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.grammar import Edit


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("fc00::1 End", {"sid": "fc00::1", "behavior": "End"}),
        ("fc00::1 end flavors psp,usd", {"sid": "fc00::1", "behavior": "End", "flavors": ["psp", "usd"]}),
        ("fc00::1 end.dx4 nh4 10.0.0.1", {"sid": "fc00::1", "behavior": "End.DX4", "via": "10.0.0.1"}),
        (
            "fc00::1 End.X nh6 fe80::1 dev 2",
            {"sid": "fc00::1", "behavior": "End.X", "via": {"address": "fe80::1", "port": 2}},
        ),
        (
            "fc00::1 end.x ip 2001:db8::1 2",
            {"sid": "fc00::1", "behavior": "End.X", "via": {"address": "2001:db8::1", "port": 2}},
        ),
        ("fc00::1 end.dx2 3", {"sid": "fc00::1", "behavior": "End.DX2", "port": 3}),
        ("fc00::1 End.DX2 oif 3", {"sid": "fc00::1", "behavior": "End.DX2", "port": 3}),
        ("fc00::1 End.DT46 vrftable 100", {"sid": "fc00::1", "behavior": "End.DT46", "vrf": "100"}),
        (
            "fc00::1 End.DX4 nh4 10.0.5.2 dev 5 table 100",
            {
                "sid": "fc00::1",
                "behavior": "End.DX4",
                "via": {"address": "10.0.5.2", "port": 5},
                "in-vrf": "100",
            },
        ),
        ("fc00::1 End dev 2 table 100", {"sid": "fc00::1", "behavior": "End", "in-vrf": "100"}),
        ("fc00::1 End.T table main", {"sid": "fc00::1", "behavior": "End.T", "vrf": "default"}),
        (
            "fc00::1 End.B6.Encaps policy north in-vrf blue",
            {"sid": "fc00::1", "behavior": "End.B6.Encaps", "policy": "north", "in-vrf": "blue"},
        ),
    ],
)
def test_sid(line: str, item: dict[str, object]) -> None:
    assert grammar.sid(line.split()) == [Edit("sids", item)]


def test_segments_of_a_binding_sid_become_a_policy() -> None:
    assert grammar.sid(["fc00::1/64", "End.B6.Encaps", "srh", "segs", "fc00:4::,fc00:5::"]) == [
        Edit("policies", {"name": "sid-fc00::1-64", "segments": ["fc00:4::", "fc00:5::"]}),
        Edit("sids", {"sid": "fc00::1/64", "behavior": "End.B6.Encaps", "policy": "sid-fc00::1-64"}),
    ]


def test_policy() -> None:
    lists = "segs fc00:4::,fc00:2:: weight 3 segs fc00:5::"
    line = f"north {lists} mode encap.red hop-limit inherit invalid drop vrf v"
    assert grammar.policy(line.split()) == [
        Edit(
            "policies",
            {
                "name": "north",
                "invalid": "drop",
                "vrf": "v",
                "encap": {"mode": "encap.red", "hop-limit": "inherit"},
                "segment-lists": [
                    {"weight": 3, "segments": ["fc00:4::", "fc00:2::"]},
                    {"segments": ["fc00:5::"]},
                ],
            },
        )
    ]


def test_candidate_paths() -> None:
    words = "color 7 endpoint :: priority 1 bsid dynamic bsid fc00::b"
    paths = (
        "path a preference 200 origin bgp originator 1::: discriminator 3 segs fc00:4:: weight 2 path b segs fc00:5::"
    )
    assert grammar.policy(f"north {words} {paths}".split())[0].item == {
        "name": "north",
        "color": 7,
        "endpoint": "::",
        "priority": 1,
        "bsid": ["dynamic", "fc00::b"],
        "candidate-paths": [
            {
                "name": "a",
                "preference": 200,
                "origin": "bgp",
                "originator": "1:::",
                "discriminator": 3,
                "segment-lists": [{"weight": 2, "segments": ["fc00:4::"]}],
            },
            {"name": "b", "segment-lists": [{"segments": ["fc00:5::"]}]},
        ],
    }


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (
            "match dscp ef srh true srh-segments-left >1 action drop",
            {"match": {"dscp": "ef", "srh": True, "srh-segments-left": ">1"}, "action": "drop"},
        ),
        ("2001:db8::/64 policy p", {"prefix": "2001:db8::/64", "policy": "p"}),
        ("prefix 10.0.0.0/8 vrf v policy p", {"prefix": "10.0.0.0/8", "vrf": "v", "policy": "p"}),
        ("port 1 policy p", {"port": 1, "policy": "p"}),
        (
            "match src 10.0.0.0/8 dst-port 53 priority 7 policy none",
            {"match": {"src": "10.0.0.0/8", "dst-port": 53}, "priority": 7, "policy": None},
        ),
    ],
)
def test_steer(line: str, item: dict[str, object]) -> None:
    assert grammar.steer(line.split()) == [Edit("steering", item)]


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("2001:db8::/64 via fc00::1", {"prefix": "2001:db8::/64", "via": "fc00::1"}),
        ("::/0 via fe80::1 dev 2", {"prefix": "::/0", "via": {"address": "fe80::1", "port": 2}}),
        ("10.0.0.0/8 via inet6 fc00::1", {"prefix": "10.0.0.0/8", "via": "fc00::1"}),
        ("blackhole 10.0.0.0/8 vrf v", {"prefix": "10.0.0.0/8", "vrf": "v", "blackhole": True}),
        ("10.0.0.0/8 dev 3 table 7", {"prefix": "10.0.0.0/8", "vrf": "7", "via": {"port": 3}}),
        (
            "::/0 nexthop via fc00::1 weight 2 nexthop via fc00::2",
            {"prefix": "::/0", "via": [{"address": "fc00::1", "weight": 2}, "fc00::2"]},
        ),
    ],
)
def test_route(line: str, item: dict[str, object]) -> None:
    assert grammar.route(line.split()) == [Edit("routes", item)]


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("1 via fc00::1 dev 2", {"id": 1, "via": {"address": "fc00::1", "port": 2}}),
        ("id 2 via inet6 fc00::1", {"id": 2, "via": "fc00::1"}),
        ("3 port 1", {"id": 3, "via": {"port": 1}}),
        ("4 blackhole", {"id": 4, "blackhole": True}),
        ("10 group 1,3/2", {"id": 10, "group": [{"id": 1, "weight": 3}, 2]}),
    ],
)
def test_nexthop(line: str, item: dict[str, object]) -> None:
    assert grammar.nexthop(line.split()) == [Edit("nexthops", item)]


def test_neighbor_and_vrf() -> None:
    assert grammar.neighbor(["fc00::1", "lladdr", "02:00:00:00:00:01", "dev", "1"]) == [
        Edit("neighbors", {"address": "fc00::1", "mac": "02:00:00:00:00:01", "port": 1})
    ]
    assert grammar.vrf(["blue"]) == [Edit("vrfs", "blue")]
    assert grammar.vrf(["blue", "table", "7"]) == [Edit("vrfs", {"name": "blue", "id": 7})]


@pytest.mark.parametrize(
    ("line", "edits"),
    [
        (
            "2001:db8::/64 encap seg6 mode encap segs fc00:4::,fc00:5:: dev eth0",
            [
                Edit(
                    "policies",
                    {
                        "name": "route-2001:db8::-64",
                        "segments": ["fc00:4::", "fc00:5::"],
                        "encap": {"mode": "encap"},
                    },
                ),
                Edit("steering", {"prefix": "2001:db8::/64", "policy": "route-2001:db8::-64"}),
            ],
        ),
        (
            "10.1.0.0/16 vrf v encap seg6 mode encap.red segs fc00:4:: tunsrc fc00::9 metric 10",
            [
                Edit(
                    "policies",
                    {
                        "name": "route-10.1.0.0-16-v",
                        "segments": ["fc00:4::"],
                        "encap": {"mode": "encap.red", "source": "fc00::9"},
                    },
                ),
                Edit("steering", {"prefix": "10.1.0.0/16", "vrf": "v", "policy": "route-10.1.0.0-16-v"}),
            ],
        ),
        (
            "fc00::1 encap seg6local action End.X nh6 2001:db8::1 dev eth0",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End.X", "via": "2001:db8::1"})],
        ),
        (
            "fc00::1/64 encap seg6local action End flavors psp count dev eth0",
            [Edit("sids", {"sid": "fc00::1/64", "behavior": "End", "flavors": ["psp"]})],
        ),
        (
            "fc00::1 encap seg6local action End.DX2 oif 3 dev eth0",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End.DX2", "port": 3})],
        ),
        (
            "fc00::1 encap seg6local action End.DX4 nh4 10.0.5.2 dev 5 table 100",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End.DX4", "via": "10.0.5.2", "in-vrf": "100"})],
        ),
        (
            "fc00::1 encap seg6local action End dev 2 table 100",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End", "in-vrf": "100"})],
        ),
        (
            "fc00::1 encap seg6local action End.T table 100 dev 2 table 101",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End.T", "vrf": "100", "in-vrf": "101"})],
        ),
        (
            "fc00::1 table local encap seg6local action End.X nh6 fc00::2 oif 3 count dev 2",
            [Edit("sids", {"sid": "fc00::1", "behavior": "End.X", "via": {"address": "fc00::2", "port": 3}})],
        ),
        (
            "fc00::1 encap seg6local action End.B6.Encaps srh segs fc00:4::,fc00:5:: dev 2 metric 1",
            [
                Edit("policies", {"name": "sid-fc00::1", "segments": ["fc00:4::", "fc00:5::"]}),
                Edit("sids", {"sid": "fc00::1", "behavior": "End.B6.Encaps", "policy": "sid-fc00::1"}),
            ],
        ),
        (
            (
                "2001:db8::/64 table 7 nexthop encap seg6 mode encap.red segs fc00:4:: weight 3 "
                "nexthop encap seg6 mode encap.red segs fc00:5::"
            ),
            [
                Edit(
                    "policies",
                    {
                        "name": "route-2001:db8::-64-7",
                        "segment-lists": [{"segments": ["fc00:4::"], "weight": 3}, {"segments": ["fc00:5::"]}],
                        "encap": {"mode": "encap.red"},
                    },
                ),
                Edit("steering", {"prefix": "2001:db8::/64", "vrf": "7", "policy": "route-2001:db8::-64-7"}),
            ],
        ),
        ("default via 2001:db8::1", [Edit("routes", {"prefix": "::/0", "via": "2001:db8::1"})]),
        (
            "default via 10.0.0.1 dev 2",
            [Edit("routes", {"prefix": "0.0.0.0/0", "via": {"address": "10.0.0.1", "port": 2}})],
        ),
        ("10/8 nhid 10", [Edit("routes", {"prefix": "10.0.0.0/8", "nhid": 10})]),
        ("blackhole default table 7", [Edit("routes", {"prefix": "0.0.0.0/0", "vrf": "7", "blackhole": True})]),
        (
            "2001:db8::/64 via fc00::1 metric 5",
            [Edit("routes", {"prefix": "2001:db8::/64", "via": "fc00::1"})],
        ),
    ],
)
def test_ip_route(line: str, edits: list[Edit]) -> None:
    assert translate_route(line.split()) == edits


@pytest.mark.parametrize(
    ("parse", "line", "message"),
    [
        (grammar.sid, "fc00::1", "no behaviour is given"),
        (grammar.sid, "fc00::1 End.X nh6", "'nh6' needs a value"),
        (grammar.sid, "fc00::1 End.X mac 02:00:00:00:00:01", "by MAC address is not supported"),
        (grammar.sid, "fc00::1 End nonsense", "unknown word 'nonsense'; valid: action,"),
        (grammar.policy, "p", "'segs' is missing; usage: srv6 policy add"),
        (grammar.policy, "p path a path b segs fc00::1", "'segs' is missing; usage: srv6 policy add"),
        (grammar.policy, "p segs fc00::1 path a segs fc00::1", "'path' stands in front of the 'segs'"),
        (grammar.policy, "p preference 7 segs fc00::1", "'preference' stands behind the 'path'"),
        (grammar.policy, "p weight 3", "'weight' stands behind the 'segs'"),
        (grammar.policy, "p segs fc00::1 hops 3", "unknown word 'hops'"),
        (grammar.steer, "2001:db8::/64", "'policy' is missing"),
        (grammar.steer, "port 1 policy", "the value of 'policy' is missing"),
        (grammar.steer, "port 1 policy a policy b", "'policy' is given twice"),
        (grammar.route, "::/0 via fc00::1 onlink", "'onlink' is not supported"),
        (grammar.nexthop, "7 group 1,x", "'group' takes ids such as 1/2, or with weights 1,3/2"),
        (translate_route, "::/0 encap seg6 mode encap", "'segs A,B,...' is missing"),
        (translate_route, "::/0 encap seg6 mode encap segs fc00::1 hmac x", "an HMAC key id is a number"),
        (translate_route, "::/0 encap mpls 7", "unknown word 'mpls'; valid: seg6, seg6local"),
    ],
)
def test_mistakes(parse: object, line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        parse(line.split())  # type: ignore[operator]
