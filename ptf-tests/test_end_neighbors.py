# SPDX-License-Identifier: Apache-2.0
"""Packets that wait for a neighbour behind a SID: found, they leave as if nothing had been, processed once."""

from __future__ import annotations

from ipaddress import ip_address

from endpoint_base import HOST, IN4, IN6, LAST, NEXT, Endpoint
from srv6_base import Frame, Srv6Test, behaviours, craft, rfc, rule, wire

SIDS = ("End", "End.X", "End.DX4", "End.DT6", "End.DT4")


class Waiting(Srv6Test):
    """A node that knows the neighbour of port 1 only. It asks for configured next hops by itself, at any time."""

    strict = False

    def setUp(self) -> None:
        super().setUp()
        operands = {
            "End.X": {"via": "2001:db8:3::2"},
            "End.DX4": {"via": "10.0.3.2"},
            "End.DT6": {"vrf": "default"},
            "End.DT4": {"vrf": "default"},
        }
        self.node(
            neighbors_static=False,
            sids=[{"sid": Endpoint(name).prefix, "behavior": name, **operands.get(name, {})} for name in SIDS],
            neighbors=[{"address": HOST, "port": 1, "mac": self.neighbor_mac(1)}],
        )

    def asked_for(self, port: int, target: str) -> None:
        """A frame out of ``port`` asks for ``target``."""
        found = [frame[62:78] if ":" in target else frame[38:42] for frame in self.frames(port) if is_question(frame)]
        assert ip_address(target).packed in found, f"nobody asked for {target}"

    def frames(self, port: int) -> list[Frame]:
        """What has left ``port``."""
        return list(iter(lambda: self.receive(port), None))

    def answer(self, port: int, target: str, mac: str) -> None:
        """A solicited advertisement of ``target``, or an ARP reply."""
        if ":" in target:
            router = f"2001:db8:{port}::1"
            packet = craft.ip6(target, router, craft.neighbor_advertisement(target, mac, 0x60), hl=255)
            self.send(port, craft.ether(packet, dst=self.mac(port), src=mac))
        else:
            reply = craft.arp(2, mac, target, self.mac(port), f"10.0.{port}.1")
            self.send(port, craft.ether(reply, dst=self.mac(port), src=mac))

    def leaves(self, port: int, packet: wire.Part, mac: str) -> None:
        """``packet`` leaves ``port`` towards ``mac``, once, and besides it questions alone."""
        came = [frame for frame in self.frames(port) if not is_question(frame)]
        assert came == [wire.ether(packet, dst=mac, src=self.mac(port))], [frame.hex() for frame in came]


def is_question(frame: bytes) -> bool:
    """An ARP request or a neighbour solicitation."""
    return frame[12:14] == b"\x08\x06" or (
        frame[12:14] == b"\x86\xdd" and frame[20] == wire.ICMPV6 and frame[54] == 135
    )


@behaviours("End.X")
@rfc("4861", "7.2.2")
@rule("END-5", "END-7")
class EndXWaitsForItsNeighbor(Waiting):
    """The adjacency of End.X is not resolved: the packet waits for it."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, Endpoint("End.X").sid, craft.srh([LAST, NEXT], sl=1, payload=craft.udp(b"waits")))
        self.send(1, packet)
        self.answer(3, "2001:db8:3::2", "02:ee:00:00:00:03")
        self.leaves(3, wire.advanced(packet), "02:ee:00:00:00:03")
        self.expect_sid_counter(Endpoint("End.X").prefix, packets=1, errors=1)


@behaviours("End")
@rfc("4861", "7.2.2")
@rule("END-5", "END-7")
class EndWaitsForNextSegmentOnLink(Waiting):
    """The next segment is a host on a connected link: it is that host that is asked for."""

    def runTest(self) -> None:
        host = "2001:db8:2::99"
        packet = craft.ip6(HOST, Endpoint("End").sid, craft.srh([LAST, host], sl=2, payload=craft.udp(b"waits")))
        self.send(1, packet)
        self.asked_for(2, host)
        self.answer(2, host, "02:ee:00:00:00:99")
        self.leaves(2, wire.advanced(packet), "02:ee:00:00:00:99")


@behaviours("End.DX4")
@rfc("826", "0")
@rule("DEC-5", "DEC-7")
class EndDx4WaitsForItsNeighbor(Waiting):
    """The adjacency of End.DX4 is asked for by ARP."""

    def runTest(self) -> None:
        inner = craft.ip4(IN4, "198.51.100.7", craft.udp(b"waits"))
        self.send(1, craft.ip6(HOST, Endpoint("End.DX4").sid, inner))
        self.answer(3, "10.0.3.2", "02:ee:00:00:00:04")
        self.leaves(3, wire.hop(inner), "02:ee:00:00:00:04")


@behaviours("End.DT6", "End.DT4")
@rfc("4861", "7.2.2")
@rule("DEC-5", "DEC-7")
class InnerDestinationOnLink(Waiting):
    """The inner destination of End.DT6 and End.DT4 is a host on a connected link."""

    def runTest(self) -> None:
        inner = craft.ip6(IN6, "2001:db8:4::99", craft.udp(b"waits"))
        self.send(1, craft.ip6(HOST, Endpoint("End.DT6").sid, inner))
        self.asked_for(4, "2001:db8:4::99")
        self.answer(4, "2001:db8:4::99", "02:ee:00:00:00:06")
        self.leaves(4, wire.hop(inner), "02:ee:00:00:00:06")
        four = craft.ip4(IN4, "10.0.4.99", craft.udp(b"waits"))
        self.send(1, craft.ip6(HOST, Endpoint("End.DT4").sid, four))
        self.asked_for(4, "10.0.4.99")
        self.answer(4, "10.0.4.99", "02:ee:00:00:00:07")
        self.leaves(4, wire.hop(four), "02:ee:00:00:00:07")
