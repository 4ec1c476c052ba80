# SPDX-License-Identifier: Apache-2.0
"""Which candidate path of a policy is active (RFC 9256 2.9).

Of the valid ones that of the highest preference; of equals the one of the higher protocol origin, then the installed
one where the policy says so, of the lower originator, of the higher discriminator. A path none of whose next hops has
answered yet is valid (5.1 asks for a next hop, not for its MAC address), but gives way to one that packets can take at
once: so a next hop that is lost moves the traffic, and the first packet to a next hop that was never asked finds it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from srv6cp.model import CandidatePath, Originator

Identity = tuple[int, Originator, int]
"""<protocol origin, originator, discriminator> of a path."""


class Reach(enum.IntEnum):
    """How a segment list, or a path by the best of its lists, can be used now."""

    NOT = 0  # not valid
    ASKING = 1  # valid; who its next hops are is still to be found out
    READY = 2


@dataclass(frozen=True)
class PathState:
    """A candidate path as it is now.

    ``faults`` say for each of its lists why that is not valid, ``""`` where it is. ``reason``: why it is not the active
    path, ``""`` when it is.
    """

    path: CandidatePath
    reach: Reach
    faults: tuple[str, ...] = ()
    reason: str = ""

    @property
    def active(self) -> bool:
        return not self.reason


def choose(states: Sequence[PathState], installed: Identity | None = None) -> tuple[PathState, ...]:
    """The states with their reasons. ``installed`` is the path to keep among equals, where one is."""
    best = max((state.reach for state in states), default=Reach.NOT)
    usable = [state for state in states if state.reach is best and best]
    winner = max(usable, key=lambda state: tuple(_merits(state.path, installed).values()), default=None)
    return tuple(
        state if state is winner else replace(state, reason=_why_not(state, winner, installed)) for state in states
    )


def in_order(paths: Sequence[CandidatePath]) -> list[CandidatePath]:
    """The paths as they would be chosen were all of them valid, best first."""
    return sorted(paths, key=lambda path: tuple(_merits(path, None).values()), reverse=True)


def _merits(path: CandidatePath, installed: Identity | None) -> dict[str, int]:
    """What paths are compared by, in this order; more is better."""
    originator = path.originator
    return {
        "preference": path.preference,
        "protocol origin": path.origin,
        "installed": path.identity == installed,
        "originator": -((originator.asn << 128) + originator.node),
        "discriminator": path.discriminator,
    }


def _why_not(state: PathState, winner: PathState | None, installed: Identity | None) -> str:
    path = state.path
    if not state.reach or winner is None:
        if path.ineligible:
            return f"invalid: {path.ineligible}"
        return "invalid: " + ("no list is valid" if path.lists else "none of its policies is valid")
    if state.reach < winner.reach:
        return "none of its next hops has answered"
    other = winner.path
    mine, best = _merits(path, installed), _merits(other, installed)
    what = next(key for key in mine if mine[key] != best[key])
    return {
        "preference": f"preference {path.preference} is lower than {other.preference}",
        "protocol origin": f"protocol origin {path.origin} is lower than {other.origin}",
        "installed": f"{other.label} is installed",
        "originator": f"originator {path.originator} is higher than {other.originator}",
        "discriminator": f"discriminator {path.discriminator} is lower than {other.discriminator}",
    }[what]
