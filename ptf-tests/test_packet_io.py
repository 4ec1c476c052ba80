# SPDX-License-Identifier: Apache-2.0
"""What passes between switch and control plane: packet-in with its metadata for each reason, packet-out of
both kinds (P4Runtime specification 16.1)."""

from __future__ import annotations

import time
from typing import Any

from headend_base import HeadendTest, encapsulated, sid, sids
from neighbor_base import NeighborTest
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire
from srv6cp.model import PuntReason
from srv6cp.p4rt import PacketIn

BEHAVIOURS = ("Packet-in and packet-out",)
CPU = 510
HOST, HOST4, FAR, FAR4 = "2001:db8:1::2", "10.0.1.2", "2600::1", "198.51.100.1"
ROUTES = ({"prefix": "2600::/16", "via": "2001:db8:2::2"}, {"prefix": "198.51.100.0/24", "via": "10.0.2.2"})


class PacketIns(Srv6Test):
    """Listens on the stream beside the controller."""

    def setUp(self) -> None:
        super().setUp()
        self.packets: list[PacketIn] = []
        self.addCleanup(self.router.client.on_packet_in(self.packets.append))

    def punted(self, reason: str, payload: bytes, **metadata: int) -> PacketIn:
        """The switch hands over one packet, ``payload``, for ``reason``, with this metadata."""
        __tracebackhide__ = True
        self.router.settle()
        end = time.monotonic() + 2
        while not self.packets and time.monotonic() < end:
            time.sleep(0.001)  # the listener of the harness was served, this one is about to be
        if not self.packets:
            self._fail(f"no packet-in; punts: {self.router.punts()}")
        packet = self.packets.pop(0)
        expected = {"reason": int(PuntReason[reason]), **metadata}
        found = {name: packet.metadata[name] for name in expected}
        assert found == expected, f"packet-in: expected {expected}, got {packet.metadata}"
        assert packet.payload == payload, f"packet-in: expected\n{payload.hex()}\ngot\n{packet.payload.hex()}"
        return packet


@rule("END-14")
@rfc("4443", "3.3")
class ReasonsOfErrors(PacketIns):
    """Hop limit, no route, parameter problem, upper layer, too big: the frame as it came, offset, pointer,
    MTU, VRF."""

    def runTest(self) -> None:
        end = "fcbb:bb00:1:e000::"
        self.node(
            vrfs=[{"name": "blue", "id": 7}],
            ports={1: {"mtu": 9000, "vlans": {100: {"addresses": ["2001:db8:64::1/64"], "vrf": "blue"}}}},
            sids=[{"sid": f"{end}/64", "behavior": "End"}],
            routes=[
                *ROUTES,
                {"prefix": "2600::/16", "vrf": "blue", "via": {"address": "2001:db8:64::2", "port": "1.100"}},
            ],
        )
        data = craft.udp(b"data")
        for packet, reason, metadata in (
            (craft.ip6(HOST, FAR, data, hl=1), "HOP_LIMIT_EXCEEDED", {}),
            (craft.ip4(HOST4, FAR4, data, ttl=1), "HOP_LIMIT_EXCEEDED", {}),
            (craft.ip6(HOST, "2900::1", data), "NO_ROUTE", {}),
            (craft.ip4(HOST4, "8.8.8.8", data), "NO_ROUTE", {}),
            (craft.ip6(HOST, end, craft.srh([FAR, end], sl=5, payload=data)), "PARAMETER_PROBLEM", {"pointer": 43}),
            (
                craft.ip6(HOST, end, craft.hbh(craft.srh([FAR, end], sl=5, payload=data))),
                "PARAMETER_PROBLEM",
                {"pointer": 51},
            ),
            (craft.ip6(HOST, end, data), "UPPER_LAYER_ERROR", {"pointer": 40}),
            (craft.ip6(HOST, FAR, craft.udp(bytes(1500))), "PACKET_TOO_BIG", {"mtu": 1500}),
        ):
            frame = self.send(1, packet)
            self.punted(reason, frame, ingress_port=1, vrf_id=0, offset=14, **metadata)
            assert self.receive(1) is not None  # the controller's answer
        frame = self.send(1, craft.ip6("2001:db8:64::2", FAR, data, hl=1), vlan=100)
        self.punted("HOP_LIMIT_EXCEEDED", frame, ingress_port=1, vrf_id=7, offset=18)
        assert self.receive(1) is not None


@rule("DEC-7")
@rfc("4443", "3.3")
@behaviours("Packet-in and packet-out", "End.DT6")
class OffsetOfInnerHeader(PacketIns):
    """An error about a decapsulated packet: the frame as it came, the offset that of the inner header."""

    def runTest(self) -> None:
        sid6 = "fcbb:bb00:1:d6::"
        self.node(sids=[{"sid": f"{sid6}/64", "behavior": "End.DT6", "vrf": "default"}], routes=list(ROUTES))
        inner = craft.ip6("2001:db8:5::2", FAR, craft.udp(b"data"), hl=1)
        for outer, offset in (
            (craft.ip6(HOST, sid6, inner), 54),
            (craft.srv6(HOST, [sid6, FAR], segments_left=0, payload=inner), 54 + 40),
            (craft.ip6(HOST, sid6, craft.hbh(craft.srh([sid6], sl=0, payload=inner))), 54 + 8 + 24),
        ):
            frame = self.send(1, outer)
            self.punted("HOP_LIMIT_EXCEEDED", frame, offset=offset)
            self.expect_only(5, self.icmp6_error(3, 0, 0, inner, src="2001:db8:1::1"))


@rfc("4861", "7.2")
class ReasonsOfDelivery(PacketIns):
    """Own addresses, neighbour discovery, ARP, unresolved neighbours."""

    def runTest(self) -> None:
        neighbors = [{"address": HOST, "port": 1, "mac": self.neighbor_mac(1)}]
        self.node()
        self.node(neighbors_static=False, neighbors=neighbors)
        frame = self.send(1, craft.ip6(HOST, "2001:db8:1::1", craft.tcp(b"x")))
        self.punted("LOCAL", frame, ingress_port=1, offset=14)
        frame = self.send(1, craft.ip4(HOST4, "10.0.2.1", craft.tcp(b"x"), ttl=1))
        self.punted("LOCAL", frame, ingress_port=1, offset=14)
        question = craft.icmp6(133, 0, bytes(4))
        frame = self.send(
            1,
            craft.ether(
                craft.ip6("fe80::2", "ff02::2", question, hl=255), dst="33:33:00:00:00:02", src=self.neighbor_mac(1)
            ),
        )
        self.punted("NDP", frame, ingress_port=1)
        other = craft.arp(1, self.neighbor_mac(1), HOST4, "00:00:00:00:00:00", "10.0.1.77")
        frame = self.send(1, craft.ether(other, dst="ff:ff:ff:ff:ff:ff", src=self.neighbor_mac(1)))
        self.punted("ARP", frame, ingress_port=1)
        frame = self.send(1, craft.ip6(HOST, "2001:db8:2::77", craft.udp(b"x")))
        packet = self.punted("NEIGHBOR_UNRESOLVED", frame, ingress_port=1, egress_port=2)
        assert packet.metadata["nexthop_id"] != 0
        assert self.receive(2) is not None  # the solicitation
        assert self.punts() == {"LOCAL": 2, "NDP": 1, "ARP": 1, "NEIGHBOR_UNRESOLVED": 1}


@rfc("8200", "4.5")
@rule("HE-11")
class ProcessedFrameToFragment(PacketIns):
    """FRAGMENT: the frame as it would leave, port and MTU to cut it to."""

    def runTest(self) -> None:
        self.node(ports={2: {"mtu": 1300}}, routes=list(ROUTES))
        packet = craft.ip4(HOST4, FAR4, craft.udp(bytes(1400)), df=False)
        self.send(1, packet)
        self.punted("FRAGMENT", self.frame_out(2, wire.hop(packet)), egress_port=2, mtu=1300)
        assert self.receive(2) is not None and self.receive(2) is not None


class PacketOuts(Srv6Test):
    """Frames from the control plane."""

    def out(
        self,
        payload: wire.Packet,
        egress_port: int = 0,
        *,
        submit: bool = False,
        ingress_port: int | None = None,
        vrf_id: int = 0,
    ) -> None:
        """``submit``: as the node's own; ``ingress_port``: as if it had come in there; else out of
        ``egress_port``."""
        self.router.client.packet_out(
            bytes(payload),
            egress_port=egress_port,
            submit_to_ingress=int(submit or ingress_port is not None),
            as_received=int(ingress_port is not None),
            ingress_port=ingress_port or 0,
            vrf_id=vrf_id,
        )

    def own(self, packet: craft.Packet, vrf_id: int = 0) -> None:
        """An IP packet of the node; the MAC addresses are the switch's business."""
        self.out(craft.ether(packet, dst="00:00:00:00:00:00", src="00:00:00:00:00:00"), submit=True, vrf_id=vrf_id)


@rfc("894", "")
class OutOfAPort(PacketOuts):
    """Any frame leaves by the port named, as it is, and is counted there."""

    def runTest(self) -> None:
        self.node()
        a, b = "02:00:00:00:0a:01", "02:00:00:00:0a:02"
        frames = [
            craft.ether(craft.ip6(HOST, FAR, craft.udp(b"x"), hl=0), dst=a, src=b),
            craft.ether(craft.ip4(HOST4, FAR4, craft.udp(b"x"), ttl=0, csum=0), dst=a, src=b, vlan=(5, 6)),
            craft.ether(b"x" * 46, dst=a, src=b, ethertype=46),
            craft.ether(b"", dst=a, src=b, ethertype=0x88B5),
            craft.ether(bytes(1500), dst="ff:ff:ff:ff:ff:ff", src=b, ethertype=0x88B5),
            craft.ether(
                craft.ip6(HOST, "fcbb:bb00:1::1", craft.srh(sids(3), sl=9, payload=craft.udp())), dst=self.mac(1), src=b
            ),
        ]
        for port in (1, 5, 8):
            for frame in frames:
                self.out(frame, port)
                self.expect_only(port, frame)
            assert self.port_counter(port).packets == len(frames)
        self.expect_no_drop()
        assert self.punts() == {}


@rfc("8200", "3")
@rfc("1812", "4.2.2.9")
class OwnPackets(PacketOuts):
    """Routed in the VRF named, hop limit and TTL as they are (1 as well), MAC addresses and tag written."""

    def runTest(self) -> None:
        blue = {"prefix": "2600::/16", "vrf": "blue", "via": "2001:db8:6::2"}
        tagged = {"prefix": "2700::/16", "via": "2001:db8:64::2"}
        self.node(
            vrfs=[{"name": "blue", "id": 7}],
            ports={2: {"vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}}, 6: {"vrf": "blue"}},
            routes=[*ROUTES, blue, tagged],
        )
        for hl in (1, 64, 255):
            packet = craft.ip6("fcbb:bb00:1::1", FAR, craft.udp(b"own"), hl=hl)
            self.own(packet)
            self.expect_only(2, packet)
            self.own(packet, vrf_id=7)
            self.expect_only(6, packet)
            packet = craft.ip6("fcbb:bb00:1::1", "2700::1", craft.udp(b"own"), hl=hl)
            self.own(packet)
            self.expect_only(2, packet, vlan=100)
            packet4 = craft.ip4("10.0.1.1", FAR4, craft.udp(b"own"), ttl=hl)
            self.own(packet4)
            self.expect_only(2, packet4)
        self.expect_no_drop()


@rfc("8986", "5")
@rule("HE-1")
class OwnPacketsAreSteered(PacketOuts, HeadendTest):
    """Own packets to a steered prefix enter the policy with their hop limit as it is; the policy of a port,
    or a classifier, is not for them."""

    def runTest(self) -> None:
        self.headend("encap", sids(2))
        packet = craft.ip6("fcbb:bb00:1::1", "2001:db8:99::9", craft.udp(b"own"), hl=1)
        self.own(packet)
        outer = wire.ip6("fcbb:bb00:1::1", sid(1), wire.srh([sid(2), sid(1)], sl=1, payload=wire.unchanged(packet)))
        self.expect_only(2, outer)
        self.headend(
            "encap",
            sids(2),
            steering=[{"match": {"protocol": "udp"}, "policy": "north"}, {"port": 1, "policy": "north"}],
            routes=list(ROUTES),
        )
        packet = craft.ip6("fcbb:bb00:1::1", FAR, craft.udp(b"own"))
        self.own(packet)
        self.expect_only(2, packet)


@rfc("8754", "4.1")
@rule("END-5", "END-10")
class OwnSrv6Packets(PacketOuts):
    """An own packet with an SRH whose first segment is an own SID is processed by it, twice if there are two."""

    def runTest(self) -> None:
        one, two = "fcbb:bb00:1:e000::", "fcbb:bb00:1:e001::"
        self.node(sids=[{"sid": f"{s}/64", "behavior": "End"} for s in (one, two)], routes=list(ROUTES))
        packet = craft.srv6("fcbb:bb00:1::1", [FAR, two, one], segments_left=2, payload=craft.udp(b"own"))
        self.own(packet)
        self.expect_only(2, wire.advanced(wire.advanced(packet)))
        self.expect_sid_counter(f"{one}/64", packets=1)
        self.expect_sid_counter(f"{two}/64", packets=1)


@rfc("4443", "2.4")
class OwnPacketsThatFail(PacketOuts):
    """No route, blackhole, not IP: dropped and counted; no error goes round."""

    def runTest(self) -> None:
        self.node(routes=[*ROUTES, {"prefix": "2800::/16", "blackhole": True}])
        for dst, reason in (("2900::1", "NO_ROUTE"), ("2800::1", "BLACKHOLE")):
            self.own(craft.ip6("fcbb:bb00:1::1", dst, craft.udp(b"own")))
            self.expect_nothing()
            self.expect_drop(reason)
        self.out(craft.ether(b"x" * 46, dst=self.mac(1), src=self.mac(2), ethertype=0x88B5), submit=True)
        self.expect_nothing()
        self.expect_drop("PACKET_OUT_INVALID")
        assert self.punts() == {}


@rfc("4861", "7.2.2")
class OwnPacketWaits(PacketOuts, NeighborTest):
    """An own packet whose next hop is not resolved comes back as a packet-in of the node's own, and leaves
    later."""

    def runTest(self) -> None:
        self.unresolved()
        packet = craft.ip6("2001:db8:2::1", "2001:db8:2::2", craft.udp(b"own"), hl=1)
        self.own(packet)
        self.expect_solicitation(2, "2001:db8:2::2")
        self.advertise(2, "2001:db8:2::2", "2001:db8:2::1")
        self.expect_only(2, packet)


@rfc("8200", "3")
class AsReceived(PacketOuts, HeadendTest):
    """A packet that waited: as if it had just come in by its port, with admission, steering, hop limit,
    errors."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), steering=[{"port": 1, "policy": "north"}], routes=list(ROUTES),
                     ports={5: {"vlans": {100: {"addresses": ["2001:db8:64::1/64"]}}}})  # fmt: skip
        packet = self.packet6()
        self.out(self.frame_in(1, packet), ingress_port=1)
        self.expect_only(2, encapsulated(packet, sids(2)))
        onward = craft.ip6("2001:db8:5::2", FAR, craft.udp(b"data"))
        for vlan in ((), 100):
            self.out(self.frame_in(5, onward, vlan=vlan), ingress_port=5)
            self.expect_only(2, wire.hop(onward))
        self.out(self.frame_in(5, onward, vlan=300), ingress_port=5)
        self.expect_nothing()
        self.expect_drop("VLAN_UNKNOWN")
        self.out(craft.ether(onward, dst=self.mac(1), src=self.neighbor_mac(5)), ingress_port=5)
        self.expect_nothing()
        self.expect_drop("NOT_MY_MAC")


@rfc("4443", "3.3")
class AsReceivedWithError(PacketOuts, PacketIns):
    """The error about a packet that waited quotes it as it arrived; the packet-in names the port it came in
    by."""

    def runTest(self) -> None:
        self.node(routes=list(ROUTES))
        for packet in (
            craft.ip6("2001:db8:5::2", FAR, craft.udp(b"data"), hl=1),
            craft.ip6("2001:db8:5::2", "2900::1", craft.udp(b"data")),
        ):
            frame = self.frame_in(5, packet)
            reason, kind = ("HOP_LIMIT_EXCEEDED", 3) if packet.hlim == 1 else ("NO_ROUTE", 1)
            self.out(frame, ingress_port=5)
            self.punted(reason, frame, ingress_port=5, offset=14)
            self.expect_only(5, self.icmp6_error(kind, 0, 0, packet, src="2001:db8:5::1"))


@rfc("1812", "4.2.2.9")
class ManyPacketOuts(PacketOuts):
    """Frames leave in the order in which they were handed over."""

    def runTest(self) -> None:
        self.node()
        frames: list[Any] = [
            craft.ether(bytes((i,)) * 46, dst="02:00:00:00:0a:01", src="02:00:00:00:0a:02", ethertype=0x88B5)
            for i in range(12)
        ]
        for frame in frames:
            self.out(frame, 3)
        for frame in frames:
            self.expect(3, frame)
