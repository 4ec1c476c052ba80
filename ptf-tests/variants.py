# SPDX-License-Identifier: Apache-2.0
"""One test for many behaviours: a test class made for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

C = TypeVar("C", bound=type)


class Variant(Protocol):
    """What a test is made for. ``label``: the end of its name; ``rows``: where it counts in docs/behaviours.md."""

    @property
    def label(self) -> str: ...
    @property
    def rows(self) -> tuple[str, ...]: ...


def for_each(attribute: str, variants: Iterable[Variant]) -> Callable[[C], C]:
    """Instead of the decorated class, a test of its own for each variant: ``NameEndX``, ``NameEndTPsp`` ...

    The outermost decorator of a class with ``runTest``. The tests find their variant as ``self.<attribute>``.
    """

    def make(cls: C) -> C:
        body = cls.__dict__["runTest"]
        del cls.runTest  # type: ignore[attr-defined]
        for variant in variants:
            name = cls.__name__ + variant.label
            body.__globals__[name] = type(
                name,
                (cls,),
                {
                    "__doc__": f"{' '.join(variant.rows)}: {cls.__doc__}",
                    "__module__": cls.__module__,
                    "runTest": body,
                    attribute: variant,
                    "behaviours": tuple(dict.fromkeys((*variant.rows, *getattr(cls, "behaviours", ())))),
                },
            )
        return cls

    return make
