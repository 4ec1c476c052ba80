# SPDX-License-Identifier: Apache-2.0
"""Packets that tests send, built with scapy: the one place that knows scapy, and what scapy gets wrong.

The builders have the names and arguments of ``harness.wire``, which builds what tests expect and shares nothing with
this module. So one packet can be written either way, and ``unit/harness/test_craft.py`` holds both ways to the same
bytes:

    craft.ip6(A, B, craft.srh([S3, S2, S1], sl=2, payload=craft.udp(b"hello")))
    craft.srv6(A, [S3, S2, S1], segments_left=2, payload=craft.udp(b"hello"))     the same, to the active segment

Segment lists are in **wire order**, as in the RFCs' ``(S3, S2, S1; SL=2)``: Segment List[0], the last segment, first.
What comes back is a scapy packet; ``bytes(packet)`` builds it. A field is computed unless it is given, and one that is
given is used as it is, so that a packet can be wrong on purpose. The same by scapy's means: ``packet[SRH].lastentry =
9``. Packets that end too early are cut from ``bytes(packet)``.

A header takes its payload over; a payload that another header has taken already is copied.

What scapy (2.6 to 2.8) does not do, or does wrong:

* the length of a generic TLV of the SRH stays 0, that of the HMAC TLV is two bytes long and 42 too large, Pad1 is three
  bytes long in 2.6: ``Tlv``, ``Pad1``, ``HmacTlv``, and the padding of ``SRH``
* the flags of the SRH are those of a draft of 2016: one field, ``SRH.flags``
* next header 143 (Ethernet, RFC 8986 10.1) is not known, nor the number of, say, ICMPv4 behind an IPv6 header
* an Authentication Header does not know its length, nor what it carries: ``AH``
* ICMP messages other than echo have fields that differ from version to version: ``Icmp``
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar

from scapy.contrib.gtp import GTP_U_Header
from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    FieldLenField,
    IntField,
    PacketListField,
    ShortField,
    StrLenField,
    XByteField,
    XShortField,
)
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    HBHOptUnknown,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6Unknown,
    IP6ListField,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrSegmentRouting,
    _IPv6ExtHdr,
    ipv6nh,
)
from scapy.layers.inet6 import Pad1 as _OptionPad1
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw, bind_layers, bind_top_down
from scapy.utils import checksum

__all__ = [
    "AH",
    "IP",
    "SRH",
    "TCP",
    "UDP",
    "Ether",
    "HmacTlv",
    "IPv6",
    "Icmp",
    "Packet",
    "Pad1",
    "Payload",
    "Tlv",
    "arp",
    "auth",
    "dstopt",
    "echo_request",
    "ether",
    "fragment",
    "frame",
    "hbh",
    "hmac_tlv",
    "icmp4",
    "icmp6",
    "ip4",
    "ip6",
    "neighbor_advertisement",
    "neighbor_solicitation",
    "padn",
    "raw",
    "raw_tlvs",
    "srh",
    "srv6",
    "tcp",
    "tlv",
    "udp",
]

Address6 = str | IPv6Address
Address4 = str | IPv4Address
Payload = Packet | bytes

# --- layers that scapy lacks or gets wrong
# --------------------------------------------------------------------------------------


class Tlv(Packet):
    """A TLV of an SRH (RFC 8754 2.1); its length is computed."""

    name = "SRH TLV"
    fields_desc: ClassVar[list[Any]] = [
        ByteField("type", 124),
        FieldLenField("len", None, length_of="value", fmt="B"),
        StrLenField("value", b"", length_from=lambda tlv: tlv.len),
    ]

    @classmethod
    def dispatch_hook(cls, data: bytes | None = None, *_args: Any, **_kwargs: Any) -> type[Packet]:
        """The class to dissect ``data`` with."""
        return {0: Pad1, 5: HmacTlv}.get(data[0], cls) if data else cls

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """What follows is the next TLV, not this one's payload."""
        return b"", s


class Pad1(Tlv):
    """The TLV that is one byte, without length (RFC 8754 2.1.1.1)."""

    name = "SRH Pad1"
    fields_desc: ClassVar[list[Any]] = [ByteField("type", 0)]


class HmacTlv(Tlv):
    """The HMAC TLV (RFC 8754 2.1.2): length 6 plus that of the digest."""

    name = "SRH HMAC TLV"
    fields_desc: ClassVar[list[Any]] = [
        ByteField("type", 5),
        FieldLenField("len", None, length_of="hmac", fmt="B", adjust=lambda _tlv, length: length + 6),
        BitField("d", 0, 1),
        BitField("reserved", 0, 15),
        IntField("key_id", 0),
        StrLenField("hmac", b"", length_from=lambda tlv: max(0, tlv.len - 6)),
    ]


def _listed(header: Any) -> int:
    """Entries of a Segment List that are inside its header."""
    return min(int(header.lastentry) + 1, int(header.len) // 2)


class SRH(IPv6ExtHdrSegmentRouting):
    """A Segment Routing Header (RFC 8754 2), its flags as one field."""

    name = "SRH"
    fields_desc: ClassVar[list[Any]] = [
        ByteEnumField("nh", 59, ipv6nh),
        ByteField("len", None),
        ByteField("type", 4),
        ByteField("segleft", None),
        ByteField("lastentry", None),
        XByteField("flags", 0),
        XShortField("tag", 0),
        IP6ListField("addresses", [], count_from=_listed),  # type: ignore[no-untyped-call]
        PacketListField(
            "tlv_objects", [], Tlv, length_from=lambda header: max(0, 8 * header.len - 16 * _listed(header))
        ),
    ]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """The header with TLVs padded to 8 bytes, unless its length is given, and its payload."""
        if self.len is None and (gap := -len(pkt) % 8):
            pkt += bytes(1) if gap == 1 else bytes((4, gap - 2)) + bytes(gap - 2)
        built: bytes = super().post_build(pkt, pay)  # type: ignore[no-untyped-call]
        return built


class AH(_IPv6ExtHdr):
    """An Authentication Header (RFC 4302 2); its length is computed."""

    name = "AH"
    fields_desc: ClassVar[list[Any]] = [
        ByteEnumField("nh", 59, ipv6nh),
        FieldLenField("len", None, length_of="icv", fmt="B", adjust=lambda _header, length: length // 4 + 1),
        ShortField("reserved", 0),
        IntField("spi", 1),
        IntField("seq", 1),
        StrLenField("icv", b"", length_from=lambda header: 4 * header.len - 4),
    ]


class Icmp(Packet):
    """An ICMPv4 message of any type (RFC 792); its body is the payload, four bytes of header data first."""

    name = "ICMP message"
    fields_desc: ClassVar[list[Any]] = [ByteField("type", 8), ByteField("code", 0), XShortField("chksum", None)]

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Header and payload, the checksum over both."""
        message = pkt + pay
        if self.chksum is None:
            message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        return message


class _Bytes(Raw):
    """Bytes whose protocol number is that of the object, not of the class."""

    name = "Bytes"

    def copy(self) -> _Bytes:
        clone: _Bytes = super().copy()
        clone.overload_fields = self.overload_fields
        return clone


bind_layers(IPv6, Ether, nh=143)
bind_layers(IPv6, AH, nh=51)
# Any layer behind any header has its number; the pairs that scapy knows stay as they are.
_NUMBERS: dict[int, list[Any]] = {
    0: [IPv6ExtHdrHopByHop],
    1: [Icmp],
    43: [SRH],
    44: [IPv6ExtHdrFragment],
    51: [AH],
    58: [ICMPv6Unknown, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_NA],
    60: [IPv6ExtHdrDestOpt],
    143: [Ether],
}
for _number, _layers in _NUMBERS.items():
    for _layer in _layers:
        for _header, _field in ((IPv6, "nh"), (IP, "proto")):
            if _header not in _layer._overload_fields:
                bind_top_down(_header, _layer, **{_field: _number})


def _carry(header: Packet, payload: Payload | None) -> Packet:
    """``header`` in front of ``payload``."""
    # Every field has one value: without this mark scapy looks for sets of them, and clones each layer to build it.
    header.explicit = 1
    if isinstance(payload, Packet):
        header.add_payload(payload if payload.underlayer is None else payload.copy())
    elif payload:
        header.add_payload(_bytes(payload))
    return header


def _bytes(data: bytes) -> Packet:
    layer = _Bytes(load=bytes(data))
    layer.explicit = 1
    return layer


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that are not left to be computed."""
    return {name: value for name, value in fields.items() if value is not None}


def _next(payload: Payload | None, given: int | None) -> dict[str, Any]:
    """The next-header field if it is not what scapy writes for ``payload``. Raises ValueError for plain bytes."""
    if given is None and payload and not isinstance(payload, Packet):
        raise ValueError("plain bytes as payload: say which protocol they are with nh= or raw()")
    return _given(nh=given)


def raw(data: bytes, proto: int) -> Packet:
    """Bytes that the header in front calls protocol ``proto``: another upper layer, a header cut short, anything."""
    layer = _bytes(data)
    layer.overload_fields = {IPv6: {"nh": proto}, IP: {"proto": proto}}
    return layer


# --- Ethernet
# -------------------------------------------------------------------------------------------------------------------


def ether(
    payload: Payload = b"", *, dst: str, src: str, vlan: int | Sequence[int] = (), ethertype: int | None = None
) -> Packet:
    """An Ethernet II frame. ``vlan``: one 802.1Q TCI or several, outermost first (a plain VID is priority 0).

    The type follows from the payload unless given; for plain bytes it must be.
    """
    if ethertype is None and not isinstance(payload, Packet):
        raise ValueError("say which ethertype this payload is")
    tags = [vlan] if isinstance(vlan, int) else list(vlan)
    kinds = [*[0x8100] * len(tags), ethertype]
    packet: Payload = payload
    for tci, kind in zip(reversed(tags), reversed(kinds[1:]), strict=True):
        tag = Dot1Q(prio=tci >> 13, dei=tci >> 12 & 1, vlan=tci & 0xFFF, **_given(type=kind))
        packet = _carry(tag, packet)
    return _carry(Ether(dst=dst, src=src, **_given(type=kinds[0])), packet)


def frame(packet: Packet, *, dst: str, src: str, vlan: int | Sequence[int] = ()) -> bytes:
    """The bytes of a frame: ``packet`` if it is one, else an IP packet from one station to another.

    Other than with ``ether`` the packet stays without a header in front, and the header is built once for all the
    thousands of packets that tests send between the same stations. Raises ValueError for anything but IP.
    """
    if isinstance(packet, Ether):
        return bytes(packet)
    if not isinstance(packet, IP | IPv6):
        raise ValueError(f"{packet.name} is neither an IP packet nor a frame: use ether() for anything else")
    tags = (vlan,) if isinstance(vlan, int) else tuple(vlan)
    return _link(dst, src, tags, 0x86DD if isinstance(packet, IPv6) else 0x0800) + bytes(packet)


@cache
def _link(dst: str, src: str, tags: tuple[int, ...], ethertype: int) -> bytes:
    return bytes(ether(dst=dst, src=src, vlan=tags, ethertype=ethertype))


def arp(operation: int, sender_mac: str, sender: Address4, target_mac: str, target: Address4) -> Packet:
    """An ARP packet for Ethernet and IPv4 (RFC 826): operation 1 request, 2 reply."""
    sent_by: dict[str, Any] = {"hwsrc": sender_mac, "psrc": str(sender)}
    sought: dict[str, Any] = {"hwdst": target_mac, "pdst": str(target)}
    return _carry(ARP(op=operation, hwtype=1, ptype=0x0800, hwlen=6, plen=4, **sent_by, **sought), None)


# --- IP
# -------------------------------------------------------------------------------------------------------------------


def ip6(
    src: Address6,
    dst: Address6,
    payload: Payload = b"",
    *,
    nh: int | None = None,
    hl: int = 64,
    tc: int = 0,
    fl: int = 0,
    plen: int | None = None,
    version: int = 6,
) -> Packet:
    """An IPv6 packet (RFC 8200 section 3)."""
    fields = {**_next(payload, nh), **_given(plen=plen)}
    return _carry(IPv6(version=version, src=str(src), dst=str(dst), hlim=hl, tc=tc, fl=fl, **fields), payload)


def ip4(
    src: Address4,
    dst: Address4,
    payload: Payload = b"",
    *,
    proto: int | None = None,
    ttl: int = 64,
    tos: int = 0,
    ident: int = 0,
    df: bool = True,
    mf: bool = False,
    offset: int = 0,
    options: bytes = b"",
    total: int | None = None,
    csum: int | None = None,
    version: int = 4,
    ihl: int | None = None,
) -> Packet:
    """An IPv4 packet (RFC 791). ``offset`` in units of 8 bytes; ``options`` a multiple of 4 bytes."""
    number = _next(payload, proto).get("nh", None if payload else 59)
    fields = {
        "version": version,
        "tos": tos,
        "id": ident,
        "flags": df << 1 | mf,
        "frag": offset,
        "ttl": ttl,
        "options": [Raw(load=options)] if options else [],
        **_given(proto=number, len=total, chksum=csum, ihl=ihl),
    }
    return _carry(IP(src=str(src), dst=str(dst), **fields), payload)


def srh(
    segments: Sequence[Address6],
    *,
    sl: int,
    payload: Payload = b"",
    nh: int | None = None,
    le: int | None = None,
    hel: int | None = None,
    flags: int = 0,
    tag: int = 0,
    tlvs: Sequence[Packet] = (),
    rtype: int = 4,
) -> Packet:
    """A Segment Routing Header (RFC 8754 section 2), segments in wire order.

    Hdr Ext Len is computed from what is there, and TLVs are padded to 8 bytes then. Last Entry is the number of
    entries minus one (a reduced SRH has ``sl`` one larger); 0 for an empty list, which no legal header has.
    """
    fields = {
        **_next(payload, nh),
        **_given(len=hel),
        "segleft": sl,
        "lastentry": max(len(segments) - 1, 0) if le is None else le,
        "addresses": [str(segment) for segment in segments],
        "tlv_objects": list(tlvs),
    }
    return _carry(SRH(type=rtype, flags=flags, tag=tag, **fields), payload)


def srv6(
    src: Address6,
    segments: Sequence[Address6],
    *,
    segments_left: int,
    payload: Payload = b"",
    dst: Address6 | None = None,
    hl: int = 64,
    tc: int = 0,
    fl: int = 0,
    **fields: Any,
) -> Packet:
    """``(src, dst)(segments; SL=segments_left) payload`` as RFC 8754 6.1 writes it; ``fields`` are those of ``srh``.

    ``dst`` is the active segment, Segment List[Segments Left], unless given, as it must be where that is not in the
    list: in a reduced SRH, or in a wrong one (ValueError).
    """
    if dst is None:
        if not 0 <= segments_left < len(segments):
            raise ValueError(f"Segment List[{segments_left}] is not among {len(segments)} segments: say dst=")
        dst = segments[segments_left]
    return ip6(src, dst, srh(segments, sl=segments_left, payload=payload, **fields), hl=hl, tc=tc, fl=fl)


def tlv(kind: int, value: bytes = b"") -> Packet:
    """One TLV of an SRH (RFC 8754 section 2.1): type, length, value."""
    return _carry(Tlv(type=kind, value=value), None)


def pad1() -> Packet:
    """A Pad1 TLV (RFC 8754 section 2.1.1.1)."""
    return _carry(Pad1(), None)


def padn(length: int) -> Packet:
    """A PadN TLV of ``length`` bytes in all, 2..7 (RFC 8754 section 2.1.1.2)."""
    return tlv(4, bytes(length - 2))


def hmac_tlv(key_id: int, digest: bytes, *, d: bool = False) -> Packet:
    """The HMAC TLV (RFC 8754 section 2.1.2); 40 bytes with a digest of 32."""
    return _carry(HmacTlv(d=d, key_id=key_id, hmac=digest), None)


def raw_tlvs(octets: bytes) -> Packet:
    """What stands where an SRH has TLVs, right or wrong."""
    return _carry(Raw(load=octets), None)


def _options(data: bytes) -> list[Packet]:
    """The options of a Hop-by-Hop or Destination Options header, one layer each."""
    found: list[Packet] = []
    while data:
        if data[0] == 0:
            found.append(_OptionPad1())
            data = data[1:]
        else:
            length = data[1] if len(data) > 1 else 0
            found.append(HBHOptUnknown(otype=data[0], optlen=length, optdata=data[2 : 2 + length]))
            data = data[2 + length :]
    return found


def hbh(payload: Payload, options: bytes = b"", nh: int | None = None) -> Packet:
    """A Hop-by-Hop Options header (RFC 8200 section 4.3); the options are padded to 8 bytes."""
    return _carry(IPv6ExtHdrHopByHop(options=_options(options), **_next(payload, nh)), payload)


def dstopt(payload: Payload, options: bytes = b"", nh: int | None = None) -> Packet:
    """A Destination Options header (RFC 8200 section 4.6); the options are padded to 8 bytes."""
    return _carry(IPv6ExtHdrDestOpt(options=_options(options), **_next(payload, nh)), payload)


def fragment(payload: Payload, *, offset: int = 0, more: bool = True, ident: int = 0, nh: int | None = None) -> Packet:
    """A Fragment header (RFC 8200 section 4.5); ``offset`` in units of 8 bytes."""
    return _carry(IPv6ExtHdrFragment(offset=offset, m=int(more), id=ident, **_next(payload, nh)), payload)


def auth(payload: Payload, *, icv: bytes = bytes(12), spi: int = 1, seq: int = 1, nh: int | None = None) -> Packet:
    """An Authentication Header (RFC 4302); ``icv`` brings it to a multiple of 8 bytes (12 gives 24 bytes)."""
    return _carry(AH(spi=spi, seq=seq, icv=icv, **_next(payload, nh)), payload)


# --- upper layers: scapy computes their checksums, with the last segment as destination (RFC 8200 section 8.1)
# -------------------------------------------------------------------------------------------------------------------


def udp(
    data: bytes = b"",
    sport: int = 1234,
    dport: int = 5678,
    *,
    csum: int | None = None,
    length: int | None = None,
) -> Packet:
    """A UDP datagram."""
    return _carry(UDP(sport=sport, dport=dport, **_given(chksum=csum, len=length)), data)


def gtpu(
    payload: Payload = b"",
    teid: int = 0x123,
    *,
    extensions: Sequence[tuple[int, bytes]] = (),
    kind: int = 255,
    seq: int | None = None,
    sport: int = 2152,
    dport: int = 2152,
    **fields: Any,
) -> Packet:
    """A GTP-U message in UDP; ``fields`` as scapy calls them, instead of what is computed.

    ``extensions``: type and content of each extension header, the length in front and the type behind aside.
    """
    kinds = [number for number, _ in extensions]
    chain = b"".join(
        bytes((len(content) // 4 + 1,)) + content + bytes((following,))
        for (_, content), following in zip(extensions, (*kinds[1:], 0), strict=False)
    )
    optional = {"seq": seq or 0, "npdu": 0, "next_ex": (*kinds, 0)[0]} if extensions or seq is not None else {}
    flags = {"E": int(bool(extensions)), "S": int(seq is not None)}
    inside = chain + bytes(payload)
    header = GTP_U_Header(
        **{
            "teid": teid,
            "gtp_type": kind,
            "length": len(inside) + (4 if optional else 0),
            **flags,
            **optional,
            **fields,
        }
    )
    return udp(bytes(_carry(header, inside)), sport, dport)


def session_container(qfi: int, *, kind: int = 0, rqi: bool = False, more: bytes = b"") -> tuple[int, bytes]:
    """A PDU Session Container (3GPP TS 38.415 5.5.2) as an extension of `gtpu`: ``kind`` 0 downlink, 1 uplink."""
    return 0x85, bytes((kind << 4, rqi << 6 | qfi)) + more


def tcp(
    data: bytes = b"",
    sport: int = 1234,
    dport: int = 80,
    *,
    flags: int = 0x10,
    seq: int = 1,
    ack: int = 1,
    csum: int | None = None,
) -> Packet:
    """A TCP segment without options."""
    fields = {"flags": flags, "seq": seq, "ack": ack, "window": 8192, **_given(chksum=csum)}
    return _carry(TCP(sport=sport, dport=dport, **fields), data)


def icmp6(kind: int, code: int, body: bytes, *, csum: int | None = None) -> Packet:
    """An ICMPv6 message of any type (RFC 4443 section 2.1)."""
    return _carry(ICMPv6Unknown(type=kind, code=code, msgbody=body, **_given(cksum=csum)), None)


def echo_request(*, ident: int = 1, seq: int = 1, data: bytes = b"ping") -> Packet:
    """ICMPv6 echo request."""
    return _carry(ICMPv6EchoRequest(id=ident, seq=seq, data=data), None)


def icmp4(kind: int, code: int, body: bytes, *, csum: int | None = None) -> Packet:
    """An ICMPv4 message of any type (RFC 792): ``body`` has four bytes of header data first."""
    return _carry(Icmp(type=kind, code=code, **_given(chksum=csum)), body)


def neighbor_solicitation(
    target: Address6, mac: str | None, *, code: int = 0, csum: int | None = None, options: bytes = b""
) -> Packet:
    """A Neighbour Solicitation (RFC 4861 4.3); ``mac`` None: without the source link-layer address option."""
    message = ICMPv6ND_NS(tgt=str(target), code=code, **_given(cksum=csum))
    more = _bytes(options) if options else None
    return _carry(message, more if mac is None else _carry(ICMPv6NDOptSrcLLAddr(lladdr=mac), more))


def neighbor_advertisement(target: Address6, mac: str | None, flags: int) -> Packet:
    """A Neighbour Advertisement (RFC 4861 4.4); ``flags``: 0x80 router, 0x40 solicited, 0x20 override.

    ``mac`` None: without the target link-layer address option.
    """
    message = ICMPv6ND_NA(tgt=str(target), R=flags >> 7, S=flags >> 6 & 1, O=flags >> 5 & 1)
    return _carry(message, None if mac is None else _carry(ICMPv6NDOptDstLLAddr(lladdr=mac), None))
