# SPDX-License-Identifier: Apache-2.0
"""Values of a lowered program: numbers with the interval they lie in, and truth values.

BMv2 computes with unbounded integers and cuts a number to size when it is stored.  ``low`` and ``high`` bound a number
whatever happens, so that cutting is left out where it would change nothing, and C has a type that holds the number.
Bounds beyond :data:`UNBOUNDED` mean that there is none worth knowing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from softswitch.engine.lowered.objects import Field, Header, Register, Stack

#: Beyond this a bound says nothing; numbers of programs are far smaller.
UNBOUNDED = 1 << 8192
#: Left shifts by more are zero in every field there can be.
MAX_SHIFT = 1 << 16

# ---------------------------------------------------------------------------- numbers


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the program gives."""

    value: int

    @property
    def low(self) -> int:
        return self.value

    @property
    def high(self) -> int:
        return self.value


@dataclass(frozen=True, slots=True)
class Read:
    """A field; one of variable length is no number but may be copied and compared."""

    field: Field

    @property
    def low(self) -> int:
        return -(1 << self.field.width - 1) if self.field.signed else 0

    @property
    def high(self) -> int:
        return (1 << self.field.width - self.field.signed) - 1


@dataclass(frozen=True, slots=True)
class Param:
    """Parameter ``index`` of the action, of ``width`` bits."""

    index: int
    width: int

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return (1 << self.width) - 1


class Source(Enum):
    """What a switch knows of a packet."""

    PORT = "the port that it came from"
    EGRESS_PORT = "the port that it is bound for"
    INSTANCE = "the number of a copy, called rid"
    FRAME_LENGTH = "the length of the frame"
    PACKET_LENGTH = "that length with what add_header and remove_header did to it"
    MICROSECONDS = "the time since the program was loaded"
    PARSER_ERROR = "the code of the parser's error"


_BOUNDS = {
    Source.PORT: (0, (1 << 32) - 1),
    Source.EGRESS_PORT: (0, (1 << 32) - 1),
    Source.INSTANCE: (0, (1 << 16) - 1),
    Source.FRAME_LENGTH: (0, (1 << 32) - 1),
    Source.PACKET_LENGTH: (-1, (1 << 32) - 1),
    Source.MICROSECONDS: (0, (1 << 64) - 1),
    Source.PARSER_ERROR: (0, (1 << 32) - 1),
}


@dataclass(frozen=True, slots=True)
class Supplied:
    """A number that the switch supplies."""

    source: Source

    @property
    def low(self) -> int:
        return _BOUNDS[self.source][0]

    @property
    def high(self) -> int:
        return _BOUNDS[self.source][1]


@dataclass(frozen=True, slots=True)
class Cell:
    """An element of a register array; an index beyond it is a fault."""

    register: Register
    index: Number

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return (1 << self.register.width) - 1


@dataclass(frozen=True, slots=True)
class Pick:
    """The field that ``index`` selects; -1 is the last, beyond is a fault.  All fields have one type."""

    fields: tuple[Field, ...]
    index: Number

    @property
    def low(self) -> int:
        return Read(self.fields[0]).low

    @property
    def high(self) -> int:
        return Read(self.fields[0]).high


@dataclass(frozen=True, slots=True)
class Fill:
    """Number of elements of a stack that were extracted."""

    stack: Stack
    low: int = 0
    high: int = 0xFFFF


@dataclass(frozen=True, slots=True)
class Top:
    """Index of the last element of a stack that was extracted; -1 where there is none."""

    stack: Stack
    low: int = -1
    high: int = 0xFFFF


@dataclass(frozen=True, slots=True)
class LastIndex:
    """``last_stack_index`` as BMv2 computes it: :class:`Top` as a size_t."""

    stack: Stack
    low: int = 0
    high: int = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Ahead:
    """``width`` bits of the frame: ``size`` bytes ``first`` bytes after the parser's position, ``surplus`` bits at
    their end left out.  That the bytes are there was checked.
    """

    first: int
    size: int
    surplus: int
    width: int

    @property
    def low(self) -> int:
        return 0

    @property
    def high(self) -> int:
        return (1 << self.width) - 1


@dataclass(frozen=True, slots=True)
class FromTruth:
    """1 or 0."""

    truth: Truth
    low: int = 0
    high: int = 1


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``op`` is one of + - * / % & | ^ << >>."""

    op: str
    left: Number
    right: Number
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Complement:
    """All bits the other way: -1 - ``number``."""

    number: Number
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Choose:
    """A conditional expression."""

    condition: Truth
    left: Number
    right: Number
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Wrap:
    """The lowest ``width`` bits as a number with sign in two's complement."""

    number: Number
    width: int

    @property
    def low(self) -> int:
        return -(1 << self.width - 1)

    @property
    def high(self) -> int:
        return (1 << self.width - 1) - 1


@dataclass(frozen=True, slots=True)
class Saturate:
    """The nearest number between ``low`` and ``high``."""

    number: Number
    low: int
    high: int


Number = (
    Constant
    | Read
    | Param
    | Supplied
    | Cell
    | Pick
    | Fill
    | Top
    | LastIndex
    | Ahead
    | FromTruth
    | Arithmetic
    | Complement
    | Choose
    | Wrap
    | Saturate
)

# ---------------------------------------------------------------------------- truth values


@dataclass(frozen=True, slots=True)
class Known:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Valid:
    """Validity of a header; metadata is always valid."""

    header: Header


@dataclass(frozen=True, slots=True)
class PickValid:
    """Validity of the header that ``index`` selects, as for :class:`Pick`."""

    headers: tuple[Header, ...]
    index: Number


@dataclass(frozen=True, slots=True)
class NonZero:
    """Whether a number is not 0."""

    number: Number


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    truth: Truth


@dataclass(frozen=True, slots=True)
class All:
    """Whether all hold; one after the other, until one does not."""

    truths: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Whether some holds; one after the other, until one does."""

    truths: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """``op`` is one of == != < > <= >=."""

    op: str
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class SameOctets:
    """Whether two variable-length fields are equal."""

    left: Field
    right: Field


@dataclass(frozen=True, slots=True)
class ChooseTruth:
    """A conditional expression."""

    condition: Truth
    left: Truth
    right: Truth


Truth = Known | Valid | PickValid | NonZero | Not | All | Any | Compare | SameOctets | ChooseTruth

# ---------------------------------------------------------------------------- intervals


def _clamp(low: int, high: int) -> tuple[int, int]:
    return max(low, -UNBOUNDED), min(high, UNBOUNDED)


def _bitwise(left: Number, right: Number) -> tuple[int, int]:
    bits = max(v.bit_length() for v in (left.low, left.high, right.low, right.high))
    return (0 if left.low >= 0 and right.low >= 0 else -(1 << bits)), (1 << bits) - 1


def _small(number: Number) -> bool:
    """Whether its bounds are so far from UNBOUNDED that they can be narrowed."""
    return max(-number.low, number.high).bit_length() < UNBOUNDED.bit_length() // 2


def _interval(op: str, left: Number, right: Number) -> tuple[int, int]:
    if op == "+":
        return left.low + right.low, left.high + right.high
    if op == "-":
        return left.low - right.high, left.high - right.low
    if op == "*":
        corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        return min(corners), max(corners)
    if op == "&":
        bounds = [number.high for number in (left, right) if number.low >= 0]
        return (0, min(bounds)) if bounds else _bitwise(left, right)
    if op in ("|", "^"):
        return _bitwise(left, right)
    if op == "<<":
        if right.low < 0 or right.high > MAX_SHIFT or right.high >= UNBOUNDED.bit_length():
            return (0 if left.low >= 0 else -UNBOUNDED), (UNBOUNDED if left.high else 0)
        return min(left.low << right.high, left.low), max(left.high << right.high, left.high)
    if op == ">>":
        if right.low < 0 or not _small(left):
            return min(left.low, 0), max(left.high, 0)
        least, most = (min(bound, UNBOUNDED.bit_length()) for bound in (right.low, right.high))
        return left.low >> (least if left.low < 0 else most), left.high >> (most if left.high < 0 else least)
    if op == "/" and left.low >= 0 and right.low >= 0:
        return 0, left.high
    if op == "%" and left.low >= 0 and right.low >= 0:
        return 0, max(right.high - 1, 0)
    bound = max(abs(v) for v in (left.low, left.high, right.low, right.high))
    return -bound, bound


def arithmetic(op: str, left: Number, right: Number) -> Number:
    """The operation with its interval; a mask that changes nothing is left out."""
    if op == "&":
        for value, mask in ((left, right), (right, left)):
            ones = isinstance(mask, Constant) and mask.low >= 0 and not mask.low & (mask.low + 1)
            if ones and value.low >= 0 and value.high <= mask.low:
                return value
    if op == "<<" and isinstance(right, Constant) and right.value > MAX_SHIFT:
        return Constant(0)
    return Arithmetic(op, left, right, *_clamp(*_interval(op, left, right)))


def complement(number: Number) -> Number:
    """All bits the other way."""
    return Complement(number, *_clamp(-1 - number.high, -1 - number.low))


def choose(condition: Truth, left: Number, right: Number) -> Number:
    """A conditional expression of numbers."""
    return Choose(condition, left, right, min(left.low, right.low), max(left.high, right.high))


def fits(number: Number, width: int, signed: bool = False) -> bool:
    """Whether a field of ``width`` bits holds the number as it is."""
    if signed:
        return number.low >= -(1 << width - 1) and number.high < 1 << width - 1
    return number.low >= 0 and number.high >> width == 0


def wrap(number: Number, width: int) -> Number:
    """As :class:`Wrap`, where it changes something."""
    return number if fits(number, width, True) else Wrap(number, width)


def cut(number: Number, width: int) -> Number:
    """The lowest ``width`` bits."""
    return number if fits(number, width) else arithmetic("&", number, Constant((1 << width) - 1))


def from_truth(truth: Truth) -> Number:
    """1 or 0."""
    if isinstance(truth, NonZero) and truth.number.low >= 0 and truth.number.high <= 1:
        return truth.number
    if isinstance(truth, Known):
        return Constant(int(truth.value))
    return FromTruth(truth)


def non_zero(number: Number) -> Truth:
    """Whether a number is not 0."""
    return number.truth if isinstance(number, FromTruth) else NonZero(number)
