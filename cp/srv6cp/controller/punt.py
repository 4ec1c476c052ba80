# SPDX-License-Identifier: Apache-2.0
"""Packets between data plane and controller: `packet_in` and `packet_out` of the P4 program as plain
values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from srv6cp.model.numbers import CPU_PORT, O_FLAG_TOO, PacketOutFlag, PuntReason

"""Ingress port of packets of the controller's own making."""


@dataclass(frozen=True)
class PacketIn:
    """A punted frame.

    `offset` is where the invoking IP header starts in `payload`; `pointer` counts from that header; `mtu` is
    in bytes and only meaningful for PACKET_TOO_BIG and FRAGMENT. `payload` is the frame as it arrived; for
    FRAGMENT it is the finished outgoing frame. `ingress_port` 510 marks a packet that the node had made.
    """

    reason: PuntReason
    payload: bytes
    ingress_port: int = 0
    vrf_id: int = 0
    offset: int = 14
    pointer: int = 0
    mtu: int = 0
    egress_port: int = 0
    nexthop_id: int = 0
    o_flag: bool = False
    """Whether it is a copy for the OAM process as well (RFC 9259 2.1.1); with the reason O_FLAG, that alone."""

    @classmethod
    def from_metadata(cls, payload: bytes, metadata: Mapping[str, int]) -> PacketIn:
        """From a P4Runtime packet-in with its metadata by name. Raises ValueError for an unknown reason."""
        reason = PuntReason(metadata["reason"] & ~O_FLAG_TOO)
        return cls(
            reason,
            payload,
            metadata["ingress_port"],
            metadata["vrf_id"],
            metadata["offset"],
            metadata["pointer"],
            metadata["mtu"],
            metadata["egress_port"],
            metadata["nexthop_id"],
            reason is PuntReason.O_FLAG or bool(metadata["reason"] & O_FLAG_TOO),
        )

    @property
    def own(self) -> bool:
        """True for a packet that the controller had made."""
        return self.ingress_port == CPU_PORT


@dataclass(frozen=True)
class PacketOut:
    """A frame to send: by `egress_port` as it is, or with `submit_to_ingress` through the pipeline.

    Submitted frames are routed in `vrf_id` as the node's own, or with `as_received` processed from the start
    as if they had just arrived by `ingress_port`; with `options_walked` their options are not looked at again.
    """

    payload: bytes
    egress_port: int = 0
    submit_to_ingress: bool = False
    as_received: bool = False
    ingress_port: int = 0
    vrf_id: int = 0
    options_walked: bool = False

    @property
    def metadata(self) -> dict[str, int]:
        """The packet_out fields by name."""
        flags = {"flags": int(PacketOutFlag.OPTIONS_WALKED)} if self.options_walked else {}
        return {
            "egress_port": self.egress_port,
            "submit_to_ingress": int(self.submit_to_ingress),
            "as_received": int(self.as_received),
            "ingress_port": self.ingress_port,
            "vrf_id": self.vrf_id,
            **flags,
        }


def routed(packet: bytes, vrf_id: int) -> PacketOut:
    """An IP packet of this node, to be routed in `vrf_id`. The data plane writes the MAC addresses."""
    ethertype = b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00"
    return PacketOut(bytes(12) + ethertype + packet, submit_to_ingress=True, vrf_id=vrf_id)


def framed(packet: bytes, port: int, vlan: int, source: bytes, target: bytes, ethertype: int) -> PacketOut:
    """`packet` straight out of `port` with these MAC addresses, tagged when `vlan` is not 0."""
    tag = b"\x81\x00" + vlan.to_bytes(2, "big") if vlan else b""
    return PacketOut(target + source + tag + ethertype.to_bytes(2, "big") + packet, egress_port=port)


def again(packet: PacketIn) -> PacketOut:
    """A punted packet once more: as it arrived, or as the node's own if it was that."""
    if packet.own:
        return PacketOut(packet.payload, submit_to_ingress=True, vrf_id=packet.vrf_id)
    return PacketOut(packet.payload, submit_to_ingress=True, as_received=True, ingress_port=packet.ingress_port)


def again_with_options(packet: PacketIn) -> PacketOut:
    """A punted packet once more, none of whose options hinders it."""
    return replace(again(packet), options_walked=True)
