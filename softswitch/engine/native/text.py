# SPDX-License-Identifier: Apache-2.0
"""C source text, and C types and constants for widths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Code:
    """Collects lines of C."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 0

    def line(self, text: str) -> None:
        """Append a line."""
        self.lines.append("    " * self._depth + text)

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        """``head { ... }``."""
        self.line(f"{head} {{" if head else "{")
        self._depth += 1
        yield
        self._depth -= 1
        self.line(tail)

    def text(self) -> str:
        """The whole source."""
        return "\n".join(self.lines) + "\n"


def storage_bits(width: int) -> int:
    """Bits of the C integer that holds ``width`` bits (at most 128)."""
    return next(bits for bits in (8, 16, 32, 64, 128) if width <= bits)


def storage_type(width: int, signed: bool = False) -> str:
    """C type that holds ``width`` bits."""
    return f"{'s' if signed else 'u'}{storage_bits(width)}"


def literal(value: int) -> str:
    """A constant of up to 128 bits; its C type is u64, s64, u128 or s128, the first that holds it."""
    if value < 0:
        if value >= -(1 << 63):
            return f"((s64)(-{-value - 1}LL - 1))"
        return f"((s128)(-(s128){literal(-value - 1)} - 1))"
    if value < 1 << 64:
        return f"{hex(value) if value > 9 else value}ULL"
    return f"U128({hex(value >> 64)}ULL, {hex(value & (1 << 64) - 1)}ULL)"
