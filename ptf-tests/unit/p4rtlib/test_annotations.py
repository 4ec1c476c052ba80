# SPDX-License-Identifier: Apache-2.0
"""Annotations as p4c and people write them."""

from __future__ import annotations

from p4rtlib import annotations


def test_annotations() -> None:
    found = [
        '@refers_to("a_table" , "key")',
        "@refers_to(builtin :: multicast_group_table , multicast_group_id)",
        "@format(IPV6_ADDRESS)",
        '@entry_restriction("\\n  x == 1; // \\"quoted\\"\\n")',
        "@hidden",
    ]
    assert annotations.pairs(found, "refers_to") == [
        ("a_table", "key"),
        ("builtin::multicast_group_table", "multicast_group_id"),
    ]
    assert annotations.argument(found, "format") == "IPV6_ADDRESS"
    assert annotations.argument(found, "p4runtime_role") == ""
    assert annotations.restrictions(found, "entry_restriction") == '\n  x == 1; // "quoted"\n'
    assert annotations.restrictions(found, "action_restriction") == ""
