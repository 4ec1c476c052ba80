# SPDX-License-Identifier: Apache-2.0
"""The mobile user plane (RFC 9433 6): between SRv6 and GTP-U.

A packet comes in by port 1. The domain is behind port 2, the gNB and the UPFs that speak GTP-U behind port 3.
"""

from __future__ import annotations

from typing import Any

from srv6_base import Srv6Test, behaviours, craft, rfc, rule, wire

GNB, UPF = "2001:db8:3::2", "2001:db8:3:1::8"
UE4, SERVER4 = "10.45.0.2", "198.51.100.1"
UE6, SERVER6 = "2001:db8:81::1", "2001:db8:92::1"
SOURCE = "fcbb:bb00:1::1"

D, DI, E6, E4 = "fcbb:bb00:1:d::", "fcbb:bb00:1:d1::", "fcbb:bb00:1:e6::", "fcbb:bb00:1:e4::"
S1, UPF_SID = "fcbb:bb00:b1::", "fcbb:bb00:b2:0::"

DOWNLINK5 = bytes((0x00, 0x05))
QFI5 = craft.session_container(5)


class MobileTest(Srv6Test):
    """A gateway between SRv6 and GTP-U."""

    profile = "mobile"

    def gateway(self, *sids: dict[str, Any], **config: Any) -> None:
        """Configure the node."""
        base: dict[str, Any] = {
            "routes": [
                {"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:2::2"},
                {"prefix": "2001:db8:3:1::/64", "via": "2001:db8:3::2"},
                {"prefix": "10.99.0.0/16", "via": "10.0.3.2"},
            ],
            "policies": [
                {"name": "one", "encap": {"mode": "encap", "flow-label": 0}, "segments": [UPF_SID]},
                {"name": "two", "encap": {"mode": "encap", "flow-label": 0}, "segments": [S1, UPF_SID]},
                {"name": "red", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [S1, UPF_SID]},
                {"name": "direct", "encap": {"mode": "encap.red", "flow-label": 0}, "segments": [UPF_SID]},
            ],
        }
        self.node(**{**base, "sids": list(sids), **config})


def inner4() -> craft.Packet:
    return craft.ip4(UE4, SERVER4, craft.udp(b"uplink"))


def inner6() -> craft.Packet:
    return craft.ip6(UE6, SERVER6, craft.udp(b"uplink"))


@behaviours("End.M.GTP6.D")
@rfc("9433", "6.3")
@rule("MB-1", "MB-3", "MB-9", "MB-14")
class Gtp6ToPolicy(MobileTest):
    """What GTP-U carries gets the headers of the policy, Args.Mob.Session in Segment List[0]."""

    def runTest(self) -> None:
        last = "fcbb:bb00:b2:0:1400:1:2300:0"
        for name, first, listed, left in (
            ("one", last, [last], 0),
            ("two", S1, [last, S1], 1),
            ("red", S1, [last], 1),
            ("direct", last, None, 0),
        ):
            self.gateway({"sid": f"{D}/64", "behavior": "End.M.GTP6.D", "policy": name, "args-offset": 64})
            for inside in (inner4(), inner6()):
                packet = craft.ip6(GNB, D, craft.gtpu(inside, extensions=[QFI5]))
                self.send(1, packet)
                carried = wire.unchanged(inside)
                payload = carried if listed is None else wire.srh(listed, sl=left, payload=carried)
                self.expect_only(2, wire.ip6(SOURCE, first, payload, hl=64))
            self.expect_no_drop()
            self.expect_sid_counter(f"{D}/64", packets=2)
            assert self.policy_counter(name).packets == 2
