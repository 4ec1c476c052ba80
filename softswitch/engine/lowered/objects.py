# SPDX-License-Identifier: Apache-2.0
"""Storage, state and calculations of a lowered program.  Widths are in bits, sizes and offsets in bytes.

Objects are compared by identity; ``index`` counts those of a kind in the order of the program.
"""

from __future__ import annotations

from dataclasses import dataclass

# ---------------------------------------------------------------------------- storage


@dataclass(eq=False, slots=True)
class Field:
    """A field of a header instance; ``width`` is the maximum for a variable-length field."""

    header: Header
    index: int
    name: str
    width: int
    signed: bool = False
    varbit: bool = False

    @property
    def label(self) -> str:
        """What a trace calls it."""
        return f"{self.header.name}.{self.name}"

    @property
    def ones(self) -> int:
        """All bits of the field."""
        return (1 << self.width) - 1


@dataclass(eq=False, slots=True)
class Group:
    """Adjacent fields that together are whole bytes; a ``varbit`` group is the variable-length field.

    ``offset`` counts from the start of the header, or from the end of the variable-length field behind it.
    """

    fields: tuple[Field, ...]
    offset: int
    size: int
    varbit: bool = False

    @property
    def tracked(self) -> tuple[Field, ...]:
        """Those of the fields that are variables."""
        return tuple(f for f in self.fields if f in self.fields[0].header.tracked)


@dataclass(eq=False, slots=True)
class Header:
    """A header or metadata instance.

    Only fields that the program mentions are variables (``tracked``, in wire order).  A header that was extracted
    keeps the place of its bytes in the frame; those of ``written`` fields are built anew when it leaves, and all of
    them where it may be ``fresh``, that is not extracted.
    """

    index: int
    name: str
    metadata: bool
    fields: tuple[Field, ...] = ()
    tracked: frozenset[Field] = frozenset()
    written: frozenset[Field] = frozenset()
    fresh: bool = False
    #: empty for metadata
    groups: tuple[Group, ...] = ()
    #: bytes without the variable-length field
    fixed: int = 0
    max_length: int | None = None
    #: the other members of its union
    others: tuple[Header, ...] = ()

    @property
    def variables(self) -> list[Field]:
        """Fields that are variables, in wire order."""
        return [f for f in self.fields if f in self.tracked]

    @property
    def varbit(self) -> Field | None:
        """The variable-length field."""
        return next((f for f in self.fields if f.varbit), None)

    @property
    def max_size(self) -> int:
        """Most bytes that it can have."""
        return self.fixed + (self.varbit.width // 8 if self.varbit else 0)


@dataclass(eq=False, slots=True)
class Stack:
    """A stack of headers or unions; ``rows`` are its elements, a union being all its members."""

    index: int
    name: str
    rows: tuple[tuple[Header, ...], ...]


# ---------------------------------------------------------------------------- state


@dataclass(eq=False, slots=True)
class Register:
    """A register array."""

    index: int
    name: str
    size: int
    width: int


@dataclass(eq=False, slots=True)
class Counter:
    """Indirect counters."""

    index: int
    name: str
    size: int


@dataclass(eq=False, slots=True)
class Meter:
    """Indirect meters."""

    index: int
    name: str
    size: int


@dataclass(eq=False, slots=True)
class ValueSet:
    """A parser value set."""

    index: int
    name: str


@dataclass(eq=False, slots=True)
class Profile:
    """An action profile; with a ``selector`` it has groups."""

    index: int
    name: str
    selector: Calculation | None = None


# ---------------------------------------------------------------------------- calculations


@dataclass(frozen=True, slots=True)
class Bits:
    """A number as an input of a calculation: a field, or (``value`` set) a constant."""

    width: int
    field: Field | None = None
    value: int = 0


@dataclass(frozen=True, slots=True)
class Octets:
    """A variable-length field as an input."""

    field: Field


@dataclass(frozen=True, slots=True)
class Whole:
    """All bytes of a header as an input."""

    header: Header


Input = Bits | Octets | Whole


@dataclass(frozen=True, slots=True)
class Run:
    """Inputs that count when ``guard`` is valid (None: always)."""

    guard: Header | None
    inputs: tuple[Input, ...]


@dataclass(eq=False, slots=True)
class Calculation:
    """A hash over inputs that are concatenated bit by bit and padded with zero bits at the end.

    ``index`` is that of the program's calculations; the selectors of profiles follow behind them.
    """

    index: int
    name: str
    algorithm: str
    runs: tuple[Run, ...]
    with_payload: bool = False
