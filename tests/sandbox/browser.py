"""A headless Chromium that runs no page's script, driven over its DevTools pipe: open, fill, press, look."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SECONDS = 30
_HANDED_OVER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser reads its commands from descriptor 3 and answers on 4."""


class Browser:
    """One page of a running Chromium."""

    def __init__(self, to: int, back: int) -> None:
        self._to = os.fdopen(to, "wb", buffering=0)
        self._back = os.fdopen(back, "rb", buffering=0)
        self._rest = b""
        self._number = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setScriptExecutionDisabled", value=True)

    def close(self) -> None:
        self._to.close()
        self._back.close()

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of one DevTools command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = self._back.read(65536)
            assert piece, "the browser went away"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def value(self, expression: str) -> Any:
        """What the page's inspector says for ``expression``."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, url: str) -> None:
        """Go to ``url`` and wait until it is there."""
        self.call("Page.navigate", url=url)
        self._wait("document.readyState == 'complete' && location.href != 'about:blank'")

    def press(self, selector: str) -> None:
        """Press what ``selector`` names and wait for the page that comes of it."""
        self.value("window.name = 'before'; document.documentElement.dataset.old = '1'")
        assert self.value(f"document.querySelector({json.dumps(selector)}).click(); true")
        self._wait("document.readyState == 'complete' && !document.documentElement.dataset.old")

    def choose(self, selector: str) -> None:
        """Tick a box or radio button."""
        assert self.value(f"document.querySelector({json.dumps(selector)}).click(); true")

    @property
    def address(self) -> str:
        return self.value("location.href")

    @property
    def text(self) -> str:
        return self.value("document.body.innerText")

    def picture(self, path: Path, width: int = 1000, height: int = 900) -> None:
        """Keep what the page looks like as a PNG."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _wait(self, expression: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while not self.value(expression):
            assert time.monotonic() < deadline, f"waited in vain for {expression}"
            time.sleep(0.02)


@contextmanager
def browsing(program: str, profile: Path) -> Iterator[Browser]:
    """A browser for the block; ``profile`` is an empty folder for its state."""
    read_to, to = os.pipe()
    back, write_back = os.pipe()
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    command = [program, *options, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
    started = [sys.executable, "-c", _HANDED_OVER, str(read_to), str(write_back), *command]
    process = subprocess.Popen(started, pass_fds=(read_to, write_back), stderr=subprocess.DEVNULL)
    os.close(read_to)
    os.close(write_back)
    try:
        browser = Browser(to, back)
        yield browser
        browser.call("Browser.close")
        browser.close()
        process.wait(timeout=_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
