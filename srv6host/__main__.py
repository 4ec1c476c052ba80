# SPDX-License-Identifier: Apache-2.0
"""``python -m srv6host proxy PREFIX...`` runs the proxy of a node; ``sid PREFIX FUNCTION`` says what its SIDs are."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import signal
import ssl
import sys
from ipaddress import IPv6Network
from pathlib import Path

from srv6host import functions
from srv6host.functions import FunctionError
from srv6host.proxy import Proxy


def main(words: list[str] | None = None) -> int:
    """The command; 0, 1 where it fails."""
    parser = argparse.ArgumentParser(prog="python -m srv6host", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    proxy = commands.add_parser("proxy", help="take connections for the functions of these SIDs (root)")
    proxy.add_argument("prefix", nargs="+", help="of the SIDs, 80 bits at most")
    proxy.add_argument("--port", type=int, action="append", help="of the servers; may be repeated [80]")
    proxy.add_argument("--load", action="append", default=[], help="a Python file that registers functions")
    proxy.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="for the function tls: PEM files")
    sid = commands.add_parser("sid", help="the SID of a function")
    sid.add_argument("prefix")
    sid.add_argument("function", help=", ".join(sorted(each.name for each in functions.REGISTRY.values())))
    sid.add_argument("parameters", nargs="?", default="0")
    given = parser.parse_args(words)
    try:
        if given.command == "sid":
            print(functions.sid_of(given.prefix.partition("/")[0], given.function, int(given.parameters, 0)))
            return 0
        for path in given.load:
            _load(Path(path))
        if given.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*given.tls)
            functions.TlsTermination.context = context
        own = [IPv6Network(prefix) for prefix in given.prefix]
        asyncio.run(_serve(own, given.port or [80]))
    except (FunctionError, OSError, ValueError) as error:
        print(f"srv6host: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(own: list[IPv6Network], ports: list[int]) -> None:
    proxy = Proxy(own, lambda line: print(line, flush=True))
    proxy.listen(ports)
    task = asyncio.ensure_future(proxy.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    print("ready", flush=True)
    try:
        await task
    except asyncio.CancelledError:
        print(", ".join(f"{count} {what}" for what, count in sorted(proxy.counts.items())) or "no connections")


def _load(path: Path) -> None:
    """Run a file that registers functions. Raises FunctionError."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.exists():
        raise FunctionError(f"{path}: no Python file")
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except Exception as error:
        raise FunctionError(f"{path}: {type(error).__name__}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
