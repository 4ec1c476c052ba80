# SPDX-License-Identifier: Apache-2.0
"""Statements of a lowered program: what actions, parser states and deparsers do, in blocks with explicit jumps.

A *fault* ends the packet: the program did something that has no result.
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.engine.lowered.objects import Calculation, Counter, Field, Header, Meter, Register, Stack
from softswitch.engine.lowered.values import Cell, Number, Truth


@dataclass(frozen=True, slots=True)
class Picked:
    """The field that ``index`` selects; an index outside is a fault."""

    fields: tuple[Field, ...]
    index: Number


#: Bits of a clone mark that are the session, and the bit that says "cloned", as in BMv2.
CLONE_SESSIONS = 0x7FFF
#: Jumps backwards that one run of an action, or of the parser, may take: as many as a counter of 16 bits has values.
#: One more is a fault. BMv2 has no such limit, and a thread of it that never ends.
MAX_ROUNDS = 1 << 16
CLONED = 0x8000

#: What can be assigned to.
Target = Field | Picked | Cell

# ---------------------------------------------------------------------------- fields and headers


@dataclass(frozen=True, slots=True)
class Assign:
    """A number, cut to the size of ``target``."""

    target: Target
    value: Number


@dataclass(frozen=True, slots=True)
class AssignOctets:
    """One variable-length field to another."""

    target: Field
    source: Field


@dataclass(frozen=True, slots=True)
class Copy:
    """A header to another; an invalid one makes the other invalid and leaves its fields."""

    target: Header
    source: Header


@dataclass(frozen=True, slots=True)
class CopyFill:
    """How many elements of a stack were extracted."""

    target: Stack
    source: Stack


@dataclass(frozen=True, slots=True)
class Add:
    """Make a header valid; one that was not has zeros in all fields then."""

    header: Header


@dataclass(frozen=True, slots=True)
class Remove:
    """Make a header invalid."""

    header: Header


@dataclass(frozen=True, slots=True)
class Shift:
    """Push (``number`` > 0) or pop elements of a stack: contents change places in pairs, ``gone`` become invalid."""

    stack: Stack
    number: int
    swaps: tuple[tuple[Header, Header], ...]
    gone: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """The statements that ``index`` selects; an index outside is a fault."""

    index: Number
    bodies: tuple[tuple[Statement, ...], ...]


# ---------------------------------------------------------------------------- architecture


@dataclass(frozen=True, slots=True)
class Count:
    """Count the packet; nothing where the index is beyond the array, as for the next three."""

    counter: Counter
    index: Number


@dataclass(frozen=True, slots=True)
class ExecuteMeter:
    """The colour of the packet."""

    meter: Meter
    index: Number
    target: Target


@dataclass(frozen=True, slots=True)
class ReadRegister:
    """A register to ``target``."""

    register: Register
    index: Number
    target: Target


@dataclass(frozen=True, slots=True)
class WriteRegister:
    """A number, cut to size, to a register."""

    register: Register
    index: Number
    value: Number


@dataclass(frozen=True, slots=True)
class Hash:
    """``base`` + hash % ``modulo``, where 0 counts as 1."""

    target: Target
    base: Number
    calculation: Calculation
    modulo: Number


@dataclass(frozen=True, slots=True)
class Random:
    """A random number between two; nothing where they are the wrong way round."""

    target: Target
    least: Number
    most: Number


@dataclass(frozen=True, slots=True)
class SendDigest:
    """The digest list ``number`` will be sent."""

    number: Number


@dataclass(frozen=True, slots=True)
class Clone:
    """The packet will be cloned to a session with the fields of a list; ``mark`` is the session and CLONED."""

    mark: Number
    kept: Number


@dataclass(frozen=True, slots=True)
class Resubmit:
    """The received packet will be parsed again, with the fields of a list."""

    kept: Number


@dataclass(frozen=True, slots=True)
class Recirculate:
    """The frame that leaves will be parsed again, with the fields of a list."""

    kept: Number


@dataclass(frozen=True, slots=True)
class Truncate:
    """The frame that leaves will have at most that many bytes."""

    length: Number


@dataclass(frozen=True, slots=True)
class Log:
    """``text`` with its braces replaced by values."""

    text: str
    values: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Assert:
    """Drop the packet unless the condition holds."""

    condition: Truth
    text: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave the pipeline: at once where ``last``, else at the end of the action, whose rest still runs as in BMv2."""

    last: bool


# ---------------------------------------------------------------------------- parser


@dataclass(frozen=True, slots=True)
class Need:
    """Parsing ends with an error unless ``size`` more bytes are there."""

    size: int
    error: int


@dataclass(frozen=True, slots=True)
class Fail:
    """Parsing ends with an error."""

    error: int


@dataclass(frozen=True, slots=True)
class Verify:
    """Parsing ends with error ``error`` unless the condition holds."""

    condition: Truth
    error: Number


@dataclass(frozen=True, slots=True)
class Skip:
    """``size`` bytes that are there."""

    size: int


@dataclass(frozen=True, slots=True)
class SkipBits:
    """As many bits: they must be whole bytes (else error ``misaligned``) and there (else ``short``)."""

    bits: Number
    misaligned: int
    short: int


@dataclass(frozen=True, slots=True)
class Sized:
    """Length of a variable-length field, in bits, and the errors of one that cannot be."""

    bits: Number
    misaligned: int
    short: int
    long: int


@dataclass(frozen=True, slots=True)
class Extract:
    """A header from the frame.  Without ``sized`` its bytes are known to be there."""

    header: Header
    sized: Sized | None = None


@dataclass(frozen=True, slots=True)
class ExtractNext:
    """The next element of a stack, or error ``full``."""

    stack: Stack
    full: int
    bodies: tuple[tuple[Statement, ...], ...]


# ---------------------------------------------------------------------------- what only a trace shows


@dataclass(frozen=True, slots=True)
class Note:
    """An effect in words of the program."""

    text: str


@dataclass(frozen=True, slots=True)
class NoteField:
    """A field that was assigned."""

    field: Field


@dataclass(frozen=True, slots=True)
class NoteHeader:
    """A header that was extracted."""

    header: Header


Statement = (
    Assign
    | AssignOctets
    | Copy
    | CopyFill
    | Add
    | Remove
    | Shift
    | Each
    | Count
    | ExecuteMeter
    | ReadRegister
    | WriteRegister
    | Hash
    | Random
    | SendDigest
    | Clone
    | Resubmit
    | Recirculate
    | Truncate
    | Log
    | Assert
    | Exit
    | Need
    | Fail
    | Verify
    | Skip
    | SkipBits
    | Extract
    | ExtractNext
    | Note
    | NoteField
    | NoteHeader
)

# ---------------------------------------------------------------------------- bodies


@dataclass(frozen=True, slots=True)
class Block:
    """Statements, then: block ``following``, or (``condition`` set) ``following`` where it holds and ``otherwise``
    where not.  None is the end of the body.
    """

    statements: tuple[Statement, ...]
    following: int | None = None
    condition: Truth | None = None
    otherwise: int | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Blocks from the first on.  ``leaves``: some :class:`Exit` takes effect at the end.

    A jump to the same or an earlier block closes a loop; one run of the body takes at most :data:`MAX_ROUNDS`.
    """

    blocks: tuple[Block, ...]
    leaves: bool = False

    @property
    def loops(self) -> bool:
        """Whether some jump goes back."""
        return any(
            target is not None and target <= place
            for place, block in enumerate(self.blocks)
            for target in (block.following, block.otherwise)
        )
