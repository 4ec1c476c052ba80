# SPDX-License-Identifier: Apache-2.0
"""End.Replicate (RFC 9524): roles, branches, this node's own copy, and what nobody is told."""

from __future__ import annotations

from typing import Any

from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire
from srv6cp.p4rt import TableEntry

BEHAVIOURS = ("End.Replicate",)
SOURCE = "fcbb:bb00:1::1"
ROOT = "2001:db8:1::2"  # behind port 1
BUD, TRANSIT, LEAF, PLAIN, BRIDGED = (f"fcbb:bb00:1:e{n}::" for n in range(5))
DT46, DT2M, END = "fcbb:bb00:1:d46::", "fcbb:bb00:1:d21::", "fcbb:bb00:1:1::"
# Replication-SIDs of other nodes: by next hop, by route, by policy.
BY_HOP, BY_ROUTE, BY_POLICY = "fcbb:bb00:2:e::", "fcbb:bb00:3:e::", "fcbb:bb00:4:e::"
WAY = ["fcbb:bb00:5::", "fcbb:bb00:6::"]
INNER6, INNER4 = "2001:db8:92::1", "198.51.100.1"  # behind port 4, in VRF blue
SEGMENTS: list[dict[str, Any]] = [
    {
        "name": "bud",
        "branches": [
            {"sid": BY_HOP, "via": "2001:db8:2::2"},
            {"sid": BY_ROUTE},
            {"sid": BY_POLICY, "policy": "way"},
        ],
        "context": DT46,
    },
    {
        "name": "transit",
        "branches": [{"sid": BY_HOP, "via": "2001:db8:2::2"}, {"sid": BY_ROUTE}],
        "hop-limit-threshold": 5,
    },
    {"name": "leaf", "context": DT46},
    {"name": "plain", "leaf": True},
    {"name": "bridged", "context": DT2M},
]
SIDS = [
    {"sid": f"{sid}/64", "behavior": "End.Replicate", "replication": segment["name"]}
    for sid, segment in zip((BUD, TRANSIT, LEAF, PLAIN, BRIDGED), SEGMENTS, strict=True)
]


def copied(packet: wire.Packet, sid: str, *, hops: int = 1) -> wire.Part:
    """The copy of a packet for a branch: hop limit, destination, and nothing else."""
    moved = bytearray(wire.hop(packet, hops))
    moved[24:40] = wire.v6(sid)
    return wire.Part(bytes(moved), wire.IPV6)


class ReplicateTest(Srv6Test):
    """A node with a segment of every role."""

    def setUp(self) -> None:
        super().setUp()
        self.tree()

    def tree(self, segments: Any = (), **config: Any) -> None:
        given = {each["name"]: each for each in segments}
        self.node(
            **{
                "replication_segments": [given.get(each["name"], each) for each in SEGMENTS],
                "vrfs": ["blue"],
                "ports": {4: {"vrf": "blue"}, 5: {"mode": "l2"}},
                "bridges": [{"name": "red", "circuits": [{"port": 5}, {"port": 6, "vlan": 100, "tag": "pop"}]}],
                "sids": [
                    *SIDS,
                    {"sid": f"{DT46}/64", "behavior": "End.DT46", "vrf": "blue"},
                    {"sid": f"{DT2M}/64", "behavior": "End.DT2M", "bridge": "red"},
                    {"sid": f"{END}/64", "behavior": "End"},
                ],
                "policies": [{"name": "way", "encap": {"mode": "encap", "flow-label": 0}, "segments": WAY}],
                "routes": [
                    {"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:3::2"},
                    {"prefix": "fcbb:bb00:5::/48", "via": "2001:db8:7::2"},
                    {"prefix": "2001:db8:92::/48", "via": "2001:db8:4::2", "vrf": "blue"},
                    {"prefix": "198.51.100.0/24", "via": "10.0.4.2", "vrf": "blue"},
                ],
                **config,
            }
        )

    def copies(self, expected: dict[int, Any]) -> None:
        for port, packet in expected.items():
            self.expect(port, packet)
        self.expect_nothing()

    def branches(self, packet: wire.Packet) -> dict[int, Any]:
        """What the branches of the bud, or of the transit node (the first two), get."""
        inner = copied(packet, BY_POLICY)
        srh = wire.srh([WAY[1]], sl=1, payload=inner)
        tc = int.from_bytes(inner[:2], "big") >> 4 & 0xFF
        return {
            2: copied(packet, BY_HOP),
            3: copied(packet, BY_ROUTE),
            7: wire.ip6(SOURCE, WAY[0], srh, hl=64, tc=tc),
        }

    def silently(self, packet: Any, reason: str, *, vlan: int | tuple[int, ...] = ()) -> None:
        """Dropped for that reason, and nobody is told."""
        self.send(1, packet, vlan=vlan)
        self.expect_nothing()
        self.expect_drop(reason)


def inner6(**fields: Any) -> craft.Packet:
    return craft.ip6("2001:db8:81::1", INNER6, craft.udp(b"to everybody"), **fields)


def inner4(**fields: Any) -> craft.Packet:
    return craft.ip4("203.0.113.1", INNER4, craft.udp(b"to everybody"), **fields)


@rfc("9524", "2.2", "2.2.1")
@rule("RE-1", "RE-2", "RE-3", "CNT-1")
class Transit(ReplicateTest):
    """A copy by next hop and one by route: destination and hop limit are other ones, nothing else is."""

    def runTest(self) -> None:
        size = 0
        packets = [
            craft.ip6(ROOT, TRANSIT, inner6(), hl=9, tc=0xB9, fl=0x12345),
            craft.ip6(ROOT, TRANSIT, craft.raw(b"anything", 253)),
            craft.ip6(ROOT, TRANSIT, craft.dstopt(craft.udp(b"behind options"), b"\1\4\0\0\0\0")),
            craft.ip6(ROOT, TRANSIT, craft.srh([DT46], sl=1, payload=inner4())),
            craft.ip6(ROOT, TRANSIT, craft.srh(["::1", "ff02::1"], sl=2, flags=0xFF, tag=7, payload=inner4())),
            craft.ip6(ROOT, TRANSIT, craft.srh([DT46], sl=1, tlvs=[craft.hmac_tlv(1, bytes(32), d=True)], payload=b"")),
            craft.ip6(ROOT, TRANSIT, craft.srh([TRANSIT], sl=0, payload=craft.udp(b"exhausted"))),
            craft.ip6(ROOT, TRANSIT, craft.fragment(craft.udp(b"piece"))),
        ]
        for packet in packets:
            sent = wire.unchanged(bytes(packet))
            self.send(1, packet)
            self.copies({2: copied(sent, BY_HOP), 3: copied(sent, BY_ROUTE)})
            size += len(sent)
        self.expect_no_drop()
        self.expect_sid_counter(f"{TRANSIT}/64", packets=len(packets), size=size)


@rfc("9524", "2.2.1")
@rule("RE-1", "RE-3", "RE-4", "DEC-4")
class Bud(ReplicateTest):
    """Branches by next hop, route and segment list, and what is inside to this node's VRF, IPv6 and IPv4."""

    def runTest(self) -> None:
        for inner in (inner6(), inner4()):
            packet = craft.ip6(ROOT, BUD, inner, tc=0x28)
            self.send(1, packet)
            self.copies({**self.branches(bytes(packet)), 4: wire.hop(bytes(inner))})
        packet = craft.ip6(ROOT, BUD, inner6())
        self.send(1, packet, vlan=0)
        self.copies({**self.branches(bytes(packet)), 4: wire.hop(bytes(inner6()))})
        self.expect_no_drop()
        self.expect_sid_counter(f"{BUD}/64", packets=3)
        self.expect_sid_counter(f"{DT46}/64", packets=3)


@rfc("9524", "2.2.1")
@rule("RE-3", "RE-4")
class Leaf(ReplicateTest):
    """Without an SRH, with an exhausted one: the context of the segment. One hop is enough, since it is local."""

    def runTest(self) -> None:
        exhausted = craft.srh([LEAF], sl=0, payload=inner4())
        for packet, inner in (
            (craft.ip6(ROOT, LEAF, inner6(), hl=2), inner6()),
            (craft.ip6(ROOT, LEAF, inner4()), inner4()),
            (craft.ip6(ROOT, LEAF, exhausted), inner4()),
            (craft.ip6(ROOT, LEAF, craft.dstopt(inner6(), b"\1\4\0\0\0\0")), inner6()),
        ):
            self.send(1, packet)
            self.copies({4: wire.hop(bytes(inner))})
        self.expect_no_drop()
        self.expect_sid_counter(f"{LEAF}/64", packets=4)


@rfc("9524", "2.2.1")
@rule("RE-4", "RE-9")
class ContextInTheList(ReplicateTest):
    """The next segment of the list is the context, whatever that of the segment is; only one may be left."""

    def runTest(self) -> None:
        for sid, srh in (
            (LEAF, craft.srh([DT46], sl=1, payload=inner4())),  # reduced
            (PLAIN, craft.srh([DT46, PLAIN], sl=1, payload=inner4())),
            (BRIDGED, craft.srh([DT46], sl=1, tlvs=[craft.hmac_tlv(1, bytes(32), d=True)], payload=inner4())),
        ):
            self.send(1, craft.ip6(ROOT, sid, srh))
            self.copies({4: wire.hop(bytes(inner4()))})
        bud = craft.ip6(ROOT, BUD, craft.srh([DT46], sl=1, payload=inner6()))
        self.send(1, bud)
        self.copies({**self.branches(bytes(bud)), 4: wire.hop(bytes(inner6()))})
        self.expect_no_drop()
        left = craft.srh([DT46, DT46], sl=2, payload=inner4())
        self.silently(craft.ip6(ROOT, LEAF, left), "REPLICATION_SEGMENTS_LEFT")


@rfc("9524", "2.2.1")
@rule("RE-4", "DEC-5")
class FramesToABridge(ReplicateTest):
    """A frame inside goes to the circuits of the bridge domain of the context; so it does at a VLAN of the root."""

    def runTest(self) -> None:
        frame = wire.ether(b"payload of a frame", dst="33:33:00:00:00:07", src="02:aa:00:00:00:01", ethertype=0x88B5)
        tagged = wire.ether(
            b"payload of a frame", dst="33:33:00:00:00:07", src="02:aa:00:00:00:01", ethertype=0x88B5, vlan=100
        )
        for payload in (
            craft.raw(bytes(frame), wire.ETHERNET),
            craft.srh([DT2M], sl=1, payload=craft.raw(bytes(frame), wire.ETHERNET)),
        ):
            self.send(1, craft.ip6(ROOT, BRIDGED, payload))
            self.copies({5: Frame(frame), 6: Frame(tagged)})
        self.expect_no_drop()


@rfc("9524", "2.2.3")
@rule("RE-1", "RE-6")
class RefusesSilently(ReplicateTest):
    """Hop limit, threshold, state, context, upper layer: dropped, and nobody is told."""

    def runTest(self) -> None:
        for hl in (0, 1):
            self.silently(craft.ip6(ROOT, TRANSIT, inner6(), hl=hl), "HOP_LIMIT_EXCEEDED")
            self.silently(craft.ip6(ROOT, LEAF, inner6(), hl=hl), "HOP_LIMIT_EXCEEDED")
        self.silently(craft.ip6(ROOT, TRANSIT, inner6(), hl=4), "REPLICATION_HOP_LIMIT")
        self.send(1, craft.ip6(ROOT, TRANSIT, inner6(), hl=5))
        self.copies(
            {
                2: copied(bytes(craft.ip6(ROOT, TRANSIT, inner6(), hl=5)), BY_HOP),
                3: copied(bytes(craft.ip6(ROOT, TRANSIT, inner6(), hl=5)), BY_ROUTE),
            }
        )
        self.silently(craft.ip6(ROOT, LEAF, craft.raw(b"experiment", 253)), "UPPER_LAYER")
        self.silently(craft.ip6(ROOT, LEAF, craft.fragment(craft.udp(b"piece"))), "FRAGMENT_AT_SID")
        self.silently(craft.ip6(ROOT, PLAIN, inner6()), "REPLICATION_CONTEXT")
        for context in ("fcbb:bb00:2:d46::", BUD, "::", "2001:db8:2::2"):
            packet = craft.ip6(ROOT, LEAF, craft.srh([context], sl=1, payload=inner4()))
            self.silently(packet, "REPLICATION_CONTEXT")
        end = craft.ip6(ROOT, LEAF, craft.srh([END], sl=1, payload=craft.raw(b"experiment", 253)))
        self.silently(end, "UPPER_LAYER")
        assert self.punts() == {}, self.punts()


@rfc("9524", "2.2.1")
@rule("RE-1", "RE-6")
class StateIsGone(ReplicateTest):
    """No such replication segment, no such copy: dropped with a reason of its own."""

    def runTest(self) -> None:
        for table, reason, lost in (
            ("packet_copy_table", "REPLICA_INVALID", 2),
            ("replication_segment_table", "REPLICATION_STATE", 1),
        ):
            for entry in list(self.router.client.read(TableEntry(table))):
                self.router.client.delete(entry)
            self.send(1, craft.ip6(ROOT, TRANSIT, inner6()))
            self.expect_nothing()
            self.expect_drop(reason, lost)
        self.router.forget()


@rfc("9524", "2.2.3")
@rule("RE-6")
class NobodyIsToldOfBranches(ReplicateTest):
    """A branch without a route, one with a next hop that nobody knows: its copy is lost, the others go on."""

    def runTest(self) -> None:
        self.tree(
            [{"name": "transit", "branches": [{"sid": "fcbb:bb00:dead::"}, {"sid": BY_ROUTE}]}],
        )
        packet = craft.ip6(ROOT, TRANSIT, inner6())
        self.send(1, packet)
        self.copies({3: copied(bytes(packet), BY_ROUTE)})
        self.expect_drop("NO_ROUTE")
        assert self.punts() == {}, self.punts()


@rfc("9524", "2.2.3")
@rfc("4443", "2.4")
@rule("RE-6")
class TellsOfSizeAndOptions(ReplicateTest):
    """Packet Too Big and Parameter Problem of code 2 are all that is sent, the latter as for a group."""

    def runTest(self) -> None:
        self.tree(ports={4: {"vrf": "blue"}, 5: {"mode": "l2"}, 3: {"mtu": 1400}})
        packet = craft.ip6(ROOT, TRANSIT, craft.udp(bytes(1380)))
        self.send(1, packet)
        self.expect(2, copied(bytes(packet), BY_HOP))
        # What is quoted came into the pass of the copy: one hop less.
        self.expect_icmp6(1, 2, 0, 1400, wire.hop(bytes(packet)))
        self.expect_nothing()
        self.expect_drop("PACKET_TOO_BIG")
        unknown = craft.ip6(ROOT, TRANSIT, craft.dstopt(craft.udp(b""), b"\x80\4\0\0\0\0"))
        self.send(1, unknown)
        self.expect_icmp6(1, 4, 2, 42, bytes(unknown))
        self.expect_drop("OPTION")
        for kind in (0x40, 0xC0):  # discard; report, unless to a group
            self.silently(
                craft.ip6(ROOT, TRANSIT, craft.dstopt(craft.udp(b""), bytes((kind, 4, 0, 0, 0, 0)))), "OPTION"
            )


@rfc("9524", "2.2.2")
@rule("RE-5", "RE-6")
class Ping(ReplicateTest):
    """Who is pinged is the one whose Replication-SID the checksum is over; a transit node never looks."""

    def runTest(self) -> None:
        for sid in (LEAF, PLAIN):
            request = craft.ip6(ROOT, sid, craft.echo_request())
            self.send(1, request)
            self.expect_only(1, wire.ip6(sid, ROOT, wire.echo_reply(sid, ROOT), hl=64))
        # To a leaf behind this one: the checksum is over its SID, so the bud's own copy is none of the bud's.
        message = bytes(craft.ip6(ROOT, BY_HOP, craft.echo_request()))[40:]
        checksum = int.from_bytes(message[2:4], "big")
        foreign = craft.ip6(ROOT, BUD, craft.icmp6(128, 0, message[4:], csum=checksum))
        self.send(1, foreign)
        self.copies(self.branches(bytes(foreign)))
        request = craft.ip6(ROOT, TRANSIT, craft.echo_request())
        self.send(1, request)
        self.copies({2: copied(bytes(request), BY_HOP), 3: copied(bytes(request), BY_ROUTE)})
        self.expect_no_drop()


@rfc("9524", "2.2")
@rule("RE-3", "RE-7")
class Root(ReplicateTest):
    """H.Encaps.Red to a Replication-SID of this node (head), and to that of another one by way of a segment list."""

    def runTest(self) -> None:
        policies = [
            {"name": "way", "encap": {"mode": "encap", "flow-label": 0}, "segments": WAY},
            {"name": "own", "encap": {"mode": "encap.red", "flow-label": 0, "hop-limit": 30}, "segments": [TRANSIT]},
            {
                "name": "merged",
                "encap": {"mode": "encap.red", "flow-label": 0, "hop-limit": 30},
                "segments": [WAY[0], BY_ROUTE, "fcbb:bb00:9:d46::"],
            },
        ]
        self.tree(
            policies=policies,
            steering=[
                {"prefix": "2001:db8:aa::/48", "policy": "own"},
                {"prefix": "2001:db8:bb::/48", "policy": "merged"},
            ],
        )
        packet = craft.ip6(ROOT, "2001:db8:aa::1", craft.udp(b"service"))
        self.send(1, packet)
        outer = wire.ip6(SOURCE, TRANSIT, wire.hop(bytes(packet)), hl=30)
        self.copies({2: copied(outer, BY_HOP), 3: copied(outer, BY_ROUTE)})
        packet = craft.ip6(ROOT, "2001:db8:bb::1", craft.udp(b"service"))
        self.send(1, packet)
        srh = wire.srh(["fcbb:bb00:9:d46::", BY_ROUTE], sl=2, payload=wire.hop(bytes(packet)))
        self.copies({7: wire.ip6(SOURCE, WAY[0], srh, hl=30)})
        self.expect_no_drop()


@rule("RE-1", "RE-9")
class LoopsEnd(ReplicateTest):
    """Two segments of this node that lead to each other: each visit costs a hop, and the copies end."""

    def runTest(self) -> None:
        self.tree([{"name": "transit", "branches": [{"sid": TRANSIT}], "hop-limit-threshold": 0}])
        self.silently(craft.ip6(ROOT, TRANSIT, inner6(), hl=5), "HOP_LIMIT_EXCEEDED")
        self.silently(craft.ip6(ROOT, TRANSIT, inner6(), hl=255), "SID_VISIT_LIMIT")


@rule("RE-1")
class CopyBudget(ReplicateTest):
    """Copies take from the passes of the port that the packet came by."""

    def runTest(self) -> None:
        self.tree(limits={"passes": {"rate": 1, "burst": 3}})
        for _ in range(4):
            self.send(1, craft.ip6(ROOT, TRANSIT, inner6()))
            self.router.settle()
        lost = self.router.drops().get("COPY_BUDGET", 0)
        assert 0 < lost <= 8 - 3, lost
        left = sum(len(self.testbed.take_all(port)) for port in (2, 3))
        assert left == 8 - lost, left
        self.router.forget()


@rule("RE-2")
class Tagged(ReplicateTest):
    """From a VLAN, with the padding of the link behind the packet: copies have neither."""

    def runTest(self) -> None:
        self.tree(
            ports={
                4: {"vrf": "blue"},
                5: {"mode": "l2"},
                1: {"vlans": {100: {"addresses": ["2001:db8:11::1/64"]}}},
            },
            neighbors=[{"address": "2001:db8:11::2", "port": "1.100", "mac": self.neighbor_mac(1)}],
        )
        packet = craft.ip6("2001:db8:11::2", BUD, inner4())
        frame = bytes(self.frame_in(1, packet, vlan=100)) + bytes(20)
        self.send(1, Frame(frame))
        self.copies({**self.branches(bytes(packet)), 4: wire.hop(bytes(inner4()))})
        self.expect_no_drop()
