# SPDX-License-Identifier: Apache-2.0
"""Packet-ins, packet-outs and digests between protobuf and names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from p4rtlib.objects import HeaderInfo
from p4rtlib.p4info import P4Info
from p4rtlib.protos import p4runtime_pb2
from p4rtlib.values import encode_value

from .errors import DecodeError, EntityError, UnknownName
from .messages import DigestList, PacketIn
from .p4data import bit_members, decode_data

__all__ = ["PacketCodec"]


class PacketCodec:
    """Encoder and decoder of stream messages for one program; one without packet I/O has empty headers."""

    def __init__(self, info: P4Info) -> None:
        self._info = info
        packet_in: HeaderInfo | None = info.headers.get("packet_in")
        packet_out: HeaderInfo | None = info.headers.get("packet_out")
        self._names = {field.id: field.name for field in packet_in.fields} if packet_in else {}
        self._out = [(field.name, field.id, field.width) for field in packet_out.fields] if packet_out else []
        self._out_names = {name for name, _, _ in self._out}

    def encode(self, payload: bytes, metadata: Mapping[str, int]) -> Any:
        """The StreamMessageRequest for a packet-out; fields of the header left out are 0."""
        if not metadata.keys() <= self._out_names:
            name = next(n for n in metadata if n not in self._out_names)
            raise UnknownName("packet-out field", name, self._out_names)
        request = p4runtime_pb2.StreamMessageRequest()
        packet = request.packet
        packet.payload = payload
        for name, id_, width in self._out:
            item = packet.metadata.add()
            item.metadata_id = id_
            try:
                item.value = encode_value(metadata.get(name, 0), width)
            except ValueError as error:
                raise EntityError(f"packet-out field {name!r}: {error}") from None
        return request

    def decode(self, packet: Any) -> PacketIn:
        """The packet-in of a protobuf PacketIn; fields that the p4info does not name are left out."""
        names = self._names
        return PacketIn(
            packet.payload,
            {
                names[item.metadata_id]: int.from_bytes(item.value, "big")
                for item in packet.metadata
                if item.metadata_id in names
            },
        )

    def decode_digest(self, message: Any) -> DigestList:
        """The digest list of a protobuf DigestList."""
        info = self._info.digests.ids.get(message.digest_id)
        if info is None:
            raise DecodeError(f"digest id 0x{message.digest_id:08x} is not in the p4info")
        types = self._info.proto.type_info
        names = bit_members(info.type_spec, types)
        data: tuple[Any, ...]
        if names is None:
            data = tuple(decode_data(item, info.type_spec, types) for item in message.data)
        else:  # as the usual one is, of which many come
            number = int.from_bytes
            data = tuple(
                dict(zip(names, (number(each.bitstring, "big") for each in item.struct.members), strict=False))
                for item in message.data
            )
        return DigestList(info.alias, message.list_id, data, message.timestamp)
