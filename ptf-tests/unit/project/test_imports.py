# SPDX-License-Identifier: Apache-2.0
"""Imports run one way: no circles, nothing upwards, and each library from outside where it belongs.

Every module is parsed, none is run. An import counts wherever it stands: in a function, under ``TYPE_CHECKING``, or
as ``import_module`` of a literal name; it hides a circle, it does not remove it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[3]

#: Top to bottom: a unit imports units of lower rows only, never one beside it in its own row.
LAYERS = """
    srv6lab
    srv6cp.cli
    srv6cp.controller
    srv6cp.sync
    srv6cp.compile
    srv6cp.config
    srv6cp.behaviours
    srv6cp.values
    srv6cp.p4rt srv6cp.packets srv6cp.model
    srv6cp.artifacts srv6cp.problems srv6cp.rundir

    softswitch.__main__
    softswitch.main softswitch.settle
    softswitch.switch softswitch.options
    softswitch.io softswitch.p4runtime
    softswitch.device
    softswitch.engine
    softswitch.state
    softswitch.bmv2json softswitch.trace softswitch.native

    p4rtlib srv6host
"""

#: The two halves know nothing of each other; all that they share is below both.
STRANGERS = (("srv6cp", "softswitch"), ("softswitch", "srv6cp"), ("softswitch", "srv6lab"))

#: Who looks for what by its name (``import_module``), and does without where it is not installed.
PLUG_INS = (("srv6cp.cli", "srv6lab"),)

#: Libraries, and the units of the product that may import them.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "grpc": ("softswitch.p4runtime", "softswitch.switch", "srv6cp.p4rt"),
    "pyroute2": ("srv6lab",),
    "starlette": ("srv6lab",),
    "uvicorn": ("srv6lab",),
    "yaml": ("srv6cp.cli", "srv6cp.config", "srv6lab"),
    # Of the tests alone.
    "hypothesis": (),
    "playwright": (),
    "ptf": (),
    "pytest": (),
    "scapy": (),
}

PRODUCT = ("p4rtlib", "softswitch", "srv6cp", "srv6host", "srv6lab")
#: Folder: the packages to look at in it.
SOURCES = {
    ".": ("p4rtlib", "softswitch", "srv6host", "bench", "tools"),
    "cp": ("srv6cp",),
    "topo": ("srv6lab",),
    "ptf-tests": (".",),
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the product, the tests, the benchmarks and the tools, by name."""
    found = {}
    for folder, packages in SOURCES.items():
        base = ROOT / folder
        for path in (path for package in packages for path in (base / package).rglob("*.py")):
            parts = path.relative_to(base).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


class Import(NamedTuple):
    """A module of the project by its name, another one as it is written."""

    name: str
    by_name: bool  # with import_module


@cache
def imports() -> dict[str, frozenset[Import]]:
    """What each module imports."""
    known = modules()
    return {name: frozenset(_imports(name, path, known)) for name, path in known.items()}


def _imports(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import():
                yield from (Import(alias.name, False) for alias in node.names)
            case ast.ImportFrom():
                above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
                source = ".".join([*above, *filter(None, [node.module])])
                inner = {f"{source}.{alias.name}" for alias in node.names} & known.keys()
                yield from (Import(each, False) for each in inner)
                if len(inner) < len(node.names):
                    yield Import(source, False)
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(literal)), *_],
            ):
                yield Import(literal, True)


def edges(plug_ins: bool = True) -> Iterator[tuple[str, str]]:
    """(importing, imported) of modules of the project; without those that ``PLUG_INS`` allows, if asked."""
    for name, found in imports().items():
        for other, by_name in sorted(found):
            if other in modules() and other != name:
                allowed = by_name and (unit_of(name), unit_of(other)) in PLUG_INS
                if plug_ins or not allowed:
                    yield name, other


def circles(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The sets of nodes that reach each other, sorted."""
    graph: dict[str, set[str]] = defaultdict(set)
    for start, end in pairs:
        graph[start].add(end)
    while ends := {end for found in graph.values() for end in found} - graph.keys():
        # Nothing leads back from them.
        graph = {start: rest for start, found in graph.items() if (rest := found - ends)}

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        left = [start]
        while left:
            new = graph.get(left.pop(), set()) - seen
            seen |= new
            left += new
        return seen

    reached = {node: reach(node) for node in graph}
    within = [node for node in graph if node in reached[node]]
    rings = {tuple(sorted(n for n in within if n in reached[node] and node in reached[n])) for node in within}
    return sorted(map(list, rings))


def _module_circles() -> Iterator[str]:
    yield from (f"modules in a circle: {' '.join(ring)}" for ring in circles(edges()))


def _package_circles() -> Iterator[str]:
    """Of the packages and modules that lie side by side, in one package or at the top. Tests use each other's aids."""
    levels: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for start, end in edges(plug_ins=False):
        if start.split(".")[0] not in ("unit", "conformance"):
            a, b = start.split("."), end.split(".")
            depth = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
            if depth is not None:  # neither is a package that holds the other
                levels[".".join(a[:depth])].add((".".join(a[: depth + 1]), ".".join(b[: depth + 1])))
    known = set(_module_circles())
    for pairs in levels.values():
        for ring in map(" ".join, circles(pairs)):
            if f"modules in a circle: {ring}" not in known:
                yield f"packages in a circle: {ring}"


def unit_of(name: str) -> str:
    """The entry of ``LAYERS`` that a module belongs to, if it is there: its package, or its first two names."""
    top, *rest = name.split(".")
    return top if top in _ranks() or not rest else f"{top}.{rest[0]}"


@cache
def _ranks() -> dict[str, int]:
    return {unit: rank for rank, row in enumerate(LAYERS.splitlines()) for unit in row.split()}


def _upwards() -> Iterator[str]:
    for name, other in edges(plug_ins=False):
        top, target = name.split(".")[0], other.split(".")[0]
        if top not in PRODUCT:
            continue
        if target not in PRODUCT:
            yield f"{name} imports {other}: product imports tests"
        elif (top, target) in STRANGERS:
            yield f"{name} imports {other}: strangers"
        elif (unit := unit_of(name)) != (below := unit_of(other)):
            ranks = _ranks()
            if unit in ranks and below in ranks and ranks[unit] >= ranks[below]:
                yield f"{name} imports {other}: upwards"


def _libraries() -> Iterator[str]:
    for name, found in imports().items():
        unit = unit_of(name)
        for library in sorted({other.split(".")[0] for other, _ in found} & LIBRARIES.keys()):
            if unit.split(".")[0] in PRODUCT and unit not in LIBRARIES[library]:
                allowed = ", ".join(LIBRARIES[library]) or "tests"
                yield f"{name} imports {library}: only {allowed} may"


RULES = {
    "module circles": _module_circles,
    "package circles": _package_circles,
    "upward imports": _upwards,
    "libraries": _libraries,
}


@pytest.mark.parametrize("rule", RULES)
def test_imports(rule: str) -> None:
    assert list(RULES[rule]()) == []


def test_every_package_has_a_layer() -> None:
    """A new package is put into the table; single modules may stand outside of it."""
    packages = {unit_of(name) for name, path in modules().items() if path.name == "__init__.py"}
    assert {unit for unit in packages if unit.split(".")[0] in PRODUCT} - {"softswitch", "srv6cp"} <= _ranks().keys()


def test_the_walk_sees_hidden_imports(tmp_path: Path) -> None:
    """In functions, under TYPE_CHECKING, relative ones, and by a literal name."""
    path = tmp_path / "b.py"
    path.write_text(
        "from . import c\nfrom .d import x\nfrom .. import e\n"
        "if TYPE_CHECKING:\n    import p.f\n"
        "def late():\n    from p.q import g\n    import_module('p.h')\n"
    )
    known = dict.fromkeys(("p.q.b", "p.q.c", "p.q.d", "p.e", "p.f", "p.q.g", "p.h"), path)
    found = sorted(_imports("p.q.b", path, known))
    assert [each.name for each in found] == ["p.e", "p.f", "p.h", "p.q.c", "p.q.d", "p.q.g"]
    assert [each.name for each in found if each.by_name] == ["p.h"]


def test_circles_are_found() -> None:
    chain = list(pairwise("abcd"))
    assert circles(chain) == []
    assert circles([*chain, ("c", "b"), ("e", "e")]) == [["b", "c"], ["e"]]
