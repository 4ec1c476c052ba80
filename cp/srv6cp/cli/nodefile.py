# SPDX-License-Identifier: Apache-2.0
"""Edit a node file as text: add, replace and remove list items and set scalars, leaving comments and layout alone.

Every edit is checked twice before anything is written: the new text must load as the old values with
exactly this change, and the result must be a valid node.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from srv6cp.cli import exitcodes, yamledit
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.lockedfile import LockedFile
from srv6cp.config import ConfigError, Source, load_node_source, read_source
from srv6cp.model import Node
from srv6cp.problems import Problem


class NodeFile:
    """A node file being edited; nothing is written before :meth:`save`.

    Other commands wait from here to :meth:`close`: what they read is what this one has saved.
    """

    def __init__(self, path: Path, whole: bool = False, wait: bool = True) -> None:
        """Raises ConfigError for a file that cannot be read or is no YAML.

        ``whole``: what is in it does not matter, since it will get another ``text``. Without ``wait`` it raises
        BlockingIOError where another command has it.
        """
        self.path = path
        self.saved = False
        try:
            self._locked = LockedFile(path, wait)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ConfigError([Problem(f"cannot read: {error.strerror}", (), str(path))]) from None
        data = path.read_bytes()
        self._ends = _line_ends(data)
        self._loaded: Any = None
        if whole:
            self.before = self.text = data.decode(errors="replace").replace("\r\n", "\n")
            return
        self.before = self.text = read_source(path).text
        self._loaded = Source(self.text, str(path)).load()
        if self._loaded is not None and not isinstance(self._loaded, dict):
            self.node()  # raises, saying what a node file is

    def __enter__(self) -> NodeFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let other commands edit."""
        self._locked.close()

    @property
    def data(self) -> dict[str, Any]:
        """The values as they are now; not to be changed."""
        return self._loaded or {}

    def items(self, section: str) -> list[Any]:
        """The items of a list section."""
        value = self.data.get(section)
        return value if isinstance(value, list) else []

    def line(self, section: str, index: int) -> int:
        """Line of an item from 1."""
        return Source(self.text, str(self.path)).line((section, index))

    def add(self, section: str, item: Any) -> None:
        """Append an item to a list section, which is made if need be."""
        expected = copy.deepcopy(self.data)
        expected[section] = [*(expected.get(section) or []), item]
        self._change([yamledit.added(self.text, section, item)], expected)

    def replace(self, section: str, index: int, item: Any) -> None:
        """Put an item in the place of another; its comments stay, and what is the same in both."""
        expected = copy.deepcopy(self.data)
        expected[section][index] = item
        if expected != self.data:
            ways = (yamledit.replaced(self.text, section, index, item, whole) for whole in (False, True))
            self._change(ways, expected)

    def remove(self, section: str, index: int) -> None:
        """Remove an item of a list section."""
        expected = copy.deepcopy(self.data)
        del expected[section][index]
        if not expected[section]:
            expected[section] = None
        self._change([yamledit.removed(self.text, section, index)], expected)

    def set_scalar(self, key: str, value: str) -> None:
        """Set a top-level scalar."""
        expected = {**copy.deepcopy(self.data), key: value}
        self._change([yamledit.scalar_set(self.text, key, value)], expected)

    def set_in(self, path: Sequence[str | int], value: Any) -> None:
        """Set a value in mappings within mappings, which are made if need be."""
        expected = copy.deepcopy(self.data)
        place: dict[Any, Any] = expected
        for part in path[:-1]:
            # A copy: what an alias shares with it is not meant.
            place[part] = dict(place[part]) if isinstance(place.get(part), dict) else {}
            place = place[part]
        place[path[-1]] = value
        self._change([yamledit.inner_set(self.text, path, value)], expected)

    def node(self) -> Node:
        """The node that the text describes. Raises ConfigError."""
        return load_node_source(Source(self.text, str(self.path)))

    def save(self) -> Node:
        """Check the node and replace the file in one step. Raises ConfigError; the file is then as it was."""
        node = self.node()
        self._locked.write(self.text.replace("\n", self._ends))
        self.saved = True
        return node

    def _change(self, texts: Iterable[str | None], expected: dict[str, Any]) -> None:
        """Take the first text that loads as ``expected``."""
        for text in texts:
            if text is None:
                continue
            try:
                loaded = Source(text, str(self.path)).load()
            except ConfigError:
                continue
            if _without_empty(loaded) == _without_empty(expected):
                self.text, self._loaded = text, loaded
                return
        raise CliError(
            f"{self.path}: cannot be edited in place (an anchor, alias or unusual layout is in the way); "
            "make the change by hand and run `srv6 apply`",
            exitcodes.CONFIG,
        )


def _line_ends(data: bytes) -> str:
    """Those of the file, which Python reads as ``\\n`` all."""
    return "\r\n" if data.count(b"\r\n") == data.count(b"\n") > 0 else "\n"


def _without_empty(data: Any) -> dict[str, Any]:
    return {key: value for key, value in (data or {}).items() if value not in (None, [])}
