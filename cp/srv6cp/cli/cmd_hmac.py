# SPDX-License-Identifier: Apache-2.0
"""``srv6 hmac``: the keys of the HMAC of an SRH (RFC 8754 2.1.2), which are never shown.

    srv6 hmac set 42                                  the key is asked for, and kept in a file of mode 0600
    srv6 hmac set 42 file /etc/srv6/key [algorithm sha1] [text linux]
    srv6 hmac show
    srv6 hmac del 42
    srv6 ip sr hmac set 42 sha256                     iproute2's words for the first

The node file names the files of its keys. A key that is set once more gets another file, so that whoever applies the
node file sees the change, and `srv6 config rollback` finds the key that was.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.edits import editing_options, finish, open_file
from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.cli.iproute2.encap import hmac_key
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.output import emit
from srv6cp.cli.words import Words
from srv6cp.config.hmac import ALGORITHMS, MAX_SECRET, TEXTS

SECTION = "hmac-keys"
_USAGE = "srv6 hmac set KEYID [algorithm sha256|sha1] [text rfc|linux] [file PATH] | del KEYID | show"


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "hmac",
        help="keys of the HMAC of an SRH: set, delete, show which there are",
        usage=_USAGE,
        parents=[session.node_options(), session.connection_options(), editing_options()],
    )
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """set, del, show."""
    words = Words(args.words, _USAGE)
    verb = words.take("set, del or show")
    if verb not in ("set", "del", "delete", "show"):
        raise words.unknown(verb, ("set", "del", "show"))
    if verb == "show":
        return show(args)
    number = hmac_key(words.take("the key id"))
    if verb != "set":
        return delete(args, number)
    options = words.pairs(("algorithm", "text", "file"), {"algo": "algorithm"})
    if options.get("algorithm", "sha256") not in ALGORITHMS or options.get("text", "rfc") not in TEXTS:
        raise UsageError(
            f"algorithm is one of {', '.join(ALGORITHMS)}, text one of {', '.join(TEXTS)}; usage: {_USAGE}"
        )
    return set_key(args, number, options)


def set_key(args: argparse.Namespace, number: int, options: dict[str, str]) -> int:
    """Make the key what the options say, or with a key that is asked for. A blank one deletes, as in iproute2."""
    with open_file(args) as file:
        made = None
        if "file" not in options:
            if args.dry_run:
                raise UsageError("--dry-run asks for no key: give it a 'file'")
            secret = _ask(number)
            if not secret:
                return _delete(args, file, number)
            made = _write(file.path, number, secret)
            options = {**options, "file": made.name}
        try:
            index = _find(file, number)
            item = {"id": number, **options}
            if index is None:
                file.add(SECTION, item)
            else:
                file.replace(SECTION, index, item)
            return finish(args, file)
        except BaseException:
            if made is not None and not file.saved:
                made.unlink(missing_ok=True)
            raise


def delete(args: argparse.Namespace, number: int) -> int:
    """Take the key out of the node file; a file that it is in stays."""
    with open_file(args) as file:
        return _delete(args, file, number)


def show(args: argparse.Namespace) -> int:
    """Which keys there are, as ``ip sr hmac show``, but for the keys."""
    with open_file(args) as file:
        rows = [
            {"hmac": item["id"], "algo": item.get("algorithm", "sha256"), "text": item.get("text", "rfc")}
            for item in file.items(SECTION)
            if isinstance(item, dict) and "id" in item
        ]
    text = "\n".join(f"hmac {row['hmac']} algo {row['algo']} text {row['text']}" for row in rows)
    emit(rows, args.json, text or "no HMAC keys")
    return exitcodes.OK


def _delete(args: argparse.Namespace, file: NodeFile, number: int) -> int:
    index = _find(file, number)
    if index is None:
        raise CliError(f"{file.path}: no HMAC key {number}", exitcodes.CONFIG)
    file.remove(SECTION, index)
    return finish(args, file)


def _find(file: NodeFile, number: int) -> int | None:
    items = file.items(SECTION)
    return next((i for i, item in enumerate(items) if isinstance(item, dict) and item.get("id") == number), None)


def _ask(number: int) -> bytes:
    """The key from the terminal, without echo, or a line of standard input."""
    if sys.stdin.isatty():
        text = getpass.getpass(f"Enter secret for HMAC key ID {number} (blank to delete): ")
    else:
        text = sys.stdin.readline().removesuffix("\n")
    secret = text.encode()
    if len(secret) > MAX_SECRET:
        raise UsageError(f"a key has at most {MAX_SECRET} octets")
    return secret


def _write(node_file: Path, number: int, secret: bytes) -> Path:
    """A new file of mode 0600 beside the node file. Raises CliError."""
    path = node_file.with_name(f"{node_file.stem}.hmac-{number}-{secrets.token_hex(4)}.key")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, secret + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise CliError(f"{path}: cannot keep the key: {error.strerror}", exitcodes.CHECK_FAILED) from None
    return path
