# SPDX-License-Identifier: Apache-2.0
"""ICMP where VRFs overlap: errors and replies go to the VRF of the packet, from an address of that VRF, and what is
one VRF's never shows in another."""

from __future__ import annotations

import struct
from typing import Any

from headend_base import SOURCE, encapsulated, sid
from neighbor_base import NeighborTest
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("IPv6 router", "IPv4 router")
HOST, HOST4 = "2001:db8:a::2", "10.0.0.2"
FAR, FAR4 = "2001:db8:99::9", "198.51.100.9"
BLUE, RED = 5, 6


def overlapping(**red: Any) -> dict[str, Any]:
    """Ports 5 and 6 with the same addresses in VRF blue and in VRF red."""
    port = {"addresses": ["2001:db8:a::1/64", "10.0.0.1/24"]}
    return {"vrfs": ["blue", "red"], "ports": {BLUE: {**port, "vrf": "blue"}, RED: {**port, "vrf": "red", **red}}}


# --- one address space a VRF
# -------------------------------------------------------------------------------------------------------------------


@rfc("8986", "4.6")
@behaviours("IPv6 router", "IPv4 router", "Ping and traceroute")
class SameAddressesInTwoVrfs(NeighborTest):
    """The same own addresses and neighbours in two VRFs: each pings and forwards by itself."""

    def runTest(self) -> None:
        routes = [
            {"prefix": prefix, "vrf": vrf, "via": {"address": hop, "port": port}}
            for vrf, port in (("blue", BLUE), ("red", RED))
            for prefix, hop in (("2001:db8:99::/64", HOST), ("198.51.100.0/24", HOST4))
        ]
        self.node(**overlapping(), routes=routes)
        for port in (BLUE, RED):
            self.send(port, craft.ip6(HOST, "2001:db8:a::1", craft.echo_request()))
            self.expect_only(port, wire.ip6("2001:db8:a::1", HOST, wire.echo_reply("2001:db8:a::1", HOST)))
            for packet in (craft.ip6(HOST, FAR, craft.udp()), craft.ip4(HOST4, FAR4, craft.udp())):
                self.send(port, packet)
                self.expect_only(port, wire.hop(packet))
        self.expect_no_drop()


@rfc("4861", "7.2.2")
@rfc("826", "")
class OwnAddressOfOneVrfIsANeighborInAnother(NeighborTest):
    """10.0.0.1 is port 5's in blue and a host behind port 6 in red, static and learned; the router answers for it on
    port 5 alone."""

    def runTest(self) -> None:
        ports = {
            BLUE: {"addresses": ["10.0.0.1/24", "2001:db8:a::1/64"], "vrf": "blue"},
            RED: {"addresses": ["10.0.0.2/24", "2001:db8:a::2/64"], "vrf": "red"},
        }
        known = [
            {"address": each, "port": RED, "mac": self.neighbor_mac(RED)} for each in ("10.0.0.1", "2001:db8:a::1")
        ]
        from_red = (
            craft.ip4("10.0.0.9", "10.0.0.1", craft.udp()),
            craft.ip6("2001:db8:a::9", "2001:db8:a::1", craft.udp()),
        )
        config = {"vrfs": ["blue", "red"], "ports": ports}
        self.node(**config, neighbors=known)
        for packet in from_red:
            self.send(RED, packet)
            self.expect_only(RED, wire.hop(packet))
        self.unresolved(**config)
        four, six = from_red
        self.send(RED, four)
        self.expect_arp_request(RED, "10.0.0.1", "10.0.0.2")
        self.send(RED, self.arp_frame(RED, 2, "10.0.0.1", "10.0.0.2", target_mac=self.mac(RED), dst=self.mac(RED)))
        self.expect_only(RED, wire.hop(four))
        self.send(RED, six)
        self.expect_solicitation(RED, "2001:db8:a::1", src="2001:db8:a::2")
        self.advertise(RED, "2001:db8:a::1", "2001:db8:a::2")
        self.expect_only(RED, wire.hop(six))
        self.send(RED, self.arp_frame(RED, 1, "10.0.0.9", "10.0.0.1"))
        self.expect_nothing()
        self.send(BLUE, self.arp_frame(BLUE, 1, "10.0.0.9", "10.0.0.1"))
        reply = wire.arp(2, self.mac(BLUE), "10.0.0.1", self.neighbor_mac(BLUE), "10.0.0.9")
        self.expect_only(
            BLUE, wire.ether(reply, dst=self.neighbor_mac(BLUE), src=self.mac(BLUE), ethertype=wire.ETH_ARP)
        )


# --- from an address of the VRF
# -------------------------------------------------------------------------------------------------------------------

DT46, DX6, DX4 = "fcbb:bb00:1:46::", "fcbb:bb00:1:6::", "fcbb:bb00:1:4::"
REMOTE, REMOTE4 = "2001:db8:91::1", "203.0.113.1"


class Provider(Srv6Test):
    """An edge: VRF blue behind port 5, the core behind ports 1 and 2; sources far away in blue are behind port 2."""

    def provider(self, ports: Any = None, **config: Any) -> None:
        policy = {"name": "back", "segments": [sid(1)], "encap": {"mode": "encap.red", "flow-label": 0}}
        self.node(
            vrfs=["blue"],
            ports={5: {"vrf": "blue"}, **(ports or {})},
            sids=[
                {"sid": f"{DT46}/64", "behavior": "End.DT46", "vrf": "blue"},
                {"sid": f"{DX6}/64", "behavior": "End.DX6", "via": {"address": "2001:db8:5::2", "port": 5}},
                {"sid": f"{DX4}/64", "behavior": "End.DX4", "via": {"address": "10.0.5.2", "port": 5}},
            ],
            policies=[policy],
            steering=[
                {"prefix": each, "vrf": "blue", "policy": "back"} for each in ("2001:db8:91::/64", "203.0.113.0/24")
            ],
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"}],
            **config,
        )

    def expect_told(self, port: int, kinds: tuple[int, int], invoking: craft.Packet, src: str) -> None:
        """Time Exceeded to ``REMOTE``, in the policy of its VRF."""
        __tracebackhide__ = True
        if invoking.version == 6:
            message: wire.Part = self.icmp6_error(kinds[0], 0, 0, bytes(invoking), src=src)
        else:
            message = self.icmp4_error(kinds[1], 0, 0, bytes(invoking), src=src)
        body = wire.ip6(SOURCE, sid(1), message, tc=0 if invoking.version == 6 else 0xC0)
        self.expect_only(port, body)


@rfc("4443", "2.2")
@rfc("1812", "4.3.2.4")
@rule("DEC-7")
@behaviours("End.DT46", "End.DX6", "End.DX4")
class TimeExceededOfInnerPacketIsOfItsVrf(Provider):
    """The inner hop limit ends behind End.DT46, End.DX6, End.DX4: told to the inner source in VRF blue, from a loopback
    of it or, without one, its interface; never from the core's port or the locator."""

    def runTest(self) -> None:
        six = craft.ip6(REMOTE, "2001:db8:5::2", craft.udp(b"late"), hl=1)
        four = craft.ip4(REMOTE4, "10.0.5.2", craft.udp(b"late"), ttl=1)
        loopbacks = [{"address": "2001:db8:b::1", "vrf": "blue"}, {"address": "10.99.0.1", "vrf": "blue"}]
        for own6, own4, addresses in (("2001:db8:5::1", "10.0.5.1", []), ("2001:db8:b::1", "10.99.0.1", loopbacks)):
            self.provider(addresses=addresses)
            for segment, inner, own in ((DT46, six, own6), (DX6, six, own6), (DT46, four, own4), (DX4, four, own4)):
                self.send(1, craft.ip6("2001:db8:1::2", segment, inner))
                self.expect_told(2, (3, 11), inner, own)
                self.expect_drop("HOP_LIMIT_EXCEEDED")


@rfc("4443", "2.2")
@rfc("7600", "4.8")
@behaviours("End.DT46")
class VrfWithoutAnAddress(Provider):
    """No address of the family in the VRF: IPv4 errors come from 192.0.0.8, IPv6 ones are not sent."""

    def runTest(self) -> None:
        self.provider(
            ports={5: {"vrf": "blue", "addresses": []}},
            neighbors=[
                {"address": each, "port": 5, "mac": self.neighbor_mac(5)} for each in ("2001:db8:5::2", "10.0.5.2")
            ],
        )
        four = craft.ip4(REMOTE4, "10.0.5.2", craft.udp(b"late"), ttl=1)
        self.send(1, craft.ip6("2001:db8:1::2", DT46, four))
        self.expect_told(2, (3, 11), four, "192.0.0.8")
        self.send(1, craft.ip6("2001:db8:1::2", DT46, craft.ip6(REMOTE, "2001:db8:5::2", craft.udp(), hl=1)))
        self.expect_nothing()
        self.send(1, craft.ip6("2001:db8:1::2", DT46, craft.ip6(REMOTE, "2001:db8:5::2", craft.udp(), hl=2)))
        assert self.receive(5) is not None, "what can be forwarded is"


# --- errors from inside the tunnel
# -------------------------------------------------------------------------------------------------------------------

SEGMENTS = [sid(1), sid(2)]


class Tunnels(Srv6Test):
    """Two VRFs with the same addresses whose packets enter policies out of port 2."""

    def tunnels(
        self, blue: str, red: str, *, policies: dict[str, list[str]], mode: str = "encap.red", **more: Any
    ) -> None:
        self.node(
            **overlapping(),
            policies=[{"name": name, "segments": segments, "encap": {"mode": mode, "flow-label": 0}}
                      for name, segments in policies.items()],
            steering=[{"prefix": prefix, "vrf": vrf, "policy": policy}
                      for vrf, policy in (("blue", blue), ("red", red))
                      for prefix in ("2001:db8:99::/64", "198.51.100.0/24")] + more.pop("steering", []),
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"}, *more.pop("routes", [])],
            **more,
        )  # fmt: skip

    @staticmethod
    def error(outer: bytes, dst: str = SOURCE) -> craft.Packet:
        """Time Exceeded from a node of the domain."""
        return craft.ip6(sid(1) + "1", dst, craft.icmp6(3, 0, struct.pack("!I", 0) + outer[: 1280 - 48]))

    def sent_and_lost(self, port: int, inner: craft.Packet) -> bytes:
        """What leaves for ``inner`` from ``port``, as the domain sees it when it is lost."""
        self.send(port, inner)
        frame = self.receive(2)
        assert frame is not None, "not steered"
        return bytes(frame[14:])

    def told_to(self, port: int, inner: craft.Packet) -> None:
        """``HOST`` behind ``port`` learns of it, and nobody else."""
        __tracebackhide__ = True
        if inner.version == 6:
            self.expect_only(port, self.icmp6_error(1, 3, 0, wire.hop(inner), src="2001:db8:a::1"))
        else:
            self.expect_only(port, self.icmp4_error(3, 1, 0, wire.hop(inner), src="10.0.0.1"))


def inners() -> tuple[craft.Packet, craft.Packet]:
    """From the host that both VRFs have, to the prefix that both steer."""
    return craft.ip6(HOST, FAR, craft.udp(b"secret of its VRF")), craft.ip4(
        HOST4, FAR4, craft.udp(b"secret of its VRF")
    )


@rfc("2473", "8")
@rule("HE-12")
@behaviours("H.Encaps", "H.Encaps.Red")
class SharedPolicyTellsNoVrf(Tunnels):
    """One policy for two VRFs with the same addresses: nobody can know whose packet it was, so nobody is told; also for
    ports and classifiers that lead there."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            for steering in ([], [{"port": RED, "policy": "both"}], [{"match": {"vrf": "red"}, "policy": "both"}]):
                self.tunnels("both", "both", policies={"both": SEGMENTS}, mode=mode, steering=steering)
                for port in (BLUE, RED):
                    for inner in inners():
                        outer = self.sent_and_lost(port, inner)
                        self.send(2, self.error(outer))
                        self.expect_nothing()


@rfc("2473", "8")
@rule("HE-12")
@behaviours("H.Encaps", "H.Encaps.Red")
class PolicyOfItsOwnTellsItsVrf(Tunnels):
    """A policy each: by their segment lists, also where one list begins like the other, where the SRH is gone (PSP) or
    there was none, and where a C-SID has been shifted."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            for ours, theirs in ((SEGMENTS, [sid(1), sid(3)]), ([sid(1)], [sid(2)]), (SEGMENTS, [*SEGMENTS, sid(3)])):
                self.tunnels("b", "r", policies={"b": ours, "r": theirs}, mode=mode)
                for port in (BLUE, RED):
                    for inner in inners():
                        outer = self.sent_and_lost(port, inner)
                        self.send(2, self.error(outer))
                        self.told_to(port, inner)
        self.tunnels("b", "r", policies={"b": SEGMENTS, "r": [sid(1), sid(3)]})
        for port, last in ((BLUE, sid(2)), (RED, sid(3))):
            for inner in inners():
                self.send(2, self.error(encapsulated(inner, [last], mode="encap.red")))
                self.told_to(port, inner)


@rfc("2473", "8")
@rfc("9800", "4.1")
@rule("HE-12")
@behaviours("H.Encaps.Red")
class ShiftedCarrierIsNotAnothersSegment(Tunnels):
    """The C-SIDs of one VRF's list have moved up to what another VRF's list is: it may be either's."""

    def runTest(self) -> None:
        self.tunnels("b", "r", policies={"b": ["fcbb:bb00:f001:f002::"], "r": [sid(2)]})
        for inner in inners():
            self.send(2, self.error(encapsulated(inner, [sid(2)], mode="encap.red")))
            self.expect_nothing()
            self.send(2, self.error(encapsulated(inner, ["fcbb:bb00:f001:f002::"], mode="encap.red")))
            self.told_to(BLUE, inner)


@rfc("2473", "8")
@rfc("9800", "9.4")
@rule("HE-12", "NX-11")
@behaviours("H.Encaps.Red")
class CarrierInAContainerTellsItsVrf(Tunnels):
    """The destination of the quoted packet is what C-SIDs of a container have made of it, and the SRH is gone: of
    REPLACE-C-SID the last SID with its Index, of NEXT-C-SID what is left of the container."""

    def runTest(self) -> None:
        replaced = ["fcbb:bb00:f001::", "::f003:f002"]
        shifted = ["fcbb:bb00:f001:f002::", "fcbb:bb00:f003:f004::"]
        for ours, carriers in (
            (replaced, ["fcbb:bb00:f003::6", "fcbb:bb00:f002::7"]),
            (shifted, ["fcbb:bb00:f003:f004::", "fcbb:bb00:f004::", "fcbb:bb00:f002::"]),
        ):
            self.tunnels("b", "r", policies={"b": ours, "r": [sid(9)]})
            for inner in inners():
                for carrier in carriers:
                    self.send(2, self.error(encapsulated(inner, [carrier], mode="encap.red")))
                    self.told_to(BLUE, inner)


@rfc("2473", "8")
@rule("HE-12")
@behaviours("H.Encaps", "End.B6.Encaps")
class BindingSidIsAWayInto(Tunnels):
    """Transit traffic of the default VRF that a binding SID put into blue's policy: not blue's."""

    def runTest(self) -> None:
        bsid = "fcbb:bb00:1:b6::"
        self.tunnels(
            "both", "r", policies={"both": SEGMENTS, "r": [sid(9)]}, mode="encap",
            sids=[{"sid": f"{bsid}/64", "behavior": "End.B6.Encaps", "policy": "both"}],
        )  # fmt: skip
        transit = craft.ip6("2001:db8:1::2", bsid, craft.srh([FAR, bsid], sl=1, payload=craft.udp(b"transit")))
        outer = self.sent_and_lost(1, transit)
        self.send(2, self.error(outer))
        self.expect_nothing()  # blue steers FAR into this policy as well
        elsewhere = craft.ip6("2001:db8:1::2", bsid, craft.srh(["2600::1", bsid], sl=1, payload=craft.udp(b"transit")))
        outer = self.sent_and_lost(1, elsewhere)
        self.send(2, self.error(outer))
        frame = self.receive(1)
        assert frame is not None and frame[14 + 8 : 14 + 24] == wire.v6(SOURCE)
        plain = inners()[0]
        self.send(2, self.error(self.sent_and_lost(BLUE, plain)))
        self.told_to(BLUE, plain)


@rfc("2473", "8")
@rule("HE-12")
@behaviours("H.Encaps")
class ErrorFromAnotherVrfIsNotRelayed(Tunnels):
    """A host of red sends an error about a packet of blue to an own address of red: the tunnel does not run there."""

    def runTest(self) -> None:
        self.tunnels("b", "r", policies={"b": SEGMENTS, "r": [sid(1), sid(3)]}, mode="encap",
                     addresses=[{"address": SOURCE, "vrf": "red"}])  # fmt: skip
        outer = self.sent_and_lost(BLUE, inners()[0])
        self.send(RED, self.error(outer))
        self.expect_nothing()
        self.send(2, self.error(outer))
        self.told_to(BLUE, inners()[0])
