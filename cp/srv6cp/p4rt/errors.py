# SPDX-License-Identifier: Apache-2.0

"""Everything that can go wrong between a controller and a P4Runtime switch, as one tree of exceptions.

A message is meant to be shown to a person as it is: it says what failed, where (switch, table, key) and what
would have worked. ``Code`` is the canonical gRPC code, kept wherever a switch answered with one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .entities import Update

__all__ = [
    "ArbitrationFailed",
    "Code",
    "ConnectionFailed",
    "DecodeError",
    "EntityError",
    "Failure",
    "NoPipeline",
    "NotPrimary",
    "P4InfoError",
    "P4RuntimeError",
    "PipelineError",
    "RpcFailed",
    "StreamClosed",
    "UnknownName",
    "WriteError",
]


class Code(IntEnum):
    """Canonical status codes (google.rpc.Code)."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16

    @classmethod
    def of(cls, number: int) -> Code:
        """The code with this number; UNKNOWN for a number outside the canonical range."""
        try:
            return cls(number)
        except ValueError:
            return cls.UNKNOWN


class P4RuntimeError(Exception):
    """Base of every error of this package."""


class P4InfoError(P4RuntimeError):
    """A p4info file or a pipeline artefact is missing or is not what it should be."""


class EntityError(P4RuntimeError, ValueError):
    """An entity does not fit the program: nothing was sent."""


class DecodeError(P4RuntimeError):
    """The switch sent something that the p4info in use does not describe."""


class UnknownName(EntityError):
    """A name that the program does not have.

    Attributes: ``kind`` ("table", "action", ...), ``name``, ``choices`` (valid names), ``where`` (may be
    empty).
    """

    def __init__(self, kind: str, name: str, choices: Iterable[str], where: str = "") -> None:
        self.kind = kind
        self.name = name
        self.choices = tuple(choices)
        self.where = where
        super().__init__(f"{where + ': ' if where else ''}{unknown(kind, name, self.choices)}")


class ConnectionFailed(P4RuntimeError):
    """No P4Runtime server answers at ``address``."""

    def __init__(self, address: str, device_id: int, reason: str) -> None:
        self.address = address
        self.device_id = device_id
        self.reason = reason
        super().__init__(
            f"no P4Runtime server answers at {address} (device-id {device_id}): {reason}; check that the "
            f"switch is running, that its gRPC address and port are these, and that both or neither use TLS"
        )


class RpcFailed(P4RuntimeError):
    """The switch refused a request: ``rpc`` the method, ``code`` the canonical code, ``message`` its text."""

    def __init__(self, rpc: str, code: Code, message: str, where: str) -> None:
        self.rpc = rpc
        self.code = code
        self.message = message
        self.where = where
        super().__init__(f"{where}: {rpc} failed: {code.name}: {message or 'no message'}{self.hint()}")

    def hint(self) -> str:
        """What to do about it, appended to the message."""
        return ""


class NotPrimary(RpcFailed):
    """This client is not the primary controller for its role, so it may not write."""

    def hint(self) -> str:
        """What to do about it, appended to the message."""
        return "; another controller is primary, or become_primary() was not called"


class NoPipeline(RpcFailed):
    """The switch runs no program yet (or, on BMv2, the device id is not the switch's)."""

    def hint(self) -> str:
        """What to do about it, appended to the message."""
        return "; load a program with set_pipeline(), and check the device id (BMv2 defaults to 0)"


class PipelineError(RpcFailed):
    """The switch did not accept a pipeline."""


class ArbitrationFailed(P4RuntimeError):
    """The switch closed the stream, or did not answer, while the client asked to become primary."""


class StreamClosed(P4RuntimeError):
    """The stream to the switch is not open: packets, digests and arbitration are unavailable."""


class Failure(NamedTuple):
    """One update that was refused: its position in the write, itself, the code and the switch's text."""

    index: int  # type: ignore[assignment]  # tuple.index is not missed here
    update: Update
    code: Code
    message: str

    def __str__(self) -> str:
        from .render import render_update

        return f"{render_update(self.update)}: {self.code.name}: {self.message or 'no message'}"


class WriteError(RpcFailed):
    """Some updates of a write failed.

    ``failures`` lists them in order; ``total`` is how many were sent. With the default atomicity the others
    took effect; with ``ROLLBACK_ON_ERROR`` or ``DATAPLANE_ATOMIC`` none did.
    """

    SHOWN = 10

    def __init__(self, failures: list[Failure], total: int, where: str) -> None:
        self.failures = failures
        self.total = total
        super().__init__("Write", failures[0].code if failures else Code.UNKNOWN, "", where)

    def __str__(self) -> str:
        if self.total == 1 and len(self.failures) == 1:
            return f"{self.where}: {self.failures[0]}"
        lines = [f"{self.where}: {len(self.failures)} of {self.total} updates failed"]
        lines += [f"  #{failure.index} {failure}" for failure in self.failures[: self.SHOWN]]
        if len(self.failures) > self.SHOWN:
            lines.append(f"  ... and {len(self.failures) - self.SHOWN} more")
        return "\n".join(lines)


def unknown(kind: str, name: str, choices: Iterable[str], limit: int = 40) -> str:
    """``unknown table 'x'; did you mean 'y'? valid: ...`` with at most ``limit`` choices listed."""
    valid = sorted(choices)
    text = f"unknown {kind} {name!r}"
    close = difflib.get_close_matches(name, valid, n=2, cutoff=0.65)
    if close:
        text += f"; did you mean {' or '.join(map(repr, close))}?"
    if not valid:
        return f"{text}; there are none"
    more = f", ... ({len(valid)} in all)" if len(valid) > limit else ""
    return f"{text}{'' if close else ';'} valid: {', '.join(valid[:limit])}{more}"
