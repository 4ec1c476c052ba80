# SPDX-License-Identifier: Apache-2.0
"""Bridge domains: circuits, remotes, End.DT2U and End.DT2M (RFC 8986 4.11, 4.12, 5.3)."""

from __future__ import annotations

from typing import Any

from headend_base import encapsulated_frame
from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire
from srv6cp.p4rt import TableEntry

BEHAVIOURS = ("End.DT2U", "End.DT2M")
PEER, OTHER = "fcbb:bb00:2::1", "fcbb:bb00:3::1"
UNICAST, FLOOD = "fcbb:bb00:1:d20::", "fcbb:bb00:1:d21::"
ARGUMENT, UNKNOWN_ARGUMENT = "fcbb:bb00:1:d21:1::", "fcbb:bb00:1:d21:7::"
PEER_UNICAST, PEER_FLOOD, PEER_ES = "fcbb:bb00:2:d20::", "fcbb:bb00:2:d21::", "fcbb:bb00:2:d21:9::"
ONE, TWO, FAR, ALL = "02:aa:00:00:00:01", "02:aa:00:00:00:02", "02:aa:00:00:00:0f", "ff:ff:ff:ff:ff:ff"
GROUP = "33:33:00:00:00:01"
BRIDGE: dict[str, Any] = {
    "name": "blue",
    "circuits": [
        {"port": 3},
        {"port": 4, "segment": "es1"},
        {"port": 5, "vlan": 100, "tag": "pop"},
        {"port": 6, "vlan": 200, "tag": 300},
    ],
    "remotes": [
        {"name": "pe2", "source": PEER, "unicast": "u2", "flood": "f2", "segments": {"es1": "e2"}},
        {"name": "pe3", "source": OTHER, "unicast": "u3", "flood": "f3"},
    ],
    "static": [{"mac": ONE, "at": 3}, {"mac": TWO, "at": "5.100"}, {"mac": FAR, "at": "pe2"}],
}


def frame(dst: str, src: str = ONE, payload: bytes = b"payload of a frame", **fields: Any) -> wire.Part:
    """A frame of an experimental type: as it is sent."""
    return wire.ether(payload, dst=dst, src=src, ethertype=0x88B5, **fields)


class BridgeTest(Srv6Test):
    """Four circuits and two remotes."""

    def setUp(self) -> None:
        super().setUp()
        segments = {"u2": PEER_UNICAST, "f2": PEER_FLOOD, "e2": PEER_ES}
        segments |= {"u3": "fcbb:bb00:3:d20::", "f3": "fcbb:bb00:3:d21::"}
        self.node(
            bridges=[BRIDGE],
            ports={3: {"mode": "l2"}, 4: {"mode": "l2"}},
            sids=[
                {"sid": f"{UNICAST}/64", "behavior": "End.DT2U", "bridge": "blue"},
                {"sid": f"{FLOOD}/64", "behavior": "End.DT2M", "bridge": "blue"},
                {"sid": f"{ARGUMENT}/80", "behavior": "End.DT2M", "bridge": "blue", "exclude": "es1"},
            ],
            policies=[
                {"name": name, "encap": {"mode": "l2encap.red", "flow-label": 0}, "segments": [each]}
                for name, each in segments.items()
            ],
            routes=[
                {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"},
                {"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:7::2"},
            ],
        )

    def expect_all(self, expected: dict[int, Any]) -> None:
        for port, packet in expected.items():
            self.expect(port, packet)
        self.expect_nothing()

    def tunnelled(self, segment: str, inner: wire.Part) -> wire.Part:
        return encapsulated_frame(inner, [segment], mode="l2encap.red")

    def carried(self, sid: str, inner: wire.Part, source: str = PEER) -> craft.Packet:
        return craft.ip6(source, sid, craft.raw(bytes(inner), wire.ETHERNET))


@rfc("8986", "5.3")
@rule("HE-9", "DEC-5")
class FloodsFromACircuit(BridgeTest):
    """Broadcast, multicast, unknown: to every other circuit with its own tag, and to each remote; never back."""

    def runTest(self) -> None:
        for dst in (ALL, GROUP, "02:bb:00:00:00:99"):
            plain = frame(dst)
            self.send(3, Frame(plain))
            self.expect_all(
                {
                    4: Frame(plain),
                    5: Frame(frame(dst, vlan=100)),
                    6: Frame(frame(dst, vlan=200)),
                    2: self.tunnelled(PEER_FLOOD, plain),
                    7: self.tunnelled("fcbb:bb00:3:d21::", plain),
                }
            )
        self.expect_no_drop()


@rfc("8986", "4.12")
@rule("DEC-14", "DEC-16")
class FloodsWithTheArgumentOfTheRemote(BridgeTest):
    """From a circuit of an Ethernet segment: the copy to a remote goes to the SID with the argument of the segment."""

    def runTest(self) -> None:
        plain = frame(ALL, "02:aa:00:00:00:44")
        self.send(4, Frame(plain))
        self.expect_all(
            {
                3: Frame(plain),
                5: Frame(frame(ALL, "02:aa:00:00:00:44", vlan=100)),
                6: Frame(frame(ALL, "02:aa:00:00:00:44", vlan=200)),
                2: self.tunnelled(PEER_ES, plain),
                7: self.tunnelled("fcbb:bb00:3:d21::", plain),
            }
        )


@rule("DEC-9", "HE-9")
class TagsOfCircuits(BridgeTest):
    """A tag is taken off, or becomes another one, when the frame enters; each way out puts on its own."""

    def runTest(self) -> None:
        self.send(5, Frame(frame(FAR, TWO, vlan=0xA000 | 100)))
        self.expect_only(2, self.tunnelled(PEER_UNICAST, frame(FAR, TWO)))
        self.send(6, Frame(frame(FAR, TWO, vlan=0xA000 | 200)))
        self.expect_only(2, self.tunnelled(PEER_UNICAST, frame(FAR, TWO, vlan=0xA000 | 300)))
        self.send(6, Frame(frame(TWO, "02:aa:00:00:00:66", vlan=200)))
        self.expect_only(5, Frame(frame(TWO, "02:aa:00:00:00:66", vlan=(100, 300))))
        self.send(3, Frame(frame(FAR, vlan=(7, 8))))
        self.expect_only(2, self.tunnelled(PEER_UNICAST, frame(FAR, vlan=(7, 8))))
        self.expect_no_drop()


@rule("DEC-5", "DEC-16")
class KnownAddresses(BridgeTest):
    """To where the address is, without a copy; back to where the frame came from it does not go."""

    def runTest(self) -> None:
        self.send(4, Frame(frame(ONE, "02:aa:00:00:00:44")))
        self.expect_only(3, Frame(frame(ONE, "02:aa:00:00:00:44")))
        self.send(3, Frame(frame(ONE, "02:aa:00:00:00:33")))
        self.expect_nothing()
        self.expect_drop("SPLIT_HORIZON")


@rfc("8986", "4.11")
@rule("DEC-1", "DEC-2", "DEC-3", "DEC-4", "DEC-5", "CNT-1")
class Dt2u(BridgeTest):
    """To the circuit of the address; an unknown one to all circuits; never to a remote."""

    def runTest(self) -> None:
        inner = frame(TWO, FAR)
        size = 0
        for packet in (
            self.carried(UNICAST, inner),
            craft.ip6(PEER, UNICAST, craft.srh([UNICAST], sl=0, payload=craft.raw(bytes(inner), wire.ETHERNET))),
        ):
            self.send(1, packet)
            self.expect_only(5, Frame(frame(TWO, FAR, vlan=100)))
            size += len(packet)
        unknown = frame("02:bb:00:00:00:99", FAR, vlan=9)
        packet = self.carried(UNICAST, unknown)
        self.send(1, packet)
        self.expect_all(
            {
                3: Frame(unknown),
                4: Frame(unknown),
                5: Frame(frame("02:bb:00:00:00:99", FAR, vlan=(100, 9))),
                6: Frame(frame("02:bb:00:00:00:99", FAR, vlan=200)),
            }
        )
        self.expect_no_drop()
        self.expect_sid_counter(f"{UNICAST}/64", packets=3, size=size + len(packet))
        self.send(1, self.carried(UNICAST, frame(FAR, ONE), OTHER))
        self.expect_nothing()
        self.expect_drop("SPLIT_HORIZON")


@rfc("8986", "4.12")
@rule("DEC-5", "DEC-14")
class Dt2m(BridgeTest):
    """To all circuits, but for those that the argument stands for; an argument that is not known excludes none."""

    def runTest(self) -> None:
        for dst in (ALL, ONE):  # also where it is known
            self.argument(dst)

    def argument(self, dst: str) -> None:
        self.router.forget()
        inner = frame(dst, FAR)
        circuits = {
            3: Frame(inner),
            4: Frame(inner),
            5: Frame(frame(dst, FAR, vlan=100)),
            6: Frame(frame(dst, FAR, vlan=200)),
        }
        for sid in (FLOOD, UNKNOWN_ARGUMENT):
            self.send(1, self.carried(sid, inner))
            self.expect_all(circuits)
        self.send(1, self.carried(ARGUMENT, inner))
        self.expect_all({port: each for port, each in circuits.items() if port != 4})
        self.expect_no_drop()
        assert self.sid_counter(f"{FLOOD}/64").packets % 2 == 0
        assert self.sid_counter(f"{ARGUMENT}/80").packets == self.sid_counter(f"{FLOOD}/64").packets // 2


@rule("DEC-1", "DEC-3", "UL-3")
class Dt2Refuses(BridgeTest):
    """Segments left, another upper layer, a frame that is too short."""

    def runTest(self) -> None:
        for sid in (UNICAST, FLOOD):
            left = craft.ip6(
                PEER, sid, craft.srh(["2001:db8::5", sid], sl=1, payload=craft.raw(bytes(frame(ALL)), wire.ETHERNET))
            )
            self.send(1, left)
            self.expect_drop("SRH_SEGMENTS_LEFT")
            self.testbed.take_all(1)
            self.router.forget()
            self.send(1, self.carried(sid, craft.raw(bytes(frame(ALL))[:15], wire.ETHERNET)))
            self.expect_nothing()
            self.expect_drop("HEADER_TRUNCATED")
            self.router.forget()


@rule("DEC-16")
class DropsOfABridge(BridgeTest):
    """Nobody else in the domain; more copies than the budget of the port; a way out that the tables do not have."""

    def runTest(self) -> None:
        plain = frame(ALL, "02:aa:00:00:00:33")
        self.node(bridges=[{"name": "blue", "circuits": [{"port": 3}]}], ports={3: {"mode": "l2"}})
        self.send(3, Frame(plain))
        self.expect_nothing()
        self.expect_drop("BRIDGE_ALONE")

        every = {"name": "blue", "circuits": [{"port": 3, "segment": "es1"}]}
        flood = {"behavior": "End.DT2M", "bridge": "blue"}
        self.node(
            bridges=[every],
            ports={3: {"mode": "l2"}},
            sids=[{"sid": f"{FLOOD}/64", **flood}, {"sid": f"{ARGUMENT}/80", **flood, "exclude": "es1"}],
        )
        self.send(1, self.carried(ARGUMENT, plain))
        self.expect_nothing()
        self.expect_drop("BRIDGE_ALONE")
        self.send(1, self.carried(FLOOD, plain))
        self.expect_all({3: Frame(plain)})
        self.expect_no_drop()

        both = {"name": "blue", "circuits": [{"port": 3}, {"port": 4}]}
        ports = {3: {"mode": "l2"}, 4: {"mode": "l2"}}
        self.node(bridges=[both], ports=ports, limits={"passes": {"rate": 1, "burst": 3}})
        for _ in range(9):
            self.send(3, Frame(plain))
            self.router.settle()
        lost = self.router.drops().get("COPY_BUDGET", 0)
        assert 0 < lost <= 9 - 3, lost
        for _ in range(9 - lost):
            self.expect(4, Frame(plain))
        self.expect_nothing()
        self.router.forget()

        self.node(bridges=[both], ports=ports)
        for entry in list(self.router.client.read(TableEntry("replica_table"))):
            self.router.client.delete(entry)
        self.send(3, Frame(plain))
        self.expect_nothing()
        self.expect_drop("REPLICA_INVALID")
        self.router.forget()
