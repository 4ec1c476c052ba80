# SPDX-License-Identifier: Apache-2.0
"""``vrfs``, ``ports``, ``addresses``: where the node is attached and what it owns."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.model import DEFAULT_MTU, DEFAULT_VRF, Interface, InterfaceId, IPInterface, OwnAddress, Port
from srv6cp.problems import InvalidError, Path, Problem, with_path

VRF_KEYS = frozenset(("name", "id"))
PORT_KEYS = frozenset(("mode", "mac", "addresses", "mtu", "vrf", "role", "policy", "vlans", "interface"))
L2_PORT_KEYS = frozenset(("mode", "mtu", "policy", "interface"))
VLAN_KEYS = frozenset(("mac", "addresses", "mtu", "vrf", "role", "policy"))
ADDRESS_KEYS = frozenset(("address", "vrf"))
_MAX_VRF_ID = 65535
_HASHED_VRF_IDS = 999


def read_vrfs(value: Any, context: Context) -> None:
    """Fill ``context.vrfs``. Ids that are not given follow from the name alone where they can."""
    unnumbered: list[str] = []
    taken = {0}
    with context.at("vrfs"):
        for index, item in enumerate(values.listing(value, "vrfs")):
            with context.at("vrfs", index):
                if isinstance(item, dict):
                    values.check_keys(item, VRF_KEYS, ("name",))
                    vrf = with_path("name", values.name, item["name"], "VRF name")
                    number = item.get("id")
                else:
                    vrf, number = values.name(item, "VRF name"), None
                if vrf == DEFAULT_VRF:
                    raise InvalidError("VRF 'default' always exists and has id 0")
                if vrf in context.vrfs or vrf in unnumbered:
                    raise InvalidError(f"VRF {vrf!r} is given twice")
                if number is None:
                    unnumbered.append(vrf)
                    continue
                number = with_path("id", values.integer, number, "id", 1, _MAX_VRF_ID)
                if number in taken:
                    raise InvalidError(f"VRF id {number} is given twice", "id")
                taken.add(number)
                context.vrfs[vrf] = number
    for vrf in sorted(unnumbered):
        number = crc32(vrf.encode()) % _HASHED_VRF_IDS + 1
        while number in taken:
            number = number % _MAX_VRF_ID + 1
        taken.add(number)
        context.vrfs[vrf] = number


def read_ports(value: Any, node: str, context: Context) -> None:
    """Fill ``context.ports`` and ``context.interfaces``."""
    if value is None:
        return
    with context.at("ports"):
        for key, item in values.mapping(value, "ports").items():
            with context.at("ports", key):
                try:
                    number = values.integer(key, "port number", 0, values.MAX_PORT)
                except InvalidError as error:
                    raise InvalidError(f"{error.message} (510 and 511 are the CPU and drop ports)") from None
                if number in context.ports:
                    raise InvalidError(f"port {number} is given twice")
                port = _read_port(number, {} if item is None else values.mapping(item, "a port"), node, context)
                context.ports[number] = port
                for interface in port.interfaces:
                    context.interfaces[interface.id] = interface
    _check_connected(context)
    context.add_connected()


def _read_port(number: int, item: dict[Any, Any], node: str, context: Context) -> Port:
    values.check_keys(item, PORT_KEYS)
    mode = with_path("mode", values.choice, item.get("mode", "l3"), ("l3", "l2"), "mode")
    device = item.get("interface")
    if device is not None:
        device = with_path("interface", values.name, device, "interface")
    mtu = _read_mtu(item)
    if mode == "l2":
        for key in item:
            if key not in L2_PORT_KEYS:
                valid = ", ".join(sorted(L2_PORT_KEYS))
                raise InvalidError(f"a layer 2 port takes no {key!r}; valid: {valid}", key)
        return Port(number, (), _read_policy(item, context), mtu, device)
    default_mac = "02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}".format(
        *crc32(node.encode()).to_bytes(4, "big")[1:], number >> 8, number & 0xFF
    )
    interfaces = [_read_interface(InterfaceId(number), item, default_mac, mtu, context)]
    vlans = with_path("vlans", values.mapping, item.get("vlans") or {}, "vlans")
    for key, vlan_item in vlans.items():
        with context.at("ports", number, "vlans", key):
            vlan = values.integer(key, "VLAN", 1, values.MAX_VLAN)
            vlan_item = {} if vlan_item is None else values.mapping(vlan_item, "a VLAN")
            values.check_keys(vlan_item, VLAN_KEYS)
            identity = InterfaceId(number, vlan)
            if any(interface.id == identity for interface in interfaces):
                raise InvalidError(f"VLAN {vlan} is given twice")
            mac = interfaces[0].mac
            interfaces.append(_read_interface(identity, vlan_item, mac, _read_mtu(vlan_item, mtu), context))
    return Port(number, tuple(interfaces), None, mtu, device)


def _read_interface(
    identity: InterfaceId, item: dict[Any, Any], default_mac: str, mtu: int, context: Context
) -> Interface:
    addresses = []
    for index, text in enumerate(with_path("addresses", values.listing, item.get("addresses"), "addresses")):
        try:
            addresses.append(values.interface_address(text))
        except InvalidError as error:
            error.path = ("addresses", index)
            raise
    mac = item.get("mac")
    role = with_path("role", values.choice, item.get("role", "internal"), ("internal", "external"), "role")
    return Interface(
        identity,
        default_mac if mac is None else with_path("mac", values.mac_address, mac),
        tuple(addresses),
        mtu,
        context.vrf(item),
        role == "external",
        _read_policy(item, context),
    )


def _read_mtu(item: dict[Any, Any], default: int = DEFAULT_MTU) -> int:
    mtu = item.get("mtu")
    if mtu is None:
        return default
    return int(with_path("mtu", values.integer, mtu, "mtu", values.MIN_MTU, values.MAX_MTU))


def _read_policy(item: dict[Any, Any], context: Context) -> str | None:
    policy = item.get("policy")
    if policy is None:
        return None
    return str(with_path("policy", values.reference, policy, context.policy_names, "policy"))


def _check_connected(context: Context) -> None:
    """Within a VRF a prefix is connected to one interface and an address owned once."""
    prefixes: dict[Any, InterfaceId] = {}
    addresses: dict[Any, InterfaceId] = {}
    for interface in context.interfaces.values():
        for index, address in enumerate(interface.addresses):
            path = _address_path(interface, index)
            owner = addresses.setdefault((interface.vrf, address.ip), interface.id)
            if owner != interface.id or address in interface.addresses[:index]:
                context.problems.append(Problem(f"address {address.ip} is already on port {owner}", path))
                continue
            if _is_host(address):
                continue
            other = prefixes.setdefault((interface.vrf, address.network), interface.id)
            if other != interface.id:
                message = f"prefix {address.network} is already connected to port {other} in VRF {interface.vrf}"
                context.problems.append(Problem(message, path))


def _is_host(address: IPInterface) -> bool:
    return address.network.prefixlen == address.max_prefixlen


def _address_path(interface: Interface, index: int) -> Path:
    vlan: Path = ("vlans", interface.id.vlan) if interface.id.vlan else ()
    return ("ports", interface.id.port, *vlan, "addresses", index)


def read_addresses(value: Any, context: Context) -> tuple[OwnAddress, ...]:
    """Loopback addresses, which become ``context.own`` as well."""
    result: list[OwnAddress] = []
    with context.at("addresses"):
        for index, item in enumerate(values.listing(value, "addresses")):
            with context.at("addresses", index):
                vrf = DEFAULT_VRF
                text = item
                if isinstance(item, dict):
                    values.check_keys(item, ADDRESS_KEYS, ("address",))
                    vrf, text = context.vrf(item), item["address"]
                address = values.interface_address(text)
                if not _is_host(address):
                    bits = address.max_prefixlen
                    raise InvalidError(
                        f"loopback address {address} must be a /{bits}; connected prefixes belong to ports"
                    )
                own = OwnAddress(address.ip, vrf)
                if own in result:
                    raise InvalidError(f"address {own.address} is given twice")
                result.append(own)
                context.own.add((vrf, address.ip))
    return tuple(result)
