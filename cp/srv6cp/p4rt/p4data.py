# SPDX-License-Identifier: Apache-2.0
"""P4Data, the values of registers and digests (P4Runtime 8.4.3), to and from Python.

``bit`` and ``int`` are ints, ``bool`` bool, ``varbit`` ``{"bits": width, "value": int}``, tuples tuples,
structs and headers dicts by member name (an invalid header is None), serialisable enums ints, other enums and
errors strings.
"""

from __future__ import annotations

from typing import Any

from p4rtlib.values import encode_value

from .entities import Data
from .errors import EntityError

__all__ = ["bit_members", "decode_data", "encode_data"]


def encode_data(value: Data, spec: Any, types: Any, out: Any, where: str) -> None:
    """Fill the P4Data ``out`` with ``value`` of type ``spec``; ``types`` is the p4info's type_info."""
    kind = spec.WhichOneof("type_spec")
    try:
        if kind == "bitstring":
            out.bitstring = _encode_bits(value, spec.bitstring)
        elif kind == "bool":
            out.bool = bool(value)
        elif kind in ("struct", "header", "tuple"):
            _encode_members(value, spec, kind, types, out, where)
        elif kind == "serializable_enum":
            out.enum_value = encode_value(
                value, types.serializable_enums[spec.serializable_enum.name].underlying_type.bitwidth
            )
        elif kind == "enum":
            out.enum = str(value)
        elif kind == "error":
            out.error = str(value)
        elif kind == "new_type":
            encode_data(value, types.new_types[spec.new_type.name].original_type, types, out, where)
        else:
            raise EntityError(f"{where}: values of P4 type {kind!r} are not supported")
    except (ValueError, TypeError) as error:
        if isinstance(error, EntityError):
            raise
        raise EntityError(f"{where}: {error}") from None


def decode_data(message: Any, spec: Any, types: Any) -> Data:
    """The Python value of the P4Data ``message``; ``spec`` gives member names and signs."""
    kind = message.WhichOneof("data")
    if kind == "bitstring":
        return _decode_bits(message.bitstring, spec)
    if kind == "bool":
        return bool(message.bool)
    if kind == "varbit":
        return {"bits": message.varbit.bitwidth, "value": int.from_bytes(message.varbit.bitstring, "big")}
    if kind == "tuple":
        return tuple(decode_data(m, s, types) for m, s in zip(message.tuple.members, spec.tuple.members, strict=False))
    if kind == "struct":
        members = types.structs[spec.struct.name].members
        return {
            s.name: decode_data(m, s.type_spec, types) for m, s in zip(message.struct.members, members, strict=False)
        }
    if kind == "header":
        if not message.header.is_valid:
            return None
        members = types.headers[spec.header.name].members
        return {s.name: int.from_bytes(b, "big") for b, s in zip(message.header.bitstrings, members, strict=False)}
    if kind == "enum_value":
        return int.from_bytes(message.enum_value, "big")
    if kind in ("enum", "error"):
        return str(getattr(message, kind))
    return None


def bit_members(spec: Any, types: Any) -> tuple[str, ...] | None:
    """Member names of a struct of nothing but ``bit``; None for any other type."""
    if spec.WhichOneof("type_spec") != "struct":
        return None
    members = types.structs[spec.struct.name].members
    kinds = (each.type_spec for each in members)
    if all(k.WhichOneof("type_spec") == "bitstring" and k.bitstring.WhichOneof("type_spec") == "bit" for k in kinds):
        return tuple(each.name for each in members)
    return None


def _encode_bits(value: Data, bits: Any) -> bytes:
    if bits.WhichOneof("type_spec") == "int":
        width = bits.int.bitwidth
        if not isinstance(value, int) or not -(1 << (width - 1)) <= value < 1 << (width - 1):
            raise ValueError(f"{value!r} is not a signed number of {width} bits")
        return value.to_bytes((width + 7) // 8, "big", signed=True)
    return encode_value(value, bits.bit.bitwidth)


def _decode_bits(data: bytes, spec: Any) -> int:
    signed = spec.WhichOneof("type_spec") == "bitstring" and spec.bitstring.WhichOneof("type_spec") == "int"
    return int.from_bytes(data, "big", signed=signed)


def _encode_members(value: Data, spec: Any, kind: str, types: Any, out: Any, where: str) -> None:
    if kind == "tuple":
        if not isinstance(value, tuple) or len(value) != len(spec.tuple.members):
            raise EntityError(f"{where}: {value!r} is not a tuple of {len(spec.tuple.members)}")
        for part, member in zip(value, spec.tuple.members, strict=True):
            encode_data(part, member, types, out.tuple.members.add(), where)
        return
    if kind == "header" and value is None:
        out.header.is_valid = False
        return
    members = (types.structs if kind == "struct" else types.headers)[getattr(spec, kind).name].members
    names = [member.name for member in members]
    if not isinstance(value, dict) or set(value) != set(names):
        raise EntityError(f"{where}: give a dict with the members {', '.join(names)}, not {value!r}")
    if kind == "header":
        out.header.is_valid = True
        out.header.bitstrings.extend(_encode_bits(value[m.name], m.type_spec) for m in members)
        return
    for member in members:
        encode_data(value[member.name], member.type_spec, types, out.struct.members.add(), f"{where}.{member.name}")
