# SPDX-License-Identifier: Apache-2.0
"""Segment lists of 1 to 16 SIDs, one test a length and headend behaviour: the whole packet that leaves (HE-1,
HE-2, HE-10, HE-14), and 17 SIDs refused by the configuration.

The classes are made from ``RfcLengths`` below, named by behaviour and number of SIDs (``HEncapsRed4x16``:
H.Encaps.Red of an IPv4 packet, 16 SIDs).
"""

from __future__ import annotations

from typing import Any

from headend_base import MAX_SEGMENTS, NAME, HeadendTest, encapsulated, encapsulated_frame, inserted, sids
from srv6_base import behaviours, craft, rfc, rule
from srv6cp.config import ConfigError

TAGGED_FRAME = craft.ether(
    craft.ip4("192.0.2.1", "192.0.2.2", craft.udp(b"inside")),
    dst="02:00:00:00:0a:02",
    src="02:00:00:00:0a:01",
    vlan=(3 << 13) | 42,
)


class RfcLengths(HeadendTest):
    """``mode``, ``count`` and ``family`` say what is sent and what must come out."""

    mode: str
    count: int
    family: str

    def packet(self) -> craft.Packet:
        return self.packet4(tos=0x28) if self.family == "4" else self.packet6(tc=0x28, fl=0xABCDE)

    def runOne(self) -> None:
        segments = sids(self.count)
        self.headend(self.mode, segments)
        if self.mode.startswith("l2"):
            self.send(3, TAGGED_FRAME)
            self.expect_only(2, encapsulated_frame(TAGGED_FRAME, segments, mode=self.mode))
            size = len(TAGGED_FRAME) - 18  # the counter leaves the link-layer header out
        else:
            packet = self.packet()
            self.send(1, packet)
            build = inserted if self.mode.startswith("insert") else encapsulated
            self.expect_only(2, build(packet, segments, mode=self.mode))
            size = len(packet)
        self.expect_no_drop()
        count = self.policy_counter(NAME)
        assert (count.packets, count.bytes) == (1, size), f"policy counter: {count}, expected 1 packet of {size} bytes"


# (class name, mode, payload, row of docs/behaviours.md, clauses)
KINDS: tuple[tuple[str, str, str, str, Any], ...] = (
    ("HEncaps6", "encap", "6", "H.Encaps", rfc("8986", "5.1", "S01", "S02", "S03", "S04", "S05", "S06")),
    ("HEncaps4", "encap", "4", "H.Encaps", rfc("8986", "5.1", "S01", "S02", "S03", "S04", "S05", "S06")),
    ("HEncapsRed6", "encap.red", "6", "H.Encaps.Red", rfc("8986", "5.2")),
    ("HEncapsRed4", "encap.red", "4", "H.Encaps.Red", rfc("8986", "5.2")),
    ("HEncapsL2", "l2encap", "2", "H.Encaps.L2", rfc("8986", "5.3")),
    ("HEncapsL2Red", "l2encap.red", "2", "H.Encaps.L2.Red", rfc("8986", "5.4")),
    ("HInsert", "insert", "6", "H.Insert", rule("HE-14")),
    ("HInsertRed", "insert.red", "6", "H.Insert.Red", rule("HE-14")),
)  # fmt: skip
RULES = {"encap": "HE-1", "encap.red": "HE-2", "l2encap": "HE-9", "l2encap.red": "HE-9"}


def _make() -> None:
    for name, mode, family, behaviour, clause in KINDS:
        for count in range(1, MAX_SEGMENTS + 1):
            body = {
                "__doc__": f"{behaviour}, {count} SIDs.",
                "__module__": __name__,
                "mode": mode,
                "count": count,
                "family": family,
                "runTest": RfcLengths.runOne,
            }
            cls = rule("HE-10")(behaviours(behaviour)(clause(type(f"{name}x{count}", (RfcLengths,), body))))
            if mode in RULES:
                cls = rule(RULES[mode])(cls)
            if count == 1:
                cls = rule("HE-3")(cls)
            globals()[cls.__name__] = cls


_make()


@behaviours("H.Encaps", "H.Encaps.Red", "H.Encaps.L2", "H.Encaps.L2.Red", "H.Insert", "H.Insert.Red")
@rule("SRH-9")
class SeventeenSegmentsAreRefused(HeadendTest):
    """More SIDs than the program pushes: an error that names the limit, and the switch is left as it was."""

    def runTest(self) -> None:
        self.headend("encap", sids(2))
        for mode in sorted({kind[1] for kind in KINDS}):
            try:
                self.headend(mode, sids(MAX_SEGMENTS + 1))
            except ConfigError as error:
                assert "at most 16 segments" in str(error), error
            else:
                self._fail(f"{mode}: 17 segments were accepted")
        packet = self.packet6()
        self.send(1, packet)
        self.expect_only(2, encapsulated(packet, sids(2)))
