# SPDX-License-Identifier: Apache-2.0
"""A trace without what is as secret as a key: the states of an HMAC in entries, headers and assignments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from srv6cp.p4rt.secrets import SECRET, SECRET_FIELDS, holds_secret, is_secret

_ASSIGNED = re.compile(rf"\b({'|'.join(SECRET_FIELDS)})\.(\w+) = .+")


def redact(step: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a trace, or of a step of one, without secret parameters and fields; assignments of them keep their
    place. The switch's own text, which has them, is left out."""
    found = {key: value for key, value in step.items() if key != "text" or step.get("kind") is not None}
    if step.get("kind") == "action":
        name = str(step["name"]).rpartition(".")[2]
        found["params"] = {key: value for key, value in step["params"].items() if not is_secret(name, key)}
    elif step.get("kind") == "extract":
        header = str(step["header"])
        found["fields"] = {key: value for key, value in step["fields"].items() if not holds_secret(header, key)}
    elif step.get("kind") == "effect":
        found["text"] = _ASSIGNED.sub(_hide, str(step["text"]))
    if "steps" in step:
        found["steps"] = [redact(each) for each in step["steps"]]
    return found


def _hide(match: re.Match[str]) -> str:
    return f"{match[1]}.{match[2]} = {SECRET}" if holds_secret(match[1], match[2]) else match[0]
