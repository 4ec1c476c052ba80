# SPDX-License-Identifier: Apache-2.0
"""Which fields become variables, and how headers are cut into pieces for extraction and deparsing.

A header instance that was extracted keeps the offset of its bytes in the received frame.  Only fields that
the program mentions become variables; when such a header is deparsed unmodified its bytes are copied,
and when modified only the bytes of fields that the program can write are built anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from softswitch.bmv2json.errors import UnsupportedProgram
from softswitch.bmv2json.model import (
    AccessField,
    AccessUnionHeader,
    Action,
    Advance,
    Conditional,
    DerefStack,
    DerefUnionStack,
    Expr,
    Extract,
    FieldRef,
    FieldType,
    HeaderRef,
    HeaderType,
    Op,
    ParamRef,
    Primitive,
    Program,
    RegisterRef,
    SetField,
    StackFieldRef,
    StackRef,
    UnionRef,
    UnionStackFieldRef,
    UnionStackRef,
    Vector,
    Verify,
)

#: Position of the result among the arguments of primitives that write a field.
_WRITES = {
    "assign": 0,
    "assign_VL": 0,
    "modify_field": 0,
    "modify_field_rng_uniform": 0,
    "modify_field_with_hash_based_offset": 0,
    "execute_meter": 2,
    "register_read": 0,
}
_COPIES = {
    "assign_header",
    "copy_header",
    "assign_header_stack",
    "assign_union",
    "assign_union_stack",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Adjacent fields that together are whole bytes; a ``varbit`` group is the variable-length field."""

    fields: tuple[FieldType, ...]
    #: byte offset from the start of the header, or from the end of the variable-length field behind it
    offset: int
    size: int
    varbit: bool = False


def groups_of(header_type: HeaderType) -> tuple[Group, ...]:
    """Cut a header type into groups."""
    groups: list[Group] = []
    pending: list[FieldType] = []
    offset = 0
    bits = 0
    for item in header_type.fields:
        if item.varbit:
            if bits:
                raise UnsupportedProgram(
                    f"header type {header_type.name}",
                    f"variable-length field {item.name} that does not start on a byte boundary",
                )
            groups.append(Group((item,), offset, 0, True))
            offset = 0
            continue
        pending.append(item)
        bits += item.width
        if bits % 8 == 0:
            groups.append(Group(tuple(pending), offset, bits // 8))
            offset += bits // 8
            pending, bits = [], 0
    if pending:
        raise UnsupportedProgram(f"header type {header_type.name}", "header that is not whole bytes")
    return tuple(groups)


@dataclass(slots=True)
class Usage:
    """What a program does with the instances that share storage (stack members, copied headers)."""

    tracked: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    fresh: bool = False


class Layout:
    """Usage of every header instance of a program."""

    def __init__(self, program: Program, engine_fields: Iterable[FieldRef]) -> None:
        self.program = program
        self._parent: dict[str, str] = {name: name for name in program.headers}
        self._usage: dict[str, Usage] = {name: Usage() for name in program.headers}
        for stack in program.stacks.values():
            for member in stack.members[1:]:
                self._join(stack.members[0], member)
        for union_stack in program.union_stacks.values():
            columns = zip(*(program.unions[u].members for u in union_stack.unions), strict=True)
            for column in columns:
                for member in column[1:]:
                    self._join(column[0], member)
        for primitive in self._primitives():
            if primitive.op in _COPIES:
                for left, right in self._copied(primitive.args[0], primitive.args[1]):
                    self._join(left, right)
        for name, header in program.headers.items():
            varbit = header.type.varbit
            if varbit is not None:
                self.usage(name).tracked.add(varbit.name)
        for ref in engine_fields:
            self._read(ref)
        self._scan()
        self._complete_groups()

    # -- questions

    def usage(self, header: str) -> Usage:
        """Usage of the instance, shared with all instances it exchanges contents with."""
        return self._usage[self._root(header)]

    def members(self, expr: Expr) -> list[str]:
        """Header instances that a header expression can denote."""
        program = self.program
        if isinstance(expr, HeaderRef):
            return [expr.header]
        if isinstance(expr, DerefStack):
            return list(program.stacks[expr.stack].members)
        if isinstance(expr, AccessUnionHeader):
            unions = (
                program.union_stacks[expr.union.stack].unions
                if isinstance(expr.union, DerefUnionStack)
                else (expr.union.union,)
                if isinstance(expr.union, UnionRef)
                else ()
            )
            return [program.unions[u].members[expr.offset] for u in unions]
        return []

    # -- union-find

    def _root(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def _join(self, first: str, second: str) -> None:
        first, second = self._root(first), self._root(second)
        if first != second:
            self._parent[second] = first
            mine, other = self._usage[first], self._usage[second]
            mine.tracked |= other.tracked
            mine.written |= other.written
            mine.fresh |= other.fresh

    def _copied(self, left: Expr, right: Expr) -> Iterator[tuple[str, str]]:
        yield from zip(self._all(left), self._all(right), strict=False)
        # a dynamic index can pair any two members, which already share storage
        for name in self._all(right)[:1]:
            for other in self._all(left)[:1]:
                yield other, name

    def _all(self, expr: Expr) -> list[str]:
        program = self.program
        if isinstance(expr, StackRef):
            return list(program.stacks[expr.stack].members)
        if isinstance(expr, UnionRef):
            return list(program.unions[expr.union].members)
        if isinstance(expr, UnionStackRef):
            return [m for u in program.union_stacks[expr.stack].unions for m in program.unions[u].members]
        if isinstance(expr, DerefUnionStack):
            return [m for u in program.union_stacks[expr.stack].unions for m in program.unions[u].members]
        return self.members(expr)

    # -- scan of the program

    def _complete_groups(self) -> None:
        """A group is packed from variables as a whole, so a written field makes its neighbours variables.

        What follows a variable-length field is always packed: its place in the frame is not fixed.
        """
        for name, header in self.program.headers.items():
            usage = self.usage(name)
            after_varbit = False
            if header.metadata:
                continue
            for group in groups_of(header.type):
                names = {f.name for f in group.fields}
                after_varbit = after_varbit or group.varbit
                if after_varbit:
                    usage.written |= names
                if names & usage.written:
                    usage.tracked |= names

    def _primitives(self) -> Iterator[Primitive]:
        for action in self.program.actions.values():
            yield from action.primitives
        for state in self.program.parser.states.values():
            for op in state.ops:
                if isinstance(op, Primitive):
                    yield op
        yield from self.program.deparser_primitives

    def _scan(self) -> None:
        program = self.program
        for primitive in self._primitives():
            self._primitive(primitive)
        for state in program.parser.states.values():
            for op in state.ops:
                if isinstance(op, Extract) and op.length is not None:
                    self._expr(op.length)
                elif isinstance(op, SetField):
                    self._write(op.target)
                    self._expr(op.source)
                elif isinstance(op, Verify):
                    self._expr(op.condition)
                    self._expr(op.error)
                elif isinstance(op, Advance):
                    self._expr(op.bits)
            for part in state.key:
                self._expr(part.source)
        for pipeline in (program.ingress, program.egress):
            for node in pipeline.nodes.values():
                if isinstance(node, Conditional):
                    self._expr(node.expression)
        for table in program.tables.values():
            for key in table.keys:
                self._read(key.target)
        for profile in program.profiles.values():
            for ref in profile.selector or ():
                self._read(ref)
        for calculation in program.calculations.values():
            for item in calculation.inputs:
                if isinstance(item, FieldRef):
                    self._read(item)
        for checksum in program.checksums:
            self._write(checksum.target)
            if checksum.condition is not None:
                self._expr(checksum.condition)
        for meter in program.meters.values():
            if meter.result is not None:
                self._write(meter.result)
        for field_list in program.field_lists.values():
            for element in field_list.elements:
                if isinstance(element, FieldRef):
                    self._write(element)
        for learn_list in program.learn_lists.values():
            for element in learn_list.elements:
                if isinstance(element, FieldRef):
                    self._read(element)

    def _primitive(self, primitive: Primitive) -> None:
        result = _WRITES.get(primitive.op)
        for position, arg in enumerate(primitive.args):
            if position == result:
                self._write(arg)
            else:
                self._expr(arg)
        if primitive.op == "add_header":
            for name in self.members(primitive.args[0]):
                self.usage(name).fresh = True

    def _read(self, ref: FieldRef) -> None:
        if ref.field != "$valid$":
            self.usage(ref.header).tracked.add(ref.field)

    def _write(self, target: Expr) -> None:
        if isinstance(target, FieldRef):
            self._read(target)
            self.usage(target.header).written.add(target.field)
            return
        self._expr(target)
        if isinstance(target, AccessField):
            for name in self.members(target.header):
                self.usage(name).written.add(self.program.headers[name].type.fields[target.offset].name)
        elif isinstance(target, StackFieldRef):
            for name in self.program.stacks[target.stack].members:
                self.usage(name).written.add(target.field)

    def _expr(self, expr: Expr) -> None:
        program = self.program
        if isinstance(expr, FieldRef):
            self._read(expr)
        elif isinstance(expr, StackFieldRef):
            for name in program.stacks[expr.stack].members:
                self.usage(name).tracked.add(expr.field)
        elif isinstance(expr, UnionStackFieldRef):
            for union in program.union_stacks[expr.stack].unions:
                self.usage(program.unions[union].members[expr.member]).tracked.add(expr.field)
        elif isinstance(expr, AccessField):
            self._expr(expr.header)
            for name in self.members(expr.header):
                self.usage(name).tracked.add(program.headers[name].type.fields[expr.offset].name)
        elif isinstance(expr, Op):
            if expr.op in ("==", "!="):
                for name in (n for arg in expr.args for n in self._all(arg)):
                    self.usage(name).tracked.update(f.name for f in program.headers[name].type.fields)
            for arg in expr.args:
                self._expr(arg)
        elif isinstance(expr, (DerefStack, DerefUnionStack, RegisterRef)):
            self._expr(expr.index)
        elif isinstance(expr, AccessUnionHeader):
            self._expr(expr.union)
        elif isinstance(expr, Vector):
            for value in expr.values:
                self._expr(value)


def action_params(action: Action) -> set[int]:
    """Indices of the parameters that the action reads."""
    used: set[int] = set()

    def visit(expr: Expr) -> None:
        if isinstance(expr, ParamRef):
            used.add(expr.index)
        elif isinstance(expr, Op):
            for arg in expr.args:
                visit(arg)
        elif isinstance(expr, (DerefStack, DerefUnionStack, RegisterRef)):
            visit(expr.index)
        elif isinstance(expr, AccessField):
            visit(expr.header)
        elif isinstance(expr, AccessUnionHeader):
            visit(expr.union)
        elif isinstance(expr, Vector):
            for value in expr.values:
                visit(value)

    for primitive in action.primitives:
        for arg in primitive.args:
            visit(arg)
    return used
