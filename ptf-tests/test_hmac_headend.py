# SPDX-License-Identifier: Apache-2.0
"""HMACs that a headend makes (RFC 8754 2.1.2): the TLV and its digest in every SRH of a policy with a key.

A packet comes in by port 1 and leaves by port 2, towards the first segment.
"""

from __future__ import annotations

from typing import Any

from harness import defaults, hmac
from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("TLVs and HMAC",)

HOST, TARGET = "2001:db8:1::2", "2001:db8:81::1"
FIRST = "fcbb:bb00:2::"
KEY_ID, KEY = 42, "secret-key-for-srv6-test"
SHA1_ID, LINUX_ID, LINUX_SHA1_ID = 44, 45, 46
KEYS: list[dict[str, Any]] = [
    {"id": KEY_ID, "secret": KEY},
    {"id": SHA1_ID, "secret": KEY, "algorithm": "sha1"},
    {"id": LINUX_ID, "secret": KEY, "text": "linux"},
    {"id": LINUX_SHA1_ID, "secret": KEY, "algorithm": "sha1", "text": "linux"},
]


def path(length: int) -> list[str]:
    """Segments in the order of the path."""
    return [FIRST, *(f"fcbb:bb00:{number:x}::" for number in range(3, length + 2))]


class HeadendTest(Srv6Test):
    """Routes that lead into a policy whose SRH gets an HMAC."""

    profile = "hmac"

    def headend(self, segments: list[str], mode: str, key_id: int = KEY_ID, **config: Any) -> None:
        ports = {port: {"mtu": 9000} for port in (1, 2)}
        self.node(
            hmac_keys=KEYS,
            ports={**ports, **config.pop("ports", {})},
            policies=[{"name": "p", "segments": segments, "encap": {"mode": mode, "hmac": key_id, "flow-label": 0}}],
            routes=[
                {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"},
                {"prefix": "10.9.0.0/16", "via": "10.0.2.2"},
            ],
            steering=config.pop("steering", [{"prefix": TARGET + "/128", "policy": "p"}]),
            **config,
        )

    def tlv(self, listed: list[str], source: str = defaults.SOURCE, *, d: bool = False, key_id: int = KEY_ID) -> bytes:
        """The HMAC TLV of a list in the order of the wire."""
        how = {SHA1_ID: ("sha1", False), LINUX_ID: ("sha256", True), LINUX_SHA1_ID: ("sha1", True)}
        algorithm, linux = how.get(key_id, ("sha256", False))
        made = hmac.digest(KEY.encode(), key_id, source, listed, d=d, algorithm=algorithm, linux=linux)
        if algorithm == "sha1":
            made = made.ljust(32 if linux else 24, b"\0")
        return bytes((5, 6 + len(made), 0x80 * d, 0)) + key_id.to_bytes(4, "big") + made


@rfc("8754", "2.1.2")
@rfc("8986", "5.1")
@rule("HMAC-1", "HMAC-3", "HMAC-4", "HE-1")
class Encapsulates(HeadendTest):
    """H.Encaps with 1 to 16 segments; policy, port and passes are counted as those of any other packet."""

    def runTest(self) -> None:
        for length in (1, 2, 3, 4, 5, 7, 16):
            segments = path(length)
            self.headend(segments, "encap")
            packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
            self.send(1, packet)
            listed = segments[::-1]
            srh = wire.srh(listed, sl=length - 1, tlvs=self.tlv(listed), payload=wire.hop(packet))
            self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))
            self.assertEqual(self.router.policy_counter("p").packets, 1)
            self.assertEqual(self.router.port_counter(2).packets, 1)


@rfc("8986", "5.2")
@rule("HMAC-2", "HE-2", "HE-3")
class EncapsulatesReduced(HeadendTest):
    """H.Encaps.Red: the D bit, since the first segment is not in the list; with one segment there is an SRH all the
    same, with this segment in it, as in Linux."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
        for length in (2, 3, 5):
            segments = path(length)
            self.headend(segments, "encap.red")
            self.send(1, packet)
            listed = segments[:0:-1]
            srh = wire.srh(listed, sl=length - 1, tlvs=self.tlv(listed, d=True), payload=wire.hop(packet))
            self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))
        self.headend([FIRST], "encap.red")
        self.send(1, packet)
        srh = wire.srh([FIRST], sl=0, tlvs=self.tlv([FIRST], d=True), payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))


@rule("HMAC-4", "HMAC-8")
class OtherAlgorithms(HeadendTest):
    """SHA-1 in a TLV of 32 octets, the text of Linux, and SHA-1 in the layout of Linux."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
        for key_id in (SHA1_ID, LINUX_ID, LINUX_SHA1_ID):
            for length in (2, 3, 4, 5):
                segments = path(length)
                self.headend(segments, "encap", key_id)
                self.send(1, packet)
                listed = segments[::-1]
                srh = wire.srh(listed, sl=length - 1, tlvs=self.tlv(listed, key_id=key_id), payload=wire.hop(packet))
                self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))


@rule("HMAC-4", "HE-2")
class Ipv4(HeadendTest):
    """IPv4 inside, in a tagged frame."""

    def runTest(self) -> None:
        self.headend(
            path(3), "encap", steering=[{"prefix": "10.0.99.0/24", "policy": "p"}],
            ports={1: {"mtu": 9000, "vlans": {7: {"addresses": ["10.7.0.1/24"]}}}},
        )  # fmt: skip
        packet = craft.ip4("10.7.0.2", "10.0.99.1", craft.udp(b"data", csum=0))
        self.send(1, packet, vlan=7)
        listed = path(3)[::-1]
        srh = wire.srh(listed, sl=2, tlvs=self.tlv(listed), payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))


@rule("HMAC-4", "HE-14")
class Inserts(HeadendTest):
    """H.Insert and its reduced form: the source is the packet's, and the packet goes to its destination in the end."""

    def runTest(self) -> None:
        packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
        segments = path(2)
        for mode, listed, d in (
            ("insert", [TARGET, *segments[::-1]], False),
            ("insert.red", [TARGET, *segments[:0:-1]], True),
        ):
            self.headend(segments, mode)
            self.send(1, packet)
            srh = wire.srh(listed, sl=2, tlvs=self.tlv(listed, HOST, d=d), payload=wire.udp(b"data"))
            self.expect_only(2, wire.ip6(HOST, FIRST, srh, hl=63))


@rfc("8986", "5.3")
@rule("HMAC-4", "HE-9")
class Frames(HeadendTest):
    """H.Encaps.L2, whatever the frame is, one that looks like the state of a computation among them."""

    def runTest(self) -> None:
        self.node(
            hmac_keys=KEYS,
            ports={1: {"mode": "l2", "policy": "p"}},
            policies=[
                {"name": "p", "segments": path(2), "encap": {"mode": "l2encap", "hmac": KEY_ID, "flow-label": 0}}
            ],
            routes=[{"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:2::2"}],
        )
        listed = path(2)[::-1]
        for ether_type in (b"\x08\x06", b"\x88\xb5"):
            frame = Frame(bytes.fromhex("020000000901020000000902") + ether_type + bytes(range(60)))
            self.send(1, frame)
            srh = wire.srh(listed, sl=1, nh=143, tlvs=self.tlv(listed), payload=frame)
            self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))


@rule("HMAC-4", "HE-11")
class TooBig(HeadendTest):
    """The TLV is part of what a packet has to fit with: its source is told a smaller MTU by 40 octets more."""

    def runTest(self) -> None:
        self.headend(path(2), "encap", ports={1: {"mtu": 9000}, 2: {"mtu": 1500}})
        packet = craft.ip6(HOST, TARGET, craft.udp(bytes(1400), csum=0))
        self.send(1, packet)
        self.expect_icmp6(1, 2, 0, 1500 - 40 - 40 - 40, packet)
        self.expect_drop("PACKET_TOO_BIG")
        packet = craft.ip6(HOST, TARGET, craft.udp(bytes(1380 - 48), csum=0))
        self.send(1, packet)
        listed = path(2)[::-1]
        srh = wire.srh(listed, sl=1, tlvs=self.tlv(listed), payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))


@rule("HMAC-4", "B6-1")
class BindingSid(HeadendTest):
    """End.B6.Encaps: the pushed SRH has an HMAC, the received one stays as it is, and its own was verified before."""

    def runTest(self) -> None:
        sid = "fcbb:bb00:1:b6::"
        segments = path(2)
        self.headend(
            segments, "encap",
            sids=[{"sid": sid, "behavior": "End.B6.Encaps", "policy": "p", "tlv": "require"}],
        )  # fmt: skip
        received = ["2001:db8:92::1", sid]
        right = self.tlv(received, HOST)
        self.send(
            1,
            craft.srv6(
                HOST, received, segments_left=1, tlvs=[craft.raw_tlvs(right)], payload=craft.udp(b"data", csum=0)
            ),
        )
        after = wire.srh(received, sl=0, tlvs=right, payload=wire.udp(b"data"))
        inner = wire.ip6(HOST, received[0], after, hl=63)
        listed = segments[::-1]
        self.expect_only(
            2, wire.ip6(defaults.SOURCE, FIRST, wire.srh(listed, sl=1, tlvs=self.tlv(listed), payload=inner))
        )
        self.assertEqual(self.router.sid_counter(sid, "default").packets, 1)


@rule("HMAC-4", "HMAC-7")
class OverTheNetwork(HeadendTest):
    """What a headend makes verifies at the segments of its path: here the next pass of the same node."""

    def runTest(self) -> None:
        here = "fcbb:bb00:1:1::"
        self.headend([here, FIRST], "encap", sids=[{"sid": here, "behavior": "End", "tlv": "require"}])
        packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
        self.send(1, packet)
        listed = [FIRST, here]
        srh = wire.srh(listed, sl=0, tlvs=self.tlv(listed), payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh, hl=63))


@rule("HMAC-4", "HE-11")
class FragmentedOuter(HeadendTest):
    """An IPv4 packet that fits without the outer header only, ``fragmentation: outer``: the packet that is cut has the
    HMAC already."""

    def runTest(self) -> None:
        self.headend(
            path(2), "encap", steering=[{"prefix": "10.0.99.0/24", "policy": "p"}],
            ports={1: {"mtu": 9000}, 2: {"mtu": 1500}}, fragmentation="outer",
        )  # fmt: skip
        packet = craft.ip4("10.0.1.2", "10.0.99.1", craft.udp(bytes(1400), csum=0), df=False)
        self.send(1, packet)
        listed = path(2)[::-1]
        srh = wire.srh(listed, sl=1, tlvs=self.tlv(listed), payload=wire.hop(packet))
        whole = bytes(wire.ip6(defaults.SOURCE, FIRST, srh))
        first, last = self.receive(2), self.receive(2)
        assert first is not None and last is not None
        # RFC 8200 4.5: the routing header is in front of the Fragment header, the rest behind it.
        ends = 14 + 40 + 8 + 16 * 2 + 40
        for frame in (first, last):
            self.assertEqual(frame[14 + 40 : ends][1:], whole[40 : ends - 14][1:])
        self.assertEqual(first[ends + 8 :] + last[ends + 8 :], whole[ends - 14 :])


@rfc("9524", "2.2")
@rule("RE-8", "HMAC-2")
class RootOfATree(HeadendTest):
    """A Replication-SID and the context behind it: the former is not in the list, so the D bit is set."""

    def runTest(self) -> None:
        self.headend([FIRST, "fcbb:bb00:cc::"], "encap.red")
        packet = craft.ip6(HOST, TARGET, craft.udp(b"data", csum=0))
        self.send(1, packet)
        listed = ["fcbb:bb00:cc::"]
        srh = wire.srh(listed, sl=1, tlvs=self.tlv(listed, d=True), payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(defaults.SOURCE, FIRST, srh))
