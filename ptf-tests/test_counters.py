# SPDX-License-Identifier: Apache-2.0
"""Counters (RFC 8986 6; CNT-1): SIDs, policies, ports, interfaces; tagged and untagged; successes, errors,
drops apart."""

from __future__ import annotations

from headend_base import NAME, HeadendTest, sid, sids
from srv6_base import Count, behaviours, craft, rfc, rule, wire
from srv6cp.p4rt import DirectCounterEntry

BEHAVIOURS = ("Counters",)
END = "fcbb:bb00:1:e000::"
HOST, FAR = "2001:db8:1::2", "2600::1"
VLANS = {100: {"addresses": ["2001:db8:64::1/64", "10.100.0.1/24"]}}
ROUTE = {"prefix": "2600::/16", "via": "2001:db8:2::2"}


class Counters(HeadendTest):
    """Reads of the counters of interfaces as well."""

    def interface_counter(self, port: int, vlan: int = 0) -> Count:
        """Frames that an interface admitted to look at, and their bytes."""
        self.router.settle()
        table, key = (
            ("ingress_vlan_table", {"ingress_port": port, "vlan_id": vlan})
            if vlan
            else ("ingress_port_table", {"ingress_port": port})
        )
        (entry,) = self.router.client.read([DirectCounterEntry(table, key)])
        assert isinstance(entry, DirectCounterEntry)
        return Count(entry.packets, entry.bytes)


@rfc("8986", "6")
@rule("CNT-1")
class OfSids(Counters):
    """Packets and bytes from the IPv6 header, as they arrived; each SID its own; tagged packets count the
    same bytes."""

    def runTest(self) -> None:
        other = "fcbb:bb00:1:e001::"
        self.node(
            ports={1: {"vlans": VLANS}},
            sids=[{"sid": f"{s}/64", "behavior": "End"} for s in (END, other)],
            routes=[ROUTE],
        )
        total = 0
        for size, vlan in ((0, ()), (1, 100), (500, 0), (1000, 100), (7, ())):
            packet = craft.srv6(HOST, [FAR, END], segments_left=1, payload=craft.udp(bytes(size)))
            self.send(1, packet, vlan=vlan)
            self.expect_only(2, wire.advanced(packet))
            total += len(packet)
        self.expect_sid_counter(f"{END}/64", packets=5, size=total)
        self.expect_sid_counter(f"{other}/64", packets=0, size=0)


@rfc("8986", "6")
@rule("CNT-1")
class ErrorsOfSids(Counters):
    """What a SID refuses counts as its error and as a drop, not as a success."""

    def runTest(self) -> None:
        self.node(sids=[{"sid": f"{END}/64", "behavior": "End"}], routes=[ROUTE])
        bad = (
            craft.ip6(HOST, END, craft.srh([FAR, END], sl=9, payload=craft.udp())),
            craft.srv6(HOST, [FAR, END], segments_left=1, payload=craft.udp(), hl=1),
            craft.ip6(HOST, END, craft.udp()),
            craft.srv6(HOST, [FAR, END], segments_left=1, rtype=7, payload=craft.udp()),
        )
        for packet in bad:
            self.send(1, packet)
            assert self.receive(1) is not None  # the ICMP error
        self.expect_sid_counter(f"{END}/64", packets=0, size=0, errors=4)
        assert self.drops() == {"SRH_SEGMENTS_LEFT": 1, "HOP_LIMIT_EXCEEDED": 1, "UPPER_LAYER": 1, "ROUTING_TYPE": 1}


@rfc("8986", "6")
@rule("CNT-1")
@behaviours("Counters", "H.Encaps", "H.Insert")
class OfPolicies(Counters):
    """Packets and bytes before the policy, tagged or not; packets that never entered are not counted."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red", "insert"):
            self.headend(mode, sids(3), ports={1: {"vlans": VLANS}})
            total = 0
            for size, vlan in ((1, ()), (100, 100), (900, 0)):
                packet = self.packet6(craft.udp(bytes(size)))
                self.send(1, packet, vlan=vlan)
                assert self.receive(2) is not None
                total += len(packet)
            if mode != "insert":
                packet = self.packet4(craft.udp(bytes(50)))
                self.send(1, packet, vlan=100)
                assert self.receive(2) is not None
                total += len(packet)
            self.send(1, self.packet6(hl=1))
            assert self.receive(1) is not None
            count = self.policy_counter(NAME)
            assert count == Count(3 if mode == "insert" else 4, total), f"{mode}: {count}, expected {total} bytes"


@rfc("8986", "6")
@rule("CNT-1")
@behaviours("Counters", "H.Encaps")
class OfPoliciesWithLists(Counters):
    """All lists of a policy count together; two policies apart."""

    def runTest(self) -> None:
        lists = [{"segments": [sid(1)]}, {"segments": [sid(2)]}]
        south = {"name": "south", "segments": [sid(3)]}
        self.headend(
            "encap",
            lists=lists,
            policies=[south],
            steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}, {"prefix": "2600::/16", "policy": "south"}],
        )
        for i in range(12):
            self.send(1, self.packet6(craft.udp(b"x", 1000 + i, 5)))
        self.send(1, craft.ip6(HOST, FAR, craft.udp(b"x")))
        for _ in range(13):
            assert self.receive(2) is not None
        assert (self.policy_counter(NAME).packets, self.policy_counter("south").packets) == (12, 1)


@rule("CNT-1")
class OfPorts(Counters):
    """Frames that left each port: forwarded, encapsulated, answers of the router; none for what was dropped."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), routes=[{"prefix": "2600::/16", "via": "2001:db8:4::2"}])
        packet = craft.ip6(HOST, FAR, craft.udp(b"x" * 100))
        for _ in range(3):
            self.send(1, packet)
            self.expect_only(4, wire.hop(packet))
        assert self.port_counter(4) == Count(3, 3 * (14 + len(packet)))
        self.send(1, self.packet6())
        assert self.receive(2) is not None
        self.send(1, craft.ip6(HOST, FAR, craft.udp(), hl=1))
        assert self.receive(1) is not None
        self.send(1, craft.ether(b"x" * 46, dst=self.mac(1), src=self.mac(2), ethertype=0x88B5))
        self.expect_nothing()
        assert [self.port_counter(port).packets for port in (1, 2, 3, 4)] == [1, 1, 0, 3]


@rule("CNT-1")
class OfInterfaces(Counters):
    """The direct counters of ports and VLANs: frames and their bytes with link-layer header, dropped ones
    too."""

    def runTest(self) -> None:
        self.node(ports={1: {"vlans": VLANS}}, routes=[ROUTE])
        before, before_vlan = self.interface_counter(1), self.interface_counter(1, 100)
        packet = craft.ip6(HOST, FAR, craft.udp(b"x" * 50))
        sizes = []
        for vlan in ((), 100, 100):
            sizes.append(len(self.send(1, packet, vlan=vlan)))
            self.expect_only(2, wire.hop(packet))
        sizes.append(len(self.send(1, craft.ether(packet, dst="02:00:00:00:77:77", src=self.mac(2)))))
        self.expect_nothing()
        assert self.interface_counter(1) - before == Count(4, sum(sizes))
        assert self.interface_counter(1, 100) - before_vlan == Count(2, sizes[1] + sizes[2])


@rule("CNT-1")
class OfDrops(Counters):
    """Each drop has one reason; the sum of the reasons is the number of drops."""

    def runTest(self) -> None:
        self.node(ports={7: None}, routes=[ROUTE, {"prefix": "2800::/16", "blackhole": True}])
        self.send(7, craft.ip6(HOST, FAR, craft.udp()))
        self.send(1, craft.ether(b"x" * 46, dst=self.mac(1), src=self.mac(2), ethertype=0x88B5))
        self.send(1, craft.ip6(HOST, FAR, craft.udp()), vlan=9)
        self.send(1, craft.ip4("10.0.1.2", "8.8.8.8", craft.udp(), csum=1))
        for _ in range(3):
            self.send(1, craft.ip6(HOST, "2800::1", craft.udp()))
        self.expect_nothing()
        assert self.drops() == {
            "NO_INTERFACE": 1,
            "UNSUPPORTED_ETHERTYPE": 1,
            "VLAN_UNKNOWN": 1,
            "IPV4_CHECKSUM": 1,
            "BLACKHOLE": 3,
        }
