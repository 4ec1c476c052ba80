# SPDX-License-Identifier: Apache-2.0
"""End.B6.*: SIDs that stand for a policy (RFC 8986 sections 4.13 and 4.14, and the insertion draft)."""

from __future__ import annotations

from srv6cp.behaviours.operands import policy
from srv6cp.behaviours.record import Endpoint

_DRAFT = "draft-filsfils-spring-srv6-net-pgm-insertion"

ENDPOINTS = (
    Endpoint(
        "End.B6.Encaps",
        action="end_b6_encaps",
        operands=(policy("encap"),),
        code_points=(14,),
        spec="RFC 8986 4.13",
    ),
    Endpoint(
        "End.B6.Encaps.Red",
        action="end_b6_encaps_red",
        operands=(policy("encap.red"),),
        code_points=(27,),
        spec="RFC 8986 4.14",
    ),
    Endpoint(
        "End.B6.Insert",
        action="end_b6_insert",
        returning="end_b6_insert_return",
        operands=(policy("insert"),),
        code_points=(13,),
        spec=_DRAFT,
        aliases=("End.B6",),  # iproute2
    ),
    Endpoint(
        "End.B6.Insert.Red",
        action="end_b6_insert_red",
        returning="end_b6_insert_red_return",
        operands=(policy("insert.red"),),
        code_points=(26,),
        spec=_DRAFT,
    ),
)
