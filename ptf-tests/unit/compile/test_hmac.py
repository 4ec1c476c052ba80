# SPDX-License-Identifier: Apache-2.0
"""What becomes of HMAC keys and TLV policies on the switch, and that nobody reads a key out of it by accident."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srv6cp import artifacts
from srv6cp.compile import compile_state
from srv6cp.compile.hmac import _sha1, _sha256, states
from srv6cp.config import load_node_dict
from srv6cp.model import HmacAlgorithm, HmacKey
from srv6cp.p4rt import Action, P4Info, TableEntry, entity_data, render_entity
from srv6cp.p4rt.secrets import SECRET

NODE: dict[str, Any] = {
    "node": "r1",
    "source": "fcbb:bb00:1::1",
    "hmac-keys": [{"id": 7, "secret": "foobar"}, {"id": 8, "secret": "foobar", "algorithm": "sha1", "text": "linux"}],
    "ports": {
        1: {"addresses": ["2001:db8:1::1/64"], "tlv": "require", "vlans": {5: {}, 6: {"tlv": False}}},
        2: {"addresses": ["2001:db8:2::1/64"]},
    },
    "sids": [
        {"sid": "fcbb:bb00:1:1::", "behavior": "End", "tlv": "verify"},
        {"sid": "fcbb:bb00:1:2::", "behavior": "End"},
    ],
    "routes": [{"prefix": "fc00::/16", "via": "2001:db8:2::2"}],
    "neighbors": [{"address": "2001:db8:2::2", "mac": "02:00:00:00:02:02"}],
    "policies": [
        {"name": "a", "segments": ["fc00::1", "fc00::2"], "encap": {"mode": "encap.red", "hmac": 7}},
        {"name": "b", "segments": ["fc00::1"], "encap": {"mode": "encap.red", "hmac": 8}},
        {"name": "c", "segments": ["fc00::1"]},
    ],
}
COMPRESS = {"sha256": (_sha256, 8), "sha1": (_sha1, 5)}


@pytest.fixture(scope="module")
def entries() -> list[TableEntry]:
    info = P4Info.from_file(artifacts.find("hmac").p4info)
    found = compile_state(load_node_dict(NODE), info).entities
    return [each for each in found if isinstance(each, TableEntry)]


def of(entries: list[TableEntry], table: str) -> dict[Any, Action]:
    """Match values of a table to the actions."""
    found = {}
    for entry in entries:
        if entry.table == table:
            assert isinstance(entry.action, Action)
            found[tuple(entry.match.values())] = entry.action
    return found


def digest_behind(state: dict[str, Any], algorithm: str, message: bytes) -> bytes:
    """The digest of a block that left ``state``, and ``message``: RFC 2104 with the padding of FIPS 180-4."""
    compress, words = COMPRESS[algorithm]
    initial = "_INITIAL_SHA1" if algorithm == "sha1" else "_INITIAL_SHA256"
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + struct.pack(">Q", 8 * (64 + len(message)))
    current = tuple(int(state[f"h{index}"]) for index in range(words))
    for start in range(0, len(padded), 64):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(f"srv6cp.compile.hmac.{initial}", current)
            current = tuple(compress(padded[start : start + 64]))
    return struct.pack(f">{words}I", *current)


@given(st.binary(min_size=1, max_size=200), st.binary(max_size=130), st.sampled_from(HmacAlgorithm))
def test_states_are_those_of_rfc_2104(secret: bytes, message: bytes, algorithm: HmacAlgorithm) -> None:
    inner, outer = states(HmacKey(secret, algorithm))
    found = digest_behind(outer, algorithm.value, digest_behind(inner, algorithm.value, message))
    assert found == hmac.new(secret, message, algorithm.value).digest()


def test_compression_is_that_of_hashlib() -> None:
    block = b"abc".ljust(55, b"x") + b"\x80" + struct.pack(">Q", 440)
    for name, (compress, words) in COMPRESS.items():
        made = struct.pack(f">{words}I", *compress(block))
        assert made == hashlib.new(name, block[:55], usedforsecurity=False).digest()


def test_entries_of_keys_and_policies(entries: list[TableEntry]) -> None:
    assert {key: action.params["flags"] for key, action in of(entries, "hmac_inner_table").items()} == {
        (7,): 0, (8,): 48,
    }  # fmt: skip
    assert of(entries, "hmac_outer_table").keys() == {(7,), (8,)}
    # A VLAN is as its port, unless it says so; a SID that says nothing has no entry.
    assert {key: each.params["policy"] for key, each in of(entries, "tlv_interface_table").items()} == {
        (1, 0): 3, (1, 5): 3,
    }  # fmt: skip
    assert [each.params["policy"] for each in of(entries, "tlv_sid_table").values()] == [2]
    added = sorted(
        (each.name, each.params["key_id"], each.params["d"]) for each in of(entries, "hmac_policy_table").values()
    )
    assert added == [("add_hmac", 7, 1), ("add_hmac", 8, 1)]


def test_one_segment_with_an_hmac_needs_an_srh(entries: list[TableEntry]) -> None:
    lists = [entry.action.actions[0].action for entry in entries if entry.table == "sr_policy_table"]  # type: ignore[union-attr]
    shown = sorted((each.name, each.params["segment_count"]) for each in lists)
    assert shown == [("h_encaps", 1), ("h_encaps", 1), ("h_encaps_red", 1)]


def test_states_of_keys_are_in_no_text(entries: list[TableEntry]) -> None:
    for entry in entries:
        if entry.table not in ("hmac_inner_table", "hmac_outer_table"):
            continue
        assert isinstance(entry.action, Action)
        words = {name: value for name, value in entry.action.params.items() if name != "flags"}
        text = render_entity(entry) + json.dumps(entity_data(entry))
        assert SECRET in text
        for value in words.values():
            assert value == 0 or (str(value) not in text and f"{value:x}" not in text)


def test_a_key_is_in_no_text_of_a_node() -> None:
    assert "foobar" not in repr(load_node_dict(NODE))
