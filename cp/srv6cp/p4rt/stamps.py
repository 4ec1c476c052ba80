# SPDX-License-Identifier: Apache-2.0
"""Updates that differ in one match field and one action parameter alone, made by pasting bytes.

Learned addresses come by the ten thousand a second and look all alike: to encode one as any other entity takes many
times as long. The form is that of an ordinary update, taken apart where two of them with other values differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from p4rtlib.protos import p4runtime_pb2

from .codec import Codec
from .entities import Action, TableEntry, Update
from .errors import EntityError

__all__ = ["Stamp"]

_Form = tuple[bytes, bytes, bytes]


class Stamp:
    """``update``, of a table entry with an exact match field ``field`` and an action with ``parameter``."""

    def __init__(self, codec: Codec, update: Update, field: str, parameter: str) -> None:
        if not isinstance(update.entity, TableEntry) or not isinstance(update.entity.action, Action):
            raise EntityError("only an entry of a table with an action can be stamped")
        self._codec = codec
        self._update = update
        self._names = field, parameter
        self._forms: dict[tuple[int, int], _Form] = {}

    def __call__(self, value: int, parameter: int) -> bytes:
        """A piece of a serialised ``WriteRequest`` that holds the update with these values."""
        first = value.to_bytes((value.bit_length() + 7) >> 3 or 1, "big")
        second = parameter.to_bytes((parameter.bit_length() + 7) >> 3 or 1, "big")
        form = self._forms.get((len(first), len(second)))
        if form is None:
            form = self._forms[len(first), len(second)] = self._form(len(first), len(second))
        return form[0] + first + form[1] + second + form[2]

    def _form(self, first: int, second: int) -> _Form:
        """What is around the two values, when they have so many bytes."""
        # Of 7 bits, so that a field whose width is no multiple of 8 holds them.
        samples = [self._encoded(first, second, byte) for byte in (1, 2)]
        differ = [at for at, (one, other) in enumerate(zip(*samples, strict=True)) if one != other]
        one, other = differ[:first], differ[first:]
        whole = [*range(one[0], one[0] + first), *range(other[0], other[0] + second)] if one and other else []
        if differ != whole:
            raise EntityError(f"{self._names[0]} and {self._names[1]} are not where they can be stamped")
        data = samples[0]
        return data[: one[0]], data[one[-1] + 1 : other[0]], data[other[-1] + 1 :]

    def _encoded(self, first: int, second: int, byte: int) -> bytes:
        entity: Any = self._update.entity
        field, parameter = self._names
        entity = replace(
            entity,
            match={**entity.match, field: int.from_bytes(bytes([byte]) * first, "big")},
            action=Action(
                entity.action.name,
                {**entity.action.params, parameter: int.from_bytes(bytes([byte]) * second, "big")},
            ),
        )
        request = p4runtime_pb2.WriteRequest()
        self._codec.updates([Update(self._update.type, entity)], request.updates)
        return bytes(request.SerializeToString(deterministic=True))
