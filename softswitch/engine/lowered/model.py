# SPDX-License-Identifier: Apache-2.0
"""A lowered program: parser, controls, and the steps between and behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from softswitch.bmv2json.model import MatchKind
from softswitch.engine.lowered.objects import (
    Calculation,
    Counter,
    Field,
    Header,
    Meter,
    Profile,
    Register,
    Stack,
    ValueSet,
)
from softswitch.engine.lowered.statements import Assign, Body, Statement, Target
from softswitch.engine.lowered.values import Number, Truth

# ---------------------------------------------------------------------------- match-action


@dataclass(eq=False, slots=True)
class Action:
    """An action; ``id`` is unique.  ``used``: it reads one of its parameters."""

    id: int
    name: str
    params: tuple[tuple[str, int], ...]
    body: Body
    used: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """One key element; ``value`` is what a packet looks up: masked, of ``width`` bits, 0 in an invalid header."""

    name: str
    kind: MatchKind
    width: int
    value: Number


@dataclass(frozen=True, slots=True)
class Choice:
    """An action of a table: its ``number`` in rows and what follows (None: the pipeline ends)."""

    action: Action
    number: int
    following: int | None


@dataclass(frozen=True, slots=True)
class Apply:
    """A table.  What follows is that of ``hit`` and ``miss`` where ``by_hit``, else that of the action that ran, and
    ``otherwise`` where none did.
    """

    index: int
    name: str
    match: MatchKind
    keys: tuple[Key, ...]
    #: where each key element is in the number that is looked up
    shifts: tuple[int, ...]
    #: whether the parts are looked up as that number in Python, not as a tuple
    joined: bool
    choices: tuple[Choice, ...]
    profile: Profile | None
    with_counters: bool
    with_timeout: bool
    #: what gets the colour of the direct meter
    color: Target | None
    #: has a direct meter, even if nobody wants the colour
    metered: bool
    by_hit: bool
    hit: int | None
    miss: int | None
    otherwise: int | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition."""

    name: str
    text: str
    condition: Truth
    yes: int | None
    no: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """An action that always runs, with constant arguments."""

    name: str
    action: Action
    args: tuple[int, ...]
    following: int | None


Node = Apply | Branch | Call


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Ingress or egress: an acyclic graph of nodes by number, those that can be reached, entered at ``entry``."""

    name: str
    entry: int | None
    nodes: dict[int, Node]

    @staticmethod
    def following(node: Node) -> list[int]:
        """Numbers of the nodes that can come next, without repetition, in a stable order."""
        if isinstance(node, Branch):
            found = [node.yes, node.no]
        elif isinstance(node, Call):
            found = [node.following]
        elif node.by_hit:
            found = [node.hit, node.miss]
        else:
            found = [*(choice.following for choice in node.choices), node.otherwise]
        return list(dict.fromkeys(n for n in found if n is not None))


# ---------------------------------------------------------------------------- parser


@dataclass(frozen=True, slots=True)
class Case:
    """A select case: ``tests`` are (value, mask) for each part of the key, within its width; all zero always match.

    With ``value_set`` the masks alone count: some member must agree under them.
    """

    tests: tuple[tuple[int, int], ...]
    target: int | None
    value_set: ValueSet | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """Cases in order, those that can match; ``default`` comes last (None: parsing ends)."""

    parts: tuple[Number, ...]
    widths: tuple[int, ...]
    cases: tuple[Case, ...]
    default: int | None


@dataclass(frozen=True, slots=True)
class State:
    """A parser state: statements, then a select."""

    index: int
    name: str
    statements: tuple[Statement, ...]
    select: Select

    def following(self) -> list[int]:
        """Numbers of the states that can come next, without repetition."""
        found = [*(case.target for case in self.select.cases), self.select.default]
        return list(dict.fromkeys(n for n in found if n is not None))


@dataclass(frozen=True, slots=True)
class Parser:
    """The states that can be reached, by number.

    Where there are loops, one run takes at most :data:`~.statements.MAX_ROUNDS` steps to a state of the same or a lower
    number, of which each loop has some.
    """

    entry: int
    states: dict[int, State]

    @property
    def loops(self) -> bool:
        """Whether some state follows itself."""
        pending = dict.fromkeys(self.states, 0)
        for state in self.states.values():
            for target in state.following():
                pending[target] += 1
        ready = [number for number, count in pending.items() if not count]
        done = 0
        while ready:
            done += 1
            for target in self.states[ready.pop()].following():
                pending[target] -= 1
                if not pending[target]:
                    ready.append(target)
        return done < len(self.states)


# ---------------------------------------------------------------------------- steps


class Kind(IntEnum):
    """Why a packet enters the switch; the values below 4 enter at the parser."""

    RECEIVED = 0
    RESUBMITTED = 1
    RECIRCULATED = 2
    CLONE_I2E = 3
    REPLICA = 4


class InstanceType(IntEnum):
    """``standard_metadata.instance_type`` of BMv2."""

    NORMAL = 0
    INGRESS_CLONE = 1
    EGRESS_CLONE = 2
    RECIRC = 4
    REPLICATION = 5
    RESUBMIT = 6


class Step(Enum):
    """What simple_switch does behind ingress and egress."""

    CLONE_INGRESS = "copies of the received packet for a clone session"
    DIGEST = "a digest is sent"
    RESUBMIT = "the received packet enters the parser again; this pass ends"
    MULTICAST = "copies for a multicast group; this pass ends"
    DROP_INGRESS = "ingress dropped it: egress_spec is the drop port"
    DROP_QUEUE = "a priority that no queue has"
    ENQUEUE = "egress_spec becomes the egress port"
    CLONE_EGRESS = "copies of the packet as it is for a clone session"
    DROP_EGRESS = "egress dropped it"
    UPDATE = "checksums are updated"
    DEPARSE = "the frame is put together"
    RECIRCULATE = "the frame enters the parser; this pass ends"
    SEND = "the frame leaves"


@dataclass(frozen=True, slots=True)
class Checksum:
    """Verification or update of a field when ``guard`` is valid and ``condition`` holds (None: whatever)."""

    name: str
    guard: Header | None
    condition: Truth | None
    calculation: Calculation
    target: Field


@dataclass(frozen=True, slots=True)
class KeptFields:
    """A field list of clone, resubmit and recirculate."""

    id: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest: fields and constants."""

    id: int
    name: str
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A lowered program.

    A packet goes through parser, ``verified``, ingress, ``after_ingress``, egress and ``after_egress``.  What the
    architecture writes on the way: ``entering`` a packet at the parser (resubmitted and recirculated ones have the
    fields of their list by then) or a replica at egress; ``parsed``; ``cloned`` a copy of the received packet, whose
    metadata starts anew but for its list; ``replicated`` the packet that a multicast group copies; ``queued`` what
    goes on to egress; ``dequeued`` all that is there.
    """

    name: str
    headers: tuple[Header, ...]
    stacks: tuple[Stack, ...]
    registers: tuple[Register, ...]
    counters: tuple[Counter, ...]
    meters: tuple[Meter, ...]
    value_sets: tuple[ValueSet, ...]
    profiles: tuple[Profile, ...]
    calculations: tuple[Calculation, ...]
    actions: tuple[Action, ...]
    tables: tuple[Apply, ...]
    parser: Parser
    ingress: Pipeline
    egress: Pipeline
    deparser_body: Body
    #: headers in the order in which they leave
    emitted: tuple[Header, ...]
    verified: tuple[Checksum, ...]
    updated: tuple[Checksum, ...]
    field_lists: tuple[KeptFields, ...]
    digests: tuple[Digest, ...]
    errors: dict[int, str]

    entering: dict[Kind, tuple[Assign, ...]]
    parsed: tuple[Assign, ...]
    cloned: tuple[Assign, ...]
    replicated: tuple[Assign, ...]
    queued: tuple[Assign, ...]
    dequeued: tuple[Assign, ...]
    after_ingress: tuple[Step, ...]
    after_egress: tuple[Step, ...]

    #: fields that steps look at
    egress_spec: Field
    multicast_group: Field | None
    priority: Field | None
    checksum_error: Field | None
    instance_type: Field | None
    drop_port: int
    #: whether anything reads the packet length that add_header and remove_header maintain
    needs_length: bool
    #: primitives that actions use
    uses: frozenset[type]
