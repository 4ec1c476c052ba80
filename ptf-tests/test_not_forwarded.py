# SPDX-License-Identifier: Apache-2.0
"""Addresses that no router forwards from or to (RFC 4291 2.5, RFC 1122 3.2.1.3, RFC 1812 5.3.7, RFC 6890): loopback,
unspecified, IPv4-mapped, 127/8, 0/8, 169.254/16. In transit, inside a tunnel, as a segment, into a policy."""

from __future__ import annotations

from collections.abc import Iterator

from endpoint_base import ADVANCING, HOST, IN4, IN6, OUT4, OUT6, EndpointTest, for_each, plain
from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

LOOPBACK6, NOBODY6, MAPPED6 = "::1", "::", "::ffff:10.0.0.1"
SIX = (LOOPBACK6, NOBODY6, MAPPED6)
FOUR = ("127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3")
LOCAL4 = "169.254.1.1"  # no loopback: counted with IPv6's link-local destinations
# Their neighbours in number are like any other address.
FORWARDED6 = ("::2", "::1:0:0:1", "::fffe:a00:1", "::1:ffff:a00:1", "100::1", "fdff::1")
FORWARDED4 = ("1.0.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "223.255.255.255")
DEFAULTS = [{"prefix": "::/0", "via": "2001:db8:2::2"}, {"prefix": "0.0.0.0/0", "via": "10.0.2.2"}]


def packets(src6: str, dst6: str, src4: str, dst4: str) -> Iterator[tuple[craft.Packet, str]]:
    """Packets that are not forwarded, from or to such an address, and why."""
    for bad in SIX:
        yield craft.ip6(bad, dst6, craft.udp()), "SOURCE_INVALID"
        yield craft.ip6(src6, bad, craft.udp()), "DESTINATION_INVALID"
    for bad in FOUR:
        yield craft.ip4(bad, dst4, craft.udp()), "SOURCE_INVALID"
        yield craft.ip4(src4, bad, craft.udp()), "DESTINATION_INVALID"
    yield craft.ip4(LOCAL4, dst4, craft.udp()), "SOURCE_INVALID"
    yield craft.ip4(src4, LOCAL4, craft.udp()), "MULTICAST"


@behaviours("IPv6 router", "IPv4 router")
@rfc("4291", "2.5.2", "2.5.3")
@rfc("1122", "3.2.1.3")
@rfc("1812", "5.3.7")
class LoopbackInTransit(Srv6Test):
    """From or to ::1, ::, ::ffff:0:0/96, 127/8, 0/8, 169.254/16: dropped, whatever the default route says, and nobody
    is told; the addresses beside them are forwarded."""

    def runTest(self) -> None:
        self.node(routes=DEFAULTS)
        for packet, reason in packets(HOST, "2600::1", "10.0.1.2", "198.51.100.1"):
            self.send(1, packet)
            self.expect_nothing()
            self.expect_drop(reason)
        assert self.punts() == {}
        for address in FORWARDED6:
            for packet in (craft.ip6(address, "2600::1", craft.udp()), craft.ip6(HOST, address, craft.udp())):
                self.send(1, packet)
                self.expect_only(2, wire.hop(packet))
        for address in FORWARDED4:
            for packet4 in (
                craft.ip4(address, "198.51.100.1", craft.udp()),
                craft.ip4("10.0.1.2", address, craft.udp()),
            ):
                self.send(1, packet4)
                self.expect_only(2, wire.hop(packet4))
        self.expect_no_drop()


@behaviours("IPv6 router", "IPv4 router")
@rfc("4291", "2.5.2", "2.5.3")
@rfc("1122", "3.2.1.3")
class LoopbackToAnOwnAddress(Srv6Test):
    """Nor does the node answer: a ping from such an address is dropped."""

    def runTest(self) -> None:
        self.node()
        for bad in SIX:
            self.send(1, craft.ip6(bad, "2001:db8:1::1", craft.echo_request()))
            self.expect_nothing()
            self.expect_drop("SOURCE_INVALID")
        for bad in (*FOUR, LOCAL4):
            self.send(1, craft.ip4(bad, "10.0.1.1", craft.icmp4(8, 0, bytes(8))))
            self.expect_nothing()
            self.expect_drop("SOURCE_INVALID")


@for_each(plain(("End", "End.X", "End.T", "End.DT46")))
@rfc("4291", "2.5.2", "2.5.3")
@rfc("1122", "3.2.1.3")
@rule("DEC-5", "DEC-12", "FLV-5")
class LoopbackInsideATunnel(EndpointTest):
    """What comes out of a tunnel is held to the same: End.DT46, and USD at End, End.X and End.T."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:1009::"
        config = {**self.endpoint.sid_config, "sid": f"{sid}/64"}
        if self.endpoint.behaviour != "End.DT46":
            config["flavors"] = ["usd"]
        self.endpoints(sids=[config], routes=DEFAULTS)
        count = 0
        for inner, reason in packets(IN6, OUT6, IN4, OUT4):
            self.send(1, craft.ip6(HOST, sid, inner))
            self.expect_nothing()
            self.expect_drop(reason)
            count += 1
        self.expect_sid_counter(f"{sid}/64", packets=0, errors=count)
        for inner in (craft.ip6(IN6, OUT6, craft.udp()), craft.ip4(IN4, OUT4, craft.udp())):
            if self.endpoint.behaviour != "End.X" or inner.version == 6:
                self.send(1, craft.ip6(HOST, sid, inner))
                self.expect_only(self.endpoint.exit, wire.hop(inner))


@for_each(plain(ADVANCING))
@rfc("4291", "2.5.2", "2.5.3")
@rule("END-12")
class LoopbackAsNextSegment(EndpointTest):
    """Such an address as the next segment: dropped at the SID, by a behaviour that looks it up and by one that does
    not, at any place of the list; one behind the next segment is not looked at."""

    def runTest(self) -> None:
        self.endpoints(routes=DEFAULTS)
        for bad in SIX:
            for listed, left in (([bad, self.sid], 1), (["fcbb:bb00:2::", bad, self.sid], 2)):
                self.send(1, self.packet(listed, left))
                self.expect_nothing()
                self.expect_drop("DESTINATION_INVALID")
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=2 * len(SIX))
        packet = self.packet([LOOPBACK6, "fcbb:bb00:2::", self.sid], 2)
        self.send(1, packet)
        self.expect_only(self.endpoint.exit, self.endpoint.carried(packet))


@behaviours("Steering", "H.Encaps")
@rfc("4291", "2.5.2", "2.5.3")
@rfc("1122", "3.2.1.3")
class LoopbackIntoAPolicy(Srv6Test):
    """Nothing of it is encapsulated: not by a prefix, a port or a classifier."""

    def runTest(self) -> None:
        policy = {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": ["fcbb:bb00:f001::"]}
        for steering in (
            [{"prefix": "::/0", "policy": "north"}, {"prefix": "0.0.0.0/0", "policy": "north"}],
            [{"port": 1, "policy": "north"}],
            [{"match": {"protocol": "udp"}, "policy": "north"}],
        ):
            self.node(
                routes=[{"prefix": "fcbb:bb00:f000::/36", "via": "2001:db8:2::2"}],
                policies=[policy],
                steering=steering,
            )
            for packet, reason in packets(HOST, "2600::1", "10.0.1.2", "198.51.100.1"):
                self.send(1, packet)
                self.expect_nothing()
                self.expect_drop(reason)
