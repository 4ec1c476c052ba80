# SPDX-License-Identifier: Apache-2.0
"""SR-MPLS policies and End.BM, with C-SID flavours where the profile has them (RFC 8986 4.15, RFC 9800 4.1.6 and
4.2.6)."""

from __future__ import annotations

from diff.draw import Family
from diff.families import csid
from diff.families.routing import at
from srv6cp.compile import tables

FAMILY = Family(
    needs=((tables.MY_SID, "end_bm"),),
    config={
        "mpls-policies": [
            {"name": "labels3", "labels": [16001, 0xA5A5A, 24002], "via": "2001:db8:2::2"},
            {"name": "labels8", "labels": [*range(16, 24)], "via": ["2001:db8:2::2", "2001:db8:4::2"], "ttl": 9},
            {"name": "label", "labels": [17], "via": "2001:db8:8100::2", "traffic-class": 5},
        ],
        "sids": at(
            {
                "b640": {"behavior": "End.BM", "mpls-policy": "labels3"},
                "b641": {"behavior": "End.BM", "mpls-policy": "labels8"},
                "b642": {"behavior": "End.BM", "mpls-policy": "label"},
            }
        ),
    },
)
CSID = Family(
    needs=((tables.MY_SID, "end_bm_next_csid"), (tables.MY_SID, "end_bm_replace_csid")),
    config={"sids": csid.sids("End.BM")},
)
