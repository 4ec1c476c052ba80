# SPDX-License-Identifier: Apache-2.0
"""What the managers of the entity kinds share: schema, device, references, the undo log of the batch at
work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from softswitch.device import (
    Device,
    DeviceError,
    DuplicateEntry,
    ImmutableEntry,
    NoSuchEntry,
    StillReferenced,
    TableFull,
)
from softswitch.p4runtime.errors import (
    Fault,
    already_exists,
    failed_precondition,
    invalid,
    not_found,
    permission_denied,
    resource_exhausted,
)
from softswitch.p4runtime.references import References

if TYPE_CHECKING:
    from collections.abc import Iterator

    from softswitch.p4runtime.schema import Schema

__all__ = ["Context", "device_errors", "fault_of"]

_CODES: list[tuple[type[DeviceError], Callable[[str], Fault]]] = [
    (DuplicateEntry, already_exists),
    (NoSuchEntry, not_found),
    (TableFull, resource_exhausted),
    (ImmutableEntry, permission_denied),
    (StillReferenced, failed_precondition),
    (DeviceError, invalid),
]


def fault_of(error: DeviceError) -> Fault:
    """The fault with the canonical code that matches an error of the device."""
    return next(make for kind, make in _CODES if isinstance(error, kind))(str(error))


@contextmanager
def device_errors(where: str = "") -> Iterator[None]:
    """Turn errors of the device into faults with the matching canonical code."""
    try:
        yield
    except DeviceError as error:
        fault = fault_of(error)
        raise (fault.at(where) if where else fault) from None


class Context:
    """Shared state of the managers of one pipeline.

    ``undo``: a list of functions that take back the updates of the batch at work, newest last; ``None`` when
    the batch is not atomic.
    """

    def __init__(self, schema: Schema, device: Device, port_is_up: Callable[[int], bool]) -> None:
        self.schema = schema
        self.device = device
        self.references = References(schema)
        self.port_is_up = port_is_up
        self.undo: list[Callable[[], None]] | None = None

    def on_undo(self, step: Callable[[], None]) -> None:
        """Remember how to take back what was just done."""
        if self.undo is not None:
            self.undo.append(step)
