# SPDX-License-Identifier: Apache-2.0
"""What C-SIDs in an address or a list mean in a network, as its nodes have them: ``r2>r4>r5 End.DT46``."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network

from srv6cp.behaviours import REGISTRY, Endpoint
from srv6cp.behaviours.structure import structure_of
from srv6cp.model import Csid, Node, SidStructure, SidStructures

_BITS = 128
_ADDRESS = SidStructure(0, 0, _BITS)  # takes part in no container


class Containers:
    """The SIDs of these nodes, by their bits."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        known: list[tuple[IPv6Network, SidStructure]] = []
        self._names: dict[tuple[int, int], str] = {}
        self._replace: dict[tuple[int, int, int], None] = {}  # block, its length, length of its C-SIDs
        for name, node in nodes.items():
            for sid in node.sids:
                record = REGISTRY.endpoint(sid.behaviour)
                structure = structure_of(sid.prefix, record, sid.operands, node.locators)
                if structure is None or structure.length != sid.prefix.prefixlen:
                    continue
                known.append((sid.prefix, structure))
                bits = int(sid.prefix.network_address)
                self._names[bits >> _BITS - structure.length, structure.length] = _name(name, record)
                if structure.csid is Csid.REPLACE:
                    self._replace[structure.block_of(bits), structure.block, structure.unit] = None
        self._structures = SidStructures(known)
        #: The same, and what is in the prefix of a SID without being one: addresses of the nodes.
        own = {IPv6Network(each) for node in nodes.values() for _, each in node.own_addresses() if each.version == 6}
        self.structures = SidStructures([*known, *((each, _ADDRESS) for each in own)])
        self._compressed = any(structure.csid is not Csid.NONE for _, structure in known)

    def label(self, address: str) -> str | None:
        """The SIDs that an address holds, in the order of the way; None where one of them is not known, or where it
        is none (the address of a frame)."""
        if not self._compressed:
            return None
        try:
            bits = int(IPv6Address(address))
        except ValueError:
            return None
        names = self._in_destination(bits) or self._in_list(bits)
        return ">".join(names) if names else None

    def _in_destination(self, bits: int) -> list[str]:
        """A SID, and what is behind it in a NEXT container."""
        names: list[str] = []
        while (structure := self._structures.taker(bits)) is not None:
            names.append(self._names[bits >> _BITS - structure.length, structure.length])
            argument = structure.argument_of(bits)
            if structure.csid is not Csid.NEXT or not argument:
                return names
            block = structure.block_of(bits) << _BITS - structure.block
            bits = block | argument << _BITS - structure.block - structure.argument
        return []

    def _in_list(self, bits: int) -> list[str]:
        """A REPLACE container of a block."""
        for block, length, unit in self._replace:
            names: list[str] = []
            rest = bits
            while rest:
                name = self._names.get((block << unit | rest & (1 << unit) - 1, length + unit))
                if name is None:
                    break
                names.append(name)
                rest >>= unit
            if names and not rest:
                return names
        return []


def _name(node: str, record: Endpoint) -> str:
    """A node for its End: that is what leads there."""
    if record.csid and record.behaviour == "End":
        return node
    return f"{node} {record.aliases[0] if record.csid and record.aliases else record.behaviour}"
