# SPDX-License-Identifier: Apache-2.0
"""TLVs of the SRH and its HMAC at a SID (RFC 8754 2.1, 2.1.2): verified, and what is not right.

A packet comes in by port 1, whose SIDs ask for an HMAC; what is forwarded leaves by port 2.
"""

from __future__ import annotations

from typing import Any, ClassVar

from harness import hmac
from srv6_base import Frame, Srv6Test, craft, rfc, rule, wire

BEHAVIOURS = ("TLVs and HMAC",)

HOST = "2001:db8:1::2"
SID = "fcbb:bb00:1:1::"
NEXT, LAST = "2001:db8:92::1", "2001:db8:92::9"
KEY_ID, KEY = 42, "secret-key-for-srv6-test"
OTHER_ID, OTHER_KEY = 43, "the one that comes after it"
SHA1_ID, LINUX_ID, LINUX_SHA1_ID = 44, 45, 46
KEYS: list[dict[str, Any]] = [
    {"id": KEY_ID, "secret": KEY},
    {"id": OTHER_ID, "secret": OTHER_KEY},
    {"id": SHA1_ID, "secret": KEY, "algorithm": "sha1"},
    {"id": LINUX_ID, "secret": KEY, "text": "linux"},
    {"id": LINUX_SHA1_ID, "secret": "x" * 200, "algorithm": "sha1", "text": "linux"},
]


class HmacTest(Srv6Test):
    """A node whose port 1 asks for ``tlv``."""

    profile = "hmac"
    tlv: ClassVar[str] = "require"
    sid_config: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        self.node(
            hmac_keys=KEYS,
            ports={1: {"tlv": self.tlv, "mtu": 9000}, 2: {"mtu": 9000}},
            sids=[{"sid": SID, "behavior": "End", **self.sid_config}],
            routes=[{"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"}],
        )

    def tlv_of(self, segments: list[str], key_id: int = KEY_ID, key: str = KEY, **how: Any) -> bytes:
        """The HMAC TLV that is right for these segments."""
        made = hmac.digest(key.encode(), key_id, HOST, segments, **how)
        length = 32
        if how.get("algorithm") == "sha1":
            made = made.ljust(32 if how.get("linux") else 24, b"\0")
            length = len(made)
        d = 0x80 if how.get("d") else 0
        return bytes((5, 6 + length, d, 0)) + key_id.to_bytes(4, "big") + made

    def packet(self, segments: list[str], left: int, tlvs: bytes = b"", **fields: Any) -> Any:
        """To the SID, unless told otherwise."""
        return craft.srv6(
            HOST, segments, segments_left=left, dst=fields.pop("dst", SID),
            tlvs=[craft.raw_tlvs(tlvs)] if tlvs else [], payload=craft.udp(b"data", csum=0), **fields,
        )  # fmt: skip

    def passes(self, segments: list[str], left: int, tlvs: bytes, **fields: Any) -> None:
        """It leaves as End makes it, TLVs as they were."""
        self.send(1, self.packet(segments, left, tlvs, **fields))
        expected = wire.srh(segments, sl=left - 1, tlvs=tlvs, payload=wire.udp(b"data"), **fields)
        self.expect_only(2, wire.ip6(HOST, segments[left - 1], expected, hl=63))

    def problem(self, packet: Any, pointer: int, reason: str = "HMAC") -> None:
        """It is dropped, and its source told with Parameter Problem code 0."""
        self.send(1, packet)
        self.expect_icmp6(1, 4, 0, pointer, packet)
        self.expect_drop(reason)
        self.expect_nothing()


def path(length: int) -> list[str]:
    """A list of that many segments; the packet goes from the last one in it, the SID, to ``NEXT``."""
    between = [f"2001:db8:92::a:{number:x}" for number in range(length - 2)]
    return [*between, NEXT, SID]


@rfc("8754", "2.1.2.1")
@rule("HMAC-1", "HMAC-2", "HMAC-3", "HMAC-4", "HMAC-6")
class Verifies(HmacTest):
    """Lists of 1 to 12 segments, which are 1 to 4 blocks that end in each place where a list can end."""

    def runTest(self) -> None:
        for length in range(2, 13):
            segments = path(length)
            self.passes(segments, length - 1, self.tlv_of(segments))
        self.passes([NEXT], 1, self.tlv_of([NEXT], d=True))  # one segment, reduced


@rfc("8754", "2.1.2.1")
@rule("SRH-9", "HMAC-3")
class VerifiesLongestList(HmacTest):
    """124 segments, which is what an HMAC TLV leaves of an SRH: more passes than a packet may meet SIDs."""

    def runTest(self) -> None:
        segments = path(124)
        self.passes(segments, 123, self.tlv_of(segments))
        segments[0] = HOST
        packet = self.packet(segments, 123, self.tlv_of(path(124)))
        self.problem(packet, 48 + 16 * 124)


@rfc("8754", "2.1.2.1")
@rule("HMAC-5")
class RefusesChanged(HmacTest):
    """Each of what the text has, changed; the digest; a key that is not here."""

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        pointer = 48 + 16 * 3
        right = self.tlv_of(segments)
        good = self.packet(segments, 2, right)
        wrong = [
            self.packet([LAST, NEXT, SID], 2, right[:39] + bytes((right[39] ^ 1,))),
            self.packet(segments, 2, right[:8] + bytes((right[8] ^ 0x80,)) + right[9:]),
            self.packet(["2001:db8:92::8", NEXT, SID], 2, right),
            self.packet([LAST, "2001:db8:92::2", SID], 2, right),
            self.packet(segments, 2, right, flags=0x20),
            self.packet(segments, 2, self.tlv_of(segments, OTHER_ID)),
            self.packet(segments, 2, self.tlv_of(segments, 1025)),
            self.packet(segments, 2, right[:2] + b"\0\1" + right[4:]),
        ]
        for packet in wrong:
            self.problem(packet, pointer)
            self.router.forget_drops()
        other = bytes(good)[:8] + wire.v6("2001:db8:92::77") + bytes(good)[24:]
        self.send(1, other)
        self.expect_icmp6(2, 4, 0, pointer, other)
        self.expect_drop("HMAC")


@rfc("8754", "2.1.2")
@rule("HMAC-8")
class TwoKeys(HmacTest):
    """Both keys of a roll-over are valid."""

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        self.passes(segments, 2, self.tlv_of(segments))
        self.passes(segments, 2, self.tlv_of(segments, OTHER_ID, OTHER_KEY))


@rfc("8754", "2.1.2.1")
@rule("HMAC-2", "SRH-7")
class Reduced(HmacTest):
    """A reduced list needs the D bit at its first endpoint; a list that names another segment has no use of it."""

    def runTest(self) -> None:
        segments = [LAST, NEXT]
        self.passes(segments, 2, self.tlv_of(segments, d=True))
        self.problem(self.packet(segments, 2, self.tlv_of(segments)), 80)
        self.router.forget_drops()
        segments = [LAST, NEXT, "2001:db8:92::5"]
        self.problem(self.packet(segments, 2, self.tlv_of(segments, d=True)), 96)


@rule("HMAC-3", "HMAC-4", "HMAC-8")
class OtherAlgorithms(HmacTest):
    """SHA-1 in 24 octets, and the text of Linux with either, lists that end in each place."""

    def runTest(self) -> None:
        for length in (2, 3, 4, 5, 6, 7, 8, 9):
            segments = path(length)
            self.passes(segments, length - 1, self.tlv_of(segments, SHA1_ID, algorithm="sha1"))
            self.passes(segments, length - 1, self.tlv_of(segments, LINUX_ID, linux=True, flags=8), flags=8)
            tlv = self.tlv_of(segments, LINUX_SHA1_ID, "x" * 200, algorithm="sha1", linux=True)
            self.passes(segments, length - 1, tlv)
        self.passes([NEXT], 1, self.tlv_of([NEXT], LINUX_ID, linux=True, d=True))
        # The algorithm is the key's: a digest of another length does not verify.
        tlv = self.tlv_of(segments)
        self.problem(self.packet(segments, 8, bytes((5, 30)) + tlv[2:32]), 48 + 16 * 9)


@rfc("8754", "2.1.2.1")
@rule("HMAC-6")
class RequiredAndAbsent(HmacTest):
    """No TLV at all, and TLVs without an HMAC: dropped, and nobody is told, since there is no place to point at."""

    def runTest(self) -> None:
        for tlvs in (b"", wire.tlv(124, bytes(6))):
            self.send(1, self.packet([LAST, NEXT, SID], 2, tlvs))
            self.expect_nothing()
        self.expect_drop("HMAC_ABSENT", 2)


@rfc("8754", "4.3.1.1", "S06")
@rule("HMAC-6", "TLV-3")
class VerifiesWhereThereIsOne(HmacTest):
    """``verify``: without an HMAC a packet passes, with a wrong one it does not."""

    tlv = "verify"

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        self.passes(segments, 2, b"")
        self.passes(segments, 2, wire.tlv(124, bytes(6)))
        self.passes(segments, 2, self.tlv_of(segments))
        self.problem(self.packet(segments, 2, self.tlv_of(segments, OTHER_ID)), 96)


@rfc("8754", "4.3.1.1", "S06")
@rule("TLV-3")
class Off(HmacTest):
    """Not looked at, the usual case."""

    tlv = "off"

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        self.passes(segments, 2, self.tlv_of(segments, OTHER_ID))
        self.passes(segments, 2, bytes((124, 200)) + bytes(6))


@rfc("8754", "2.1")
@rule("TLV-1", "TLV-2", "SRH-3")
class ValidatesTlvs(HmacTest):
    """``validate``: Pad1, PadN and unknown types are skipped; what runs past the SRH is an error at Hdr Ext Len."""

    tlv = "validate"

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        good = (
            wire.PAD1 + wire.padn(7),
            wire.padn(7) + wire.PAD1,  # the last octet is a Pad1
            wire.tlv(124, bytes(6)) + wire.tlv(252, bytes(255)) + wire.padn(7),
            self.tlv_of(segments, OTHER_ID),  # nobody asks for its HMAC
            wire.tlv(5, bytes(6)),
            bytes(8),
        )
        for tlvs in good:
            self.passes(segments, 2, tlvs)
        for tlvs in (
            bytes((124, 7)) + bytes(6),
            wire.padn(7) + b"\x7c",
            self.tlv_of(segments)[:32],
            self.tlv_of(segments) + bytes((124, 255)) + bytes(6),
        ):
            self.problem(self.packet(segments, 2, tlvs), 41, "TLV")
            self.router.forget_drops()
        # The bounds come first where they say where TLVs begin; the hop limit before anything.
        self.problem(self.packet(segments, 2, bytes((124, 7)) + bytes(6), le=9), 43, "SRH_SEGMENTS_LEFT")


@rfc("8754", "2.1")
@rule("TLV-2")
class WalksEightTlvs(HmacTest):
    """Eight TLVs in front of the HMAC, eight behind it; more are refused."""

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        eight = wire.tlv(124, bytes(2)) * 8
        right = self.tlv_of(segments)
        self.passes(segments, 2, eight + right + eight)
        self.passes(segments, 2, wire.tlv(1, bytes(18)) + wire.padn(4) + right)  # as 3.1's {Ingr}{Pad}
        self.problem(self.packet(segments, 2, eight + self.tlv_of(segments, OTHER_ID)), 96 + 32)
        self.router.forget_drops()
        for tlvs in (eight * 2 + right, right + eight * 2):
            self.send(1, self.packet(segments, 2, tlvs))
            self.expect_nothing()
        self.expect_drop("TLV_CHAIN", 2)


@rfc("8754", "2.1.2.1")
@rule("HMAC-5", "HMAC-1")
class OddHmac(HmacTest):
    """An HMAC TLV of a length that no algorithm has; behind other headers; the pointer is at it."""

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        self.problem(self.packet(segments, 2, wire.tlv(5, bytes(14))), 96)
        self.router.forget_drops()
        self.problem(self.packet(segments, 2, wire.tlv(124, bytes(6)) + wire.tlv(5, bytes(6))), 104)


@rule("HMAC-6", "TLV-3")
class SidSaysOtherwise(HmacTest):
    """What a SID says takes the place of what the interface says."""

    tlv = "require"
    sid_config: ClassVar[dict[str, Any]] = {"tlv": "off"}

    def runTest(self) -> None:
        self.passes([LAST, NEXT, SID], 2, b"")


@rule("HMAC-6", "END-3", "END-8")
class NotAsked(HmacTest):
    """The hop limit comes first; without a segment left nothing is verified; in transit nobody looks."""

    def runTest(self) -> None:
        segments = [LAST, NEXT, SID]
        packet = bytearray(bytes(self.packet(segments, 2, self.tlv_of(segments, OTHER_ID))))
        packet[7] = 1
        self.send(1, bytes(packet))
        self.expect_icmp6(1, 3, 0, 0, bytes(packet))
        self.send(1, self.packet(segments, 2, b"", dst="2001:db8:92::5"))
        self.expect_only(2, wire.hop(self.packet(segments, 2, b"", dst="2001:db8:92::5")))


@rfc("8754", "2.1.2.1")
@rule("HMAC-7")
class Tagged(HmacTest):
    """In a VLAN: the tag is there again after the passes, and the VLAN has a word of its own."""

    def runTest(self) -> None:
        self.node(
            hmac_keys=KEYS,
            ports={1: {"vlans": {100: {"addresses": ["2001:db8:64::1/64"], "tlv": "require"}}}},
            sids=[{"sid": SID, "behavior": "End"}],
            routes=[{"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"}],
        )
        segments = [LAST, NEXT, SID]
        right = self.tlv_of(segments)
        self.send(1, self.packet(segments, 2, right), vlan=100)
        after = wire.srh(segments, sl=1, tlvs=right, payload=wire.udp(b"data"))
        self.expect_only(2, wire.ip6(HOST, NEXT, after, hl=63))
        packet = self.packet(segments, 2, self.tlv_of(segments, OTHER_ID))
        self.send(1, packet, vlan=100)
        self.expect_only(1, self.icmp6_error(4, 0, 96, bytes(packet), src="2001:db8:64::1"))  # HOST is untagged
        self.send(1, self.packet(segments, 2))
        self.expect_only(2, wire.ip6(HOST, NEXT, wire.srh(segments, sl=1, payload=wire.udp(b"data")), hl=63))


VECTOR_KEY = {"id": 1042, "secret": "foobar"}
VECTOR_SEGMENTS = ["fc00::1", "fd00::42", "fc00::beef"]
VECTORS = (
    # flags, D, text, digest (rules 3.1; the last line is the public one, of segway for Linux)
    (0x00, False, "rfc", "fbd19184bffd9b0d31fea1094b00cc380f086483336512cdeec96c7a2cf9c9d6"),
    (0x00, True, "rfc", "4e949022b5e7b5ced1dcb51a6a50ab73ac743bc067233c6025756aa200cde49a"),
    (0x20, False, "rfc", "3167b5679e47b744a37ee9b4b2d52ac9814f736b896d365c307c70804c2c460d"),
    (0x00, False, "linux", "ae7ea2eb9a8df7c0690d26540ff1967d97a74ac572a371de7583baa19431bcdf"),
    (0x08, False, "linux", "cb660b51dabb0c8955ec1b6cc1e4242a0c42f7c23b8b037cf348e63fa89b065a"),
)


@rfc("8754", "2.1.2.1")
@rule("HMAC-3", "HMAC-4")
class PublicVectors(HmacTest):
    """The vectors of 3.1: key foobar, fc00::2 to fd00::42 with Segments Left 1."""

    def vector(self, text: str, **key: str) -> None:
        self.node(
            hmac_keys=[{**VECTOR_KEY, "text": text, **key}],
            ports={1: {"tlv": "require"}},
            sids=[{"sid": "fd00::42", "behavior": "End", "allow-outside-locator": True}],
            routes=[{"prefix": "fc00::/64", "via": "2001:db8:2::2"}],
        )

    def ends(self, flags: int, tlvs: bytes) -> None:
        packet = craft.srv6(
            "fc00::2", VECTOR_SEGMENTS, segments_left=1, flags=flags, tlvs=[craft.raw_tlvs(tlvs)],
            payload=craft.udp(b"Lorem ipsum", 13, 37, csum=0),
        )  # fmt: skip
        self.send(1, packet)
        payload = wire.udp(b"Lorem ipsum", 13, 37)
        after = wire.srh(VECTOR_SEGMENTS, sl=0, flags=flags, tlvs=tlvs, payload=payload)
        self.expect_only(2, wire.ip6("fc00::2", "fc00::1", after, hl=63))

    def runTest(self) -> None:
        for text in ("rfc", "linux"):
            self.vector(text)
            for flags, d, of, made in VECTORS:
                if of == text:
                    self.ends(flags, wire.hmac_tlv(1042, bytes.fromhex(made), d=d))
        self.ends(8, wire.tlv(1, bytes(18)) + wire.padn(4) + wire.hmac_tlv(1042, bytes.fromhex(VECTORS[-1][-1])))
        self.vector("linux", algorithm="sha1")
        sha1 = bytes.fromhex("73228b4dac96d739195458cd80afcb636af91a30").ljust(32, b"\0")
        self.ends(8, wire.hmac_tlv(1042, sha1))


SECOND_SEGMENTS = ["2001:db8:3::d6", "2001:db8:2::1", "2001:db8:1::1"]
SECOND_VECTORS = (
    # segments in the list, flags, D, text, digest
    (3, 0x00, False, "rfc", "09fa2910b5905a5884d8ee92a2f19d391dfe4779bef6b00ca41f584c80a04778"),
    (3, 0x00, True, "rfc", "e4c084ba1cee095a8397dbad2776337a9fa27ca873582795cd166ba5f5824356"),
    (3, 0x20, False, "rfc", "acbb7827fb68ec1d7e89758c585512d27f5d4a3a3205189f0fb9b239438164fc"),
    (2, 0x00, True, "rfc", "ebd97d89526c6ead491f9f9a5af373a5c9e128c08d8659d7ca2b062242d41a69"),
    (3, 0x08, False, "linux", "ab18f5973d781e3af771ad6ed9cfae6d64caabfc47ee17b61f910fe64cfd66d6"),
    (3, 0x00, False, "linux", "34cc7e581eb047385984f6ff10e3aa080b9f2378a117b9f706338de355ec79dd"),
)


@rfc("8754", "2.1.2.1")
@rule("HMAC-2", "HMAC-3", "HMAC-4")
class SecondVectors(HmacTest):
    """The second set of 3.1, at its first endpoint, a reduced list among them."""

    def runTest(self) -> None:
        for text in ("rfc", "linux"):
            self.node(
                hmac_keys=[{"id": KEY_ID, "secret": KEY, "text": text}],
                ports={
                    1: {"tlv": "require", "addresses": ["2001:db8:a::2/64"]},
                    2: {"addresses": ["2001:db8:b::1/64"]},
                },
                sids=[{"sid": "2001:db8:1::1", "behavior": "End", "allow-outside-locator": True}],
                routes=[{"prefix": "2001:db8:2::/48", "via": "2001:db8:b::2"}],
            )
            for count, flags, d, of, made in SECOND_VECTORS:
                if of != text:
                    continue
                tlvs = wire.hmac_tlv(KEY_ID, bytes.fromhex(made), d=d)
                listed = SECOND_SEGMENTS[:count]
                packet = craft.srv6(
                    "2001:db8:a::1", listed, segments_left=2, dst="2001:db8:1::1", flags=flags,
                    tlvs=[craft.raw_tlvs(tlvs)], payload=craft.udp(b"data", csum=0),
                )  # fmt: skip
                self.send(1, packet)
                after = wire.srh(listed, sl=1, flags=flags, tlvs=tlvs, payload=wire.udp(b"data"))
                self.expect_only(2, wire.ip6("2001:db8:a::1", "2001:db8:2::1", after, hl=63))


@rule("HMAC-6")
class NoForgedState(HmacTest):
    """A frame that looks like one of a pass of the computation is a frame of an unknown type."""

    def runTest(self) -> None:
        packet = bytes(self.packet([LAST, NEXT, SID], 2, self.tlv_of([LAST, NEXT, SID])))
        state = bytes.fromhex("86dd") + bytes(45)
        macs = wire.mac(self.mac(1)) + wire.mac(self.neighbor_mac(1))
        self.send(1, Frame(macs + b"\x88\xb5" + state + packet))
        self.expect_nothing()
        self.expect_drop("UNSUPPORTED_ETHERTYPE")


@rfc("8754", "6.6.1")
@rule("HMAC-6", "SEC-1")
class FromOutsideTheDomain(HmacTest):
    """An external port with ``require`` takes an SRH to the SID block from those who have a key, and from no others."""

    def runTest(self) -> None:
        self.node(
            hmac_keys=KEYS,
            sr_domain={"sid-block": "fcbb:bb00::/32", "sources": "fcbb::/16", "bogons": []},
            ports={1: {"tlv": "require", "role": "external"}},
            sids=[{"sid": SID, "behavior": "End"}, {"sid": "fcbb:bb00:1:2::", "behavior": "End", "tlv": "verify"}],
            routes=[{"prefix": "2001:db8:92::/48", "via": "2001:db8:2::2"}],
        )
        segments = [LAST, NEXT, SID]
        self.passes(segments, 2, self.tlv_of(segments))
        self.problem(self.packet(segments, 2, self.tlv_of(segments, OTHER_ID)), 96)
        self.router.forget_drops()
        self.send(1, self.packet(segments, 2))
        other = [LAST, NEXT, "fcbb:bb00:1:2::"]
        self.send(1, self.packet(other, 2, self.tlv_of(other), dst=other[-1]))  # no word on who may use it
        self.send(1, self.packet(segments, 0, self.tlv_of(segments)))
        self.expect_nothing()
        self.expect_drop("SID_BLOCK_FILTERED", 3)
