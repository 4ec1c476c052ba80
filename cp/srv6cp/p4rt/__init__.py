# SPDX-License-Identifier: Apache-2.0
"""A P4Runtime client library: programs, entities and errors by name; several switches in one process.

``P4Info`` knows a program, the dataclasses of ``entities`` say what a switch holds, ``Client`` talks to one.
This is the only layer of ``srv6cp`` that uses gRPC. See ``client`` for an example.
"""

import os

# Before gRPC is imported: its own log lines would stand beside our one clear error.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from p4rtlib.objects import MatchKind, Scope
from p4rtlib.values import Format, parse_value

from .client import Atomicity, Client, pipeline_cookie, wait_for_switch
from .entities import *  # noqa: F403
from .entities import __all__ as _entities
from .errors import *  # noqa: F403
from .errors import __all__ as _errors
from .messages import *  # noqa: F403
from .messages import __all__ as _messages
from .program import P4Info
from .render import entity_data, render_action, render_entity, render_key, render_match, render_update
from .session import MAX_ELECTION_ID, NOT_TO_BE_OUTBID
from .stream import Subscription

__all__ = [
    "MAX_ELECTION_ID",
    "NOT_TO_BE_OUTBID",
    *_entities,
    *_errors,
    *_messages,
    "Atomicity",
    "Client",
    "Format",
    "MatchKind",
    "P4Info",
    "Scope",
    "Subscription",
    "entity_data",
    "parse_value",
    "pipeline_cookie",
    "render_action",
    "render_entity",
    "render_key",
    "render_match",
    "render_update",
    "wait_for_switch",
]
