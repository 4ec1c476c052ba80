# SPDX-License-Identifier: Apache-2.0
"""What a node file has been: its revisions, each with when, who, and by which command.

    $XDG_STATE_HOME/srv6/revisions/node.yaml-3f0c.../    ~/.local/state/... without XDG_STATE_HOME
        7.json      a revision: the text of the node file and what is known of it
        lock        held while something is written here

A folder belongs to one node file, by its real path: the file is the configuration of the router, as commands edit it
and controllers follow it, while the address of a switch may be another one with every command. What the file was for
(node, device id, address) is in each revision. Numbers only rise, as those of commits in IOS XR; the oldest
revisions go when there are more than `LIMIT` of them. Only this user reads and writes here.

Node files hold no keys and no passwords today. Should they, a revision has to hold a reference to a secret and not the
secret: a value that is replaced by its digest before it is stored, so that a difference is seen and nothing is shown.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from srv6cp.cli import durable, exitcodes
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.output import note

LIMIT = 50
_MOST_OCTETS = 256 << 20
_FEWEST = 2  # of very large files: the present one and the one to go back to
_SAID: set[Path] = set()
_NAME = re.compile(r"([1-9][0-9]{0,17})\.json")


@dataclass(frozen=True)
class Author:
    """Where a revision comes from: the user, the command line, what the user says of it, and for which switch."""

    user: str
    command: str
    comment: str
    node: str
    device_id: int
    address: str


@dataclass(frozen=True)
class Revision:
    """The text of a node file at some time.

    ``time`` is ISO 8601 in UTC. ``applied`` says that it was written to the switch, or left to the controller that
    follows the file; not so what was only saved.
    """

    number: int
    time: str
    user: str
    command: str
    comment: str
    node: str
    device_id: int
    address: str
    digest: str
    applied: bool
    text: str

    def facts(self) -> dict[str, Any]:
        """All but the text."""
        return {key: value for key, value in asdict(self).items() if key != "text"}


@dataclass(frozen=True)
class Damaged:
    """A revision that cannot be read, and why."""

    number: int
    reason: str


def digest(text: str) -> str:
    """By which a text is known again."""
    return hashlib.sha256(text.encode()).hexdigest()


class Revisions:
    """The revisions of one node file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        real = os.path.realpath(path)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", os.path.basename(real))[:60].lstrip(".")
        self._name = f"{name}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:16]}"
        self._base = _state_folder()

    @property
    def folder(self) -> Path:
        """Where they are, whether there are any or not."""
        return self._base / "srv6" / "revisions" / self._name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with them; the folder is made if need be. Raises OSError where it cannot be, or cannot be trusted."""
        self._base.mkdir(0o700, parents=True, exist_ok=True)
        for folder in (*reversed(self.folder.parents[:2]), self.folder):
            durable.own_folder(folder)
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def numbers(self) -> list[int]:
        """Numbers of all revisions, the oldest first. Raises OSError for a folder that cannot be trusted."""
        if not self.folder.is_dir():
            return []
        durable.own_folder(self.folder)
        return sorted(int(found[1]) for name in os.listdir(self.folder) if (found := _NAME.fullmatch(name)))

    def all(self) -> list[Revision | Damaged]:
        """The oldest first. Raises OSError."""
        return [self._read(number) for number in self.numbers()]

    def get(self, number: int) -> Revision:
        """One of them. Raises CliError when there is none, or when it cannot be read."""
        try:
            numbers = self.numbers()
            found = self._read(number) if number in numbers else None
        except OSError as error:
            raise self._unusable(error) from None
        if found is None:
            there = f"there are {numbers[0]} to {numbers[-1]}" if numbers else "there is none yet"
            raise CliError(f"{self.path}: no revision {number}; {there}", exitcodes.CHECK_FAILED)
        if isinstance(found, Damaged):
            raise CliError(f"{self.path}: revision {number} is damaged: {found.reason}", exitcodes.CHECK_FAILED)
        return found

    def newest(self, applied: bool = False) -> Revision | None:
        """The newest that can be read, of those that were ``applied`` if so asked; None without one. Raises OSError."""
        for number in reversed(self.numbers()):
            found = self._read(number)
            if isinstance(found, Revision) and (found.applied or not applied):
                return found
        return None

    def record(self, text: str, author: Author, applied: bool) -> Revision:
        """Make it the newest revision, unless it is that already. Raises OSError."""
        with self.locked():
            newest = self.newest()
            if newest is not None and newest.text == text:
                if applied and not newest.applied:
                    newest = replace(newest, applied=True)
                    self._write(newest)
                return newest
            number = max(self.numbers(), default=0) + 1
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            made = Revision(number, now, **asdict(author), digest=digest(text), applied=applied, text=text)
            self._write(made)
            self._prune()
            return made

    def keep(self, text: str, author: Author, applied: bool) -> Revision | None:
        """The same for commands that go on where nothing can be kept: one line says so, and None is returned."""
        try:
            return self.record(text, author, applied)
        except OSError as error:
            if self.folder not in _SAID:  # once: a controller lives long
                _SAID.add(self.folder)
                note(f"srv6: {self.path}: no revision is kept: {error}")
            return None

    def found(self, text: str, author: Author) -> None:
        """Keep what a command finds in the file and is about to replace, as `keep` does.

        Where nothing is known yet it is taken for what the switch holds.
        """
        try:
            first = not self.numbers()
        except OSError:
            first = True  # `keep` says what is wrong
        if text.strip():
            self.keep(text, replace(author, command="", comment="as it was found in the file"), applied=first)

    def listed(self) -> list[Revision | Damaged]:
        """As `all`, for commands that need them. Raises CliError."""
        try:
            return self.all()
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> CliError:
        return CliError(f"{self.path}: its revisions cannot be read: {error}", exitcodes.CHECK_FAILED)

    def _read(self, number: int) -> Revision | Damaged:
        try:
            data = json.loads(self._file(number).read_bytes())
            found = Revision(**{field.name: data[field.name] for field in fields(Revision)})
            if found.digest != digest(found.text) or found.number != number:
                return Damaged(number, "it does not have the digest that it says")
        except OSError as error:
            return Damaged(number, error.strerror or str(error))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Damaged(number, "not what was written")
        return found

    def _write(self, revision: Revision) -> None:
        text = json.dumps(asdict(revision), indent=1, ensure_ascii=False)
        durable.write(self._file(revision.number), text.encode("utf-8", "surrogateescape"))

    def _file(self, number: int) -> Path:
        return self.folder / f"{number}.json"

    def _prune(self) -> None:
        """Remove the oldest: what is too many, and what is too much."""
        most, octets = limit(), 0
        for place, number in enumerate(reversed(self.numbers())):
            octets += self._file(number).stat().st_size
            if place >= most or (place >= _FEWEST and octets > _MOST_OCTETS):
                self._file(number).unlink()


def limit() -> int:
    """How many revisions of a file are kept: ``$SRV6_REVISIONS``."""
    text = os.environ.get("SRV6_REVISIONS", "")
    if re.fullmatch(r"[0-9]{1,6}", text) and int(text) >= _FEWEST:
        return int(text)
    if text:
        note(f"srv6: SRV6_REVISIONS={text!r} is not a number from {_FEWEST} to 999999; {LIMIT} are kept")
    return LIMIT


def user() -> str:
    """Who runs this command; behind sudo, both."""
    name = _name_of(os.getuid())
    behind = os.environ.get("SUDO_USER") if os.getuid() == 0 else None
    return f"{name} ({behind})" if behind and behind != name else name


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _state_folder() -> Path:
    """By the XDG specification, which has relative paths ignored."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        return Path(given)
    return _home() / ".local" / "state"


def _home() -> Path:
    """``$HOME``, unless it is another's (sudo may keep it): what this user writes there the other could not read."""
    given = os.environ.get("HOME", "")
    try:
        if os.path.isabs(given) and os.stat(given).st_uid == os.geteuid():
            return Path(given)
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except (OSError, KeyError):
        return Path(given or "/")
