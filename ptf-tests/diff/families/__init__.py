# SPDX-License-Identifier: Apache-2.0
"""The catalogue, a file a family of the program: what the node of the random runs has of it, and which packets it gets.

of("hmac")      # the families of a profile
"""

from __future__ import annotations

from functools import cache

from diff.draw import Family
from diff.families import bridge, classifier, csid, edge, hmac, mobile, mpls, oam, routing
from srv6cp import artifacts
from srv6cp.compile.capabilities import Capabilities
from srv6cp.p4rt import P4Info

ALL = (
    routing.FAMILY,
    edge.FAMILY,
    edge.REASSEMBLY,
    classifier.FAMILY,
    csid.FAMILY,
    csid.BINDING,
    csid.DECAPSULATING,
    mpls.FAMILY,
    mpls.CSID,
    bridge.FAMILY,
    bridge.CSID,
    oam.FAMILY,
    hmac.FAMILY,
    mobile.FAMILY,
)


@cache
def of(profile: str) -> tuple[Family, ...]:
    """Those that the profile has."""
    program = Capabilities(P4Info.from_file(artifacts.find(profile).p4info))
    return tuple(each for each in ALL if all(program.has(table, action) for table, action in each.needs))
