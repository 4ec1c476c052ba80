# SPDX-License-Identifier: Apache-2.0
"""Typed model of a BMv2 JSON program, references resolved and checked.

Widths are in bits unless a name says otherwise.  Names are the names of the JSON, which are also the
fully qualified names of the p4info (``@name`` applied).  All classes are immutable in practice: nothing
in the switch changes a loaded program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

#: Programs that a process keeps, with what was made of them, for the next switch that loads one of them.
KEPT = 2


class MatchKind(Enum):
    """How one key element of a table is compared.  ``optional`` arrives as TERNARY from p4c."""

    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"
    VALID = "valid"


# ---------------------------------------------------------------------------- headers


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field of a header type; ``width`` is the maximum for a variable-length field."""

    name: str
    width: int
    signed: bool = False
    varbit: bool = False


@dataclass(frozen=True, slots=True)
class HeaderType:
    """Fields in wire order; ``max_length`` (bytes) is set for types that hold a variable-length field."""

    name: str
    fields: tuple[FieldType, ...]
    max_length: int | None = None

    @property
    def varbit(self) -> FieldType | None:
        """The variable-length field, or None; a header type has at most one."""
        return next((f for f in self.fields if f.varbit), None)

    @property
    def fixed_bits(self) -> int:
        """Width of the header without its variable-length field."""
        return sum(f.width for f in self.fields if not f.varbit)


@dataclass(frozen=True, slots=True)
class Header:
    """A header or metadata instance."""

    name: str
    type: HeaderType
    metadata: bool
    #: name of the union this instance belongs to, if any
    union: str | None = None


@dataclass(frozen=True, slots=True)
class HeaderStack:
    """Header instances ``members[0..n-1]`` of one stack."""

    name: str
    type: HeaderType
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeaderUnion:
    """Header instances of which at most one is valid."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnionStack:
    """A stack of header unions; ``member_names`` are the names of the alternatives in declaration order."""

    name: str
    unions: tuple[str, ...]
    member_names: tuple[str, ...]


# ---------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class FieldRef:
    """Field of a header instance; field ``$valid$`` is its validity bit."""

    header: str
    field: str


@dataclass(frozen=True, slots=True)
class StackFieldRef:
    """Field of the last element extracted into a header stack."""

    stack: str
    field: str


@dataclass(frozen=True, slots=True)
class UnionStackFieldRef:
    """Field of a given member of the last union of a union stack."""

    stack: str
    member: int
    field: str


@dataclass(frozen=True, slots=True)
class HeaderRef:
    """A header instance as an operand."""

    header: str


@dataclass(frozen=True, slots=True)
class StackRef:
    """A header stack as an operand."""

    stack: str


@dataclass(frozen=True, slots=True)
class UnionRef:
    """A header union as an operand."""

    union: str


@dataclass(frozen=True, slots=True)
class UnionStackRef:
    """A union stack as an operand."""

    stack: str


@dataclass(frozen=True, slots=True)
class Const:
    """An integer constant.  ``width`` is 0 where the JSON does not give one."""

    value: int
    width: int = 0


@dataclass(frozen=True, slots=True)
class BoolConst:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class StrConst:
    """A string argument (``log_msg``)."""

    value: str


@dataclass(frozen=True, slots=True)
class ParamRef:
    """Parameter ``index`` of the enclosing action."""

    index: int


@dataclass(frozen=True, slots=True)
class RegisterRef:
    """Element of a register array."""

    register: str
    index: Expr


@dataclass(frozen=True, slots=True)
class Lookahead:
    """``width`` bits of the packet, ``offset`` bits after the parser's position."""

    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class Op:
    """Operator applied to operands; ``op`` is the JSON spelling (``?`` has cond, left, right)."""

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class DerefStack:
    """``stack[index]``: a header."""

    stack: str
    index: Expr


@dataclass(frozen=True, slots=True)
class DerefUnionStack:
    """``union_stack[index]``: a union."""

    stack: str
    index: Expr


@dataclass(frozen=True, slots=True)
class AccessField:
    """Field number ``offset`` of a header given by an expression."""

    header: Expr
    offset: int


@dataclass(frozen=True, slots=True)
class AccessUnionHeader:
    """Member number ``offset`` of a union given by an expression."""

    union: Expr
    offset: int


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A named object: ``kind`` is calculation, meter_array, counter_array or register_array."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Vector:
    """A list of values (arguments of ``log_msg``)."""

    values: tuple[Expr, ...]


Expr = (
    FieldRef
    | StackFieldRef
    | UnionStackFieldRef
    | HeaderRef
    | StackRef
    | UnionRef
    | UnionStackRef
    | Const
    | BoolConst
    | StrConst
    | ParamRef
    | RegisterRef
    | Lookahead
    | Op
    | DerefStack
    | DerefUnionStack
    | AccessField
    | AccessUnionHeader
    | ObjectRef
    | Vector
)


# ---------------------------------------------------------------------------- parser


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive call of an action, a parser state or a deparser."""

    op: str
    args: tuple[Expr, ...]
    #: source fragment of the P4 program, "" when the JSON has none
    source: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """Extract into ``target``; ``length`` (bits of the variable-length field) is None for fixed headers.

    ``target`` is HeaderRef, StackRef (next element) or UnionStackRef with ``union_member``.
    """

    target: Expr
    length: Expr | None = None
    union_member: int = 0


@dataclass(frozen=True, slots=True)
class SetField:
    """Assignment in a parser state; the source may be a Lookahead."""

    target: FieldRef
    source: Expr


@dataclass(frozen=True, slots=True)
class Verify:
    """Stop parsing with error ``error`` unless ``condition`` holds."""

    condition: Expr
    error: Expr


@dataclass(frozen=True, slots=True)
class Advance:
    """Skip a number of bits that must be a multiple of 8."""

    bits: Expr


ParserOp = Extract | SetField | Verify | Advance | Primitive


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One component of a select expression: its source and width in bits."""

    source: Expr
    width: int


@dataclass(frozen=True, slots=True)
class Transition:
    """One select case.  ``kind``: default, value or vset.

    ``value`` and ``mask`` are over the concatenation of the key parts, each padded to bytes.
    """

    kind: str
    next_state: str | None
    value: int = 0
    mask: int | None = None
    vset: str = ""


@dataclass(frozen=True, slots=True)
class ParserState:
    """Operations, then a select over ``key`` with the cases tried in order."""

    name: str
    ops: tuple[ParserOp, ...]
    key: tuple[KeyPart, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Parser:
    """The parser; ``states`` in program order."""

    name: str
    init_state: str
    states: Mapping[str, ParserState]


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A parser value set; ``width`` is the width of its values without padding."""

    name: str
    width: int
    size: int = 0


# ---------------------------------------------------------------------------- match-action


@dataclass(frozen=True, slots=True)
class Param:
    """An action parameter."""

    name: str
    width: int


@dataclass(frozen=True, slots=True)
class Action:
    """An action; several actions may share a name, ``id`` is unique."""

    name: str
    id: int
    params: tuple[Param, ...]
    primitives: tuple[Primitive, ...]


@dataclass(frozen=True, slots=True)
class TableKey:
    """One key element: the field (or, for VALID, the header's ``$valid$``), its width and its static mask."""

    name: str
    kind: MatchKind
    target: FieldRef
    width: int
    mask: int | None = None


@dataclass(frozen=True, slots=True)
class ConstEntry:
    """An entry of the program: key values as (kind-dependent) tuples, JSON priority (smaller wins)."""

    key: tuple[tuple[MatchKind, int, int], ...]
    action_id: int
    args: tuple[int, ...]
    priority: int


@dataclass(frozen=True, slots=True)
class DefaultEntry:
    """Default action; ``const`` says that neither the action nor its arguments may be changed."""

    action_id: int
    args: tuple[int, ...]
    const: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A match-action table.

    ``match`` is the kind of the whole table.  ``next`` maps action id to the next node; ``next_hit`` and
    ``next_miss`` apply instead when ``by_hit`` is true.  ``profile`` is the action profile or "".
    """

    name: str
    pipeline: str
    match: MatchKind
    keys: tuple[TableKey, ...]
    actions: tuple[Action, ...]
    size: int
    profile: str = ""
    with_counters: bool = False
    support_timeout: bool = False
    direct_meter: str = ""
    default: DefaultEntry | None = None
    entries: tuple[ConstEntry, ...] = ()
    by_hit: bool = False
    next: Mapping[int, str | None] = field(default_factory=dict)
    next_hit: str | None = None
    next_miss: str | None = None
    base_default_next: str | None = None

    def action(self, name: str) -> Action | None:
        """The action of this table called ``name``, or None."""
        return next((a for a in self.actions if a.name == name), None)


@dataclass(frozen=True, slots=True)
class Conditional:
    """A branch of a control."""

    name: str
    pipeline: str
    expression: Expr
    true_next: str | None
    false_next: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """A direct action call of a control."""

    name: str
    pipeline: str
    action: Action
    next_node: str | None


Node = Table | Conditional | ActionCall


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Ingress or egress: a DAG of nodes by name, entered at ``init``."""

    name: str
    init: str | None
    nodes: Mapping[str, Node]


# ---------------------------------------------------------------------------- stateful objects


@dataclass(frozen=True, slots=True)
class ActionProfile:
    """An action profile; ``selector`` names the hash and its inputs when groups are allowed."""

    name: str
    size: int
    algorithm: str = ""
    selector: tuple[FieldRef, ...] | None = None


@dataclass(frozen=True, slots=True)
class Calculation:
    """A hash or checksum over fields, constants, headers and possibly the payload."""

    name: str
    algorithm: str
    inputs: tuple[FieldRef | HeaderRef | Const, ...]
    with_payload: bool = False


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum verified after parsing and/or updated before deparsing when ``condition`` holds."""

    name: str
    target: FieldRef
    calculation: Calculation
    verify: bool
    update: bool
    condition: Expr | None


@dataclass(frozen=True, slots=True)
class CounterArray:
    """Indirect counters, or (``table`` set) the direct counters of a table."""

    name: str
    size: int
    table: str = ""


@dataclass(frozen=True, slots=True)
class MeterArray:
    """Indirect meters, or (``table`` set) the direct meters of a table; ``result`` gets the colour."""

    name: str
    size: int
    unit_packets: bool
    rates: int
    table: str = ""
    result: FieldRef | None = None


@dataclass(frozen=True, slots=True)
class RegisterArray:
    """A register array."""

    name: str
    size: int
    width: int


@dataclass(frozen=True, slots=True)
class FieldList:
    """Fields kept by clone, resubmit and recirculate (``elements`` in order; constants are ignored)."""

    id: int
    name: str
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class LearnList:
    """A digest: its id and the fields it carries."""

    id: int
    name: str
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A loaded program.  ``errors`` maps parser error names to codes.

    Equal to itself alone: what is made of a program is kept by it.
    """

    header_types: Mapping[str, HeaderType]
    headers: Mapping[str, Header]
    stacks: Mapping[str, HeaderStack]
    unions: Mapping[str, HeaderUnion]
    union_stacks: Mapping[str, UnionStack]
    errors: Mapping[str, int]
    enums: Mapping[str, Mapping[str, int]]
    parser: Parser
    value_sets: Mapping[str, ValueSet]
    deparser: tuple[str, ...]
    deparser_primitives: tuple[Primitive, ...]
    actions: Mapping[int, Action]
    ingress: Pipeline
    egress: Pipeline
    tables: Mapping[str, Table]
    profiles: Mapping[str, ActionProfile]
    calculations: Mapping[str, Calculation]
    checksums: tuple[Checksum, ...]
    counters: Mapping[str, CounterArray]
    meters: Mapping[str, MeterArray]
    registers: Mapping[str, RegisterArray]
    field_lists: Mapping[int, FieldList]
    learn_lists: Mapping[int, LearnList]
    aliases: Mapping[str, FieldRef]
    name: str = ""

    def profile_actions(self, profile: str) -> dict[str, Action]:
        """Actions by name of the tables that share an action profile, in the order in which the program has them.

        Actions of these tables that share a name differ in id: engines number them by their place here.
        """
        actions: dict[str, Action] = {}
        for table in self.tables.values():
            if table.profile == profile:
                actions.update((action.name, action) for action in table.actions)
        return actions

    def standard(self, name: str) -> FieldRef | None:
        """The field that plays ``name`` (for example ``standard_metadata.egress_spec``), or None."""
        if name in self.aliases:
            return self.aliases[name]
        header, _, fld = name.partition(".")
        inst = self.headers.get(header)
        if inst is not None and any(f.name == fld for f in inst.type.fields):
            return FieldRef(header, fld)
        return None
