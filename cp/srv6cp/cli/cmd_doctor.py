# SPDX-License-Identifier: Apache-2.0
"""``srv6 doctor``: is everything here that the commands need, and is the node file what was meant?"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, NamedTuple

from srv6cp.cli import exitcodes, session
from srv6cp.cli.output import emit, table

_MODULES = (
    ("grpc", "grpcio"),
    ("google.protobuf", "protobuf"),
    ("p4", "p4runtime"),
    ("yaml", "PyYAML"),
    ("shtab", "shtab"),
)
_OPTIONAL_MODULES = (
    ("scapy", "packet builders and tests"),
    ("pyroute2", "`srv6 lab` with network namespaces"),
)


_ALL_HERE = "everything needed is here"


class Check(NamedTuple):
    """One finding. ``state``: ok, missing (needed), wrong, warning (may not be meant), absent (optional)."""

    check: str
    state: str
    detail: str


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "doctor",
        help="check this machine: dependencies, compiled program, switches, rights; and the node file",
        parents=[session.node_options(), session.json_option()],
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when something needed is missing, or the node file is not valid."""
    checks = [*(check for part in _PARTS for check in part()), *_node_file(args)]
    rows = [check._asdict() for check in checks]
    failed = [check for check in checks if check.state in ("missing", "wrong")]
    text = table(rows, ("check", "state", "detail"))
    missing = any(check.state == "missing" for check in failed)
    verdict = "something needed is missing" if missing else "the node file is wrong" if failed else _ALL_HERE
    emit({"ok": not failed, "checks": rows}, args.json, f"{text}\n{verdict}")
    return exitcodes.CHECK_FAILED if failed else exitcodes.OK


def _python() -> Iterator[Check]:
    text = ".".join(map(str, sys.version_info[:3]))
    yield Check("python", "ok" if sys.version_info >= (3, 10) else "missing", f"{text} (3.10 or later)")
    for module, distribution in _MODULES:
        try:
            yield Check(distribution, "ok", version(distribution))
        except PackageNotFoundError:
            found = _importable(module)
            yield Check(distribution, "ok" if found else "missing", "" if found else f"pip install {distribution}")
    try:
        from google.protobuf.internal import api_implementation

        kind = api_implementation.Type()
        fast = "" if kind != "python" else "; the pure Python one is many times slower"
        yield Check("protobuf back end", "ok", f"{kind}{fast}")
    except ImportError:
        pass
    try:
        import yaml

        detail = "libyaml" if yaml.__with_libyaml__ else "pure Python: large node files load slowly"
        yield Check("YAML parser", "ok", detail)
    except ImportError:
        pass
    for module, use in _OPTIONAL_MODULES:
        yield Check(module, "ok" if _importable(module) else "absent", f"for {use}")


def _program() -> Iterator[Check]:
    from srv6cp.artifacts import ArtifactError, find

    try:
        found = find()
        yield Check("compiled program", "ok", str(found.json))
        manifest = found.read_manifest()
        compiler = manifest.get("p4c") or manifest.get("compiler") or ""
        yield Check("manifest", "ok", str(compiler))
    except ArtifactError as error:
        yield Check("compiled program", "missing", str(error))


def _switches() -> Iterator[Check]:
    from srv6cp.sync.launch import BMV2, missing

    lacking = missing("softswitch")
    yield Check("softswitch", "missing" if lacking else "ok", "reinstall the package" if lacking else "")
    for command, use in (
        (BMV2, "to run on BMv2"),
        ("p4c-bm2-ss", "to recompile the program (or docker/podman)"),
    ):
        path = shutil.which(command)
        yield Check(command, "ok" if path else "absent", path or f"only needed {use}")


def _rights() -> Iterator[Check]:
    root = os.geteuid() == 0
    yield Check("root", "ok" if root else "absent", "only needed for veth and network namespaces")
    ip = shutil.which("ip")
    yield Check("ip (iproute2)", "ok" if ip else "absent", ip or "only needed for network namespaces")
    host, _, port = session.DEFAULT_ADDRESS.partition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
            yield Check("gRPC port", "ok", f"{session.DEFAULT_ADDRESS} is free")
        except OSError:
            yield Check("gRPC port", "absent", f"{session.DEFAULT_ADDRESS} is taken; a switch may be running there")


def _node_file(args: argparse.Namespace) -> Iterator[Check]:
    """The node file, where there is one: mistakes, and what of it may not be meant."""
    path = session.node_file(args, required=False)
    if path is None:
        return
    try:
        from srv6cp.config import ConfigError, warnings
    except ImportError:  # reported above
        return
    try:
        node = session.load(path)
    except ConfigError as error:
        yield from (Check("node file", "wrong", str(problem)) for problem in error.problems)
        return
    yield Check("node file", "ok", f"{path}: {node.name}")
    yield from (Check("node file", "warning", str(problem)) for problem in warnings(node))


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


_PARTS: tuple[Callable[[], Iterator[Check]], ...] = (_python, _program, _switches, _rights)
