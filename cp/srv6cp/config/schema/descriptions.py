# SPDX-License-Identifier: Apache-2.0
"""What every key of a node file means, in the words that an editor shows beside it.

A key that its own schema describes (operands of behaviours, sections that records bring) is left as it is. A test holds
that none is without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from srv6cp.config.limits import RATES

Schema = dict[str, Any]

_INTERFACE = {
    "mac": "MAC address of the router on this port",
    "addresses": "own addresses, each with the length of its connected prefix",
    "mtu": "IP MTU in bytes",
    "vrf": "VRF in which packets from this port are routed; a VLAN has that of its port",
    "role": "external: the edge of the SR domain, where packets to sr-domain.sid-block are dropped (RFC 8754 5.1), and "
    "those from inside the domain or from bogons (BCP 38); a VLAN has that of its port",
    "urpf": "strict: the way back to the source is by this interface; loose: there is one (RFC 3704); a VLAN has that "
    "of its port",
    "tlv": "TLVs of the SRH at a SID: off; validate: walked; verify: an HMAC has to be right; require: and to be there",
    "policy": "SR policy for everything that is routed from this port, or for the frames of a layer 2 port",
}
_HOP = {
    "address": "of the neighbour",
    "port": "where the neighbour is; needed where no connected prefix tells",
    "weight": "share of the flows among several next hops",
}


_STRUCTURE = {
    "lblen": "length of the block, bits (LBL); that of a locator of the node",
    "nflen": "length of the C-SID behind the block, bits (LNFL): node and function",
    "lnlen": "length of the node's part of it, bits (LNL)",
    "flen": "length of the function's part of it, bits (FL)",
    "arglen": "length of the argument, bits (AL); with a C-SID flavour all that is behind the C-SID",
    "csid": "C-SID flavour (RFC 9800): next, replace, or none",
}
_SEGMENT = {
    **_STRUCTURE,
    "sid": "the segment, with a structure of its own here",
    "pack": "false: the segment is in no container",
    "container": "C-SIDs that the REPLACE-C-SID in front of it takes, packed by hand",
}


def _rate(path: str) -> dict[str, str]:
    return {f"{path}.rate": "a second", f"{path}.burst": "at once"}


def _lists(path: str) -> dict[str, str]:
    return {
        f"{path}.segment-lists": "lists that share the flows by weight",
        f"{path}.segment-lists.weight": "share of the flows; 0: not used",
        f"{path}.segment-lists.verify": "true: valid while all its segments are reachable, not the first only",
        **{f"{path}.segments.{key}": text for key, text in _SEGMENT.items()},
        **{f"{path}.segment-lists.segments.{key}": text for key, text in _SEGMENT.items()},
        f"{path}.bsid": "binding SID (RFC 9256 6): an address, dynamic, or a SID with its behaviour; several as a list",
        f"{path}.bsid-only": "true: no other binding SID when that is taken, the path is not valid then",
    }


#: Path of a key to its text.
DESCRIPTIONS: Mapping[str, str] = {
    "device-id": "P4Runtime device id of the switch",
    "locator": "prefix of this node's SIDs, or its parts",
    "locators": "the same for several",
    "block": "bits of the locator that all nodes of the domain share",
    "node": "bits of the locator that tell this node",
    "sr-domain": "what may reach this node's SIDs (RFC 8754 5.1)",
    "sr-domain.sid-block": "prefixes of the domain's SIDs: packets to them from external ports are dropped",
    "sr-domain.sources": "where packets to local SIDs must come from; anywhere when empty",
    "sr-domain.bogons": "sources that no packet from an external port has: prefixes and names of lists",
    "upper-layer": "protocols that are delivered to the controller when a SID is their destination, by number or name",
    "icmp": "limit of ICMP errors of each port and kind; null: none",
    **_rate("icmp"),
    "limits": "what one port may cost this node",
    "limits.neighbors": "neighbour discovery, and ARP, of each port; null: no limit",
    "limits.echo": "pings of this node from each port; null: no limit",
    "limits.local": "other packets to this node from each port; null: no limit",
    "limits.unresolved": "packets from each port whose next hop, or headers at a service, are to be found; null: none",
    "limits.fragments": "IPv4 packets from each port that are to be fragmented; null: no limit",
    "limits.reassembly": "fragments from each port that are put together at a SID; null: no limit",
    "limits.oam": "copies of packets with the O flag from each port (RFC 9259 2.1.1); null: no limit",
    "limits.passes": "passes after a packet's second one, of each port; null: no limit",
    "limits.sid-visits": "how many SIDs of this node one packet may meet",
    **{key: text for name in RATES for key, text in _rate(f"limits.{name}").items()},
    "reassembly": "true: fragments at a SID are put together (RFC 8200 4.5); or what is spent on it",
    "reassembly.size": "octets of the longest packet that is put together, IPv6 header included",
    "reassembly.packets": "packets that may be incomplete at a time",
    "reassembly.timeout": "seconds from the first fragment of a packet to the last one",
    "fragmentation": "of IPv4 without DF that is too long for its tunnel: of the packet inside, or of the outer one",
    "hmac-keys": "keys of the HMAC of an SRH (RFC 8754 2.1.2); several are valid at a time",
    "hmac-keys.id": "HMAC key id in the TLV",
    "hmac-keys.algorithm": "sha256; sha1: what else Linux has",
    "hmac-keys.text": "rfc: as RFC 8754 2.1.2.1; linux: without the two octets D and reserved",
    "hmac-keys.file": "where the key is: a file of mode 0600, relative to this one",
    "hmac-keys.secret": "the key itself; whoever reads this file has it",
    "vrfs": "VRFs besides `default`",
    "vrfs.name": "by which the rest of the file calls it",
    "vrfs.id": "number on the switch; chosen when it is not given",
    "addresses": "own addresses that are on no port (loopbacks)",
    "addresses.address": "an own address",
    "addresses.vrf": "VRF in which it is the node's own",
    "ports": "ports of the switch by number",
    "ports.mode": "l3: routed; l2: frames are taken as they are",
    "ports.vlans": "routed interfaces by VLAN id",
    **{f"ports.{key}": text for key, text in _INTERFACE.items()},
    **{f"ports.vlans.{key}": text for key, text in _INTERFACE.items()},
    "neighbors": "static neighbours; others are found by ARP and neighbour discovery",
    "neighbors.address": "IP address of the neighbour",
    "neighbors.vrf": "VRF of its interface, to tell which of several is meant",
    "neighbors.mac": "MAC address of the neighbour",
    "telemetry": "what is measured by options of IPv6",
    "telemetry.path-tracing": "interfaces that midpoints and sources of path tracing write into packets",
    "telemetry.path-tracing.id": "number of the interface in the domain",
    "telemetry.path-tracing.load": "of the interface, in sixteenths (0)",
    "telemetry.path-tracing.template": "of the time stamp: nanoseconds, shifted by 8, 12, 16 (usual) or 20 bits",
    "telemetry.alternate-marking": "flows whose packets are counted by colour (RFC 9343)",
    "telemetry.alternate-marking.flow": "FlowMonID, 20 bits",
    "telemetry.alternate-marking.ports": "where they come in; all unless told otherwise",
    "oam": "OAM of RFC 9259",
    "oam.o-flag": "true: every SID copies packets with the O flag to the controller; or a list of the SIDs that do",
    "neighbor-limits": "what packets may make the node keep and do for the neighbours of each interface (RFC 6583)",
    "neighbor-limits.learned": "neighbours an interface has at most, besides configured next hops",
    "neighbor-limits.unresolved": "those of them that have not answered yet",
    "neighbor-limits.solicitations": "questions for unknown neighbours a second",
    "neighbor-limits.held": "packets that wait for their neighbours",
    "routes": "static routes",
    "routes.via": "next hop: an address, {address, port, weight}, or a list of them",
    **{f"routes.via.{key}": text for key, text in _HOP.items()},
    "routes.vrf": "VRF of the route",
    "nexthops": "next hops by number, for routes with `nhid`",
    "nexthops.id": "by which routes and groups call it",
    "nexthops.via": "an address, {address, port, weight}, or a list of them",
    **{f"nexthops.via.{key}": text for key, text in _HOP.items()},
    "nexthops.blackhole": "true: drop what is routed to it",
    "nexthops.group": "numbers of other next hops, or {id, weight}: the flows are shared among them",
    "nexthops.group.id": "number of the member",
    "nexthops.group.weight": "share of the flows",
    "routes.blackhole": "true: drop what matches",
    "routes.backup": "policy that packets enter while the ports of all next hops are down",
    "routes.color": "of policies to the next hop; of several the highest first (RFC 9256 8.8)",
    "routes.color.color": "a color",
    "routes.color.co": "0: policies to the next hop; 1: or to anywhere; 2: or to any other endpoint, too",
    "routes.next-hop": "endpoint of the policies; without any the route goes the way to it, unless via says another",
    "routes.service-sid": "goes behind the segments of the policy, or is the only one (RFC 9252 5)",
    "sids": "local SIDs",
    "sids.behavior": "what the SID does, by its name in RFC 8986",
    "sids.flavors": "psp, usp, usd (RFC 8986 4.16), next-csid or replace-csid (RFC 9800 4)",
    "sids.ttl": "hop limit of the packet inside: pipe, its own; uniform, not above the outer one (RFC 3443)",
    "sids.dscp": "DSCP of the packet inside: pipe, its own; uniform, that of the outer header (RFC 2983)",
    "sids.ecn": "combine: congestion of the tunnel is passed on (RFC 6040); keep: it is not",
    "sids.via": "next hop: an address, {address, port, weight}, or a list of them",
    **{f"sids.via.{key}": text for key, text in _HOP.items()},
    "sids.vrf": "VRF in which the packet inside is looked up",
    "sids.port": "port by which the frame inside leaves",
    "sids.table": "VLAN table by which the frame inside leaves",
    "sids.policy": "SR policy of a binding SID",
    "sids.bridge": "bridge domain of End.DT2U and End.DT2M, an item of bridges",
    "sids.exclude": "Ethernet segment that the argument of this End.DT2M (Arg.FE2) names: its circuits get no copy",
    "sids.lblen": "length of the block of a compressed SID, bits (LBL); that of a locator of the node",
    "sids.nflen": "length of the compressed SID behind its block, bits (LNFL); the rest of the prefix",
    "sids.block": "locator block that the packet goes on in (End.LBS, End.XLBS)",
    "sids.map-to": "SID that takes the place of this one (End.MAP)",
    "sids.rate-bits": "bits of limit-rate at the end of the SID; group-id is in front of them (End.Limit)",
    "sids.rate-unit": "what limit-rate counts, bits a second; 1 Mbit/s",
    "sids.unlimited-rate": "the rate of limit-rate 0, in the same unit; 0: no limit",
    "sids.args-offset": "bits in front of Args.Mob.Session (RFC 9433 6.1), of the policy's last segment or of the SID",
    "sids.payload": "what GTP-U carries: ip (by its first octet), ipv4, ipv6, ethernet",
    "sids.echo": "answer: echo requests of GTP-U are answered for the other side",
    "sids.args-in": "penultimate: Args.Mob.Session goes into the segment in front of the destination (VPP)",
    "sids.source": "source of GTP-U packets over IPv6",
    "sids.hop-limit": "of GTP-U packets; inherit: that of the SRv6 packet",
    "sids.source-port": "UDP source port: a hash of the flow, or 2152 (Linux)",
    "sids.udp-checksum": "over IPv6: computed, or zero (RFC 6935)",
    "sids.pdu-type": "of the PDU Session Container: downlink or uplink",
    "sids.container": "PDU Session Container: with a QFI (VPP), always or never (Linux)",
    "sids.source-prefix-length": "bits in front of the IPv4 address in the source (Source UPF Prefix)",
    "policies.encap.upf-prefix-length": "of the last segment: the Destination UPF Prefix (gtp4.d)",
    "policies.encap.source-prefix-length": "of the source: the Source UPF Prefix (gtp4.d)",
    "policies.encap.echo": "answer: echo requests of GTP-U are answered for the UPF (gtp4.d)",
    "sids.tlv": "TLVs of the SRH, as ports.tlv, which it takes the place of",
    "sids.allow-outside-locator": "true: the SID is meant to be outside the locators",
    "sid-structures": "lengths and C-SID flavours of the SIDs of other nodes, for packing and checking segment lists",
    "sid-structures.sids": "a SID, or a prefix around SIDs of this structure, or several",
    **{f"sid-structures.{key}": text for key, text in _STRUCTURE.items()},
    "policies": "SR policies",
    "policies.name": "by which steering and binding SIDs call it",
    "policies.encap": "how packets enter: a mode such as encap.red, or all of it",
    "policies.encap.mode": "encap, encap.red, insert, insert.red, l2encap, l2encap.red or gtp4.d",
    "policies.encap.source": "outer source address instead of the node's",
    "policies.encap.hop-limit": "of the outer header; inherit: that of the packet",
    "policies.encap.traffic-class": "of the outer header; inherit: that of the packet",
    "policies.encap.path-tracing": "session id: packets leave with an empty path tracing stack and the time in a TLV",
    "policies.encap.hmac": "key id of hmac-keys: the SRH gets an HMAC TLV (RFC 8754 2.1.2)",
    "policies.encap.flow-label": "of the outer header: hash of the flow (RFC 6438), copy, or 0",
    "policies.invalid": "what becomes of the traffic while no segment list is valid",
    "policies.color": "with endpoint what the policy is called by routes with a color (RFC 9256 2.1)",
    "policies.endpoint": "where the policy leads; :: or 0.0.0.0 is anywhere",
    "policies.priority": "order in which policies are computed again after a failure, the lowest first (RFC 9256 2.12)",
    "policies.spray": "true: a copy of each packet goes by every segment list, instead of one chosen by flow",
    "policies.keep-installed": "true: an active candidate path stays so among equals (RFC 9256 2.9)",
    "policies.candidate-paths": "of which the valid one of the highest preference carries the traffic",
    "policies.candidate-paths.name": "by which messages call it",
    "policies.candidate-paths.preference": "the highest wins (RFC 9256 2.7)",
    "policies.candidate-paths.origin": "where it comes from; of equals configuration wins over bgp, bgp over pcep",
    "policies.candidate-paths.originator": "ASN:ADDRESS of who signalled it; of equals the lower wins",
    "policies.candidate-paths.discriminator": "its number among those of an originator, its place in the list unless "
    "said; of equals the higher wins",
    "policies.candidate-paths.policies": "a composite path: colors of policies of the same endpoint (RFC 9256 2.2)",
    "policies.candidate-paths.policies.color": "of the policy",
    "policies.candidate-paths.policies.weight": "its share of the flows",
    "policies.compress": "how the headend packs the segments (RFC 9800 6): auto, next, replace or off",
    **_lists("policies"),
    **_lists("policies.candidate-paths"),
    "steering": "what goes into which policy: by prefix, by port, or by what it matches",
    "steering.vrf": "VRF of the prefix",
    "steering.policy": "name of the policy; null exempts what matches from steering",
    "steering.action": "steer into the policy; drop; count, and nothing else",
    "steering.match": "fields of the packet that all have to match",
    "steering.match.dscp": "the high six bits of the traffic class, by number or name",
    "steering.match.srh": "true: the packet has an SRH",
    "steering.match.srh-next-header": "next header of the SRH, by number or name",
    "steering.match.srh-length": "Hdr Ext Len of the SRH: N, <N, >N or N-M",
    "steering.match.srh-segments-left": "Segments Left: N, <N, >N or N-M",
    "steering.match.srh-last-entry": "Last Entry: N, <N, >N or N-M",
    "steering.match.srh-tag": "tag of the SRH",
    "steering.match.srh-next-segment": "prefix of the segment behind the destination, Segment List[Segments Left - 1]",
    "steering.match.protocol": "of the packet, by number or name",
    "steering.match.src-port": "TCP or UDP source port",
    "steering.match.dst-port": "TCP or UDP destination port",
    "steering.match.traffic-class": "IPv6 traffic class or IPv4 type of service",
    "steering.match.port": "port that it came in by",
    "steering.match.vrf": "VRF that it is routed in",
    "sids.replication": "replication segment of End.Replicate, an item of replication-segments",
    "replication-segments": "what End.Replicate does: branches of multicast trees (RFC 9524)",
    "replication-segments.name": "by which SIDs call it; with the node it is the identity of RFC 9524",
    "replication-segments.branches": "where copies go",
    **{f"replication-segments.branches.via.{key}": text for key, text in _HOP.items()},
    "bridges": "bridge domains of End.DT2U and End.DT2M",
    "bridges.name": "by which SIDs call it",
    "bridges.circuits": "its ports and VLANs",
    "bridges.circuits.port": "a layer 2 port, or a routed one with a VLAN",
    "bridges.remotes": "the other nodes of the domain",
    "bridges.remotes.name": "by which static addresses call it",
    "bridges.arguments": "Arg.FE2 of each Ethernet segment, for an End.DT2M with REPLACE-CSID",
    "bridges.static": "MAC addresses that are not learned",
    "bridges.static.mac": "the address",
    "service-paths": "where the NSH of End.NSH goes (RFC 9491 5.2)",
    "service-paths.name": "by which commands call it",
    "service-paths.via": "the service function forwarder: a neighbour",
    **{f"service-paths.via.{key}": text for key, text in _HOP.items()},
    "search-tables": "what SIDs of End.S search for",
    "search-tables.name": "by which SIDs call it",
    "search-tables.entries": "target to next hop",
    "search-tables.entries.via": "where packets about it go: next hops as in a route",
    **{f"search-tables.entries.via.{key}": text for key, text in _HOP.items()},
    "vlan-tables": "tables of End.DX2V",
    "vlan-tables.name": "by which SIDs call it",
    "vlan-tables.entries": "VLAN to port",
    "vlan-tables.entries.port": "port by which the frame leaves",
    "sids.mpls-policy": "SR-MPLS policy that End.BM stands for",
    "mpls-policies": "SR-MPLS policies of End.BM",
    "mpls-policies.name": "by which SIDs call it",
    "mpls-policies.labels": "labels from the top of the stack down, 1 to 8",
    "mpls-policies.via": "next hop that the labelled packets go to, or several",
    "mpls-policies.via.address": "address of the next hop",
    "mpls-policies.via.port": "port that it is behind",
    "mpls-policies.via.weight": "its share of the flows",
    "mpls-policies.ttl": "TTL of every label: uniform, the hop limit of the packet, or a number (pipe)",
    "mpls-policies.traffic-class": "traffic class (EXP) of every label: inherit, that of the packet, or a number",
    "sids.service": "service that the SID stands for",
    "services": "functions beside the node that know nothing of SRv6",
    "services.name": "by which SIDs call it",
    "services.proxy": "where what comes back gets its headers: static (configured), dynamic, per-flow, masquerading",
    "services.type": "what the service takes: ip, ipv4, ipv6 or ethernet",
    "services.via": "next hop that IP packets go to, or several",
    "services.via.address": "address of the next hop",
    "services.via.port": "port that it is behind",
    "services.via.weight": "its share of the flows",
    "services.out": "port, or P.VLAN, that frames leave by",
    "services.in": "interface that packets come back by; unless said the one that they leave by",
    "services.vrf": "VRF in which frames' next segment, or the next hop, is looked up",
    "services.segments": "of a static proxy: the rest of the path, the first segment first",
    "services.source": "of a static proxy: source address of what is pushed",
    "services.hop-limit": "of a static proxy: hop limit of what is pushed (64)",
    "services.traffic-class": "of a static proxy: traffic class of what is pushed (0)",
    "services.flow-label": "of what is pushed: hash of the packet, or keep that of the cached header",
    "services.hop-limit-margin": "by how much a hop limit may differ from the cached one (4)",
    "services.age": "seconds without a packet after which what was learned is forgotten (300); 0: never",
    "services.limit": "flows of a per-flow service (1024)",
    "services.sl-at": "of a masquerading proxy: when Segments Left and hop limit are decremented",
    "services.nat": "of a masquerading proxy: the service translates the destination",
    "services.psp": "of a masquerading proxy with sl-at de-masquerade: the SRH goes where Segments Left becomes 0",
}


def describe(schema: Schema) -> Schema:
    """``schema`` with texts for the keys that have none."""
    return _described(schema, "")


def undescribed(schema: Schema) -> Iterator[str]:
    """Paths of keys without a text."""
    for key, inner in _inner(schema):
        if key and "description" not in inner:
            yield key
        yield from (f"{key}.{path}".strip(".") for path in undescribed(inner))


def _inner(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The schemas right inside: of a key by its name, others with "" for a name."""
    yield from schema.get("properties", {}).items()
    yield from (("", each) for each in schema.get("anyOf", ()))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield "", schema[key]


def _described(schema: Schema, path: str) -> Schema:
    made = dict(schema)
    if "properties" in schema:
        made["properties"] = {
            key: _with_text(_described(each, at), at)
            for key, each in schema["properties"].items()
            for at in [f"{path}.{key}".strip(".")]
        }
    if "anyOf" in schema:
        made["anyOf"] = [_described(each, path) for each in schema["anyOf"]]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _described(schema[key], path)
    return made


def _with_text(schema: Schema, path: str) -> Schema:
    text = DESCRIPTIONS.get(path) or DESCRIPTIONS.get(path.rpartition(".")[2] if path.startswith("locator") else path)
    return schema if "description" in schema or text is None else {**schema, "description": text}
