# SPDX-License-Identifier: Apache-2.0
"""What arrives on the stream, and what describes a switch, as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from .entities import Data, TableEntry
from .errors import Code
from .program import P4Info

__all__ = [
    "TLS",
    "Arbitration",
    "Capabilities",
    "DigestList",
    "Disconnected",
    "IdleTimeout",
    "PacketIn",
    "Pipeline",
    "Primacy",
    "StreamError",
]


class Primacy(Enum):
    """A controller's part for its role (P4Runtime 5)."""

    PRIMARY = "primary"
    BACKUP = "backup"
    NO_PRIMARY = "no primary"  # backup, and no controller is primary


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The switch's answer to arbitration. ``election_id``: the highest the switch knows, the primary's."""

    primacy: Primacy
    election_id: int
    message: str = ""

    @property
    def is_primary(self) -> bool:
        """Whether this client may write."""
        return self.primacy is Primacy.PRIMARY


@dataclass(frozen=True, slots=True)
class PacketIn:
    """A packet from the data plane: the frame and the fields of the ``packet_in`` header by name."""

    payload: bytes
    metadata: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DigestList:
    """A batch of digest messages; acknowledge it with ``Client.ack_digest``. ``timestamp`` in ns of the
    switch.
    """

    digest: str
    list_id: int
    data: tuple[Data, ...]
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """Entries that no packet hit for their idle timeout. ``timestamp`` in ns of the switch."""

    entries: tuple[TableEntry, ...]
    timestamp: int = 0


@dataclass(frozen=True, slots=True)
class StreamError:
    """A stream message that the switch refused; ``about``: "packet-out", "digest-ack" or "other"."""

    code: Code
    message: str
    about: str = "other"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream ended without being asked to: the switch died, restarted or refused this client."""

    code: Code
    reason: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The program on a switch. ``config`` is the target's binary (for BMv2 and softswitch the JSON)."""

    p4info: P4Info | None
    config: bytes
    cookie: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the server says of itself; the version is "" when it does not implement the call."""

    p4runtime_version: str


@dataclass(frozen=True, slots=True)
class TLS:
    """PEM files. ``ca`` verifies the switch (system roots when None); ``cert`` and ``key`` identify this
    client.

    ``server_name`` is the name in the switch's certificate when it is not the host in the address.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
