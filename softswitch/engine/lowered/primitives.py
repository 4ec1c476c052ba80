# SPDX-License-Identifier: Apache-2.0
"""Primitives of the model to statements, and their jumps to blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from softswitch.bmv2json.model import (
    AccessField,
    Const,
    Expr,
    FieldRef,
    HeaderRef,
    ObjectRef,
    ParamRef,
    Primitive,
    RegisterRef,
    StackFieldRef,
    StackRef,
    StrConst,
    UnionStackRef,
    Vector,
)
from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered.expressions import Operands
from softswitch.engine.lowered.objects import Header
from softswitch.engine.lowered.storage import Storage
from softswitch.engine.lowered.values import Cell, Constant, Number, Read, arithmetic

Statements = list[s.Statement]


class Primitives:
    """Translates the primitives of one body; ``drop_port`` is what ``mark_to_drop`` writes."""

    def __init__(self, operands: Operands, drop_port: int) -> None:
        self.operands = operands
        self.storage: Storage = operands.storage
        self.drop_port = drop_port
        self._translators: dict[str, Callable[[Primitive], Statements]] = {
            "assign": self._assign,
            "modify_field": self._assign,
            "assign_VL": self._assign,
            "assign_header": self._assign_header,
            "copy_header": self._assign_header,
            "assign_header_stack": self._assign_stack,
            "assign_union": self._assign_union,
            "assign_union_stack": self._assign_stack,
            "add_header": self._add,
            "remove_header": self._remove,
            "push": self._shift,
            "pop": self._shift,
            "mark_to_drop": self._drop,
            "drop": self._drop,
            "count": self._count,
            "execute_meter": self._execute_meter,
            "register_read": self._register_read,
            "register_write": self._register_write,
            "modify_field_with_hash_based_offset": self._hash,
            "modify_field_rng_uniform": self._random,
            "generate_digest": lambda p: [s.SendDigest(self.operands.number(p.args[1]))],
            "clone_ingress_pkt_to_egress": self._clone,
            "clone_egress_pkt_to_egress": self._clone,
            "resubmit": lambda p: [s.Resubmit(self.operands.number(p.args[0]))],
            "recirculate": lambda p: [s.Recirculate(self.operands.number(p.args[0]))],
            "truncate": lambda p: [s.Truncate(self.operands.number(p.args[0]))],
            "log_msg": self._log,
            "assert": self._assert,
            "assume": self._assert,
            "no_op": lambda p: [],
        }

    # -- bodies

    def body(self, primitives: Sequence[Primitive]) -> s.Body:
        """Blocks of primitives, in their order; a jump to a primitive that is not there is refused."""
        count = len(primitives)
        starts, loops = {0, count}, False
        for place, primitive in enumerate(primitives):
            if primitive.op in ("_jump", "_jump_if_zero"):
                target = self._target(primitive)
                if not 0 <= target <= count:
                    raise self.operands.refuse(f"jump to primitive {target}", f"there are {count}")
                loops |= target <= place
                starts |= {target, place + 1}
        exits = [place for place, primitive in enumerate(primitives) if primitive.op == "exit"]
        last = exits == [count - 1] and not loops
        ordered = sorted(starts)
        numbers: dict[int, int | None] = {start: number for number, start in enumerate(ordered)}
        numbers[count] = None
        blocks = [self._block(primitives[start:end], numbers, end, last) for start, end in pairwise(ordered)]
        return s.Body(tuple(blocks), bool(exits) and not last)

    def _block(self, primitives: Sequence[Primitive], numbers: dict[int, int | None], end: int, last: bool) -> s.Block:
        found: Statements = []
        for primitive in primitives:
            if primitive.op == "_jump":
                return s.Block(tuple(found), numbers[self._target(primitive)])
            if primitive.op == "_jump_if_zero":
                condition = self.operands.truth(primitive.args[0])
                return s.Block(tuple(found), numbers[end], condition, numbers[self._target(primitive)])
            if primitive.op == "exit":
                found += [*_note(primitive), s.Exit(last)]
            else:
                found += self.statements(primitive)
        return s.Block(tuple(found), numbers[end])

    def _target(self, primitive: Primitive) -> int:
        target = primitive.args[-1]
        if not isinstance(target, Const):
            raise self.operands.refuse(f"{primitive.op} to a computed place")
        return target.value

    def statements(self, primitive: Primitive) -> Statements:
        """One primitive that does not change where control goes."""
        translate = self._translators.get(primitive.op)
        if translate is None:
            raise self.operands.refuse(f"primitive {primitive.op} here")
        found = translate(primitive)
        target = primitive.args[0] if primitive.args else None
        if primitive.op.startswith("assign") and isinstance(target, FieldRef) and target.field != "$valid$":
            return [*found, s.NoteField(self.storage.field(target))]
        return [*found, *_note(primitive)]

    # -- assignments

    def target(self, expr: Expr) -> s.Target:
        """What is assigned to."""
        if isinstance(expr, FieldRef) and expr.field != "$valid$":
            return self.storage.field(expr)
        if isinstance(expr, RegisterRef):
            return Cell(self.storage.registers[expr.register], self.operands.number(expr.index))
        if isinstance(expr, (StackFieldRef, AccessField)):
            fields, index = self.operands.fields(expr)
            return fields[index] if isinstance(index, int) else s.Picked(fields, index)
        raise self.operands.refuse(f"assignment to {type(expr).__name__}")

    def _number_target(self, expr: Expr) -> s.Target:
        target = self.target(expr)
        first = target.fields[0] if isinstance(target, s.Picked) else target
        if not isinstance(first, Cell) and first.varbit:
            raise self.operands.refuse("assignment of a number to a variable-length field")
        return target

    def assign(self, target: Expr, value: Number) -> s.Statement:
        """The assignment of a number."""
        return s.Assign(self._number_target(target), value)

    def _assign(self, primitive: Primitive) -> Statements:
        target, source = primitive.args
        if isinstance(target, FieldRef) and target.field == "$valid$":
            raise self.operands.refuse("assignment to the validity of a header")
        value = self.operands.read(source) if isinstance(source, (FieldRef, AccessField)) else None
        if isinstance(value, Read) and value.field.varbit:
            to = self.target(target)
            if isinstance(to, (s.Picked, Cell)):
                raise self.operands.refuse("variable-length assignment to a field chosen at run time")
            if not to.varbit:
                raise self.operands.refuse("variable-length field used as a number")
            return [s.AssignOctets(to, value.field)]
        return [self.assign(target, self.operands.number(source))]

    # -- headers

    def _each(self, expr: Expr, body: Callable[[Header], Statements]) -> Statements:
        headers, index = self.operands.headers(expr)
        if isinstance(index, int):
            return body(headers[index])
        return [s.Each(index, tuple(tuple(body(header)) for header in headers))]

    def _assign_header(self, primitive: Primitive) -> Statements:
        target, source = primitive.args
        return self._each(target, lambda to: self._each(source, lambda of: self._copies((to,), (of,))))

    def _each_union(self, expr: Expr, body: Callable[[tuple[Header, ...]], Statements]) -> Statements:
        unions, index = self.operands.unions(expr)
        if isinstance(index, int):
            return body(unions[index])
        return [s.Each(index, tuple(tuple(body(members)) for members in unions))]

    def _assign_union(self, primitive: Primitive) -> Statements:
        target, source = primitive.args
        return self._each_union(target, lambda to: self._each_union(source, lambda of: self._copies(to, of)))

    def _assign_stack(self, primitive: Primitive) -> Statements:
        target, source = map(self.operands.stack, primitive.args)
        found: Statements = [s.CopyFill(target, source)]
        if len(target.rows) != len(source.rows):
            raise self.operands.refuse(f"a copy of a stack of {len(source.rows)} to one of {len(target.rows)}")
        for to, of in zip(target.rows, source.rows, strict=True):
            found += self._copies(to, of)
        return found

    def _copies(self, target: tuple[Header, ...], source: tuple[Header, ...]) -> Statements:
        """Header by header; they must be of one kind, or what is copied is not what fits."""
        if [_shape(header) for header in target] != [_shape(header) for header in source]:
            names = ", ".join(repr(header.name) for header in (*source[:1], *target[:1]))
            raise self.operands.refuse(f"a copy between headers of different types ({names})")
        return [s.Copy(to, of) for to, of in zip(target, source, strict=True) if to is not of]

    def _add(self, primitive: Primitive) -> Statements:
        return self._each(primitive.args[0], lambda header: [] if header.metadata else [s.Add(header)])

    def _remove(self, primitive: Primitive) -> Statements:
        return self._each(primitive.args[0], lambda header: [] if header.metadata else [s.Remove(header)])

    def _shift(self, primitive: Primitive) -> Statements:
        where, count = primitive.args
        if not isinstance(count, Const) or not isinstance(where, (StackRef, UnionStackRef)):
            raise self.operands.refuse(f"{primitive.op} by a computed number")
        stack, number = self.operands.stack(where), count.value
        if not number:
            return []
        size = len(stack.rows)
        if primitive.op == "push":
            pairs = [(i, i - number) for i in range(size - 1, number - 1, -1)]
            gone = range(min(number, size))
        else:
            pairs = [(i, i + number) for i in range(size - number)]
            gone = range(max(0, size - number), size)
        swaps = [pair for a, b in pairs for pair in zip(stack.rows[a], stack.rows[b], strict=True)]
        by = number if primitive.op == "push" else -number
        return [s.Shift(stack, by, tuple(swaps), tuple(header for i in gone for header in stack.rows[i]))]

    # -- architecture

    def _drop(self, primitive: Primitive) -> Statements:
        found: Statements = []
        for name, value in (("standard_metadata.egress_spec", self.drop_port), ("intrinsic_metadata.mcast_grp", 0)):
            field = self.storage.standard(name)
            if field is not None:
                found.append(s.Assign(field, Constant(value)))
        return found

    def _name(self, expr: Expr, kind: str) -> str:
        if not isinstance(expr, ObjectRef) or expr.kind != kind:
            raise self.operands.refuse(f"{type(expr).__name__} where a {kind} is expected")
        return expr.name

    def _count(self, primitive: Primitive) -> Statements:
        counter = self.storage.counters[self._name(primitive.args[0], "counter_array")]
        return [s.Count(counter, self.operands.number(primitive.args[1]))]

    def _execute_meter(self, primitive: Primitive) -> Statements:
        where, index, target = primitive.args
        meter = self.storage.meters[self._name(where, "meter_array")]
        return [s.ExecuteMeter(meter, self.operands.number(index), self._number_target(target))]

    def _register_read(self, primitive: Primitive) -> Statements:
        target, where, index = primitive.args
        register = self.storage.registers[self._name(where, "register_array")]
        return [s.ReadRegister(register, self.operands.number(index), self._number_target(target))]

    def _register_write(self, primitive: Primitive) -> Statements:
        where, index, value = primitive.args
        register = self.storage.registers[self._name(where, "register_array")]
        return [s.WriteRegister(register, self.operands.number(index), self.operands.number(value))]

    def _hash(self, primitive: Primitive) -> Statements:
        target, base, where, size = primitive.args
        calculation = self.storage.calculations[self._name(where, "calculation")]
        number = self.operands.number
        return [s.Hash(self._number_target(target), number(base), calculation, number(size))]

    def _random(self, primitive: Primitive) -> Statements:
        target, least, most = primitive.args
        return [s.Random(self._number_target(target), self.operands.number(least), self.operands.number(most))]

    def _clone(self, primitive: Primitive) -> Statements:
        session, kept = primitive.args
        number = arithmetic("&", self.operands.number(session), Constant(s.CLONE_SESSIONS))
        return [s.Clone(arithmetic("|", number, Constant(s.CLONED)), self.operands.number(kept))]

    def _log(self, primitive: Primitive) -> Statements:
        text, values = primitive.args
        items = values.values if isinstance(values, Vector) else ()
        shown = text.value if isinstance(text, StrConst) else ""
        return [s.Log(shown, tuple(map(self.operands.number, items)))]

    def _assert(self, primitive: Primitive) -> Statements:
        return [s.Assert(self.operands.truth(primitive.args[0]), primitive.source or primitive.op)]


def _shape(header: Header) -> tuple[bool, list[tuple[int, bool]]]:
    """What two headers have in common that can be copied to each other."""
    return header.metadata, [(field.width, field.varbit) for field in header.fields]


def _note(primitive: Primitive) -> Statements:
    shown = primitive.source or f"{primitive.op}({', '.join(map(_operand, primitive.args))})"
    return [s.Note(shown)]


def _operand(expr: Expr) -> str:
    if isinstance(expr, FieldRef):
        return f"{expr.header}.{expr.field}"
    if isinstance(expr, HeaderRef):
        return expr.header
    if isinstance(expr, ObjectRef):
        return expr.name
    if isinstance(expr, Const):
        return str(expr.value)
    return f"param {expr.index}" if isinstance(expr, ParamRef) else "..."
