# SPDX-License-Identifier: Apache-2.0
"""``compress`` of a policy, ``sid-structures``, and what is refused of segment lists (RFC 9800 6)."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import pytest

from srv6cp.config import ConfigError, load_node
from srv6cp.config.sid_structures import read_sid_structures
from srv6cp.model import Csid, Locator, Policy, SegmentList, SidStructure, SidStructures
from srv6cp.model.structures import next_structure, replace_structure
from srv6cp.problems import InvalidError

BASE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
sids:
  - {sid: "fcbb:bb00:1::/48", behavior: uN}
  - {sid: "fcbb:bb00:1:d046::/64", behavior: End.DT46, vrf: default}
  - {sid: "fcbb:bb00:f001::/48", behavior: uT, vrf: default}
sid-structures:
  - {sids: "fcbb:bb00::/32", nflen: 16, csid: next}
  - {sids: ["fcbb:bb00:5:d046::/64"], lnlen: 16, flen: 16}
  - {sids: "2001:db8:b2::/48", lblen: 48, nflen: 32, csid: replace}
policies:
"""
LINES = BASE.count("\n")
LOCATORS = (Locator(IPv6Network("fcbb:bb00:1::/48"), 32, 16),)


def policy(item: str) -> Policy:
    (found,) = load_node(f"{BASE}  - {item}\n").policies.values()
    return found


def only(item: str) -> SegmentList:
    (found,) = policy(item).lists
    return found


def addresses(*texts: str) -> tuple[IPv6Address, ...]:
    return tuple(map(IPv6Address, texts))


def test_lists_are_packed_where_the_policy_says_so() -> None:
    listed = '["fcbb:bb00:2::", "fcbb:bb00:1::", "fcbb:bb00:5:d046::"]'
    sids = addresses("fcbb:bb00:2::", "fcbb:bb00:1::", "fcbb:bb00:5:d046::")
    for compress in ("auto", "next", "AUTO"):
        found = only(f"{{name: p, compress: {compress}, segments: {listed}}}")
        assert found == SegmentList(addresses("fcbb:bb00:2:1:5:d046::"), original=sids)
        assert found.sids == sids
    for compress in ("off", "'off'", "replace"):
        found = only(f"{{name: p, compress: {compress}, segments: {listed}}}")
        assert found == SegmentList(sids, 1) and found.sids == sids
    assert only(f"{{name: p, segments: {listed}}}") == SegmentList(sids)
    lists = policy(
        "{name: p, compress: auto, segment-lists: [{weight: 3, segments: 'fcbb:bb00:2::,fcbb:bb00:3::'},"
        " {segments: ['fcbb:bb00:4::']}]}"
    ).lists
    assert lists == (
        SegmentList(addresses("fcbb:bb00:2:3::"), 3, original=addresses("fcbb:bb00:2::", "fcbb:bb00:3::")),
        SegmentList(addresses("fcbb:bb00:4::")),
    )


def test_more_sids_than_an_srh_takes_from_the_headend() -> None:
    many = ", ".join(f"'fcbb:bb00:{n:x}::'" for n in range(2, 98))
    assert len(only(f"{{name: p, compress: auto, segments: [{many}]}}").segments) == 16
    with pytest.raises(ConfigError, match="at most 16 segments, this one has 17 when it is packed"):
        policy(f"{{name: p, compress: auto, segments: [{many}, 'fcbb:bb00:99::']}}")
    most = ", ".join(["'fcbb:bb00:2::'"] * 128)
    with pytest.raises(ConfigError, match="at most 127 segments, this one has 128"):
        policy(f"{{name: p, compress: auto, segments: [{most}]}}")


def test_a_policy_that_is_inserted_has_something_behind_it() -> None:
    five = ", ".join(f"'2001:db8:b2:{n}0:{n}::'" for n in range(1, 6))
    whole = addresses("2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2")
    for encap, expected in (("encap", 2), ("insert", 4)):
        found = only(f"{{name: p, encap: {encap}, compress: auto, segments: [{five}]}}")
        assert len(found.segments) == expected
        assert (found.segments == whole) is (encap == "encap")
    # A route may put a service SID behind the lists of a policy with a color.
    found = only(f'{{name: p, color: 7, endpoint: "::", compress: auto, segments: [{five}]}}')
    assert len(found.segments) == 4
    found = only(
        f'{{name: p, bsid: {{sid: "fcbb:bb00:1:b7::", behavior: End.B6.Insert}}, compress: auto, segments: [{five}]}}'
    )
    assert len(found.segments) == 4
    binding = '  - {sid: "fcbb:bb00:1:b6::/64", behavior: End.B6.Insert, policy: p}\nsid-structures:'
    text = f"{BASE}  - {{name: p, compress: auto, segments: [{five}]}}\n"
    (found,) = load_node(text.replace("sid-structures:", binding)).policies["p"].lists
    assert len(found.segments) == 4


REFUSED = [
    ("{name: p, compress: zip, segments: ['fcbb:bb00:2::']}", 0, "compress must be one of off, auto, next, replace"),
    ("{name: p, segments: ['fcbb:bb00:2:0:3::']}", 0, "segments[0]: fcbb:bb00:2:0:3:: has a C-SID 0"),
    (
        "{name: p, segments: ['2001:db8:b2:10:1::', '2001:db8:b2:20:2::']}",
        0,
        "segments[1]: 2001:db8:b2:20:2:: stands where a SID with the flavour REPLACE-C-SID takes packed C-SIDs",
    ),
    (
        "{name: p, compress: auto, segments: ['2001:db8:b2:10:1::', 'fcbb:bb00:2::']}",
        0,
        "segments[0]: 2001:db8:b2:10:1:: has the flavour REPLACE-C-SID, so what is behind it is a C-SID of 32 bits in",
    ),
    (
        "{name: p, compress: next, segments: ['2001:db8:b2:10:1::', '2001:db8:b2:20:2::']}",
        0,
        "those behind it have to be packed as that asks (RFC 9800 6.4): compress: replace, or auto",
    ),
    (
        "{name: p, encap: insert, segments: ['2001:db8:b2:10:1::']}",
        0,
        "segments[0]: the list ends where a SID with the flavour REPLACE-C-SID takes packed C-SIDs",
    ),
    (
        "{name: p, compress: auto, segments: ['2001:db8:b2:10:1::', {container: '::20:2'}]}",
        0,
        "segments[1]: a list with containers is packed already: compress: off",
    ),
    ("{name: p, segments: [{container: '::20:2'}]}", 0, "a list begins with a SID in full"),
    ("{name: p, segments: ['fcbb:bb00:2::', {container: '::20:2'}]}", 0, "::20:2 is a container, and no SID"),
    ("{name: p, segments: [{csid: next}]}", 0, "a segment has a 'sid', or is a 'container' of C-SIDs"),
    ("{name: p, segments: [{sid: 'fcbb:bb00:2::', nflen: 16, cisd: next}]}", 0, "unknown key 'cisd'"),
    ("{name: p, segments: [{sid: 'fcbb:bb00:2::1', nflen: 16, csid: next}]}", 0, "has bits behind block, C-SID and"),
    ("{name: p, segments: [{container: '::20:2', lblen: 48}]}", 0, "a container has no structure"),
    ("{name: p, segments: [{sid: 'ff02::1'}]}", 0, "cannot be a segment"),
    ("{name: p, segments: [{sid: '2001:db8::', nflen: 16, csid: next}]}", 0, "'lblen' is missing: no locator"),
]


@pytest.mark.parametrize(("item", "line", "message"), REFUSED)
def test_one_line_for_what_no_packet_would_get_through(item: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(item)
    assert len(caught.value.problems) == 1
    assert message in str(caught.value)
    assert caught.value.line == LINES + 1 + line


@pytest.mark.parametrize(
    "segments",
    [
        "['fcbb:bb00:2:3:5:d046::']",
        "['2001:db8:b2:10:1::', {container: '50:5:40:4:30:3:20:2'}, {container: '::70:7:60:6'}]",
        "['2001:db8:b2:10:1::', {container: 'ff02::20:2'}]",
        "['2001:db8:1::', '2001:db8:2:0:3::']",
    ],
)
def test_lists_by_hand(segments: str) -> None:
    assert not only(f"{{name: p, segments: {segments}}}").original


STRUCTURES = [
    ({"sids": "fcbb:bb00:2::/48"}, SidStructure(32, 16, 0)),
    ({"sids": "fcbb:bb00:2::/48", "csid": "next-csid"}, next_structure(32, 16)),
    ({"sids": "fcbb:bb00:2::", "nflen": 16, "csid": "NEXT"}, next_structure(32, 16)),
    ({"sids": "fcbb:bb00:2:f1::/64", "flen": 16, "csid": "next"}, next_structure(32, 16, 16)),
    ({"sids": "fcbb:bb00:2:f1::/64", "lbl": 32, "lnl": 16, "fl": 16, "al": 16}, SidStructure(32, 16, 16, 16)),
    ({"sids": "2001:db8:b2::/48", "lbl": 48, "lnfl": 32, "csid": "replace"}, replace_structure(48, 32)),
    (
        {"sids": "2001:db8:b2::/48", "lblen": 48, "nflen": 32, "arglen": 16, "csid": "replace"},
        SidStructure(48, 32, 0, 16, Csid.REPLACE),
    ),
    ({"sids": "2001:db8:b2::/48", "lblen": 48, "lnlen": 0, "nflen": 16}, SidStructure(48, 0, 16)),
]


@pytest.mark.parametrize(("item", "structure"), STRUCTURES)
def test_what_is_left_out_of_a_structure_follows(item: dict[str, object], structure: SidStructure) -> None:
    found = SidStructures(read_sid_structures([item], LOCATORS, ()))
    prefix = IPv6Network(str(item["sids"]))
    sid = int(prefix.network_address) | (0 if prefix.prefixlen >= structure.length else 1 << 128 - structure.length)
    assert found.of(sid) == structure


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"lblen": 32}, "'sids' is missing"),
        ({"sids": "2001:db8::/48"}, "'lblen' is missing: no locator of the node has the block of 2001:db8::/48"),
        ({"sids": "fcbb:bb00::/32"}, "give 'lblen' and 'nflen'"),
        ({"sids": "fcbb:bb00::/32", "lblen": 32, "lnlen": 16, "flen": 16, "nflen": 16}, "do not add up to nflen 16"),
        ({"sids": "fcbb:bb00::/32", "nflen": 97}, "a C-SID of 97"),
        ({"sids": "fcbb:bb00::/32", "nflen": 16, "arglen": 81}, "an argument of 81 bits is longer than the 80 bits"),
        ({"sids": "fcbb:bb00::/32", "nflen": 16, "arglen": 16, "csid": "next"}, "all that is behind its C-SID"),
        ({"sids": "fcbb:bb00::/32", "nflen": 24, "csid": "replace"}, "have 16 or 32 bits (RFC 9800 4.2), not 24"),
        ({"sids": "fcbb:bb00:2::1", "nflen": 16}, "has bits behind block, C-SID and argument"),
        ({"sids": "fcbb:bb00::/32", "nflen": 16, "lnfl": 16}, "'lnfl' says the same as 'nflen'"),
        ({"sids": "fcbb:bb00::/32", "nflen": 16, "csid": "both"}, "csid must be one of none, next, replace"),
        ({"sids": ["fcbb:bb00::/32", "x"], "nflen": 16}, "prefix of SIDs must be an IPv6 prefix"),
    ],
)
def test_structures_that_are_none(item: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        read_sid_structures([item], LOCATORS, ())
    assert message in caught.value.message


def test_own_sids_are_known() -> None:
    """Those in a locator; what is right behind the block is this node's own affair."""
    node = load_node(BASE.partition("sid-structures")[0])
    known = SidStructures(read_sid_structures(None, node.locators, node.sids))
    own = {
        text: known.of(int(IPv6Address(text))) for text in ("fcbb:bb00:1::", "fcbb:bb00:1:d046::", "fcbb:bb00:f001::")
    }
    assert list(own.values()) == [next_structure(32, 16), SidStructure(32, 16, 16), None]
    plain = tuple(sid for sid in node.sids if sid.behaviour == "End.DT46")
    assert not read_sid_structures(None, node.locators, plain)  # nothing can be packed
