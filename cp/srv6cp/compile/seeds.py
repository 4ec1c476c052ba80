# SPDX-License-Identifier: Apache-2.0
"""What the hash of a flow is mixed with before a member of a group is chosen.

Routers in a row that chose by the hash alone would choose alike: the second sees only the flows that the first sent its
way (polarisation). So each node has seeds of its own, one for next hops and one for segment lists. They follow from its
name, or from ``flow-seed`` of its node file.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from srv6cp.model import Node


class Seeds(NamedTuple):
    """32 bits each."""

    nexthops: int
    policies: int


def seeds(node: Node) -> Seeds:
    """Seeds of a node, by a cryptographic hash: those of r1 and r2, or of 1 and 2, differ in half of their bits.

    Nothing is secret about them: they make routers differ, they do not keep anybody from finding colliding flows.
    """
    text = node.name if node.flow_seed is None else str(node.flow_seed)
    digest = sha256(text.encode()).digest()
    return Seeds(int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big"))
