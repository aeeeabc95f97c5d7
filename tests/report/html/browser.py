"""A real browser without a window: Chromium, driven through its own driver, with nothing of earlier runs."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")

LONGEST_S = 30
"""That a page, a script or a command may take: a page that stands still is a fault, not a long test."""


@dataclass(frozen=True)
class Browser:
    """driver: of selenium."""

    driver: Any

    def open(self, file: Path, width: int = 1280, *, dark: bool = False) -> None:
        """The page as a reader with a window of `width` pixels sees it, in the colours that the system has."""
        self.resize(width)
        self.run("Emulation.setEmulatedMedia", features=[scheme(dark=dark)], media="")
        self.driver.get("about:blank")
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)  # what was there before is of no interest
        self.driver.get(file.as_uri())

    def resize(self, width: int) -> None:
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.run("Emulation.setDeviceMetricsOverride", **size)

    def run(self, command: str, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, parameters)

    def ask(self, script: str, *arguments: Any) -> Any:
        """What JavaScript in the page returns."""
        return self.driver.execute_script(script, *arguments)

    @property
    def said(self) -> list[str]:
        """On the console, since the page was opened."""
        return [line["message"] for line in self.driver.get_log("browser")]

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for since the page was opened; those that its own policy refused are not."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        refused = {
            one["params"]["requestId"]
            for one in events
            if one["method"] == "Network.loadingFailed" and one["params"].get("blockedReason") == "csp"
        }
        asked = [one["params"] for one in events if one["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in asked if one["requestId"] not in refused]

    def printed(self) -> bytes:
        """As PDF."""
        made = self.run("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(made["data"])


def scheme(*, dark: bool) -> dict[str, str]:
    return {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Skips the test where there is none, and says so."""
    binary, driver = next(filter(None, map(shutil.which, NAMES)), None), shutil.which("chromedriver")
    if binary is None or driver is None or find_spec("selenium") is None:
        pytest.skip("needs Chromium, its driver (apt install chromium chromium-driver) and selenium: not found")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = ChromeOptions()
        options.binary_location = binary
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        started = Chrome(options=options, service=Service(driver))
        started.command_executor.client_config.timeout = LONGEST_S
        started.set_page_load_timeout(LONGEST_S)
        started.set_script_timeout(LONGEST_S)
        try:
            yield Browser(started)
        finally:
            started.quit()
