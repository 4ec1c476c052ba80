# SPDX-License-Identifier: Apache-2.0
"""Packet-in and packet-out: between controller headers on the wire of the CPU port and metadata (16.1)."""

from __future__ import annotations

from typing import Any

from p4rtlib.objects import HeaderInfo
from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import canonical
from softswitch.p4runtime.errors import invalid
from softswitch.p4runtime.schema import Schema
from softswitch.p4runtime.values import value_of

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
    length = header.size
    if len(frame) < length:
        return None
    packed = int.from_bytes(frame[:length], "big")
    left = length * 8
    for field in header.fields:
        left -= field.width
        metadata = packet.metadata.add()
        metadata.metadata_id = field.id
        metadata.value = canonical(packed >> left & field.full)
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
    known = {field.id: field for field in header.fields}
    for metadata in message.metadata:
        if metadata.metadata_id not in known:
            raise invalid(f"packet-out: unknown metadata id {metadata.metadata_id}; valid: {_choices(header)}")
        field = known[metadata.metadata_id]
        if field.id in values:
            raise invalid(f"packet-out: metadata {field.name} is given twice")
        values[field.id] = value_of(metadata.value, field.width, f"packet-out metadata {field.name}")
    packed = 0
    for field in header.fields:
        if field.id not in values and not field.name.lstrip("_").startswith("pad"):
            raise invalid(f"packet-out: metadata {field.name} (id {field.id}) is missing; needed: {_choices(header)}")
        packed = packed << field.width | values.get(field.id, 0)
    packed <<= header.size * 8 - header.bits
    return packed.to_bytes(header.size, "big") + bytes(message.payload)


def _choices(header: HeaderInfo) -> str:
    return ", ".join(f"{field.id} ({field.name})" for field in header.fields) or "none"
