#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the numbers that the P4 program and its control plane share, as Python.

    tools/generate_numbers.py            write cp/srv6cp/model/numbers.py
    tools/generate_numbers.py --check    only say whether it is current (exit code 1: it is not)

Reasons come from ``p4src/core/reasons.p4``, bit maps from ``p4src/core/types.p4``, ports and the clone session from
``p4src/arch/v1model/arch.p4``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = "cp/srv6cp/model/numbers.py"

HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""Numbers that the P4 program and its control plane share. Written by tools/generate_numbers.py; do not edit."""

from __future__ import annotations

import enum
'''
#: Enumerations of reasons.p4, and what Python calls them.
ENUMS = {
    "drop_reason_t": ("DropReason", "Why a packet did not leave the router: index of ``drop_counter``."),
    "punt_reason_t": (
        "PuntReason",
        "Why a packet goes to the control plane: index of ``punt_counter`` and, with the port, of ``port_punt_meter``.",
    ),
}
#: Bit maps of types.p4: prefix of the constants, what Python calls them.
BIT_MAPS = {
    "interface_flags_t": ("INTERFACE_", "InterfaceFlag", "Flags of a router interface."),
    "srv6_flavors_t": ("FLAVOR_", "FlavorBit", "Flavours of End, End.X and End.T (RFC 8986 4.16)."),
    "packet_out_flags_t": ("PACKET_OUT_", "PacketOutFlag", "Flags of a packet-out."),
    "decap_options_t": ("DECAP_", "DecapOption", "How a behaviour decapsulates IP."),
    "mobile_options_t": ("GTP_", "MobileOption", "How a behaviour of the mobile user plane treats GTP-U."),
    "service_options_t": ("SERVICE_", "ServiceOption", "What a service takes, and how its proxy treats packets."),
    "encap_flags_t": ("ENCAP_", "EncapFlag", "How the outer header of a headend behaviour is filled."),
}
#: Macros of arch.p4.
PLAIN = {
    "CPU_PORT": "Port of packet-in and packet-out.",
    "RECIRCULATION_PORT": "Port at which recirculated packets queue; no frame leaves by it.",
    "PUNT_SESSION": "Clone session that carries punted packets.",
    "O_FLAG_TOO": "In the reason of a packet-in beside another one: the copy is one for the OAM process as well.",
}


class GenerateError(Exception):
    """Something that should be in the sources is not."""


def enum_members(text: str, name: str) -> Iterator[tuple[str, int, str]]:
    """Name, number and comment of each member of ``enum bit<N> name``. Raises GenerateError."""
    body = re.search(rf"enum bit<\d+> {name} \{{(.*?)\n\}}", text, re.S)
    if body is None:
        raise GenerateError(f"no enumeration {name}")
    for member in re.finditer(r"^\s*(\w+)\s*=\s*(\d+),?(?:\s*//\s*(.*))?$", body[1], re.M):
        yield member[1], int(member[2]), (member[3] or "").strip()


def bit_map_members(text: str, type_name: str, prefix: str) -> Iterator[tuple[str, int, str]]:
    """Name without prefix, value and comment of the constants of a bit map, without those that the program sets."""
    text = text.partition("// Set by the program.")[0] if type_name == "interface_flags_t" else text
    for member in re.finditer(
        rf"^const {type_name}\s+{prefix}(\w+)\s*=\s*(0x[0-9A-Fa-f]+);(?:[ \t]*//\s*(.*))?$", text, re.M
    ):
        yield member[1], int(member[2], 16), (member[3] or "").strip()


def _class(name: str, base: str, doc: str, members: list[tuple[str, int, str]], form: str) -> str:
    lines = [f"class {name}(enum.{base}):", f'    """{doc}"""', ""]
    for member, value, comment in members:
        lines.append(f"    {member} = {format(value, form)}" + (f"  # {comment}" if comment else ""))
    return "\n".join(lines) + "\n"


def generate(root: Path = ROOT) -> str:
    """The text of the module. Raises GenerateError."""
    core = root / "p4src" / "core"
    reasons, types = (core / "reasons.p4").read_text(), (core / "types.p4").read_text()
    arch = (root / "p4src" / "arch" / "v1model" / "arch.p4").read_text()
    parts = [HEADER]
    constants = []
    for macro, doc in PLAIN.items():
        found = re.search(rf"^#define {macro} (\d+)$", arch, re.M)
        if found is None:
            raise GenerateError(f"arch.p4 defines no {macro}")
        constants.append(f'{macro} = {found[1]}\n"""{doc}"""\n')
    parts.append("".join(constants))
    for enumeration, (name, doc) in ENUMS.items():
        parts.append(_class(name, "IntEnum", doc, list(enum_members(reasons, enumeration)), "d"))
    for type_name, (prefix, name, doc) in BIT_MAPS.items():
        members = list(bit_map_members(types, type_name, prefix))
        if not members:
            raise GenerateError(f"types.p4 has no constant of {type_name}")
        parts.append(_class(name, "IntFlag", doc, members, "#04x"))
    return parts[0] + "\n" + parts[1] + "\n\n" + "\n\n".join(parts[2:])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the module is current")
    args = parser.parse_args(argv)
    try:
        text = generate()
    except GenerateError as error:
        print(f"generate_numbers: {error}", file=sys.stderr)
        return 3
    path = ROOT / OUT
    current = path.is_file() and path.read_text() == text
    if args.check:
        print(f"{OUT}: current" if current else f"{OUT} is not current; run: python tools/generate_numbers.py")
        return 0 if current else 1
    path.write_text(text)
    print(f"{OUT} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
