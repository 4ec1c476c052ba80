# SPDX-License-Identifier: Apache-2.0
"""Errors of the P4Runtime server: one exception that carries a canonical code, and the messages made from it.

P4Runtime 1.5 section 11 (error reporting messages) and 12.3 (status of ``Write``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import grpc

from p4rtlib.errors import one_line
from p4rtlib.protos import code_pb2, p4runtime_pb2, status_pb2

__all__ = [
    "MAX_TEXT",
    "SPACE",
    "Fault",
    "Results",
    "already_exists",
    "batch_status",
    "choices",
    "failed_precondition",
    "invalid",
    "not_found",
    "out_of_range",
    "permission_denied",
    "resource_exhausted",
    "unimplemented",
]

#: Error space of the vendor part of ``p4.v1.Error``.
SPACE = "softswitch"
#: Characters of the messages of one batch.
MAX_TEXT = 1 << 16

_GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}


class Fault(Exception):
    """A refused request or update.

    ``code`` is a ``google.rpc.Code``; ``message`` names what was wrong, where, and what would be valid.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = one_line(message)
        super().__init__(self.message)

    @property
    def grpc_code(self) -> grpc.StatusCode:
        """The same code as gRPC's enum."""
        return _GRPC_CODES[self.code]

    def at(self, where: str) -> Fault:
        """The same fault with its place put in front."""
        return Fault(self.code, f"{where}: {self.message}")


def invalid(message: str) -> Fault:
    return Fault(code_pb2.INVALID_ARGUMENT, message)


def not_found(message: str) -> Fault:
    return Fault(code_pb2.NOT_FOUND, message)


def already_exists(message: str) -> Fault:
    return Fault(code_pb2.ALREADY_EXISTS, message)


def out_of_range(message: str) -> Fault:
    return Fault(code_pb2.OUT_OF_RANGE, message)


def permission_denied(message: str) -> Fault:
    return Fault(code_pb2.PERMISSION_DENIED, message)


def failed_precondition(message: str) -> Fault:
    return Fault(code_pb2.FAILED_PRECONDITION, message)


def resource_exhausted(message: str) -> Fault:
    return Fault(code_pb2.RESOURCE_EXHAUSTED, message)


def unimplemented(message: str) -> Fault:
    return Fault(code_pb2.UNIMPLEMENTED, message)


def choices(names: Iterable[str], limit: int = 12) -> str:
    """``a, b, c`` for the end of an error message; long lists are cut and counted."""
    ordered = sorted(names)
    if not ordered:
        return "none"
    if len(ordered) > limit:
        return ", ".join(ordered[:limit]) + f" and {len(ordered) - limit} more"
    return ", ".join(ordered)


class Results:
    """What became of the elements of a batch, in order: ``None``, or the fault without the frames that it came through.

    Their texts take :data:`MAX_TEXT` characters in all; a fault beyond that has its code alone.
    """

    def __init__(self) -> None:
        self.faults: list[Fault | None] = []
        self._room = MAX_TEXT

    def add(self, fault: Fault | None = None) -> None:
        """The next element succeeded, or failed."""
        if fault is not None:
            text = fault.message if len(fault.message) <= self._room else ""
            self._room -= len(text)
            fault = Fault(fault.code, text)
        self.faults.append(fault)


def batch_status(summary: str, faults: Sequence[Fault | None]) -> Any:
    """``google.rpc.Status`` of a batch in which some element failed: one ``p4.v1.Error`` an element, in
    order."""
    status = status_pb2.Status(code=code_pb2.UNKNOWN, message=summary)
    for fault in faults:
        error = p4runtime_pb2.Error()
        if fault is not None:
            error.canonical_code = fault.code
            error.message = fault.message
            error.space = SPACE
        status.details.add().Pack(error)
    return status
