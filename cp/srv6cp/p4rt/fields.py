# SPDX-License-Identifier: Apache-2.0
"""Match fields and parameters between Python values and protobuf, with everything looked up beforehand.

One object per field of the program holds its id, width and format, so that encoding an entry costs one
dictionary lookup and one method call a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from p4rtlib.objects import ActionInfo, FieldInfo, MatchFieldInfo, MatchKind
from p4rtlib.values import Format, canonical, encode_value, format_value, show_value, to_int

from .entities import Lpm, MatchValue, Range, Ternary, Value
from .errors import DecodeError, EntityError, UnknownName

__all__ = ["ActionCodec", "MatchCodec"]

_MISSING = object()


class _FieldCodec:
    """Base: ``encode(out, value)`` appends a FieldMatch to ``out``, ``decode(message)`` reads one."""

    __slots__ = ("form", "full", "id", "kind", "name", "width")
    required = False

    def __init__(self, info: MatchFieldInfo) -> None:
        self.id = info.id
        self.name = info.name
        self.width = info.width
        self.form = info.format
        self.kind = info.kind.value
        self.full = (1 << info.width) - 1

    def encode(self, out: Any, value: Any) -> None:
        raise NotImplementedError

    def decode(self, message: Any) -> MatchValue:
        raise NotImplementedError

    def missing(self) -> MatchValue | None:
        """The value of a field that the switch left out, None when it is best left out too."""
        return None


class _Exact(_FieldCodec):
    required = True

    def encode(self, out: Any, value: Any) -> None:
        data = encode_value(value, self.width)
        match = out.add()
        match.field_id = self.id
        match.exact.value = data

    def decode(self, message: Any) -> MatchValue:
        return format_value(message.exact.value, self.form)


class _Optional(_FieldCodec):
    def encode(self, out: Any, value: Any) -> None:
        if value is None:
            return
        data = encode_value(value, self.width)
        match = out.add()
        match.field_id = self.id
        match.optional.value = data

    def decode(self, message: Any) -> MatchValue:
        return format_value(message.optional.value, self.form)


class _LpmField(_FieldCodec):
    def encode(self, out: Any, value: Any) -> None:
        if isinstance(value, (IPv6Network, IPv4Network)):
            if value.max_prefixlen != self.width:
                raise ValueError(f"{value} is an IPv{value.version} prefix, the field has {self.width} bits")
            number, length = int(value.network_address), value.prefixlen
        else:
            number, length = self._pair(value)
        if not length:
            return
        match = out.add()
        match.field_id = self.id
        lpm = match.lpm
        lpm.value = number.to_bytes((number.bit_length() + 7) >> 3 or 1, "big")
        lpm.prefix_len = length

    def _pair(self, value: Any) -> tuple[int, int]:
        if isinstance(value, str) and "/" in value:
            text, _, suffix = value.partition("/")
            if not suffix.isdecimal():
                raise ValueError(f"{value!r}: the prefix length must be a number")
            value = (text, int(suffix))
        if not isinstance(value, tuple):
            value = (value, self.width)
        if len(value) != 2 or not isinstance(value[1], int):
            raise ValueError(f"{value!r} is not a prefix: give a network or (value, prefix length)")
        number, length = to_int(value[0], self.width), value[1]
        if not 0 <= length <= self.width:
            raise ValueError(f"{_slash(value)}: the prefix length must be 0..{self.width}")
        if number & ((1 << (self.width - length)) - 1):
            raise ValueError(f"{_slash(value)} has bits set after the prefix")
        return number, length

    def decode(self, message: Any) -> MatchValue:
        return self._value(int.from_bytes(message.lpm.value, "big"), message.lpm.prefix_len)

    def missing(self) -> MatchValue:
        return self._value(0, 0)

    def _value(self, number: int, length: int) -> MatchValue:
        if self.form is Format.IPV6:
            return IPv6Network((number, length))
        if self.form is Format.IPV4:
            return IPv4Network((number, length))
        return Lpm(format_value(canonical(number), self.form), length)


class _TernaryField(_FieldCodec):
    def encode(self, out: Any, value: Any) -> None:
        if isinstance(value, tuple):
            number, mask = to_int(value[0], self.width), to_int(value[1], self.width)
        elif isinstance(value, (IPv6Network, IPv4Network)):
            number, mask = to_int(value.network_address, self.width), int(value.netmask)
        else:
            number, mask = to_int(value, self.width), self.full
        if not mask:
            return
        if number & ~mask:
            raise ValueError(f"{_show(value)} has value bits set outside its mask")
        match = out.add()
        match.field_id = self.id
        match.ternary.value = canonical(number)
        match.ternary.mask = canonical(mask)

    def decode(self, message: Any) -> MatchValue:
        ternary = message.ternary
        return Ternary(format_value(ternary.value, self.form), format_value(ternary.mask, self.form))


class _RangeField(_FieldCodec):
    def encode(self, out: Any, value: Any) -> None:
        low, high = value if isinstance(value, tuple) else (value, value)
        first, last = to_int(low, self.width), to_int(high, self.width)
        if first > last:
            raise ValueError(f"{_show(value)} is an empty range: low must not exceed high")
        if first == 0 and last == self.full:
            return
        match = out.add()
        match.field_id = self.id
        match.range.low = canonical(first)
        match.range.high = canonical(last)

    def decode(self, message: Any) -> MatchValue:
        return Range(format_value(message.range.low, self.form), format_value(message.range.high, self.form))


_CODECS: dict[MatchKind, type[_FieldCodec]] = {
    MatchKind.EXACT: _Exact,
    MatchKind.LPM: _LpmField,
    MatchKind.TERNARY: _TernaryField,
    MatchKind.RANGE: _RangeField,
    MatchKind.OPTIONAL: _Optional,
}


class MatchCodec:
    """The key of one table or value set. ``where`` names it in messages."""

    def __init__(self, fields: Sequence[MatchFieldInfo], where: str) -> None:
        self.where = where
        self._fields = [_CODECS[info.kind](info) for info in fields]
        self._encoders = [(codec.name, codec.encode, codec.required) for codec in self._fields]
        self._by_id = {codec.id: codec for codec in self._fields}
        self._defaults = [(c.id, c.name, c.missing()) for c in self._fields if c.missing() is not None]

    def encode(self, match: Mapping[str, MatchValue], out: Any) -> None:
        """Append the fields of ``match`` to the repeated field ``out``, in the program's order."""
        used = 0
        for name, encode, required in self._encoders:
            value = match.get(name, _MISSING)
            if value is _MISSING:
                if required:
                    raise EntityError(f"{self.where}: exact match field {name!r} is missing")
                continue
            used += 1
            try:
                encode(out, value)
            except (ValueError, TypeError) as error:
                raise EntityError(f"{self.where}: match field {name!r}: {error}") from None
        if used != len(match):
            names = [name for name, _, _ in self._encoders]
            raise UnknownName("match field", next(n for n in match if n not in names), names, self.where)

    def decode(self, fields: Any) -> dict[str, MatchValue]:
        """The match by field names, in the program's order; LPM fields left out come back with length 0."""
        values: dict[str, MatchValue] = {}
        for message in fields:
            codec = self._by_id.get(message.field_id)
            if codec is None:
                raise DecodeError(f"{self.where}: match field {message.field_id} is not in the p4info")
            values[codec.name] = codec.decode(message)
        if len(values) == len(self._fields):
            return values
        for _, name, value in self._defaults:
            values.setdefault(name, value)  # type: ignore[arg-type]
        return {codec.name: values[codec.name] for codec in self._fields if codec.name in values}


class ActionCodec:
    """One action with its parameters."""

    def __init__(self, info: ActionInfo) -> None:
        self.id = info.id
        self.name = info.alias
        self._params = [(p.name, p.id, p.width) for p in info.params]
        self._by_id: dict[int, FieldInfo] = {p.id: p for p in info.params}

    def encode(self, params: Mapping[str, Value], out: Any, where: str) -> None:
        """Fill the protobuf Action ``out``."""
        out.action_id = self.id
        if len(params) != len(self._params):
            self._mismatch(params, where)
        add = out.params.add
        for name, id_, width in self._params:
            try:
                data = encode_value(params[name], width)
            except KeyError:
                self._mismatch(params, where)
                raise
            except (ValueError, TypeError) as error:
                raise EntityError(f"{where}: action {self.name!r}: parameter {name!r}: {error}") from None
            param = add()
            param.param_id = id_
            param.value = data

    def decode(self, message: Any) -> dict[str, Value]:
        """The parameters by name."""
        params: dict[str, Value] = {}
        for param in message.params:
            info = self._by_id.get(param.param_id)
            if info is None:
                raise DecodeError(f"action {self.name!r}: parameter {param.param_id} is not in the p4info")
            params[info.name] = format_value(param.value, info.format)
        return params

    def _mismatch(self, params: Mapping[str, Value], where: str) -> None:
        names = [name for name, _, _ in self._params]
        place = f"{where}: action {self.name!r}"
        for name in params:
            if name not in names:
                raise UnknownName("parameter", name, names, place)
        absent = [name for name in names if name not in params]
        raise EntityError(f"{place}: parameter{'s' if len(absent) > 1 else ''} {', '.join(map(repr, absent))} missing")


def _slash(value: tuple[Any, ...]) -> str:
    return f"{show_value(value[0])}/{value[1]}"


def _show(value: Any) -> str:
    if isinstance(value, tuple):
        return ("..", "&&&")[isinstance(value, Ternary)].join(map(show_value, value))
    return show_value(value) if isinstance(value, (int, str, bytes, IPv4Address, IPv6Address)) else str(value)
