# SPDX-License-Identifier: Apache-2.0
"""Words of commands that add an item of a section: one grammar for all."""

from __future__ import annotations

import re

import pytest

from srv6cp.behaviours import REGISTRY
from srv6cp.problems import InvalidError

SECTIONS = {section.key: section for section in REGISTRY.sections if section.words is not None}


def read(key: str, line: str) -> object:
    words = SECTIONS[key].words
    assert words is not None
    return words(line.split())


@pytest.mark.parametrize(
    ("key", "line", "expected"),
    [
        ("search-tables", "target fc00::/16 via fe80::1 target ::/0 via fe80::2",
         {"entries": [{"target": "fc00::/16", "via": "fe80::1"}, {"target": "::/0", "via": "fe80::2"}]}),
        ("service-paths", "spi 7 si 255 via fe80::1 age 9", {"spi": 7, "si": 255, "via": "fe80::1", "age": 9}),
        ("services", "proxy masquerading via fe80::1 port 3 nat no",
         {"proxy": "masquerading", "via": {"address": "fe80::1", "port": 3}, "nat": False}),
        ("services", "nat maybe", {"nat": "maybe"}),  # for the schema to refuse
        ("replication-segments", "branch fc00:2:: via fe80::1 port 2 leaf branch fc00:3::",
         {"branches": [{"sid": "fc00:2::", "via": {"address": "fe80::1", "port": 2}}, {"sid": "fc00:3::"}],
          "leaf": True}),
        ("bridges", "circuit 3 circuit 4.100 tag pop",
         {"circuits": [{"port": 3}, {"port": 4, "vlan": 100, "tag": "pop"}]}),
    ],
)  # fmt: skip
def test_words_become_an_item(key: str, line: str, expected: object) -> None:
    assert read(key, line) == expected


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        ("search-tables", "via fe80::1", "'target PREFIX' comes first, not 'via'"),
        ("search-tables", "target ::/0 via a via b", "'via' is given twice"),
        ("service-paths", "spi 7 spi 8", "'spi' is given twice"),
        ("service-paths", "spi", "'spi' needs a value"),
        ("services", "port 3", "'via A' comes first"),
        ("services", "via a port 3 port 4", "'via A' comes first, and once"),
        ("services", "sage 3", "unknown word 'sage'"),
        ("replication-segments", "branch a via b via c", "'via' is given twice"),
        ("replication-segments", "branch a via b port 1 port 2", "'via A' comes first, and once"),
        ("replication-segments", "leaf leaf", "'leaf' is given twice"),
        ("replication-segments", "context a context b", "'context' is given twice"),
        ("bridges", "circuit 3 tag pop tag keep", "'tag' is given twice"),
        ("bridges", "tag pop", "'circuit P' comes first, not 'tag'"),
    ],
)
def test_other_words_are_refused(key: str, line: str, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        read(key, line)
