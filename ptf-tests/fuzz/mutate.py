# SPDX-License-Identifier: Apache-2.0
"""Ways to spoil something, shared by the parts."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

#: What mutations put in the place of anything in a program.
STRANGE: list[Any] = [
    None, True, 0, -1, 2**31, 2**63, 10**30, -(10**30), 1.5, "", "x", "0xff", "-0x1", "*", "default", "\ud800", [], {},
    [1], {"type": "hexstr", "value": "0x1"}, {"type": "field", "value": ["x", "y"]},
]  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a JSON value but source positions."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in items:
        if key != "source_info":
            yield node, key
            yield from places(value)


def tree(root: Any, rng: random.Random, strange: Sequence[Any] = STRANGE) -> None:
    """One value becomes another, one from elsewhere, or goes; a list may get something twice, a key another name."""
    found = list(places(root))
    if not found:
        return
    node, key = rng.choice(found)
    kind = rng.random()
    if kind < 0.3:
        node[key] = _near(node[key], key, found, rng)
    elif kind < 0.5:
        node[key] = copy.deepcopy(rng.choice(strange))
    elif kind < 0.65:
        del node[key]
    elif kind < 0.75 and isinstance(node, list):
        node.append(copy.deepcopy(rng.choice(node)))
    elif kind < 0.75:
        node[rng.choice([each for _, each in found if not isinstance(each, int)] or ["x"])] = node.pop(key)
    else:
        other, there = rng.choice(found)
        if len(repr(other[there])) < 20_000:
            node[key] = copy.deepcopy(other[there])


def nearby(root: Any, rng: random.Random) -> None:
    """One value becomes another of its kind: about every second program still loads."""
    found = list(places(root))
    node, key = rng.choice(found)
    node[key] = _near(node[key], key, found, rng)


def _near(value: Any, key: Any, found: Sequence[tuple[Any, Any]], rng: random.Random) -> Any:
    """Another value of the kind: what stands elsewhere under the same key, or a number nearby."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-1, 1, 1, 7, 255))
    if isinstance(value, str) and value.startswith("0x"):
        return hex(rng.getrandbits(rng.choice((1, 8, 16, 48))))
    return copy.deepcopy(rng.choice([node[there] for node, there in found if there == key]))


def octets(data: bytes, rng: random.Random, times: int) -> bytes:
    """Bits flipped, octets replaced, inserted, repeated, cut off."""
    made = bytearray(data)
    for _ in range(times):
        if not made:
            return rng.randbytes(rng.randrange(64))
        place, how = rng.randrange(len(made)), rng.randrange(6)
        if how == 0:
            made[place] ^= 1 << rng.randrange(8)
        elif how == 1:
            made[place] = rng.choice((0, 1, 2, 4, 41, 43, 0x7F, 0x80, 0xFF, rng.getrandbits(8)))
        elif how == 2:
            made[place:place] = rng.randbytes(rng.randrange(1, 17))
        elif how == 3:
            made[place:place] = made[place : place + rng.randrange(1, 200)]
        elif how == 4:
            del made[place : place + rng.randrange(1, 64)]
        elif rng.random() < 0.3:
            del made[place:]
    return bytes(made)


#: Pieces of YAML and protobuf text that mean something.
TOKENS = (
    "\n", "  ", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "<<: *a", "!!python/object/apply:os.system ['id']", "|",
    ">", "%YAML 9.9", "---", "...", "? ", "'", '"', "\\", "#", "\t", "\0", "\ufeff", "é", "\u2028", "9" * 5000, "::",
    "/129", "1e999", ".inf", "0x" + "f" * 40, "~", "<", ">", ",", "a" * 20000,
)  # fmt: skip


def text(source: str, rng: random.Random, times: int) -> str:
    """Lines and words moved, doubled, removed; tokens put in."""
    lines = source.split("\n")
    for _ in range(times):
        place, how = rng.randrange(len(lines)), rng.randrange(6)
        line = lines[place]
        at = rng.randint(0, len(line))
        if how == 0:
            lines[place] = line[:at] + rng.choice(TOKENS) + line[at:]
        elif how == 1:
            lines[place] = line[:at] + line[at + rng.randrange(1, 8) :]
        elif how == 2:
            lines.insert(place, rng.choice(lines))
        elif how == 3 and len(lines) > 1:
            del lines[place]
        elif how == 4:
            lines[place] = " " * rng.randrange(8) + line.lstrip()
        else:
            words = line.split(" ")
            words[rng.randrange(len(words))] = rng.choice(rng.choice(lines).split(" "))
            lines[place] = " ".join(words)
    return "\n".join(lines)
