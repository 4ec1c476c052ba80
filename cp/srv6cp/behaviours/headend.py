# SPDX-License-Identifier: Apache-2.0
"""Headend behaviours: what a policy does to a packet or frame (RFC 8986 section 5, and the insertion draft)."""

from __future__ import annotations

from srv6cp.behaviours.record import Headend

_DRAFT = "draft-filsfils-spring-srv6-net-pgm-insertion"

HEADENDS = (
    Headend("encap", "H.Encaps", action="h_encaps", spec="RFC 8986 5.1", aliases=("T.Encaps",)),
    Headend(
        "encap.red",
        "H.Encaps.Red",
        action="h_encaps_red",
        spec="RFC 8986 5.2",
        reduced=True,
        aliases=("T.Encaps.Red",),
    ),
    Headend("l2encap", "H.Encaps.L2", action="h_encaps_l2", spec="RFC 8986 5.3", layer2=True, aliases=("T.Encaps.L2",)),
    Headend(
        "l2encap.red",
        "H.Encaps.L2.Red",
        action="h_encaps_l2_red",
        spec="RFC 8986 5.4",
        reduced=True,
        layer2=True,
        aliases=("T.Encaps.L2.Red",),
    ),
    Headend("insert", "H.Insert", action="h_insert", spec=_DRAFT, inserts=True, aliases=("T.Insert", "inline")),
    Headend(
        "insert.red",
        "H.Insert.Red",
        action="h_insert_red",
        spec=_DRAFT,
        reduced=True,
        inserts=True,
        aliases=("T.Insert.Red", "inline.red"),
    ),
    Headend(
        "gtp4.d",
        "H.M.GTP4.D",
        action="h_m_gtp4_d",
        spec="RFC 9433 6.7",
        reduced=True,
        gtp=True,
        aliases=("T.M.GTP4.D",),
    ),
)
