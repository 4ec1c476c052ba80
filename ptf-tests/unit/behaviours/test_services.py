# SPDX-License-Identifier: Apache-2.0
"""``search-tables`` of End.S and ``service-paths`` of End.NSH: node file, entries, commands."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network
from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.nsh import ServicePath
from srv6cp.cli.exitcodes import UsageError
from srv6cp.cli.kinds import kinds
from srv6cp.compile import NotInProgram, compile_state
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.model import InterfaceId, NextHop
from srv6cp.p4rt import P4Info
from srv6cp.p4rt.entities import Action, TableEntry

PROFILE = "services"
VIA = "2001:db8:1::2"
HOP = NextHop(InterfaceId(1, 0), IPv6Address(VIA))


def _node(**more: Any) -> Any:
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "ports": {1: {"addresses": ["2001:db8:1::1/64", "10.0.1.1/24"]}},
            **more,
        }
    )


def _entries(node: Any, table: str) -> list[tuple[Any, str]]:
    info = P4Info.from_file(artifacts.find(PROFILE).p4info)
    return [
        (dict(entry.match), entry.action.name)
        for entry in compile_state(node, info).entities
        if isinstance(entry, TableEntry) and entry.table == table and isinstance(entry.action, Action)
    ]


def test_search_table() -> None:
    entries = [{"target": "2001:db8:c::/48", "via": VIA}, {"target": "2001:db8:d::1", "via": VIA}]
    node = _node(
        **{"search-tables": [{"name": "content", "entries": entries}]},
        sids=[{"sid": "fcbb:bb00:1:5::/64", "behavior": "End.S", "table": "content"}],
    )
    assert node.sections["search-tables"]["content"] == {
        IPv6Network("2001:db8:c::/48"): (HOP,),
        IPv6Network("2001:db8:d::1/128"): (HOP,),
    }
    assert [match["target"] for match, _ in _entries(node, "search_table")] == list(
        node.sections["search-tables"]["content"]
    )
    assert [action for _, action in _entries(node, "my_sid_table")] == ["end_s"]


def test_service_paths() -> None:
    node = _node(
        **{
            "service-paths": [
                {"name": "fw", "spi": 42, "si": 255, "via": VIA},
                {"name": "b", "spi": 0, "si": 1, "via": VIA, "age": 0},
            ]
        },
        sids=[{"sid": "fcbb:bb00:1:84::/64", "behavior": 84}],
    )
    assert dict(node.sections["service-paths"]) == {
        "fw": ServicePath(42, 255, (HOP,)),
        "b": ServicePath(0, 1, (HOP,), 0),
    }
    assert _entries(node, "nsh_path_table") == [
        ({"service_path_id": 42, "service_index": 255}, "to_sff"),
        ({"service_path_id": 0, "service_index": 1}, "to_sff"),
    ]
    assert REGISTRY.endpoint("End.NSH").code_point() == 84


@pytest.mark.parametrize(
    ("section", "item", "message"),
    [
        ("service-paths", {"spi": 1 << 24, "si": 1, "via": VIA}, "service-paths[0].spi: "),
        ("service-paths", {"spi": 1, "si": 0, "via": VIA}, "service-paths[0].si: "),
        ("service-paths", {"spi": 1, "si": 1}, "service-paths[0]: 'via' is missing"),
        ("service-paths", {"spi": 1, "si": 1, "via": "2001:db8:9::9"}, "service-paths[0].via: "),
        (
            "service-paths",
            {"spi": 1, "si": 1, "via": [VIA, "2001:db8:1::3"]},
            "service-paths[0].via: a service path has one",
        ),
        ("service-paths", {"spi": 1, "si": 1, "via": VIA, "age": -1}, "service-paths[0].age: "),
        ("search-tables", {"entries": []}, "search-tables[0].entries: a search table needs at least one entry"),
        ("search-tables", {"entries": [{"target": "10.0.0.0/8", "via": VIA}]}, "search-tables[0].entries[0].target: "),
        (
            "search-tables",
            {"entries": [{"target": "::/0", "via": "10.0.1.2"}]},
            "search-tables[0].entries[0].via: a target needs",
        ),
        (
            "search-tables",
            {"entries": [{"target": "::/0", "via": VIA}] * 2},
            "search-tables[0].entries[1].target: ::/0 is given twice",
        ),
    ],
)
def test_mistakes(section: str, item: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _node(**{section: [{"name": "x", **item}]})
    assert message in str(caught.value)


def test_two_names_of_one_path() -> None:
    """The path is what packets have; two items of it would be one entry."""
    path = {"spi": 1, "si": 1, "via": VIA}
    with pytest.raises(ConfigError, match="spi 1, si 1 is that of another service path"):
        _node(**{"service-paths": [{"name": "a", **path}, {"name": "b", **path}]})


def test_words() -> None:
    found = kinds()
    (edit,) = found["service-path"].parse(["fw", "spi", "42", "si", "255", "via", "2001:db8:1::2", "age", "60"])
    assert edit.item == {"name": "fw", "spi": 42, "si": 255, "via": VIA, "age": 60}
    (edit,) = found["search-table"].parse(
        ["c", "target", "2001:db8::/32", "via", "2001:db8:1::2", "target", "::/0", "via", "2001:db8:1::3"]
    )
    assert edit.item["entries"][1] == {"target": "::/0", "via": "2001:db8:1::3"}
    for words in ("c via 2001:db8:1::2", "c target", "c target ::/0 port 1", "c target ::/0 via A via B"):
        with pytest.raises(UsageError):
            found["search-table"].parse(words.split())
    for words in ("fw spi", "fw spi 1 spi 2", "fw index 1"):
        with pytest.raises(UsageError):
            found["service-path"].parse(words.split())


def test_other_profiles_have_none() -> None:
    info = P4Info.from_file(artifacts.find("full").p4info)
    with pytest.raises(NotInProgram, match="profiles that have it: services"):
        compile_state(_node(**{"service-paths": [{"name": "a", "spi": 1, "si": 1, "via": VIA}]}), info)
