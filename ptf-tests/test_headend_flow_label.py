# SPDX-License-Identifier: Apache-2.0
"""The flow label of the outer header (HE-8; RFC 6437, RFC 6438): hash, copy, 0."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headend_base import HeadendTest, encapsulated, encapsulated_frame, sids
from srv6_base import craft, rfc, rule

BEHAVIOURS = ("H.Encaps", "H.Encaps.Red", "H.Encaps.L2", "H.Encaps.L2.Red")
A, B = "02:00:00:00:0a:01", "02:00:00:00:0a:02"


class Labels(HeadendTest):
    """Outer flow labels of many packets."""

    def labels(self, packets: Iterable[craft.Packet], port: int = 1) -> list[int]:
        return [self.outer_flow_label(port, packet) for packet in packets]

    def differ(self, packets: Iterable[craft.Packet], port: int = 1) -> None:
        """Each of these flows has a label, hardly two the same one."""
        labels = self.labels(packets, port)
        assert 0 not in labels, f"flow label 0 for a flow: {labels}"
        assert len(set(labels)) >= len(labels) - 1, f"flows that differ share labels: {labels}"

    def agree(self, packets: Iterable[craft.Packet], port: int = 1) -> None:
        """All these packets are of one flow."""
        labels = self.labels(packets, port)
        assert len(set(labels)) == 1 and labels[0] != 0, (
            f"one flow, these labels: {[f'{label:#x}' for label in labels]}"
        )


@rfc("6438", "3")
@rfc("8754", "5.5")
@rule("HE-8")
class HashOfIpv6Flows(Labels):
    """Addresses, flow label, protocol and ports make the flow; UDP and TCP."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.headend(mode, sids(3), encap={"flow-label": "hash"})
            base = self.packet6(craft.udp(b"data", 1000, 2000))
            self.differ([
                base,
                self.packet6(craft.udp(b"data", 1001, 2000)),
                self.packet6(craft.udp(b"data", 1000, 2001)),
                self.packet6(craft.udp(b"data", 2000, 1000)),
                self.packet6(craft.tcp(b"data", 1000, 2000)),
                self.packet6(craft.tcp(b"data", 1000, 2001)),
                self.packet6(craft.udp(b"data", 1000, 2000), fl=1),
                self.packet6(craft.udp(b"data", 1000, 2000), fl=0x80000),
                craft.ip6("2001:db8:1::3", "2001:db8:99::9", craft.udp(b"data", 1000, 2000)),
                craft.ip6("2001:db8:1::2", "2001:db8:99::a", craft.udp(b"data", 1000, 2000)),
                craft.ip6("2002:db8:1::2", "2001:db8:99::9", craft.udp(b"data", 1000, 2000)),
            ])  # fmt: skip
            self.agree([
                base,
                base,
                self.packet6(craft.udp(b"other data, longer", 1000, 2000)),
                self.packet6(craft.udp(b"data", 1000, 2000), hl=9),
                self.packet6(craft.udp(b"data", 1000, 2000), tc=0xB8),
            ])  # fmt: skip


@rfc("6438", "3")
@rule("HE-8")
class HashOfIpv4Flows(Labels):
    """Addresses, protocol and ports; not TOS, TTL, Identification or length."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.headend(mode, sids(3), encap={"flow-label": "hash"})
            self.differ([
                self.packet4(craft.udp(b"data", 1000, 2000)),
                self.packet4(craft.udp(b"data", 1001, 2000)),
                self.packet4(craft.udp(b"data", 1000, 2001)),
                self.packet4(craft.tcp(b"data", 1000, 2000)),
                craft.ip4("10.0.1.3", "198.51.100.9", craft.udp(b"data", 1000, 2000)),
                craft.ip4("10.0.1.2", "198.51.100.10", craft.udp(b"data", 1000, 2000)),
                self.packet4(craft.icmp4(8, 0, bytes(8))),
            ])  # fmt: skip
            self.agree([
                self.packet4(craft.udp(b"data", 1000, 2000)),
                self.packet4(craft.udp(b"longer data", 1000, 2000), tos=0xB8),
                self.packet4(craft.udp(b"data", 1000, 2000), ttl=3, ident=99, df=False),
                self.packet4(craft.udp(b"data", 1000, 2000), options=bytes((1, 1, 1, 0))),
            ])  # fmt: skip


@rfc("6438", "3")
@rfc("791", "3.2")
@rule("HE-8")
class FragmentsShareALabel(Labels):
    """All fragments of a packet have one label, though only the first shows ports."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), encap={"flow-label": "hash"})
        fields = {"proto": 17, "df": False, "ident": 7}
        self.agree([self.packet4(craft.udp(b"12345678", 7, 8), mf=True, **fields),
                    self.packet4(b"abcdefgh", mf=True, offset=2, **fields),
                    self.packet4(b"xyz", offset=3, **fields)])  # fmt: skip
        self.agree([self.packet6(craft.fragment(craft.udp(b"12345678", 7, 8), more=True, ident=7)),
                    self.packet6(craft.fragment(b"abcdefgh", offset=2, more=True, ident=7, nh=17)),
                    self.packet6(craft.fragment(b"xyz", offset=3, more=False, ident=7, nh=17))])  # fmt: skip


@rfc("6438", "3")
@rule("HE-8", "ECMP-1")
class HashOfSrv6Packets(Labels):
    """A packet that is SRv6 already: its addresses and flow label are the flow."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), encap={"flow-label": "hash"})
        header = craft.srh(["2001:db8:b::2", "2001:db8:b::1"], sl=1, payload=craft.udp(b"x"))
        self.differ(self.packet6(header, fl=label) for label in range(20))
        self.agree([self.packet6(header, fl=5), self.packet6(header, fl=5, tc=9, hl=9)])


@rfc("6438", "3")
@rule("HE-8", "HE-9")
class HashOfFrames(Labels):
    """MAC addresses, and the flow of the IP packet inside where there is one, tagged or not."""

    def runTest(self) -> None:
        def frame(payload: craft.Payload, **fields: Any) -> craft.Packet:
            return craft.ether(payload, **{"dst": B, "src": A, **fields})

        def udp6(source: int, **fields: Any) -> craft.Packet:
            return craft.ip6("2001:db8:a::1", "2001:db8:a::2", craft.udp(b"x", source, 9), **fields)

        def udp4(source: int, **fields: Any) -> craft.Packet:
            return craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"x", source, 9), **fields)

        for mode in ("l2encap", "l2encap.red"):
            self.headend(mode, sids(2), encap={"flow-label": "hash"})
            self.differ([
                frame(b"a" * 46, ethertype=0x88B5),
                frame(b"a" * 46, ethertype=0x88B5, src="02:00:00:00:0a:03"),
                frame(b"a" * 46, ethertype=0x88B5, dst="02:00:00:00:0a:04"),
                frame(udp6(1)), frame(udp6(2)), frame(udp6(1, fl=7)), frame(udp6(1), vlan=9, dst="02:00:00:00:0a:05"),
                frame(udp4(1)), frame(udp4(2)), frame(udp4(2), vlan=9, dst="02:00:00:00:0a:05"),
            ], 3)  # fmt: skip
            self.agree([frame(udp6(1)), frame(udp6(1, hl=3)), frame(udp6(1, tc=3))], 3)
            self.agree([frame(udp4(1)), frame(udp4(1, ttl=3)), frame(udp4(1, tos=3))], 3)
            self.agree([frame(b"a" * 46, ethertype=0x88B5), frame(b"b" * 90, ethertype=0x88B5)], 3)


@rfc("6437", "2")
@rule("HE-8")
class HashIsUniform(Labels):
    """250 flows: (nearly) as many labels, none 0, each of the 20 bits set in a third to two thirds of them."""

    def runTest(self) -> None:
        self.headend("encap", sids(2), encap={"flow-label": "hash"})
        labels = self.labels(self.packet6(craft.udp(b"x", 1024 + i, 53)) for i in range(250))
        assert 0 not in labels
        assert len(set(labels)) >= 245, f"{len(set(labels))} labels for 250 flows"
        for bit in range(20):
            ones = sum(label >> bit & 1 for label in labels)
            assert 83 <= ones <= 167, f"bit {bit} is set in {ones} of 250 labels"


@rfc("6437", "3")
@rule("HE-8")
class Copied(HeadendTest):
    """``copy``: the label of the inner IPv6 packet, 0 included; IPv4 packets and frames have none to copy."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.headend(mode, sids(2), encap={"flow-label": "copy"})
            for label in (0, 1, 0xABCDE, 0xFFFFF):
                packet = self.packet6(fl=label)
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, sids(2), mode=mode, fl=label))
            packet = self.packet4()
            self.send(1, packet)
            self.expect_only(2, encapsulated(packet, sids(2), mode=mode, fl=0))


@rfc("6437", "3")
@rule("HE-8")
class Zero(HeadendTest):
    """``0``: no label, whatever the inner packet has."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red"):
            self.headend(mode, sids(2), encap={"flow-label": 0})
            for packet in (self.packet6(fl=0xABCDE), self.packet4()):
                self.send(1, packet)
                self.expect_only(2, encapsulated(packet, sids(2), mode=mode, fl=0))


@rfc("8754", "5.5")
@rule("HE-8")
class HashIsTheDefault(HeadendTest):
    """A policy that says nothing hashes; the rest of the packet is as without hash, behaviour by behaviour."""

    def runTest(self) -> None:
        for mode in ("encap", "encap.red", "l2encap", "l2encap.red"):
            layer2 = mode.startswith("l2")
            self.node(
                ports={3: {"mode": "l2", "policy": "north"}} if layer2 else {},
                policies=[{"name": "north", "encap": {"mode": mode}, "segments": sids(3)}],
                steering=[] if layer2 else [{"prefix": "2001:db8:99::/64", "policy": "north"}],
                routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"}],
            )
            packet = self.packet6(fl=0x77777)
            frame = craft.ether(packet, dst=B, src=A)
            port, sent = (3, frame) if layer2 else (1, packet)
            label = self.outer_flow_label(port, sent)
            assert label not in (0, 0x77777), f"{label:#x} is no hash"
            self.send(port, sent)
            if layer2:
                self.expect_only(2, encapsulated_frame(frame, sids(3), mode=mode, fl=label))
            else:
                self.expect_only(2, encapsulated(packet, sids(3), mode=mode, fl=label))
