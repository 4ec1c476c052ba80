# SPDX-License-Identifier: Apache-2.0
"""The small facts of the model: link-local addresses, reasons that match the P4 program."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from pathlib import Path

from srv6cp.model import (
    DROP_REASONS,
    PUNT_REASONS,
    DropReason,
    Interface,
    InterfaceId,
    PuntReason,
)

REASONS = Path(__file__).resolve().parents[3] / "p4src/core/reasons.p4"


def p4_enum(name: str) -> dict[str, int]:
    """The members of a serialisable enum of the P4 source."""
    body = re.search(rf"enum bit<8> {name} \{{(.*?)\n\}}", REASONS.read_text(), re.DOTALL)
    assert body is not None
    return {key: int(value) for key, value in re.findall(r"^\s*(\w+)\s*=\s*(\d+)", body[1], re.MULTILINE)}


def test_drop_reasons_are_those_of_the_program() -> None:
    assert {reason.name: reason.value for reason in DropReason} == p4_enum("drop_reason_t")


def test_punt_reasons_are_those_of_the_program() -> None:
    assert {reason.name: reason.value for reason in PuntReason} == p4_enum("punt_reason_t")


def test_every_reason_is_explained() -> None:
    assert set(DROP_REASONS) == set(DropReason) - {DropReason.NONE}
    assert set(PUNT_REASONS) == set(PuntReason) - {PuntReason.NONE}


def test_link_local_address_is_modified_eui_64() -> None:
    interface = Interface(InterfaceId(1), "02:00:00:00:01:01")
    assert interface.link_local == IPv6Address("fe80::ff:fe00:101")


def test_interface_names() -> None:
    assert str(InterfaceId(3)) == "3"
    assert str(InterfaceId(3, 100)) == "3.100"
