# SPDX-License-Identifier: Apache-2.0

"""Everything that can go wrong between a controller and a P4Runtime switch, as one tree of exceptions.

Those about a program and its names are of ``p4rtlib.errors``.

A message is meant to be shown to a person as it is: it says what failed, where (switch, table, key) and what
would have worked. ``Code`` is the canonical gRPC code, kept wherever a switch answered with one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from p4rtlib.errors import EntityError, P4InfoError, P4RuntimeError, UnknownName

if TYPE_CHECKING:
    from .entities import Update

__all__ = [
    "ArbitrationFailed",
    "Code",
    "ConnectionFailed",
    "DecodeError",
    "ElectionIdTaken",
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


class DecodeError(P4RuntimeError):
    """The switch sent something that the p4info in use does not describe."""


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
        if self.rpc == "StreamChannel":
            return ""  # the message says it
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


class ElectionIdTaken(ArbitrationFailed):
    """Another controller has this election id: the switch closes the stream (P4Runtime 5.3)."""


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
