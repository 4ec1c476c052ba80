# SPDX-License-Identifier: Apache-2.0
"""Which clause a test is about: the metadata of packet tests.

    @rfc("8986", "4.1", "S09")       # RFC, section, pseudocode line (optional)
    @rule("END-4", "END-17")         # rules of this project's list
    @behaviours("End", "End.X")      # rows of docs/behaviours.md that the test counts for
    class SegmentsLeftTooLarge(Srv6Test): ...

Every packet test carries at least one ``rfc`` or ``rule``; ``docs/behaviours.md`` is generated from them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from harness.rules import RULES
from srv6cp.behaviours import REGISTRY

C = TypeVar("C", bound=type)

# Rows of docs/behaviours.md in their order: name, where it is specified.
BEHAVIOURS = {
    **{record.name: record.spec for record in REGISTRY.endpoints},
    "PSP": "RFC 8986 4.16.1",
    "USP": "RFC 8986 4.16.2",
    "USD": "RFC 8986 4.16.3",
    **{record.name: record.spec for record in REGISTRY.headends},
    "Steering": "RFC 8986 5, RFC 9256 8",
    "Weighted segment lists": "RFC 9256 2.11",
    "Candidate paths": "RFC 9256 2, 5",
    "Spray": "VPP",
    "Transit": "RFC 8754 4.2, 4.3.3",
    "TLVs and HMAC": "RFC 8754 2.1",
    "SR domain filters": "RFC 8754 5.1",
    "Source filters": "RFC 2827, RFC 3704",
    "Counters": "RFC 8986 6",
    "ECMP": "RFC 8986 7, RFC 6438",
    "IPv6 router": "RFC 8200, RFC 4443, RFC 4861",
    "IPv4 router": "RFC 1812, RFC 792, RFC 826",
    "VLAN": "IEEE 802.1Q",
    "Ping and traceroute": "RFC 9259 A.1, A.2",
    "Reassembly": "RFC 8200 4.5, RFC 5722",
    "O flag": "RFC 9259 2.1",
    "Path tracing": "draft-filsfils-spring-path-tracing",
    "Alternate marking": "RFC 9343",
    "Packet-in and packet-out": "P4Runtime 16",
}

SWITCHES = ("softswitch", "bmv2")


@dataclass(frozen=True, order=True)
class Clause:
    """One clause: an RFC section or line, or a rule of the project."""

    document: str
    section: str = ""
    line: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.document, self.section, self.line) if part)


def _add(cls: C, clauses: tuple[Clause, ...]) -> C:
    cls.clauses = (*getattr(cls, "clauses", ()), *clauses)  # type: ignore[attr-defined]
    return cls


def rfc(number: str | int, section: str, *more: str) -> Callable[[C], C]:
    """The test checks a section of an RFC.

    ``more``: lines of the section's pseudocode, such as ``S09``, or further sections, such as ``4.1.1``, to
    which the lines behind them belong. ``rfc("8986", "4.1", "S09", "S10", "4.13", "S15")`` is three lines of
    two sections.
    """
    if not re.fullmatch(r"\d{3,5}", str(number)):
        raise ValueError(f"not the number of an RFC: {number!r}")
    lines: dict[str, list[str]] = {section: []}
    for item in more:
        if re.fullmatch(r"S\d+(\.\d+)?", item):
            lines[section].append(item)
        elif re.fullmatch(r"[0-9A-Z]+(\.\d+)*", item):
            section = item
            lines.setdefault(section, [])
        else:
            raise ValueError(f"neither a line (S09) nor a section (4.1.1): {item!r}")
    found = tuple(Clause(f"RFC {number}", name, line) for name, those in lines.items() for line in those or [""])
    return lambda cls: _add(cls, found)


def rule(*names: str) -> Callable[[C], C]:
    """The test checks rules of the project, such as ``END-4``."""
    for name in names:
        if name not in RULES:
            raise ValueError(f"no such rule: {name!r}; see harness/rules.py")
    return lambda cls: _add(cls, tuple(Clause(name) for name in names))


def behaviours(*names: str) -> Callable[[C], C]:
    """The rows of docs/behaviours.md that the test counts for (see ``BEHAVIOURS``)."""
    for name in names:
        if name not in BEHAVIOURS:
            raise ValueError(f"no such behaviour: {name!r}; one of {', '.join(BEHAVIOURS)}")

    def mark(cls: C) -> C:
        cls.behaviours = tuple(dict.fromkeys((*getattr(cls, "behaviours", ()), *names)))  # type: ignore[attr-defined]
        return cls

    return mark


def only_on(switch: str, reason: str) -> Callable[[C], C]:
    """The test makes sense on one switch only; on the other it is skipped with the reason."""
    if switch not in SWITCHES:
        raise ValueError(f"no such switch: {switch!r}; one of {SWITCHES}")

    def mark(cls: C) -> C:
        cls.switches = (switch,)  # type: ignore[attr-defined]
        cls.skip_reason = reason  # type: ignore[attr-defined]
        return cls

    return mark


def clauses_of(cls: type) -> tuple[Clause, ...]:
    """The clauses of a test class, in the order of the decorators from the class upwards."""
    return tuple(dict.fromkeys(getattr(cls, "clauses", ())))


def behaviours_of(cls: type) -> tuple[str, ...]:
    """The rows of a test class: its own decorators, else ``BEHAVIOURS = (...)`` of its module."""
    import sys

    own: tuple[str, ...] = getattr(cls, "behaviours", ())
    return own or tuple(getattr(sys.modules[cls.__module__], "BEHAVIOURS", ()))


def switches_of(cls: type) -> tuple[str, ...]:
    """The switches on which a test class runs."""
    return getattr(cls, "switches", SWITCHES)
