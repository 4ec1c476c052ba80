# SPDX-License-Identifier: Apache-2.0
"""A part of the node file that a record brings with it: named items that become entries of tables of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from srv6cp.behaviours.interfaces import Binder, Entry, Names, Schema, Scope


@dataclass(frozen=True, eq=False)
class Section:
    """``key: [{name: N, ...}, ...]`` at the top of a node file.

    ``what`` is an item in messages ("VLAN table"), ``summary`` its cell in the documentation; ``tables`` are the P4
    tables that its entries go to, which a program must have. ``schema`` is JSON Schema by key of an item, ``name``
    aside, and ``required`` are those of these keys that must be there. ``read`` takes the item and returns what
    ``entries`` gets back together with the item's number (1 to ``size`` - 1), which stays the same as long as the
    name does and is the match field ``number`` of its entries (``""``: they are known by something else); it raises
    ``InvalidError`` with a path inside the item.

    ``command`` is the object of ``srv6 COMMAND add NAME WORDS...``: ``words`` reads the words into an item without
    name (raising ``InvalidError``) and ``usage`` says what they are. ``rows`` makes the lines of ``srv6 COMMAND
    show`` out of the entries on the switch, with ``columns``.

    ``identity`` says what packets know an item by, in words, where that is not its number: no two items have the same.
    ``copies`` gives the multicast groups of an item by its number: (group, the numbers of its replicas). ``shown`` are
    further tables whose entries ``rows`` is given; with ``copies`` the groups of the switch as well, as entries of the
    table ``""`` with the match field ``multicast_group`` and the parameter ``replicas``.
    """

    key: str
    what: str
    summary: str
    tables: tuple[str, ...]
    number: str
    schema: Mapping[str, Schema]
    read: Callable[[dict[Any, Any], Scope], Any]
    entries: Callable[[int, Any, Binder], Iterable[Entry]]
    rows: Callable[[Iterable[Entry], Names], list[dict[str, Any]]]
    columns: tuple[str, ...]
    command: str
    usage: str
    words: Callable[[Sequence[str]], dict[str, Any]]
    required: tuple[str, ...] = ()
    size: int = 65536
    identity: Callable[[Any], str] | None = None
    copies: Callable[[int, Any, Binder], Iterable[tuple[int, tuple[int, ...]]]] | None = None
    shown: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Keys of an item."""
        return frozenset(("name", *self.schema))
