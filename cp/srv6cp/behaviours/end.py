# SPDX-License-Identifier: Apache-2.0
"""End, End.X, End.T: the packet goes on along its segment list (RFC 8986 sections 4.1 to 4.3).

With USD they decapsulate as well (RFC 8986 section 4.16.3): hence the options.
"""

from __future__ import annotations

from srv6cp.behaviours.operands import DECAP, VIA6, VRF
from srv6cp.behaviours.record import ALL_FLAVOURS, Endpoint

ENDPOINTS = (
    Endpoint(
        "End",
        action="end",
        operands=DECAP,
        code_points=(1, 2, 3, 4, 28, 29, 30, 31),
        flavours=ALL_FLAVOURS,
        spec="RFC 8986 4.1",
    ),
    Endpoint(
        "End.X",
        action="end_x",
        operands=(VIA6, *DECAP),
        code_points=(5, 6, 7, 8, 32, 33, 34, 35),
        flavours=ALL_FLAVOURS,
        spec="RFC 8986 4.2",
    ),
    Endpoint(
        "End.T",
        action="end_t",
        operands=(VRF, *DECAP),
        code_points=(9, 10, 11, 12, 36, 37, 38, 39),
        flavours=ALL_FLAVOURS,
        spec="RFC 8986 4.3",
    ),
)
