# SPDX-License-Identifier: Apache-2.0
"""A host in this process, with one interface.

It answers neighbour solicitations, ARP and echo for its own addresses, keeps what else arrives, and sends through its
gateway. Enough to talk to; it is no IP stack (no fragments). TCP over IPv6 is :mod:`srv6lab.tcpstack`'s. A gNB or UPF
is a host whose packets, a user's, are in GTP-U: what it says of itself in ND and ARP is not. A label-switching
neighbour takes the labels of what comes to it off, and sends the packets on through its gateway.
"""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from srv6cp.packets import arp, gtp, icmp, ip, ndp, raw
from srv6lab.functions import Tally
from srv6lab.tcpstack import TcpStack
from srv6lab.topology import Host

KEPT = 1024  # frames; older ones are forgotten
_ECHO_REQUESTS = (
    (raw.ICMPV6, bytes((icmp.ECHO_REQUEST_V6,))),
    (raw.ICMP, bytes((icmp.ECHO_REQUEST_V4,))),
)


class HostStack:
    """The stack of ``host``.

    ``gateway_mac`` is its router's, ``on_link`` has the MACs of addresses that are reached without it; ``transmit``
    puts a frame on the cable. ``function``, a callable, makes the host a network function; it may be exchanged.
    """

    def __init__(
        self, host: Host, gateway_mac: str, on_link: Mapping[str, str], transmit: Callable[[bytes], None]
    ) -> None:
        self.name = host.name
        self.mac = _mac(host.mac)
        self.gateway_mac = _mac(gateway_mac)
        self.ipv6, self.ipv4 = host.interface6.ip, host.interface4.ip
        self._gtp, self._mpls = host.gtp, host.mpls
        self.function = host.function
        self.tally = Tally()  # of the function
        self._on_link = {ip_address(address).packed: _mac(mac) for address, mac in on_link.items()}
        self._transmit = transmit
        self._identifier = itertools.count(1)
        self._arrived = threading.Condition()
        self._listeners: dict[int, Callable[[bytes], None]] = {}
        self.tcp = TcpStack(self.ipv6, self.send_ip, seed=host.number)
        self.packets: deque[bytes] = deque(maxlen=KEPT)  # IP packets for this host, oldest first

    # --- out ------------------------------------------------------------------------------------------------

    def send_ip(self, packet: bytes) -> None:
        """Send an IP packet, in GTP-U if so, through the gateway unless its destination is on the link."""
        if self._gtp is not None:
            own = self._own(self._gtp.peer.version)
            message = gtp.g_pdu(packet, self._gtp.teid, self._gtp.qfi)
            packet = ip.udp(own, self._gtp.peer.packed, gtp.PORT, gtp.PORT, message)
        six = packet[0] >> 4 == 6
        destination = packet[24:40] if six else packet[16:20]
        mac = self._on_link.get(destination, self.gateway_mac)
        self._transmit(mac + self.mac + (b"\x86\xdd" if six else b"\x08\x00") + packet)

    def udp(self, destination: str, payload: bytes, source_port: int = 40000, port: int = 9) -> bytes:
        """A UDP packet from this host, ready for :meth:`send_ip`."""
        target = ip_address(destination)
        return ip.udp(self._own(target.version), target.packed, source_port, port, payload)

    def listen(self, port: int, take: Callable[[bytes], None]) -> Callable[[], None]:
        """Give ``take`` the payload of each UDP packet to this port, in the thread that brings it, rather than keep
        the packet; returns the function that ends this."""
        self._listeners[port] = take

        def end() -> None:
            self._listeners.pop(port, None)

        return end

    def _own(self, version: int) -> bytes:
        return self.ipv6.packed if version == 6 else self.ipv4.packed

    def _echo(self, version: int, target: bytes, reply: bool, rest: bytes) -> bytes:
        """An echo request or reply; ``rest`` is what stands behind its checksum."""
        if version == 6:
            kind = icmp.ECHO_REPLY_V6 if reply else icmp.ECHO_REQUEST_V6
            return icmp.icmpv6(self._own(6), target, bytes((kind, 0, 0, 0)) + rest)
        kind = icmp.ECHO_REPLY_V4 if reply else icmp.ECHO_REQUEST_V4
        return icmp.icmpv4(self._own(4), target, bytes((kind, 0, 0, 0)) + rest)

    def ping(self, destination: str, timeout: float = 2.0) -> float | None:
        """Seconds until the echo reply, or None when none came."""
        target = ip_address(destination)
        rest = struct.pack("!HH", 0x5256, next(self._identifier) & 0xFFFF) + bytes(range(32))
        begin = time.perf_counter()
        self.send_ip(self._echo(target.version, target.packed, False, rest))
        answered = self.wait_for(lambda packet: packet.endswith(rest) and _is_echo_reply(packet), timeout)
        return None if answered is None else time.perf_counter() - begin

    def close(self) -> None:
        """Reset its connections."""
        self.tcp.close()

    # --- in -------------------------------------------------------------------------------------------------

    def receive(self, frame: bytes) -> None:
        """A frame arrives on the cable."""
        try:
            ethernet = raw.parse_ethernet(frame)
            if ethernet.vlan is not None or not (ethernet.is_group or ethernet.dst == self.mac):
                return
            if ethernet.ethertype == raw.ETHERTYPE_ARP:
                self._answer_arp(frame[ethernet.payload :])
            elif ethernet.ethertype == raw.ETHERTYPE_MPLS and self._mpls:
                self._labels(ethernet, frame)
            elif ethernet.ethertype in (raw.ETHERTYPE_IPV6, raw.ETHERTYPE_IPV4):
                self._ip(ethernet, raw.parse_ip(frame[ethernet.payload :]))
        except raw.TruncatedError:
            return

    def wait_for(self, wanted: Callable[[bytes], bool], timeout: float) -> bytes | None:
        """The first packet that arrived, or arrives within ``timeout`` seconds, that is wanted. It is taken out."""
        end = time.monotonic() + timeout
        with self._arrived:
            while True:
                for packet in self.packets:
                    if wanted(packet):
                        self.packets.remove(packet)
                        return packet
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._arrived.wait(left)

    def _labels(self, ethernet: raw.EthernetView, frame: bytes) -> None:
        """The end of a label-switched path. An IPv6 packet gets the TTL of the path less one (RFC 3443, uniform)."""
        stack = raw.parse_label_stack(frame, ethernet.payload)
        view = raw.parse_ip(frame[stack.payload :])
        if view.dst == self._own(view.version):
            self._ip(ethernet, view)
        elif isinstance(view, raw.Ipv6View) and stack.ttl > 1:
            packet = view.data[: view.end]
            self.send_ip(packet[:7] + bytes((stack.ttl - 1,)) + packet[8:])

    def _ip(self, ethernet: raw.EthernetView, view: raw.IpView) -> None:
        if isinstance(view, raw.Ipv6View) and (message := ndp.parse(view)) is not None:
            self._answer_solicitation(ethernet, message)
            return
        if ethernet.is_group:
            return
        own = view.dst == self._own(view.version)
        is_tcp = isinstance(view, raw.Ipv6View) and view.upper_protocol == raw.TCP and not view.is_fragment
        if is_tcp and (own or self.tcp.transparent is not None):
            self.tcp.arrived(view.data[: view.end])
            return
        if not own:
            self._pass_on(view)
            return
        if self._gtp is not None and (inside := gtp.payload(view)) is not None:
            self._ip(ethernet, raw.parse_ip(inside))
            return
        upper, kind = view.upper_protocol, view.data[view.upper : view.upper + 1]
        if (upper, kind) in _ECHO_REQUESTS:
            rest = view.data[view.upper + 4 : view.end]
            self.send_ip(self._echo(view.version, view.src, True, rest))
        if upper == raw.UDP and self._listeners:
            head = view.data[view.upper : view.upper + 8]
            take = self._listeners.get(int.from_bytes(head[2:4], "big")) if len(head) == 8 else None
            if take is not None:
                take(view.data[view.upper + 8 : view.end])
                return
        with self._arrived:
            self.packets.append(view.data[: view.end])
            self._arrived.notify_all()

    def _pass_on(self, view: raw.IpView) -> None:
        """What is for somebody else goes through the function, and back where it came from."""
        if self.function is None:
            return
        packet = self.tally.of(self.function, view.data[: view.end])
        if packet is not None:
            self._transmit(self.gateway_mac + self.mac + (b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\x00") + packet)

    def _answer_solicitation(self, ethernet: raw.EthernetView, message: ndp.NdpMessage) -> None:
        if message.kind == ndp.NEIGHBOR_SOLICITATION and message.target == self.ipv6.packed:
            answer = ndp.advertisement(self.mac, message.target, message.source, router=False)
            unknown = message.source == ndp.UNSPECIFIED
            mac = ndp.multicast_mac(ndp.ALL_NODES) if unknown else message.source_mac or ethernet.src
            self._transmit(mac + self.mac + b"\x86\xdd" + answer)

    def _answer_arp(self, packet: bytes) -> None:
        message = arp.parse(packet, 0)
        if message is None or message.sender_mac[0] & 1:
            return
        if message.operation == arp.REQUEST and message.target == self.ipv4.packed:
            reply = arp.ArpMessage(arp.REPLY, self.mac, self.ipv4.packed, message.sender_mac, message.sender)
            self._transmit(message.sender_mac + self.mac + b"\x08\x06" + arp.build(reply))


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _is_echo_reply(packet: bytes) -> bool:
    return (packet[6] == 58 and packet[40] == 129) if packet[0] >> 4 == 6 else (packet[9] == 1 and packet[20] == 0)
