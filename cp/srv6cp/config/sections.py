# SPDX-License-Identifier: Apache-2.0
"""Sections that records of behaviours bring: lists of named items."""

from __future__ import annotations

from typing import Any

from srv6cp import values
from srv6cp.behaviours import REGISTRY, Section
from srv6cp.config.context import Context
from srv6cp.problems import Fields, InvalidError


def declare_sections(data: dict[Any, Any], context: Context) -> None:
    """Note the names, so that SIDs can refer to them. Says nothing about what is wrong."""
    for section in REGISTRY.sections:
        listed = data.get(section.key)
        context.section_names[section.key] = {
            str(item["name"])
            for item in (listed if isinstance(listed, (list, tuple)) else ())
            if isinstance(item, dict) and item.get("name") is not None
        }


def read_sections(data: dict[Any, Any], context: Context) -> dict[str, dict[str, Any]]:
    """What is in them: key to name to what its record reads; keys that the file lacks are left out."""
    return {
        section.key: _read_section(section, data[section.key], context)
        for section in REGISTRY.sections
        if data.get(section.key) is not None
    }


def _read_section(section: Section, value: Any, context: Context) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known: set[str] = set()
    with context.at(section.key):
        for index, item in enumerate(values.listing(value, section.key)):
            with context.at(section.key, index):
                fields = Fields(values.mapping(item, f"a {section.what}"))
                with fields.at():
                    values.check_keys(item, section.keys, ("name", *section.required))
                name = fields.read("name", values.name, f"{section.what} name")
                made = None
                if all(item.get(key) is not None for key in section.required):
                    with fields.at():
                        made = section.read(item, context)
                fields.finish()
                if name in found:
                    raise InvalidError(f"{section.what} {name!r} is given twice", "name")
                if section.identity is not None and made is not None:
                    identity = section.identity(made)
                    if identity in known:
                        raise InvalidError(f"{identity} is that of another {section.what}")
                    known.add(identity)
                found[name] = made
    return found
