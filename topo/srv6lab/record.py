# SPDX-License-Identifier: Apache-2.0
"""How commands find a lab that is served: a file of its own in the user's folder, which nobody else can read.

``srv6 lab link quickstart r1 r2 down`` in another terminal sends its line to the process that runs the lab.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srv6cp import rundir
from srv6lab.errors import LabError

TIMEOUT = 60.0  # s for an answer
_SUFFIX = ".lab.json"


@dataclass(frozen=True)
class Served:
    """A lab that a process serves at ``url`` (no path) for who has the ``token``."""

    name: str
    url: str
    token: str
    pid: int
    topology: str  # file or name

    @property
    def page(self) -> str:
        """What to open: what follows ``#`` stays in the browser, so the token is in no log."""
        return f"{self.url}/#token={self.token}"

    def run(self, line: str) -> str:
        """Have a line of the shell run there; what it says. Raises LabError."""
        return str(self.ask("command", {"line": line})["said"])

    def ask(self, what: str, body: Mapping[str, Any] | None = None) -> Any:
        """``GET /api/WHAT``, or ``POST`` with a body (see `srv6lab.web.app`). Raises LabError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/{what}", data, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
        try:
            with opener.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise LabError(str(json.load(error).get("error", error))) from None
        except (OSError, ValueError) as error:
            raise LabError(f"{self.name}: the process {self.pid} that runs it does not answer ({error})") from None


@contextmanager
def written(served: Served) -> Iterator[None]:
    """Let commands find a lab for as long as the block runs. Raises LabError where one of that name is served."""
    if (other := find(served.name)) is not None:
        raise LabError(f"{served.name} is served already, by process {other.pid}: {other.page}; --name gives another")
    try:
        path = _path(served.name)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(served), file)
    except OSError as error:
        raise LabError(f"{error.filename}: {error.strerror}") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find(name: str) -> Served | None:
    """The lab of this name that is served, None where there is none."""
    try:
        served = Served(**json.loads(_path(name).read_text()))
        os.kill(served.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return served


def all_served() -> list[Served]:
    """The labs of this user that are served."""
    try:
        found = sorted(rundir.own().glob(f"*{_SUFFIX}"))
    except OSError:
        return []
    return [served for path in found if (served := find(path.name[: -len(_SUFFIX)])) is not None]


def _path(name: str) -> Path:
    return rundir.own() / f"{name}{_SUFFIX}"
