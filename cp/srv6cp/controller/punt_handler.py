# SPDX-License-Identifier: Apache-2.0
"""What the node answers to punted packets: the part of the controller that is a function of bytes, state and
time.

    PacketIn -> handle() -> [PacketOut]        timers -> poll() -> [PacketOut]

No thread, no socket, no clock. When a neighbour is found or lost, `program` is called before the packets that
waited for it are returned, so that the tables are right when they are sent.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path

from srv6cp.model import Fragmentation, InterfaceId, IPAddress, NeighborKey, Node, PuntReason
from srv6cp.packets import arp, gtp, ip, ndp, notation, raw
from srv6cp.packets.options import Action, UnknownOption, unknown_option

from . import relay
from .addressing import OFF_LINK, InterfaceView, NodeIndex, is_link_local
from .caches import ServiceCaches
from .chaining import KeptHeaders, NotNsh
from .echo import echo_reply, is_echo_request
from .fragment import CannotFragmentError, fragment_frame, fragment_packet
from .icmp_errors import Problem, Quote, error
from .neighbors import NeighborCache, NeighborTimers, Outcome, Solicitation
from .oam import OamProcess
from .origin import Origins
from .punt import PacketIn, PacketOut, again, again_with_options, framed, routed
from .reassembly import Reassembler
from .refusals import Refusals
from .reinjection import Reinjections
from .tokens import Tokens

log = logging.getLogger(__name__)

_PROBLEMS = {
    PuntReason.HOP_LIMIT_EXCEEDED: Problem.HOP_LIMIT_EXCEEDED,
    PuntReason.PARAMETER_PROBLEM: Problem.PARAMETER_PROBLEM,
    PuntReason.UPPER_LAYER_ERROR: Problem.UPPER_LAYER_ERROR,
    PuntReason.NO_ROUTE: Problem.NO_ROUTE,
    PuntReason.PACKET_TOO_BIG: Problem.PACKET_TOO_BIG,
}


Target = tuple[InterfaceId, "IPAddress | None"]
"""Where a next hop leads; the address is None when the destination of the packet itself is on the link."""


class PuntHandler:
    """Packet handling of one node.

    `program(keys)` must make the tables follow `neighbors` for these neighbours; `targets(nexthop_id)` says
    what a next hop, or each member of a set of them, leads to, and is empty for an unknown one. Both are
    called from the thread that calls `handle` and `poll`.
    """

    def __init__(
        self,
        node: Node,
        program: Callable[[Iterable[NeighborKey]], None],
        targets: Callable[[int], tuple[Target, ...]],
        timers: NeighborTimers | None = None,
        journal: Path | None = None,
    ) -> None:
        self.refusals = Refusals(node.name)
        self.neighbors = NeighborCache(timers, node.neighbor_limits, self.refusals)
        self.index = NodeIndex(node)
        self.counts: Counter[str] = Counter()
        """How often what was done: `punt local`, `sent echo-reply`, `ignored checksum`, ..."""
        self.oam = OamProcess(node.name, journal)
        self.caches = ServiceCaches()
        self.awaited: list[Callable[[bytes], bool]] = []
        """Who waits for an answer to a probe of this node: told each IP packet to it; True from who takes it."""
        self.chains = KeptHeaders()
        self._reassembler = _reassembler(node)
        self._fragment_errors = Tokens(node.icmp)
        self._program = program
        self._targets = targets
        self._identification = 0
        self._origins: Origins | None = None  # made when the first error comes back
        self._reinjections = Reinjections()
        self._faulty: set[int] = set()  # next hops that a warning was given about
        self._handlers: dict[PuntReason, Callable[[PacketIn, float], list[PacketOut]]] = {
            PuntReason.LOCAL: self._local,
            PuntReason.ECHO: self._local,
            PuntReason.NDP: self._ndp,
            PuntReason.ARP: self._arp,
            PuntReason.NEIGHBOR_UNRESOLVED: self._unresolved,
            PuntReason.FRAGMENT: self._fragment,
            PuntReason.OPTION: self._option,
            PuntReason.REASSEMBLY: self._reassemble,
            PuntReason.GTP_ECHO: self._gtp_echo,
            PuntReason.SERVICE_CACHE: self._to_service,
            PuntReason.SERVICE_FLOW: self._to_service,
            PuntReason.NSH: self._nsh,
        }

    def configure(self, node: Node) -> None:
        """Use a new configuration; neighbours that no longer fit it are forgotten."""
        self.index = NodeIndex(node)
        self._origins = None
        self._reinjections = Reinjections()
        if node.reassembly != (self._reassembler and self._reassembler.limits):
            self._reassembler = _reassembler(node)
        self._fragment_errors = Tokens(node.icmp)
        self._faulty.clear()
        self.neighbors.limits = node.neighbor_limits
        self.neighbors.keep(self._fits)

    def _fits(self, key: NeighborKey) -> bool:
        view = self.index.interfaces.get(key.interface)
        return view is not None and view.on_link(key.address.packed) and key not in self.index.static_neighbors

    def want(self, keys: Iterable[NeighborKey], now: float) -> list[PacketOut]:
        """Solicitations for configured next hops that are not resolved."""
        return self._carry_out(self.neighbors.want(filter(self._fits, keys), now), now)

    def ask_for(self, keys: Iterable[NeighborKey], now: float) -> list[PacketOut]:
        """The same for some of them, the others being wanted as before."""
        return self._carry_out(self.neighbors.want_also(filter(self._fits, keys), now), now)

    def adopt(self, neighbors: Mapping[NeighborKey, bytes], now: float) -> None:
        """Believe neighbours that the switch knew already, as far as they fit the configuration."""
        fitting = {key: mac for key, mac in neighbors.items() if self._fits(key)}
        self.neighbors.adopt(
            {k: mac for k, mac in fitting.items() if not self.index.interfaces[k.interface].refuses_mac(mac)}, now
        )

    def forget(self, key: NeighborKey) -> None:
        """Forget one neighbour."""
        if changed := self.neighbors.clear(key).changed:
            self._program(changed)

    def forget_neighbors(self) -> None:
        """Forget neighbours, headers of service paths, incomplete packets; the tables are somebody else's now."""
        self._reassembler = _reassembler(self.index.node)
        self.chains.forget()
        self.neighbors = NeighborCache(self.neighbors.timers, self.neighbors.limits, self.refusals)

    def handle(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """What to send because of `packet`. Never raises for what a packet holds."""
        self.counts[f"punt {packet.reason.name.lower()}"] += 1
        try:
            if packet.o_flag:
                self.oam.take(packet)
                if packet.reason is PuntReason.O_FLAG:
                    return []  # the packet itself went on
            handler = self._handlers.get(packet.reason)
            if handler is not None:
                return handler(packet, now)
            return self._problem(packet)
        except raw.TruncatedError as cut:
            self._ignore("truncated", packet, str(cut))
            return []

    def poll(self, now: float) -> list[PacketOut]:
        """Run the timers that are due."""
        out = self._carry_out(self.neighbors.poll(now), now)
        for packet in self._reassembler.expire(now) if self._reassembler else ():
            self.counts["given up incomplete packet"] += 1
            out += self._fragment_error(packet, Problem.REASSEMBLY_TIME_EXCEEDED, 0, now)
        return out

    def next_deadline(self) -> float | None:
        """When `poll` has something to do, in the time of `handle`; None for never."""
        fragments = self._reassembler.next_deadline() if self._reassembler else None
        times = (self.neighbors.next_deadline(), fragments)
        return min((at for at in times if at is not None), default=None)

    def _ignore(self, why: str, packet: PacketIn, detail: str = "") -> None:
        self.counts[f"ignored {why}"] += 1
        if log.isEnabledFor(logging.DEBUG):
            text = notation(packet.payload, packet.offset)
            log.debug("%s ignored (%s%s): %s", packet.reason.name, why, f": {detail}" if detail else "", text)

    def _sent(self, what: str, packets: list[PacketOut]) -> list[PacketOut]:
        if packets:
            self.counts[f"sent {what}"] += 1
        return packets

    def _ingress(self, packet: PacketIn) -> tuple[raw.EthernetView, InterfaceView | None]:
        ethernet = raw.parse_ethernet(packet.payload)
        return ethernet, None if packet.own else self.index.interface(packet.ingress_port, ethernet.vlan)

    # Service programming
    # -----------------------------------------------------------------------------------------

    def _to_service(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """Its headers are cached, then it goes on: as this node's own, since it may be in a later pass."""
        view = raw.parse_ipv6(packet.payload, packet.offset)
        whole = packet.payload[packet.offset : view.end]
        if not self._reinjections.allowed(packet, now) or not self.caches.take(whole, packet.vrf_id, now):
            self._ignore("service", packet)
            return []
        return self._sent("to service", [routed(whole, packet.vrf_id)])

    # ICMP errors
    # -------------------------------------------------------------------------------------------------

    def _problem(self, packet: PacketIn) -> list[PacketOut]:
        problem = _PROBLEMS.get(packet.reason)
        if problem is None:
            self._ignore("unknown reason", packet)
            return []
        if packet.own:
            return self._too_big_for_its_source(packet, problem)
        parameter = packet.mtu if problem is Problem.PACKET_TOO_BIG else packet.pointer
        return self._error(packet, problem, parameter)

    def _error(self, packet: PacketIn, problem: Problem, parameter: int = 0) -> list[PacketOut]:
        """The ICMP error about `packet` to the source of the header at its offset."""
        ethernet, interface = self._ingress(packet)
        if interface is None:
            self._ignore("no interface", packet)  # our own, or a frame of a layer 2 port, whose hosts are not ours
            return []
        view = raw.parse_ip(packet.payload, packet.offset)
        if self.index.is_broadcast(packet.vrf_id, view.dst):
            self._ignore("broadcast", packet)
            return []
        vrf_id = self._vrf_of(packet, ethernet)
        source = self.index.speaker(interface, vrf_id, view.src)
        if source is None:
            self._ignore("no source in the VRF", packet)
            return []
        to_group = ethernet.is_group or self.index.is_replicated(packet.vrf_id, view.dst)
        message = error(Quote(view, to_group), problem, source, parameter)
        if not message:
            self._ignore("no error due", packet)
            return []
        return self._sent(problem.name.lower(), self._reply(message, view.src, ethernet, interface, vrf_id))

    def _vrf_of(self, packet: PacketIn, ethernet: raw.EthernetView) -> int:
        """The VRF that `packet`, or the packet inside that the error is about, belongs to.

        What came out of a SID that has next hops instead of a VRF (End.DX4, End.DX6, End.X with USD) is of the VRF of
        the interface that those are on.
        """
        if packet.offset > ethernet.payload and ethernet.ethertype == raw.ETHERTYPE_IPV6:
            vrf_id = self.index.crossed_vrf(packet.vrf_id, raw.parse_ipv6(packet.payload, ethernet.payload).dst)
            if vrf_id is not None:
                return vrf_id
        return packet.vrf_id

    def _reply(
        self,
        message: bytes,
        target: bytes,
        ethernet: raw.EthernetView,
        interface: InterfaceView | None,
        vrf_id: int,
    ) -> list[PacketOut]:
        """Send to where the packet came from: by routing, or straight back when that is a link-local
        address."""
        if not is_link_local(target):
            return [routed(message, vrf_id)]
        if interface is None:
            return []
        return [framed(message, interface.id.port, interface.id.vlan, interface.mac, ethernet.src, raw.ETHERTYPE_IPV6)]

    def _too_big_for_its_source(self, packet: PacketIn, problem: Problem) -> list[PacketOut]:
        """A packet of our own met an error: too big means that the source, we, must fragment it (RFC 8200
        5)."""
        if problem is not Problem.PACKET_TOO_BIG:
            self._ignore("own packet", packet)
            return []
        view = raw.parse_ip(packet.payload, packet.offset)
        try:
            pieces = fragment_packet(view, packet.mtu, self._next_identification())
        except CannotFragmentError as reason:
            self._ignore("cannot fragment", packet, str(reason))
            return []
        if len(pieces) == 1:
            self._ignore("own packet", packet)  # it does fit: sending it again would come back again
            return []
        return self._sent("fragments", [routed(piece, packet.vrf_id) for piece in pieces])

    # Packets to this node
    # ----------------------------------------------------------------------------------------

    def _local(self, packet: PacketIn, now: float) -> list[PacketOut]:
        ethernet, interface = self._ingress(packet)
        view = raw.parse_ip(packet.payload, packet.offset)
        if any(takes(packet.payload[packet.offset :]) for takes in self.awaited):
            self.counts["answers to probes"] += 1
            return []
        if isinstance(view, raw.Ipv6View) and relay.is_error(view):
            return self._relay(packet, view)
        if packet.own:
            self._ignore("own packet", packet)
            return []
        at_sid = self.index.is_sid(packet.vrf_id, view.dst)
        to_group = view.dst[0] == 0xFF and len(view.dst) == 16
        if to_group:
            ours = interface is not None and interface.has_joined(view.dst)
        elif is_link_local(view.dst):
            ours = interface is not None and view.dst == interface.link_local
        else:
            ours = at_sid or self.index.is_own(packet.vrf_id, view.dst)
        if not ours:
            self._ignore("not ours", packet)
            return []
        if isinstance(view, raw.Ipv6View):
            option = unknown_option(view)
            if option is not None:
                return self._unknown_option(packet, view, ethernet, option)
            if any(extension.protocol == raw.AUTHENTICATION for extension in view.extensions):
                self._ignore("authentication header", packet)
                return []
        if view.upper_protocol is None or view.is_fragment:
            if isinstance(view, raw.Ipv6View) and view.is_fragment:
                return self._reassemble(packet, now)
            self._ignore("fragment", packet)
            return []
        if to_group and interface is not None:
            return self._to_group(packet, view, ethernet, interface)
        if is_echo_request(view):
            reply = echo_reply(view)
            if reply is None:
                self._ignore("bad echo request", packet)
                return []
            return self._sent("echo-reply", self._reply(reply, view.src, ethernet, interface, packet.vrf_id))
        if isinstance(view, raw.Ipv4View):
            return self._local_v4(packet, view)
        if view.upper_protocol == raw.ICMPV6:
            if view.upper < view.end and view.data[view.upper] in ndp.KINDS:
                return self._ndp(packet, now)  # a unicast solicitation from a global address is routed to us
            self._ignore("icmp", packet)
            return []
        if view.upper_protocol == raw.UDP:
            return self._error(packet, Problem.PORT_UNREACHABLE)
        if view.upper_protocol in (raw.TCP, raw.NO_NEXT_HEADER):
            self._ignore("no listener", packet)
            return []
        # The pointer names the Next Header field that is not recognised (RFC 4443 3.4).
        field = view.extensions[-1].offset if view.extensions else view.offset + 6
        return self._error(packet, Problem.PROTOCOL_UNREACHABLE, field - view.offset)

    def _to_group(
        self, packet: PacketIn, view: raw.IpView, ethernet: raw.EthernetView, interface: InterfaceView
    ) -> list[PacketOut]:
        """A group of this link: pings are answered, straight back (RFC 4443 4.2); nothing is told of anything else."""
        reply = echo_reply(view, interface.answers_from(view.src)) if is_echo_request(view) else None
        if reply is None:
            self._ignore("to a group", packet)
            return []
        port, vlan = interface.id
        return self._sent("echo-reply", [framed(reply, port, vlan, interface.mac, ethernet.src, raw.ETHERTYPE_IPV6)])

    def _local_v4(self, packet: PacketIn, view: raw.Ipv4View) -> list[PacketOut]:
        if view.protocol in (raw.ICMP, raw.TCP):
            self._ignore("icmp" if view.protocol == raw.ICMP else "no listener", packet)
            return []
        return self._error(
            packet, Problem.PORT_UNREACHABLE if view.protocol == raw.UDP else Problem.PROTOCOL_UNREACHABLE
        )

    def _nsh(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """NSH at End.NSH, whose headers are to be kept before it goes on (RFC 9491 5.2)."""
        try:
            headers = self.chains.keep(packet.payload[packet.offset :], now)
        except NotNsh as why:
            self._ignore("nsh", packet, str(why))
            return []
        if headers is None or not self._reinjections.allowed(packet, now):
            self._ignore("nsh", packet)
            return []
        self.counts["sent again"] += 1
        return [again(packet)]

    def _gtp_echo(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """An echo request of GTP-U that a SID or a policy answers for whom it was sent to."""
        view = raw.parse_ip(packet.payload, packet.offset)
        response = gtp.echo_response(view)
        if response is None:
            self._ignore("bad GTP echo request", packet)
            return []
        datagram = ip.udp(view.dst, view.src, gtp.PORT, *response)
        return self._sent("GTP echo response", [routed(datagram, packet.vrf_id)])

    def _option(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """A packet that a SID refused for its options. One that only has more of them than the switch walks is sent
        again, marked, so that it does not come back from this SID."""
        ethernet, _ = self._ingress(packet)
        view = raw.parse_ipv6(packet.payload, packet.offset)
        option = unknown_option(view)
        if option is None:
            return self._sent("again, options walked", [again_with_options(packet)])
        return self._unknown_option(packet, view, ethernet, option)

    def _unknown_option(
        self, packet: PacketIn, view: raw.Ipv6View, ethernet: raw.EthernetView, option: UnknownOption
    ) -> list[PacketOut]:
        """What the type of an unknown option asks for (RFC 8200 4.2)."""
        to_group = view.dst[0] == 0xFF or ethernet.is_group or self.index.is_replicated(packet.vrf_id, view.dst)
        if option.action is Action.DISCARD or (option.action is Action.REPORT_UNICAST and to_group):
            self._ignore("unknown option", packet)
            return []
        return self._error(packet, Problem.UNKNOWN_OPTION, option.pointer)

    def _relay(self, packet: PacketIn, view: raw.Ipv6View) -> list[PacketOut]:
        """HE-12: an error about a packet that this node encapsulated, told in the VRF that it came from."""
        told = relay.relayed(view) if self.index.is_own(packet.vrf_id, view.dst) else None
        if told is None:
            self._ignore("icmp", packet)
            return []
        inner = told.quote.view
        if self._origins is None:
            self._origins = Origins(self.index.node)
        vrf_id = self._origins.vrf_id(packet.vrf_id, told.outer, inner)
        if vrf_id is None:
            self._ignore("origin unknown", packet)
            return []
        source = self.index.speaker(None, vrf_id, inner.src)
        if source is None:
            self._ignore("no source in the VRF", packet)
            return []
        message = error(told.quote, told.problem, source, told.parameter)
        if not message or is_link_local(inner.src):
            self._ignore("no error due", packet)
            return []
        return self._sent("relayed error", [routed(message, vrf_id)])

    # Neighbours
    # --------------------------------------------------------------------------------------------------

    def _ndp(self, packet: PacketIn, now: float) -> list[PacketOut]:
        ethernet, interface = self._ingress(packet)
        message = ndp.parse(raw.parse_ipv6(packet.payload, ethernet.payload))
        if interface is None or message is None:
            self._ignore("bad ndp", packet)
            return []
        out: list[PacketOut] = []
        if message.kind == ndp.NEIGHBOR_SOLICITATION:
            assert message.target is not None
            if not interface.owns(message.target):
                self._ignore("not ours", packet)
                return []
            if message.source_mac is not None:
                if self._bad_mac(interface, message.source, message.source_mac, now):
                    return []
                out += self._heard(interface, message.source, message.source_mac, now)
            answer = ndp.advertisement(interface.mac, message.target, message.source)
            if message.source == ndp.UNSPECIFIED:
                mac = ndp.multicast_mac(ndp.ALL_NODES)
            else:
                mac = message.source_mac or ethernet.src
            out.append(framed(answer, interface.id.port, interface.id.vlan, interface.mac, mac, raw.ETHERTYPE_IPV6))
            return self._sent("neighbor-advertisement", out)
        if message.kind == ndp.NEIGHBOR_ADVERTISEMENT:
            assert message.target is not None
            key = NeighborKey.of(interface.id, message.target)
            if interface.owns(message.target):
                self._duplicate(interface, key, ethernet.src, packet, now)
                return []
            if message.target_mac is not None and not self._acceptable(interface, key, message.target_mac, now):
                return []
            return self._carry_out(
                self.neighbors.advertised(key, message.target_mac, message.solicited, message.override, now), now
            )
        if message.source_mac is not None:
            return self._heard(interface, message.source, message.source_mac, now)
        return []

    def _arp(self, packet: PacketIn, now: float) -> list[PacketOut]:
        ethernet, interface = self._ingress(packet)
        message = arp.parse(packet.payload, ethernet.payload)
        if interface is None or message is None:
            self._ignore("bad arp", packet)
            return []
        if self._bad_mac(interface, message.sender, message.sender_mac, now):
            return []
        if interface.owns(message.sender):
            key = NeighborKey.of(interface.id, message.sender)
            self._duplicate(interface, key, message.sender_mac, packet, now)
            return []
        for_us = interface.owns(message.target)
        # An answer to a question that named no address of the interface as its sender is ours by its MAC address.
        answers_us = message.operation == arp.REPLY and (for_us or message.target_mac == interface.mac)
        out: list[PacketOut] = []
        if any(message.sender):
            if answers_us:
                key = NeighborKey.of(interface.id, message.sender)
                if not self._acceptable(interface, key, message.sender_mac, now):
                    return []
                out += self._carry_out(self.neighbors.advertised(key, message.sender_mac, True, True, now), now)
            else:
                # RFC 826: a known sender is updated in any case, a new one learned when it talks to us.
                out += self._heard(interface, message.sender, message.sender_mac, now, create=for_us)
        if for_us and message.operation == arp.REQUEST:
            answer = arp.ArpMessage(arp.REPLY, interface.mac, message.target, message.sender_mac, message.sender)
            out.append(self._arp_frame(interface, answer, message.sender_mac))
            self.counts["sent arp-reply"] += 1
        return out

    def _arp_frame(self, interface: InterfaceView, message: arp.ArpMessage, mac: bytes) -> PacketOut:
        return framed(arp.build(message), interface.id.port, interface.id.vlan, interface.mac, mac, raw.ETHERTYPE_ARP)

    def _heard(
        self, interface: InterfaceView, address: bytes, mac: bytes, now: float, create: bool = True
    ) -> list[PacketOut]:
        """Learn a neighbour that spoke first, if its address can be on this link."""
        key = NeighborKey.of(interface.id, address)
        if key in self.index.static_neighbors or not (create or self.neighbors.mac(key)):
            return []
        if not self._acceptable(interface, key, mac, now):
            return []
        return self._carry_out(self.neighbors.heard(key, mac, now, create), now)

    def _acceptable(self, interface: InterfaceView, key: NeighborKey, mac: bytes, now: float) -> bool:
        """Whether a host of this link can have this address and this MAC; what cannot be is counted."""
        if self._bad_mac(interface, key.address.packed, mac, now):
            return False
        address = key.address.packed
        own = self.index.is_own(interface.vrf_id, address)
        why = "address of the node" if own else interface.refuses(address)
        if why is not None:
            self._refuse(interface, why, key.address, mac, now)
        return why is None

    def _bad_mac(self, interface: InterfaceView, address: bytes, mac: bytes, now: float) -> bool:
        """Whether no neighbour can have this MAC. Nobody is answered there either: that would be a way to have the node
        send to a group, or to itself."""
        why = interface.refuses_mac(mac)
        if why is not None:
            self._refuse(interface, why, ip_address(address), mac, now)
        return why is not None

    def _duplicate(self, interface: InterfaceView, key: NeighborKey, mac: bytes, packet: PacketIn, now: float) -> None:
        self._ignore("duplicate address", packet)
        self.refusals.count(interface.id, "somebody uses our address", now, f"{key.address} at {mac.hex(':')}")

    def _refuse(self, interface: InterfaceView, why: str, address: IPAddress, mac: bytes, now: float) -> None:
        self.counts[f"refused neighbour: {why}"] += 1
        if why != OFF_LINK:  # hosts may have other prefixes than we know of
            self.refusals.count(interface.id, f"neighbour not learned: {why}", now, f"{address} at {mac.hex(':')}")

    def _unresolved(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """Ask for the neighbour while the packet waits; of a set all are asked, it waits for the first."""
        keys = [key for target in self._targets(packet.nexthop_id) if (key := self._key(packet, target))]
        if not keys:
            self._ignore("no neighbour to ask", packet)
            return []
        return self._carry_out(self.neighbors.request(keys, packet, now), now)

    def _key(self, packet: PacketIn, target: Target) -> NeighborKey | None:
        interface = self.index.interfaces.get(target[0])
        if interface is None:
            return None
        if target[1] is not None:
            return NeighborKey(target[0], target[1])
        address = self._on_link_destination(packet, interface)
        return NeighborKey.of(interface.id, address) if address else None

    def _on_link_destination(self, packet: PacketIn, interface: InterfaceView) -> bytes | None:
        """Whom a packet on its way to a connected prefix is for: its destination, or where its SRH leads
        next."""
        view = raw.parse_ip(packet.payload, packet.offset)
        candidates = [view.dst]
        if isinstance(view, raw.Ipv6View):
            for srh in view.srhs:
                candidates += reversed(srh.segments[: srh.segments_left])
        for candidate in candidates:
            if interface.on_link(candidate) and not self.index.is_sid(packet.vrf_id, candidate):
                return candidate
        return None

    def _carry_out(self, outcome: Outcome, now: float) -> list[PacketOut]:
        if outcome.changed:
            self._program(outcome.changed)
        out: list[PacketOut] = []
        for packet in outcome.released:
            if self._reinjections.allowed(packet, now):
                if packet.o_flag:
                    self.oam.goes_again(packet)
                out.append(again(packet))
                self.counts["sent again"] += 1
            else:
                self._came_back(packet)
        for packet in outcome.unreachable:
            try:
                out += self._error(packet, Problem.ADDRESS_UNREACHABLE)
            except raw.TruncatedError as cut:
                self._ignore("truncated", packet, str(cut))
        for solicitation in outcome.solicitations:
            out += self._solicit(solicitation)
        return out

    def _came_back(self, packet: PacketIn) -> None:
        """The neighbour is known, but the tables do not lead to it: a fault, which is told once a next hop."""
        if packet.nexthop_id not in self._faulty:
            self._faulty.add(packet.nexthop_id)
            log.warning(
                "next hop %d: the neighbour is known, and yet packets come back; dropped: %s",
                packet.nexthop_id,
                notation(packet.payload, packet.offset),
            )
        self._ignore("came back", packet)

    def _solicit(self, solicitation: Solicitation) -> list[PacketOut]:
        key, mac = solicitation
        interface = self.index.interfaces.get(key.interface)
        address = key.address.packed
        if interface is None:
            self.counts["ignored no interface for solicitation"] += 1
            return []
        source = self.index.asker(interface, address)
        if len(address) == 4:
            question = arp.ArpMessage(arp.REQUEST, interface.mac, source, bytes(6), address)
            return self._sent("arp-request", [self._arp_frame(interface, question, mac or arp.BROADCAST)])
        message = ndp.solicitation(interface.mac, source, address, unicast=mac is not None)
        to = mac or ndp.multicast_mac(ndp.solicited_node(address))
        frame = framed(message, interface.id.port, interface.id.vlan, interface.mac, to, raw.ETHERTYPE_IPV6)
        return self._sent("neighbor-solicitation", [frame])

    # Fragments
    # ---------------------------------------------------------------------------------------------------

    def _fragment(self, packet: PacketIn, now: float) -> list[PacketOut]:
        inner = self.index.node.fragmentation is Fragmentation.INNER
        try:
            pieces = fragment_frame(packet.payload, packet.mtu, self._next_identification(), inner)
        except CannotFragmentError as reason:
            self._ignore("cannot fragment", packet, str(reason))
            return []
        return self._sent("fragments", [PacketOut(piece, packet.egress_port) for piece in pieces])

    def _reassemble(self, packet: PacketIn, now: float) -> list[PacketOut]:
        """A fragment of IPv6 for this node. The packet, once it is whole, is processed as if it had just arrived."""
        if self._reassembler is None:
            self._ignore("fragment", packet)
            return []
        verdict = self._reassembler.add(packet, now)
        if verdict.problem is not None:
            return self._fragment_error(packet, verdict.problem, verdict.parameter, now)
        if verdict.why:
            self._ignore(verdict.why, packet)
        if verdict.whole is None:
            return []
        if verdict.whole.o_flag:
            self.oam.goes_again(verdict.whole)  # each fragment was copied
        return self._sent("reassembled packet", [again(verdict.whole)])

    def _fragment_error(self, packet: PacketIn, problem: Problem, parameter: int, now: float) -> list[PacketOut]:
        """An error about a fragment. The switch, which hands over more fragments than errors, has not limited it."""
        if not self._fragment_errors.take(packet.ingress_port, now):
            self._ignore("errors about fragments are over the limit", packet)
            return []
        return self._error(packet, problem, parameter)

    def _next_identification(self) -> int:
        self._identification = (self._identification + 1) & 0xFFFFFFFF
        return self._identification


def _reassembler(node: Node) -> Reassembler | None:
    return Reassembler(node.reassembly) if node.reassembly is not None else None
