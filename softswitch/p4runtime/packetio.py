# SPDX-License-Identifier: Apache-2.0
"""Packet-in and packet-out: between controller headers on the wire of the CPU port and metadata (16.1)."""

from __future__ import annotations

from typing import Any

from softswitch.p4runtime.errors import invalid
from softswitch.p4runtime.protos import p4runtime_pb2
from softswitch.p4runtime.schema import PacketHeader, Schema
from softswitch.p4runtime.values import bytes_of, value_of

__all__ = ["decode_packet_out", "encode_packet_in"]


def encode_packet_in(schema: Schema, frame: bytes) -> Any | None:
    """The ``StreamMessageResponse`` of a frame sent to the CPU port.

    The header ``packet_in`` is taken off its front.  ``None`` when the frame is shorter than that header.
    """
    response = p4runtime_pb2.StreamMessageResponse()
    packet = response.packet
    header = schema.packet_in
    if header is None:
        packet.payload = frame
        return response
    length = header.bits >> 3
    if len(frame) < length:
        return None
    packed = int.from_bytes(frame[:length], "big")
    left = header.bits
    for identity, _, width in header.fields:
        left -= width
        metadata = packet.metadata.add()
        metadata.metadata_id = identity
        metadata.value = bytes_of(packed >> left & (1 << width) - 1)
    packet.payload = frame[length:]
    return response


def decode_packet_out(schema: Schema, message: Any) -> bytes:
    """The frame that enters the CPU port for a ``PacketOut``: header ``packet_out``, then the payload.

    Metadata must be complete; bits the program calls padding may be left out (``pad``, ``_pad``,
    ``padding``).
    """
    header = schema.packet_out
    if header is None:
        if message.metadata:
            raise invalid("packet-out: metadata given, but the program has no packet_out header")
        return bytes(message.payload)
    values: dict[int, int] = {}
    known = {identity: (name, width) for identity, name, width in header.fields}
    for metadata in message.metadata:
        if metadata.metadata_id not in known:
            raise invalid(
                f"packet-out: unknown metadata id {metadata.metadata_id}; valid: {_choices(header)}"
            )
        name, width = known[metadata.metadata_id]
        if metadata.metadata_id in values:
            raise invalid(f"packet-out: metadata {name} is given twice")
        values[metadata.metadata_id] = value_of(metadata.value, width, f"packet-out metadata {name}")
    packed = 0
    for identity, name, width in header.fields:
        if identity not in values and not name.lstrip("_").startswith("pad"):
            raise invalid(
                f"packet-out: metadata {name} (id {identity}) is missing; needed: {_choices(header)}"
            )
        packed = packed << width | values.get(identity, 0)
    return packed.to_bytes(header.bits >> 3, "big") + bytes(message.payload)


def _choices(header: PacketHeader) -> str:
    return ", ".join(f"{identity} ({name})" for identity, name, _ in header.fields) or "none"
