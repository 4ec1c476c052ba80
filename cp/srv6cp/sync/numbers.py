# SPDX-License-Identifier: Apache-2.0
"""The numbers that the entries of a switch have."""

from __future__ import annotations

from collections.abc import Iterator

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import Ids, ids_for
from srv6cp.compile.tables import MY_SID, NEXTHOP, NEXTHOP_GROUP, PACKET_COPY, POLICY, SIDLISTS
from srv6cp.p4rt import Client, P4Info, TableEntry


def numbers_of(client: Client, info: P4Info) -> Ids:
    """Numbers to compile with, whoever wrote the entries. Raises P4RuntimeError when the switch cannot be read."""
    ids = ids_for(info)
    ids.adopt(client.read(map(TableEntry, _numbered(info))), REGISTRY.sections)
    return ids


def _numbered(info: P4Info) -> Iterator[str]:
    """Tables whose entries say what a number stands for."""
    own = (table for section in REGISTRY.sections for table in section.tables)
    for table in (NEXTHOP, NEXTHOP_GROUP, POLICY, PACKET_COPY, *SIDLISTS, MY_SID, *own):
        if table in info.tables:
            yield table
