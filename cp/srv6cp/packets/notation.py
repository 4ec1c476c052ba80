# SPDX-License-Identifier: Apache-2.0
"""One line per packet, in the notation of RFC 8754 section 6.1.

`(SA,DA)(Sn,...,S1; SL=k)(inner SA,inner DA) UDP 1000>53`: each IP header is a pair of addresses, each SRH its
Segment List as on the wire (Segment List[0] first) with Segments Left. Works on bytes, so it costs no scapy
import.
"""

from __future__ import annotations

from ipaddress import ip_address

from . import raw

_NAMES = {
    raw.HOP_BY_HOP: "HBH",
    raw.FRAGMENT: "FRAG",
    raw.AUTHENTICATION: "AH",
    raw.DESTINATION_OPTIONS: "DO",
    raw.MOBILITY: "MH",
    raw.HIP: "HIP",
    raw.SHIM6: "SHIM6",
}
_ICMPV6 = {
    1: "unreachable",
    2: "packet-too-big",
    3: "time-exceeded",
    4: "parameter-problem",
    128: "echo-request",
    129: "echo-reply",
    133: "router-solicitation",
    134: "router-advertisement",
    135: "neighbor-solicitation",
    136: "neighbor-advertisement",
}
_ICMPV4 = {0: "echo-reply", 3: "unreachable", 8: "echo-request", 11: "time-exceeded", 12: "parameter-problem"}
_ERRORS = {raw.ICMPV6: range(128), raw.ICMP: (3, 4, 5, 11, 12)}


def notation(packet: bytes, offset: int = 0) -> str:
    """The IP packet at `offset`, e.g. `(A,S1)(S2,S1; SL=1)(a,b) UDP 7>9`. Never raises: what cannot be read
    is `[n bytes]`."""
    return _ip(packet, offset).strip()


def frame_notation(frame: bytes) -> str:
    """An Ethernet frame: a VLAN tag as `vlan 100 `, a label stack as `MPLS 16001/24002 TTL 63 TC 0 `, then the packet
    in it; other frames as `[Ethernet A > B type 0x88cc]`."""
    return _frame(frame, 0).strip()


def _address(address: bytes) -> str:
    return str(ip_address(address))


def _mac(mac: bytes) -> str:
    return mac.hex(":")


def _rest(data: bytes, offset: int) -> str:
    return f" [{max(0, len(data) - offset)} bytes]"


def _frame(data: bytes, offset: int) -> str:
    try:
        ethernet = raw.parse_ethernet(data, offset)
    except raw.TruncatedError:
        return _rest(data, offset)
    tag = f"vlan {ethernet.vlan} " if ethernet.vlan is not None else ""
    if ethernet.ethertype in (raw.ETHERTYPE_IPV4, raw.ETHERTYPE_IPV6):
        return tag + _ip(data, ethernet.payload)
    if ethernet.ethertype == raw.ETHERTYPE_ARP:
        return tag + _arp(data, ethernet.payload)
    if ethernet.ethertype == raw.ETHERTYPE_MPLS:
        return tag + _labels(data, ethernet.payload)
    return f"{tag}[Ethernet {_mac(ethernet.src)} > {_mac(ethernet.dst)} type {ethernet.ethertype:#06x}]"


def _labels(data: bytes, offset: int) -> str:
    """Labels from the top down, TTL and traffic class of the top one (RFC 3032 2.1), then the packet."""
    labels: list[str] = []
    top = data[offset : offset + 4]
    while len(entry := data[offset : offset + 4]) == 4:
        offset += 4
        labels.append(str(int.from_bytes(entry, "big") >> 12))
        if entry[2] & 1:
            stack = f"MPLS {'/'.join(labels)} TTL {top[3]} TC {top[2] >> 1 & 7}"
            inside = data[offset : offset + 1]
            return (
                f"{stack} {_ip(data, offset).strip()}"
                if inside and inside[0] >> 4 in (4, 6)
                else stack + _rest(data, offset)
            )
    return "MPLS" + _rest(data, offset)


def _arp(data: bytes, offset: int) -> str:
    if len(data) < offset + 28:
        return "ARP" + _rest(data, offset)
    operation = int.from_bytes(data[offset + 6 : offset + 8], "big")
    sender, target = _address(data[offset + 14 : offset + 18]), _address(data[offset + 24 : offset + 28])
    if operation == 1:
        return f"ARP who-has {target} tell {sender}"
    return f"ARP {sender} is-at {_mac(data[offset + 8 : offset + 14])}"


def _ip(data: bytes, offset: int) -> str:
    try:
        view = raw.parse_ip(data, offset)
    except raw.TruncatedError:
        return _rest(data, offset)
    text = f"({_address(view.src)},{_address(view.dst)})"
    if isinstance(view, raw.Ipv6View):
        text += "".join(_extension(view, extension) for extension in view.extensions)
    elif view.is_fragment:
        text += "(FRAG)"
    if view.upper_protocol is None:
        return text + _rest(data[: view.end], view.upper)
    return text + _upper(data[: view.end], view.upper, view.upper_protocol)


def _extension(view: raw.Ipv6View, extension: raw.Extension) -> str:
    if extension.protocol != raw.ROUTING:
        return f"({_NAMES[extension.protocol]})"
    srh = raw.parse_srh(view.data, extension.offset)
    if srh is None:
        return f"(RH type {view.data[extension.offset + 2]}; SL={view.data[extension.offset + 3]})"
    return f"({','.join(map(_address, srh.segments))}; SL={srh.segments_left})"


def _upper(data: bytes, offset: int, protocol: int) -> str:
    if protocol in (raw.IPV4, raw.IPV6):
        return _ip(data, offset)
    if protocol == raw.ETHERNET:
        return " Ethernet" + (" " + _frame(data, offset).strip() if len(data) > offset else "")
    if protocol in (raw.UDP, raw.TCP) and len(data) >= offset + 4:
        ports = [int.from_bytes(data[at : at + 2], "big") for at in (offset, offset + 2)]
        return f" {'UDP' if protocol == raw.UDP else 'TCP'} {ports[0]}>{ports[1]}"
    if protocol in _ERRORS and len(data) >= offset + 4:
        kind, code = data[offset], data[offset + 1]
        name = (_ICMPV6 if protocol == raw.ICMPV6 else _ICMPV4).get(kind, f"type {kind}")
        if kind not in _ERRORS[protocol]:
            return f" ICMP{'v6' if protocol == raw.ICMPV6 else ''} {name}"
        quote = f" about {_ip(data, offset + 8).strip()}" if len(data) > offset + 8 else ""
        return f" ICMP{'v6' if protocol == raw.ICMPV6 else ''} {name} code {code}{quote}"
    if protocol == raw.NO_NEXT_HEADER:
        return " no next header"
    return f" protocol {protocol}{_rest(data, offset)}"
