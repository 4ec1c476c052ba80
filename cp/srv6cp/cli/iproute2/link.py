# SPDX-License-Identifier: Apache-2.0
"""``ip link``: VRFs are made and ports put into them, as Linux does with VRF devices; MTU and MAC of a port."""

from __future__ import annotations

from collections.abc import Sequence

from srv6cp.cli import exitcodes, grammar
from srv6cp.cli.edits import add, remove
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.iproute2.objects import port_path
from srv6cp.cli.iproute2.words import Devices
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.words import Words
from srv6cp.model import DEFAULT_VRF

VERBS = ("add", "delete", "set")
_USAGE = "ip link add VRF type vrf table N | del VRF | set [dev] PORT master VRF|nomaster|mtu N|address MAC|up"


def link(file: NodeFile, verb: str, words: Sequence[str], devices: Devices) -> None:
    """Carry a verb out on the node file. Raises UsageError for devices that a router of this kind has not."""
    cursor = Words(words, _USAGE)
    cursor.accept("dev", "name", "link")
    name = cursor.take("the name")
    if verb == "add":
        _add(file, name, cursor)
    elif verb == "delete":
        if not _is_vrf(file, name):
            raise CliError(f"{file.path}: no VRF {name}; ports stay", exitcodes.CONFIG)
        remove(file, "vrf", [name])
    else:
        _set(file, name, cursor, devices)


def _add(file: NodeFile, name: str, cursor: Words) -> None:
    options = cursor.pairs(("type", "table"))
    if options.get("type") != "vrf":
        raise UsageError(f"devices of type {options.get('type')!r} do not exist here; valid: vrf")
    if "table" not in options:
        raise UsageError(f"'table N' is missing; usage: {_USAGE}")
    add(file, grammar.vrf([name, "id", options["table"]]), replace=False)


def _set(file: NodeFile, name: str, cursor: Words, devices: Devices) -> None:
    if _is_vrf(file, name):
        while cursor:
            word = cursor.take("a word")
            if word != "up":  # a VRF is never down
                raise UsageError(f"a VRF has no {word!r}; valid: up")
        return
    path = port_path(file, devices.port(name))
    while cursor:
        word = cursor.take("a word")
        if word in ("master", "vrf"):
            vrf = devices.vrf(cursor.take("the VRF"))
            if vrf is None or not _is_vrf(file, vrf):
                raise UsageError(f"{vrf!r} is no VRF; valid: {', '.join(_vrfs(file)) or 'none is declared'}")
            file.set_in([*path, "vrf"], vrf)
        elif word == "nomaster":
            file.set_in([*path, "vrf"], DEFAULT_VRF)
        elif word == "mtu":
            size = cursor.take("the MTU")
            file.set_in([*path, "mtu"], int(size) if size.isdecimal() else size)
        elif word == "address":
            file.set_in([*path, "mac"], cursor.take("the MAC address"))
        elif word == "down":
            raise UsageError("a port is down when its interface is, or when it is not in the node file")
        elif word != "up":
            raise cursor.unknown(word, ("master", "vrf", "nomaster", "mtu", "address", "up"))


def _vrfs(file: NodeFile) -> list[str]:
    return [str(item.get("name") if isinstance(item, dict) else item) for item in file.items("vrfs")]


def _is_vrf(file: NodeFile, name: str) -> bool:
    return name in _vrfs(file)
