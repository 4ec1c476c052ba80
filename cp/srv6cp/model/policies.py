# SPDX-License-Identifier: Apache-2.0
"""SR policies (RFC 9256) and what is steered into them (RFC 8986 section 5, RFC 9256 section 8)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from ipaddress import IPv6Address

from srv6cp.model.interfaces import DEFAULT_VRF, IPNetwork

MAX_SEGMENTS = 16
# Args.Mob.Session has 40 bits, an IPv4 address in front of it 32 (RFC 9433 6.1, 6.6).
MAX_ARGS_OFFSET = 88
MAX_UPF_PREFIX = 56
MAX_SOURCE_PREFIX = 96
MAX_WEIGHT = 65535
# Weights of one group after division by their greatest common divisor: the size of the selector's groups.
MAX_TOTAL_WEIGHT = 256


class FlowLabel(enum.Enum):
    """Where the outer flow label comes from (RFC 8754 section 5.5, RFC 6438)."""

    HASH = "hash"
    COPY = "copy"
    ZERO = "0"


class Fragmentation(enum.Enum):
    """How IPv4 without DF gets through a tunnel that it is too long for: cut before it is encapsulated, or whole in
    fragments of the outer packet (RFC 2473 section 7.2), which the end of the tunnel must reassemble."""

    INNER = "inner"
    OUTER = "outer"


@dataclass(frozen=True)
class Encap:
    """How a policy builds the outer header.

    ``mode`` is that of a headend record of :mod:`srv6cp.behaviours`. ``hop_limit`` and ``traffic_class`` None
    mean: inherit from the inner packet. ``source`` None means the node's source address.

    ``returns_to_sid``: End.B6.Insert leaves the received SRH as it is and puts the binding SID last, as Linux does and
    SAI's tests ask; otherwise Segments Left lowers first and the next segment is last (B6-5).

    Of H.M.GTP4.D: ``upf_prefix`` bits of the last segment are the Destination UPF Prefix, ``source_prefix`` bits of the
    source the Source UPF Prefix; ``answers_echo``: echo requests of GTP-U are answered for the UPF.
    """

    mode: str = "encap"
    source: IPv6Address | None = None
    hop_limit: int | None = 64
    traffic_class: int | None = None
    flow_label: FlowLabel = FlowLabel.HASH
    returns_to_sid: bool = False
    upf_prefix: int = MAX_UPF_PREFIX
    source_prefix: int = 64
    answers_echo: bool = False


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
