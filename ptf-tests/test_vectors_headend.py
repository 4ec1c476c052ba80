# SPDX-License-Identifier: Apache-2.0
"""Packets that public texts and captures show, as the headend or router of this node must make them: RFC 8754
6, RFC 8986 5, RFC 9259 A, the segway tests of the Linux kernel, captures of early Linux headends.

Where a text is symbolic (A1, S7) the addresses are chosen here; everything else is the text's.
"""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire


class Vectors(Srv6Test):
    """A node with one policy; everything leaves by port 2."""

    def headend(
        self,
        mode: str,
        segments: list[str],
        prefix: str,
        *,
        source: str | None = None,
        encap: Any = None,
        **config: Any,
    ) -> None:
        full: dict[str, Any] = {"mode": mode}
        if mode.startswith("encap"):
            full |= {"flow-label": 0, **({"source": source} if source else {}), **(encap or {})}
        self.node(
            policies=[{"name": "vector", "segments": segments, "encap": full}],
            steering=[{"prefix": prefix, "policy": "vector"}],
            routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}],
            **config,
        )

    def becomes(self, packet: wire.Packet, expected: wire.Part) -> None:
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_only(2, expected)


# --- RFC 8754 section 6: node k has address Ak and SID Sk; this node is the edge 3 ----------------------------


def a(k: int) -> str:
    """Ak."""
    return f"2001:db8:a::{k}"


def s(k: int) -> str:
    """Sk."""
    return f"fcbb:bb00:50{k}::"


@rfc("8754", "6.3.1", "6.2")
@rule("HE-1", "HE-2", "HE-3")
@behaviours("H.Encaps", "H.Encaps.Red")
class TransitThroughDomain(Vectors):
    """P4 (A3,S7)(S4,S7;SL=1)(A1,A2), P5 (A3,S4)(A1,A2) without SRH, P6 (A3,S7)(S4;SL=1)(A1,A2) reduced."""

    def runTest(self) -> None:
        p3 = craft.ip6(a(1), a(2), craft.udp(b"data"), hl=64)
        inner = wire.hop(p3)
        self.headend("encap", [s(7), s(4)], f"{a(2)}/128", source=a(3))
        self.becomes(p3, wire.ip6(a(3), s(7), wire.srh([s(4), s(7)], sl=1, payload=inner)))
        self.headend("encap.red", [s(4)], f"{a(2)}/128", source=a(3))
        self.becomes(p3, wire.ip6(a(3), s(4), inner))
        self.headend("encap.red", [s(7), s(4)], f"{a(2)}/128", source=a(3))
        self.becomes(p3, wire.ip6(a(3), s(7), wire.srh([s(4)], sl=1, le=0, payload=inner)))


@rfc("8754", "6.3.2")
@rule("HE-3")
@behaviours("H.Encaps.Red")
class HostBehindDomain(Vectors):
    """(A1,A8) from outside becomes (A3,S8)(A1,A8)."""

    def runTest(self) -> None:
        p8 = craft.ip6(a(1), a(8), craft.tcp(b"data"))
        self.headend("encap.red", [s(8)], f"{a(8)}/128", source=a(3))
        self.becomes(p8, wire.ip6(a(3), s(8), wire.hop(p8)))


@rfc("8754", "6.4")
@rule("END-15")
@behaviours("Transit")
class TransitNode(Vectors):
    """Node 6 is not on the list: P1 (A8,S7)(A9,S7;SL=1) and P2, its reduced form, pass by destination alone."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        for header in (
            craft.srh([a(9), s(7)], sl=1, payload=craft.udp(b"data")),
            craft.srh([a(9)], sl=1, le=0, payload=craft.udp(b"data")),
        ):
            packet = craft.ip6(a(8), s(7), header)
            self.becomes(packet, wire.hop(packet))


@rfc("8754", "2", "6.1.1")
@rule("HE-1", "SRH-1", "SRH-2")
@behaviours("H.Encaps")
class SrhOfThreeSegments(Vectors):
    """<S1,S2,S3>: SL=2, LE=2, flags 0, tag 0, list (S3,S2,S1), byte by byte."""

    def runTest(self) -> None:
        packet = craft.ip6(a(1), a(2), b"", nh=59)
        self.headend("encap", [s(1), s(2), s(3)], f"{a(2)}/128", source=a(3))
        self.send(1, packet)
        frame = self.receive(2)
        assert frame is not None
        assert frame[54:62] == bytes((41, 6, 4, 2, 2, 0, 0, 0))
        assert frame[62:110] == wire.v6(s(3)) + wire.v6(s(2)) + wire.v6(s(1))
        assert frame[14 + 6] == 43 and frame[38:54] == wire.v6(s(1))
        assert frame[110:] == wire.hop(packet)


# --- RFC 8986 section 5 ---------------------------------------------------------------------------------------


@rfc("8986", "5.1", "5.2")
@rule("HE-1", "HE-2", "HE-5")
@behaviours("H.Encaps", "H.Encaps.Red")
class PolicyOfThreeSegments(Vectors):
    """P1 = (A,B2) and P2 = (A,B2)(B3,B2,B1;SL=1) into <S1,S2,S3>: (T,S1)(S3,S2,S1;SL=2)… and
    (T,S1)(S3,S2;SL=2)…"""

    def runTest(self) -> None:
        b1, b2, b3, t = "2001:db8:b::1", "2001:db8:b::2", "2001:db8:b::3", "fcbb:bb00:77::7"
        p1 = craft.ip6(a(1), b2, craft.udp(b"data"))
        p2 = craft.srv6(a(1), [b3, b2, b1], segments_left=1, payload=craft.udp(b"data"))
        for packet in (p1, p2):
            inner = wire.hop(packet)
            self.headend("encap", [s(1), s(2), s(3)], f"{b2}/128", source=t)
            self.becomes(packet, wire.ip6(t, s(1), wire.srh([s(3), s(2), s(1)], sl=2, payload=inner)))
            self.headend("encap.red", [s(1), s(2), s(3)], f"{b2}/128", source=t)
            self.becomes(packet, wire.ip6(t, s(1), wire.srh([s(3), s(2)], sl=2, payload=inner)))


# --- RFC 9259 appendix A: N1 .. N7, SIDs 2001:db8:K:j:U::, loopbacks 2001:db8:L:j:: with K = 100, L = 200 -----


def k_sid(node: int, function: str = "") -> str:
    """2001:db8:K:j:U::."""
    return f"2001:db8:100:{node}:{function}::" if function else f"2001:db8:100:{node}::"


def loopback(node: int) -> str:
    """2001:db8:L:j::."""
    return f"2001:db8:200:{node}::"


@rfc("9259", "A.1.2")
@rule("OAM-4")
@behaviours("Ping and traceroute", "Transit")
class PingOfASid(Vectors):
    """(N1, X31)(2001:db8:K:4::, X31; SL=1): N3 forwards what N2 made of it, N4 answers from its SID."""

    def runTest(self) -> None:
        # as it leaves N2: destination 2001:db8:K:4::, Segments Left 0
        message = craft.echo_request()
        packet = craft.srv6(loopback(1), [k_sid(4), k_sid(2, "c31")], segments_left=0, payload=message, hl=63)
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        self.becomes(packet, wire.hop(packet))
        self.node(
            locator={"prefix": f"{k_sid(4)}/64", "block": 48, "node": 16},
            sids=[{"sid": f"{k_sid(4)}/128", "behavior": "End"}],
            routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}],
        )
        self.becomes(wire.hop(packet), wire.ip6(k_sid(4), loopback(1), wire.echo_reply(k_sid(4), loopback(1))))


@rfc("9259", "A.1.1")
@rule("OAM-4")
@behaviours("Ping and traceroute")
class PingThroughList(Vectors):
    """(N1, X31)(2001:db8:L:5::, X52, X31; SL=2): at N5 it has Segments Left 0 and is answered by the
    loopback, without SRH."""

    def runTest(self) -> None:
        self.node(addresses=[f"{loopback(5)}/128"], routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        message = craft.echo_request()
        header = craft.srh([loopback(5), k_sid(4, "c52"), k_sid(2, "c31")], sl=0, payload=message)
        self.becomes(
            craft.ip6(loopback(1), loopback(5), header, hl=61),
            wire.ip6(loopback(5), loopback(1), wire.echo_reply(loopback(5), loopback(1))),
        )


@rfc("9259", "A.3")
@rule("HE-1")
@behaviours("H.Encaps")
class HybridOamHeadend(Vectors):
    """N1 puts an IPv4 packet into <X31, X52, DT999>; Next Header is IPv4. (The O-flag is not set by this
    node.)"""

    def runTest(self) -> None:
        segments = [k_sid(2, "c31"), k_sid(4, "c52"), k_sid(7, "d999")]
        self.headend("encap", segments, "198.51.100.0/24", source=loopback(1))
        packet = craft.ip4("192.0.2.1", "198.51.100.1", craft.udp(b"data"))
        self.becomes(
            packet, wire.ip6(loopback(1), segments[0], wire.srh(segments[::-1], sl=2, nh=4, payload=wire.hop(packet)))
        )


# --- segway (Linux) -------------------------------------------------------------------------------------------


@rfc("8986", "5.1")
@rule("HE-1", "HE-14")
@behaviours("H.Encaps", "H.Insert")
class Segway(Vectors):
    """encap: dead:beef::/48 into fc00::1,fc00::2,fc00::3 from fd00::42 and fd00::43; inline: the same list
    inserted."""

    def runTest(self) -> None:
        segments = ["fc00::1", "fc00::2", "fc00::3"]
        packet = craft.ip6("deed::1", "dead:beef::16", craft.udp(b"Lorem ipsum", 13, 37))
        for source in ("fd00::42", "fd00::43"):
            self.headend("encap", segments, "dead:beef::/48", source=source)
            header = wire.srh(["fc00::3", "fc00::2", "fc00::1"], sl=2, payload=wire.hop(packet))
            self.becomes(packet, wire.ip6(source, "fc00::1", header))
        packet = craft.ip6("deed::2", "dead:beef::16", craft.udp(b"Lorem ipsum", 13, 37))
        self.headend("insert", segments, "dead:beef::/48")
        data = wire.udp(b"Lorem ipsum", 13, 37, between=("deed::2", "dead:beef::16"))
        header = wire.srh(["dead:beef::16", "fc00::3", "fc00::2", "fc00::1"], sl=3, payload=data)
        self.becomes(packet, wire.ip6("deed::2", "fc00::1", header, hl=63))


@rfc("8754", "4.2")
@rule("END-15")
@behaviours("Transit")
class SegwayTransit(Vectors):
    """beef::1 to fc00::2 with (fc00::1, fc00::2, fd00::42; SL=2): not this node's, unchanged but for the hop
    limit."""

    def runTest(self) -> None:
        self.node(routes=[{"prefix": "::/0", "via": "2001:db8:2::2"}])
        packet = craft.ip6(
            "beef::1", "fc00::2", craft.srh(["fc00::1", "fc00::2", "fd00::42"], sl=2, payload=craft.udp(b"x"))
        )
        self.becomes(packet, wire.hop(packet))


# --- captures of a Linux 4.x headend (ebiken/p4srv6, archive/p4-14/examples) ----------------------------------


@rfc("8986", "5.1")
@rule("HE-1", "HE-8", "HE-10")
@behaviours("H.Encaps")
class CaptureEncap(Vectors):
    """seg6-encap-3segs: db8::1 to db8::2, flow label 0x40b8c, payload length 160, SRH 29 06 04 02 02. The
    capture is of a host, which lowers no hop limit; here the packet comes in with 65."""

    def runTest(self) -> None:
        message = craft.echo_request(data=bytes(range(56)))
        packet = craft.ip6("db8::1", "db8:b::3", message, hl=65, fl=0x40B8C)
        self.headend(
            "encap", ["db8::2", "c0be::2", "c0be::3"], "db8:b::/64", source="db8::1", encap={"flow-label": "copy"}
        )
        header = wire.srh(["c0be::3", "c0be::2", "db8::2"], sl=2, payload=wire.hop(packet))
        expected = wire.ip6("db8::1", "db8::2", header, hl=64, fl=0x40B8C)
        assert expected[4:6] == (160).to_bytes(2, "big") and expected[40:45] == bytes.fromhex("2906040202")
        self.becomes(packet, expected)


@rule("HE-14", "HE-10")
@behaviours("H.Insert")
class CaptureInline(Vectors):
    """seg6-inline-3segs: flow label 0x3ad4e, payload length 136, SRH 3a 08 04 03 03; p4srv6-inline-1seg-01:
    04 04 01 01."""

    def runTest(self) -> None:
        message = craft.echo_request(data=bytes(range(56)))
        packet = craft.ip6("db8::1", "db8:b::2", message, hl=65, fl=0x3AD4E)
        self.headend("insert", ["db8::2", "c0be::2", "c0be::3"], "db8:b::/64")
        header = wire.srh(
            ["db8:b::2", "c0be::3", "c0be::2", "db8::2"],
            sl=3,
            payload=wire.echo_request("db8::1", "db8:b::2", data=bytes(range(56))),
        )
        expected = wire.ip6("db8::1", "db8::2", header, hl=64, fl=0x3AD4E)
        assert expected[4:6] == (136).to_bytes(2, "big") and expected[40:45] == bytes.fromhex("3a08040303")
        self.becomes(packet, expected)
        message = craft.echo_request()
        packet = craft.ip6("db8::1", "db8::2", message, hl=65)
        self.headend("insert", ["db8::11"], "db8::2/128")
        expected = wire.ip6(
            "db8::1",
            "db8::11",
            wire.srh(["db8::2", "db8::11"], sl=1, payload=wire.echo_request("db8::1", "db8::2")),
            hl=64,
        )
        assert expected[41:45] == bytes.fromhex("04040101")
        self.becomes(packet, expected)
