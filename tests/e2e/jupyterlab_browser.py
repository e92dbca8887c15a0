"""A real JupyterLab in a real Chromium, used by mouse and menus as a person would. Needs selenium and chromedriver."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.report_browser import chromium
from kernel_environment import kernel_python

# JupyterLab draws a traceback as standard error; a stray warning there would disturb a reader as well.
ERROR = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
OUTPUT = ".jp-OutputArea-output"
# Sets window.cellsRan once a cell is marked as running, however short that is.
NOTICE_RUNNING = """
    window.cellsRan = false;
    const prompts = () => [...document.querySelectorAll('.jp-Notebook .jp-InputArea-prompt')];
    const look = () => { window.cellsRan ||= prompts().some(prompt => prompt.innerText.includes('*')); };
    new MutationObserver(look).observe(
        document.querySelector('.jp-Notebook'), {childList: true, subtree: true, characterData: true});
"""


class Lab:
    """One browser window on one server."""

    def __init__(self, browser: Any, url: str, token: str, pictures: Path) -> None:
        self.browser = browser
        self.url = url
        self.token = token
        self.pictures = pictures

    def open(self, notebook: str) -> None:
        """Open a notebook, and nothing that was open before, and wait for its kernel."""
        self.browser.get(f"{self.url}/lab/tree/{notebook}?reset&token={self.token}")
        self.wait(lambda: self._one(".jp-Notebook .jp-CodeCell"), "the notebook")
        self.wait(lambda: self._one(".jp-Notebook-ExecutionIndicator[data-status='idle']"), "an idle kernel")

    def menu(self, title: str, command: str) -> None:
        """Choose an entry of a menu of the menu bar, by mouse."""
        for label in self.browser.find_elements("css selector", ".lm-MenuBar-itemLabel"):
            if label.text == title:
                label.click()
        entry = f".lm-Menu li[data-command='{command}']:not(.lm-mod-disabled)"
        self.wait(lambda: self._one(entry), f"the entry {command}").click()

    def run_all(self) -> None:
        """Run > Run All Cells, until it runs. While the kernel comes up, JupyterLab asks for one instead of running."""

        def runs() -> bool:
            self.browser.execute_script(NOTICE_RUNNING)
            self.menu("Run", "runmenu:run-all")
            unasked = 0
            for _ in range(40):
                asked = self.browser.find_elements("css selector", ".jp-Dialog button.jp-mod-accept")
                for button in asked:
                    button.click()
                ran = self.browser.execute_script("return window.cellsRan")
                unasked = unasked + 1 if not asked and (unasked or ran) else 0
                if unasked == 10:  # cells are marked as running also for a moment before the question
                    return True
                time.sleep(0.1)
            return False

        self.wait(runs, "cells that run")

    def running(self) -> bool:
        """Whether a cell runs or waits its turn."""
        return any("*" in prompt for prompt in self.prompts())

    def accept_dialog(self) -> None:
        self.wait(lambda: self._one(".jp-Dialog button.jp-mod-accept"), "a dialog").click()

    def prompts(self) -> list[str]:
        """The execution marks of the code cells: `[ ]:`, `[*]:` or `[3]:`."""
        script = """return [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')]
            .map(item => item.innerText)"""
        return [str(text).strip() for text in self.browser.execute_script(script)]

    def finished(self) -> bool:
        """Whether every code cell has run, or one failed and nothing runs any more."""
        prompts = self.prompts()
        if self.running():
            return False
        return bool(self.errors()) or (bool(prompts) and all(prompt.strip("[]: ").isdigit() for prompt in prompts))

    def errors(self) -> list[str]:
        return [element.text for element in self.browser.find_elements("css selector", ERROR)]

    def output(self) -> str:
        """The text of all outputs as it is seen."""
        script = "return [...document.querySelectorAll('.jp-OutputArea-output')].map(x => x.innerText).join('\\n')"
        return str(self.browser.execute_script(script))

    def images(self) -> list[dict[str, Any]]:
        """Every picture among the outputs: its size on the screen and whether it could be loaded."""
        script = """return [...document.querySelectorAll('.jp-OutputArea-output img, .jp-OutputArea-output svg')]
            .map(item => {
                const box = item.getBoundingClientRect(), isDrawing = item.tagName.toLowerCase() === 'svg';
                return {width: box.width, height: box.height,
                        loaded: isDrawing || (item.complete && item.naturalWidth > 0)}
            })"""
        found: list[dict[str, Any]] = self.browser.execute_script(script)
        return found

    def picture(self, name: str, selector: str | None = None) -> Path:
        """A screenshot of the window, scrolled to the last ``selector`` if one is given."""
        path = self.pictures / f"{name}.png"
        if selector:
            script = "[...document.querySelectorAll(arguments[0])].pop()?.scrollIntoView({block: 'center'})"
            self.browser.execute_script(script, selector)
            time.sleep(0.3)
        self.browser.save_screenshot(str(path))
        return path

    def await_results(self, name: str, word: str, charts: int) -> None:
        """Waits for the end of all cells, and asserts what a person then sees: no error, so many charts at least, that
        all is simulated, and ``word``. ``name`` is that of the screenshot."""
        self.wait(self.finished, "the end of all cells")
        assert self.errors() == []
        pictures = self.images()
        assert len(pictures) >= charts
        assert all(item["loaded"] and item["width"] > 100 and item["height"] > 50 for item in pictures), pictures
        text = self.output()
        assert "SIMULATED" in text
        assert word in text
        self.picture(name, ".jp-OutputArea-output img")

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 600.0) -> Any:
        from selenium.common.exceptions import WebDriverException

        deadline = time.monotonic() + seconds
        while True:
            try:
                found = condition()
            except WebDriverException:
                found = None
            if found:
                return found
            if time.monotonic() > deadline:
                shown = self.picture(f"waited-for-{what.replace(' ', '-').replace(':', '')}")
                raise AssertionError(f"{what} did not come in {seconds:.0f} s; see {shown}; errors: {self.errors()}")
            time.sleep(0.2)

    def _one(self, selector: str) -> Any:
        found = [item for item in self.browser.find_elements("css selector", selector) if item.is_displayed()]
        return found[0] if found else None


@contextmanager
def jupyterlab(folder: Path, scratch: Path, env: Mapping[str, str]) -> Iterator[Lab]:
    """A server whose root is ``folder``, with settings of its own in ``scratch``, and a browser on it."""
    token = secrets.token_hex(16)
    pictures = scratch / "pictures"
    pictures.mkdir(parents=True)
    settings = scratch / "settings" / "@jupyterlab"
    for plugin, values in {
        "notebook-extension/tracker": {"windowingMode": "none"},  # all cells in the page, also those scrolled away
        "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    }.items():
        path = settings / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
    }
    command = [
        kernel_python(), "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    with open(scratch / "server.log", "w") as log:
        server = subprocess.Popen(command, env={**env, **own}, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            url = _address(scratch / "runtime", server, scratch / "server.log")
            with chromium("--window-size=1400,1600", f"--user-data-dir={scratch / 'browser'}") as browser:
                yield Lab(browser, url, token, pictures)
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(runtime: Path, server: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server listens, which it writes down as soon as it does."""
    while server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):  # it is being written
                return f"http://127.0.0.1:{json.loads(path.read_text(encoding='utf-8'))['port']}"
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()[-2000:]}")
