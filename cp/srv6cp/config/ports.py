# SPDX-License-Identifier: Apache-2.0
"""``vrfs``, ``ports``, ``addresses``: where the node is attached and what it owns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zlib import crc32

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.config.hmac import read_tlv
from srv6cp.model import DEFAULT_MTU, DEFAULT_VRF, Interface, InterfaceId, IPInterface, OwnAddress, Port, Urpf
from srv6cp.problems import Fields, InvalidError, Path, Problem

VRF_KEYS = frozenset(("name", "id"))
PORT_KEYS = frozenset(("mode", "mac", "addresses", "mtu", "vrf", "role", "urpf", "tlv", "policy", "vlans", "interface"))
L2_PORT_KEYS = frozenset(("mode", "mtu", "policy", "interface"))
VLAN_KEYS = frozenset(("mac", "addresses", "mtu", "vrf", "role", "urpf", "tlv", "policy"))
URPF = tuple(kind.value for kind in Urpf)
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
                fields = Fields(item if isinstance(item, dict) else {"name": item})
                with fields.at():
                    values.check_keys(fields.item, VRF_KEYS, ("name",))
                vrf = values.name(item, "VRF name") if fields.item is not item else fields.read("name", _name)
                number = fields.read("id", values.integer, "id", 1, _MAX_VRF_ID)
                with fields.at():
                    if vrf == DEFAULT_VRF:
                        raise InvalidError("VRF 'default' always exists and has id 0")
                    if vrf in context.vrfs or vrf in unnumbered:
                        raise InvalidError(f"VRF {vrf!r} is given twice")
                    if number in taken:
                        raise InvalidError(f"VRF id {number} is given twice", "id")
                    if number is not None and vrf is not None:
                        taken.add(number)
                        context.vrfs[vrf] = number
                # Also with mistakes: those who refer to it are not to blame.
                if vrf is not None and vrf not in context.vrfs:
                    unnumbered.append(vrf)
                fields.finish()
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
                fields = Fields({} if item is None else values.mapping(item, "a port"))
                port = _read_port(number, fields, node, context)
                if fields.error is not None:
                    context.uncertain = True
                    context.fail(fields.error, "ports", key)
                # Also with mistakes: those who refer to it are not to blame.
                context.ports[number] = port
                for interface in port.interfaces:
                    context.interfaces[interface.id] = interface
    _check_connected(context)
    context.add_connected()


def _read_port(number: int, fields: Fields, node: str, context: Context) -> Port:
    item = fields.item
    mode = fields.read("mode", values.choice, ("l3", "l2"), "mode", default="l3")
    device = fields.read("interface", values.name, "interface")
    mtu = fields.read("mtu", values.integer, "mtu", values.MIN_MTU, values.MAX_MTU, default=DEFAULT_MTU)
    if mode == "l2":
        with fields.at():
            values.check_keys({key: each for key, each in item.items() if key not in PORT_KEYS}, L2_PORT_KEYS)
        for key in item:
            if key in PORT_KEYS - L2_PORT_KEYS:
                valid = ", ".join(sorted(L2_PORT_KEYS))
                with fields.at(key):
                    raise InvalidError(f"a layer 2 port takes no {key!r}; valid: {valid}")
        return Port(number, (), fields.read("policy", _policy, context), mtu, device)
    with fields.at():
        values.check_keys(item, PORT_KEYS)
    default_mac = "02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}".format(
        *crc32(node.encode()).to_bytes(4, "big")[1:], number >> 8, number & 0xFF
    )
    unsaid = Interface(InterfaceId(number), default_mac, mtu=mtu)
    interfaces = [_read_interface(unsaid, fields, context)]
    for key, vlan_item in fields.read("vlans", values.mapping, "vlans", default={}).items():
        with fields.at("vlans", key):
            vlan = values.integer(key, "VLAN", 1, values.MAX_VLAN)
            identity = InterfaceId(number, vlan)
            if any(interface.id == identity for interface in interfaces):
                raise InvalidError(f"VLAN {vlan} is given twice")
            vlan_fields = Fields({} if vlan_item is None else values.mapping(vlan_item, "a VLAN"))
            with vlan_fields.at():
                values.check_keys(vlan_fields.item, VLAN_KEYS)
            vlan_mtu = vlan_fields.read("mtu", values.integer, "mtu", values.MIN_MTU, values.MAX_MTU, default=mtu)
            interfaces.append(_read_interface(replace(interfaces[0], id=identity, mtu=vlan_mtu), vlan_fields, context))
            vlan_fields.finish()
    return Port(number, tuple(interfaces), None, mtu, device)


def _read_interface(unsaid: Interface, fields: Fields, context: Context) -> Interface:
    """What the item says, ``unsaid`` where it says nothing: a VLAN is guarded as its port is, and routed where it is.

    Addresses are each interface's own, and so is what is steered."""
    addresses = []
    for index, text in enumerate(fields.read("addresses", values.listing, "addresses", default=[])):
        with fields.at("addresses", index):
            addresses.append(values.interface_address(text))
    vrf = unsaid.vrf
    if fields.item.get("vrf") is not None:
        with fields.at():
            vrf = context.vrf(fields.item)
    role = fields.read("role", values.choice, ("internal", "external"), "role")
    urpf = fields.read("urpf", _urpf)
    if urpf is not None or InterfaceId(unsaid.id.port) in context.urpf_said:
        context.urpf_said.add(unsaid.id)
    tlv = fields.read("tlv", read_tlv)
    if tlv is not None or InterfaceId(unsaid.id.port) in context.tlv_said:
        context.tlv_said.add(unsaid.id)
    return Interface(
        unsaid.id,
        fields.read("mac", values.mac_address, default=unsaid.mac),
        tuple(addresses),
        unsaid.mtu,
        vrf,
        unsaid.external if role is None else role == "external",
        fields.read("policy", _policy, context),
        urpf or unsaid.urpf6,
        urpf or unsaid.urpf4,
        tlv or unsaid.tlv,
    )


def _urpf(value: Any) -> Urpf:
    # YAML of before 1.2 knows `off` for false; here it is a word.
    return Urpf(values.choice(value, URPF, "urpf"))


def _name(value: Any) -> str:
    return values.name(value, "VRF name")


def _policy(value: Any, context: Context) -> str:
    return values.reference(value, context.policy_names, "policy")


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
                if isinstance(item, dict):
                    fields = Fields(item)
                    with fields.at():
                        values.check_keys(item, ADDRESS_KEYS, ("address",))
                    with fields.at():
                        vrf = context.vrf(item)
                    address = fields.read("address", _loopback_address)
                    fields.finish()
                else:
                    address = _loopback_address(item)
                own = OwnAddress(address.ip, vrf)
                if own in result:
                    raise InvalidError(f"address {own.address} is given twice")
                result.append(own)
                context.own.add((vrf, address.ip))
    return tuple(result)


def _loopback_address(value: Any) -> IPInterface:
    address = values.interface_address(value)
    if not _is_host(address):
        bits = address.max_prefixlen
        raise InvalidError(f"loopback address {address} must be a /{bits}; connected prefixes belong to ports")
    return address
