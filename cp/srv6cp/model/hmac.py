# SPDX-License-Identifier: Apache-2.0
"""TLVs of the SRH and the keys of its HMAC (RFC 8754 sections 2.1, 2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class TlvPolicy(Enum):
    """What is done with the TLVs of an SRH at a SID (RFC 8754 section 4.3.1.1: local configuration)."""

    OFF = "off"
    VALIDATE = "validate"  # they are walked: one that runs past the end of the SRH is an error
    VERIFY = "verify"  # and an HMAC, where there is one, has to be right
    REQUIRE = "require"  # and there has to be one


class HmacAlgorithm(Enum):
    """The hash function of a key."""

    SHA256 = "sha256"  # mandatory, RFC 8754 section 2.1.2
    SHA1 = "sha1"  # what else Linux has


class HmacText(Enum):
    """What the HMAC is computed over."""

    RFC = "rfc"  # RFC 8754 section 2.1.2.1
    LINUX = "linux"  # without the two octets D and reserved


@dataclass(frozen=True)
class HmacKey:
    """A pre-shared key. Its ``secret`` is in no text of it."""

    secret: bytes = field(repr=False)
    algorithm: HmacAlgorithm = HmacAlgorithm.SHA256
    text: HmacText = HmacText.RFC
