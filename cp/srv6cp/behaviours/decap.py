# SPDX-License-Identifier: Apache-2.0
"""End.DX* and End.DT*: what is inside goes to a next hop, or is looked up in a VRF (RFC 8986 sections 4.4 to 4.8).

Behind C-SIDs they are the last of a container as they are (RFC 9800 section 4), which is what uDT4 and its kind mean.
"""

from __future__ import annotations

from srv6cp.behaviours.operands import CROSS4, CROSS6, DECAP, VRF
from srv6cp.behaviours.record import Endpoint

_LABEL = "decapsulates"

ENDPOINTS = (
    Endpoint(
        "End.DX6",
        action="end_dx6",
        operands=(CROSS6, *DECAP),
        code_points=(16,),
        spec="RFC 8986 4.4",
        aliases=("uDX6",),
        takes=("ipv6",),
        label=_LABEL,
        lookup="End.DT6",
    ),
    Endpoint(
        "End.DX4",
        action="end_dx4",
        operands=(CROSS4, *DECAP),
        code_points=(17,),
        spec="RFC 8986 4.5",
        aliases=("uDX4",),
        takes=("ipv4",),
        label=_LABEL,
        lookup="End.DT4",
    ),
    Endpoint(
        "End.DT6",
        action="end_dt6",
        operands=(VRF, *DECAP),
        code_points=(18,),
        spec="RFC 8986 4.6",
        aliases=("uDT6",),
        takes=("ipv6",),
        label=_LABEL,
    ),
    Endpoint(
        "End.DT4",
        action="end_dt4",
        operands=(VRF, *DECAP),
        code_points=(19,),
        spec="RFC 8986 4.7",
        aliases=("uDT4",),
        takes=("ipv4",),
        label=_LABEL,
    ),
    Endpoint(
        "End.DT46",
        action="end_dt46",
        operands=(VRF, *DECAP),
        code_points=(20,),
        spec="RFC 8986 4.8",
        aliases=("uDT46",),
        takes=("ipv6", "ipv4"),
        label=_LABEL,
    ),
)
