# SPDX-License-Identifier: Apache-2.0
"""The mobile user plane (RFC 9433 6): between SRv6 and GTP-U.

A packet comes in by port 1. The domain is behind port 2, the gNB and the UPFs that speak GTP-U behind port 3.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from srv6_base import Frame, Srv6Test, behaviours, craft, rfc, rule, wire

HOST = "2001:db8:1::2"
GNB, UPF = "2001:db8:3::2", "2001:db8:3:1::8"
UE4, SERVER4 = "10.45.0.2", "198.51.100.1"
UE6, SERVER6 = "2001:db8:81::1", "2001:db8:92::1"
SOURCE = "fcbb:bb00:1::1"

D, DI, E6, E4 = "fcbb:bb00:1:d::", "fcbb:bb00:1:d1::", "fcbb:bb00:1:e6::", "fcbb:bb00:1:e4::"
S1, UPF_SID = "fcbb:bb00:b1::", "fcbb:bb00:b2:0::"

DOWNLINK5 = bytes((0x00, 0x05))
QFI5 = craft.session_container(5)


class MobileTest(Srv6Test):
    """A gateway between SRv6 and GTP-U."""

    profile = "mobile"

    def gateway(self, *sids: dict[str, Any], **config: Any) -> None:
        """Configure the node."""
        base: dict[str, Any] = {
            "routes": [
                {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:3:1::/64", "via": "2001:db8:3::2"},
                {"prefix": "10.99.0.0/16", "via": "10.0.3.2"},
            ],
            "policies": [
                {"name": "one", "encap": {"mode": "encap", "flow-label": 0}, "segments": [UPF_SID]},
                {"name": "two", "encap": {"mode": "encap", "flow-label": 0}, "segments": [S1, UPF_SID]},
                {"name": "red", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [S1, UPF_SID]},
                {"name": "direct", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [UPF_SID]},
            ],
        }
        self.node(**{**base, "sids": list(sids), **config})


def inner4() -> craft.Packet:
    return craft.ip4(UE4, SERVER4, craft.udp(b"uplink"))


def inner6() -> craft.Packet:
    return craft.ip6(UE6, SERVER6, craft.udp(b"uplink"))


@behaviours("End.M.GTP6.D")
@rfc("9433", "6.3")
@rule("MB-1", "MB-3", "MB-9", "MB-14")
class Gtp6ToPolicy(MobileTest):
    """What GTP-U carries gets the headers of the policy, Args.Mob.Session in Segment List[0]."""

    def runTest(self) -> None:
        last = "fcbb:bb00:b2:0:1400:1:2300:0"
        for name, first, listed, left in (
            ("one", last, [last], 0),
            ("two", S1, [last, S1], 1),
            ("red", S1, [last], 1),
            ("direct", last, None, 0),
        ):
            self.gateway({"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": name, "args-offset": 64})
            for inside in (inner4(), inner6()):
                packet = craft.ip6(GNB, D, craft.gtpu(inside, extensions=[QFI5]))
                self.send(1, packet)
                carried = wire.unchanged(inside)
                payload = carried if listed is None else wire.srh(listed, sl=left, payload=carried)
                self.expect_only(2, wire.ip6(SOURCE, first, payload, hl=64))
            self.expect_no_drop()
            self.expect_sid_counter(f"{D}/64", packets=2)
            assert self.policy_counter(name).packets == 2


# --- vectors: captures of Linux and VPP (higebu/srv6-mup-tests), TEID 0x123, QFI 5 -----------------------------------


class Capture(MobileTest):
    """A node as in the captures. The domain is behind port 2, GTP-U behind port 3."""

    def captured(self, *sids: dict[str, Any], policies: Any = (), **config: Any) -> None:
        routes = [{"prefix": prefix, "via": via} for prefix, via in (
            ("2001:db8:a63::/48", "2001:db8:2::2"), ("2001:db8:e::/48", "2001:db8:2::2"),
            ("2001:db8:6:1::/64", "2001:db8:3::2"), ("10.99.0.0/24", "10.0.3.2"),
        )]  # fmt: skip
        self.node(
            **{
                "routes": routes,
                "sids": [{"allow-outside-locator": True, **sid} for sid in sids],
                "policies": list(policies),
                **config,
            }
        )


@behaviours("H.M.GTP4.D")
@rfc("9433", "6.7")
@rule("MB-7", "MB-11", "MB-12")
class CapturedGtp4Headend(Capture):
    """H.M.GTP4.D of Linux: both IPv4 addresses and the session in the IPv6 addresses, hop limit and TOS copied."""

    def runTest(self) -> None:
        encap = {"mode": "gtp4.d", "source": "2001:db8:2::1", "upf-prefix-length": 32, "hop-limit": "inherit",
                 "flow-label": 0}  # fmt: skip
        self.captured(
            policies=[{"name": "up", "encap": encap, "segments": ["2001:db8::"]}],
            routes=[{"prefix": "2001:db8:a63::/48", "via": "2001:db8:2::2"}],
            steering=[{"prefix": "10.99.0.0/24", "policy": "up"}],
        )
        inside = craft.ip4("10.0.0.2", "10.0.1.2", craft.udp(b"data"))
        self.send(1, craft.ip4("10.0.0.2", "10.99.0.2", craft.gtpu(inside, extensions=[QFI5])))
        self.expect_only(
            2,
            wire.ip6("2001:db8:2:0:a00:2:0:1", "2001:db8:a63:2:1400:1:2300:0", wire.unchanged(inside), hl=63),
        )
        self.expect_no_drop()


@behaviours("End.M.GTP4.E")
@rfc("9433", "6.6")
@rule("MB-6", "MB-11", "MB-12", "MB-13")
class CapturedGtp4(Capture):
    """End.M.GTP4.E of Linux behind VPP's t.m.gtp4.d: TTL from the hop limit, DF, no UDP checksum, no container."""

    def runTest(self) -> None:
        self.captured(
            {"sid": "2001:db8:dead::1/128", "behavior": "End"},
            {"sid": "2001:db8::/32", "behavior": "End.M.GTP4.E", "source-port": 2152, "container": "never"},
            routes=[{"prefix": "10.99.0.0/24", "via": "10.0.3.2"}],
        )
        inside = craft.ip4("10.0.0.2", "10.0.1.2", craft.udp(b"data"))
        last = "2001:db8:a63:2:1400:1:2300:0"
        srh = craft.srh([last, "2001:db8:dead::1"], sl=1, payload=inside)
        self.send(1, craft.ip6("2001:db8:1:0:a00:2::", "2001:db8:dead::1", srh, hl=65))
        self.expect_only(3, wire.ip4("10.0.0.2", "10.99.0.2", wire.gtpu(bytes(inside)), ttl=63))
        self.expect_no_drop()


@behaviours("End.M.GTP6.D")
@rfc("9433", "6.3")
@rule("MB-3", "MB-11", "MB-12")
class CapturedGtp6ToPolicy(Capture):
    """End.M.GTP6.D of Linux with sr_prefix_len 88."""

    def runTest(self) -> None:
        encap = {"mode": "encap", "source": "2001:db8:2::1", "hop-limit": "inherit", "flow-label": 0}
        self.captured(
            {"sid": "2001:db8:f::1/128", "behavior": "End.M.GTP6.D", "policy": "up", "args-offset": 88},
            policies=[{"name": "up", "encap": encap, "segments": ["2001:db8:e::"]}],
        )
        inside = craft.ip6(UE6, SERVER6, craft.echo_request())
        self.send(1, craft.ip6("2001:db8:1::2", "2001:db8:f::1", craft.gtpu(inside, extensions=[QFI5])))
        last = "2001:db8:e:0:0:14:0:123"
        srh = wire.srh([last], sl=0, payload=wire.unchanged(inside))
        self.expect_only(2, wire.ip6("2001:db8:2::1", last, srh, hl=63))


@behaviours("End.M.GTP6.D.Di")
@rfc("9433", "6.4")
@rule("MB-4")
class CapturedDropIn(Capture):
    """End.M.GTP6.D.Di of Linux: the destination behind the policy's segment, no session anywhere."""

    def runTest(self) -> None:
        encap = {"mode": "encap", "source": "2001:db8:2::1", "hop-limit": "inherit", "flow-label": 0}
        self.captured(
            {"sid": "2001:db8:f::1/128", "behavior": "End.M.GTP6.D.Di", "policy": "up"},
            policies=[{"name": "up", "encap": encap, "segments": ["2001:db8:e::1"]}],
        )
        inside = craft.ip6(UE6, SERVER6, craft.echo_request())
        self.send(1, craft.ip6("2001:db8:1::2", "2001:db8:f::1", craft.gtpu(inside, extensions=[QFI5])))
        srh = wire.srh(["2001:db8:f::1", "2001:db8:e::1"], sl=1, payload=wire.unchanged(inside))
        self.expect_only(2, wire.ip6("2001:db8:2::1", "2001:db8:e::1", srh, hl=63))


@behaviours("End.M.GTP6.E")
@rfc("9433", "6.5")
@rule("MB-5", "MB-11", "MB-12")
class CapturedGtp6(Capture):
    """End.M.GTP6.E of Linux behind VPP's GTP6.D, flags in the SRH."""

    def runTest(self) -> None:
        self.captured(
            {"sid": "2001:db8:f::/64", "behavior": "End.M.GTP6.E", "source": "2001:db8:2::1", "source-port": 2152,
             "container": "never"},
        )  # fmt: skip
        inside = craft.ip6(UE6, SERVER6, craft.echo_request())
        active, last = "2001:db8:f:0:1400:1:2300:0", "2001:db8:6:1::1"
        srh = craft.srh([last, active], sl=1, flags=6, payload=inside)
        self.send(1, craft.ip6(HOST, active, srh, hl=63))
        gtp = wire.gtpu(bytes(inside), between=("2001:db8:2::1", last))
        self.expect_only(3, wire.ip6("2001:db8:2::1", last, gtp, hl=62))
        self.expect_no_drop()


# --- Args.Mob.Session ------------------------------------------------------------------------------------------------


@behaviours("End.M.GTP6.D", "End.M.GTP6.E")
@rfc("9433", "6.1", "6.3", "6.5")
@rule("MB-1", "MB-9", "MB-11", "MB-13")
class SessionThroughTheDomain(MobileTest):
    """QFI 9, R, TEID 0x12345678 into a SID and out of it, at any bit; R is RQI of downlink containers only."""

    def runTest(self) -> None:
        found = {48: "2001:db8:7:2612:3456:7800::", 64: "2001:db8:7:0:2612:3456:7800:0"}
        for bits in (48, 53, 61, 64, 71, 88):
            last = str(IPv6Address(int(IPv6Address("2001:db8:7::")) | 0x26_1234_5678 << 88 - bits))
            assert found.get(bits, last) == last
            policy = {"name": "down", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [S1, "2001:db8:7::"]}
            egress = {"sid": f"2001:db8:7::/{bits}", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152}
            self.gateway(
                {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "down", "args-offset": bits},
                {**egress, "allow-outside-locator": True},
                policies=[policy],
            )
            inside = inner6()
            container = craft.session_container(9, rqi=True)
            self.send(1, craft.ip6(GNB, D, craft.gtpu(inside, 0x12345678, extensions=[container])))
            self.expect_only(2, wire.ip6(SOURCE, S1, wire.srh([last], sl=1, payload=wire.unchanged(inside))))
            self.send(1, craft.ip6(SOURCE, last, craft.srh([UPF, last], sl=1, payload=inside)))
            gtp = wire.gtpu(bytes(inside), 0x12345678, container=bytes((0, 0x49)), between=(D, UPF))
            self.expect_only(3, wire.ip6(D, UPF, gtp, hl=63))
            uplink = craft.session_container(9, kind=1, rqi=True)
            self.send(1, craft.ip6(GNB, D, craft.gtpu(inside, 0x12345678, extensions=[uplink])))
            last = str(IPv6Address(int(IPv6Address("2001:db8:7::")) | 0x24_1234_5678 << 88 - bits))
            self.expect_only(2, wire.ip6(SOURCE, S1, wire.srh([last], sl=1, payload=wire.unchanged(inside))))
        self.expect_no_drop()


@behaviours("H.M.GTP4.D", "End.M.GTP4.E")
@rfc("9433", "6.6", "6.7")
@rule("MB-1", "MB-6", "MB-7", "MB-11")
class AddressesThroughTheDomain(MobileTest):
    """192.0.2.7, 198.51.100.9 and the session into IPv6 addresses and out of them, at any bit."""

    def runTest(self) -> None:
        found = {48: "2001:db8:100:c000:207:2612:3456:7800"}
        sources = {64: "2001:db8:1f:0:c633:6409::", 56: "2001:db8:1f:c6:3364:900::"}
        for bits, q in ((48, 64), (40, 56), (56, 96), (33, 49), (51, 77)):
            prefix = int(IPv6Address("2001:db8:100::")) >> 128 - bits << 128 - bits
            argument = int(IPv4Address("192.0.2.7")) << 40 | 0x26_1234_5678
            last = str(IPv6Address(prefix | argument << 56 - bits))
            source = str(IPv6Address(int(IPv6Address("2001:db8:1f::")) | int(IPv4Address("198.51.100.9")) << 96 - q))
            assert found.get(bits, last) == last and sources.get(q, source) == source
            upf_prefix = str(IPv6Address(prefix))
            encap = {"mode": "gtp4.d", "source": "2001:db8:1f::", "upf-prefix-length": bits, "source-prefix-length": q,
                     "flow-label": 0}  # fmt: skip
            back = {"sid": f"{upf_prefix}/{bits}", "behavior": "End.M.GTP4.E", "source-prefix-length": q}
            self.gateway(
                {**back, "allow-outside-locator": True, "source-port": 2152},
                policies=[{"name": "up", "encap": encap, "segments": [S1, upf_prefix]}],
                steering=[{"prefix": "192.0.2.0/24", "policy": "up"}],
                routes=[
                    {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2::2"},
                    {"prefix": "192.0.2.7/32", "via": "10.0.3.2", "vrf": "blue"},
                ],
                vrfs=["blue"],
                ports={4: {"vrf": "blue"}, 3: {"vrf": "blue"}},
            )
            for inside in (inner4(), inner6()):
                container = craft.session_container(9, rqi=True)
                packet = craft.ip4("198.51.100.9", "192.0.2.7", craft.gtpu(inside, 0x12345678, extensions=[container]))
                self.send(1, packet)
                carried = wire.unchanged(inside)
                self.expect_only(2, wire.ip6(source, S1, wire.srh([last], sl=1, payload=carried), hl=64))
        self.expect_no_drop()


@behaviours("End.M.GTP4.E")
@rfc("9433", "6.6")
@rule("MB-6", "MB-11", "MB-12", "MB-13", "MB-14")
class Gtp4(MobileTest):
    """GTP-U over IPv4 around IPv4 with options, IPv6 and a frame; DSCP and ECN from the outer header."""

    def runTest(self) -> None:
        self.gateway(
            {"sid": "2001:db8:100::/48", "behavior": "End.M.GTP4.E", "source-port": 2152, "hop-limit": 9,
             "allow-outside-locator": True},
            routes=[{"prefix": "192.0.2.7/32", "via": "10.0.3.2"}],
        )  # fmt: skip
        last = "2001:db8:100:c000:207:2612:3456:7800"
        source = "2001:db8:1f:0:c633:6409:ff:ff"
        for inside in (
            inner4(),
            craft.ip4(UE4, SERVER4, craft.udp(b"data"), options=bytes((1, 1, 1, 1)) * 10),
            craft.ip4(UE4, SERVER4, craft.gtpu(inner4())),
            inner6(),
            inner6(),
            craft.ether(inner4(), dst="02:00:00:00:00:01", src="02:00:00:00:00:02"),
            inner4(),
        ):
            nh = {} if isinstance(inside, (craft.IP, craft.IPv6)) else {"nh": 143}
            gtp = wire.gtpu(bytes(inside), 0x12345678, container=bytes((0, 0x49)))
            expected = wire.ip4("198.51.100.9", "192.0.2.7", gtp, ttl=9, tos=0xB9)
            self.send(1, craft.ip6(source, last, inside, tc=0xB9, **nh))
            self.expect_only(3, expected)
            for srh in (craft.srh([last, S1], sl=0, payload=inside, **nh), craft.hbh(inside, **nh)):
                self.send(1, craft.ip6(source, last, srh, tc=0xB9))
                self.expect_only(3, expected)
        self.expect_no_drop()


@behaviours("End.M.GTP6.D.Di")
@rfc("9433", "6.4")
@rule("MB-4")
class DropIn(MobileTest):
    """The destination behind the policy's segments, of which there may be one or many; with the session in the last."""

    def runTest(self) -> None:
        segments = [f"fcbb:bb00:b{index:x}::" for index in range(1, 8)]
        for count in (1, 2, 4, 7):
            for mode in ("encap", "encap.red"):
                for penultimate in (False, True):
                    policy = {"name": "up", "encap": {"mode": mode, "flow-label": 0}, "segments": segments[:count]}
                    option = {"args-in": "penultimate", "args-offset": 64} if penultimate else {}
                    self.gateway(
                        {"sid": f"{D}/64", "behavior": "End.M.GTP6.D.Di", "policy": "up", **option}, policies=[policy]
                    )
                    inside = inner4()
                    self.send(1, craft.ip6(GNB, D, craft.gtpu(inside, extensions=[QFI5])))
                    path = segments[:count]
                    if penultimate:
                        path[-1] = str(IPv6Address(int(IPv6Address(path[-1])) | 0x1400000123 << 24))
                    listed = wire.path(*path, D)
                    srh = wire.srh(
                        listed[:-1] if mode == "encap.red" else listed, sl=count, payload=wire.unchanged(inside)
                    )
                    self.expect_only(2, wire.ip6(SOURCE, path[0], srh))
        self.expect_no_drop()


@behaviours("End.M.GTP6.D")
@rfc("9433", "6.3")
@rule("MB-3")
class ArgumentsInListsOfAnyLength(MobileTest):
    """Args.Mob.Session is written into the last segment, wherever the program keeps it."""

    def runTest(self) -> None:
        for counts, mode in (((1, 3, 16), "encap"), ((1, 2, 5), "encap.red")):
            for count in counts:
                segments = [f"fcbb:bb00:b{index:x}::" for index in range(count)]
                policy = {"name": "up", "encap": {"mode": mode, "flow-label": 0}, "segments": segments}
                self.gateway(
                    {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "up", "args-offset": 64}, policies=[policy]
                )
                inside = inner6()
                self.send(1, craft.ip6(GNB, D, craft.gtpu(inside, extensions=[QFI5])))
                path = segments[:]
                path[-1] = str(IPv6Address(int(IPv6Address(path[-1])) | 0x1400000123 << 24))
                listed = wire.path(*path)[: count - (mode == "encap.red")]
                carried = wire.unchanged(inside)
                payload = wire.srh(listed, sl=count - 1, payload=carried) if listed else carried
                self.expect_only(2, wire.ip6(SOURCE, path[0], payload))
        self.expect_no_drop()


# --- options, each named in docs/mobile.md with whom it meets --------------------------------------------------------


@behaviours("End.M.GTP6.E")
@rfc("9433", "6.5")
@rule("MB-12", "MB-13")
class OptionsOfGtp6(MobileTest):
    """Container with or without QFI, PDU type, UDP checksum, hop limit."""

    def runTest(self) -> None:
        for options, session, container, checksum, hl in (
            ({}, 0, b"", True, 63),
            ({}, 0x14 << 32, bytes((0, 5)), True, 63),
            ({"container": "always"}, 0, bytes((0, 0)), True, 63),
            ({"container": "always", "pdu-type": "uplink"}, 0x16 << 32, bytes((0x10, 5)), True, 63),
            ({"container": "never"}, 0x14 << 32, b"", True, 63),
            ({"udp-checksum": "zero", "hop-limit": 200}, 0, b"", False, 200),
            ({"hop-limit": "inherit"}, 0x3F << 34, bytes((0, 63)), True, 63),
        ):
            sid = {"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152}
            self.gateway({**sid, **options})
            active = str(IPv6Address(int(IPv6Address(E6)) | (session | 0xABCDEF01) << 24))
            for inside in (inner4(), craft.ip6(UE6, SERVER6, craft.udp(b"an odd number of octets"))):
                srh = craft.srh([UPF, active], sl=1, payload=inside)
                self.send(1, craft.ip6(SOURCE, active, srh, tc=0x2E, fl=0x54321))
                between = (D, UPF) if checksum else None
                gtp = wire.gtpu(bytes(inside), 0xABCDEF01, container=container, between=between)
                self.expect_only(3, wire.ip6(D, UPF, gtp, hl=hl, tc=0x2E, fl=0x54321))
        self.expect_no_drop()


@behaviours("End.M.GTP6.E")
@rfc("9433", "6.5")
@rule("MB-5")
class Gtp6BehindHeaders(MobileTest):
    """Extension headers in front of the SRH go with it, TLVs and a list of any length too; a frame inside."""

    def runTest(self) -> None:
        sid = {"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152}
        self.gateway(sid)
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x1400000123 << 24))
        frame = craft.ether(inner4(), dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
        for srh, inside in (
            (craft.srh([UPF], sl=1, payload=inner4()), inner4()),
            (craft.srh([UPF, active, S1], sl=1, tlvs=[craft.padn(8)], payload=inner6()), inner6()),
            (craft.hbh(craft.srh([UPF, active], sl=1, payload=inner6())), inner6()),
            (craft.srh([S1, active], sl=0, payload=craft.srh([UPF, active], sl=1, payload=inner4())), inner4()),
            (craft.srh([UPF, active], sl=1, payload=frame, nh=143), frame),
        ):
            self.send(1, craft.ip6(SOURCE, active, srh))
            gtp = wire.gtpu(bytes(inside), container=DOWNLINK5, between=(D, UPF))
            self.expect_only(3, wire.ip6(D, UPF, gtp, hl=63))
        self.expect_no_drop()


@behaviours("End.M.GTP6.E")
@rfc("8200", "3")
@rule("MB-5", "MB-12")
class PaddingBehindSrv6(MobileTest):
    """The zeros that a link put behind the packet are no part of what GTP-U carries, nor of the UDP checksum."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152})
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x123 << 24))
        for inside in (inner4(), craft.ip4(UE4, SERVER4, craft.udp(b"odd")), craft.ip4(UE4, SERVER4, craft.udp())):
            packet = craft.ip6(SOURCE, active, craft.srh([UPF], sl=1, payload=inside))
            self.send(1, Frame(bytes(self.frame_in(1, packet)) + bytes(13)))
            self.expect_only(3, wire.ip6(D, UPF, wire.gtpu(bytes(inside), between=(D, UPF)), hl=63))


@behaviours("End.M.GTP6.E")
@rfc("8200", "8.1")
@rule("MB-12")
class ChecksumIsNeverZero(MobileTest):
    """A UDP checksum that comes out as 0 is sent as 0xFFFF."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152})
        head = bytes(craft.ip6(UE6, SERVER6, craft.raw(bytes(2), 59)))[:-2]
        csum = wire.gtpu(head + bytes(2), between=(D, UPF))[6:8]
        inside = wire.Part(head + csum, wire.IPV6)
        gtp = wire.gtpu(inside, between=(D, UPF))
        assert gtp[6:8] == b"\xff\xff"
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x123 << 24))
        srh = craft.srh([UPF, active], sl=1, payload=craft.raw(inside, wire.IPV6), nh=wire.IPV6)
        self.send(1, craft.ip6(SOURCE, active, srh))
        self.expect_only(3, wire.ip6(D, UPF, gtp, hl=63))


@behaviours("End.M.GTP6.E", "End.M.GTP4.E")
@rfc("6335", "6")
@rule("MB-12")
class SourcePorts(MobileTest):
    """By default the source port is a hash: of dynamic ports, the same for a flow, others for other sessions."""

    def runTest(self) -> None:
        self.gateway(
            {"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D},
            {"sid": "2001:db8:100::/48", "behavior": "End.M.GTP4.E", "allow-outside-locator": True},
        )
        ports: list[int] = []
        for session in (1, 2, 3, 1):
            active = str(IPv6Address(int(IPv6Address(E6)) | session << 24))
            self.send(1, craft.ip6(SOURCE, active, craft.srh([UPF, active], sl=1, payload=inner4())))
            frame = self.receive(3)
            assert frame is not None
            ports.append(int.from_bytes(frame[54:56], "big"))
            gtp = wire.gtpu(bytes(inner4()), session, sport=ports[-1], between=(D, UPF))
            assert frame[14:] == wire.ip6(D, UPF, gtp, hl=63)
        assert ports[0] == ports[3] and len(set(ports)) == 3 and min(ports) >= 49152


# --- what GTP-U looks like -------------------------------------------------------------------------------------------


@behaviours("End.M.GTP6.D")
@rule("MB-9", "MB-14")
class GtpHeaders(MobileTest):
    """Optional fields, a container of any length, in front of another extension or behind it."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "direct", "args-offset": 64})
        udp_port = (0x40, b"\x08\x68")
        long = craft.session_container(5, more=bytes(8))
        longest = craft.session_container(5, more=bytes(1016))
        for packet, qfi in (
            (craft.gtpu(inner4()), 0),
            (craft.gtpu(inner4(), seq=7), 0),
            (craft.gtpu(inner4(), PN=1, seq=7), 0),
            (craft.gtpu(inner4(), seq=7, extensions=[QFI5]), 5),
            (craft.gtpu(inner4(), extensions=[long]), 5),
            (craft.gtpu(inner4(), extensions=[longest]), 5),
            (craft.gtpu(inner4(), extensions=[udp_port]), 0),
            (craft.gtpu(inner4(), extensions=[udp_port, QFI5]), 5),
            (craft.gtpu(inner4(), extensions=[long, udp_port]), 5),
            (craft.gtpu(inner4(), sport=40000), 0),
        ):
            self.send(1, craft.ip6(GNB, D, packet))
            last = str(IPv6Address(int(IPv6Address(UPF_SID)) | (qfi << 34 | 0x123) << 24))
            self.expect_only(2, wire.ip6(SOURCE, last, wire.unchanged(inner4())))
        self.expect_no_drop()


@behaviours("Transit")
@rfc("8200", "4")
@rule("MB-9", "END-15")
class TransitGtp(MobileTest):
    """A router that GTP-U passes leaves it as it is, right or wrong."""

    def runTest(self) -> None:
        self.gateway()
        messages = [
            craft.gtpu(inner4()),
            craft.gtpu(inner6(), seq=7, extensions=[QFI5, (0x40, b"\x08\x68")]),
            craft.gtpu(inner6(), extensions=[QFI5, QFI5, QFI5]),
            craft.gtpu(inner6(), extensions=[craft.session_container(5, more=bytes(1016))]),
            craft.gtpu(b"", kind=1, seq=1),
            craft.gtpu(b""),
            craft.gtpu(inner4(), version=2),
            craft.gtpu(inner4(), length=9),
            craft.udp(b"", dport=2152),
            craft.udp(bytes((0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0)), dport=2152),
            craft.udp(bytes((0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 9, 0, 0, 0)), dport=2152),
        ]
        for message in messages:
            for packet in (craft.ip6(GNB, UPF, message), craft.ip4("10.0.1.2", "10.99.0.1", message)):
                self.send(1, packet)
                self.expect_only(3, wire.hop(packet))
        self.expect_no_drop()


@behaviours("End.M.GTP6.D", "End.M.GTP6.D.Di")
@rfc("9433", "6.3", "6.4")
@rule("MB-3", "MB-9", "MB-14", "MB-15")
class RefusesGtp(MobileTest):
    """Segments left: Parameter Problem. Malformed GTP-U, fragments, payloads of no known type: dropped. Other upper
    layers: as at any SID."""

    def runTest(self) -> None:
        for behaviour in ("End.M.GTP6.D", "End.M.GTP6.D.Di"):
            self.gateway({"sid": f"{D}/64", "behavior": behaviour, "policy": "two", "args-offset": 64})
            packet = craft.ip6(HOST, D, craft.srh([UPF, D], sl=1, payload=craft.gtpu(inner4())))
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, 43, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")
            packet = craft.ip6(HOST, D, craft.udp(b"x", dport=9))
            self.send(1, packet)
            self.expect_icmp6(1, 4, 4, 40, packet)
            self.expect_drop("UPPER_LAYER")
            for message, reason in (
                (craft.gtpu(inner4(), version=2), "GTP_INVALID"),
                (craft.gtpu(inner4(), PT=0), "GTP_INVALID"),
                (craft.gtpu(inner4(), length=len(inner4()) + 1), "GTP_INVALID"),
                (craft.gtpu(inner4(), extensions=[QFI5], length=7), "GTP_INVALID"),
                (craft.gtpu(inner4(), extensions=[QFI5, QFI5, QFI5]), "GTP_INVALID"),
                (craft.udp(bytes((0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0)), dport=2152), "GTP_INVALID"),
                (craft.gtpu(b""), "GTP_PAYLOAD"),
                (craft.gtpu(b"\x50what is this"), "GTP_PAYLOAD"),
                (craft.gtpu(b"", kind=254), "NOT_GTP"),
                (craft.gtpu(b"", kind=26), "NOT_GTP"),
                (craft.gtpu(b"", kind=1, seq=1), "NOT_GTP"),
                (craft.fragment(craft.gtpu(inner4())), "FRAGMENT_AT_SID"),
            ):
                self.send(1, craft.ip6(GNB, D, message))
                self.expect_nothing()
                self.expect_drop(reason)


@behaviours("End.M.GTP6.D")
@rfc("9433", "7")
@rule("MB-14")
class SessionTypes(MobileTest):
    """The type of a session says what is inside: IPv4, IPv6, either, or a frame."""

    def runTest(self) -> None:
        frame = bytes(craft.ether(inner4(), dst="52:00:00:00:00:01", src="02:00:00:00:00:02"))
        for kind, inside, nh in (
            ("ip", bytes(inner4()), 4),
            ("ip", bytes(inner6()), 41),
            ("ipv4", bytes(inner4()), 4),
            ("ipv6", bytes(inner6()), 41),
            ("ethernet", frame, 143),
        ):
            sid = {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "direct", "args-offset": 64}
            self.gateway({**sid, "payload": kind})
            self.send(1, craft.ip6(GNB, D, craft.gtpu(craft.raw(inside, nh))))
            last = str(IPv6Address(int(IPv6Address(UPF_SID)) | 0x123 << 24))
            self.expect_only(2, wire.ip6(SOURCE, last, inside, nh=nh))
        self.expect_no_drop()


@behaviours("End.M.GTP6.D")
@rfc("9433", "6.3")
@rule("MB-3", "MB-15")
class PaddingBehindGtp(MobileTest):
    """What stands behind the end of the GTP-U message, or of the packet, is not carried."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "direct", "args-offset": 64})
        last = str(IPv6Address(int(IPv6Address(UPF_SID)) | 0x123 << 24))
        expected = wire.ip6(SOURCE, last, wire.unchanged(inner4()))
        packet = craft.ip6(GNB, D, craft.gtpu(bytes(inner4()) + b"more", length=len(inner4())))
        self.send(1, packet)
        self.expect_only(2, expected)
        frame = bytes(self.frame_in(1, craft.ip6(GNB, D, craft.gtpu(inner4()))))
        self.send(1, Frame(frame + b"link padding"))
        self.expect_only(2, expected)


@behaviours("End.M.GTP6.E")
@rfc("9433", "6.5")
@rule("MB-5")
class RefusesSrv6(MobileTest):
    """Segments Left other than 1: Parameter Problem at it. No SRH, or nothing known inside: dropped."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D})
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x123 << 24))
        for chain, pointer in (
            (craft.srh([UPF, UPF, active], sl=2, payload=inner4()), 43),
            (craft.srh([UPF, active], sl=0, payload=inner4()), 43),
            (craft.hbh(craft.srh([UPF, active], sl=0, payload=inner4())), 51),
            (craft.hbh(craft.dstopt(craft.srh([UPF, active], sl=2, payload=inner4()))), 59),
            (craft.hbh(craft.dstopt(craft.srh([UPF, active], sl=0, payload=inner4()))), 59),
            (craft.srh([UPF, active], sl=1, le=2, payload=inner4()), 43),
        ):
            packet = craft.ip6(HOST, active, chain)
            self.send(1, packet)
            self.expect_icmp6(1, 4, 0, pointer, packet)
            self.expect_drop("SRH_SEGMENTS_LEFT")
        for packet, reason in (
            (craft.ip6(GNB, active, inner4()), "NO_LAST_SEGMENT"),
            (craft.ip6(GNB, active, craft.srh([UPF, active], sl=1, payload=craft.udp(b"x"))), "GTP_PAYLOAD"),
            (craft.ip6(GNB, active, craft.srh(["::1", active], sl=1, payload=inner4())), "DESTINATION_INVALID"),
            (craft.ip6(GNB, active, craft.srh([UPF, active], sl=1, payload=inner4()), plen=40), "HEADER_TRUNCATED"),
            (craft.ip6(GNB, active, craft.fragment(inner4())), "FRAGMENT_AT_SID"),
        ):
            self.send(1, packet)
            self.expect_nothing()
            self.expect_drop(reason)
        packet = craft.ip6(HOST, active, craft.srh([UPF, active], sl=1, payload=inner4()), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        self.expect_sid_counter(f"{E6}/64", packets=0, errors=12)


@behaviours("End.M.GTP4.E")
@rfc("9433", "6.6")
@rule("MB-6")
class RefusesSrv6ForGtp4(MobileTest):
    """Segments left: Parameter Problem; other upper layers as at any SID; IPv4 addresses that nobody has: dropped."""

    def runTest(self) -> None:
        self.gateway({"sid": "2001:db8:100::/48", "behavior": "End.M.GTP4.E", "allow-outside-locator": True})
        last, source = "2001:db8:100:c000:207:2612:3456:7800", "2001:db8:1:0:c633:6409::"
        packet = craft.ip6(HOST, last, craft.srh([UPF, last], sl=1, payload=inner4()))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, 43, packet)
        self.expect_drop("SRH_SEGMENTS_LEFT")
        packet = craft.ip6(HOST, last, craft.udp(b"x"))
        self.send(1, packet)
        self.expect_icmp6(1, 4, 4, 40, packet)
        self.expect_drop("UPPER_LAYER")
        packet = craft.ip6(HOST, last, inner4(), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")
        for dst, src, reason in (
            ("2001:db8:100:e000:207:2612:3456:7800", source, "MULTICAST"),
            ("2001:db8:100:7f00:1:2612:3456:7800", source, "DESTINATION_INVALID"),
            (last, "2001:db8:1:0:0:1::", "SOURCE_INVALID"),
            (last, "2001:db8:1:0:7f00:1::", "SOURCE_INVALID"),
        ):
            self.send(1, craft.ip6(src, dst, inner4()))
            self.expect_nothing()
            self.expect_drop(reason)
        self.send(1, craft.ip6(source, last, craft.fragment(inner4())))
        self.expect_drop("FRAGMENT_AT_SID")


@behaviours("H.M.GTP4.D")
@rfc("9433", "6.7")
@rule("MB-7", "MB-10", "MB-15")
class RefusesWhatIsNoGpdu(MobileTest):
    """H.M.GTP4.D takes G-PDUs over IPv4 and drops everything else."""

    def runTest(self) -> None:
        encap = {"mode": "gtp4.d", "source": "2001:db8:1f::", "upf-prefix-length": 48}
        self.gateway(
            policies=[{"name": "up", "encap": encap, "segments": [S1, "2001:db8:100::"]}],
            steering=[{"prefix": "192.0.2.0/24", "policy": "up"}],
        )
        for packet, reason in (
            (craft.udp(b"data"), "NOT_GTP"),
            (craft.tcp(b"data", dport=2152), "NOT_GTP"),
            (craft.gtpu(b"", kind=1, seq=1), "NOT_GTP"),
            (craft.gtpu(b"", kind=254), "NOT_GTP"),
            (craft.gtpu(inner4(), version=2), "GTP_INVALID"),
            (craft.gtpu(inner4(), length=99), "GTP_INVALID"),
            (craft.gtpu(b"\x00\x00"), "GTP_PAYLOAD"),
        ):
            self.send(1, craft.ip4("10.0.1.2", "192.0.2.7", packet))
            self.expect_nothing()
            self.expect_drop(reason)
        self.send(1, craft.ip4("10.0.1.2", "192.0.2.7", craft.gtpu(inner4()), mf=True, df=False))
        self.expect_nothing()
        self.expect_drop("NOT_GTP")


@behaviours("End.M.GTP6.D", "H.M.GTP4.D", "End.DT4", "End.DT6", "End.DT46")
@rfc("9433", "6.1")
@rule("MB-1", "MB-14", "END-10")
class RoutesWhatGtpCarries(MobileTest):
    """VPP's End.M.GTP6.DT4/6/46 and T.M.GTP4.DT4/6/46: the policy's one segment is a SID of this node with an argument,
    and the packet inside is routed in its VRF."""

    def runTest(self) -> None:
        for behaviour, insides in (
            ("End.DT4", [inner4()]),
            ("End.DT6", [inner6()]),
            ("End.DT46", [inner4(), inner6()]),
        ):
            encap = {"mode": "gtp4.d", "source": "fcbb:bb00:1::", "upf-prefix-length": 56}
            self.gateway(
                {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "inside", "args-offset": 64},
                {"sid": "fcbb:bb00:1:4600::/56", "behavior": behaviour, "vrf": "blue"},
                vrfs=["blue"],
                ports={4: {"vrf": "blue"}},
                policies=[
                    {"name": "inside", "encap": "encap.red", "segments": ["fcbb:bb00:1:4600::"]},
                    {"name": "inside4", "encap": encap, "segments": ["fcbb:bb00:1:4600::"]},
                ],
                steering=[{"prefix": "192.0.2.7/32", "policy": "inside4"}],
                routes=[
                    {"prefix": "198.51.100.0/24", "vrf": "blue", "via": "10.0.4.2"},
                    {"prefix": "2001:db8:92::/48", "vrf": "blue", "via": "2001:db8:4::2"},
                ],
            )
            for inside in insides:
                for packet in (
                    craft.ip6(GNB, D, craft.gtpu(inside, extensions=[QFI5])),
                    craft.ip4("10.0.1.2", "192.0.2.7", craft.gtpu(inside, extensions=[QFI5])),
                ):
                    self.send(1, packet)
                    self.expect_only(4, wire.hop(inside))
            self.expect_no_drop()


# --- End.MAP ---------------------------------------------------------------------------------------------------------


@behaviours("End.MAP")
@rfc("9433", "6.2")
@rule("MB-2")
class Maps(MobileTest):
    """Hop limit and destination, nothing else: no SRH, one at any Segments Left, one that is broken."""

    def runTest(self) -> None:
        self.gateway({"sid": f"{D}/64", "behavior": "End.MAP", "map-to": UPF_SID})
        for payload in (
            inner4(),
            craft.udp(b"x"),
            craft.srh([UPF, D, S1], sl=1, payload=inner4()),
            craft.srh([UPF, D, S1], sl=0, payload=inner4()),
            craft.srh([UPF, D, S1], sl=9, payload=inner4()),
        ):
            packet = craft.ip6(GNB, D, payload)
            self.send(1, packet)
            moved = bytearray(wire.hop(packet))
            moved[24:40] = wire.v6(UPF_SID)
            self.expect_only(2, bytes(moved))
        self.expect_no_drop()
        packet = craft.ip6(HOST, D, inner4(), hl=1)
        self.send(1, packet)
        self.expect_icmp6(1, 3, 0, 0, packet)
        self.expect_drop("HOP_LIMIT_EXCEEDED")


@behaviours("End.MAP")
@rfc("9433", "6.2")
@rule("MB-2", "END-10")
class MapsToOwnSid(MobileTest):
    """A mapped SID of this node is met in the next pass."""

    def runTest(self) -> None:
        self.gateway(
            {"sid": f"{D}/64", "behavior": "End.MAP", "map-to": "fcbb:bb00:1:46::"},
            {"sid": "fcbb:bb00:1:46::/64", "behavior": "End.DT46", "vrf": "default"},
            routes=[{"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"}],
        )
        self.send(1, craft.ip6(GNB, D, inner6()))
        self.expect_only(2, wire.hop(inner6()))
        self.expect_no_drop()


# --- End.Limit -------------------------------------------------------------------------------------------------------


@behaviours("End.Limit")
@rfc("9433", "6.8")
@rule("MB-8")
class Limits(MobileTest):
    """The SIDs of a group share a rate, of a byte a second here, with 3000 bytes at once; limit-rate 0 is no limit."""

    def runTest(self) -> None:
        def sid(group: int, rate: int, function: int = 0x41) -> str:
            return f"fcbb:bb00:1:{function:x}:0:{group:x}:0:{rate:x}"

        listed = [sid(5, 8), sid(6, 8), sid(7, 0), sid(5, 8, 0x42)]
        self.gateway(
            *({"sid": f"{each}/128", "behavior": "End.Limit", "rate-unit": 1} for each in listed),
            {"sid": f"{sid(8, 0)}/128", "behavior": "End.Limit", "rate-unit": 1, "unlimited-rate": 8},
        )
        big = craft.udp(bytes(1300))

        def passes(to: str) -> bool:
            packet = craft.ip6(GNB, to, craft.srh(["fcbb:bb00:b2::", to], sl=1, payload=big))
            self.send(1, packet)
            frame = self.receive(2)
            if frame is None:
                self.expect_drop("GROUP_LIMIT")
                return False
            assert frame == self.frame_out(2, wire.advanced(packet))
            return True

        assert [passes(listed[0]) for _ in range(4)] == [True, True, False, False]
        assert [passes(listed[1]) for _ in range(3)] == [True, True, False]
        assert all(passes(listed[2]) for _ in range(5))
        assert [passes(listed[3]) for _ in range(3)] == [True, True, False]  # another function: another group
        assert [passes(sid(8, 0)) for _ in range(3)] == [True, True, False]
        self.expect_sid_counter(f"{listed[0]}/128", packets=2, errors=2)


# --- messages that are no G-PDU --------------------------------------------------------------------------------------


@behaviours("End.M.GTP6.D")
@rule("MB-10")
class ForwardsMessages(MobileTest):
    """With a next hop for them, messages other than G-PDUs go there as they are."""

    def runTest(self) -> None:
        sid = {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "two", "args-offset": 64}
        self.gateway({**sid, "via": "2001:db8:3::2"})
        for kind in (1, 2, 26, 31, 254):
            packet = craft.ip6(HOST, D, craft.gtpu(b"", kind=kind, seq=9))
            self.send(1, packet)
            self.expect_only(3, wire.hop(packet))
        self.send(1, craft.ip6(HOST, D, craft.gtpu(inner4())))
        assert self.receive(2) is not None
        self.expect_no_drop()


@behaviours("End.M.GTP6.D", "H.M.GTP4.D")
@rule("MB-10")
class AnswersEcho(MobileTest):
    """Where asked for, an echo request is answered for the other side: addresses and ports change places."""

    def runTest(self) -> None:
        encap = {"mode": "gtp4.d", "source": "2001:db8:1f::", "upf-prefix-length": 48, "echo": "answer"}
        self.gateway(
            {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "two", "args-offset": 64, "echo": "answer"},
            routes=[{"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2::2"}],
            policies=[
                {"name": "two", "encap": {"mode": "encap"}, "segments": [S1, UPF_SID]},
                {"name": "up", "encap": encap, "segments": [S1, "2001:db8:100::"]},
            ],
            steering=[{"prefix": "192.0.2.0/24", "policy": "up"}],
        )
        response = bytes.fromhex("320200060000000012340000") + b"\x0e\x00"
        request = craft.gtpu(b"", 0, kind=1, seq=0x1234, sport=40001)
        self.send(1, craft.ip6(HOST, D, request))
        self.expect_only(1, wire.ip6(D, HOST, wire.udp(response, 2152, 40001, between=(D, HOST))))
        self.send(1, craft.ip4("10.0.1.2", "192.0.2.7", request))
        answer = wire.udp(response, 2152, 40001, between=("192.0.2.7", "10.0.1.2"))
        self.expect_only(1, wire.ip4("192.0.2.7", "10.0.1.2", answer))
        self.send(1, craft.ip6(HOST, D, craft.gtpu(b"", 0, kind=1)))  # without a sequence number
        self.expect_nothing()
        assert self.punts() == {"GTP_ECHO": 3}


# --- lengths ---------------------------------------------------------------------------------------------------------


@behaviours("End.M.GTP6.D", "End.M.GTP6.D.Di", "H.M.GTP4.D")
@rfc("2473", "7.2")
@rule("HE-11", "MB-12")
class TooLongForTheDomain(MobileTest):
    """What is too long with the policy's headers leaves in fragments: nobody behind GTP-U can be told."""

    def runTest(self) -> None:
        encap = {"mode": "gtp4.d", "source": "2001:db8:1f::", "upf-prefix-length": 48, "flow-label": 0}
        self.gateway(
            {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "two", "args-offset": 64},
            {"sid": f"{DI}/64", "behavior": "End.M.GTP6.D.Di", "policy": "two"},
            policies=[
                {"name": "two", "encap": {"mode": "encap", "flow-label": 0}, "segments": [S1, UPF_SID]},
                {"name": "up", "encap": encap, "segments": [S1, "2001:db8:100::"]},
            ],
            routes=[{"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2::2"}],
            steering=[{"prefix": "192.0.2.0/24", "policy": "up"}],
        )
        message = craft.gtpu(craft.ip4(UE4, SERVER4, craft.udp(bytes(1410))))
        packets = (craft.ip6(GNB, D, message), craft.ip6(GNB, DI, message), craft.ip4("10.0.1.2", "192.0.2.7", message))
        for packet in packets:
            self.send(1, packet)
            pieces = [self.receive(2), self.receive(2)]
            assert all(piece is not None and piece[20] == wire.ROUTING for piece in pieces)
            self.expect_nothing()
        self.expect_no_drop()


@behaviours("End.M.GTP6.E", "End.M.GTP4.E")
@rule("HE-11")
class TooLongForTheAccess(MobileTest):
    """GTP-U that does not fit: Packet Too Big to the source of the SRv6 packet."""

    def runTest(self) -> None:
        ports = {3: {"addresses": ["2001:db8:3::1/64", "10.0.3.1/24"], "mtu": 1300}}
        self.gateway(
            {"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D},
            {"sid": "2001:db8:100::/48", "behavior": "End.M.GTP4.E", "allow-outside-locator": True},
            ports=ports,
            routes=[
                {"prefix": "2001:db8:3:1::/64", "via": "2001:db8:3::2"},
                {"prefix": "192.0.2.0/24", "via": "10.0.3.2"},
                {"prefix": "2001:db8:1f::/48", "via": HOST},
            ],
        )
        inside = craft.ip4(UE4, SERVER4, craft.udp(bytes(1270)))
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x123 << 24))
        packet = craft.ip6(HOST, active, craft.srh([UPF, active], sl=1, payload=inside))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1300, packet)
        self.expect_drop("PACKET_TOO_BIG")
        packet = craft.ip6("2001:db8:1f:0:a00:102::", "2001:db8:100:c000:207::", inside)
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1300, packet)
        self.expect_drop("PACKET_TOO_BIG")


@behaviours("End.M.GTP6.D", "End.M.GTP6.E", "End.M.GTP4.E", "H.M.GTP4.D")
@rfc("8200", "3")
@rule("MB-12")
class Tagged(MobileTest):
    """Between VLANs, tagged and untagged."""

    def runTest(self) -> None:
        def vlans(port: int) -> dict[str, Any]:
            base = {"addresses": [f"2001:db8:{port}::1/64", f"10.0.{port}.1/24"], "mtu": 1500}
            return {**base, "vlans": {100: {"addresses": [f"2001:db8:{port}:100::1/64", f"10.100.{port}.1/24"]}}}

        encap = {"mode": "gtp4.d", "source": "2001:db8:1f::", "upf-prefix-length": 48, "flow-label": 0}
        self.gateway(
            {"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": "direct", "args-offset": 64},
            {"sid": f"{E6}/64", "behavior": "End.M.GTP6.E", "source": D, "source-port": 2152},
            {"sid": "2001:db8:100::/48", "behavior": "End.M.GTP4.E", "allow-outside-locator": True,
             "source-port": 2152, "hop-limit": 64},
            ports={1: vlans(1), 2: vlans(2), 3: vlans(3)},
            policies=[
                {"name": "direct", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [UPF_SID]},
                {"name": "up", "encap": encap, "segments": ["2001:db8:200::"]},
            ],
            routes=[
                {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2:100::2"},
                {"prefix": "2001:db8:200::/44", "via": "2001:db8:2:100::2"},
                {"prefix": "2001:db8:3:1::/64", "via": "2001:db8:3:100::2"},
                {"prefix": "192.0.2.0/24", "via": "10.100.3.2"},
            ],
            steering=[{"prefix": "198.51.100.0/24", "policy": "up"}],
        )  # fmt: skip
        inside = inner4()
        last = str(IPv6Address(int(IPv6Address(UPF_SID)) | 0x123 << 24))
        active = str(IPv6Address(int(IPv6Address(E6)) | 0x123 << 24))
        to_upf4 = "2001:db8:100:c000:207:0:1:2300"
        srv6 = craft.ip6(SOURCE, active, craft.srh([UPF, active], sl=1, payload=inside))
        for vlan in ((), (100,)):
            self.send(1, craft.ip6(GNB, D, craft.gtpu(inside)), vlan=vlan)
            self.expect_only(2, wire.ip6(SOURCE, last, wire.unchanged(inside)), vlan=100)
            self.send(1, srv6, vlan=vlan)
            self.expect_only(3, wire.ip6(D, UPF, wire.gtpu(bytes(inside), between=(D, UPF)), hl=63), vlan=100)
            self.send(1, craft.ip6("2001:db8:1f:0:a00:1::", to_upf4, inside), vlan=vlan)
            self.expect_only(3, wire.ip4("10.0.0.1", "192.0.2.7", wire.gtpu(bytes(inside))), vlan=100)
            self.send(1, craft.ip4("10.0.1.2", "198.51.100.7", craft.gtpu(inside)), vlan=vlan)
            out = "2001:db8:200:c633:6407:0:1:2300"
            self.expect_only(2, wire.ip6("2001:db8:1f:0:a00:102::", out, wire.unchanged(inside), hl=64), vlan=100)
        self.expect_no_drop()
