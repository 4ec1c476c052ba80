# SPDX-License-Identifier: Apache-2.0
"""What is told of a packet's way, from frames built with scapy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrSegmentRouting
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from srv6cp.config import load_node_dict
from srv6lab import path
from srv6lab.lab import Passage, in_order

NODE = load_node_dict(
    {
        "node": "r1",
        "locator": {"prefix": "fcbb:bb00:1::/48", "block": 32, "node": 16},
        "source": "fcbb:bb00:1::1",
        "ports": {1: {"addresses": ["2001:db8:12::1/64"]}, 2: {"mode": "l2"}},
        "sids": [
            {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            {"sid": "fcbb:bb00:1:2::/64", "behavior": "End", "flavors": ["psp", "usd"]},
            {"sid": "fcbb:bb00:1:3::/64", "behavior": "End.DT46", "vrf": "default"},
            {"sid": "fcbb:bb00:1:4::/64", "behavior": "End.B6.Encaps", "policy": "way"},
            {"sid": "fcbb:bb00:1:5::/64", "behavior": "End.DX2", "port": 2},
            {"sid": "fcbb:bb00:1:6::/64", "behavior": "uN"},
            {"sid": "fcbb:bb00:7::/48", "behavior": "End.LBS", "block": "fd00:7::/32"},
            {"sid": "fcbb:bb00:1:8::/64", "behavior": "End", "flavors": ["replace-csid", "psp"]},
            {"sid": "fcbb:bb00:1:9::/64", "behavior": "End.DT46", "flavors": ["replace-csid"], "vrf": "default"},
        ],
        "routes": [{"prefix": "fcbb:bb00:1:1:7::/80", "blackhole": True}],
        "policies": [{"name": "way", "segment-lists": [{"segments": ["fcbb:bb00:2::"]}]}],
    }
)
END, PSP, DT46, B6, DX2 = (f"fcbb:bb00:1:{number}::" for number in range(1, 6))
REPLACE = "fcbb:bb00:1:8::"
FAR, FURTHER, SOURCE = "fcbb:bb00:2:1::", "fcbb:bb00:3:1::", "fcbb:bb00:1::1"
INNER = IPv6(src="2001:db8:1::2", dst="2001:db8:2::2") / UDP(sport=7, dport=9) / b"x"


def outer(segments: Sequence[str], left: int, *, source: str = "fcbb::9", reduced: bool = False) -> Packet:
    """An IPv6 header and the SRH of a list in path order, with ``left`` segments left."""
    destination = segments[len(segments) - 1 - left]
    listed = segments[1:] if reduced else segments
    return IPv6(src=source, dst=destination) / routing(listed, left)


def routing(listed: Sequence[str], left: int, **fields: int) -> Packet:
    """An SRH with a list in path order."""
    return IPv6ExtHdrSegmentRouting(addresses=list(listed[::-1]), segleft=left, lastentry=len(listed) - 1, **fields)


CASES = {
    "plain forwarding": (INNER, INNER, "route"),
    "transit": (outer([FAR, FURTHER], 1) / INNER, outer([FAR, FURTHER], 1) / INNER, "route"),
    "End": (outer([END, FAR], 1) / INNER, outer([END, FAR], 0) / INNER, "End"),
    "a route inside a SID": (outer(["fcbb:bb00:1:1:7::", FAR], 1), outer(["fcbb:bb00:1:1:7::", FAR], 1), "route"),
    "PSP": (outer([PSP, FAR], 1) / INNER, IPv6(src="fcbb::9", dst=FAR) / INNER, "End (PSP)"),
    "not yet PSP": (outer([PSP, FAR, FURTHER], 2) / INNER, outer([PSP, FAR, FURTHER], 1) / INNER, "End"),
    "USD": (IPv6(src="fcbb::9", dst=PSP) / INNER, INNER, "End (USD)"),
    "DT46": (outer([FAR, DT46], 0) / INNER, INNER, "End.DT46 (decapsulates)"),
    "DT46, IPv4": (
        IPv6(dst=DT46, nh=4) / IP(dst="10.0.0.1") / UDP(),
        IP(dst="10.0.0.1") / UDP(),
        "End.DT46 (decapsulates)",
    ),
    "next C-SID": (
        IPv6(dst="fcbb:bb00:1:6:2:3::") / INNER,
        IPv6(dst="fcbb:bb00:2:3::") / INNER,
        "End with NEXT-CSID (next C-SID)",
    ),
    "C-SID of another block": (
        IPv6(dst="fcbb:bb00:7:2:3::") / INNER,
        IPv6(dst="fd00:7:2:3::") / INNER,
        "End.LBS (next C-SID)",
    ),
    "two C-SIDs, then DT46": (
        IPv6(dst="fcbb:bb00:1:6:1:6:1:3") / INNER,
        INNER,
        "End with NEXT-CSID (next C-SID), then End with NEXT-CSID (next C-SID), then End.DT46 (decapsulates)",
    ),
    "last C-SID of a container": (
        outer(["fcbb:bb00:1:6::", FAR], 1),
        outer(["fcbb:bb00:1:6::", FAR], 0),
        "End with NEXT-CSID",
    ),
    "next container": (
        outer([REPLACE, "::2:1", FAR], 2) / INNER,
        IPv6(src="fcbb::9", dst="fcbb:bb00:2:1::3") / routing([REPLACE, "::2:1", FAR], 1) / INNER,
        "End with REPLACE-CSID (next C-SID)",
    ),
    "last container, then DT46": (
        outer([REPLACE, "::1:9:1:8"], 1) / INNER,
        INNER,
        "End with REPLACE-CSID (next C-SID), then " * 2 + "End.DT46 with REPLACE-CSID (decapsulates)",
    ),
    "end of a container": (
        IPv6(src="fcbb::9", dst=f"{REPLACE}3") / routing([FAR, "::1:8", FURTHER], 1) / INNER,
        IPv6(src="fcbb::9", dst=FURTHER) / INNER,
        "End with REPLACE-CSID (PSP)",
    ),
    "DX2": (IPv6(dst=DX2, nh=143) / Ether() / INNER, INNER, "End.DX2 (decapsulates)"),
    "End, then its own DT46": (outer([END, DT46], 1) / INNER, INNER, "End, then End.DT46 (decapsulates)"),
    "USD, then DT46 of the packet inside": (
        IPv6(dst=PSP) / IPv6(dst=DT46) / INNER,
        INNER,
        "End (USD), then End.DT46 (decapsulates)",
    ),
    "encapsulation": (INNER, outer([FAR, FURTHER], 1, source=SOURCE) / INNER, "H.Encaps"),
    "reduced encapsulation": (INNER, outer([FAR, FURTHER], 1, source=SOURCE, reduced=True) / INNER, "H.Encaps.Red"),
    "without SRH": (INNER, IPv6(src=SOURCE, dst=FAR) / INNER, "H.Encaps.Red"),
    "layer 2": (INNER, IPv6(src=SOURCE, dst=FAR) / routing([FAR, FURTHER], 1, nh=143) / Ether() / INNER, "H.Encaps.L2"),
    "binding": (
        outer([B6, FAR], 1) / INNER,
        outer([FURTHER, FAR], 1, source=SOURCE) / outer([B6, FAR], 0) / INNER,
        "End.B6.Encaps",
    ),
    "decapsulates and encapsulates": (
        IPv6(src="fcbb::9", dst=DT46) / INNER,
        outer([FAR, FURTHER], 1, source=SOURCE) / INNER,
        "End.DT46 (decapsulates), then H.Encaps",
    ),
    "insertion": (
        INNER,
        IPv6(src="2001:db8:1::2", dst=FAR) / routing([FAR, "2001:db8:2::2"], 1) / UDP(sport=7, dport=9),
        "H.Insert",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_behavior_is_told(case: str) -> None:
    before, after, wanted = CASES[case]
    assert path.behavior(NODE, bytes(Ether() / before), bytes(Ether() / after)) == wanted


def passages(*ends: str) -> list[Passage]:
    frame = bytes(Ether() / INNER)
    return [Passage(number, one, two, frame) for number, (one, two) in enumerate(itertools.pairwise(ends))]


def test_hops_with_names() -> None:
    found = path.hops(passages("h1", "r1", "h2"), {"r1": NODE}, {"2001:db8:2::2": "h2", "2001:db8:1::2": "h1"})
    assert path.render(found).splitlines() == [
        "node  does      sends to            SL  packet",
        "h1    sends     2001:db8:2::2 (h2)      (h1,h2) UDP 7>9",
        "r1    route     2001:db8:2::2 (h2)      (h1,h2) UDP 7>9",
        "h2    receives",
    ]


LONG = [
    path.Hop("h1", "", "2001:db8:2::2 (h2)", None, "(h1,h2) UDP 40000>9"),
    path.Hop(
        "r1", "H.Encaps", "fcbb:bb00:3:e000:: (r3 End)", 1, "(r1,r3 End)(r4 End.DT46,r3 End; SL=1)(h1,h2) UDP 40000>9"
    ),
    path.Hop("r4", "End (USD), then End.DT46 (decapsulates)", "2001:db8:2::2 (h2)", None, "(h1,h2) UDP 40000>9"),
    path.Hop("h2", "", "", None, ""),
]


@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_nothing_of_a_path_is_cut_in_a_narrow_terminal(width: int) -> None:
    """The packet, last column, used to be cut at the edge."""
    text = path.render(LONG, width)
    assert all(len(line) <= width for line in text.splitlines())
    words = "".join(text.split())
    for hop in LONG:
        for part in (hop.node, hop.did, hop.destination, hop.packet):
            assert "".join(part.split()) in words


def test_path_at_80_and_40_columns() -> None:
    assert path.render(LONG[:2], 80).splitlines() == [
        "node  does      sends to                     SL",
        "h1    sends     2001:db8:2::2 (h2)",
        "    (h1,h2) UDP 40000>9",
        "r1    H.Encaps  fcbb:bb00:3:e000:: (r3 End)  1",
        "    (r1,r3 End)(r4 End.DT46,r3 End; SL=1)(h1,h2) UDP 40000>9",
    ]
    assert path.render(LONG[1:3], 40).splitlines() == [
        "r1  H.Encaps",
        "    to fcbb:bb00:3:e000:: (r3 End), SL 1",
        "    (r1,r3 End)",
        "    (r4 End.DT46,r3 End; SL=1)(h1,h2)",
        "    UDP 40000>9",
        "r4  End (USD), then End.DT46",
        "    (decapsulates)",
        "    to 2001:db8:2::2 (h2)",
        "    (h1,h2) UDP 40000>9",
    ]


def test_lost_packet_says_where() -> None:
    found = path.hops(passages("h1", "r1"), {"r1": NODE}, lost=True)
    assert path.render(found).splitlines()[-1].split(maxsplit=1) == ["r1", "loses it"]


def test_frames_are_put_in_the_order_of_the_way() -> None:
    way = passages("h1", "r1", "r2", "r1", "r3", "h2")
    assert in_order([way[number] for number in (4, 2, 0, 3, 1)], "h1") == way
    untimed = [Passage(0, one.sender, one.receiver, one.frame) for one in passages("h1", "r1", "r2", "h2")]
    assert in_order(untimed[::-1], "h1") == untimed


def test_of_copies_the_way_is_that_to_the_target() -> None:
    seen = [
        Passage(number, sender, receiver, b"")
        for number, (sender, receiver) in enumerate(
            [("h1", "r1"), ("r1", "r2"), ("r1", "r3"), ("r2", "h2"), ("r2", "r4"), ("r3", "h3"), ("r4", "h4")]
        )
    ]
    assert [each.sender for each in in_order(seen, "h1", "h4")] == ["h1", "r1", "r2", "r4"]
    assert [each.sender for each in in_order(seen, "h1", "h3")] == ["h1", "r1", "r3"]
