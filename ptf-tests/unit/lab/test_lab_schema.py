# SPDX-License-Identifier: Apache-2.0
"""The JSON schema of topologies: up to date, valid itself, of one mind with the loader, every key explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import srv6lab.schema as lab_schema
from srv6cp.config import Source, read_source
from srv6cp.config.schema.descriptions import undescribed
from srv6lab.loader import read_topology
from srv6lab.shipped import shipped
from srv6lab.topology import TopologyError

SCHEMA = lab_schema.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def as_json(source: Source) -> Any:
    """YAML as an editor hands it to the validator: keys are strings, and what looks like a number is one."""
    return json.loads(json.dumps(source.load()), object_hook=_numbers)


def _numbers(item: dict[str, Any]) -> dict[str, Any]:
    if "share" in item:
        return {**item, "share": {node: float(value) for node, value in item["share"].items()}}
    return item


def test_the_committed_file_is_what_the_loader_says() -> None:
    committed = Path(lab_schema.__file__).parent / "topology.schema.json"
    assert committed.read_text() == lab_schema.schema_text(), "run make docs"


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def every(schema: Any) -> Iterator[Any]:
    """All mappings of a schema."""
    if isinstance(schema, dict):
        yield schema
        for each in schema.values():
            yield from every(each)
    if isinstance(schema, list):
        for each in schema:
            yield from every(each)


def test_every_key_has_a_description() -> None:
    assert [key for part in every(SCHEMA) for key in undescribed(part)] == []


@pytest.mark.parametrize("name", shipped())
def test_shipped_topologies_are_valid(name: str) -> None:
    VALIDATOR.validate(as_json(read_source(shipped()[name])))


@pytest.mark.parametrize(
    "text",
    [
        "hosts: {}\n",
        "routers: {}\n",
        "routers: {a/b: {}}\n",
        "routers: {r1: {polices: []}}\n",
        "routers: {r1: {node: r1}}\n",
        "routers: {r1: {}}\nhosts: {h1: {}}\n",
        "routers: {r1: {}}\nhosts: {h1: {router: r1, ip: x}}\n",
        "routers: {r1: {}, r2: {}}\nlinks: [r1 - r2]\n",
        "routers: {r1: {}, r2: {}}\nlinks: [{link: r1 -- r2, cost: 0}]\n",
        "routers: {r1: {}}\nscenario: [{jump: 1}]\n",
        "routers: {r1: {}}\nscenario: [{ping: {from: h1}}]\n",
        "routers: {r1: {}}\nscenario: [{expect: {}}]\n",
        "routers: {r1: {}}\nscenario: [{apply: {r1: {ports: {1: {mtu: 1}}}}}]\n",
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(text: str) -> None:
    assert list(VALIDATOR.iter_errors(as_json(Source(text))))
    with pytest.raises(TopologyError):
        read_topology(Source(text).load())
