# SPDX-License-Identifier: Apache-2.0
"""The program of a switch as a client needs it: the view of its p4info, and the codec of its entities.

    info = P4Info.from_file("full.p4info.txtpb")
    info.key(TableEntry("ipv6_table", {"vrf_id": 0, "ipv6_dst": "2001:db8::/64"}))

Lookups by name are those of ``p4rtlib.p4info``.
"""

from __future__ import annotations

from functools import cached_property

import p4rtlib.p4info

from .codec import Codec
from .entities import Entity

__all__ = ["P4Info"]


class P4Info(p4rtlib.p4info.P4Info):
    """The names of a compiled program and, made when first needed, the codec of its entities."""

    @cached_property
    def codec(self) -> Codec:
        """Encoder and decoder of entities for this program."""
        return Codec(self)

    def normalize(self, entity: Entity) -> Entity:
        """``entity`` as this switch would return it: aliases, formatted values, every LPM field, no
        don't-cares.
        """
        return self.codec.decode(self.codec.encode(entity))

    def key(self, entity: Entity) -> bytes:
        """What identifies ``entity`` on the switch; equal for two spellings of the same entry; hashable."""
        return self.codec.key(entity)
