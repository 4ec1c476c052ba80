# SPDX-License-Identifier: Apache-2.0
"""What the readers of the sections share: problems found so far, names declared so far, next hops."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from math import gcd
from typing import Any

from srv6cp import values
from srv6cp.model import (
    DEFAULT_VRF,
    MAX_TOTAL_WEIGHT,
    MAX_WEIGHT,
    FlowLabel,
    Interface,
    InterfaceId,
    IPAddress,
    IPNetwork,
    Locator,
    Neighbor,
    NextHop,
    Port,
)
from srv6cp.problems import Fields, InvalidError, Problem, UnknowableError, with_path

# Problems after which nothing more is read.
_ENOUGH = 500
VIA_KEYS = frozenset(("address", "port", "weight"))


class EnoughError(Exception):
    """So much is wrong that this is not the file that was meant."""


class Context:
    """State of one load. Readers append to ``problems`` and go on, so that one run reports everything."""

    def __init__(self, folder: str = "") -> None:
        """``folder``: where the names of files begin; the working directory unless told otherwise."""
        self.folder = folder
        self.problems: list[Problem] = []
        self.vrfs: dict[str, int] = {DEFAULT_VRF: 0}
        self.ports: dict[int, Port] = {}
        self.interfaces: dict[InterfaceId, Interface] = {}
        self.urpf_said: set[InterfaceId] = set()  # whose ports, or who, say what urpf is to be
        self.tlv_said: set[InterfaceId] = set()  # likewise of tlv
        self.neighbors: list[Neighbor] = []
        # The node's own addresses: of interfaces, loopbacks, its source.
        self.own: set[tuple[str, IPAddress]] = set()
        # That of policies which give none.
        self.flow_label = FlowLabel.HASH
        # Names that are declared, whether or not their declaration is right: one mistake, one message.
        self.uncertain = False  # a port has a mistake: what is behind it is not known
        self.policy_names: set[str] = set()
        self.hmac_keys: set[int] = set()
        self.locators: tuple[Locator, ...] = ()
        self.wrong_nexthops: set[int] = set()
        self.section_names: dict[str, set[str]] = {}
        self._connected: dict[str | None, list[tuple[IPNetwork, Interface]]] = {}
        self._vias: dict[tuple[str, str | None], tuple[NextHop, ...]] = {}
        self._resolved: dict[tuple[str | None, IPAddress], InterfaceId] = {}

    def fail(self, error: InvalidError, *path: str | int) -> None:
        """Record an error found while reading ``path``."""
        self.problems += (Problem(each.message, path + each.path) for each in error.each())
        if len(self.problems) > _ENOUGH:
            raise EnoughError

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Record instead of raise what is wrong in the block."""
        try:
            yield
        except InvalidError as error:
            self.fail(error, *path)

    def vrf(self, item: Mapping[Any, Any], key: str = "vrf") -> str:
        """The VRF named by ``key`` of an item, ``default`` when there is none."""
        value = item.get(key)
        if value is None or value == DEFAULT_VRF:
            return DEFAULT_VRF
        text = str(value)
        wanted = values.decimal(text)
        if text not in self.vrfs and wanted is not None:
            # iproute2 speaks of tables by number: a VRF may be referred to by its id.
            for name, number in self.vrfs.items():
                if number == wanted:
                    return name
        return str(with_path(key, values.reference, value, self.vrfs, "VRF"))

    def declared(self, section: str) -> Collection[str]:
        """Names in a section that a record of a behaviour brings."""
        return self.section_names.get(section, ())

    def add_connected(self) -> None:
        """Index the connected prefixes; call once, when all interfaces are known."""
        for interface in self.interfaces.values():
            for address in interface.addresses:
                entry = (address.network, interface)
                self._connected.setdefault(interface.vrf, []).append(entry)
                self._connected.setdefault(None, []).append(entry)
                self.own.add((interface.vrf, address.ip))

    def connected(self, vrf: str) -> list[tuple[IPNetwork, Interface]]:
        """The connected prefixes of a VRF, each with its interface."""
        return self._connected.get(vrf, [])

    def interface(self, value: Any) -> Interface:
        """A declared routed interface by ``1`` or ``1.100``."""
        identity = values.interface_id(value)
        interface = self.interfaces.get(identity)
        if interface is None:
            if identity in ((number, 0) for number in self.ports):
                raise InvalidError(f"port {identity} is a layer 2 port")
            if self.uncertain:
                raise UnknowableError(f"port {identity} may be one with a mistake")
            valid = ", ".join(map(str, self.interfaces)) or "none is declared"
            raise InvalidError(f"unknown port {identity}; valid: {valid}")
        return interface

    def locate(self, address: IPAddress, vrf: str | None) -> InterfaceId:
        """The interface behind which a next hop is: longest connected prefix, else a static neighbour.

        ``vrf`` None looks in every VRF and refuses what more than one would answer. An address of the node in a VRF
        is behind no interface of that VRF.
        """
        known = self._resolved.get((vrf, address))
        if known is not None:
            return known
        matches = [
            (network.prefixlen, interface.id)
            for network, interface in self._connected.get(vrf, ())
            if address in network and (interface.vrf, address) not in self.own
        ]
        if not matches:
            matches = [
                (0, neighbor.interface)
                for neighbor in self.neighbors
                if neighbor.address == address and (vrf is None or self.interfaces[neighbor.interface].vrf == vrf)
            ]
        longest = max((length for length, _ in matches), default=0)
        found = sorted({identity for length, identity in matches if length == longest})
        where = f" in VRF {vrf}" if vrf else ""
        if not found and self.uncertain:
            raise UnknowableError(f"next hop {address} may be behind a port with a mistake")
        if not found:
            if any(address == own and vrf in (None, of) for of, own in self.own):
                raise InvalidError(f"{address} is an address of this node{where}")
            raise InvalidError(f"next hop {address} is on no connected prefix{where}; give {{address, port}}")
        if len(found) > 1:
            ports = ", ".join(map(str, found))
            raise InvalidError(f"next hop {address} is on ports {ports}; give one: {{address, port}}")
        self._resolved[vrf, address] = found[0]
        return found[0]

    def nexthops(self, via: Any, vrf: str | None) -> tuple[NextHop, ...]:
        """``via``: an address, ``{address, port, weight}``, or a list of them."""
        if isinstance(via, str):
            known = self._vias.get((via, vrf))
            if known is None:
                address = values.ip_address(via, "next hop")
                known = self._vias[via, vrf] = (NextHop(self.locate(address, vrf), address),)
            return known
        items = values.one_or_more(via)
        if not items:
            raise InvalidError("a list of next hops may not be empty")
        hops = []
        for index, item in enumerate(items):
            try:
                hops.append(self._nexthop(item, vrf))
            except InvalidError as error:
                if isinstance(via, (list, tuple)):
                    error.under(index)
                raise
        if len({(hop.interface, hop.address) for hop in hops}) < len(hops):
            raise InvalidError("a next hop is listed twice; use its weight")
        check_weights([hop.weight for hop in hops])
        return tuple(hops)

    def _nexthop(self, item: Any, vrf: str | None) -> NextHop:
        if not isinstance(item, dict):
            address = values.ip_address(item, "next hop")
            return NextHop(self.locate(address, vrf), address)
        fields = Fields(item)
        with fields.at():
            values.check_keys(item, VIA_KEYS)
        weight = fields.read("weight", read_weight, default=1)
        interface = fields.read("port", self.interface)
        address = fields.read("address", values.ip_address)
        if item.get("port") is None and item.get("address") is None:
            with fields.at():
                raise InvalidError("a next hop needs an address or a port")
        fields.finish()
        if interface is not None:
            return NextHop(interface.id, address, weight)
        return NextHop(with_path("address", self.locate, address, vrf), address, weight)


def read_weight(value: Any) -> int:
    """``weight`` of a next hop or segment list."""
    return values.integer(value, "weight", 1, MAX_WEIGHT)


def check_weights(weights: list[int]) -> None:
    """Refuse weights that no group of the data plane can hold."""
    total = sum(weights) // reduce(gcd, weights)
    if total > MAX_TOTAL_WEIGHT:
        raise InvalidError(
            f"weights add up to {total} after division by their common divisor; at most {MAX_TOTAL_WEIGHT}"
        )
