# SPDX-License-Identifier: Apache-2.0
"""Scapy layers for SRv6, where scapy's own are wrong or missing.

* `SRH` (RFC 8754 2) replaces `IPv6ExtHdrSegmentRouting` on dissection. Field names are scapy's; the flags are
  one field (`flags`, bit 0x20 is the O-flag of RFC 9259 2.1). A Last Entry or a TLV that points beyond the
  header is shown as far as the header goes and never eats the payload, so that malformed packets can be built
  and read.
* `Tlv`, `Pad1`, `PadN`, `HmacTlv` (RFC 8754 2.1): the length of any TLV is computed; the HMAC TLV has the
  RFC's layout.
* Next header 143 (RFC 8986 10.1) is Ethernet in both directions.

Importing this module registers the layers with scapy. The Segment List field is in wire order (Segment
List[0] is the last segment), as in scapy; `build.srh` takes path order.
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    FieldLenField,
    FlagsField,
    IntField,
    PacketListField,
    StrLenField,
    XShortField,
)
from scapy.layers.inet6 import (
    IP6ListField,
    IPv6,
    IPv6ExtHdrSegmentRouting,
    _IPv6ExtHdr,
    ipv6nh,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, bind_layers

O_FLAG = 0x20
"""OAM flag of the SRH (RFC 9259 2.1)."""

_TLV_NAMES = {0: "Pad1", 4: "PadN", 5: "HMAC"}


class Tlv(Packet):
    """Any SRH TLV with a length byte: `Tlv(type=124, value=b"...")`; set `len` only to build a wrong one."""

    name = "SRH TLV"
    fields_desc: ClassVar = [
        ByteEnumField("type", 124, _TLV_NAMES),
        FieldLenField("len", None, length_of="value", fmt="B"),
        StrLenField("value", b"", length_from=lambda tlv: tlv.len),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes | None = None, *_args: Any, **_kwargs: Any) -> type[Packet]:
        """The class for the type byte in `_pkt` when dissecting."""
        if _pkt:
            return {0: Pad1, 4: PadN, 5: HmacTlv}.get(_pkt[0], cls)
        return cls

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        return b"", s


class Pad1(Packet):
    """Pad1 (RFC 8754 2.1.1.1): a single zero byte without length or value."""

    name = "SRH Pad1"
    fields_desc: ClassVar = [ByteEnumField("type", 0, _TLV_NAMES)]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        return b"", s


class PadN(Packet):
    """PadN (RFC 8754 2.1.1.2): `PadN(value=bytes(n))`, 2 + n bytes."""

    name = "SRH PadN"
    fields_desc: ClassVar = [
        ByteEnumField("type", 4, _TLV_NAMES),
        FieldLenField("len", None, length_of="value", fmt="B"),
        StrLenField("value", b"", length_from=lambda tlv: tlv.len),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        return b"", s


class HmacTlv(Packet):
    """HMAC TLV (RFC 8754 2.1.2): length 6 plus that of the digest, D bit, 15 reserved bits, 32-bit key id,
    digest."""

    name = "SRH HMAC TLV"
    fields_desc: ClassVar = [
        ByteEnumField("type", 5, _TLV_NAMES),
        FieldLenField("len", None, length_of="hmac", adjust=lambda _tlv, length: length + 6, fmt="B"),
        BitField("d", 0, 1),
        BitField("reserved", 0, 15),
        IntField("key_id", 0),
        StrLenField("hmac", b"", length_from=lambda tlv: max(0, tlv.len - 6)),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        return b"", s


def padding(length: int) -> list[Packet]:
    """The TLVs that fill exactly `length` bytes (0-7): nothing, one Pad1, or one PadN."""
    if length == 0:
        return []
    if length == 1:
        return [Pad1()]
    return [PadN(value=bytes(length - 2))]


def _entries(header: Any) -> int:
    """Entries of the Segment List that are really inside the header."""
    return min(int(header.lastentry) + 1, 8 * int(header.len) // 16)


class SRH(IPv6ExtHdrSegmentRouting):
    """Segment Routing Header. `addresses` is in wire order; `len`, `segleft` and `lastentry` are computed
    unless given.

    Computed: Hdr Ext Len from what is there (TLVs are padded to 8 bytes), Last Entry and Segments Left from
    the list as for a full SRH at its source. For a reduced one or one under way use `build.srh`.
    """

    name = "SRH"
    fields_desc: ClassVar = [
        ByteEnumField("nh", 59, ipv6nh),
        ByteField("len", None),
        ByteField("type", 4),
        ByteField("segleft", None),
        ByteField("lastentry", None),
        FlagsField("flags", 0, 8, ["U0", "U1", "U2", "U3", "U4", "O", "U6", "U7"]),
        XShortField("tag", 0),
        IP6ListField("addresses", [], count_from=_entries),  # type: ignore[no-untyped-call]
        PacketListField(
            "tlv_objects", [], Tlv, length_from=lambda header: max(0, 8 * header.len - 16 * _entries(header))
        ),
    ]
    overload_fields = {IPv6: {"nh": 43}}  # noqa: RUF012

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        fields = bytearray(pkt)
        if self.len is None:
            for tlv in padding(-len(fields) % 8):
                fields += bytes(tlv)
            fields[1] = (len(fields) - 8) // 8
        last = max(0, len(self.addresses) - 1)
        if self.segleft is None:
            fields[3] = last
        if self.lastentry is None:
            fields[4] = last
        return bytes(_IPv6ExtHdr.post_build(self, bytes(fields), pay))


def _dissect_with_ours(cls: Any, _pkt: bytes | None = None, *_args: Any, **_kwargs: Any) -> Any:
    return SRH if _pkt else cls


# Scapy names its class directly in the next-header guess, so the hook sits on that class.
IPv6ExtHdrSegmentRouting.dispatch_hook = classmethod(_dissect_with_ours)  # type: ignore[attr-defined]
bind_layers(IPv6, Ether, nh=143)

__all__ = ["O_FLAG", "SRH", "HmacTlv", "Pad1", "PadN", "Tlv", "padding"]
