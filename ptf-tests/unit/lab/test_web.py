# SPDX-License-Identifier: Apache-2.0
"""The page of a lab over HTTP: what it answers, what it refuses, and commands that find it from another terminal."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("uvicorn", reason="needs the extra `web`")
pytest.importorskip("starlette", reason="needs the extra `web`")

from srv6cp.cli import exitcodes
from srv6cp.cli.main import main
from srv6lab import record
from srv6lab.errors import LabError
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.record import Served
from srv6lab.view import View
from srv6lab.web.guard import LONGEST_BODY, names_of
from srv6lab.web.serve import served

NAME = "webtest"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, View]]:
    """The quick start, served at a free port; its record is in a folder of the test."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch, Network(load_topology("quickstart")) as network:
        patch.setattr("srv6cp.rundir.own", lambda: folder)
        with served(network, NAME, port=0, topology="quickstart") as found:
            yield found


@pytest.fixture
def page(running: tuple[Served, View]) -> Served:
    return running[0]


def ask(
    page: Served, path: str, body: Any = None, headers: Mapping[str, str] | None = None, token: bool = True
) -> tuple[int, Any, Mapping[str, str]]:
    """Status, JSON or text, headers."""
    parts = urlsplit(page.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    given = {"Authorization": f"Bearer {page.token}"} if token else {}
    data = None
    if body is not None:
        given["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    connection.request("GET" if body is None else "POST", path, data, {**given, **(headers or {})})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    kind = answer.headers.get("content-type", "")
    found = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, json.loads(text) if kind.startswith("application/json") else text, found


def test_topology(page: Served) -> None:
    code, found, _ = ask(page, "/api/topology")
    assert code == 200
    assert [each["name"] for each in found["routers"]] == ["r1", "r2", "r3", "r4"]
    assert found["routers"][3]["sids"]["End.DT46"] == "fcbb:bb00:4:d046::"
    assert [each["router"] for each in found["hosts"]] == ["r1", "r4"]
    assert found["links"][0]["ends"] == [{"node": "r1", "port": 1}, {"node": "r2", "port": 1}]
    assert found["scenario"][1] == "ping h1 h2"


def test_load_is_told_for_both_directions_of_each_cable(page: Served, running: tuple[Served, View]) -> None:
    view = running[1]
    view.look()
    for _ in range(20):
        assert ask(page, "/api/packet", {"from": "h1", "to": "h2"})[1]["arrived"]
    view.look()
    links = ask(page, "/api/live")[1]["links"]
    assert set(links) == {str(link.number) for link in view.lab.topology.links}
    assert all(set(side) == {"rate", "load", "frames", "dropped"} for link in links.values() for side in link["sides"])
    assert links["1"]["cable"] == "rate 10M" and links["1"]["capacity"] == "10M"
    assert links["1"]["sides"][0]["frames"] >= 20


def test_router(page: Served) -> None:
    code, found, _ = ask(page, "/api/router/r1")
    assert code == 200 and found["state"] == "primary"
    assert {"fcbb:bb00:1:e000::/64"} <= {row["sid"] for row in found["sids"]}
    assert found["neighbors"] and "error" not in found
    assert ask(page, "/api/router/r9")[:2] == (400, {"error": "no router 'r9'; there are r1, r2, r3, r4"})


def test_steer_packet_and_take_back(page: Served) -> None:
    assert ask(page, "/api/command", {"line": "steer r1 h2 r3 r4/End.DT46"})[0] == 200
    found = ask(page, "/api/packet", {"from": "h1", "to": "h2"})[1]
    assert [hop["node"] for hop in found["hops"]] == ["h1", "r1", "r3", "r4", "h2"]
    assert found["hops"][2]["does"] == "End (PSP)"
    assert "SL=1" in found["hops"][2]["before"] and "SL=" not in found["hops"][2]["after"]
    assert ask(page, "/api/router/r1")[1]["policies"]
    assert ask(page, "/api/command", {"line": "unsteer r1"})[0] == 200
    found = ask(page, "/api/packet", {"from": "h1", "to": "h2"})[1]
    assert [hop["node"] for hop in found["hops"]] == ["h1", "r1", "r2", "r4", "h2"]


def test_flow_cut_and_events(page: Served, running: tuple[Served, View]) -> None:
    before = max((event.number for event in running[1].events.after(0)), default=0)
    assert "flow" in ask(page, "/api/command", {"line": "flow start h1 h2 rate 1M"})[1]["said"]
    (flow,) = ask(page, "/api/live")[1]["flows"]
    assert (flow["source"], flow["kind"]) == ("h1", "rate 1M")
    ask(page, "/api/command", {"line": f"flow stop {flow['flow']}"})
    ask(page, "/api/command", {"line": "link r1 r3 down"})
    running[1].look()
    assert ask(page, "/api/live")[1]["links"]["3"]["cut"] is True
    ask(page, "/api/command", {"line": "link r1 r3 up"})
    texts = [event["text"] for event in ask(page, f"/api/live?after={before}")[1]["events"]]
    assert "r1 -- r3 is down" in texts and "link r1 r3 up" in texts


def test_policy_that_is_chosen_anew_is_an_event(page: Served, running: tuple[Served, View]) -> None:
    before = max((event.number for event in running[1].events.after(0)), default=0)
    ask(page, "/api/command", {"line": "steer r1 h2 r2/End.X/r4 r4/End.DT46"})
    ask(page, "/api/command", {"line": "link r1 r2 down"})
    ask(page, "/api/command", {"line": "link r1 r2 up"})
    ask(page, "/api/command", {"line": "unsteer r1"})
    texts = [event["text"] for event in ask(page, f"/api/live?after={before}")[1]["events"]]
    assert any(text.startswith("r1: policy steer: ") for text in texts), texts


def test_step_of_the_scenario(page: Served) -> None:
    assert ask(page, "/api/step", {"step": 1})[1]["said"].startswith("h1 pings h2")
    assert ask(page, "/api/step", {"step": 99})[:2] == (400, {"error": "there is no such step"})
    assert ask(page, "/api/step", {"step": -1})[0] == 400


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/api/command", {"line": "dance"}, "no command 'dance'"),
        ("/api/command", {"line": "quit"}, "quit is for a terminal"),
        ("/api/command", {"line": "a\nb"}, "line: a line of text is needed"),
        ("/api/command", {}, "line: a line of text is needed"),
        ("/api/command", [], "a JSON object is needed"),
        ("/api/packet", {"from": "h1", "to": "<b>"}, "no host '<b>'; there are h1, h2"),
        ("/api/step", {}, "step is missing"),
        ("/api/live?after=x", None, "invalid literal"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(page: Served, path: str, body: Any, error: str) -> None:
    code, found, _ = ask(page, path, body)
    assert code == 400
    assert error in found["error"] and "\n" not in found["error"]


def test_the_page_and_its_files(page: Served) -> None:
    for path in ("/", "/static/main.js", "/static/style.css", "/vendor/cytoscape/cytoscape.min.js"):
        code, text, headers = ask(page, path, token=False)
        assert code == 200 and text, path
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert ask(page, "/static/../app.py", token=False)[0] == 404


def test_nothing_is_fetched_from_outside() -> None:
    folder = Path(record.__file__).parent / "web" / "static"
    for path in folder.iterdir():
        text = path.read_text()
        assert "http:" not in text and "https:" not in text and "innerHTML" not in text, path
    assert "Permission is hereby granted" in (folder.parent / "vendor" / "cytoscape" / "LICENSE").read_text()


def test_token_is_needed(page: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {page.token}"}):
        assert ask(page, "/api/topology", headers=headers, token=False)[0] == 401
        assert ask(page, "/api/command", {"line": "show"}, headers=headers, token=False)[0] == 401


def test_other_hosts_are_refused(page: Served) -> None:
    """DNS rebinding: a name of somebody else that means this machine."""
    port = urlsplit(page.url).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{(port or 0) + 1}", "localhost"):
        assert ask(page, "/", headers={"Host": host})[0] == 421, host
        assert ask(page, "/api/topology", headers={"Host": host})[0] == 421, host
    assert ask(page, "/", headers={"Host": f"LOCALHOST:{port}"})[0] == 200


def test_other_pages_are_refused(page: Served) -> None:
    """Cross-site requests: by their origin, and what a form can send by its type."""
    for origin in ("http://evil.example", "null", "https" + page.url[4:]):
        assert ask(page, "/api/command", {"line": "show"}, headers={"Origin": origin})[0] == 403, origin
    assert ask(page, "/api/command", {"line": "show"}, headers={"Origin": page.url})[0] == 200
    assert ask(page, "/api/command", {"line": "show"}, headers={"Content-Type": "text/plain"})[0] == 415
    _, _, headers = ask(page, "/api/topology", headers={"Origin": page.url})
    assert "access-control-allow-origin" not in headers


def test_long_bodies_are_refused(page: Served) -> None:
    assert ask(page, "/api/command", {"line": "x" * LONGEST_BODY})[0] == 413


def test_names_of_addresses() -> None:
    assert names_of("127.0.0.1", 8480) == {"127.0.0.1:8480", "localhost:8480"}
    assert names_of("192.0.2.1", 80) == {"192.0.2.1:80", "192.0.2.1"}
    assert names_of("::1", 80) == {"[::1]:80", "[::1]", "localhost:80", "localhost"}


def test_commands_of_another_terminal(page: Served, capsys: pytest.CaptureFixture[str]) -> None:
    def lab(*words: str) -> tuple[int, str]:
        code = main(["lab", *words])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    assert lab("link", NAME, "r1", "r2", "delay", "2ms") == (exitcodes.OK, "r1 -- r2: rate 10M delay 2ms\n")
    assert lab("link", NAME, "r1", "r2", "delay", "0") == (exitcodes.OK, "r1 -- r2: rate 10M\n")
    assert lab("flow", NAME, "show") == (exitcodes.OK, "no flow runs\n")
    assert "h1    sends" in lab("path", NAME, "h1", "h2")[1]
    assert lab("web", NAME) == (exitcodes.OK, f"{page.page}\n")
    assert lab("names", NAME) == (exitcodes.OK, "r1\nr2\nr3\nr4\nh1\nh2\n")
    assert NAME in lab("names")[1]
    code, text = lab("link", NAME, "r1", "r4", "down")
    assert code == exitcodes.CHECK_FAILED and "r1 and r4 share no cable" in text


def test_record_is_for_its_user_alone(page: Served, running: tuple[Served, View]) -> None:
    path = record._path(NAME)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(LabError, match="is served already"), served(running[1].lab, NAME, port=0):
        pass


@pytest.mark.parametrize(
    ("address", "message"), [("0.0.0.0", "name the one address"), ("::", "name the one"), ("here", "is no address")]
)
def test_addresses_that_cannot_be(running: tuple[Served, View], address: str, message: str) -> None:
    with pytest.raises(LabError, match=message), served(running[1].lab, "other", address):
        pass


def test_top(page: Served, running: tuple[Served, View], capsys: pytest.CaptureFixture[str]) -> None:
    """In a terminal, of the same."""
    running[1].look()
    assert main(["lab", "top", NAME, "--once"]) == exitcodes.OK
    out = capsys.readouterr().out
    assert out.startswith("quickstart\n")
    assert [line.split()[:2] for line in out.splitlines()[3:5]] == [["r1", "r2"], ["r2", "r1"]]
    assert "routers: all well" in out
    assert main(["lab", "top", NAME, "--once", "--json"]) == exitcodes.OK
    assert set(json.loads(capsys.readouterr().out)["routers"]) == {"r1", "r2", "r3", "r4"}


def test_what_a_router_has_is_shown_in_another_terminal(page: Served, capsys: pytest.CaptureFixture[str]) -> None:
    for verb, text in (
        ("sid", "fcbb:bb00:1:e000::/64"),
        ("route", "fcbb:bb00:2::/48"),
        ("neighbor", "2001:db8:1::2"),
        ("ports", "routed"),
    ):
        assert main(["lab", verb, NAME, "r1"]) == exitcodes.OK, verb
        assert text in capsys.readouterr().out
    assert main(["lab", "sid", NAME, "r1", "--json"]) == exitcodes.OK
    assert {"End", "End.DT46"} <= {row["behavior"].partition(" ")[0] for row in json.loads(capsys.readouterr().out)}
    for verb in ("policy", "counters", "drops"):
        assert main(["lab", verb, NAME, "r2", "--json"]) == exitcodes.OK, verb
        json.loads(capsys.readouterr().out)
    assert main(["lab", "sid", NAME, "r9"]) == exitcodes.CHECK_FAILED
    assert "no router 'r9'" in capsys.readouterr().err


@pytest.mark.parametrize("node", ["h1", "r1"])
def test_ping_and_traceroute_from_another_terminal(page: Served, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The same words and output as in a lab of namespaces, hop by hop with behaviours and times."""
    assert main(["lab", "ping", NAME, node, "r4", "--via", "r2,r3", "-c", "1", "--json"]) == exitcodes.OK
    said = json.loads(capsys.readouterr().out)
    assert said["received"] == 1 and said["probes"][0]["rtt_ms"] > 0
    assert main(["lab", "traceroute", NAME, node, "r3/End", "--via", "r2", "-q", "1"]) == exitcodes.OK
    out = capsys.readouterr().out
    assert "(r2 End) at" in out and "(r3 End) at" in out
    assert main(["lab", "ping", NAME, node, "2001:db8:dead::1", "-c", "1", "-W", "0.2", "-q"]) == exitcodes.CHECK_FAILED
    capsys.readouterr()
    assert main(["lab", "ping", NAME, node, "nowhere", "-c", "1"]) == exitcodes.USAGE
    assert "target 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("way", {"node": "r9", "via": [], "target": "r1", "packed": False}),
        ("way", {"node": "r1", "via": "r2", "target": "r1", "packed": False}),
        ("way", {"node": "r1"}),
        ("probe", {"node": "r9", "probe": {}, "timeout": 1}),
        ("probe", {"node": "r1", "probe": {"source": "zz"}, "timeout": 1}),
        ("label", {"responder": 1, "active": None}),
    ],
)
def test_probes_that_make_no_sense(page: Served, path: str, body: Any) -> None:
    code, found, _ = ask(page, f"/api/{path}", body)
    assert code == 400 and found["error"]
