# SPDX-License-Identifier: Apache-2.0
"""``hmac-keys``, ``tlv`` and ``hmac`` of a node file: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srv6cp import artifacts
from srv6cp.compile import needs
from srv6cp.compile.capabilities import Capabilities
from srv6cp.config import load_node, load_node_dict
from srv6cp.model import HmacAlgorithm, HmacKey, HmacText, InterfaceId, TlvPolicy
from srv6cp.p4rt import P4Info
from srv6cp.problems import ConfigError

BASE: dict[str, Any] = {"node": "r1", "source": "fc00::1", "ports": {1: {"addresses": ["2001:db8:1::1/64"]}}}


def problems(**more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_node_dict({**BASE, **{key.replace("_", "-"): value for key, value in more.items()}})
    return str(caught.value)


def test_a_key_comes_from_a_file_beside_the_node_file(tmp_path: Path) -> None:
    key = tmp_path / "k"
    key.write_bytes(b"foobar\n")
    key.chmod(0o600)
    file = tmp_path / "node.yaml"
    file.write_text("node: r1\nhmac-keys:\n  - {id: 7, file: k, algorithm: sha1, text: linux}\n")
    assert load_node(file).hmac_keys == {7: HmacKey(b"foobar", HmacAlgorithm.SHA1, HmacText.LINUX)}
    key.chmod(0o640)
    with pytest.raises(ConfigError, match=r"is a key that others may read \(mode 0640\): chmod 600"):
        load_node(file)
    key.unlink()
    with pytest.raises(ConfigError, match=r"cannot read the key .*/k: No such file or directory"):
        load_node(file)
    key.touch(0o600)
    with pytest.raises(ConfigError, match="must hold a key of 1 to 4096 octets"):
        load_node(file)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hmac_keys": [{"id": 0, "secret": "x"}]}, "id must be a number from 1 to 4294967295, not 0"),
        ({"hmac_keys": [{"id": 7}]}, "an HMAC key needs 'file', where it is, or 'secret'"),
        ({"hmac_keys": [{"id": 7, "secret": "x", "file": "y"}]}, "an HMAC key needs 'file', where it is, or 'secret'"),
        ({"hmac_keys": [{"id": 7, "secret": "x"}, {"id": 7, "secret": "y"}]}, "HMAC key 7 is given twice"),
        ({"hmac_keys": [{"id": 7, "secret": 4711}]}, "secret must be a text of 1 to 4096 octets"),
        ({"hmac_keys": [{"id": 7, "secret": "x", "algorithm": "md5"}]}, "sha256"),
        ({"ports": {1: {"tlv": "always"}}}, "off, validate, verify, require"),
        ({"sids": [{"sid": "fc00:1::", "behavior": "End.DT6", "vrf": "default", "tlv": "verify"}]},
         "End.DT6 takes no segment that is left: 'tlv' says nothing here"),
        ({"policies": [{"name": "p", "segments": ["fc00::2"], "encap": {"hmac": 7}}]},
         "unknown HMAC key 7; valid: none is declared in hmac-keys"),
        ({"sysctl": {"net.ipv6.conf.1.seg6_require_hmac": 1}, "ports": {1: {"tlv": "off"}}},
         "port 1 has tlv: off; change it there"),
    ],
)  # fmt: skip
def test_what_is_refused(config: dict[str, Any], message: str) -> None:
    assert message in problems(**config)


def test_a_secret_is_in_no_message() -> None:
    assert "4711" not in problems(hmac_keys=[{"id": 7, "secret": 4711}])


def test_require_hmac_in_the_words_of_linux() -> None:
    ports = {1: {"vlans": {5: {}}}, 2: {}, 3: {"tlv": "validate"}}
    words = {"default": 0, "2": 1}
    sysctl = {f"net.ipv6.conf.{place}.seg6_require_hmac": value for place, value in words.items()}
    node = load_node_dict({**BASE, "ports": ports, "sysctl": sysctl})
    found = {str(each.id): each.tlv for each in node.interfaces()}
    assert found == {
        "1": TlvPolicy.VERIFY, "1.5": TlvPolicy.VERIFY, "2": TlvPolicy.REQUIRE, "3": TlvPolicy.VALIDATE,
    }  # fmt: skip
    node = load_node_dict({**BASE, "sysctl": {"net.ipv6.conf.all.seg6_require_hmac": 1}})
    interface = node.interface(InterfaceId(1))
    assert interface is not None and interface.tlv is TlvPolicy.REQUIRE


def test_a_profile_without_it_says_which_has_it() -> None:
    node = load_node_dict({**BASE, "hmac-keys": [{"id": 7, "secret": "x"}], "ports": {1: {"tlv": "verify"}}})
    program = Capabilities(P4Info.from_file(artifacts.find("full").p4info))
    with pytest.raises(needs.NotInProgram) as caught:
        needs.check(node, program)
    text = str(caught.value)
    assert "processing of TLVs is not in the loaded program (profile full); profiles that have it: hmac" in text
