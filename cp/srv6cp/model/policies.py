# SPDX-License-Identifier: Apache-2.0
"""SR policies (RFC 9256) and what is steered into them (RFC 8986 section 5, RFC 9256 section 8)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from ipaddress import IPv6Address

from srv6cp.model.interfaces import DEFAULT_VRF, IPNetwork

MAX_SEGMENTS = 16
MAX_WEIGHT = 65535
# Weights of one group after division by their greatest common divisor: the size of the selector's groups.
MAX_TOTAL_WEIGHT = 256


class EncapMode(enum.Enum):
    """Headend behaviours; the value is the configuration spelling."""

    ENCAP = "encap"
    ENCAP_RED = "encap.red"
    L2ENCAP = "l2encap"
    L2ENCAP_RED = "l2encap.red"
    INSERT = "insert"
    INSERT_RED = "insert.red"

    @property
    def action(self) -> str:
        """Action of ``sr_policy_table`` that implements the mode."""
        return _ACTIONS[self]

    @property
    def rfc_name(self) -> str:
        """Name in RFC 8986 section 5 or the insertion draft."""
        return _RFC_NAMES[self]

    @property
    def reduced(self) -> bool:
        """True when the first segment is left out of the SRH (RFC 8754 section 4.1.1)."""
        return self.value.endswith(".red")

    @property
    def layer2(self) -> bool:
        """True when whole Ethernet frames are encapsulated."""
        return self.value.startswith("l2")

    @property
    def inserts(self) -> bool:
        """True when the SRH goes into the packet instead of a new outer header."""
        return self.value.startswith("insert")


_ACTIONS = {
    EncapMode.ENCAP: "h_encaps",
    EncapMode.ENCAP_RED: "h_encaps_red",
    EncapMode.L2ENCAP: "h_encaps_l2",
    EncapMode.L2ENCAP_RED: "h_encaps_l2_red",
    EncapMode.INSERT: "h_insert",
    EncapMode.INSERT_RED: "h_insert_red",
}
_RFC_NAMES = {
    EncapMode.ENCAP: "H.Encaps",
    EncapMode.ENCAP_RED: "H.Encaps.Red",
    EncapMode.L2ENCAP: "H.Encaps.L2",
    EncapMode.L2ENCAP_RED: "H.Encaps.L2.Red",
    EncapMode.INSERT: "H.Insert",
    EncapMode.INSERT_RED: "H.Insert.Red",
}
_MODES = {mode.value: mode for mode in EncapMode}
_MODES |= {name.lower(): mode for mode, name in _RFC_NAMES.items()}
_MODES |= {name.lower().replace("h.", "t.", 1): mode for mode, name in _RFC_NAMES.items()}
_MODES |= {"inline": EncapMode.INSERT, "inline.red": EncapMode.INSERT_RED}


def parse_mode(text: str) -> EncapMode:
    """Read a headend mode as iproute2 (``encap``, ``inline``), RFC 8986 (``H.Encaps``) or drafts write it.

    Raises:
        ValueError: the text names no mode.
    """
    mode = _MODES.get(text.strip().lower().replace("-", ".").replace("_", "."))
    if mode is None:
        valid = ", ".join(mode.value for mode in EncapMode)
        raise ValueError(f"unknown encap mode {text!r}; valid: {valid}, or the RFC 8986 names")
    return mode


class FlowLabel(enum.Enum):
    """Where the outer flow label comes from (RFC 8754 section 5.5, RFC 6438)."""

    HASH = "hash"
    COPY = "copy"
    ZERO = "0"


@dataclass(frozen=True)
class Encap:
    """How a policy builds the outer header.

    ``hop_limit`` and ``traffic_class`` None mean: inherit from the inner packet. ``source`` None means
    the node's source address.
    """

    mode: EncapMode = EncapMode.ENCAP
    source: IPv6Address | None = None
    hop_limit: int | None = 64
    traffic_class: int | None = None
    flow_label: FlowLabel = FlowLabel.HASH


@dataclass(frozen=True)
class SegmentList:
    """A segment list in path order (first segment first) and its share of the flows."""

    segments: tuple[IPv6Address, ...]
    weight: int = 1


@dataclass(frozen=True)
class Policy:
    """An SR policy: weighted segment lists, resolved in ``vrf`` towards their first segment.

    ``drop_when_invalid`` is drop-upon-invalid of RFC 9256 section 8.2; otherwise traffic follows
    ordinary forwarding while no list is valid.
    """

    name: str
    lists: tuple[SegmentList, ...]
    encap: Encap = Encap()
    drop_when_invalid: bool = False
    vrf: str = DEFAULT_VRF


@dataclass(frozen=True)
class PrefixSteering:
    """Destination prefix into a policy."""

    prefix: IPNetwork
    policy: str
    vrf: str = DEFAULT_VRF


@dataclass(frozen=True)
class ClassifierRule:
    """Ternary classifier: the rule with the biggest ``priority`` wins, then the one listed first.

    Every field None matches anything; ``version`` is 4 or 6. ``policy`` None exempts the traffic from
    steering.
    """

    policy: str | None
    priority: int
    version: int | None = None
    vrf: str | None = None
    port: int | None = None
    src: IPNetwork | None = None
    dst: IPNetwork | None = None
    protocol: int | None = None
    traffic_class: int | None = None
    src_port: int | None = None
    dst_port: int | None = None
