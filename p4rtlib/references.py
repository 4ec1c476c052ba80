# SPDX-License-Identifier: Apache-2.0
"""Which tables refer to which, by ``@refers_to``, and the order of writes that follows from it.

The convention is that of SAI-P4 and PINS: a match field or action parameter annotated ``@refers_to(table, field)``
holds a value that some entry of ``table`` has in ``field``. So what is referred to is written first, and deleted last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .objects import Catalogue, TableInfo

__all__ = ["referred_tables", "tables_in_order"]


def referred_tables(table: TableInfo) -> set[str]:
    """The names of what entries of ``table`` refer to, as the annotations spell them."""
    fields = [*table.fields, *(param for ref in table.actions for param in ref.action.params)]
    return {name for each in fields for name, _ in each.refers_to}


def tables_in_order(tables: Catalogue[TableInfo], after: Mapping[str, Iterable[str]] | None = None) -> list[TableInfo]:
    """The tables, each behind those it refers to.

    Otherwise they come in the reverse of the p4info's order, which is the packet's: what acts last on a packet is
    written first, so that a packet never meets an entry whose continuation is still missing. ``after`` adds, by alias,
    tables that must come before another one although no value refers to them; names that the program does not have
    count for nothing. Circles are cut anywhere.
    """
    more = after or {}
    done: dict[int, TableInfo] = {}
    open_: set[int] = set()

    def visit(table: TableInfo) -> None:
        if table.id in done or table.id in open_:
            return
        open_.add(table.id)
        names = referred_tables(table).union(more.get(table.alias, ()))
        needed = {found.id for name in names if (found := tables.named(name)) is not None}
        for before in backwards:
            if before.id in needed:
                visit(before)
        done[table.id] = table

    backwards = list(reversed(tables.ids.values()))
    for table in backwards:
        visit(table)
    return list(done.values())
