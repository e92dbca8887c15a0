"""A headless Chromium, asked through Selenium, offline. Starting it takes longer than most pages: one does for many."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")


def missing() -> str:
    """What keeps the browser tests from running here; empty when nothing does, or when it must fail them instead:
    .ci/run sets STUDIO_REQUIRED wherever a browser can be had."""
    if os.environ.get("STUDIO_REQUIRED") == "1":
        return ""
    for package in ("selenium", "jupyterlab"):
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed: pip install -e '.[dev]'"
    if not (CHROMIUM and DRIVER):
        return "no Chromium or chromedriver; .ci/run installs them"
    return ""


@contextmanager
def chromium(*flags: str, scripts: bool = True) -> Iterator[Any]:
    """A Selenium driver whose pages can reach nothing but files and this machine, and run scripts or not. ``flags``
    are further ones of Chromium's."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,900",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--no-proxy-server", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", *flags,
    ):  # fmt: skip
        options.add_argument(flag)
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def open_page(driver: Any, page: Path, *, dark: bool = False, phone: bool = False) -> None:
    """Opens a file in a browser that knows nothing of the page before, on a desk or a phone."""
    scheme = "dark" if dark else "light"
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    # A window cannot be narrower than 500 pixels.
    width, height, pixels = (390, 844, 2) if phone else (1200, 900, 1)
    metrics = {"width": width, "height": height, "deviceScaleFactor": pixels, "mobile": phone}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get_log("browser")
    driver.get(page.as_uri())


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
