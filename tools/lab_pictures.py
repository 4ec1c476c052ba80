#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the page of a lab for the README: docs/lab-light.png and docs/lab-dark.png (``make pictures``).

Needs Chromium of the distribution and the extras `web` and `browser`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright import sync_api

from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.web.serve import served

DOCS = Path(__file__).resolve().parent.parent / "docs"
SECONDS = 6  # for the load to be that of the flows


def main() -> int:
    """Write the pictures."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        print("lab_pictures: Chromium is needed, such as: apt-get install chromium", file=sys.stderr)
        return 1
    with Network(load_topology("quickstart")) as network, served(network, "pictures", port=0) as (found, view):
        network.traffic.start("h1", "h2")
        network.traffic.start("h2", "h1", 6_000_000)
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": 1200, "height": 800})
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                page.goto(found.page)
                page.check("#steer [name=pick]")
                page.select_option("#object", "node:r3")
                page.select_option("#steer [name=sid]", "r4/End.DT46")
                page.click("#steer [data-do=add]")
                page.click("#steer [type=submit]")
                sync_api.expect(page.locator("#output")).to_contain_text("configuration applied")
                page.click("#packet [type=submit]")
                sync_api.expect(page.locator("#way")).to_contain_text("It arrived")
                page.wait_for_timeout(SECONDS * 1000)
                page.locator("#packet").scroll_into_view_if_needed()
                page.screenshot(path=DOCS / f"lab-{scheme}.png")
                page.close()
            browser.close()
        view.lab.traffic.close()
    print(f"written: {DOCS}/lab-light.png, lab-dark.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
