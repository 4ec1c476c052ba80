# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in a node file: a node or a ConfigError, and what loads also compiles and fits the program."""

from __future__ import annotations

import copy
import random
from typing import Any

from unit.config.example import FULL

from srv6cp.artifacts import find
from srv6cp.compile import compile_node
from srv6cp.config import ConfigError, Source, load_node_dict
from srv6cp.p4rt import P4Info

ROUNDS = 800
SEED = 20
INFO = P4Info.from_file(find().p4info)
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 7, 511, 65536, 2**70, "", "x", "::", "::/0", "0.0.0.0/0", "fcbb:bb00:1::"),
    *(
        "2001:db8:12::2",
        "10.0.13.2",
        "10.0.0.0/8",
        "ff02::1",
        "fe80::1",
        "1.100",
        "1.x",
        "default",
        "blue",
        "red",
    ),
    *(
        "north",
        "frames",
        "End",
        "End.DX2",
        "End.B6.Encaps",
        "insert",
        "l2encap",
        "inherit",
        "\ud800",
        "é",
        [],
        {},
    ),
    *(
        [[]],
        [None],
        [1, "a"],
        {"a": 1},
        {1: {}},
        {"address": "fe80::1", "port": 1},
        {"port": 1},
        [{"segments": []}],
    ),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, child in children:
        found += places(child, (*path, key))
    return found


def mutate(data: Any, rng: random.Random) -> None:
    """Replace, remove, duplicate or rename something in place."""
    *parents, last = rng.choice(places(data))
    target = data
    for key in parents:
        target = target[key]
    action = rng.randrange(5)
    if action == 0:
        del target[last]
    elif action == 1 and isinstance(target, list):
        target.append(copy.deepcopy(rng.choice(target)))
    elif action == 2 and isinstance(target, dict):
        target[rng.choice(["x", "port", "via", "vrf", 3, None])] = target.pop(last)
    else:
        target[last] = copy.deepcopy(rng.choice(VALUES))


def test_mutated_nodes() -> None:
    rng = random.Random(SEED)
    original = Source(FULL).load()
    loaded = refused = 0
    for _ in range(ROUNDS):
        data = copy.deepcopy(original)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            if places(data):
                mutate(data, rng)
        try:
            node = load_node_dict(data)
        except ConfigError as error:
            assert error.problems
            assert all(problem.message for problem in error.problems)
            refused += 1
            continue
        loaded += 1
        for entity in compile_node(node, INFO):
            INFO.codec.encode(entity)
    assert loaded > ROUNDS // 20
    assert refused > ROUNDS // 4
