"""Serves the app on this machine for screenshots, benchmarks and tests, and starts the browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
"""Selects an element that exists once the page's script has run."""


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A Streamlit server of `script`. It can be stopped and started again at the same address."""

    def __init__(self, script: str = "app.py", **environment: str) -> None:
        self.script, self.environment, self.port = script, environment, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the server, and returns when it answers.

        Raises:
            TimeoutError: it does not answer within a minute.
        """
        command = [sys.executable, "-m", "streamlit", "run", self.script, "--server.port", str(self.port)]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self.environment}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        leave = time.monotonic() + START_SECONDS
        while time.monotonic() < leave:
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        self.end()
        raise TimeoutError(f"{self.script} did not answer within {START_SECONDS} seconds.")

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None


@contextmanager
def served(script: str = "app.py", **environment: str) -> Iterator[Server]:
    """A server that is stopped at the end of the block; `environment` is added to its environment."""
    server = Server(script, **environment)
    server.start()
    try:
        yield server
    finally:
        server.end()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()
