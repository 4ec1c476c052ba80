# SPDX-License-Identifier: Apache-2.0
"""Packets of public documents and test sets at the endpoints that they name, hop by hop where a path is given.

Sources: RFC 8754 section 6, RFC 8986 section 5, RFC 9259 appendix A, and the packets of the tests of the Linux kernel
and of segway. Where Linux drops what the RFCs answer, the RFCs are right here.
"""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire


class Vector(Srv6Test):
    """A router that becomes one node of the document after the other; what it is told to reach is behind port 2."""

    def at(self, *sids: dict[str, Any], reach: tuple[str, ...] = (), **config: Any) -> None:
        """Become the node with these SIDs (/128), from which ``reach`` is behind port 2."""
        routes = [{"prefix": prefix, "via": "10.0.2.2" if "." in prefix else "2001:db8:2::2"} for prefix in reach]
        given = [{"allow-outside-locator": True, **sid} for sid in sids]
        self.node(sids=given, **{**config, "routes": [*routes, *config.get("routes", ())]})

    def hop(self, packet: wire.Packet, expected: wire.Part, port: int = 2) -> wire.Part:
        """Send, expect, return what left: what the next node of the document receives."""
        self.send(1, packet)
        self.expect_only(port, expected)
        self.expect_no_drop()
        return expected


# RFC 8754 section 6: hosts Ak, SIDs Sk
A1, A2, A3, A8, A9 = (f"2001:db8:a::{k}" for k in (1, 2, 3, 8, 9))
S3, S4, S5, S6, S7, S8 = (f"fcbb:bb00:5::{k}" for k in (3, 4, 5, 6, 7, 8))
DATA = craft.udp(b"between hosts")


def data(source: str, destination: str) -> wire.Part:
    """``DATA`` as it arrives, its checksum over the two hosts that it is between."""
    return wire.udp(b"between hosts", between=(source, destination))


def end(sid: str) -> dict[str, Any]:
    """End at one address."""
    return {"sid": f"{sid}/128", "behavior": "End"}


REACH = ("2001:db8:a::/64", "fcbb:bb00:5::/64")


@behaviours("End")
@rfc("8754", "6.3.1")
@rfc("8754", "6.5")
@rule("END-5", "SRH-1")
class Rfc8754IntraDomain(Vector):
    """P1 (A8,S7)(A9,S7;SL=1) leaves node 7 as (A8,A9)(A9,S7;SL=0)."""

    def runTest(self) -> None:
        self.at(end(S7), reach=REACH)
        packet = craft.srv6(A8, [A9, S7], segments_left=1, payload=DATA)
        self.hop(packet, wire.ip6(A8, A9, wire.srh([A9, S7], sl=0, payload=data(A8, A9)), hl=63))


@behaviours("End")
@rfc("8754", "6.3.1")
@rule("SRH-7")
class Rfc8754IntraDomainReduced(Vector):
    """P2 (A8,S7)(A9;SL=1), the same with a reduced SRH."""

    def runTest(self) -> None:
        self.at(end(S7), reach=REACH)
        packet = craft.srv6(A8, [A9], segments_left=1, dst=S7, payload=DATA)
        assert packet[craft.SRH].lastentry == 0, "Last Entry"
        self.hop(packet, wire.ip6(A8, A9, wire.srh([A9], sl=0, payload=data(A8, A9)), hl=63))


@behaviours("End", "End.DT6", "USD")
@rfc("8754", "6.3.2")
@rule("END-5", "DEC-2", "FLV-5", "UL-6")
class Rfc8754TransitThroughDomain(Vector):
    """P4 (A3,S7)(S4,S7;SL=1)(A1,A2), P5 (A3,S4)(A1,A2) and P6 (A3,S7)(S4;SL=1)(A1,A2): node 4 sends (A1,A2)."""

    def runTest(self) -> None:
        inner = craft.ip6(A1, A2, DATA, hl=63)
        arrived: list[wire.Packet] = [craft.ip6(A3, S4, inner)]
        for listed in ([S4, S7], [S4]):
            self.at(end(S7), reach=REACH)
            packet = craft.srv6(A3, listed, segments_left=1, dst=S7, payload=inner)
            expected = wire.srh(listed, sl=0, payload=wire.unchanged(inner))
            arrived.append(self.hop(packet, wire.ip6(A3, S4, expected, hl=63)))
        for last in ({"behavior": "End.DT6", "vrf": "default"}, {"behavior": "End", "flavors": ["usd"]}):
            self.at({"sid": f"{S4}/128", **last}, reach=REACH)
            for came in arrived:
                self.hop(came, wire.ip6(A1, A2, data(A1, A2), hl=62))


@behaviours("End.DT6")
@rfc("8754", "6.3.2")
@rule("DEC-2")
class Rfc8754IntoDomain(Vector):
    """P9 (A3,S8)(A1,A8): node 8 takes out (A1,A8)."""

    def runTest(self) -> None:
        self.at({"sid": f"{S8}/128", "behavior": "End.DT6", "vrf": "default"}, reach=REACH)
        self.hop(craft.ip6(A3, S8, craft.ip6(A1, A8, DATA, hl=63)), wire.ip6(A1, A8, data(A1, A8), hl=62))


@behaviours("End")
@rfc("8754", "6.6")
@rule("END-5", "TLV-3", "SRH-6")
class Rfc8754ThroughFourSegments(Vector):
    """P15 to P18: (A8,S5)(A9,S6,S7,S5;SL=3;HMAC) through nodes 5, 7 and 6; the TLV stays as it is."""

    def runTest(self) -> None:
        segments, digest = [A9, S6, S7, S5], bytes(range(32))
        packet: wire.Packet = craft.srv6(A8, segments, segments_left=3, tlvs=[craft.hmac_tlv(1, digest)], payload=DATA)
        for left, here, to in ((2, S5, S7), (1, S7, S6), (0, S6, A9)):
            self.at(end(here), reach=REACH)
            expected = wire.srh(segments, sl=left, tlvs=wire.hmac_tlv(1, digest), payload=data(A8, A9))
            packet = self.hop(packet, wire.ip6(A8, to, expected, hl=64 - (3 - left)))


@behaviours("End", "End.DT6", "PSP")
@rfc("8986", "5.1")
@rfc("8986", "5.2")
@rfc("8986", "4.16.1")
@rule("END-5", "DEC-2", "FLV-1", "SRH-7")
class Rfc8986Policy(Vector):
    """(T,S1)(S3,S2,S1;SL=2)(A,B2) and its reduced form through S1, S2 (with and without PSP) and End.DT6 at S3.

    Also with an inner SRH, (A,B2)(B3,B2,B1;SL=1).
    """

    def runTest(self) -> None:
        a, t, b1, b2, b3 = "2001:db8:a::a", "2001:db8:a::7", "2001:db8:b::1", "2001:db8:b::2", "2001:db8:b::3"
        s1, s2, s3 = S5, S6, S7
        for inner in (craft.ip6(a, b2, DATA, hl=63), craft.srv6(a, [b3, b2, b1], segments_left=1, payload=DATA, hl=63)):
            carried = wire.unchanged(inner)
            for listed in ([s3, s2, s1], [s3, s2]):
                for psp in (False, True):
                    packet: wire.Packet = craft.srv6(t, listed, segments_left=2, dst=s1, payload=inner)
                    self.at(end(s1), reach=REACH)
                    packet = self.hop(packet, wire.ip6(t, s2, wire.srh(listed, sl=1, payload=carried), hl=63))
                    self.at({**end(s2), "flavors": ["psp"] if psp else []}, reach=REACH)
                    last = carried if psp else wire.srh(listed, sl=0, payload=carried)
                    packet = self.hop(packet, wire.ip6(t, s3, last, hl=62))
                    dt6 = {"sid": f"{s3}/128", "behavior": "End.DT6", "vrf": "default"}
                    self.at(dt6, reach=("2001:db8:b::/64",))
                    self.hop(packet, wire.hop(inner))


# RFC 9259 appendix A with K = c, L = a: SIDs 2001:db8:c:node:function::, loopbacks 2001:db8:a:node::
X31, X52, DT999 = "2001:db8:c:2:f031::", "2001:db8:c:4:f052::", "2001:db8:c:7:f999::"
L1, L5, N4 = "2001:db8:a:1::", "2001:db8:a:5::", "2001:db8:c:4::"
OAM_REACH = ("2001:db8:a::/48", "2001:db8:c::/48")


def end_x(sid: str) -> dict[str, Any]:
    """End.X towards port 3."""
    return {"sid": f"{sid}/128", "behavior": "End.X", "via": "2001:db8:3::2"}


@behaviours("End.X", "Ping and traceroute")
@rfc("9259", "A.1.1")
@rule("OAM-4", "END-7", "END-14")
class Rfc9259PingThroughList(Vector):
    """Ping to N5 through End.X at N2 and N4; N5 answers from its loopback."""

    def runTest(self) -> None:
        segments, request = [L5, X52, X31], wire.echo_request(L1, L5)
        packet: wire.Packet = craft.srv6(L1, segments, segments_left=2, payload=craft.echo_request())
        self.at(end_x(X31))
        packet = self.hop(packet, wire.ip6(L1, X52, wire.srh(segments, sl=1, payload=request), hl=63), 3)
        self.at(end_x(X52))
        packet = self.hop(packet, wire.ip6(L1, L5, wire.srh(segments, sl=0, payload=request), hl=62), 3)
        self.at(reach=OAM_REACH, addresses=[f"{L5}/128"])
        self.hop(packet, wire.ip6(L5, L1, wire.echo_reply(L5, L1)))


@behaviours("End", "End.X", "Ping and traceroute")
@rfc("9259", "A.1.2")
@rule("OAM-4", "UL-2")
class Rfc9259PingSid(Vector):
    """Ping to the SID of N4 through End.X at N2; the reply comes from the SID."""

    def runTest(self) -> None:
        segments, request = [N4, X31], wire.echo_request(L1, N4)
        packet: wire.Packet = craft.srv6(L1, segments, segments_left=1, payload=craft.echo_request())
        self.at(end_x(X31))
        packet = self.hop(packet, wire.ip6(L1, N4, wire.srh(segments, sl=0, payload=request), hl=63), 3)
        self.at({"sid": f"{N4}/128", "behavior": "End"}, reach=OAM_REACH)
        self.hop(packet, wire.ip6(N4, L1, wire.echo_reply(N4, L1)))


@behaviours("End.X", "Ping and traceroute")
@rfc("9259", "A.2.1")
@rfc("9259", "A.2.2")
@rule("OAM-5", "END-3", "UL-3")
class Rfc9259Traceroute(Vector):
    """Probes by UDP: Time Exceeded from each node on the way, code 4 from the SID where UDP is not allowed."""

    def runTest(self) -> None:
        segments, probe = [N4, X31], craft.udp(b"probe", dport=33434)
        for sids in ((end_x(X31),), ()):  # N2, whose SID it is, and N1, which is on the way to it
            self.at(*sids, reach=OAM_REACH, routes=[{"prefix": "2001:db8:a:1::/64", "via": "2001:db8:1::2"}])
            packet = craft.srv6(L1, segments, segments_left=1, payload=probe, hl=1)
            self.send(1, packet)
            self.expect_icmp6(1, 3, 0, 0, packet)
        self.at({"sid": f"{N4}/128", "behavior": "End"}, reach=OAM_REACH)
        packet = craft.srv6(L1, segments, segments_left=0, payload=probe, hl=1)
        self.send(1, packet)
        self.expect_icmp6(2, 4, 4, 80, packet)


@behaviours("End.X", "End.DT4")
@rfc("9259", "A.3")
@rule("OAM-1", "OAM-2", "SRH-4")
class Rfc9259HybridOam(Vector):
    """The O-flag on its way to End.DT4 at N7: kept at N2 and N4, and nobody makes a copy."""

    def runTest(self) -> None:
        segments = [DT999, X52, X31]
        inner = craft.ip4("203.0.113.1", "198.51.100.1", DATA, ttl=63)
        packet: wire.Packet = craft.srv6(L1, segments, segments_left=2, flags=0x20, payload=inner)
        for left, here, to, hl in ((1, X31, X52, 63), (0, X52, DT999, 62)):
            self.at(end_x(here))
            expected = wire.srh(segments, sl=left, flags=0x20, payload=wire.unchanged(inner))
            packet = self.hop(packet, wire.ip6(L1, to, expected, hl=hl), 3)
        self.at({"sid": f"{DT999}/128", "behavior": "End.DT4", "vrf": "default"}, reach=("198.51.100.0/24",))
        self.hop(packet, wire.hop(inner))


# --- segway and the Linux kernel's tests --------------------------------------------------------------------------


LINUX_REACH = ("fc00::/64", "dead::/64")
PAD1 = (0, b"")  # a TLV without length


@behaviours("End")
@rfc("8986", "4.1")
@rule("END-5", "SRH-5", "SRH-4", "TLV-2")
class SegwayEnd(Vector):
    """End at fd00::42: plain, with tag and flags, with the TLVs of the drafts, with a request of the OAMP tool."""

    def runTest(self) -> None:
        me, two = "fd00::42", ["fc00::1", "fd00::42"]
        five = ["fc00::1", "fc00::2", me, "fc00::3", "fc00::4"]
        self.at(end(me), reach=LINUX_REACH)
        for source, segments, left, tlvs, fields in (
            ("fc00::10", five, 2, [], {}),
            ("fc00::2", two, 1, [], {"tag": 71, "flags": 0x40 | 0x20 | 0x10}),
            ("fc00::2", two, 1, [(1, bytes(2) + wire.v6("fc00::5")), (4, b"\0\0")], {}),
            ("fc00::2", two, 1, [(3, bytes(range(18))), (4, b"\0\0")], {}),
            ("fc00::2", two, 1, [(6, bytes.fromhex("deadbeef42")), PAD1], {}),
            ("fc00::2", two, 1, [(100, b"\x2a\x2a" + wire.v6("fc00::2")), (4, b"\0\0")], {"flags": 0x20}),
        ):
            made = [craft.pad1() if one is PAD1 else craft.tlv(*one) for one in tlvs]
            packet = craft.srv6(source, segments, segments_left=left, tlvs=made, payload=DATA, **fields)
            raw = b"".join(wire.PAD1 if one is PAD1 else wire.tlv(*one) for one in tlvs)
            expected = wire.srh(segments, sl=left - 1, tlvs=raw, payload=data(source, segments[0]), **fields)
            self.hop(packet, wire.ip6(source, segments[left - 1], expected, hl=63))


@behaviours("End")
@rfc("8986", "4.1.1", "S04")
@rule("UL-3", "END-2")
class SegwayEndAsLast(Vector):
    """[fc00::2,+fd00::42] at Segments Left 0, also in front of an inner packet: Linux drops, the RFC has code 4."""

    def runTest(self) -> None:
        self.at(end("fd00::42"), reach=LINUX_REACH)
        inner = craft.ip6("fc00::10", "fc00::11", DATA)
        for payload in (DATA, inner):
            packet = craft.srv6("fc00::1", ["fc00::2", "fd00::42"], segments_left=0, dst="fd00::42", payload=payload)
            self.send(1, packet)
            self.expect_icmp6(2, 4, 4, 80, packet)


@behaviours("End", "End.X")
@rfc("8986", "4.2")
@rule("END-7", "END-11")
class LinuxEndX(Vector):
    """End.X at fc01::1234 with next hop fc42::1: leaves though baba::28 has no route; End at fc01::42 does not."""

    def runTest(self) -> None:
        ports = {3: {"addresses": ["fc42::2/64"]}}
        neighbors = [{"address": "fc42::1", "port": 3, "mac": self.neighbor_mac(3)}]
        sids = ({"sid": "fc01::1234/128", "behavior": "End.X", "via": "fc42::1"}, end("fc01::42"))
        self.at(*sids, ports=ports, neighbors=neighbors, reach=LINUX_REACH)
        packet = craft.srv6("fc00::10", ["baba::28", "fc01::1234"], segments_left=1, payload=DATA)
        expected = wire.srh(["baba::28", "fc01::1234"], sl=0, payload=data("fc00::10", "baba::28"))
        self.hop(packet, wire.ip6("fc00::10", "baba::28", expected, hl=63), 3)
        packet = craft.srv6("fc00::10", ["baba::28", "fc01::42"], segments_left=1, payload=DATA)
        self.send(1, packet)
        self.expect_icmp6(2, 1, 0, 0, packet)


@behaviours("Transit")
@rfc("8754", "4.3.3")
@rule("END-15")
class SegwayTransit(Vector):
    """beef::1 to fc00::2 with [fc00::1,fc00::2,fd00::42] at Segments Left 2: not for us, though fd00::42 is."""

    def runTest(self) -> None:
        self.at(end("fd00::42"), reach=LINUX_REACH)
        packet = craft.srv6("beef::1", ["fc00::1", "fc00::2", "fd00::42"], segments_left=2, dst="fc00::2", payload=DATA)
        self.hop(packet, wire.hop(packet))


@behaviours("End.T", "End.DT6")
@rfc("8986", "4.3")
@rfc("8986", "4.6")
@rule("END-7", "DEC-2", "DEC-5")
class SegwayTables(Vector):
    """End.T and End.DT6 with table 42: fc00::1 is behind port 4 in it, behind port 2 in the default table."""

    def runTest(self) -> None:
        tables = {
            "vrfs": [{"name": "t42", "id": 42}],
            "ports": {4: {"vrf": "t42"}},
            "routes": [{"prefix": "fc00::/64", "vrf": "t42", "via": "2001:db8:4::2"}],
        }
        sids = (
            {"sid": "fd00::20/128", "behavior": "End.T", "vrf": "t42"},
            {"sid": "fd00::21/128", "behavior": "End.DT6", "vrf": "t42"},
        )
        self.at(*sids, reach=LINUX_REACH, **tables)
        packet = craft.srv6("fc00::10", ["fc00::1", "fd00::20"], segments_left=1, payload=DATA)
        expected = wire.srh(["fc00::1", "fd00::20"], sl=0, payload=data("fc00::10", "fc00::1"))
        self.hop(packet, wire.ip6("fc00::10", "fc00::1", expected, hl=63), 4)
        inner = craft.ip6("fab1::2", "fc00::1", DATA)
        packet = craft.srv6("fc00::10", ["fd00::21", "fd00::1"], segments_left=0, payload=inner)
        self.hop(packet, wire.ip6("fab1::2", "fc00::1", data("fab1::2", "fc00::1"), hl=63), 4)


def bound(path: list[str], source: str = "fd00::41") -> dict[str, Any]:
    """The policy of a binding SID."""
    return {"name": "b", "encap": {"mode": "encap", "source": source, "flow-label": 0}, "segments": path}


@behaviours("End.B6.Insert")
@rfc("8754", "4.3.1.1")
@rule("B6-5")
class ThesisEndB6Insert(Vector):
    """fc00::21 to fd00::6 [fc00::14,+fd00::6] becomes fc00::2 [fc00::14,+fc00::2] in front of [+fc00::14,fd00::6]."""

    def runTest(self) -> None:
        sid = {"sid": "fd00::6/128", "behavior": "End.B6.Insert", "policy": "b"}
        self.at(sid, reach=LINUX_REACH, policies=[bound(["fc00::2"])])
        packet = craft.srv6("fc00::21", ["fc00::14", "fd00::6"], segments_left=1, payload=DATA)
        old = wire.srh(["fc00::14", "fd00::6"], sl=0, payload=data("fc00::21", "fc00::14"))
        self.hop(packet, wire.ip6("fc00::21", "fc00::2", wire.srh(["fc00::14", "fc00::2"], sl=1, payload=old), hl=63))


@behaviours("End.B6.Encaps")
@rfc("8986", "4.13")
@rule("B6-1")
class ThesisEndB6Encaps(Vector):
    """fc00::21 to fd00::9 inside fd00::41 to fc00::2 [fc00::1,+fc00::2]; the long variant has five segments."""

    def runTest(self) -> None:
        sid = {"sid": "fd00::9/128", "behavior": "End.B6.Encaps", "policy": "b"}
        packet = craft.srv6("fc00::21", ["fc00::14", "fd00::9"], segments_left=1, payload=DATA)
        carried = wire.srh(["fc00::14", "fd00::9"], sl=0, payload=data("fc00::21", "fc00::14"))
        inner = wire.ip6("fc00::21", "fc00::14", carried, hl=63)
        for listed in (["fc00::1", "fc00::2"], [f"fc00::{i}" for i in range(1, 6)]):
            self.at(sid, reach=LINUX_REACH, policies=[bound(listed[::-1])])
            pushed = wire.srh(listed, sl=len(listed) - 1, payload=inner)
            self.hop(packet, wire.ip6("fd00::41", listed[-1], pushed, hl=64))


@behaviours("End")
@rfc("8754", "4.3.1.1")
@rule("END-5", "SRH-2")
class SrextTestbed(Vector):
    """a::1 to 2::ad6:f1 with [3::d6, 2::ad6:f3, 2::ad6:f2, 2::ad6:f1], Hdr Ext Len 8, Segments Left 3."""

    def runTest(self) -> None:
        segments = ["3::d6", "2::ad6:f3", "2::ad6:f2", "2::ad6:f1"]
        packet: wire.Packet = craft.srv6("a::1", segments, segments_left=3, payload=DATA)
        assert bytes(packet)[41] == 8, "Hdr Ext Len"
        for left in (2, 1, 0):
            self.at(end(segments[left + 1]), reach=("2::/64", "3::/64"))
            header = wire.srh(segments, sl=left, payload=data("a::1", segments[0]))
            expected = wire.ip6("a::1", segments[left], header, hl=61 + left)
            packet = self.hop(packet, expected)
