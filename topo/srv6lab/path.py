# SPDX-License-Identifier: Apache-2.0
"""The way of a packet through a network: which nodes it passed, what it looked like, what was done to it.

Told from the frames on the cables and the routers' configuration, so that it is told alike for every kind of switch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from srv6cp.behaviours import REGISTRY, csid, proxy, vnf
from srv6cp.behaviours.mobile import MAP_TO
from srv6cp.behaviours.replicate import KEY, NAME_OF_SID, OPERAND
from srv6cp.cli.output import table
from srv6cp.model import MAX_VISITS, Flavour, LocalSids, Node, Sid
from srv6cp.packets import frame_notation, notation, raw
from srv6lab.containers import Containers
from srv6lab.lab import Passage
from srv6lab.terminal import wrap, wrap_packet
from srv6lab.topology import Topology

_ADDRESS = re.compile(r"(?<=[(,])[0-9a-f.:]+(?=[),;])")  # in the notation of a packet

Layer = raw.Ipv4View | raw.Ipv6View


@dataclass(frozen=True)
class Hop:
    """A node, what it did (``""`` at the ends), and the packet that it sent on; none at the last node."""

    node: str
    did: str
    destination: str
    segments_left: int | None
    packet: str


def hops(
    passages: Sequence[Passage], nodes: Mapping[str, Node], names: Mapping[str, str] | None = None, lost: bool = False
) -> list[Hop]:
    """The hops that ``passages``, in the order of the way, tell of; ``names`` stand for addresses.

    ``lost``: the last node did not get the packet, or should have sent it on.
    """
    containers = Containers(nodes)

    def name_of(address: str) -> str | None:
        return (names or {}).get(address) or containers.label(address)

    found = []
    for place, passage in enumerate(passages):
        arrived = passages[place - 1].frame if place else None
        did = "" if arrived is None else behavior(nodes.get(passage.sender), arrived, passage.frame)
        destination, left, text = _look(passage.frame)
        if name := name_of(destination):
            destination += f" ({name})"
        text = _ADDRESS.sub(lambda match: name_of(match[0]) or match[0], text)
        found.append(Hop(passage.sender, did, destination, left, text))
    if passages:
        found.append(Hop(passages[-1].receiver, "loses it" if lost else "", "", None, ""))
    return found


def names_of(topology: Topology) -> dict[str, str]:
    """Addresses of hosts and SIDs to what a topology calls them; an address that two hosts have is left out."""
    names: dict[str, str] = {}
    shared = set()
    for name, host in topology.hosts.items():
        for address in (host.ipv6, host.ipv4):
            if names.setdefault(address, name) != name:
                shared.add(address)
    for name in topology.routers:
        names.setdefault(topology.routers[name].source, name)
        for words, address in topology.sid_names(name).items():
            names.setdefault(str(IPv6Address(address)), f"{name} {words.replace('/', ' ')}")
    return {address: name for address, name in names.items() if address not in shared}


def _look(frame: bytes) -> tuple[str, int | None, str]:
    view = raw.parse_ip(frame, _ip_offset(frame))
    srhs = view.srhs if isinstance(view, raw.Ipv6View) else ()
    return str(ip_address(view.dst)), srhs[0].segments_left if srhs else None, _notation(frame)


def _notation(frame: bytes) -> str:
    return notation(frame, 14) if _labels(frame) is None else frame_notation(frame)


def _labels(frame: bytes) -> raw.LabelStackView | None:
    """The label stack of a frame; None where there is none."""
    if int.from_bytes(frame[12:14], "big") != raw.ETHERTYPE_MPLS:
        return None
    return raw.parse_label_stack(frame, 14)


def _ip_offset(frame: bytes) -> int:
    labels = _labels(frame)
    return 14 if labels is None else labels.payload


def behavior(node: Node | None, arrived: bytes, left: bytes) -> str:
    """What a router did to a packet, in the words of RFC 8986, from its SIDs and the packet before and after."""
    if node is None:
        stack = _labels(arrived)
        return "" if stack is None else f"pops {'/'.join(map(str, stack.labels))}"
    if service := _from_service(node, arrived):
        return f"back from {service}"
    before, after = _layers(arrived), _layers(left)
    did: list[str] = []
    depth = srhs = 0  # of the packet as it is after `did`
    for depth, layer in enumerate(before):
        srhs = len(_srhs(layer))
        destination = layer.dst
        # the first SRH with segments left counts, at a REPLACE-C-SID one without may
        found = next((srh for srh in _srhs(layer) if srh.segments_left), next(iter(_srhs(layer)), None))
        segments, remaining = (found.segments, found.segments_left) if found else ((), 0)
        inside = False
        while not inside and (sid := _sid(node, destination)) is not None:
            record = REGISTRY.endpoint(sid.behaviour)
            name = record.name
            if record.binding_mode or name in proxy.PROXIES:
                return ", then ".join([*did, name])
            if (moved := csid.next_address(sid, destination, segments, remaining)) is not None:
                destination, remaining = moved
                did.append(f"{record.name} (next C-SID)")
                continue
            mapped = sid.operands.get(MAP_TO.key)
            if mapped is not None and len(did) < MAX_VISITS:
                destination = mapped.packed
                did.append(name)
                continue
            if record.name == NAME_OF_SID:
                did.append(name)
                if len(after) >= len(before) - depth:  # a branch has the outer header
                    break
                destination = segments[remaining - 1] if remaining else _context(node, sid)
                remaining = 0
                continue
            if record is vnf.END_VNF and remaining:
                destination, remaining, inside = segments[0], 0, True
                did.append(name)
                continue
            inside = record.decapsulates or not remaining
            if record.decapsulates:
                did.append(f"{name} ({record.label})" if record.label else name)
            elif remaining:
                remaining -= 1
                destination = segments[remaining]
                pops = not remaining and Flavour.PSP in sid.flavours
                srhs -= pops
                did.append(f"{name} (PSP)" if pops else name)
            else:
                did.append(f"{name} (USD)" if len(before) > depth + 1 else name)
        if not inside:
            break
    if len(after) > len(before) - depth:
        did.append(_encapsulation(after, before[depth]))
    elif after and len(_srhs(after[0])) > srhs:
        did.append(REGISTRY.headend("insert").name)
    return ", then ".join(did) or "route"


def _from_service(node: Node, arrived: bytes) -> str:
    """The service whose interface a frame is addressed to; ``""`` where it is none's."""
    macs = {interface.id: bytes.fromhex(interface.mac.replace(":", "")) for interface in node.interfaces()}
    services = proxy.interfaces_of(node.sections)
    return next((name for interface, name in services.items() if macs.get(interface) == arrived[:6]), "")


def _encapsulation(after: Sequence[Layer], inner: Layer) -> str:
    """The headend behaviour that made ``after``. A list of one SID in full is told from a reduced one by its SRH."""
    outer = after[0]
    layer2 = isinstance(outer, raw.Ipv6View) and outer.upper_protocol == raw.ETHERNET
    reduced = not any(srh.segments_left < len(srh.segments) for srh in _srhs(outer))
    return REGISTRY.encapsulation(layer2, reduced).name


def _layers(frame: bytes) -> list[Layer]:
    """The IP header of a frame and those inside it; what is not IP ends the list."""
    found: list[Layer] = []
    offset = _ip_offset(frame)
    while True:
        try:
            view = raw.parse_ip(frame, offset)
        except raw.TruncatedError:
            return found
        found.append(view)
        if isinstance(view, raw.Ipv6View):
            protocol, offset = view.upper_protocol, view.upper
        else:
            protocol, offset = view.protocol, view.offset + view.header_length
        if protocol == raw.ETHERNET:
            offset += 14
        elif protocol not in (raw.IPV4, raw.IPV6):
            return found


def _srhs(layer: Layer) -> tuple[raw.SrhView, ...]:
    return layer.srhs if isinstance(layer, raw.Ipv6View) else ()


def _context(node: Node, sid: Sid) -> bytes:
    """Where what a Replication-SID delivers to this node is processed."""
    context: IPv6Address | None = node.sections[KEY][sid.operands[OPERAND]].context
    return context.packed if context is not None else b""


def _sid(node: Node, destination: bytes) -> Sid | None:
    if len(destination) != 16:
        return None
    sids, address = LocalSids(node), int.from_bytes(destination, "big")
    matching = [sid for vrf in node.vrfs.values() if (sid := sids.lookup(vrf, address))]
    return max(matching, key=lambda sid: sid.prefix.prefixlen, default=None)


LEGEND = "packet: (source,destination)(segment list, last one first; SL = segments left)(packet inside), with names"

_COLUMNS = ("node", "does", "sends to", "SL", "packet")


def render(found: Sequence[Hop], width: int = 0) -> str:
    """The hops as a table that fits into ``width`` columns (0: any number).

    Where it would not the packet stands below its hop, and where that is not enough the hop's columns do as well.
    """
    rows = [
        {
            "node": hop.node,
            "does": hop.did or ("receives" if not hop.packet else "sends"),
            "sends to": hop.destination,
            "SL": "" if hop.segments_left is None else str(hop.segments_left),
            "packet": hop.packet,
        }
        for hop in found
    ]
    whole = table(rows, _COLUMNS)
    if not width or _fits(whole, width):
        return whole
    heading, *lines = table(rows, _COLUMNS[:-1]).splitlines()
    indent = " " * (2 + max(len(row["node"]) for row in rows))
    if not _fits("\n".join((heading, *lines)), width):
        heading, lines = "", [_stacked(row, width, indent) for row in rows]
    text = [heading] if heading else []
    for line, row in zip(lines, rows, strict=True):
        text += [line, *(indent + part for part in wrap_packet(row["packet"], width - len(indent)) if part)]
    return "\n".join(text)


def _fits(text: str, width: int) -> bool:
    return all(len(line) <= width for line in text.splitlines())


def _stacked(row: Mapping[str, str], width: int, indent: str) -> str:
    lines = [wrap(f"{row['node']:<{len(indent)}}{row['does']}", width, indent)]
    if row["sends to"]:
        left = f", SL {row['SL']}" if row["SL"] else ""
        lines.append(wrap(f"{indent}to {row['sends to']}{left}", width, indent))
    return "\n".join(lines)
