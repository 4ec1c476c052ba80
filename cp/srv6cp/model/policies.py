# SPDX-License-Identifier: Apache-2.0
"""SR policies (RFC 9256) and what is steered into them (RFC 8986 section 5, RFC 9256 section 8)."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import NamedTuple

from srv6cp.model.interfaces import DEFAULT_VRF, IPAddress, IPNetwork

MAX_SEGMENTS = 16
# Args.Mob.Session has 40 bits, an IPv4 address in front of it 32 (RFC 9433 6.1, 6.6).
MAX_ARGS_OFFSET = 88
MAX_UPF_PREFIX = 56
MAX_SOURCE_PREFIX = 96
# SIDs of a list before it is packed: what an SRH has room for.
MAX_LISTED = 127
MAX_WEIGHT = 65535
# Weights of one group after division by their greatest common divisor: the size of the selector's groups.
MAX_TOTAL_WEIGHT = 256
#: RFC 9256 2.7: of a candidate path that says none.
DEFAULT_PREFERENCE = 100
#: RFC 9256 2.12: the same for the priority of a policy.
DEFAULT_PRIORITY = 128


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

    ``hmac`` is the id of the key of the HMAC that its SRH gets (RFC 8754 2.1.2). ``path_tracing`` is the session id of
    packets whose path is traced (draft-filsfils-spring-path-tracing).
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
    hmac: int | None = None
    path_tracing: int | None = None


@dataclass(frozen=True)
class SegmentList:
    """A segment list in path order (first segment first) and its share of the flows.

    ``segments`` are what is put into headers. Where the headend has packed them, ``original`` are the SIDs that they
    lead to one after the other; else it is empty.
    A list of weight 0 is not valid (RFC 9256 5.1). ``verify``: each segment, not the first one only, must be reachable
    for the list to be valid (SID verification, RFC 9256 5.1).
    """

    segments: tuple[IPv6Address, ...]
    weight: int = 1
    verify: bool = False
    original: tuple[IPv6Address, ...] = ()

    @property
    def sids(self) -> tuple[IPv6Address, ...]:
        """The segments as they were written."""
        return self.original or self.segments


class ProtocolOrigin(enum.IntEnum):
    """Where a candidate path comes from (RFC 9256 2.3); of two that are equal otherwise the higher number wins."""

    PCEP = 10
    BGP = 20
    CONFIGURATION = 30


@dataclass(frozen=True, order=True)
class Originator:
    """Who signalled a candidate path (RFC 9256 2.4): compared as a number of 160 bits, AS in front of the address."""

    asn: int = 0
    node: int = 0

    def __str__(self) -> str:
        address = IPv6Address(self.node) if self.node >> 32 else IPv4Address(self.node)
        return f"{self.asn}:{address}"


@dataclass(frozen=True)
class Constituent:
    """A policy that a composite candidate path is made of, and its share of the flows (RFC 9256 2.2)."""

    policy: str
    weight: int = 1


@dataclass(frozen=True)
class CandidatePath:
    """A candidate path of a policy: explicit segment lists, or (composite) other policies of the same endpoint.

    <origin, originator, discriminator> tell the paths of a policy apart (RFC 9256 2.6). ``bsids`` are the binding SIDs
    that the policy has while this path is active; ``alerts`` say which of them are others than were asked for.
    ``ineligible`` says why the path is not valid whatever is reachable.
    """

    lists: tuple[SegmentList, ...] = ()
    constituents: tuple[Constituent, ...] = ()
    name: str = ""
    preference: int = DEFAULT_PREFERENCE
    origin: ProtocolOrigin = ProtocolOrigin.CONFIGURATION
    originator: Originator = Originator()
    discriminator: int = 1
    bsids: tuple[IPv6Network, ...] = ()
    alerts: tuple[str, ...] = ()
    ineligible: str = ""

    @property
    def identity(self) -> tuple[int, Originator, int]:
        """What tells it from the others of its policy."""
        return self.origin, self.originator, self.discriminator

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.name or f"{self.origin.name.lower()} {self.originator} {self.discriminator}"


@dataclass(frozen=True)
class Policy:
    """An SR policy: candidate paths, resolved in ``vrf`` towards their first segments.

    ``color`` and ``endpoint`` name it among those of this headend (RFC 9256 2.1); a policy that nobody asks for by them
    has none. ``drop_when_invalid`` is drop-upon-invalid of RFC 9256 section 8.2; otherwise traffic follows ordinary
    forwarding while no path is valid. With ``keep_installed`` a path that is active stays so among equals of preference
    and origin (2.9). ``priority`` orders recomputation, the lowest first (2.12). With ``spray`` a copy of each packet
    goes by every list.
    """

    name: str
    paths: tuple[CandidatePath, ...]
    encap: Encap = Encap()
    drop_when_invalid: bool = False
    vrf: str = DEFAULT_VRF
    color: int | None = None
    endpoint: IPAddress | None = None
    priority: int = DEFAULT_PRIORITY
    keep_installed: bool = False
    spray: bool = False

    @property
    def lists(self) -> tuple[SegmentList, ...]:
        """The segment lists of all its candidate paths."""
        return tuple(entry for path in self.paths for entry in path.lists)

    def parts(self, policies: Mapping[str, Policy]) -> Iterator[Policy]:
        """The policies whose segment lists it may send packets by: itself, and what composite paths are made of."""
        yield self
        for name in dict.fromkeys(each.policy for path in self.paths for each in path.constituents):
            yield policies[name]


class Entrance(NamedTuple):
    """A policy that packets enter, and the service SID that goes behind its segments."""

    policy: str
    service: IPv6Address | None = None


@dataclass(frozen=True)
class PrefixSteering:
    """Destination prefix into a policy, or where that is not valid into the first of ``instead`` that is.

    Steering names one policy; a route with a color may have several, and a service SID (RFC 9256 8.8).
    """

    prefix: IPNetwork
    policy: str
    vrf: str = DEFAULT_VRF
    service: IPv6Address | None = None
    instead: tuple[Entrance, ...] = ()

    @property
    def entrances(self) -> tuple[Entrance, ...]:
        """All of them, the first that is valid counts."""
        return (Entrance(self.policy, self.service), *self.instead)


class RuleAction(enum.Enum):
    """What becomes of a packet that a rule matches; every rule counts."""

    STEER = "steer"  # into the rule's policy, or (without one) none
    DROP = "drop"
    COUNT = "count"  # nothing else: as if no rule had matched


class Range(NamedTuple):
    """Numbers of 8 bits, both ends included."""

    low: int
    high: int


@dataclass(frozen=True)
class SrhMatch:
    """An SRH, by its fields and its next segment, Segment List[SL-1]; None matches anything."""

    next_header: int | None = None
    hdr_ext_len: Range | None = None
    segments_left: Range | None = None
    last_entry: Range | None = None
    tag: int | None = None
    next_segment: IPv6Network | None = None


@dataclass(frozen=True)
class ClassifierRule:
    """Ternary classifier: the rule with the biggest ``priority`` wins, then the one listed first.

    Every field None matches anything; ``version`` is 4 or 6, ``dscp`` the high six bits of the traffic class.
    ``policy`` None exempts the traffic from steering.
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
    dscp: int | None = None
    srh: SrhMatch | None = None
    action: RuleAction = RuleAction.STEER
