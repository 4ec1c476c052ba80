# SPDX-License-Identifier: Apache-2.0
"""``hmac_inner_table``, ``hmac_outer_table``, ``tlv_sid_table``, ``tlv_interface_table``, ``hmac_policy_table``.

An HMAC is H(key ^ opad, H(key ^ ipad, text)) (RFC 2104 section 2). The first block of either hash is the key alone, so
the switch gets what the hash is after it: it need not know the key, and saves two of its compressions. These states
are as secret as the key, though: with both of them anybody makes HMACs.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping

from srv6cp.behaviours import REGISTRY
from srv6cp.compile import tables
from srv6cp.compile.policies import Policies
from srv6cp.model import HmacAlgorithm, HmacKey, HmacText, Node, Sid, TlvPolicy
from srv6cp.p4rt.entities import Action, TableEntry, Value

_BLOCK = 64  # octets of a block of SHA-1 and SHA-256
_WORD = 0xFFFFFFFF
_POLICIES = {policy: number for number, policy in enumerate(TlvPolicy)}
_SHA1, _LINUX_TEXT = 0x10, 0x20
# FIPS 180-4 5.3.1, 5.3.3.
_INITIAL_SHA1 = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_INITIAL_SHA256 = (
    *(0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A),
    *(0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
)


def hmac_entities(node: Node, policies: Policies, sids: Mapping[int, Sid]) -> Iterator[TableEntry]:
    """Nothing for a node that says nothing of TLVs; ``sids`` by their numbers."""
    for number, key in node.hmac_keys.items():
        flags = _SHA1 * (key.algorithm is HmacAlgorithm.SHA1) | _LINUX_TEXT * (key.text is HmacText.LINUX)
        inner, outer = states(key)
        match = {"key_id": number}
        yield TableEntry(tables.HMAC_INNER, match, Action("hmac_inner_state", {"flags": flags, **inner}))
        yield TableEntry(tables.HMAC_OUTER, match, Action("hmac_outer_state", outer))
    for index, sid in sids.items():
        if sid.tlv is not None:
            yield TableEntry(tables.TLV_SID, {"sid_index": index}, _policy(sid.tlv))
    for interface in node.interfaces():
        if interface.tlv is not TlvPolicy.OFF:
            key_of = {"ingress_port": interface.id.port, "vlan_id": interface.id.vlan}
            yield TableEntry(tables.TLV_INTERFACE, key_of, _policy(interface.tlv))
    for use in policies.uses:
        key_id = use.policy.encap.hmac
        if key_id is None:
            continue
        key = node.hmac_keys[key_id]
        # Of SHA-1 the digest is 20 octets, in 24 (RFC 8754 2.1.2), or in the 32 that Linux always has.
        short = key.algorithm is HmacAlgorithm.SHA1 and key.text is HmacText.RFC
        params: dict[str, Value] = {"key_id": key_id, "d": int(REGISTRY.headend(use.mode).reduced)}
        yield TableEntry(
            tables.HMAC_POLICY, {"policy_id": use.number}, Action("add_short_hmac" if short else "add_hmac", params)
        )


def states(key: HmacKey) -> tuple[dict[str, Value], dict[str, Value]]:
    """The inner and the outer state of a key, by the parameters h0 to h7 of their actions."""
    sha1 = key.algorithm is HmacAlgorithm.SHA1
    secret = key.secret
    if len(secret) > _BLOCK:
        secret = (hashlib.sha1(secret, usedforsecurity=False) if sha1 else hashlib.sha256(secret)).digest()
    secret = secret.ljust(_BLOCK, b"\0")
    compress: Callable[[bytes], list[int]] = _sha1 if sha1 else _sha256
    found: list[dict[str, Value]] = []
    for pad in (0x36, 0x5C):
        words = compress(bytes(octet ^ pad for octet in secret))
        found.append({f"h{index}": word for index, word in enumerate([*words, 0, 0, 0][:8])})
    return found[0], found[1]


def _policy(policy: TlvPolicy) -> Action:
    return Action("set_tlv_policy", {"policy": _POLICIES[policy]})


# hashlib gives digests of whole messages, not the state behind a block.


def _rotate(word: int, bits: int) -> int:
    """To the right."""
    return (word >> bits | word << (32 - bits)) & _WORD


def _cube_root_fractions(count: int) -> list[int]:
    """The constants of SHA-256 (FIPS 180-4 4.2.2): 32 bits of the fractions of cube roots of primes."""
    found: list[int] = []
    primes: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in primes):
            primes.append(number)
            low, high = 0, number << 33
            while high - low > 1:  # the greatest integer whose cube is not above number * 2**96
                middle = (low + high) // 2
                low, high = (middle, high) if middle**3 <= number << 96 else (low, middle)
            found.append(low & _WORD)
        number += 1
    return found


_K256 = _cube_root_fractions(64)


def _sha256(block: bytes) -> list[int]:
    """The state behind one block (FIPS 180-4 6.2.2)."""
    w = list(struct.unpack(">16I", block))
    for t in range(16, 64):
        s0 = _rotate(w[t - 15], 7) ^ _rotate(w[t - 15], 18) ^ w[t - 15] >> 3
        s1 = _rotate(w[t - 2], 17) ^ _rotate(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append((w[t - 16] + s0 + w[t - 7] + s1) & _WORD)
    a, b, c, d, e, f, g, h = _INITIAL_SHA256
    for t in range(64):
        s1 = _rotate(e, 6) ^ _rotate(e, 11) ^ _rotate(e, 25)
        first = h + s1 + (g ^ e & (f ^ g)) + _K256[t] + w[t]
        s0 = _rotate(a, 2) ^ _rotate(a, 13) ^ _rotate(a, 22)
        second = s0 + (a & b | c & (a | b))
        a, b, c, d, e, f, g, h = (first + second) & _WORD, a, b, c, (d + first) & _WORD, e, f, g
    return [(x + y) & _WORD for x, y in zip(_INITIAL_SHA256, (a, b, c, d, e, f, g, h), strict=True)]


def _sha1(block: bytes) -> list[int]:
    """The state behind one block (FIPS 180-4 6.1.2)."""
    w = list(struct.unpack(">16I", block))
    for t in range(16, 80):
        w.append(_rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 31))
    a, b, c, d, e = _INITIAL_SHA1
    for t in range(80):
        if t < 20:
            mixed, constant = d ^ b & (c ^ d), 0x5A827999
        elif t < 40:
            mixed, constant = b ^ c ^ d, 0x6ED9EBA1
        elif t < 60:
            mixed, constant = b & c | d & (b | c), 0x8F1BBCDC
        else:
            mixed, constant = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = (_rotate(a, 27) + mixed + e + constant + w[t]) & _WORD, a, _rotate(b, 2), c, d
    return [(x + y) & _WORD for x, y in zip(_INITIAL_SHA1, (a, b, c, d, e), strict=True)]
