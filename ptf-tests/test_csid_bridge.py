# SPDX-License-Identifier: Apache-2.0
"""End.DT2U and End.DT2M as compressed SIDs: last in a NEXT container, and with REPLACE-C-SID (RFC 9800 4.1, 4.2.7).

A packet comes in by port 1. Circuits of the domain are ports 3, 4 (segment es1) and 5 (es2), its remote is `pe2`.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network
from typing import Any

from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire
from srv6cp.p4rt import DirectCounterEntry, Lpm

BEHAVIOURS = ("End.DT2U with REPLACE-CSID", "End.DT2M with REPLACE-CSID")
PEER = "fcbb:bb00:2::1"
KNOWN, FAR, ALL = "02:aa:00:00:00:01", "02:aa:00:00:00:0f", "ff:ff:ff:ff:ff:ff"
ES1, ES2, UNKNOWN = 0xABCD, 7, 0x0777
BRIDGE: dict[str, Any] = {
    "name": "blue",
    "circuits": [{"port": 3}, {"port": 4, "segment": "es1"}, {"port": 5, "segment": "es2"}],
    "remotes": [{"name": "pe2", "source": PEER, "unicast": "u2", "flood": "f2"}],
    "static": [{"mac": KNOWN, "at": 3}],
    "arguments": {"es1": ES1, "es2": ES2},
}
UNICAST_32, UNICAST_16 = "2001:db8:b2:60:7::/80", "2001:db8:b3:e0::/64"
FLOOD_32, FLOOD_16 = "2001:db8:b2:70:7::/80", "2001:db8:b3:f0::/64"
NEXT_FLOOD, NEXT_UNICAST, NEXT_ES1 = "fcbb:bb00:d21::/48", "fcbb:bb00:d20::/48", "fcbb:bb00:d21:abcd::/64"


def frame(dst: str, payload: bytes = b"payload of a frame") -> wire.Part:
    """A frame of an experimental type from the far side."""
    return wire.ether(payload, dst=dst, src=FAR, ethertype=0x88B5)


def nflen(prefix: str) -> int:
    """LNFL of a SID with a block of 48 bits."""
    return IPv6Network(prefix).prefixlen - 48


def address(prefix: str, argument: int = 0, index: int = 0) -> str:
    """The SID with 16 bits right behind its C-SID, and an Index."""
    network = IPv6Network(prefix)
    return str(IPv6Address(int(network.network_address) | argument << 112 - network.prefixlen | index))


def container(length: int, **places: int) -> str:
    """A segment of C-SIDs of ``length`` bits, ``_3=0x70`` at place 3 and so on; place 0 is the most significant."""
    return str(IPv6Address(sum(csid << 128 - length * (int(at[1:]) + 1) for at, csid in places.items())))


class CsidBridgeTest(Srv6Test):
    """One domain, its SIDs in every form."""

    def setUp(self) -> None:
        super().setUp()
        replace = [
            {"sid": sid, "behavior": behavior, "bridge": "blue", "flavors": ["replace-csid"], "lblen": 48}
            for behavior, prefixes in (("End.DT2U", (UNICAST_32, UNICAST_16)), ("End.DT2M", (FLOOD_32, FLOOD_16)))
            for sid in prefixes
        ]
        others: list[dict[str, Any]] = [
            {"sid": "2001:db8:b2:10:1::/80", "behavior": "End", "flavors": ["replace-csid", "psp"], "lblen": 48},
            {"sid": "fcbb:bb00:1::/48", "behavior": "End", "flavors": ["next-csid"], "lblen": 32},
            {"sid": NEXT_UNICAST, "behavior": "End.DT2U", "bridge": "blue"},
            {"sid": NEXT_FLOOD, "behavior": "End.DT2M", "bridge": "blue"},
            {"sid": NEXT_ES1, "behavior": "End.DT2M", "bridge": "blue", "exclude": "es1"},
        ]
        self.node(
            bridges=[BRIDGE],
            ports={port: {"mode": "l2"} for port in (3, 4, 5)},
            sids=[{**sid, "allow-outside-locator": True} for sid in (*replace, *others)],
            policies=[
                {"name": name, "encap": {"mode": "l2encap.red", "flow-label": 0}, "segments": [sid]}
                for name, sid in (("u2", "fcbb:bb00:2:d20::"), ("f2", "fcbb:bb00:2:d21::"))
            ],
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}],
        )

    def carried(self, to: str, dst: str = ALL, header: list[str] | None = None, left: int = 0) -> craft.Packet:
        """A frame in a packet to this destination, with an SRH or without."""
        inner = craft.raw(bytes(frame(dst)), wire.ETHERNET)
        return craft.ip6(PEER, to, inner if header is None else craft.srh(header, sl=left, payload=inner))

    def floods(self, packet: craft.Packet, *ports: int, dst: str = ALL) -> None:
        """Copies leave by these ports, and by no other."""
        self.send(1, packet)
        for port in ports:
            self.expect(port, Frame(frame(dst)))
        self.expect_nothing()

    def arguments(self) -> dict[tuple[int, int], int]:
        """Packets by argument and prefix length."""
        cells = self.router.client.read(DirectCounterEntry("bridge_segment_table"))
        found: dict[tuple[int, int], int] = {}
        for cell in cells:
            assert isinstance(cell, DirectCounterEntry)
            argument = cell.match["argument"]
            assert isinstance(argument, Lpm)
            found[int(str(argument.value)), argument.prefix_len] = cell.packets
        return found


@rfc("9800", "4.2.7")
@rule("RP-13", "RP-14", "DEC-14")
class ArgumentOfReplaceCsid(CsidBridgeTest):
    """Index 0: behind the C-SID; else the place behind in the list. Not there, 0, unknown: nobody is left out."""

    def runTest(self) -> None:
        everybody = (3, 4, 5)
        for prefix in (FLOOD_32, FLOOD_16):
            size = nflen(prefix)
            high = 0x1234 << 16 if size == 32 else 0  # of a place of 32 bits the last 16 count
            last = 128 // size - 1
            first = {"_0": high | ES1}
            es1 = [container(size, **first)]
            middle = [container(size, **{f"_{last - 1}": high | ES2, f"_{last}": 0x70})]
            for to, header, ports in (
                (address(prefix, ES1), None, (3, 5)),
                (address(prefix, ES2), None, (3, 4)),
                (address(prefix), None, everybody),
                (address(prefix, UNKNOWN), None, everybody),
                (address(prefix, ES2), es1, (3, 4)),  # Index 0: the list does not count
                (address(prefix, 0, 1), es1, (3, 5)),
                (address(prefix, ES2, 1), es1, (3, 5)),  # nor does this here
                (address(prefix, 0, last), middle, (3, 4)),
                (address(prefix, ES2, 2), es1, everybody),  # a place with nothing
                (address(prefix, ES1, 1), None, everybody),  # the SRH was popped
                (address(prefix, 0, 1), [container(size, _0=high | UNKNOWN)], everybody),
                (address(prefix, ES1, 1), [], everybody),  # an SRH without a segment
            ):
                with self.subTest(f"{to} {header}"):
                    self.floods(self.carried(to, KNOWN, header), *ports, dst=KNOWN)
        self.expect_no_drop()
        counted = self.arguments()
        assert counted == {(ES1, 16): 6, (ES2, 16): 6, (0, 16): 8, (0, 0): 4}, counted


@rfc("9800", "4.2.7")
@rule("RP-13")
class FirstOfTwoSrhs(CsidBridgeTest):
    """Of two exhausted SRHs the first one has the argument."""

    def runTest(self) -> None:
        inner = craft.raw(bytes(frame(ALL)), wire.ETHERNET)
        second = craft.srh([container(32, _0=ES2)], sl=0, payload=inner)
        packet = craft.ip6(PEER, address(FLOOD_32, 0, 1), craft.srh([container(32, _0=ES1)], sl=0, payload=second))
        self.floods(packet, 3, 5)


@rfc("9800", "4.2.7")
@rule("RP-9", "RP-11", "DEC-1", "DEC-5", "DEC-16")
class UnicastReplaceCsid(CsidBridgeTest):
    """End.DT2U: whatever Argument and Index; known addresses and unknown ones."""

    def runTest(self) -> None:
        for prefix in (UNICAST_32, UNICAST_16):
            for argument, index in ((0, 0), (ES1, 0), (ES1, 3)):
                to = address(prefix, argument, index)
                for header in (None, [container(32, _0=ES1, _2=ES2)]):
                    self.send(1, self.carried(to, KNOWN, header))
                    self.expect_only(3, Frame(frame(KNOWN)))
                    self.floods(self.carried(to, header=header), 3, 4, 5)
        self.expect_no_drop()


@rfc("9800", "4.2.7")
@rule("RP-11", "DEC-1", "DEC-3")
class RefusedAtReplaceCsid(CsidBridgeTest):
    """A segment left, another upper layer, a frame that is too short."""

    def runTest(self) -> None:
        for prefix in (UNICAST_32, FLOOD_32):
            to = address(prefix, 0, 1)
            self.refused(self.carried(to, header=[container(32, _0=ES1)], left=1), "SRH_SEGMENTS_LEFT", 4, 0, 43)
            self.refused(craft.ip6(PEER, to, craft.udp(b"no frame")), "UPPER_LAYER", 4, 4, 40)
            self.send(1, craft.ip6(PEER, to, craft.raw(bytes(frame(ALL))[:15], wire.ETHERNET)))
            self.expect_nothing()
            self.expect_drop("HEADER_TRUNCATED")
            self.router.forget()

    def refused(self, packet: craft.Packet, reason: str, kind: int, code: int, pointer: int) -> None:
        """Dropped for this reason, and its source is told so."""
        self.send(1, packet)
        self.expect_icmp6(2, kind, code, pointer, packet)  # where the remote is
        self.expect_drop(reason)
        self.router.forget()


@rfc("9800", "4.2.8", "6.4")
@rule("RP-6", "RP-7", "RP-13", "RP-14")
class BehindAReplaceCsid(CsidBridgeTest):
    """End with PSP, then End.DT2M, of one node: an argument keeps the SRH, without one it is popped."""

    def runTest(self) -> None:
        csid = 0x00700007
        for places, ports in (({"_2": ES1}, (3, 5)), ({"_2": ES2, "_1": 9}, (3, 4)), ({}, (3, 4, 5))):
            listed = [container(32, _3=csid, **places)]
            self.floods(self.carried("2001:db8:b2:10:1::", header=listed, left=1), *ports)
        self.expect_no_drop()


@rfc("9800", "4.1")
@rule("NX-7", "NX-12", "DEC-14")
class LastInANextContainer(CsidBridgeTest):
    """uN, then End.DT2U or End.DT2M with its argument, in one destination."""

    def runTest(self) -> None:
        for to, ports in self.containers():
            for header in (None, ["fd00:9:9::99"]):
                self.floods(self.carried(to, header=header), *ports)
        self.send(1, self.carried("fcbb:bb00:1:d20::", KNOWN))
        self.expect_only(3, Frame(frame(KNOWN)))
        self.expect_no_drop()

    def containers(self) -> Iterable[tuple[str, tuple[int, ...]]]:
        yield "fcbb:bb00:1:d20::", (3, 4, 5)
        yield "fcbb:bb00:1:d21::", (3, 4, 5)
        yield "fcbb:bb00:1:d21:abcd::", (3, 5)
        yield "fcbb:bb00:1:1:d21:abcd::", (3, 5)  # the node twice
        yield "fcbb:bb00:1:d21:777::", (3, 4, 5)  # not known
