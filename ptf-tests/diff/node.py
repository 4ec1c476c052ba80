# SPDX-License-Identifier: Apache-2.0
"""The node of the differential and fuzz runs: every behaviour, flavour, policy kind and port kind of a profile at once.

Put together from the families that the profile has (``diff.families``).
"""

from __future__ import annotations

import copy
from typing import Any

from diff import families
from harness import defaults
from srv6cp import artifacts


def own(profile: str = artifacts.DEFAULT) -> dict[str, Any]:
    """What the node has besides what every node of a test has."""
    found: dict[str, Any] = {}
    for family in families.of(profile):
        _merge(found, copy.deepcopy(dict(family.config)))
    for number, settings in found["ports"].items():
        if settings.get("mode") != "l2":
            found["ports"][number] = {**defaults.port(number), **settings}
    return found


def _merge(into: dict[Any, Any], more: dict[Any, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, list) and key in into:
            into[key] += value
        elif isinstance(value, dict) and key in into:
            _merge(into[key], value)
        else:
            into[key] = value


def config(switch: defaults.Switch, profile: str = artifacts.DEFAULT) -> dict[str, Any]:
    """The YAML schema as data, for ``load_node_dict``."""
    return defaults.node(own(profile), switch)
