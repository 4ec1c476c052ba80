# SPDX-License-Identifier: Apache-2.0
"""SRv6 builders and layers against bytes written out from the RFCs and the public vectors of the rules."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from srv6cp.packets import (
    SRH,
    HmacTlv,
    Pad1,
    PadN,
    Tlv,
    active_segment,
    advance,
    all_srhs,
    h_encaps,
    h_encaps_l2,
    h_insert,
    inner,
    remove_outer,
    remove_srh,
    segments,
    srh,
    srv6,
)

A, B = "2001:db8:1::a", "2001:db8:2::b"
PATH = ["fcbb::1", "fcbb::2", "fcbb::3"]


def packed(*addresses: str) -> str:
    return "".join(ip_address(address).packed.hex() for address in addresses)


def test_hmac_vector() -> None:
    """The public segway vector (rules 3.1): the whole SRH with its HMAC TLV."""
    digest = bytes.fromhex("cb660b51dabb0c8955ec1b6cc1e4242a0c42f7c23b8b037cf348e63fa89b065a")
    header = srh(
        ["fc00::beef", "fd00::42", "fc00::1"],
        segments_left=1,
        flags=0x08,
        tlvs=[HmacTlv(key_id=1042, hmac=digest)],
        nh=17,
    )
    listed = packed("fc00::1", "fd00::42", "fc00::beef")
    wire = "110b040102080000" + listed + "0526000000000412" + digest.hex()
    assert bytes(header).hex() == wire
    again = SRH(bytes.fromhex(wire))
    (tlv,) = again.tlv_objects
    assert (tlv.len, tlv.key_id, tlv.d, tlv.hmac) == (38, 1042, 0, digest)
    assert bytes(again).hex() == wire


def test_full_and_reduced_list() -> None:
    """RFC 8754 4.1 and 4.1.1: list reversed, Last Entry n-1 and n-2, Segments Left n-1."""
    assert bytes(srh(PATH, nh=59)).hex() == "3b06040202000000" + packed("fcbb::3", "fcbb::2", "fcbb::1")
    assert bytes(srh(PATH, reduced=True, nh=59)).hex() == "3b04040201000000" + packed("fcbb::3", "fcbb::2")


def test_127_segments() -> None:
    path = [f"fcbb::{i:x}" for i in range(1, 128)]
    wire = bytes(srh(path))
    assert len(wire) == 8 + 16 * 127
    assert (wire[1], wire[3], wire[4]) == (254, 126, 126)
    with pytest.raises(ValueError, match="128 segments"):
        srh([*path, "fcbb::80"])
    with pytest.raises(ValueError, match="at least one entry"):
        srh(["fcbb::1"], reduced=True)


@pytest.mark.parametrize(
    ("tlvs", "area"),
    [
        ([Tlv(type=124, value=b"abcd")], "7c04" + b"abcd".hex() + "0400"),
        ([Tlv(type=124, value=b"abcde")], "7c05" + b"abcde".hex() + "00"),
        ([Pad1(), Tlv(type=252, value=b"abcde")], "00fc05" + b"abcde".hex()),
        ([PadN(value=bytes(4)), Pad1(), Pad1()], "040400000000" + "0000"),
        # RFC 8754 2.1.2: the HMAC TLV is aligned to 8 bytes.
        (
            [Tlv(type=124, value=b"a"), HmacTlv(hmac=bytes(8))],
            "7c0161" + "0403000000" + "050e0000" + "00" * 12,
        ),
    ],
)
def test_tlvs_are_padded_and_read_back(tlvs: list[Tlv], area: str) -> None:
    header = bytes(srh(["fcbb::1"], tlvs=tlvs, nh=59))
    assert header[24:].hex() == area
    assert header[1] == (len(header) - 8) // 8
    assert bytes(SRH(header + b"payload")) == header + b"payload"
    types = [tlv.type for tlv in SRH(header).tlv_objects]
    assert set(types) - {0, 4} == {tlv.type for tlv in tlvs} - {0, 4}


def test_last_entry_beyond_the_header_does_not_eat_the_payload() -> None:
    wire = bytes(srh(["fcbb::1"], lastentry=9, nh=59)) + b"x" * 40
    header = SRH(wire)
    assert header.addresses == ["fcbb::1"]
    assert header.tlv_objects == []
    assert bytes(header.payload) == b"x" * 40


def test_srv6_on_its_way() -> None:
    for left, target in ((None, "fcbb::1"), (1, "fcbb::2"), (0, "fcbb::3")):
        packet = srv6(A, PATH, UDP(sport=1, dport=2), segments_left=left)
        assert packet.dst == target
        read = IPv6(bytes(packet))
        assert read[SRH].segleft == (2 if left is None else left)
        assert read[SRH].nh == 17
        assert active_segment(read) == target
        assert segments(read) == PATH
    with pytest.raises(ValueError, match="segments_left 3"):
        srv6(A, PATH, segments_left=3)


def test_upper_layer_checksum_covers_the_last_segment() -> None:
    """RFC 8200 8.1: the pseudo-header holds the final destination; it is the same all along the path."""
    sums = {
        IPv6(bytes(srv6(A, PATH, UDP(sport=1, dport=2) / b"hello", segments_left=left)))[UDP].chksum
        for left in (2, 1, 0)
    }
    assert sums == {IPv6(bytes(IPv6(src=A, dst="fcbb::3") / UDP(sport=1, dport=2) / b"hello"))[UDP].chksum}


def test_h_encaps() -> None:
    """RFC 8986 5.1: the bytes of the outer headers, inner hop limit one less (HE-1, HE-4, HE-10)."""
    packet = IPv6(src=A, dst=B, hlim=64, tc=0xB8, fl=0x12345) / Raw(b"12345678")
    out = bytes(h_encaps(packet, "fcbb::99", PATH, flow_label=0x777))
    assert out.hex() == (
        "6b800777" + "0068" + "2b" + "40" + packed("fcbb::99", "fcbb::1")
        + "2906040202000000" + packed("fcbb::3", "fcbb::2", "fcbb::1")
        + "6b812345" + "0008" + "3b" + "3f" + packed(A, B) + b"12345678".hex()
    )  # fmt: skip
    assert packet.hlim == 64, "the argument is left alone"
    assert bytes(remove_outer(IPv6(out), decrement=False))[7] == 63
    assert bytes(remove_outer(IPv6(out)))[7] == 62


def test_h_encaps_red_of_ipv4() -> None:
    """RFC 8986 5.2: S1 only in the destination; TTL and header checksum as after one hop."""
    packet = IP(src="10.0.0.1", dst="10.0.0.2", ttl=2, tos=0x28) / UDP(sport=7, dport=9)
    out = h_encaps(packet, "fcbb::99", PATH, reduced=True, hop_limit=None)
    read = IPv6(bytes(out))
    assert (read.dst, read.hlim, read.tc, read.plen) == ("fcbb::1", 1, 0x28, 8 + 32 + 28)
    assert (read[SRH].nh, read[SRH].segleft, read[SRH].lastentry) == (4, 2, 1)
    assert read[SRH].addresses == ["fcbb::3", "fcbb::2"]
    assert active_segment(read) == "fcbb::1"
    expected = bytes(IP(src="10.0.0.1", dst="10.0.0.2", ttl=1, tos=0x28) / UDP(sport=7, dport=9))
    assert bytes(inner(read)) == expected


def test_h_encaps_red_of_one_segment_has_no_srh() -> None:
    out = IPv6(bytes(h_encaps(IPv6(src=A, dst=B) / Raw(b"x"), "fcbb::99", ["fcbb::1"], reduced=True)))
    assert out.nh == 41
    assert all_srhs(out) == []
    assert len(all_srhs(IPv6(bytes(h_encaps(IPv6(src=A, dst=B), "fcbb::99", ["fcbb::1"]))))) == 1


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_h_encaps_l2(reduced: bool, count: int) -> None:
    """RFC 8986 5.3, 5.4 and 10.1: next header 143, the frame as it is, and read back as Ethernet."""
    ethernet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    frame = bytes(ethernet / IPv6(src=A, dst=B) / UDP() / b"data")
    wire = bytes(h_encaps_l2(frame, "fcbb::99", PATH[:count], reduced=reduced))
    assert wire.endswith(frame)
    read = IPv6(wire)
    assert bytes(inner(read)) == frame
    assert isinstance(inner(read), Ether)
    assert wire[6 if reduced and count == 1 else 40] == 143


def test_h_insert() -> None:
    """HE-14: List[0] is the original destination, SL = LE = n, hop limit one less."""
    packet = IPv6(src=A, dst=B, hlim=9) / UDP(sport=1, dport=2)
    out = IPv6(bytes(h_insert(packet, PATH[:2])))
    assert (out.nh, out.dst, out.hlim, out.plen) == (43, "fcbb::1", 8, 8 + 48 + 8)
    assert out[SRH].addresses == [B, "fcbb::2", "fcbb::1"]
    assert (out[SRH].nh, out[SRH].segleft, out[SRH].lastentry) == (17, 2, 2)
    assert out[UDP].chksum == IPv6(bytes(packet))[UDP].chksum, "the payload is untouched"
    red = IPv6(bytes(h_insert(packet, PATH[:2], reduced=True)))
    assert red[SRH].addresses == [B, "fcbb::2"]
    assert (red[SRH].segleft, red[SRH].lastentry) == (2, 1)


def test_h_insert_goes_behind_hop_by_hop_and_before_another_srh() -> None:
    packet = srv6(A, ["fcbb::8", "fcbb::9"], UDP(), before=IPv6ExtHdrHopByHop())
    out = IPv6(bytes(h_insert(packet, ["fcbb::1"])))
    assert out.nh == 0
    assert out[IPv6ExtHdrHopByHop].nh == 43
    first, second = all_srhs(out)
    assert (first.nh, first.addresses) == (43, ["fcbb::8", "fcbb::1"])
    assert second.addresses == ["fcbb::9", "fcbb::8"]


def test_advance_and_remove() -> None:
    packet = srv6(A, PATH[:2], ICMPv6EchoRequest(), hop_limit=5)
    one = advance(packet)
    assert (one.dst, one.hlim, one[SRH].segleft) == ("fcbb::2", 4, 0)
    popped = IPv6(bytes(remove_srh(one)))
    assert (popped.nh, popped.plen) == (58, 8)
    with pytest.raises(ValueError, match="Segments Left > 0"):
        advance(one)
    with pytest.raises(ValueError, match="no SRH"):
        remove_srh(popped)


def test_advance_uses_the_second_srh_when_the_first_is_exhausted() -> None:
    """END-16."""
    packet = IPv6(src=A, dst="fcbb::1") / srh(["fcbb::1"]) / srh(["fcbb::1", "fcbb::5"]) / UDP()
    out = advance(packet)
    assert (out.dst, [header.segleft for header in all_srhs(out)]) == ("fcbb::5", [0, 0])


def test_builders_refuse_the_wrong_packet() -> None:
    with pytest.raises(ValueError, match="not UDP"):
        h_encaps(UDP(), A, PATH)
    with pytest.raises(ValueError, match="not IP"):
        h_insert(IP(), PATH)
    with pytest.raises(ValueError, match="no encapsulated"):
        inner(IPv6() / UDP())
