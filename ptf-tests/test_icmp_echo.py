# SPDX-License-Identifier: Apache-2.0
"""Ping: to own addresses and to SIDs (RFC 4443 4, RFC 792, RFC 9259 A.1; OAM-4, OAM-6)."""

from __future__ import annotations

from typing import Any

from neighbor_base import link_local, multicast_mac
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

BEHAVIOURS = ("Ping and traceroute",)
HOST, HOST4 = "2001:db8:1::2", "10.0.1.2"
END, ENDX, DT6, DX4 = "fcbb:bb00:1:e000::", "fcbb:bb00:1:e001::", "fcbb:bb00:1:d6::", "fcbb:bb00:1:d4::"


class Echo(Srv6Test):
    """Requests from behind port 1 and what they bring back."""

    def ping(self, own: str, *, between: Any = None, data: bytes = b"ping", tc: int = 0, back: int = 1, src: str = HOST,
             wrap: Any = None, **request: Any) -> None:  # fmt: skip
        """``own`` answers. ``wrap`` puts extension headers in front of the request; the reply has none."""
        __tracebackhide__ = True
        message = craft.echo_request(ident=7, seq=9, data=data)
        self.send(1, craft.ip6(src, own, wrap(message) if wrap else message, tc=tc, **request))
        self.expect_only(back, wire.ip6(own, src, wire.echo_reply(own, src, ident=7, seq=9, data=data), tc=tc))

    def silent(self, packet: craft.Packet) -> None:
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_nothing()


@rfc("4443", "4.2")
@behaviours("IPv6 router", "Ping and traceroute")
class OwnAddresses(Echo):
    """Interface addresses, those of other ports, loopbacks, the SR source; data, identifier and traffic class
    come back."""

    def runTest(self) -> None:
        self.node(addresses=["2001:db8:aaaa::1/128"])
        for own in ("2001:db8:1::1", "2001:db8:8::1", "2001:db8:aaaa::1", "fcbb:bb00:1::1"):
            for size in (0, 1, 4, 56, 57, 1000, 1440):
                self.ping(
                    own,
                    data=bytes(i % 256 for i in range(size)),
                    tc=0xB9 if size == 56 else 0,
                    fl=5,
                    hl=64 if size else 1,
                )
        self.expect_no_drop()


@rfc("4443", "4.2")
@behaviours("IPv6 router", "Ping and traceroute")
class LinkLocalAddress(Echo):
    """The interface's link-local address, from a link-local and from a global source."""

    def runTest(self) -> None:
        self.node()
        own = link_local(self.mac(1))
        self.ping(own, src="fe80::2")
        self.ping(own)


@rfc("792", "Echo or Echo Reply Message")
@rfc("1812", "4.3.3.6")
@behaviours("IPv4 router", "Ping and traceroute")
class OwnAddresses4(Echo):
    """IPv4: interface addresses, loopbacks; TOS and identification come back."""

    def runTest(self) -> None:
        self.node(addresses=["203.0.113.1/32"])
        for own in ("10.0.1.1", "10.0.8.1", "203.0.113.1"):
            for size in (0, 1, 56, 1000, 1472):
                body = b"\0\7\0\x09" + bytes(size)
                fields: dict[str, Any] = {"tos": 0x28, "ident": size, "df": size % 2 == 0}
                self.send(1, craft.ip4(HOST4, own, craft.icmp4(8, 0, body), ttl=64 if size else 1, **fields))
                self.expect_only(1, wire.ip4(own, HOST4, wire.icmp4(0, 0, body), **fields))
        self.expect_no_drop()


@rfc("9259", "A.1.2")
@rfc("8986", "4.1.1")
@rule("OAM-4", "OAM-6")
class Sids(Echo):
    """A SID answers for itself: any address of its prefix, without SRH and with Segments Left 0; the reply
    has no SRH."""

    def runTest(self) -> None:
        self.node(
            vrfs=["blue"],
            sids=[
                {"sid": f"{END}/64", "behavior": "End"},
                {"sid": f"{ENDX}/64", "behavior": "End.X", "via": "2001:db8:2::2"},
                {"sid": f"{DT6}/64", "behavior": "End.DT6", "vrf": "blue"},
                {"sid": f"{DX4}/128", "behavior": "End.DX4", "via": "10.0.2.2"},
            ],
        )
        for own in (END, ENDX, DT6, DX4, END + "1", "fcbb:bb00:1:e000:1:2:3:4"):
            self.ping(own)
            self.ping(own, hl=1)
            self.ping(own, wrap=lambda message, own=own: craft.srh([own, "2001:db8:5::9"], sl=0, payload=message))
            self.ping(
                own, wrap=lambda message, own=own: craft.hbh(craft.srh([own], sl=0, payload=craft.dstopt(message)))
            )
        self.expect_no_drop()


@rfc("9259", "A.1.1")
@rule("OAM-4")
class PingThroughSid(Echo):
    """A request that visits a SID on its way to an address of the node: advanced, then answered."""

    def runTest(self) -> None:
        self.node(sids=[{"sid": f"{END}/64", "behavior": "End"}])
        own = "2001:db8:2::1"
        message = craft.echo_request()
        self.send(1, craft.srv6(HOST, [own, END], segments_left=1, payload=message))
        self.expect_only(1, wire.ip6(own, HOST, wire.echo_reply(own, HOST)))
        self.expect_sid_counter(f"{END}/64", packets=1)


@rfc("4443", "4.2")
class RepliesAreRouted(Echo):
    """The reply takes the route to the source, wherever the request came in; in the VRF of the request."""

    def runTest(self) -> None:
        self.node(
            vrfs=["blue"],
            ports={5: {"vrf": "blue"}, 6: {"vrf": "blue"}},
            routes=[
                {"prefix": "2600::/16", "via": "2001:db8:4::2"},
                {"prefix": "2600::/16", "vrf": "blue", "via": "2001:db8:6::2"},
                {"prefix": "198.51.100.0/24", "vrf": "blue", "via": "10.0.6.2"},
            ],
        )
        self.ping("2001:db8:1::1", src="2600::1", back=4)
        self.send(5, craft.ip6("2600::1", "2001:db8:5::1", craft.echo_request()))
        self.expect_only(6, wire.ip6("2001:db8:5::1", "2600::1", wire.echo_reply("2001:db8:5::1", "2600::1")))
        self.send(5, craft.ip4("198.51.100.1", "10.0.5.1", craft.icmp4(8, 0, bytes(8))))
        self.expect_only(6, wire.ip4("10.0.5.1", "198.51.100.1", wire.icmp4(0, 0, bytes(8))))
        # an address of one VRF is no address of another
        foreign = craft.ip6(HOST, "2001:db8:5::1", craft.echo_request())
        self.send(1, foreign)
        self.expect_icmp6(1, 1, 0, 0, foreign)


@rfc("4443", "2.3", "4.2")
class BadRequests(Echo):
    """Wrong checksum, code, too short, from a group or from nobody, fragments: no answer."""

    def runTest(self) -> None:
        self.node()
        own = "2001:db8:1::1"
        good = craft.echo_request()
        for message in (
            craft.icmp6(128, 0, bytes(8), csum=0xBAD),
            craft.icmp6(128, 1, bytes(8)),
            craft.icmp6(128, 0, b""),
            craft.raw(b"\x80", 58),
            craft.raw(b"", 58),
            craft.fragment(good, more=True),
            craft.fragment(b"ping", offset=1, more=False, nh=58),
        ):
            self.silent(craft.ip6(HOST, own, message))
        self.silent(craft.ip6("::", own, craft.echo_request()))
        self.ping(own)


@rfc("792", "Echo or Echo Reply Message")
@rfc("1812", "4.3.3.6")
@behaviours("IPv4 router", "Ping and traceroute")
class BadRequests4(Echo):
    """Wrong checksum, code, too short, impossible sources, fragments: no answer."""

    def runTest(self) -> None:
        self.node()
        own = "10.0.1.1"
        good = craft.icmp4(8, 0, bytes(16))
        for packet in (
            craft.ip4(HOST4, own, craft.icmp4(8, 0, bytes(16), csum=0xBAAD)),
            craft.ip4(HOST4, own, craft.icmp4(8, 1, bytes(8))),
            craft.ip4(HOST4, own, bytes(good)[:4], proto=1),
            craft.ip4(HOST4, own, b"", proto=1),
            craft.ip4(HOST4, own, good, df=False, mf=True),
            craft.ip4(HOST4, own, good, df=False, offset=1),
            craft.ip4("127.0.0.1", own, good),
            craft.ip4("0.0.0.0", own, good),
        ):
            self.silent(packet)


@rfc("4443", "4.2")
@rfc("1122", "3.2.2.6")
class GroupsOfOthersAreNotAnswered(Echo):
    """Requests to multicast groups that routers are not in, to the subnet's or the limited broadcast: no answer."""

    def runTest(self) -> None:
        self.node()
        for group in ("ff01::1", "ff02::3", "ff02::16", "ff05::1", "ff0e::1"):
            request = craft.ip6(HOST, group, craft.echo_request())
            self.send(1, craft.ether(request, dst=multicast_mac(group), src=self.neighbor_mac(1)))
            self.expect_nothing()
            self.expect_drop("MULTICAST")
        for group, mac in (
            ("224.0.0.1", "01:00:5e:00:00:01"),
            ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
            ("10.0.1.255", "ff:ff:ff:ff:ff:ff"),
        ):
            self.send(
                1, craft.ether(craft.ip4(HOST4, group, craft.icmp4(8, 0, bytes(8))), dst=mac, src=self.neighbor_mac(1))
            )
            self.expect_nothing()
            self.expect_drop("NOT_MY_MAC")


@rfc("4443", "4.1")
class RepliesToUs(Echo):
    """Echo replies and other ICMP messages to own addresses end here."""

    def runTest(self) -> None:
        self.node()
        own = "2001:db8:1::1"
        for kind in (1, 2, 3, 4, 129, 130, 137, 200):
            self.silent(craft.ip6(HOST, own, craft.icmp6(kind, 0, bytes(48))))
        for kind in (0, 3, 5, 11, 12, 13):
            self.silent(craft.ip4(HOST4, "10.0.1.1", craft.icmp4(kind, 0, bytes(32))))
        self.expect_no_drop()
