# SPDX-License-Identifier: Apache-2.0
"""Collects what is wrong in a file, so that one reading tells all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from srv6cp import values
from srv6cp.problems import InvalidError, Path, Problem


class Mistakes:
    """What has been ``found``, each with its place below ``where``."""

    def __init__(self, found: list[Problem] | None = None, where: Path = ()) -> None:
        self.found: list[Problem] = [] if found is None else found
        self._where = where

    def below(self, *path: str | int) -> Mistakes:
        """The same list, for the readers of what is at ``path``."""
        return Mistakes(self.found, self._where + path)

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Record instead of raise what is wrong in the block."""
        try:
            yield
        except InvalidError as error:
            self.found.append(Problem(error.message, self._where + path + error.path))

    def check_keys(self, mapping: Mapping[Any, Any], allowed: Collection[str], required: Collection[str] = ()) -> None:
        """Record every key that is not ``allowed`` and every one of ``required`` that is missing."""
        for key in mapping:
            with self.at():
                values.check_keys({key: None}, allowed)
        for key in required:
            with self.at():
                values.check_keys({key: mapping.get(key)}, required, (key,))
