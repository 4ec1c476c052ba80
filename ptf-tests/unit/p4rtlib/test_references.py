# SPDX-License-Identifier: Apache-2.0
"""The order of tables by ``@refers_to``."""

from __future__ import annotations

from p4rtlib.p4info import P4Info
from p4rtlib.references import referred_tables, tables_in_order


def _program(tables: dict[str, str], params: dict[str, str] | None = None) -> P4Info:
    """Tables in the order of a packet; each refers to another ("" for none) by its key, or by a parameter."""
    text = ""
    for number, (name, target) in enumerate(tables.items(), start=1):
        note = f'annotations: "@refers_to({target} , key)"' if target else ""
        action = (params or {}).get(name, "")
        text += f"""
            tables {{
              preamble {{ id: {number} name: "ingress.{name}" alias: "{name}" }}
              match_fields {{ id: 1 name: "key" bitwidth: 8 match_type: EXACT {note} }}
              action_refs {{ id: {100 + number} }}
            }}
            actions {{
              preamble {{ id: {100 + number} name: "go_{name}" alias: "go_{name}" }}
              {f'params {{ id: 1 name: "to" bitwidth: 8 annotations: "@refers_to({action}, key)" }}' if action else ""}
            }}
        """
    return P4Info.from_text(text)


def _order(info: P4Info, **after: list[str]) -> list[str]:
    return [table.alias for table in tables_in_order(info.tables, after)]


def test_what_is_referred_to_comes_first() -> None:
    """By a key and by a parameter, by alias and by full name."""
    info = _program({"next": "", "route": "", "host": "ingress.next"}, {"route": "next"})
    assert referred_tables(info.table("route")) == {"next"}
    order = _order(info)
    assert order.index("next") < order.index("route")
    assert order.index("next") < order.index("host")


def test_otherwise_what_acts_last_on_a_packet_comes_first() -> None:
    assert _order(_program({"port": "", "route": "", "next": ""})) == ["next", "route", "port"]


def test_more_may_have_to_come_before() -> None:
    """Names that the program lacks count for nothing."""
    info = _program({"filter": "", "route": "", "next": ""})
    assert _order(info, route=["filter", "no_such_table"], absent=["next"]) == ["next", "filter", "route"]


def test_circles_and_targets_outside_of_the_tables() -> None:
    info = _program({"a": "b", "b": "a", "c": "builtin::multicast_group_table"})
    assert sorted(_order(info)) == ["a", "b", "c"]
