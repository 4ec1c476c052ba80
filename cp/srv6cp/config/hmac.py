# SPDX-License-Identifier: Apache-2.0
"""``hmac-keys``: the keys of the HMAC of an SRH (RFC 8754 2.1.2), each from a file or, if asked, from here."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from srv6cp import values
from srv6cp.config.context import Context
from srv6cp.model import HmacAlgorithm, HmacKey, HmacText, TlvPolicy
from srv6cp.problems import Fields, InvalidError

HMAC_KEYS = frozenset(("id", "algorithm", "text", "file", "secret"))
MAX_KEY_ID = 2**32 - 1
MAX_SECRET = 4096
TLV = tuple(policy.value for policy in TlvPolicy)
ALGORITHMS = tuple(each.value for each in HmacAlgorithm)
TEXTS = tuple(each.value for each in HmacText)


def read_hmac_keys(value: Any, context: Context) -> dict[int, HmacKey]:
    """Keys by id, also into ``context.hmac_keys``, where those with a mistake are as well."""
    keys: dict[int, HmacKey] = {}
    with context.at("hmac-keys"):
        for index, item in enumerate(values.listing(value, "hmac-keys")):
            with context.at("hmac-keys", index):
                fields = Fields(values.mapping(item, "an HMAC key"))
                with fields.at():
                    values.check_keys(fields.item, HMAC_KEYS, ("id",))
                number = fields.read("id", values.integer, "id", 1, MAX_KEY_ID)
                algorithm = HmacAlgorithm(fields.read("algorithm", values.choice, ALGORITHMS, "algorithm") or "sha256")
                text = HmacText(fields.read("text", values.choice, TEXTS, "text") or "rfc")
                if number is not None:
                    with fields.at("id"):
                        if number in context.hmac_keys:
                            raise InvalidError(f"HMAC key {number} is given twice")
                    context.hmac_keys.add(number)
                secret = b""
                with fields.at():
                    if ("file" in fields.item) == ("secret" in fields.item):
                        raise InvalidError("an HMAC key needs 'file', where it is, or 'secret'")
                if "secret" in fields.item:
                    secret = fields.read("secret", _secret, default=b"")
                elif "file" in fields.item:
                    secret = fields.read("file", _read_file, context.folder, default=b"")
                fields.finish()
                if number is not None:
                    keys[number] = HmacKey(secret, algorithm, text)
    return keys


def read_tlv(value: Any) -> TlvPolicy:
    """``tlv`` of an interface or a SID."""
    if value is False:  # YAML of before 1.2 knows `off` for false
        value = "off"
    return TlvPolicy(values.choice(value, TLV, "tlv"))


def read_key_id(value: Any, context: Context) -> int:
    """``hmac`` of a policy: one of the keys."""
    number = values.integer(value, "hmac", 1, MAX_KEY_ID)
    if number not in context.hmac_keys:
        valid = ", ".join(map(str, sorted(context.hmac_keys))) or "none is declared in hmac-keys"
        raise InvalidError(f"unknown HMAC key {number}; valid: {valid}")
    return number


def _secret(value: Any) -> bytes:
    # Its value is in no message.
    if not isinstance(value, str) or not 0 < len(value.encode()) <= MAX_SECRET:
        raise InvalidError(f"secret must be a text of 1 to {MAX_SECRET} octets; put a number in quotes")
    return value.encode()


def _read_file(value: Any, folder: str) -> bytes:
    """The octets of a file of the user's alone, without a line break at the end."""
    path = Path(folder, os.path.expanduser(str(value)))
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise InvalidError(f"{path} is no file")
            if state.st_mode & 0o077:
                mode = stat.S_IMODE(state.st_mode)
                raise InvalidError(f"{path} is a key that others may read (mode {mode:04o}): chmod 600 {path}")
            secret = file.read(MAX_SECRET + 2)
    except InvalidError:
        raise
    except OSError as error:
        raise InvalidError(f"cannot read the key {path}: {error.strerror}") from None
    except ValueError:
        raise InvalidError("no name of a file") from None
    secret = secret.removesuffix(b"\n")
    if not 0 < len(secret) <= MAX_SECRET:
        raise InvalidError(f"{path} must hold a key of 1 to {MAX_SECRET} octets")
    return secret
