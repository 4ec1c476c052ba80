# SPDX-License-Identifier: Apache-2.0
"""``oam`` of a node file: the O flag of RFC 9259."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Network
from typing import Any

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.model import Oam, Sid
from srv6cp.problems import Fields, InvalidError

OAM_KEYS = frozenset(("o-flag",))


def read_oam(value: Any, sids: Iterable[Sid], context: Context) -> Oam:
    """``o-flag``: true for all SIDs, false for none, or a list of SIDs of this node."""
    if value is None:
        return Oam()
    found = Oam()
    with context.at("oam"):
        fields = Fields(values.mapping(value, "oam"))
        with fields.at():
            values.check_keys(fields.item, OAM_KEYS)
        given = fields.item.get("o-flag", False)
        if isinstance(given, bool):
            found = Oam(everywhere=given)
        else:
            own = {sid.prefix for sid in sids}
            listed: set[IPv6Network] = set()
            for index, text in enumerate(fields.read("o-flag", values.one_or_more, default=())):
                with fields.at("o-flag", index):
                    prefix = values.ipv6_prefix(text, "SID")
                    if prefix not in own and not context.problems:
                        raise InvalidError(f"{prefix} is no SID of this node; true stands for all of them")
                    if prefix in listed:
                        raise InvalidError(f"SID {prefix} is given twice")
                    listed.add(prefix)
            found = Oam(sids=frozenset(listed))
        fields.finish()
    return found
