# SPDX-License-Identifier: Apache-2.0
"""Match keys and actions between protobuf messages and the values of the device.

Decoding accepts what section 9.1.1 of P4Runtime 1.5 allows and nothing else; encoding is canonical.  This is
the hot path of ``Write``: the checks that pass are a few integer operations, the texts are made when one
fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from p4rtlib.objects import ActionInfo, ActionRef, MatchFieldInfo, MatchKind, Scope, TableInfo
from p4rtlib.protos import code_pb2
from p4rtlib.values import canonical
from softswitch.p4runtime.errors import Fault, choices, invalid, out_of_range, permission_denied
from softswitch.p4runtime.schema import Schema
from softswitch.p4runtime.values import format_value, value_of
from softswitch.state.values import ActionSpec, Exact, Key, Lpm, MatchKey, Range, Ternary

__all__ = ["BoundAction", "KeyCodec", "decode_action", "describe_key", "encode_action", "index_of", "port_of"]


class BoundAction(NamedTuple):
    """An action of the schema with its arguments in declaration order."""

    info: ActionInfo
    args: tuple[int, ...]

    @property
    def spec(self) -> ActionSpec:
        """As the device takes it."""
        return ActionSpec(self.info.name, self.args)


# ---------------------------------------------------------------------------- match fields


def _wrong_kind(field: MatchFieldInfo, match: Any) -> NoReturn:
    given = match.WhichOneof("field_match_type") or "nothing"
    raise invalid(f"{field.where}: match of kind {given} given, the field is {field.kind.value}")


def _bad_value(data: bytes, field: MatchFieldInfo, match: Any) -> NoReturn:
    """Explain a value that failed the fast check."""
    if match.WhichOneof("field_match_type") != field.kind.value:
        _wrong_kind(field, match)
    value_of(data, field.width, field.where)
    raise AssertionError("value_of accepts what the fast path refused")


def _exact(field: MatchFieldInfo) -> Callable[[Any], MatchKey]:
    width, number = field.width, int.from_bytes

    def decode(match: Any) -> MatchKey:
        data = match.exact.value
        value = number(data, "big")
        if not data or value >> width:
            _bad_value(data, field, match)
        return Exact(value)

    return decode


def _lpm(field: MatchFieldInfo) -> Callable[[Any], MatchKey]:
    width, full, number = field.width, field.full, int.from_bytes

    def decode(match: Any) -> MatchKey:
        lpm = match.lpm
        data = lpm.value
        value = number(data, "big")
        if not data or value >> width:
            _bad_value(data, field, match)
        length = lpm.prefix_len
        if not 0 < length <= width:
            hint = "; leave the field out to match everything" if length == 0 else ""
            raise invalid(f"{field.where}: prefix length {length} is not in 1..{width}{hint}")
        if value & (full >> length):
            raise invalid(
                f"{field.where}: {format_value(value, field.format)} has bits outside its prefix"
                f" /{length}; valid: {format_value(value & ~(full >> length), field.format)}/{length}"
            )
        return Lpm(value, length)

    return decode


def _ternary(field: MatchFieldInfo) -> Callable[[Any], MatchKey]:
    width = field.width

    def decode(match: Any) -> MatchKey:
        if match.WhichOneof("field_match_type") != "ternary":
            _wrong_kind(field, match)
        value = value_of(match.ternary.value, width, field.where)
        mask = value_of(match.ternary.mask, width, f"{field.where}, mask")
        if not mask:
            raise invalid(f"{field.where}: the mask is 0; leave the field out to match everything")
        if value & ~mask:
            raise invalid(
                f"{field.where}: {hex(value)} has bits outside its mask {hex(mask)};"
                f" valid: {hex(value & mask)}&&&{hex(mask)}"
            )
        return Ternary(value, mask)

    return decode


def _optional(field: MatchFieldInfo) -> Callable[[Any], MatchKey]:
    def decode(match: Any) -> MatchKey:
        if match.WhichOneof("field_match_type") != "optional":
            _wrong_kind(field, match)
        return Ternary(value_of(match.optional.value, field.width, field.where), field.full)

    return decode


def _range(field: MatchFieldInfo) -> Callable[[Any], MatchKey]:
    def decode(match: Any) -> MatchKey:
        if match.WhichOneof("field_match_type") != "range":
            _wrong_kind(field, match)
        low = value_of(match.range.low, field.width, f"{field.where}, low")
        high = value_of(match.range.high, field.width, f"{field.where}, high")
        if low > high:
            raise invalid(f"{field.where}: range {low}..{high} is empty")
        if low == 0 and high == field.full:
            raise invalid(f"{field.where}: the range holds every value; leave the field out to match everything")
        return Range(low, high)

    return decode


_DECODERS = {
    MatchKind.EXACT: _exact,
    MatchKind.LPM: _lpm,
    MatchKind.TERNARY: _ternary,
    MatchKind.OPTIONAL: _optional,
    MatchKind.RANGE: _range,
}


class KeyCodec:
    """Match keys of one table or value set: ``fields`` in the order of the device's key."""

    def __init__(self, where: str, fields: tuple[MatchFieldInfo, ...]) -> None:
        self.where = where
        self.fields = fields
        self._wild: list[MatchKey | None] = [self._dont_care(field) for field in fields]
        self._decoders = {field.id: (place, _DECODERS[field.kind](field)) for place, field in enumerate(fields)}
        self._mandatory = tuple(place for place, wild in enumerate(self._wild) if wild is None)

    @staticmethod
    def _dont_care(field: MatchFieldInfo) -> MatchKey | None:
        if field.kind is MatchKind.LPM:
            return Lpm(0, 0)
        if field.kind in (MatchKind.TERNARY, MatchKind.OPTIONAL):
            return Ternary(0, 0)
        if field.kind is MatchKind.RANGE:
            return Range(0, field.full)
        return None

    def decode(self, matches: Any) -> Key:
        """The key in ``matches`` (repeated ``FieldMatch``); fields left out are "don't care"."""
        slots = self._wild.copy()
        for match in matches:
            known = self._decoders.get(match.field_id)
            if known is None:
                raise invalid(f"{self.where}: unknown match field id {match.field_id}; valid: {self._choices()}")
            place, decoder = known
            if slots[place] is not self._wild[place]:
                raise invalid(f"{self.fields[place].where}: given twice")
            slots[place] = decoder(match)
        for place in self._mandatory:
            if slots[place] is None:
                raise invalid(
                    f"{self.where}: exact match field {self.fields[place].name} (id {self.fields[place].id}) is missing"
                )
        return tuple(slots)  # type: ignore[arg-type]

    def _choices(self) -> str:
        return ", ".join(f"{field.id} ({field.name})" for field in self.fields) or "none, the table has no key"

    def encode(self, key: Key, matches: Any) -> None:
        """Append the canonical ``FieldMatch`` messages of ``key`` to ``matches``; "don't care" is left
        out."""
        for field, part in zip(self.fields, key, strict=False):
            kind = field.kind
            if kind is MatchKind.EXACT:
                match = matches.add()
                match.field_id = field.id
                match.exact.value = canonical(part[0])
            elif kind is MatchKind.RANGE:
                if part != (0, field.full):
                    match = matches.add()
                    match.field_id = field.id
                    match.range.low, match.range.high = canonical(part[0]), canonical(part[1])  # type: ignore[misc]
            elif part[1]:  # type: ignore[misc]
                match = matches.add()
                match.field_id = field.id
                if kind is MatchKind.LPM:
                    match.lpm.value = canonical(part[0])
                    match.lpm.prefix_len = part[1]  # type: ignore[misc]
                elif kind is MatchKind.TERNARY:
                    match.ternary.value, match.ternary.mask = canonical(part[0]), canonical(part[1])  # type: ignore[misc]
                else:
                    match.optional.value = canonical(part[0])


def describe_key(table: TableInfo, key: Key, priority: int = 0) -> str:
    """``ipv6_dst=2001:db8::/32`` for error messages, with the priority where the table has one."""
    parts = []
    for field, part in zip(table.fields, key, strict=False):
        text = format_value(part[0], field.format)
        if isinstance(part, Lpm):
            text += f"/{part.prefix_len}"
        elif isinstance(part, Ternary):
            text = "*" if not part.mask else text if part.mask == field.full else f"{hex(part[0])}&&&{hex(part.mask)}"
        elif isinstance(part, Range):
            text = f"{part.low}..{part.high}"
        parts.append(f"{field.name}={text}")
    if table.has_priority:
        parts.append(f"priority={priority}")
    return " ".join(parts) or "(no key)"


# ---------------------------------------------------------------------------- actions


def decode_action(
    schema: Schema, message: Any, actions: Mapping[int, ActionRef], where: str, *, default: bool = False
) -> BoundAction:
    """Check an ``Action`` message against the ``actions`` that ``where`` offers (``default``: as default
    action)."""
    ref = actions.get(message.action_id)
    if ref is None:
        known = schema.actions.get(message.action_id)
        name = f"action {known.name}" if known else f"unknown action id {message.action_id}"
        raise invalid(f"{where}: {name} is not valid here; valid: {choices(r.action.name for r in actions.values())}")
    if ref.scope is not Scope.ANYWHERE:
        if ref.scope is Scope.GROUP_ONLY:
            raise invalid(f"{where}: action {ref.action.name} can only be the group action of a one-shot action set")
        if default == (ref.scope is Scope.TABLE_ONLY):
            usable = "in table entries" if default else "as default action"
            raise permission_denied(f"{where}: action {ref.action.name} can only be used {usable}")
    info = ref.action
    args: list[int | None] = [None] * len(info.params)
    for param in message.params:
        place = info.positions.get(param.param_id)
        if place is None:
            valid = ", ".join(f"{p.id} ({p.name})" for p in info.params) or "none"
            raise invalid(f"{where}: action {info.name} has no parameter id {param.param_id}; valid: {valid}")
        if args[place] is not None:
            raise invalid(f"{where}: parameter {info.params[place].name} of action {info.name} is given twice")
        data = param.value
        value = int.from_bytes(data, "big")
        known_param = info.params[place]
        if not data or value >> known_param.width:
            value_of(data, known_param.width, f"{where}: {known_param.where}")
        args[place] = value
    if None in args:
        missing = ", ".join(p.name for p, value in zip(info.params, args, strict=False) if value is None)
        raise invalid(f"{where}: action {info.name} lacks {missing}")
    values: tuple[int, ...] = tuple(args)  # type: ignore[arg-type]
    constraint = schema.constraints.get(info.id)
    if constraint is not None:
        failed = constraint.failed([(value,) for value in values])
        if failed is not None:
            raise invalid(f"{where}: action {info.name} violates its @action_restriction: {failed}")
    return BoundAction(info, values)


def encode_action(action: BoundAction, message: Any) -> None:
    """Write ``action`` into an ``Action`` message."""
    info, args = action
    message.action_id = info.id
    for param, value in zip(info.params, args, strict=False):
        slot = message.params.add()
        slot.param_id = param.id
        slot.value = canonical(value)


def port_of(data: bytes, what: str, width: int = 9) -> int:
    """A port number in ``data``: at most ``width`` bits, ``INVALID_ARGUMENT`` otherwise (9.2.2, 9.5)."""
    try:
        return value_of(data, width, what)
    except Fault as fault:
        if fault.code == code_pb2.OUT_OF_RANGE:
            raise invalid(fault.message) from None
        raise


def index_of(message: Any, size: int, what: str) -> int:
    """A checked array index: negative is ``INVALID_ARGUMENT``, beyond ``size`` is ``OUT_OF_RANGE``
    (9.3.2)."""
    index = int(message.index.index)
    if index < 0:
        raise invalid(f"{what}: index {index} is negative; valid: 0..{size - 1}")
    if index >= size:
        raise out_of_range(f"{what}: index {index} is not in 0..{size - 1}")
    return index
