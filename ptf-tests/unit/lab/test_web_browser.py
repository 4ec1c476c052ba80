# SPDX-License-Identifier: Apache-2.0
"""The page of a lab in a browser: what one sees and clicks. Needs Playwright, and Chromium of the distribution."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

pytest.importorskip("uvicorn", reason="needs the extra `web`")
pytest.importorskip("playwright", reason="needs the extra `browser`")

from playwright import sync_api

from srv6lab.loader import load_topology, read_topology
from srv6lab.network import Network
from srv6lab.view import View
from srv6lab.web.serve import served

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, such as: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, headless. As root it has no sandbox of its own."""
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, View]]:
    """The quick start, served: address of its page."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch, Network(load_topology("quickstart")) as network:
        patch.setattr("srv6cp.rundir.own", lambda: folder)
        with served(network, "browsertest", port=0) as (found, view):
            yield found.page, view


@pytest.fixture
def page(browser: Any, lab: tuple[str, View]) -> Iterator[Any]:
    """The page, drawn. Whatever the browser complains of, the policy of the page above all, fails the test."""
    yield from _opened(browser, lab[0])


def _opened(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    context = browser.new_context(**options)
    made = context.new_page()
    made.set_default_timeout(60_000)
    complaints: list[str] = []
    outside: list[str] = []
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("request", lambda request: outside.append(request.url))
    made.goto(address)
    made.wait_for_selector("#graph canvas")
    made.wait_for_selector("#legend li")
    yield made
    context.close()
    here = address.partition("/#")[0]
    assert [url for url in outside if not url.startswith((here, "data:"))] == []
    assert complaints == []


def output(page: Any, text: str) -> None:
    """Wait until the page says so."""
    sync_api.expect(page.locator("#output")).to_contain_text(text, timeout=60_000)


def test_token_leaves_the_address(page: Any) -> None:
    assert "token" not in page.url
    sync_api.expect(page.locator("#name")).to_have_text("quickstart")


def test_router_is_shown_with_sids_and_counters(page: Any) -> None:
    page.select_option("#object", "node:r1")
    details = page.locator("#details")
    sync_api.expect(details).to_contain_text("fcbb:bb00:1:e000::", timeout=60_000)
    for title in ("SIDs", "Policies", "Drops", "Neighbours"):
        sync_api.expect(details).to_contain_text(title)


def test_steer_by_clicks_shows_the_command_and_the_way(page: Any) -> None:
    page.check("#steer [name=pick]")
    page.select_option("#object", "node:r3")  # what a click on the node does, with the keyboard
    page.select_option("#steer [name=sid]", "r4/End.DT46")
    page.click("#steer [data-do=add]")
    command = page.locator("#steer-command")
    sync_api.expect(command).to_have_text("srv6 lab steer quickstart r1 h2 r3 r4/End.DT46")
    page.click("#steer [type=submit]")
    output(page, "configuration applied")
    page.click("#packet [type=submit]")
    way = page.locator("#way")
    sync_api.expect(way).to_contain_text("End (PSP)", timeout=60_000)
    sync_api.expect(way).to_contain_text("It arrived.")
    page.click("#steer [data-do=undo]")
    output(page, "unsteer r1")
    page.click("#packet [type=submit]")
    sync_api.expect(way).not_to_contain_text("End (PSP)", timeout=60_000)


def test_click_on_the_drawing_selects(page: Any) -> None:
    """Where the drawing is clicked a node or cable is selected: the canvas is asked at many places until one is hit."""
    box = page.locator("#graph").bounding_box()
    for row in range(1, 20):
        for column in range(1, 20):
            page.mouse.click(box["x"] + box["width"] * column / 20, box["y"] + box["height"] * row / 20)
            if page.locator("#object").input_value():
                return
    raise AssertionError("no click hit anything")


def test_flow_moves_the_load_and_ends(page: Any, lab: tuple[str, View]) -> None:
    page.fill("#flow [name=rate]", "3M")
    page.click("#flow [type=submit]")
    output(page, "flow 1: h1 to h2, rate 3M")
    page.select_option("#object", "link:1")
    # More than a tenth of 10M: the load of a direction, which is read from the counters each second.
    sync_api.expect(page.locator("#details")).to_contain_text(re.compile(r"h?r1 to r2[1-9]\d"), timeout=60_000)
    page.get_by_role("button", name="Stop").click()
    sync_api.expect(page.locator("#flows")).to_contain_text("none", timeout=60_000)
    assert lab[1].lab.traffic.reports() == []


def test_cable_is_cut_and_mended(page: Any) -> None:
    page.select_option("#object", "link:3")
    page.get_by_role("button", name="Cut").click()
    sync_api.expect(page.locator("#details")).to_contain_text("down;", timeout=60_000)
    sync_api.expect(page.locator("#events")).to_contain_text("r1 -- r3 is down", timeout=60_000)
    page.get_by_role("button", name="Mend").click()
    sync_api.expect(page.locator("#events")).to_contain_text("r1 -- r3 is up", timeout=60_000)


def test_switch_restarts(page: Any) -> None:
    page.select_option("#object", "node:r3")
    page.get_by_role("button", name="Restart switch").click()
    output(page, "its controller filled it")


def test_step_of_the_scenario_and_a_command(page: Any) -> None:
    page.click("text=Scenario")
    page.locator("#scenario button").nth(1).click()
    output(page, "h1 pings h2")
    page.click("text=Commands")
    page.fill("#command [name=line]", "link r1 r2")
    page.keyboard.press("Enter")
    output(page, "r1 -- r2: rate 10M")


def test_everything_is_reached_by_the_keyboard(page: Any) -> None:
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
    assert {"object", "theme", "router", "host", "pick", "sid", "from", "to", "kind", "rate"} <= seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone(browser: Any, lab: tuple[str, View], scheme: str) -> None:
    """Nothing is wider than the window."""
    for page in _opened(browser, lab[0], viewport={"width": 390, "height": 800}, color_scheme=scheme):
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.click("#theme")
        assert page.evaluate("document.documentElement.dataset.theme") != scheme


def test_names_of_a_topology_are_text(browser: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from a file is put into the page as text."""
    evil = "<img src=x onerror=document.title='evil'>"
    data = yaml.safe_load("{routers: {r1: {}}, hosts: {h1: {router: r1}, h2: {router: r1}}}")
    data |= {"about": evil, "scenario": [{"say": evil}]}
    monkeypatch.setattr("srv6cp.rundir.own", lambda: tmp_path)
    with Network(read_topology(data, "evil")) as network, served(network, "evil", port=0) as (found, _view):
        for page in _opened(browser, found.page):
            sync_api.expect(page.locator("#about")).to_have_text(evil)
            page.click("text=Scenario")
            page.locator("#scenario button").first.click()
            output(page, "onerror")
            assert page.locator("img").count() == 0
            assert page.title() == "evil - SRv6 lab"
