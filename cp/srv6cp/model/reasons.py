# SPDX-License-Identifier: Apache-2.0
"""What the reasons of the P4 program mean to people."""

from __future__ import annotations

from dataclasses import dataclass

from srv6cp.model.numbers import DropReason, PuntReason


@dataclass(frozen=True)
class Reason:
    """One line for people: what happened, and the rule that asks for it."""

    explanation: str
    rule: str


DROP_REASONS: dict[DropReason, Reason] = {
    DropReason.NO_INTERFACE: Reason("the ingress port is not configured", "configuration: ports"),
    DropReason.VLAN_UNKNOWN: Reason("tagged frame, no such VLAN on the port", "configuration: ports.vlans"),
    DropReason.NOT_MY_MAC: Reason("destination MAC is not the interface's", "IEEE 802.3; ports.mac"),
    DropReason.UNSUPPORTED_ETHERTYPE: Reason("neither IPv6, IPv4 nor ARP on a routed port", "ports.mode"),
    DropReason.IP_HEADER_INVALID: Reason("IP version, header length or total length is wrong", "RFC 8200 3, 791"),
    DropReason.IPV4_CHECKSUM: Reason("IPv4 header checksum is wrong", "RFC 1812 5.2.2"),
    DropReason.SID_BLOCK_FILTERED: Reason("packet from outside the domain to the SID block", "RFC 8754 5.1"),
    DropReason.SOURCE_NOT_IN_DOMAIN: Reason("source may not use local SIDs", "RFC 8754 5.1"),
    DropReason.HOP_LIMIT_EXCEEDED: Reason("hop limit or TTL was 1 or 0", "RFC 8986 4.1 S05"),
    DropReason.SRH_SEGMENTS_LEFT: Reason(
        "Segments Left or Last Entry does not fit the SRH, or is not 0 at a last segment",
        "RFC 8986 4.1 S09, 4.4 S02",
    ),
    DropReason.ROUTING_TYPE: Reason(
        "routing header with segments left of a type, or at an address, that takes none", "RFC 8754 4.3.2"
    ),
    DropReason.UPPER_LAYER: Reason("upper layer not allowed at the SID", "RFC 8986 4.1.1"),
    DropReason.HEADER_TRUNCATED: Reason("a header runs past the end of the packet", "RFC 8200 4"),
    DropReason.FRAGMENT_AT_SID: Reason("a fragment cannot be processed at a SID", "RFC 2473 7"),
    DropReason.EXTENSION_CHAIN: Reason("more extension headers than a SID walks", "implementation limit"),
    DropReason.NO_ROUTE: Reason("no route to the destination", "RFC 8200 / RFC 4443 3.1 code 0"),
    DropReason.BLACKHOLE: Reason("blackhole route or policy with drop-upon-invalid", "RFC 9256 8.2"),
    DropReason.PACKET_TOO_BIG: Reason("larger than the MTU of the way out", "RFC 8200 5, RFC 2473 7"),
    DropReason.POLICY_INVALID: Reason("no such policy, or it does not fit the packet", "RFC 9256 5.1"),
    DropReason.NEXTHOP_INVALID: Reason("the next hop does not exist", "control plane out of step"),
    DropReason.NEIGHBOR_UNRESOLVED: Reason("MAC of the neighbour not known yet", "RFC 4861 7.2, RFC 826"),
    DropReason.PUNT_RATE_LIMITED: Reason("over its port's rate to the control plane", "RFC 4443 2.4 (f); icmp, limits"),
    DropReason.RECIRCULATION_LIMIT: Reason("longer than a frame that goes round", "implementation limit"),
    DropReason.MULTICAST: Reason(
        "multicast, broadcast and link-local are not forwarded", "RFC 4291 2.5.6, 2.7, 1812 5.3.5"
    ),
    DropReason.L2_PORT_NO_POLICY: Reason("frame on a layer 2 port without policy", "configuration: ports.policy"),
    DropReason.SOURCE_INVALID: Reason(
        "multicast, loopback, unspecified or IPv4-mapped source, or off-link link-local one",
        "RFC 4291 2.5, 2.7, 1122 3.2.1.3",
    ),
    DropReason.PACKET_OUT_INVALID: Reason("packet-out that asks for no valid port", "control plane error"),
    DropReason.DESTINATION_INVALID: Reason(
        "loopback, unspecified or IPv4-mapped destination, or next segment", "RFC 4291 2.5, RFC 1122 3.2.1.3"
    ),
    DropReason.OPTION: Reason("unknown option that must not be skipped, or too many options, at a SID", "RFC 8200 4.2"),
    DropReason.AUTHENTICATION_HEADER: Reason("Authentication Header at a SID: it cannot be verified", "RFC 4302 3.4"),
    DropReason.CE_ON_NOT_ECT: Reason(
        "congestion marked on the outer header, and the inner packet does not know ECN", "RFC 6040 4.2"
    ),
    DropReason.SID_VISIT_LIMIT: Reason("met too many SIDs of this node", "limits: sid-visits"),
    DropReason.PASS_BUDGET: Reason("its port has used up its further passes", "limits: passes"),
    DropReason.SOURCE_BOGON: Reason("from outside the domain, a source that is nobody's", "RFC 2827; sr-domain.bogons"),
    DropReason.SOURCE_SPOOFED: Reason("from outside the domain, a source inside it", "RFC 2827, RFC 8754 5.1"),
    DropReason.REVERSE_PATH: Reason(
        "the way back to the source leads by no such interface (strict), or there is none (loose)",
        "RFC 3704 2.2, 2.4; ports.urpf",
    ),
    DropReason.SPLIT_HORIZON: Reason(
        "of a bridge domain: to where it came from, or from a remote to a remote", "RFC 4762 4.4; bridges"
    ),
    DropReason.BRIDGE_ALONE: Reason("nobody else is in the bridge domain", "bridges"),
    DropReason.REPLICA_INVALID: Reason("a copy, or a frame, that leads nowhere", "control plane"),
    DropReason.COPY_BUDGET: Reason("more copies than a port may cause", "limits.passes"),
    DropReason.CSID_ZERO: Reason("a REPLACE-C-SID leads into a container that begins with C-SID 0", "RFC 9800 6.4"),
    DropReason.REPLICATION_STATE: Reason("no such replication segment", "RFC 9524 2.2; replication-segments"),
    DropReason.REPLICATION_HOP_LIMIT: Reason(
        "hop limit below the threshold of the replication segment", "RFC 9524 2.2; hop-limit-threshold"
    ),
    DropReason.REPLICATION_CONTEXT: Reason(
        "the copy for this node has no context, or one that is no SID of this node", "RFC 9524 2.2; context"
    ),
    DropReason.REPLICATION_SEGMENTS_LEFT: Reason(
        "segments are left behind the context of the copy for this node", "RFC 9524 2.2"
    ),
    DropReason.GTP_INVALID: Reason(
        "GTP-U of another version, longer than its packet, or with more extension headers than are walked",
        "3GPP TS 29.281 5.1, 5.2",
    ),
    DropReason.NOT_GTP: Reason("no G-PDU of GTP-U where only one is taken", "RFC 9433 6.7"),
    DropReason.GTP_PAYLOAD: Reason("what GTP-U carries, or would carry, is of no known type", "RFC 9433 7"),
    DropReason.NO_LAST_SEGMENT: Reason("no SRH to take the destination of a GTP-U packet from", "RFC 9433 6.5"),
    DropReason.GROUP_LIMIT: Reason("over the rate of its group", "RFC 9433 6.8"),
    DropReason.SERVICE_UNKNOWN: Reason("the service does not exist", "control plane out of step"),
    DropReason.SERVICE_LAST_SEGMENT: Reason(
        "no segment left at End.AD or End.AM", "draft-ietf-spring-sr-service-programming"
    ),
    DropReason.SERVICE_NO_CACHE: Reason("from a service, and no headers are known for it", "services; service show"),
    DropReason.SERVICE_NOT_CACHED: Reason(
        "to a service behind headers that cannot be pushed again", "implementation limit; services"
    ),
    DropReason.SERVICE_MASQUERADE: Reason(
        "from a masqueraded service without its SRH, or to another destination", "End.AM; services, nat"
    ),
    DropReason.SERVICE_TYPE: Reason("from a service, and not what it takes", "services, type"),
    DropReason.SID_NOT_IN_LIST: Reason(
        "a reduced SRH at End.VNF: the proxy could not tell its function from the list", "SRv6Pipes; docs/pipes.md"
    ),
    DropReason.NOT_TCP: Reason("no TCP behind the SRH at End.VNF", "SRv6Pipes; docs/pipes.md"),
    DropReason.CLASSIFIED: Reason("a classifier rule drops it", "configuration: steering, action: drop"),
    DropReason.HMAC: Reason("HMAC that is not right, or whose key is not here", "RFC 8754 2.1.2.1; hmac-keys"),
    DropReason.HMAC_ABSENT: Reason("no HMAC, and one is required", "RFC 8754 2.1.2.1; ports.tlv, sids.tlv"),
    DropReason.TLV: Reason("a TLV runs past the end of the SRH", "RFC 8754 2.1"),
    DropReason.TLV_CHAIN: Reason("more TLVs than a SID walks", "implementation limit"),
    DropReason.NSH_PATH: Reason("NSH on a service path that is not configured, or of another version", "RFC 9491 5.2"),
    DropReason.NSH_HEADERS: Reason(
        "NSH that comes back and has no headers here, or whose headers cannot be kept", "RFC 9491 5.2"
    ),
    DropReason.NO_TARGET: Reason("an exhausted SRH at End.S", "draft-filsfils-spring-srv6-network-programming 4.18"),
}

PUNT_REASONS: dict[PuntReason, Reason] = {
    PuntReason.LOCAL: Reason("to an own address, or an allowed upper layer at a SID", "RFC 8986 4.1.1"),
    PuntReason.NDP: Reason("neighbour discovery", "RFC 4861"),
    PuntReason.ARP: Reason("ARP", "RFC 826"),
    PuntReason.NEIGHBOR_UNRESOLVED: Reason("next hop to be resolved", "RFC 4861 7.2, RFC 826"),
    PuntReason.FRAGMENT: Reason("to be fragmented by the control plane", "RFC 2473 7"),
    PuntReason.HOP_LIMIT_EXCEEDED: Reason("ICMP time exceeded", "RFC 8986 4.1 S05"),
    PuntReason.PARAMETER_PROBLEM: Reason("ICMPv6 parameter problem, code 0", "RFC 8986 4.1 S09"),
    PuntReason.UPPER_LAYER_ERROR: Reason("ICMPv6 parameter problem, code 4", "RFC 8986 4.1.1"),
    PuntReason.NO_ROUTE: Reason("ICMP destination unreachable", "RFC 4443 3.1"),
    PuntReason.PACKET_TOO_BIG: Reason("ICMP packet too big", "RFC 4443 3.2"),
    PuntReason.OPTION: Reason("ICMPv6 parameter problem, code 2, if the option asks for it", "RFC 8200 4.2"),
    PuntReason.ECHO: Reason("ping of an own address or a SID", "RFC 4443 4.2, RFC 1122 3.2.2.6"),
    PuntReason.REASSEMBLY: Reason("fragment at a SID, to be put together by the control plane", "RFC 8200 4.5"),
    PuntReason.O_FLAG: Reason("copy of a packet with the O flag; counted by `srv6 oam show`", "RFC 9259 2.1.1"),
    PuntReason.SERVICE_CACHE: Reason("to a service: its headers are to be cached", "services"),
    PuntReason.SERVICE_FLOW: Reason("to a service: the headers of its flow are to be cached", "services"),
    PuntReason.NSH: Reason("NSH whose headers are to be kept first", "RFC 9491 5.2"),
    PuntReason.GTP_ECHO: Reason("echo request of GTP-U, answered for the other side", "3GPP TS 29.281 7.2.1"),
}
