# SPDX-License-Identifier: Apache-2.0
"""What an SRH asks of a proxy: which functions, how it goes on from here, and how it goes back.

The proxy knows itself by the prefixes of its SIDs. SIDs of it that follow each other are functions of one visit. Two
visits with others between them would be two connections with the same four addresses and ports on one host, which
nobody can tell apart: such a list is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, IPv6Network

from srv6host import functions
from srv6host.functions import Function
from srv6host.srh import RETURN_PATH, Srh, SrhError


class VisitError(Exception):
    """An SRH that a proxy does not follow; the message says why, ``back`` how its sender is told."""

    def __init__(self, message: str, back: Srh | None = None) -> None:
        super().__init__(message)
        self.back = back


@dataclass(frozen=True)
class Visit:
    """``functions`` in order of travel; ``onward`` the header of the connection to the next segment, ``back`` that of
    packets to whoever opened this one, None where they need none."""

    functions: tuple[Function, ...]
    onward: Srh
    back: Srh | None


def visit(srh: Srh | None, client: IPv6Address, server: IPv6Address, own: Sequence[IPv6Network]) -> Visit:
    """Read the SRH with which a connection from ``client`` to ``server`` was opened. Raises VisitError."""
    if srh is None:
        raise VisitError("no SRH")
    if srh.segments[0] != server:
        raise VisitError(f"the list ends at {srh.segments[0]}, the connection at {server}")
    mine = [at for at, segment in enumerate(srh.segments) if _is_own(segment, own)]
    if not mine:
        raise VisitError("the list has no SID of this proxy")
    first, last = mine[-1], mine[0]  # in order of travel
    if last == 0:
        raise VisitError(f"the list ends at {server}, a SID of this proxy")
    back = None
    try:
        here = srh.at(first)
        back = here.return_path(client).srh(client)
        if first - last + 1 != len(mine):
            raise VisitError("the list comes back to this proxy after other segments", back)
        onward = here.at(last - 1)
        if any(kind == RETURN_PATH for kind, _ in srh.tlvs):
            path = here.return_path(client)
            places = [at for at, segment in enumerate(path.segments) if _is_own(segment, own)]
            if not places:
                raise VisitError("the return path has no SID of this proxy", back)
            onward = onward.with_return_path(replace(path, segments_left=places[-1]))
        asked = tuple(functions.of_sid(srh.segments[at]) for at in reversed(mine))
    except (SrhError, functions.FunctionError) as error:
        raise VisitError(str(error), back) from None
    return Visit(asked, onward, back)


def _is_own(segment: IPv6Address, own: Sequence[IPv6Network]) -> bool:
    return any(segment in prefix for prefix in own)
