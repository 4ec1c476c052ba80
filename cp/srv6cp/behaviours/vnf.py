# SPDX-License-Identifier: Apache-2.0
"""Bytestream functions (SRv6Pipes): a proxy behind a next hop ends TCP connections, and its SID says what it does.

Opcode (16 bits) and parameters (32 bits) are the last 48 bits of the SID: the prefix of an End.VNF SID has 80 bits at
most. The proxy reads them from the Segment List; the router does not look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Scope
from srv6cp.behaviours.operands import Via
from srv6cp.behaviours.record import Endpoint
from srv6cp.problems import InvalidError, with_path

#: Bits in front of the opcode.
LONGEST_PREFIX = 80


@dataclass(frozen=True)
class Proxy(Via):
    """The next hop of the proxy. The prefix of the SID leaves room for opcode and parameters, or is one function."""

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        prefix = with_path("sid", values.ipv6_prefix, item.get("sid"), "SID")
        if LONGEST_PREFIX < prefix.prefixlen < prefix.max_prefixlen:
            raise InvalidError(
                f"opcode and parameters of {behaviour} are the last 48 bits of the SID: its prefix has at most"
                f" {LONGEST_PREFIX} bits, or 128 for one function, not {prefix.prefixlen}",
                "sid",
            )
        return super().read(item, scope, behaviour)


END_VNF = Endpoint(
    "End.VNF",
    action="end_vnf",
    operands=(Proxy("via", "`via`", "via A [port P]"),),
    spec="SRv6Pipes",
)
ENDPOINTS = (END_VNF,)
