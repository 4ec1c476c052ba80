# SPDX-License-Identifier: Apache-2.0
"""``harness.craft`` (scapy) and ``harness.wire`` (plain bytes): the same packet, the same bytes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import craft, show, wire

TESTS = Path(__file__).resolve().parents[2]
A, B = "2001:db8:1::2", "fcbb:bb00:1::"
S1, S2, S3 = "fcbb:bb00:51::", "fcbb:bb00:52::", "fcbb:bb00:53::"
ONE, TWO = "02:00:00:00:00:01", "02:00:00:00:00:02"


class Both(NamedTuple):
    """The same thing from ``wire`` and from ``craft``."""

    wire: Any
    craft: Any

    def agree(self) -> None:
        expected, built = bytes(self.wire), bytes(self.craft)
        assert expected == built, show.difference(wire.Frame(expected), wire.Frame(built))


def both(name: str, *args: Any, **fields: Any) -> Both:
    """What the builder ``name`` of either module makes; of an argument that is ``Both``, each gets its own."""

    def side(builder: Callable[..., Any], index: int) -> Any:
        own = [arg[index] if isinstance(arg, Both) else arg for arg in args]
        return builder(
            *own, **{key: value[index] if isinstance(value, Both) else value for key, value in fields.items()}
        )

    return Both(side(getattr(wire, {"raw": "Part"}.get(name, name)), 0), side(getattr(craft, name), 1))


# --- a grid of everything in everything
# -------------------------------------------------------------------------------------------------------------------


def bits(width: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << width) - 1)


def given_or_computed(width: int) -> st.SearchStrategy[int | None]:
    return st.none() | bits(width)


address6 = st.builds(str, st.builds(IPv6Address, bits(128)))
address4 = st.builds(str, st.builds(IPv4Address, bits(32)))
mac = st.builds(lambda raw: raw.hex(":"), st.binary(min_size=6, max_size=6))
data = st.binary(max_size=40)
icv = st.builds(lambda words: bytes(4 * words), st.integers(0, 16))
ip_options = st.builds(lambda words: bytes(4 * words), st.integers(0, 10))
ip6_options = st.builds(
    lambda found: b"".join(bytes((kind, len(value))) + value for kind, value in found),
    st.lists(st.tuples(st.integers(2, 255), data), max_size=3),
)


def tlvs(found: Sequence[Both]) -> Both:
    """TLVs that fill a multiple of 8 bytes: bytes in ``wire``, a list in ``craft``."""
    gap = -sum(len(tlv.wire) for tlv in found) % 8
    filled = [*found, *([both("padn", gap)] if gap > 1 else [PAD1] * gap)]
    return Both(b"".join(tlv.wire for tlv in filled), [tlv.craft for tlv in filled])


PAD1 = Both(wire.PAD1, craft.pad1())
tlv_lists = st.builds(
    tlvs,
    st.lists(
        st.one_of(
            st.builds(both, st.just("tlv"), st.integers(1, 255), data),
            st.builds(both, st.just("padn"), st.integers(2, 7)),
            st.builds(both, st.just("hmac_tlv"), bits(32), data, d=st.booleans()),
            st.just(PAD1),
        ),
        max_size=4,
    ),
)
# Checksums of upper layers are given here: those that are computed have tests of their own.
upper_layers = st.one_of(
    st.builds(both, st.just("udp"), data, bits(16), bits(16), csum=bits(16), length=given_or_computed(16)),
    st.builds(both, st.just("icmp4"), bits(8), bits(8), data),
    st.builds(both, st.just("raw"), data, bits(8)),
    st.just(both("raw", b"", 59)),
)


def carrying(inner: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    """A header in front of ``inner``."""
    nh = given_or_computed(8)
    return st.one_of(
        st.builds(
            both, st.just("ip6"), address6, address6, inner,
            nh=nh, hl=bits(8), tc=bits(8), fl=bits(20), plen=given_or_computed(16), version=bits(4),
        ),
        st.builds(
            both, st.just("ip4"), address4, address4, inner,
            proto=nh, ttl=bits(8), tos=bits(8), ident=bits(16), df=st.booleans(), mf=st.booleans(), offset=bits(13),
            options=ip_options, total=given_or_computed(16), csum=given_or_computed(16), version=bits(4),
            ihl=given_or_computed(4),
        ),
        st.builds(
            both, st.just("srh"), st.lists(address6, max_size=5),
            sl=bits(8), payload=inner, nh=nh, le=nh, hel=nh, flags=bits(8), tag=bits(16), tlvs=tlv_lists, rtype=bits(8),
        ),
        st.builds(both, st.just("hbh"), inner, ip6_options, nh),
        st.builds(both, st.just("dstopt"), inner, ip6_options, nh),
        st.builds(
            both, st.just("fragment"), inner, offset=bits(13), more=st.booleans(), ident=bits(32), nh=nh
        ),
        st.builds(both, st.just("auth"), inner, icv=icv, spi=bits(32), seq=bits(32), nh=nh),
        st.builds(
            both, st.just("ether"), inner, dst=mac, src=mac, vlan=st.lists(bits(16), max_size=3), ethertype=bits(16)
        ),
    )  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.recursive(upper_layers, carrying, max_leaves=6))
def test_every_packet_is_the_same(packet: Both) -> None:
    packet.agree()


@settings(max_examples=50, deadline=None)
@given(mac, address4, mac, address4, bits(16), bits(16))
def test_arp(one: str, first: str, two: str, second: str, operation: int, tci: int) -> None:
    both("ether", both("arp", operation, one, first, two, second), dst=two, src=one, vlan=tci, ethertype=0x0806).agree()


# --- checksums
# -------------------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(address6, st.lists(address6, min_size=1, max_size=4), data, st.data())
def test_checksums_are_those_of_the_last_segment(source: str, segments: list[str], body: bytes, draw: Any) -> None:
    """RFC 8200 8.1: wherever on its way the packet is, with headers in front and behind."""
    left = draw.draw(st.integers(0, len(segments) - 1))
    between = (source, segments[0])
    for there, here in (
        (wire.udp(body, between=between), craft.udp(body, csum=None)),
        (wire.tcp(body, between=between), craft.tcp(body, csum=None)),
        (wire.icmp6(200, 7, body, between=between), craft.icmp6(200, 7, body)),
        (wire.echo_request(*between, data=body), craft.echo_request(data=body)),
        (wire.echo_request(*between, ident=5, seq=6), craft.echo_request(ident=5, seq=6)),
    ):
        expected = wire.srh(segments, sl=left, payload=wire.dstopt(wire.auth(there)))
        packet = craft.srv6(source, segments, segments_left=left, payload=craft.dstopt(craft.auth(here)))
        assert bytes(packet) == wire.ip6(source, segments[left], expected)


@settings(max_examples=50, deadline=None)
@given(address4, address4, data)
def test_checksums_over_ipv4(source: str, destination: str, body: bytes) -> None:
    between = (source, destination)
    for there, here in (
        (wire.udp(body, between=between), craft.udp(body, csum=None)),
        (wire.tcp(body, between=between), craft.tcp(body, csum=None)),
    ):
        assert bytes(craft.ip4(source, destination, here)) == wire.ip4(source, destination, there)


def test_neighbor_discovery() -> None:
    """RFC 4861 4.3, 4.4: hop limit 255 is the sender's business."""
    between = (A, B)
    question = bytes(4) + wire.v6(S1) + b"\x01\x01" + wire.mac(ONE) + b"\x0e\x01noncen"
    expected = wire.ip6(A, B, wire.icmp6(135, 0, question, between=between), hl=255)
    message = craft.neighbor_solicitation(S1, ONE, options=b"\x0e\x01noncen")
    assert bytes(craft.ip6(A, B, message, hl=255)) == expected
    expected = wire.ip6(A, B, wire.icmp6(135, 9, bytes(4) + wire.v6(S1), between=between, csum=7))
    assert bytes(craft.ip6(A, B, craft.neighbor_solicitation(S1, None, code=9, csum=7))) == expected
    for flags in (0xE0, 0x80, 0x40, 0x20, 0):
        answer = bytes((flags, 0, 0, 0)) + wire.v6(S1) + b"\x02\x01" + wire.mac(TWO)
        expected = wire.ip6(A, B, wire.icmp6(136, 0, answer, between=between), hl=255)
        assert bytes(craft.ip6(A, B, craft.neighbor_advertisement(S1, TWO, flags), hl=255)) == expected


# --- the notation, and what can be done with a packet
# -------------------------------------------------------------------------------------------------------------------


def test_srv6_is_the_notation_of_the_rfc() -> None:
    """(A,S2)(S3,S2,S1;SL=1): the destination is the active segment."""
    expected = wire.ip6(A, S2, wire.srh([S3, S2, S1], sl=1, tag=3, payload=wire.udp(b"x")), hl=9, tc=1, fl=2)
    packet = craft.srv6(A, [S3, S2, S1], segments_left=1, tag=3, payload=craft.udp(b"x", csum=0), hl=9, tc=1, fl=2)
    assert bytes(packet) == expected


def test_srv6_of_a_reduced_srh_needs_its_destination() -> None:
    """(A,S1)(S3,S2;SL=2): Last Entry 1."""
    with pytest.raises(ValueError, match=r"Segment List\[2\] is not among 2 segments: say dst="):
        craft.srv6(A, [S3, S2], segments_left=2)
    packet = bytes(craft.srv6(A, [S3, S2], segments_left=2, dst=S1))
    assert packet == wire.ip6(A, S1, wire.srh([S3, S2], sl=2))
    assert packet[40:45] == bytes((59, 4, 4, 2, 1))


def test_srh_with_hmac_tlv_is_the_published_one() -> None:
    """The SRH of Zashas/segway tests/srh-draft7.seg, 96 bytes."""
    digest = bytes.fromhex("cb660b51dabb0c8955ec1b6cc1e4242a0c42f7c23b8b037cf348e63fa89b065a")
    header = craft.srh(["fc00::1", "fd00::42", "fc00::beef"], sl=1, nh=17, flags=8, tlvs=[craft.hmac_tlv(1042, digest)])
    assert (
        bytes(header)
        == bytes.fromhex(
            "110b040102080000 fc000000000000000000000000000001 fd000000000000000000000000000042"
            "fc00000000000000000000000000beef 0526000000000412"
        )
        + digest
    )


def test_tlvs_are_padded() -> None:
    """RFC 8754 2.1: to a multiple of 8 bytes, with Pad1 or PadN."""
    for size, padding in ((6, b""), (5, b"\0"), (4, b"\4\0"), (0, b"\4\4\0\0\0\0"), (7, b"\4\5\0\0\0\0\0")):
        header = bytes(craft.srh([S1], sl=0, tlvs=[craft.tlv(124, bytes(size))]))
        assert header[24:] == bytes((124, size)) + bytes(size) + padding
        assert header[1] == len(header) // 8 - 1


def test_a_field_can_be_written_wrong_afterwards() -> None:
    packet = craft.srv6(A, [S3, S2, S1], segments_left=2, payload=craft.udp(csum=0))
    packet[craft.SRH].lastentry = 9
    packet[craft.SRH].len = 1
    packet.plen = 77
    expected = wire.ip6(A, S1, wire.srh([S3, S2, S1], sl=2, le=9, hel=1, payload=wire.udp()), plen=77)
    assert bytes(packet) == expected


def test_a_payload_can_be_used_again() -> None:
    """In another packet, alone, in a copy: each is what it would be by itself, checksums included."""
    data = craft.udp(b"x")
    inner, other = craft.ip6(A, B, data), craft.ip6(A, S2, data)
    one, two = craft.ip6(A, S1, inner), craft.srv6(A, [S1], segments_left=0, payload=inner)
    there = wire.ip6(A, B, wire.udp(b"x", between=(A, B)))
    assert bytes(one) == bytes(one.copy()) == wire.ip6(A, S1, there)
    assert bytes(two) == bytes(two.copy()) == wire.ip6(A, S1, wire.srh([S1], sl=0, payload=there))
    assert bytes(inner) == there
    assert bytes(other) == wire.ip6(A, S2, wire.udp(b"x", between=(A, S2)))
    strange = craft.ip6(A, B, craft.raw(b"x", 253))
    assert bytes(craft.ip6(A, S1, strange).copy()) == wire.ip6(A, S1, wire.ip6(A, B, wire.Part(b"x", 253)))


def test_what_is_built_can_be_read() -> None:
    """The layers read their own bytes, TLVs and a Last Entry beyond the header included."""
    made = [craft.tlv(124, b"abc"), craft.pad1(), craft.hmac_tlv(7, bytes(32), d=True), craft.padn(2)]
    header = craft.SRH(bytes(craft.srh([S2, S1], sl=1, tlvs=made)))
    assert [(type(tlv), tlv.type) for tlv in header.tlv_objects] == [
        (craft.Tlv, 124), (craft.Pad1, 0), (craft.HmacTlv, 5), (craft.Tlv, 4),
    ]  # fmt: skip
    assert header.tlv_objects[2].key_id == 7 and header.tlv_objects[2].d == 1
    assert header.addresses == [S2, S1]
    broken = craft.SRH(bytes(craft.srh([S1], sl=0, le=9, nh=253)) + b"behind")
    assert broken.addresses == [S1] and bytes(broken.payload) == b"behind"
    carrying = craft.ip6(A, B, craft.auth(craft.ether(b"x" * 46, dst=ONE, src=TWO, ethertype=0x88B5)))
    read = craft.IPv6(bytes(carrying))
    assert read[craft.AH].icv == bytes(12)
    assert read[craft.AH].payload.dst == ONE


@pytest.mark.parametrize("build", [craft.ip6, craft.ip4])
def test_plain_bytes_must_be_named(build: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="nh="):
        build("::1" if build is craft.ip6 else "10.0.0.1", "::2" if build is craft.ip6 else "10.0.0.2", b"something")
    with pytest.raises(ValueError, match="ethertype"):
        craft.ether(b"something", dst=ONE, src=TWO)


def test_frame_is_what_ether_makes() -> None:
    """... of an IP packet, which stays without a header in front; nothing else is put into one."""
    for packet in (craft.ip6(A, B, craft.udp(b"x")), craft.ip6(A, B, version=4), craft.ip4("10.0.0.1", "10.0.0.2")):
        for vlan in ((), 7, (5 << 13 | 5, 0)):
            framed = craft.frame(packet, dst=ONE, src=TWO, vlan=vlan)
            assert packet.underlayer is None
            assert framed == bytes(craft.ether(packet.copy(), dst=ONE, src=TWO, vlan=vlan))
    assert craft.frame(craft.ether(b"x", dst=ONE, src=TWO, ethertype=1), dst=B, src=A) == bytes.fromhex(
        "020000000001 020000000002 0001 78"
    )
    with pytest.raises(ValueError, match="ARP is neither an IP packet nor a frame"):
        craft.frame(craft.arp(1, ONE, "10.0.0.1", TWO, "10.0.0.2"), dst=ONE, src=TWO)


def calls(tree: ast.AST, prefix: str) -> Iterator[ast.Call]:
    """Calls of methods of ``self`` whose names begin with ``prefix``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(f"self.{prefix}"):
            yield node


@pytest.mark.parametrize("path", sorted(TESTS.glob("test_*.py")), ids=lambda path: path.name)
def test_sent_with_one_and_expected_with_the_other(path: Path) -> None:
    """No packet is built for ``send`` by ``wire``, none for ``expect`` by ``craft``."""
    tree = ast.parse(path.read_text())
    for prefix, module, allowed in (("send", "wire", {"Frame"}), ("expect", "craft", set())):
        for call in calls(tree, prefix):
            for node in ast.walk(call):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module:
                    name = node.attr
                    assert name in allowed or name.isupper(), f"{path.name}:{node.lineno}: {prefix} of {module}.{name}"


def test_scapy_is_known_in_one_place() -> None:
    """Packet tests and harness get it from ``craft``; ``wire``, the expected side, has nothing of it."""
    importing = set()
    for path in (*TESTS.glob("*.py"), *(TESTS / "harness").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] == "scapy" for name in names):
                importing.add(path.name)
            if path.name == "wire.py":
                assert not any(name.startswith(("harness", "scapy")) for name in names), names
    # test_platform.py has a test in the idiom of ptf's own users.
    assert importing == {"craft.py", "test_platform.py"}
