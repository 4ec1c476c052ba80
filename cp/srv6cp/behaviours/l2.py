# SPDX-License-Identifier: Apache-2.0
"""End.DX2 and its kind: the frame inside leaves by a port (RFC 8986 sections 4.9 to 4.12)."""

from __future__ import annotations

from srv6cp.behaviours.operands import PORT
from srv6cp.behaviours.record import Endpoint

ENDPOINTS = (
    Endpoint(
        "End.DX2",
        action="end_dx2",
        operands=(PORT,),
        code_points=(21,),
        spec="RFC 8986 4.9",
        takes=("ethernet",),
        label="decapsulates",
    ),
)
