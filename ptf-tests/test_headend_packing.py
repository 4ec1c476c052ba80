# SPDX-License-Identifier: Apache-2.0
"""A headend packs its segment lists (RFC 9800 6): what leaves is written out, element by element, and where the node
has the C-SIDs itself the packet walks them. The packer itself: unit/model/test_packing.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headend_base import NAME, SOURCE, HeadendTest, encapsulated, inserted
from srv6_base import craft, rfc, rule, wire

BEHAVIOURS = ("H.Encaps", "H.Encaps.Red")
MODES = ("encap", "encap.red")

#: All of them routed out of port 2.
ROUTES = [{"prefix": prefix, "via": "2001:db8:2::2"} for prefix in ("fcbb:bb02::/32", "2001:db8:b0::/44")]
STRUCTURES = [
    {"sids": "fcbb:bb02::/32", "lblen": 32, "nflen": 16, "csid": "next"},
    {"sids": ["fcbb:bb02:500:e004::/64", "fcbb:bb02:600:e004::/64"], "lblen": 32, "lnlen": 16, "flen": 16},
    {"sids": "fcbb:bb02:fe04::/48", "lblen": 32, "flen": 16, "nflen": 16},
    {"sids": "2001:db8:b1::/48", "lblen": 48, "nflen": 16, "csid": "next"},
    {"sids": "2001:db8:b2::/48", "lblen": 48, "nflen": 32, "csid": "replace"},
    {"sids": "2001:db8:b2:f0:f::/80", "lblen": 48, "nflen": 32, "arglen": 16, "csid": "replace"},
    {"sids": "2001:db8:b3::/48", "lblen": 48, "nflen": 16, "csid": "replace"},
]


class Packing(HeadendTest):
    """A policy with SIDs, and the elements that have to be in the packets."""

    def packs(
        self,
        sids: Sequence[Any],
        elements: Sequence[str],
        compress: str = "auto",
        modes: Sequence[str] = MODES,
        **config: Any,
    ) -> None:
        for mode in modes:
            policy = self.policy(mode, sids, compress=compress)
            self.node(policies=[policy], steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}], routes=ROUTES,
                      **{"sid-structures": STRUCTURES, **config})  # fmt: skip
            made = inserted if mode.startswith("insert") else encapsulated
            self.send(1, self.packet6())
            self.expect_only(2, made(self.packet6(), elements, mode=mode))


def un(*nodes: int) -> list[str]:
    return [f"fcbb:bb02:{node}::" for node in nodes]


def replaced(*numbers: int) -> list[str]:
    return [f"2001:db8:b2:{n}0:{n}::" for n in numbers]


@rfc("9800", "6.3")
@rule("CS-1", "CS-3", "CS-4", "CS-10", "CS-12")
class PacksNextCsids(Packing):
    """The vectors of NEXT-C-SID: one container, a container and a rest, one without room for what closes it."""

    def runTest(self) -> None:
        self.packs(
            [f"2001:db8:b1:{n}01::" for n in range(1, 9)],
            ["2001:db8:b1:101:201:301:401:501", "2001:db8:b1:601:701:801::"],
        )
        five, six = un(100, 200, 300, 400, 500), un(100, 200, 300, 400, 500, 600)
        self.packs([*five, "fcbb:bb02:fe04::"], ["fcbb:bb02:100:200:300:400:500:fe04"])
        self.packs([*six, "fcbb:bb02:fe04::"], ["fcbb:bb02:100:200:300:400:500:600", "fcbb:bb02:fe04::"])
        self.packs([*five[:4], "fcbb:bb02:500:e004::"], ["fcbb:bb02:100:200:300:400:500:e004"])
        self.packs([*five, "fcbb:bb02:600:e004::"], ["fcbb:bb02:100:200:300:400:500:0", "fcbb:bb02:600:e004::"])


@rfc("9800", "6.4")
@rule("CS-6", "CS-7", "CS-9", "CS-10")
class PacksReplaceCsids(Packing):
    """The vectors of REPLACE-C-SID; a sequence in the middle of a list; Arg.FE2."""

    def runTest(self) -> None:
        self.packs(replaced(1, 2, 3, 4, 5, 6, 7), ["2001:db8:b2:10:1::", "50:5:40:4:30:3:20:2", "::70:7:60:6"])
        self.packs(
            [f"2001:db8:b3:{n}0::" for n in "123456789a"],
            ["2001:db8:b3:10::", "90:80:70:60:50:40:30:20", "::a0"],
        )
        self.packs(
            [*un(1, 2), *replaced(1, 2, 3), *un(3, 4)],
            ["fcbb:bb02:1:2::", "2001:db8:b2:10:1::", "::30:3:20:2", "fcbb:bb02:3:4::"],
        )
        self.packs([*replaced(1, 2), "2001:db8:b2:f0:f:abcd::"], ["2001:db8:b2:10:1::", "::abcd:f0:f:20:2"])


@rfc("9800", "6")
@rule("CS-2")
class PacksMoreThanAnSrhHolds(Packing):
    """30 SIDs are five elements; more than 16 of them could not be pushed as they are."""

    def runTest(self) -> None:
        sids = un(*range(1, 31))
        self.packs(
            sids,
            ["fcbb:bb02:" + ":".join(str(n) for n in range(first, first + 6)) for first in (1, 7, 13, 19, 25)],
        )


@rfc("9800", "6")
@rule("CS-2", "CS-5")
class PacksAsItIsTold(Packing):
    """One kind of containers, none, or none for a segment."""

    def runTest(self) -> None:
        both = [*un(1, 2), *replaced(1, 2)]
        packed = ["2001:db8:b2:10:1::", "::20:2"]
        self.packs(both, ["fcbb:bb02:1:2::", *packed])
        self.packs(both, [*un(1, 2), *packed], "replace")
        self.packs(un(1, 2), ["fcbb:bb02:1:2::"], "next")
        self.packs(un(1, 2), un(1, 2), "off")
        self.packs([*un(1, 2), {"sid": "fcbb:bb02:3::", "pack": False}], ["fcbb:bb02:1:2::", "fcbb:bb02:3::"])
        self.packs(
            [{"sid": "fcbb:bb02:1::", "lblen": 32, "nflen": 16, "csid": "next"}, "fcbb:bb02:2::",
             {"sid": "fcbb:bb02:3::", "lblen": 32, "nflen": 16, "csid": "next"}],
            ["fcbb:bb02:1::", "fcbb:bb02:2::", "fcbb:bb02:3::"],
            **{"sid-structures": []},
        )  # fmt: skip


@rfc("9800", "6.4")
@rule("CS-7", "HE-14")
class PacksWhatItInserts(Packing):
    """The destination of the packet is behind the list: the last REPLACE SID cannot be in a place that awaits more."""

    BEHAVIOURS = ("H.Insert", "H.Insert.Red")

    def runTest(self) -> None:
        modes = ("insert", "insert.red")
        self.packs(un(1, 2, 3), ["fcbb:bb02:1:2:3::"], modes=modes)
        self.packs(replaced(1, 2, 3), ["2001:db8:b2:10:1::", "::30:3:20:2"], modes=modes)
        self.packs(
            replaced(1, 2, 3, 4, 5),
            ["2001:db8:b2:10:1::", "::30:3:20:2", "2001:db8:b2:40:4::", "::50:5"],
            modes=modes,
        )


@rfc("9800", "6.3")
@rule("CS-2", "CS-13", "NX-12")
class WalksWhatItPacked(Packing):
    """Its own C-SIDs: the packet goes round in the node until the container leads out of it."""

    def runTest(self) -> None:
        own = [{"sid": f"fcbb:bb02:a{n}::/48", "behavior": "uN", "lblen": 32, "allow-outside-locator": True}
               for n in range(3)]  # fmt: skip
        sids = ["fcbb:bb02:a0::", "fcbb:bb02:a1::", "fcbb:bb02:a2::", "fcbb:bb02:a0::", *un(1, 2)]
        policy = self.policy("encap.red", sids, compress="auto")
        self.node(policies=[policy], steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}], routes=ROUTES,
                  sids=own, **{"sid-structures": STRUCTURES})  # fmt: skip
        self.send(1, self.packet6())
        self.expect_only(2, encapsulated(self.packet6(), ["fcbb:bb02:1:2::"], mode="encap.red", hl=60))


@rfc("9800", "6.4")
@rule("CS-2", "CS-13", "RP-6")
class WalksWhatItPackedAsReplaceCsids(Packing):
    """Three SIDs of its own and two of others: one container, whose C-SIDs the node takes until one is another's."""

    def runTest(self) -> None:
        own = [
            {"sid": f"2001:db8:b2:a{n}:1::/80", "behavior": "End", "flavors": ["replace-csid"], "lblen": 48,
             "allow-outside-locator": True}
            for n in range(3)
        ]  # fmt: skip
        sids = ["2001:db8:b2:a0:1::", "2001:db8:b2:a1:1::", "2001:db8:b2:a2:1::", *replaced(1, 2)]
        policy = self.policy("encap.red", sids, compress="auto")
        self.node(policies=[policy], steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}], routes=ROUTES,
                  sids=own, **{"sid-structures": STRUCTURES})  # fmt: skip
        packet = self.packet6()
        self.send(1, packet)
        srh = wire.srh(wire.path("20:2:10:1:a2:1:a1:1"), sl=0, payload=wire.hop(packet))
        self.expect_only(2, wire.ip6(SOURCE, "2001:db8:b2:10:1::1", srh, hl=61))


@rfc("9800", "6.5")
@rule("CS-11", "NX-10")
class ChecksumsStandAboveTheContainer(Packing):
    """What is inside keeps its checksum, which is over the destination that it has itself."""

    def runTest(self) -> None:
        request = craft.ip6("2001:db8:1::2", "2001:db8:99::9", craft.echo_request())
        for mode in ("encap.red", "insert"):
            policy = self.policy(mode, un(1, 2, 3), compress="auto")
            self.node(policies=[policy], steering=[{"prefix": "2001:db8:99::/64", "policy": NAME}], routes=ROUTES,
                      **{"sid-structures": STRUCTURES})  # fmt: skip
            self.send(1, request)
            made = inserted if mode == "insert" else encapsulated
            expected = made(request, ["fcbb:bb02:1:2:3::"], mode=mode)
            self.expect_only(2, expected)
            assert bytes(expected).endswith(wire.hop(request)[40:])
