# SPDX-License-Identifier: Apache-2.0
"""Every kind of mistake gets one line: file, line, path, what is wrong and what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from srv6cp.config import ConfigError, load_node, load_node_dict
from srv6cp.problems import render_path

BASE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
vrfs: [blue]
ports: {1: {addresses: ["2001:db8:12::1/64"]}, 2: {addresses: ["10.0.13.1/24"], vrf: blue}, 3: {mode: l2}}
policies:
  - {name: north, segments: ["fcbb:bb00:4::"]}
  - {name: frames, encap: l2encap, segments: ["fcbb:bb00:4::"]}
  - {name: insert, encap: inline, segments: ["fcbb:bb00:4::"]}
"""
LINES = BASE.count("\n")


def problems(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_node(text)
    return caught.value


SIDS = [
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: Endd}',
        "behavior",
        "unknown behaviour 'Endd'; did you mean End?",
    ),
    ('{sid: "fcbb:bb00:1:1::/64"}', "", "'behavior' is missing"),
    ("{behavior: End}", "", "'sid' is missing"),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End, flavours: [psp], falvors: [x]}',
        "falvors",
        "did you mean 'flavors'?",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End, flavors: [pspp]}',
        "flavors",
        "unknown flavour 'pspp'; valid: psp, usp, usd",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.DT6, vrf: blue, flavors: [psp]}',
        "flavors",
        "End.DT6 takes no flavours",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.DT6, vrf: blue, ttl: uniforn}',
        "ttl",
        "'ttl' must be one of pipe, uniform, not 'uniforn'; did you mean 'uniform'?",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End, flavors: [psp], dscp: uniform}',
        "dscp",
        "End decapsulates with the flavour usd only: 'dscp' says nothing here",
    ),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.DX2, port: 3, ecn: keep}', "ecn", "End.DX2 takes no 'ecn'"),
    ('{sid: "fcbb:bb00:2:1::/64", behavior: End}', "sid", "is outside the locator fcbb:bb00:1::/48"),
    ('{sid: "fcbb:bb00::/32", behavior: End}', "sid", "is outside the locator"),
    (
        '{sid: "fcbb:bb00:1:1::1/64", behavior: End}',
        "sid",
        "has host bits set; the prefix is fcbb:bb00:1:1::/64",
    ),
    ('{sid: "fcbb:bb00:1:1::/129", behavior: End}', "sid", "SID must be an IPv6 prefix"),
    ('{sid: "10.0.0.1", behavior: End}', "sid", "SID must be an IPv6 prefix"),
    ('{sid: "ff02::1", behavior: End}', "sid", "no unicast prefix"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.X}', "", "End.X needs 'via'"),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.X, via: "10.0.13.2"}',
        "via",
        "must be an IPv6 address, not 10.0.13.2",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.X, via: {port: 1}}',
        "via",
        "needs the address of its next hop",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.DX4, via: {port: 1}}',
        "via",
        "End.DX4 needs the address of its next hop",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.X, via: "2001:db8:99::1"}',
        "via",
        "is on no connected prefix",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.X, via: {address: "fe80::1", port: 3}}',
        "via.port",
        "port 3 is a layer 2 port",
    ),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.X, via: []}', "via", "may not be empty"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.T}', "", "End.T needs 'vrf'"),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.DT4, vrf: bleu}',
        "vrf",
        "unknown VRF 'bleu'; did you mean 'blue'?",
    ),
    (
        '{sid: "fcbb:bb00:1:1::/64", behavior: End.DT4, vrf: blue, in-vrf: red}',
        "in-vrf",
        "unknown VRF 'red'; valid: blue, default",
    ),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.DX2}', "", "End.DX2 needs 'port'"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.DX2, port: 9}', "port", "unknown port 9; valid: 1, 2, 3"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.B6.Encaps}', "", "End.B6.Encaps needs 'policy'"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End.B6.Encaps, policy: nort}', "policy", "did you mean 'north'?"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: End, policy: north}', "policy", "End takes no 'policy'"),
    ('{sid: "fcbb:bb00:1:1::/64", behavior: "End.X nh6"}', "", "'nh6' needs a value"),
    ("7", "", "a SID must be a mapping"),
]


@pytest.mark.parametrize(("item", "path", "message"), SIDS)
def test_sids(item: str, path: str, message: str) -> None:
    error = problems(f"{BASE}sids:\n  - {{sid: 'fcbb:bb00:1:f::/64', behavior: End}}\n  - {item}\n")
    assert len(error.problems) == 1
    assert message in error.message
    assert error.line == LINES + 3
    assert str(error).startswith(f"<string>:{LINES + 3}: sids[1]{'.' if path else ''}{path}: ")


def test_duplicate_sid() -> None:
    items = [f'  - {{sid: "fcbb:bb00:1:1::{length}", behavior: End}}\n' for length in ("", "/128")]
    text = f"{BASE}sids:\n{''.join(items)}"
    assert "SID fcbb:bb00:1:1::/128 is given twice" in problems(text).message
    assert problems(text).line == LINES + 3


SECTIONS = [
    (
        "routes",
        '{prefix: "2001:db8:9::1/64", via: "2001:db8:12::2"}',
        "has host bits set; the prefix is 2001:db8:9::/64",
    ),
    (
        "routes",
        '{prefix: "10.1.2.3/8", via: "10.0.13.2", vrf: blue}',
        "has host bits set; the prefix is 10.0.0.0/8",
    ),
    ("routes", '{prefix: "2001:db8:9::/64", nhid: 7}', "no next hop 7; valid: none is declared"),
    ("routes", '{prefix: "2001:db8:9::/64", nhid: 7, via: "2001:db8:12::2"}', "give one of them"),
    ("nexthops", '{id: 0, via: "2001:db8:12::2"}', "id must be a number from 1"),
    ("nexthops", "{id: 1}", "a next hop needs one of 'via', 'group' and 'blackhole: true'"),
    ("nexthops", '{id: 1, via: ["2001:db8:12::2", "2001:db8:12::3"]}', "several are a group"),
    ("nexthops", "{id: 1, group: [7]}", "not 7; valid: none is declared"),
    ("nexthops", "{id: 1, group: []}", "a group needs at least one next hop"),
    ("routes", '{prefix: "2001:db8:9::/64"}', "a route needs 'via' or 'blackhole: true'"),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: "2001:db8:12::2", blackhole: true}',
        "a blackhole route has no next hop",
    ),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: ["2001:db8:12::2", {port: 2}]}',
        "addresses, or ports alone, but not both",
    ),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: {address: "10.0.13.2", port: 2}}',
        "must be an IPv6 address",
    ),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: [{address: "2001:db8:12::2", weight: 0}]}',
        "weight must be a number from 1",
    ),
    ("routes", '{prefix: "2001:db8:9::/64", via: ["2001:db8:12::2", "2001:db8:12::2"]}', "listed twice"),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: [{address: "2001:db8:12::2", weight: 256}, "2001:db8:12::3"]}',
        "weights add up to 257",
    ),
    (
        "routes",
        '{prefix: "2001:db8:9::/64", via: "2001:db8:12::2", vrf: blue}',
        "no connected prefix in VRF blue",
    ),
    ("routes", '{prefix: "fcbb:bb00:1::/48", via: "2001:db8:12::2"}', "is a locator of this node"),
    ("routes", '{prefix: "ff00::/8", via: "2001:db8:12::2"}', "ff00::/8 is multicast and is not forwarded"),
    ("routes", '{prefix: "fe80::/64", via: "2001:db8:12::2"}', "fe80::/64 is link-local and is not forwarded"),
    ("routes", '{prefix: "::1/128", blackhole: true}', "::1/128 is loopback and is not forwarded"),
    ("routes", '{prefix: "::ffff:a00:0/104", blackhole: true}', "::ffff:a00:0/104 is IPv4-mapped and is not"),
    ("routes", '{prefix: "127.0.0.0/8", blackhole: true}', "127.0.0.0/8 is loopback and is not forwarded"),
    ("routes", '{prefix: "0.0.0.0/9", blackhole: true}', "0.0.0.0/9 is unspecified and is not forwarded"),
    ("routes", '{prefix: "169.254.0.0/16", blackhole: true}', "169.254.0.0/16 is link-local and is not forwarded"),
    ("routes", '{prefix: "255.255.255.255", blackhole: true}', "255.255.255.255/32 is reserved and is not forwarded"),
    ("sids", '{sid: "::ffff:0:1", behavior: End}', "is no unicast prefix"),
    ("addresses", '"::ffff:10.0.0.1"', "is an IPv4-mapped address and cannot be assigned"),
    ("addresses", '"0.1.2.3"', "0.1.2.3 is an unspecified address and cannot be assigned"),
    ("routes", '{prefix: default, via: "2001:db8:12::2"}', "write ::/0 or 0.0.0.0/0"),
    ("neighbors", '{address: "2001:db8:12::2", mac: "02:00:00:00:00"}', "bad MAC address '02:00:00:00:00'"),
    ("neighbors", '{address: "2001:db8:12::2", mac: "03:00:00:00:00:01"}', "not a unicast address"),
    (
        "neighbors",
        '{address: "2001:db8:12::2", mac: "02:00:00:00:00:01", port: 1.7}',
        "unknown port 1.7; valid: 1, 2",
    ),
    ("neighbors", '{address: "2001:db8:12::1", mac: "02:00:00:00:00:01"}', "is an address of this node"),
    (
        "neighbors",
        '{address: "10.0.13.2", vrf: default, mac: "02:00:00:00:00:01"}',
        "no connected prefix in VRF default",
    ),
    ("neighbors", '{address: "10.0.13.2", port: 2, vrf: default, mac: "02:00:00:00:00:01"}', "port 2 is in VRF blue"),
    ("neighbors", '{address: "2001:db8:12::2", mac: "00:00:00:00:00:00"}', "is not a unicast address"),
    ("neighbors", '{address: "2001:db8:12::2", mac: "ff:ff:ff:ff:ff:ff"}', "is not a unicast address"),
    ("neighbors", '{address: "ff02::1", port: 1, mac: "02:00:00:00:02:01"}', "ff02::1 is a multicast address, not a n"),
    ("neighbors", '{address: "::", port: 1, mac: "02:00:00:00:02:01"}', ":: is an unspecified address, not a n"),
    ("neighbors", '{address: "224.0.0.5", port: 2, mac: "02:00:00:00:02:01"}', "224.0.0.5 is a multicast address"),
    ("neighbors", '{address: "255.255.255.255", port: 2, mac: "02:00:00:00:02:01"}', "is a reserved address, not a n"),
    (
        "neighbors",
        '{address: "10.0.13.0", port: 2, mac: "02:00:00:00:02:01"}',
        "10.0.13.0 is the broadcast or network address of a prefix of port 2, not a neighbour's",
    ),
    ("neighbors", '{address: "fcbb:bb00:1::1", port: 1, mac: "02:00:00:00:00:01"}', "is an address of this node"),
    ("routes", '{prefix: "2001:db8:9::/64", via: "2001:db8:12::1"}', "2001:db8:12::1 is an address of this node"),
    ("steering", '{prefix: "2001:db8:9::/64", policy: frames}', "is for frames (l2encap)"),
    ("steering", '{prefix: "10.0.0.0/8", policy: insert}', "which IPv4 packets cannot carry"),
    ("steering", '{prefix: "2001:db8:9::/64", policy: norht}', "did you mean 'north'?"),
    ("steering", '{prefix: "2001:db8:9::/64"}', "'policy' is missing"),
    ("steering", "{port: 3, policy: north}", "port 3 is layer 2 and needs an l2encap policy"),
    ("steering", "{port: 1, policy: frames}", "port 1 is routed and needs an encap or insert policy"),
    ("steering", "{policy: north}", "needs one of 'prefix', 'port' and 'match'"),
    ("steering", '{match: {src: "10.0.0.0/8", dst: "2001:db8::/32"}, policy: north}', "different families"),
    ("steering", '{match: {src: "10.0.0.0/8"}, policy: insert}', "which IPv4 packets cannot carry"),
    ("steering", "{match: {dscp: 64}, policy: north}", "dscp must be 0 to 63 or one of cs0"),
    ("steering", "{match: {dscp: ef, traffic-class: 4}, policy: north}", "'dscp' is a part of 'traffic-class'"),
    ("steering", "{match: {srh: false}, policy: north}", "only 'true' can be asked for"),
    ("steering", "{match: {srh-segments-left: 256}, policy: north}", "a number from 0 to 255, <N, >N or N-M"),
    ("steering", "{match: {srh-segments-left: '<0'}, policy: north}", "a number from 0 to 255, <N, >N or N-M"),
    ("steering", "{match: {srh-segments-left: 3-1}, policy: north}", "a number from 0 to 255, <N, >N or N-M"),
    ("steering", "{match: {srh-tag: 65536}, policy: north}", "srh-tag must be a number from 0 to 65535"),
    ("steering", '{match: {srh-next-segment: "10.0.0.1"}, policy: north}', "srh-next-segment must be an IPv6 prefix"),
    ("steering", '{match: {srh: true, src: "10.0.0.0/8"}, policy: north}', "in IPv6 packets only"),
    ("steering", "{match: {srh: true}, policy: north, action: drop}", "enters no policy"),
    ("steering", "{match: {srh: true}, action: count, policy: null}", "enters no policy"),
    ("steering", "{match: {srh: true}, policy: null, action: pass}", "action must be one of steer, drop, count"),
    ("steering", "{match: {srh: true}}", "'policy' is missing"),
    ("steering", "{match: {protocol: udpp}, policy: north}", "protocol must be 0 to 255 or one of"),
    ("steering", "{match: {port: 1.100}, policy: north}", "matches ports, not VLANs"),
    ("steering", "{match: {src-port: 65536}, policy: north}", "src-port must be a number from 0 to 65535"),
    ("steering", "{match: {}, priority: 0, policy: north}", "priority must be a number from 1"),
    ("addresses", '"2001:db8::1/64"', "must be a /128"),
    ("addresses", '"fe80::1"', "link-local address and cannot be assigned"),
    ("addresses", '{address: "10.0.0.1", vrf: red}', "unknown VRF 'red'"),
]


@pytest.mark.parametrize(
    ("neighbor", "message"),
    [
        (
            'address: "2001:db8:12::2", mac: "02-00-00-00-01-0A"',
            "is the MAC address of port 1 itself, not of a neighbour",
        ),
        ('address: "fe80::ff:fe00:10a", port: 1, mac: "02:00:00:00:02:01"', "is an address of this node"),
    ],
)
def test_the_port_itself_is_no_neighbour(neighbor: str, message: str) -> None:
    port = '{1: {mac: "02:00:00:00:01:0a", addresses: ["2001:db8:12::1/64"]}}'
    error = problems(f"node: r1\nports: {port}\nneighbors:\n  - {{{neighbor}}}\n")
    assert len(error.problems) == 1 and message in str(error)


@pytest.mark.parametrize(("section", "item", "message"), SECTIONS)
def test_items(section: str, item: str, message: str) -> None:
    error = problems(f"{BASE}{section}:\n  - {item}\n")
    assert len(error.problems) == 1, str(error)
    assert message in error.message
    if "layer 2" not in message and "is routed" not in message and "locator" not in message:
        assert error.line == LINES + 2


POLICIES = [
    ("{name: p}", "one of 'candidate-paths', 'segment-lists' and"),
    ("{name: p, segments: []}", "needs 1 to 16 segments"),
    ("{name: p, segment-lists: []}", "at least one segment list"),
    ('{name: p, segments: ["fc00::zz"]}', "a segment must be an IPv6 address, not 'fc00::zz'"),
    ('{name: p, segments: ["ff02::1"]}', "cannot be a segment"),
    (
        '{name: p, segments: ["fc00::1"], encap: {mode: encaps.green}}',
        "unknown encap mode 'encaps.green'; valid: encap, ",
    ),
    (
        '{name: p, segments: ["fc00::1"], encap: {hop-limit: 0}}',
        "hop-limit must be a number from 1 to 255, or inherit",
    ),
    (
        '{name: p, segments: ["fc00::1"], encap: {traffic-class: 256}}',
        "traffic-class must be a number from 0 to 255",
    ),
    ('{name: p, segments: ["fc00::1"], encap: {flow-label: 1}}', "flow-label must be one of hash, copy, 0"),
    ('{name: p, segments: ["fc00::1"], invalid: ignore}', "invalid must be one of forward, drop"),
    ('{name: p, segment-lists: [{segments: ["fc00::1"], weight: -1}]}', "weight must be a number from 0"),
    ('{name: north, segments: ["fc00::1"]}', "policy 'north' is given twice"),
    ('{name: "a b", segments: ["fc00::1"]}', "policy name must be letters"),
    ('{name: p, segments: ["fc00::1"], sourec: x}', "unknown key 'sourec'"),
]


@pytest.mark.parametrize(("item", "message"), POLICIES)
def test_policies(item: str, message: str) -> None:
    error = problems(f"{BASE}  - {item}\n")
    assert len(error.problems) == 1, str(error)
    assert message in error.message
    assert error.line == LINES + 1


def test_the_seventeenth_segment_is_shown_where_it_is() -> None:
    segments = "".join(f'        - "fc00::{index:x}"\n' for index in range(1, 18))
    error = problems(f"{BASE}  - name: long\n    segment-lists:\n    - segments:\n{segments}")
    assert error.message == "a segment list holds at most 16 segments, this one has 17"
    assert error.line == LINES + 3 + 17


WHOLE = [
    (
        "node: r1\nlocator: {prefix: 'fc00:1::/48', block: 32, node: 17}\n",
        2,
        "block 32 and node 17 must add up to the prefix length 48",
    ),
    ("node: r1\nlocators: ['fc00:0:1::/48', 'fc00::/32']\n", 2, "overlaps locator"),
    ("node: r1\nvrfs: [default]\n", 2, "always exists"),
    ("node: r1\nvrfs: [a, {name: a, id: 3}]\n", 2, "VRF 'a' is given twice"),
    ("node: r1\nvrfs: [{name: a, id: 3}, {name: b, id: 3}]\n", 2, "VRF id 3 is given twice"),
    (
        "node: r1\nports:\n  1: {addresses: ['10.0.0.1/24']}\n  2: {addresses: ['10.0.0.2/24']}\n",
        4,
        "already connected to port 1",
    ),
    (
        "node: r1\nports:\n  1: {addresses: ['10.0.0.1/24']}\n  2: {addresses: ['10.0.0.1/25']}\n",
        4,
        "already on port 1",
    ),
    ("node: r1\nports:\n  1: {}\n  '1': {}\n", 4, "port 1 is given twice"),
    ("node: r1\nports:\n  510: {}\n", 3, "510 and 511 are the CPU and drop ports"),
    ("node: r1\nports:\n  1: {mtu: 1279}\n", 3, "mtu must be a number from 1280"),
    ("node: r1\nports:\n  1: {role: outside}\n", 3, "role must be one of internal, external"),
    ("node: r1\nports:\n  1: {mode: l2, mac: '02:00:00:00:00:01'}\n", 3, "a layer 2 port takes no 'mac'"),
    ("node: r1\nports:\n  1: {vlans: {4095: {}}}\n", 3, "VLAN must be a number from 1 to 4094"),
    ("node: r1\nports:\n  1: {mac: 'zz:00:00:00:00:01'}\n", 3, "bad MAC address"),
    ("node: r1\nicmp: {rate: 0}\n", 2, "rate must be a number from 1"),
    ("node: r1\nlimits: {echo: {rate: 0}}\n", 2, "rate must be a number from 1"),
    ("node: r1\nlimits: {passes: 5}\n", 2, "passes"),
    ("node: r1\nlimits: {ping: {rate: 5}}\n", 2, "unknown key 'ping'"),
    ("node: r1\nlimits: {sid-visits: 1}\n", 2, "sid-visits must be a number from 2 to 128"),
    ("node: r1\nlimits: {sid-visits: 129}\n", 2, "sid-visits must be a number from 2 to 128"),
    ("node: r1\nupper-layer: [icmpv7]\n", 2, "protocol must be"),
    ("node: r1\nsource: '10.0.0.1'\n", 2, "source must be an IPv6 address"),
    ("node: r1\nsr-domain: {sid-blok: []}\n", 2, "did you mean 'sid-block'?"),
    ("node: r1\ngrpc-addr: 'localhost'\n", 2, "grpc-addr must be HOST:PORT"),
    ("node: r1\ngrpc-addr: 'unix:relative'\n", 2, "or unix:/PATH, not"),
    ("node: r1\npolices: []\n", 2, "did you mean 'policies'?"),
    ("ports: {}\n", 1, "'node' is missing"),
    ("node: r1\npolicies:\n  - {name: p, segments: ['fc00::1']}\n", 3, "give the node a 'source'"),
    ("- r1\n", 1, "a node is a mapping"),
    ("name: lab\nrouters: {r1: {}}\nlinks: []\n", 1, "this is a topology, not the node file of one router"),
    ("", 0, "the configuration is empty"),
]


@pytest.mark.parametrize(("text", "line", "message"), WHOLE)
def test_whole_files(text: str, line: int, message: str) -> None:
    error = problems(text)
    assert len(error.problems) == 1, str(error)
    assert message in error.message
    assert error.line == line


def test_everything_is_reported_in_the_order_of_the_file() -> None:
    error = problems("node: r1\nsids:\n  - {sid: x, behavior: End}\nports: {900: {}}\nroutes: [7]\n")
    assert [problem.line for problem in error.problems] == [3, 4, 5]


LOOPS = """\
node: r1
source: "fc00:0:1::1"
locator: {prefix: "fc00:0:1::/48", block: 32, node: 16}
policies:
  - {name: plain, segments: ["fc00:2::1", "fc00:0:1:e::"]}
  - {name: own, segment-lists: [{segments: ["fc00:2::1"]}, {segments: ["fc00:2::2", "fc00:0:1:b1::7"]}]}
  - {name: first, segments: ["fc00:2::1", "fc00:0:1:b3::"]}
  - {name: second, segments: ["fc00:0:1:b2::"]}
  - {name: leads-there, segments: ["fc00:0:1:b3::"]}
sids:
  - {sid: "fc00:0:1:e::/64", behavior: End}
  - {sid: "fc00:0:1:b0::/64", behavior: End.B6.Encaps, policy: plain}
  - {sid: "fc00:0:1:b1::/64", behavior: End.B6.Encaps.Red, policy: own}
  - {sid: "fc00:0:1:b2::/64", behavior: End.B6.Encaps, policy: first}
  - {sid: "fc00:0:1:b3::/64", behavior: End.B6.Encaps, policy: second}
  - {sid: "fc00:0:1:b4::/64", behavior: End.B6.Encaps, policy: leads-there}
"""


def test_a_policy_that_leads_to_itself_by_binding_sids_of_this_node_is_refused_once() -> None:
    own, chain = problems(LOOPS).problems
    assert (own.line, chain.line) == (6, 7)
    assert own.message == (
        "policy own: segment fc00:0:1:b1::7 is the policy's own binding SID (End.B6.Encaps.Red fc00:0:1:b1::/64): "
        "packets would go round; name what is behind it"
    )
    assert chain.message == (
        "policy first: the policy leads to itself by binding SIDs of this node (fc00:0:1:b3:: is End.B6.Encaps of "
        "policy second, fc00:0:1:b2:: is End.B6.Encaps of policy first): packets would go round"
    )


@pytest.mark.parametrize(
    ("sid", "wrong"),
    [
        ('"fc00:0:1::/64", behavior: End, lblen: 40', "a REPLACE-C-SID has 16 or 32 bits (RFC 9800 4.2), not 24"),
        ('"fc00:0:1::/127", behavior: End, nflen: 32', "no room for an index of 2 bits"),
        ('"fc00:0:1::/126", behavior: End, nflen: 16', "no room for an index of 3 bits"),
        ('"fc00:0:1::/64", behavior: End, nflen: 16, lblen: 32', "do not add up to the 64 bits"),
        (
            '"fc00:0:1::/125", behavior: End.LBS, nflen: 16, block: "fd00::/110"',
            "room for C-SID and index: at most 109",
        ),
        ('"fc00:0:1::/64", behavior: End.B6.Insert, policy: p', "takes no flavour replace-csid; valid for End, End.X"),
    ],
)
def test_what_no_replace_csid_has(sid: str, wrong: str) -> None:
    text = (
        'node: r1\nlocator: {prefix: "fc00:0:1::/48", block: 32}\nsource: "fc00:0:1::1"\n'
        f'policies: [{{name: p, segments: ["fc00:0:9::"]}}]\nsids: [{{sid: {sid}, flavors: [replace-csid]}}]\n'
    )
    [found] = problems(text).problems
    assert wrong in found.message


def test_a_sid_has_one_csid_flavour() -> None:
    text = (
        'node: r1\nlocator: {prefix: "fc00:0:1::/48", block: 32}\n'
        'sids: [{sid: "fc00:0:1::/48", behavior: End, flavors: [next-csid, replace-csid]}]\n'
    )
    [found] = problems(text).problems
    assert "a SID has one C-SID flavour: next-csid or replace-csid" in found.message


@pytest.mark.parametrize(
    ("segment", "sids"),
    [
        ("fc00:0:1:1:b1::", '{sid: "fc00:0:1::/48", behavior: End, flavors: [next-csid], lblen: 32}'),
        ("fc00:0:1:1:1:1:b1:0", '{sid: "fc00:0:1::/48", behavior: End, flavors: [next-csid], lblen: 32}'),
        ("fd00:0:7:1:b1::", '{sid: "fd00:0:7::/48", behavior: End.LBS, block: "fc00::/32", lblen: 32}'),
    ],
)
def test_a_policy_that_leads_to_itself_by_a_container_of_csids_is_refused(segment: str, sids: str) -> None:
    text = (
        f'node: r1\nlocator: {{prefix: "fc00:0:1::/48", block: 32}}\nsource: "fc00:0:1::1"\n'
        f'policies: [{{name: own, segments: ["{segment}"]}}]\nsids:\n'
        f'  - {{sid: "fc00:0:1:b1::", behavior: End.B6.Encaps, policy: own}}\n'
        f"  - {sids[:-1]}, allow-outside-locator: true}}\n"
    )
    [found] = problems(text).problems
    assert f"segment {segment} leads by C-SIDs of this node to the policy's own binding SID" in found.message


_REPLACE = "flavors: [replace-csid], lblen: 48, allow-outside-locator: true"
_OWN = f'{{sid: "fd00:0:7:1:1::/80", behavior: End, {_REPLACE}}}'


@pytest.mark.parametrize(
    ("segments", "sids", "elsewhere", "verb"),
    [
        # a C-SID of the container is the binding SID, plain or with the flavour; in the second container of two
        ('"fd00:0:7:1:1::", "::1:b1"', _OWN, "", "of this node to"),
        ('"fd00:0:7:1:1::", "1:b1:1:1:1:1:1:1", "::1:9"', _OWN, "", "of this node to"),
        ('"2001:db8::1", "fd00:0:7:1:1::", "::1:b1"', _OWN, "", "of this node to"),
        # by way of the adjacency of this node, and of a SID of another node
        (
            '"fd00:0:7:1:2::", "::1:b1"',
            f'{{sid: "fd00:0:7:1:2::/80", behavior: End.X, via: "2001:db8:1::2", {_REPLACE}}}',
            "",
            "of this node to",
        ),
        (
            '"fd00:0:7:9:9::", "::1:b1"',
            _OWN,
            'sid-structures: [{sids: "fd00:0:7:9:9::/80", lblen: 48, nflen: 32, csid: replace}]\n',
            "to",
        ),
    ],
)
@pytest.mark.parametrize("flavour", [True, False])
def test_a_policy_that_leads_to_itself_by_a_list_of_replace_csids_is_refused(
    segments: str, sids: str, elsewhere: str, verb: str, flavour: bool
) -> None:
    bound = _REPLACE if flavour else "allow-outside-locator: true"
    text = (
        'node: r1\nlocator: {prefix: "fc00:0:1::/48", block: 32}\nsource: "fc00:0:1::1"\n'
        'ports: {1: {addresses: ["2001:db8:1::1/64"]}}\n'
        f"policies: [{{name: own, segments: [{segments}]}}]\n{elsewhere}sids:\n"
        f'  - {{sid: "fd00:0:7:1:b1::/80", behavior: End.B6.Encaps, policy: own, {bound}}}\n  - {sids}\n'
    )
    [found] = problems(text).problems
    assert f"leads by C-SIDs {verb} the policy's own binding SID (End.B6.Encaps" in found.message


def test_lists_of_replace_csids_that_lead_elsewhere_are_no_loops() -> None:
    text = (
        'node: r1\nlocator: {prefix: "fc00:0:1::/48", block: 32}\nsource: "fc00:0:1::1"\n'
        'policies: [{name: own, segments: ["fd00:0:7:1:1::", "::1:9:1:8"]}]\nsids:\n'
        f'  - {{sid: "fd00:0:7:1:b1::/80", behavior: End.B6.Encaps, policy: own, {_REPLACE}}}\n  - {_OWN}\n'
    )
    assert [each.behaviour for each in load_node(text).sids] == [
        "End.B6.Encaps with REPLACE-CSID",
        "End with REPLACE-CSID",
    ]


def test_what_lies_inside_a_binding_sid_and_is_not_the_sid_is_no_loop() -> None:
    inside = 'neighbors: []\nroutes: [{prefix: "fc00:0:1:b1::/96", blackhole: true}]\n'
    [chain] = problems(LOOPS + inside).problems
    assert "policy first" in chain.message


def test_a_wrong_policy_is_not_reported_at_its_users() -> None:
    error = problems(f"{BASE}  - {{name: bad, segments: [x]}}\nsteering: [{{prefix: '2001:db8::/32', policy: bad}}]\n")
    assert len(error.problems) == 1


def test_dicts_have_paths_and_no_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        load_node_dict({"node": "r1", "sids": [{"sid": "fc00::1", "behavior": "nope"}]})
    assert caught.value.line == 0
    assert str(caught.value).startswith("sids[0].behavior: unknown behaviour 'nope'")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: cannot read: No such file"):
        load_node(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match=r"binary\.yaml: not UTF-8 text"):
        load_node(tmp_path / "binary.yaml")


# A node file and the paths of what is wrong in it.
SEVERAL = [
    (
        """\
ports: {1: {adresses: [], mtu: 7, mac: zz, role: x, vrf: nope, vlans: {100: {mtuu: 1, mac: zz}, 9999: {}}}}
neighbors: [{address: "2001:db8:12::2", port: 1, mac: zz}]
""",
        """
ports[1].adresses ports[1].mtu ports[1].mac ports[1].role ports[1].vrf ports[1].vlans[100].mtuu
ports[1].vlans[100].mac ports[1].vlans[9999] neighbors[0].mac
""",
    ),
    ("ports: {1: {mode: l2, mac: x, mtu: 3, any: 1}}", "ports[1].mac ports[1].mtu ports[1].any"),
    ("vrfs: [{name: red, idd: 1, id: 70000}]\nports: {1: {vrf: red}}", "vrfs[0].idd vrfs[0].id"),
    (
        'locator: {prefix: "fc00::/8", blok: 1}\nsids: [{sid: "fd00::/64", behavior: End}]',
        "locator.prefix locator.blok",
    ),
    ('addresses: [{address: "10.0.0.1/8", vrf: nope}]', "addresses[0].address addresses[0].vrf"),
    (
        """\
source: x
policies:
  - name: p
    segs: []
    encap: {mode: q, hop-limit: 300}
    segment-lists: [{weight: -1, segments: ["::", x]}, {segments: []}]
    vrf: nope
""",
        """
source policies[0].segs policies[0].encap.mode policies[0].encap.hop-limit policies[0].segment-lists[0].weight
policies[0].segment-lists[0].segments[0] policies[0].segment-lists[0].segments[1]
policies[0].segment-lists[1].segments policies[0].vrf
""",
    ),
    (
        """\
steering:
  - {prefix: x, policy: p, vrf: nope, more: 1}
  - {match: {src: x, protocol: y, port: z}, priority: 0}
""",
        """
steering[0].prefix steering[0].policy steering[0].vrf steering[0].more steering[1] steering[1].match.src
steering[1].match.protocol steering[1].match.port steering[1].priority
""",
    ),
    (
        "routes: [{prefix: x, vrf: nope}, {prefix: x, via: [{port: 9, weight: 0}], y: 1}]",
        "routes[0].prefix routes[0].vrf routes[1].prefix routes[1].via[0].port routes[1].via[0].weight routes[1].y",
    ),
    (
        """\
sids:
  - {sid: "ff02::1", behavior: Endd, in-vrf: nope, x: 1}
  - {sid: x, behavior: End.X, flavors: [q], policy: p}
""",
        "sids[0].sid sids[0].behavior sids[0].in-vrf sids[0].x sids[1].sid sids[1].flavors sids[1].policy sids[1]",
    ),
    (
        "vlan-tables: [{name: '#', entries: [{vlan: 9999, port: 7}]}]",
        "vlan-tables[0].name vlan-tables[0].entries[0].vlan vlan-tables[0].entries[0].port",
    ),
    (
        "neighbors: [{address: x, mac: y, port: 9, vrf: nope, more: 1}]",
        "neighbors[0].address neighbors[0].mac neighbors[0].port neighbors[0].vrf neighbors[0].more",
    ),
    # Routes and groups are not to blame for the next hops that they name.
    (
        """\
nexthops:
  - {id: 10, group: [1, {id: 7, weight: 0}]}
  - {id: 1, via: x, more: 1}
  - {id: 0, via: {port: 9}}
routes: [{prefix: "fc00::/16", nhid: 1}, {prefix: "fc01::/16", nhid: 10}, {prefix: x, nhid: 11}]
""",
        """
nexthops[0].group[1].id nexthops[0].group[1].weight nexthops[1].via nexthops[1].more nexthops[2].id
nexthops[2].via.port routes[2].prefix routes[2].nhid
""",
    ),
    (
        "icmp: {rate: 0, burst: -1}\nsr-domain: {sources: [x, y], a: 1}",
        "icmp.rate icmp.burst sr-domain.sources[0] sr-domain.sources[1] sr-domain.a",
    ),
    # What is behind a port with a mistake is not known.
    (
        'ports: {1: {mtuu: 1, addresses: [x]}}\nroutes: [{prefix: "fc00::/16", via: "2001:db8::1"}]',
        "ports[1].mtuu ports[1].addresses[0]",
    ),
]


@pytest.mark.parametrize(("text", "paths"), SEVERAL)
def test_one_mistake_hides_no_other(text: str, paths: str) -> None:
    """Of one object as well; and what follows from a mistake is not reported as another."""
    found = problems(f"node: r1\n{text}").problems
    assert sorted(render_path(problem.path) for problem in found) == sorted(paths.split())


def test_thousands_of_mistakes_are_counted(tmp_path: Path) -> None:
    for count, said in ((300, "200 more mistakes"), (5000, "many more mistakes; what is behind them was not read")):
        (tmp_path / "node.yaml").write_text("node: r1\nroutes:\n" + "  - {prefix: x}\n" * count)
        with pytest.raises(ConfigError) as caught:
            load_node(tmp_path / "node.yaml")
        assert len(caught.value.problems) == 101
        assert str(caught.value).endswith(f"{tmp_path}/node.yaml: {said}")


def test_a_mistake_is_one_line_whatever_the_keys_are() -> None:
    for key in ("line\nend", "\x1b[2J", "\u2028", "x" * 10_000):
        with pytest.raises(ConfigError) as caught:
            load_node_dict({"node": "r1", key: 1, "vrfs": {key: key}})
        for problem in caught.value.problems:
            assert str(problem).isprintable() and len(str(problem)) < 5000
