# SPDX-License-Identifier: Apache-2.0
"""End.DX2: an Ethernet frame is taken out (RFC 8986 4.9)."""

from __future__ import annotations

from typing import Any

from endpoint_base import HOST, IN4, IN6, NEXT, OUT4, OUT6, THEN, Endpoint, EndpointTest, extension_chains
from srv6_base import Frame, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("End.DX2",)
ONE, TWO = "02:aa:00:00:00:01", "02:aa:00:00:00:02"


def frame(payload: craft.Payload = b"payload of a frame", ethertype: int = 0x88B5, **fields: Any) -> craft.Packet:
    """An inner frame of an experimental type."""
    return craft.ether(payload, dst=ONE, src=TWO, ethertype=ethertype, **fields)


class EndDx2(EndpointTest):
    """End.DX2 towards port 5."""

    endpoint = Endpoint("End.DX2")


@rfc("8986", "4.9", "S01", "S02", "S03")
@rule("DEC-2", "DEC-3", "DEC-4", "DEC-5", "DEC-9", "CNT-1")
class FrameLeavesAsItIs(EndDx2):
    """Any frame, with and without SRH: not a bit of it changes."""

    def runTest(self) -> None:
        packets = []
        for inner in (
            frame(),
            frame(vlan=7),
            frame(vlan=(5, 0xE007)),
            frame(craft.ip6(IN6, OUT6, craft.udp(), hl=1), 0x86DD),
            frame(craft.ip4(IN4, OUT4, craft.udp(), ttl=0, csum=1), 0x0800),
            frame(b"\x00" * 46, 0x8847),
            frame(bytes(28), wire.ETH_ARP),
        ):
            for packet in (craft.ip6(HOST, self.sid, inner), self.packet([self.sid, NEXT, THEN], 0, inner, tag=3)):
                packets.append(packet)
                self.send(1, packet)
                self.expect_only(5, Frame(inner))
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=len(packets), size=sum(map(len, packets)))


@rfc("8986", "4.9", "S02")
@rule("DEC-10", "DEC-9")
class Ieee8023Frames(EndDx2):
    """LLC frames (a length in place of the type), such as spanning tree: as any other."""

    def runTest(self) -> None:
        bpdu = bytes((0x42, 0x42, 3)) + bytes(35)
        for inner in (frame(bpdu, len(bpdu)), frame(b"\xaa\xaa\x03" + bytes(43), 46), frame(b"", 0)):
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(5, Frame(inner))


@rfc("8986", "4.9")
@rule("DEC-5", "DEC-9")
class GroupFrames(EndDx2):
    """Frames to broadcast and multicast addresses leave as well."""

    def runTest(self) -> None:
        for to in ("ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00", "33:33:00:00:00:01", self.mac(1), self.mac(5)):
            inner = craft.ether(bytes(46), dst=to, src=TWO, ethertype=0x88B5)
            self.send(1, craft.ip6(HOST, self.sid, inner))
            self.expect_only(5, Frame(inner))


@rfc("8986", "4.9")
@rule("DEC-4", "DEC-6", "UL-4", "END-16")
class BehindExtensionHeaders(EndDx2):
    """All extension headers go; outer hop limit 0 and 1 do not matter."""

    def runTest(self) -> None:
        inner = frame()
        for _, chain, _ in extension_chains():
            for hl in (0, 1, 64):
                self.send(1, craft.ip6(HOST, self.sid, chain(inner), hl=hl))
                self.expect_only(5, Frame(inner))
        done = craft.srh([self.sid], sl=0, payload=craft.srh([self.sid], sl=0, payload=craft.dstopt(inner)))
        self.send(1, craft.ip6(HOST, self.sid, craft.hbh(done)))
        self.expect_only(5, Frame(inner))


@rfc("8986", "4.9")
@rule("DEC-12", "UL-3")
class CutFrame(EndDx2):
    """Less than an Ethernet header inside: dropped."""

    def runTest(self) -> None:
        whole = bytes(frame())
        for size in range(14):
            self.send(1, self.packet([self.sid], 0, craft.raw(whole[:size], wire.ETHERNET)))
        self.expect_nothing()
        self.expect_drop("HEADER_TRUNCATED", 14)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=14)
        self.send(1, self.packet([self.sid], 0, craft.raw(whole[:14], wire.ETHERNET)))
        self.expect_only(5, Frame(whole[:14]))


@rfc("8986", "4.9")
@rule("DEC-5", "CNT-1")
class LongerThanExit(EndDx2):
    """The MTU of the exit holds for what is inside the frame: one byte more is dropped and nobody is told."""

    def runTest(self) -> None:
        ports = {1: {"mtu": 9000}, 5: {"mode": "l2", "mtu": 1400}}
        self.endpoints(ports=ports)
        fits, longer = frame(bytes(1400)), frame(bytes(1401))
        packet = self.packet([self.sid], 0, fits)
        self.send(1, packet)
        self.expect_only(5, Frame(fits))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))
        self.send(1, self.packet([self.sid], 0, longer))
        self.expect_nothing()
        self.expect_drop("PACKET_TOO_BIG")
        self.expect_sid_counter(self.endpoint.prefix, packets=1, errors=1)


@behaviours("End.DX2")
@rfc("8986", "4.9")
@rule("DEC-5")
class RoutedPortAsExit(EndDx2):
    """The exit may be a routed port as well: the frame leaves unchanged, by the port alone."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:dd2::"
        self.endpoints(sids=[{"sid": f"{sid}/64", "behavior": "End.DX2", "port": 8}])
        inner = frame(vlan=9)
        self.send(1, craft.ip6(HOST, sid, inner))
        self.expect_only(8, Frame(inner))


@rfc("8986", "4.9")
@rule("END-10", "DEC-5")
class BehindEndOfThisNode(EndDx2):
    """End and End.DX2 of one node in one list."""

    def runTest(self) -> None:
        inner = frame()
        packet = self.packet([self.sid, Endpoint("End").sid], 1, inner, dst=Endpoint("End").sid)
        self.send(1, packet)
        self.expect_only(5, Frame(inner))
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))
        self.expect_sid_counter(Endpoint("End").prefix, packets=1, size=len(packet))


@behaviours("Transit")
@rule("END-15")
class FrameInTransit(EndDx2):
    """A frame inside a packet that is not for this node travels on unchanged, whatever there is of it."""

    def runTest(self) -> None:
        for inner in (bytes(frame()), bytes(frame(vlan=7)), *(bytes(frame(vlan=7))[:size] for size in range(20))):
            payload = craft.raw(inner, wire.ETHERNET)
            for packet in (
                craft.ip6(HOST, NEXT, payload),
                craft.ip6(HOST, NEXT, craft.dstopt(payload)),
                self.packet([NEXT], 0, payload, dst=NEXT),
                self.packet([NEXT, THEN], 1, payload, dst=THEN),
            ):
                self.send(1, packet)
                self.expect_only(2, wire.hop(packet))
        self.expect_no_drop()
