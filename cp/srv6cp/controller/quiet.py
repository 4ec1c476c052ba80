# SPDX-License-Identifier: Apache-2.0
"""Has a file changed, and is whoever changes it done?

Editors and generators do not write in one step: they cut a file short and write it, put it aside and write another,
write the first half and then the second. So a change counts when the file has been left alone for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

DEFAULT_QUIET = 0.5
LONGEST_WAIT = 10.0

_State = tuple[int, ...]


class QuietFile:
    """A file that is asked again and again whether it has changed.

    A change is told once nothing has happened to the file for ``quiet`` seconds, or, so that one which is never left
    alone is read as well, ``longest`` seconds after it began. The file is the one behind symbolic links, and another
    one in its place is a change, as are times and size. A file that is not there is about to come back: it is no
    change, however long it lasts.
    """

    def __init__(
        self,
        path: Path,
        quiet: float = DEFAULT_QUIET,
        longest: float = LONGEST_WAIT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._quiet = quiet
        self._longest = max(longest, quiet)
        self._clock = clock
        self._told = self._seen = self._state()
        self._began: float | None = None  # when the change began that has not been told yet
        self._touched = 0.0  # when it was last seen to go on

    @property
    def changing(self) -> bool:
        """Whether there is a change that has not been told yet; may be asked from any thread."""
        state = self._state()
        return state is not None and state != self._told

    def changed(self) -> bool:
        """True once for each change that has come to an end; to be asked more often than every ``quiet`` seconds."""
        now = self._clock()
        state = self._state()
        if state != self._seen:
            if self._began is None or self._seen is None:
                self._began = now
            self._seen, self._touched = state, now
        if state is None or self._began is None:
            return False
        if now - self._touched < self._quiet and now - self._began < self._longest:
            return False
        self._began = None
        if state == self._told:
            return False  # it is back
        self._told = state
        return True

    def _state(self) -> _State | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        # With the time of the inode: two writes of one length within one tick of the clock of the file system differ
        # by nothing else, and some programs set the time of modification back.
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
