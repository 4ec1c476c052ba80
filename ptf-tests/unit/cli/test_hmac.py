# SPDX-License-Identifier: Apache-2.0
"""``srv6 hmac`` and ``srv6 ip sr hmac``: keys go into files of their own, and are shown by nothing."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srv6cp.cli.main import main
from srv6cp.cli.redact import redact
from srv6cp.config import load_node
from srv6cp.model import HmacAlgorithm, HmacKey, HmacText

NODE = """\
node: r1
source: fcbb:bb00:1::1
ports: {1: {addresses: ["2001:db8:1::1/64"]}}
"""
Run = Callable[..., str]


@pytest.fixture
def node(tmp_path: Path) -> Path:
    file = tmp_path / "r1.yaml"
    file.write_text(NODE)
    return file


@pytest.fixture
def srv6(node: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line with something on its standard input: what it prints, to both streams."""
    monkeypatch.setenv("SRV6_NODE", str(node))

    def run(line: str, given: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        found = main(shlex.split(line))
        text = "".join(capsys.readouterr())
        assert found == code, text
        return text

    return run


def test_set_show_and_delete(srv6: Run, node: Path) -> None:
    printed = srv6("hmac --no-apply set 42", "foobar\n")
    [kept] = node.parent.glob("*.key")
    assert kept.read_bytes() == b"foobar\n" and kept.stat().st_mode & 0o777 == 0o600
    assert load_node(node).hmac_keys == {42: HmacKey(b"foobar")}
    printed += srv6("ip --no-apply sr hmac set 0x2b sha1", "other\n")
    assert load_node(node).hmac_keys[43] == HmacKey(b"other", HmacAlgorithm.SHA1)
    printed += srv6("hmac show") + srv6("ip --json sr hmac show") + srv6("hmac --no-apply -n del 42")
    assert "hmac 42 algo sha256 text rfc\nhmac 43 algo sha1 text rfc\n" in printed
    srv6("hmac --no-apply set 42", "later\n")  # a roll-over of the same id: another file
    assert load_node(node).hmac_keys[42] == HmacKey(b"later") and len(list(node.parent.glob("*.key"))) == 3
    printed += srv6("hmac --no-apply del 42") + srv6("ip --no-apply sr hmac set 43 sha1", "\n")
    assert not load_node(node).hmac_keys
    assert not any(secret in printed + node.read_text() for secret in ("foobar", "other", "later"))


def test_set_from_a_file(srv6: Run, node: Path) -> None:
    (node.parent / "k").write_text("foobar")
    assert "chmod 600" in srv6("hmac --no-apply set 7 file k", code=3)
    (node.parent / "k").chmod(0o600)
    srv6("hmac --no-apply set 7 file k text linux algorithm sha256")
    assert load_node(node).hmac_keys == {7: HmacKey(b"foobar", text=HmacText.LINUX)}


def test_what_is_refused_leaves_no_key_behind(srv6: Run, node: Path) -> None:
    assert "no HMAC key 9" in srv6("hmac --no-apply del 9", code=3)
    assert "algorithm is one of sha256, sha1" in srv6("hmac --no-apply set 7 algorithm md5", code=2)
    assert "give it a 'file'" in srv6("hmac -n set 7", code=2)
    node.write_text(NODE + "nonsense: 1\n")
    srv6("hmac --no-apply set 7", "foobar\n", code=3)
    assert not list(node.parent.glob("*.key"))


def test_keys_of_policies_in_the_words_of_iproute2(srv6: Run, node: Path) -> None:
    srv6("hmac --no-apply set 7", "foobar\n")
    srv6("ip --no-apply -6 route add 2001:db8:9::/64 encap seg6 mode encap segs fc00::1,fc00::2 hmac 0x7 dev 1")
    srv6("policy add --no-apply own segs fc00::1 hmac 7")
    srv6("sid add --no-apply fcbb:bb00:1:6:: End.B6.Encaps srh segs fc00::1 hmac 7")
    srv6("sid add --no-apply fcbb:bb00:1:7:: End tlv require")
    found = load_node(node)
    assert [policy.encap.hmac for policy in found.policies.values()] == [7, 7, 7]
    assert "unknown HMAC key 8; valid: 7" in srv6("policy add --no-apply p segs fc00::1 hmac 8", code=3)


def test_a_trace_is_without_states() -> None:
    tree: dict[str, Any] = {
        "port": 1, "frame": "00", "text": "h0=0x12345", "steps": [
            {"kind": "action", "name": ".hmac_inner_state", "params": {"flags": 0, "h0": 0x12345}, "steps": [
                {"kind": "effect", "text": "hmac.h0 = 0x12345"}, {"kind": "effect", "text": "hmac.flags = 0x2"}]},
            {"kind": "extract", "header": "hmac", "fields": {"phase": 1, "h7": 0x12345}},
            {"kind": "effect", "text": "hash.w3 = 0x12345"},
        ],
    }  # fmt: skip
    text = json.dumps(redact(tree))
    assert "12345" not in text and "74565" not in text
    assert "hmac.flags = 0x2" in text and "hmac.h0 = (secret)" in text and '"phase": 1' in text
