"""A headless Chromium for the report: started once, asked through Selenium, offline."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def missing() -> str:
    """What keeps the browser tests from running here; empty when nothing does."""
    if importlib.util.find_spec("selenium") is None:
        return "selenium is not installed"
    if not (shutil.which("chromium") or shutil.which("google-chrome")) or not shutil.which("chromedriver"):
        return "chromium and chromedriver are not installed"
    return ""


@contextmanager
def chromium(*, dark: bool = False, width: int = 1200, height: int = 900, scripts: bool = True) -> Iterator[Any]:
    """A Selenium driver whose pages can reach nothing but files, and run scripts or not."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
        f"--window-size={width},{height}", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--disable-background-networking", "--disable-component-update", "--no-first-run",
    ):  # fmt: skip
        options.add_argument(flag)
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        scheme = "dark" if dark else "light"
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        if width < 600:  # a window cannot be narrower than 500 pixels
            metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield driver
    finally:
        driver.quit()


def screenshot(driver: Any, path: Path) -> None:
    """The whole page, not only what the window shows."""
    import base64

    data = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
    path.write_bytes(base64.b64decode(data["data"]))


def serious(driver: Any) -> list[Any]:
    """What axe finds serious or critical on the page: impact, rule and place. Skips the test where axe is missing."""
    import pytest

    axe = pytest.importorskip("axe_core_python", reason="axe_core_python is not installed")
    driver.execute_script((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = driver.execute_async_script(
        """const done = arguments[0]; axe.run().then(result => done(result.violations.map(
        v => [v.impact, v.id, v.nodes[0].html.slice(0, 200)])));"""
    )
    return [entry for entry in found if entry[0] in ("serious", "critical")]
