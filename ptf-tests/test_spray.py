# SPDX-License-Identifier: Apache-2.0
"""Policies that spray: a copy of each packet by every segment list, whatever leads to the policy."""

from __future__ import annotations

from typing import Any

from headend_base import HOST, HOST4, encapsulated, encapsulated_frame, inserted
from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("Spray",)
LISTS = (["fcbb:bb00:2::"], ["fcbb:bb00:3::", "fcbb:bb00:33::"], ["fcbb:bb00:7::", "fcbb:bb00:8::", "fcbb:bb00:9::"])
PORTS = (2, 3, 7)
ROUTES = [{"prefix": f"{each[0]}/48", "via": f"2001:db8:{port}::2"} for each, port in zip(LISTS, PORTS, strict=True)]
DESTINATION, DESTINATION4 = "2001:db8:99::9", "198.51.100.9"
BSID = "fcbb:bb00:1:b::"
ENDPOINT = "fcbb:bb00:e::1"


class SprayTest(Srv6Test):
    """Three lists of different length, each by a port of its own."""

    def spray(self, mode: str = "encap.red", policy: Any = (), **config: Any) -> None:
        encap = {"mode": mode} if mode.startswith("insert") else {"mode": mode, "flow-label": 0}
        both = [
            {"prefix": "2001:db8:99::/64", "policy": "all"},
            {"prefix": "198.51.100.0/24", "policy": "all"},
        ]
        lists = [{"segments": each} for each in LISTS]
        self.node(
            **{
                "policies": [{"name": "all", "encap": encap, "spray": True, "segment-lists": lists, **dict(policy)}],
                "steering": both if mode.startswith("encap") else [],
                "routes": ROUTES,
                **config,
            }
        )

    def expect_all(self, packet: wire.Packet, mode: str = "encap.red", lists: Any = LISTS) -> None:
        make = inserted if mode.startswith("insert") else encapsulated
        for each, port in zip(lists, PORTS, strict=True):
            if each is not None:
                self.expect(port, make(packet, each, mode=mode))
        self.expect_nothing()


@rule("POL-8", "HE-1", "HE-2", "HE-3", "HE-4")
class ByDestination(SprayTest):
    """IPv6 and IPv4, tagged and padded, with each kind of SRH; the hop limit is lowered once."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.spray(mode)
            for packet in (
                craft.ip6(HOST, DESTINATION, craft.udp(b"payload"), hl=2, tc=0x28),
                craft.ip4(HOST4, DESTINATION4, craft.udp(b"payload"), ttl=2),
                craft.ip6(HOST, DESTINATION, craft.srh(["2001:db8::1"], sl=1, payload=craft.udp(b"payload"))),
            ):
                self.send(1, packet)
                self.expect_all(bytes(packet), mode)
            self.expect_no_drop()
            assert self.policy_counter("all").packets == 3, self.policy_counter("all")
        tagged = {1: {"vlans": {100: {"addresses": ["2001:db8:11::1/64", "10.0.11.1/24"]}}}}
        self.spray(ports=tagged)
        for packet in (
            craft.ip6(HOST, DESTINATION, craft.udp(b"payload")),
            craft.ip4(HOST4, DESTINATION4, craft.udp(b"payload")),
        ):
            self.send(1, Frame(bytes(self.frame_in(1, packet, vlan=100)) + bytes(20)))
            self.expect_all(bytes(packet))
        self.expect_no_drop()


@rfc("4443", "3.3")
@rule("HE-4")
class LastHop(SprayTest):
    """Told once, before there are copies."""

    def runTest(self) -> None:
        self.spray()
        packet = craft.ip6(HOST, DESTINATION, craft.udp(b"payload"), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, bytes(packet))
        self.expect_nothing()
        self.expect_drop("HOP_LIMIT_EXCEEDED")


@rule("POL-8", "B6-1", "B6-3", "B6-5")
class ByBindingSid(SprayTest):
    """End.B6.Encaps.Red and End.B6.Insert: Segments Left and the hop limit are lowered once, for all copies."""

    def runTest(self) -> None:
        for behaviour, mode in (("End.B6.Encaps.Red", "encap.red"), ("End.B6.Insert", "insert")):
            self.spray(
                "insert" if mode == "insert" else "encap",
                sids=[{"sid": f"{BSID}/64", "behavior": behaviour, "policy": "all"}],
                steering=[],
            )
            srh = ["2001:db8:5::5", "2001:db8:6::6", BSID]
            packet = craft.ip6(HOST, BSID, craft.srh(srh, sl=2, payload=craft.udp(b"payload")))
            self.send(1, packet)
            # As it was before the behaviour, one hop more: what the headend does lowers it again.
            moved = wire.hop(wire.advanced(bytes(packet)), -1)
            self.expect_all(moved, mode)
            self.expect_no_drop()
            self.expect_sid_counter(f"{BSID}/64", packets=1)
            left = craft.ip6(HOST, BSID, craft.srh([BSID], sl=0, payload=craft.raw(b"x", 253)))
            self.send(1, left)
            self.expect_icmp6(1, 4, 4, 64, bytes(left))
            self.expect_drop("UPPER_LAYER")


@rule("POL-8")
class ByColor(SprayTest):
    """A route with a color: the service SID is behind each of the lists."""

    def runTest(self) -> None:
        self.spray(
            policy={"color": 100, "endpoint": ENDPOINT}.items(),
            routes=[
                *ROUTES,
                {"prefix": "fcbb:bb00:e::/48", "via": "2001:db8:6::2"},
                {
                    "prefix": "2001:db8:77::/48",
                    "color": 100,
                    "next-hop": ENDPOINT,
                    "service-sid": "fcbb:bb00:e:d46::",
                },
            ],
        )
        packet = craft.ip6(HOST, "2001:db8:77::1", craft.udp(b"payload"))
        self.send(1, packet)
        self.expect_all(bytes(packet), lists=[[*each, "fcbb:bb00:e:d46::"] for each in LISTS])
        self.expect_no_drop()


@rule("POL-8", "HE-9")
class ByPort(SprayTest):
    """Frames of a layer 2 port, with their tags; and what a classifier matches."""

    def runTest(self) -> None:
        self.spray("l2encap.red", ports={4: {"mode": "l2", "policy": "all"}})
        for tags in ((), 100, (100, 200)):
            macs = {"dst": "ff:ff:ff:ff:ff:ff", "src": "02:aa:00:00:00:01"}
            frame = wire.ether(b"payload", **macs, ethertype=0x88B5, vlan=tags)
            self.send(4, Frame(frame))
            for each, port in zip(LISTS, PORTS, strict=True):
                self.expect(port, encapsulated_frame(frame, each, mode="l2encap.red"))
            self.expect_nothing()
        self.expect_no_drop()
        self.spray(steering=[{"match": {"dst": "2001:db8:99::/64", "dst-port": 53}, "policy": "all"}])
        packet = craft.ip6(HOST, DESTINATION, craft.udp(b"payload", dport=53))
        self.send(1, packet)
        self.expect_all(bytes(packet))
        self.expect_no_drop()


@rule("POL-3", "POL-5", "POL-6")
class ListsComeAndGo(SprayTest):
    """A list whose first segment is unreachable has no copy; without any the policy is not valid."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, DESTINATION, craft.udp(b"payload"))
        self.spray(routes=[ROUTES[0], ROUTES[2]])
        self.send(1, packet)
        self.expect_all(bytes(packet), lists=[LISTS[0], None, LISTS[2]])
        self.spray()
        self.send(1, packet)
        self.expect_all(bytes(packet))
        self.spray(policy={"invalid": "drop"}.items(), routes=[])
        self.send(1, packet)
        self.expect_drop("BLACKHOLE")
        self.expect_nothing()


@rule("HE-11", "HE-16")
class CopiesOfOnePacketFareApart(SprayTest):
    """A copy that is too long is told of, or cut; the others leave."""

    def runTest(self) -> None:
        self.spray(ports={3: {"mtu": 1400}})
        packet = craft.ip6(HOST, DESTINATION, craft.udp(bytes(1340)))
        self.send(1, packet)
        self.expect(2, encapsulated(bytes(packet), LISTS[0], mode="encap.red"))
        # 40 of the outer header, 24 of an SRH of one segment.
        self.expect_icmp6(1, 2, 0, 1400 - 64, wire.hop(bytes(packet)))
        self.expect(7, encapsulated(bytes(packet), LISTS[2], mode="encap.red"))
        self.expect_nothing()
        self.expect_drop("PACKET_TOO_BIG")


@rfc("9524", "2.2")
@rule("RE-7", "RE-9", "POL-8")
class RootOfATree(SprayTest):
    """Service and branches in one encapsulation: each list ends with a Replication-SID and the context."""

    def runTest(self) -> None:
        tree = [[*each, f"fcbb:bb00:{port}:e::", "fcbb:bb00:cc::"] for each, port in zip(LISTS, PORTS, strict=True)]
        lists = [{"segments": each} for each in tree]
        self.spray(policy={"segment-lists": lists}.items())
        packet = craft.ip6(HOST, DESTINATION, craft.udp(b"payload"))
        self.send(1, packet)
        self.expect_all(bytes(packet), lists=tree)
        self.expect_no_drop()
