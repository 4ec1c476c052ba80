# SPDX-License-Identifier: Apache-2.0
"""The annotations of a p4info that somebody acts on: ``@format``, ``@refers_to``, ``@referenced_by``,
``@entry_restriction``, ``@action_restriction`` and ``@p4runtime_role``.

p4c writes them as strings, with blanks between the tokens: ``@refers_to(nexthop_table , nexthop_id)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["argument", "pairs", "restrictions"]

_ANNOTATION = re.compile(r"^@(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:\((?P<body>.*)\))?\s*$", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


def _unescape(text: str) -> str:
    return re.sub(r"\\.", lambda found: _ESCAPES.get(found.group(), found.group()), text)


def _bodies(annotations: Iterable[str], name: str) -> list[str]:
    found = (_ANNOTATION.match(annotation.strip()) for annotation in annotations)
    return [match["body"] or "" for match in found if match is not None and match["name"] == name]


def _unquote(text: str) -> str:
    text = text.strip()
    whole = _STRING.fullmatch(text)
    return _unescape(whole.group(1)) if whole else text


def argument(annotations: Iterable[str], name: str) -> str:
    """The one argument of annotation ``name`` without its quotes, or ``""`` when it is not there."""
    bodies = _bodies(annotations, name)
    return _unquote(bodies[0]) if bodies else ""


def pairs(annotations: Iterable[str], name: str) -> list[tuple[str, str]]:
    """The arguments of every ``@name(first, second)``, quoted or not, with the blanks p4c puts in removed."""
    found = []
    for body in _bodies(annotations, name):
        first, comma, second = body.partition(",")
        if comma:
            found.append(
                (
                    re.sub(r"\s*(::|\.)\s*", r"\1", _unquote(first)),
                    re.sub(r"\s*(::|\.)\s*", r"\1", _unquote(second)),
                )
            )
    return found


def restrictions(annotations: Iterable[str], name: str) -> str:
    """The text of restriction ``name``: its (concatenated) string arguments, or ``""``."""
    texts = ["".join(_unescape(part) for part in _STRING.findall(body)) for body in _bodies(annotations, name)]
    return ";".join(text for text in texts if text.strip())
