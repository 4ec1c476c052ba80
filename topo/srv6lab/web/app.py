# SPDX-License-Identifier: Apache-2.0
"""The HTTP interface of a lab: the page, what it asks for, and the commands of the shell.

=========================  ==================================================================================
``GET /api/topology``      nodes, cables, steps of the scenario
``GET /api/live?after=N``  load of the cables, states of the routers, flows, events later than number N
``GET /api/router/NAME``   SIDs, policies, neighbours, drops of a router
``POST /api/command``      ``{"line": "steer r1 h2 r3 r4/End.DT46"}``: a line of `srv6lab.shell`; what it says
``POST /api/packet``       ``{"from": "h1", "to": "h2"}``: the way of one packet
``POST /api/step``         ``{"step": 0}``: play a step of the scenario; what it says
``POST /api/way``          of `srv6lab.probes`: the list of segments of a ping or traceroute
``POST /api/probe``        the same: one probe from a node, and what comes back
``POST /api/label``        the same: who answered
=========================  ==================================================================================

What goes wrong is ``{"error": TEXT}`` with status 400.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from srv6cp.cli.exitcodes import CliError
from srv6lab import probes
from srv6lab.errors import LabError
from srv6lab.scenario import Failed, Player
from srv6lab.shell import Shell
from srv6lab.topology import TopologyError
from srv6lab.view import View

HERE = Path(__file__).parent
_MISTAKES = (TopologyError, LabError, CliError, Failed, ValueError, KeyError, TypeError, IndexError)
#: Commands of the shell that are for a terminal.
_NOT_HERE = ("quit", "EOF")


class Commands:
    """The shell of a lab for requests, one at a time."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._said: list[str] = []
        self._player = Player(view.lab, self._said.append)
        self._shell = Shell(self._player)

    def run(self, line: str) -> str:
        """Run a line; what it says. Raises what the shell does, UsageError among it."""
        word = line.split(" ", 1)[0]
        if word in _NOT_HERE:
            raise ValueError(f"{word} is for a terminal")
        return self._do(line, lambda: self._shell.run_line(line))

    def play(self, place: int) -> str:
        """Play the step of the scenario at ``place``; what it says."""
        if place < 0:
            raise IndexError("there is no such step")
        step = self._view.lab.topology.scenario[place]
        return self._do(f"step {place + 1} of the scenario", lambda: self._player.play(step))

    def _do(self, what: str, do: Callable[[], object]) -> str:
        printed = io.StringIO()
        quiet = contextlib.redirect_stdout(printed) if what.startswith("edit ") else contextlib.nullcontext()
        with self._lock, quiet:  # `edit ROUTER sid show` is a command of its own, which prints
            self._said.clear()
            try:
                do()
            except Exception as error:
                self._view.events.add(f"{what}: {error}", "warning")
                raise
            finally:
                text = "\n".join((*self._said, *filter(None, [printed.getvalue().rstrip()])))
        self._view.events.add(what)
        return text.strip("\n")


def make_app(view: View) -> Starlette:
    """The application; `guard.Guard` belongs in front of it."""
    commands = Commands(view)

    def answer(do: Callable[[Request, Any], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                body = await request.json() if request.method == "POST" else None
                if body is not None and not isinstance(body, dict):
                    raise ValueError("a JSON object is needed")
                return JSONResponse(await run_in_threadpool(do, request, body))
            except _MISTAKES as error:
                return JSONResponse({"error": _text(error)}, 400)

        return endpoint

    def route(path: str, do: Callable[[Request, Any], Any], method: str = "GET") -> Route:
        return Route(f"/api/{path}", answer(do), methods=[method])

    async def page(_request: Request) -> Response:
        return FileResponse(HERE / "static" / "index.html")

    return Starlette(
        routes=[
            Route("/", page),
            route("topology", lambda request, _: view.topology()),
            route("live", lambda request, _: view.live(int(request.query_params.get("after", "0")))),
            route("router/{name}", lambda request, _: view.router(request.path_params["name"])),
            route("command", lambda _, body: {"said": commands.run(_word(body, "line"))}, "POST"),
            route("step", lambda _, body: {"said": commands.play(int(body["step"]))}, "POST"),
            route("way", lambda _, body: probes.serve_way(view.lab, body), "POST"),
            route("probe", lambda _, body: probes.serve_probe(view.lab, body), "POST"),
            route("label", lambda _, body: probes.serve_label(view.lab, body), "POST"),
            route("packet", lambda _, body: view.packet(_word(body, "from"), _word(body, "to")), "POST"),
            Mount("/static", StaticFiles(directory=HERE / "static")),
            Mount("/vendor", StaticFiles(directory=HERE / "vendor")),
        ]
    )


def _word(body: Any, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError(f"{key}: a line of text is needed")
    return value.strip()


def _text(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return "there is no such step" if isinstance(error, IndexError) else str(error)
