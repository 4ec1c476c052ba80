# SPDX-License-Identifier: Apache-2.0
"""The JSON schema: up to date, valid itself, and of one mind with the loader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from unit.config.example import FULL

import srv6cp.config.schema as node_schema
from srv6cp.behaviours.operands import HOPS
from srv6cp.config import ConfigError, Source, load_node_dict
from srv6cp.config.context import VIA_KEYS
from srv6cp.config.schema.descriptions import undescribed

SCHEMA = node_schema.schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def as_json(text: str) -> object:
    """YAML as an editor hands it to the validator: keys are strings."""
    return json.loads(json.dumps(Source(text).load()))


def test_the_committed_file_is_what_the_loader_says() -> None:
    committed = Path(node_schema.__file__).parent / "node.schema.json"
    assert committed.read_text() == node_schema.schema_text(), "run make docs"


def test_every_key_has_a_description() -> None:
    assert list(undescribed(SCHEMA)) == [], "srv6cp/config/schema/descriptions.py"


def test_next_hops_have_the_keys_of_the_loader() -> None:
    _, hop, _ = HOPS["anyOf"]
    assert hop["properties"].keys() == VIA_KEYS


def test_the_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_node_with_every_key_is_valid() -> None:
    VALIDATOR.validate(as_json(FULL))


@pytest.mark.parametrize(
    "text",
    [
        "node: r1\npolices: []\n",
        "node: r1\nports: {1: {mtu: 100}}\n",
        "node: r1\nroutes: [{via: 'fc00::1'}]\n",
        "node: r1\nneighbors: [{address: 'fc00::1', mac: 'zz'}]\n",
        "node: r1\nicmp: {rate: 0}\n",
        "node: r1\nlimits: {sid-visits: 200}\n",
        "node: r1\nsteering: [{policy: x}]\n",
        "locators: []\n",
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(text: str) -> None:
    assert list(VALIDATOR.iter_errors(as_json(text)))
    with pytest.raises(ConfigError):
        load_node_dict(Source(text).load())
