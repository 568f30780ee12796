"""A headless Chromium on the end of a pipe (the DevTools protocol): a report as the people who read it meet it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60.0
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "ArrowUp": 38, "Home": 36, "End": 35}


def executable() -> str | None:
    """Where a Chromium is, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser with one page: commands go down one pipe, answers and events come up the other."""

    def __init__(self) -> None:
        found = executable()
        assert found is not None
        self._profile = tempfile.TemporaryDirectory(prefix="longtail-browser-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"]
        quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        self._process = os.posix_spawn(
            found,
            [found, *flags, *quiet, f"--user-data-dir={self._profile.name}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_DUP2, nowhere, 2),
            ],
            setpgroup=0,
        )
        for end in (theirs_in, theirs_out, nowhere):
            os.close(end)
        self._read, self._write, self._numbers, self._rest = ours_in, ours_out, itertools.count(1), b""
        self.events: list[dict[str, Any]] = []
        self._session = ""
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; what happens meanwhile goes to `events`."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._next(until)
            if answer.get("id") == number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._read, 1 << 20)
            assert piece, "the browser is gone"
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        """Load a file at a width, in the light or the dark theme, and wait until it is drawn."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        for address in ("about:blank", path.resolve().as_uri()):
            self.events.clear()
            self.call("Page.navigate", url=address)
            until = time.monotonic() + PATIENCE
            while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
                self.events.append(self._next(until))
        if script:
            self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and let go of a key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"key": key, "windowsVirtualKeyCode": KEYS[key], "code": "Space" if key == " " else key}
        self.call("Input.dispatchKeyEvent", type="keyDown", **code, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    def screenshot(self, path: Path, *, height: int | None = None) -> None:
        """The page from top to bottom (or so many pixels of it)."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
        picture = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    @property
    def requests(self) -> list[str]:
        """What the page asked for, but for the page itself and what it holds."""
        asked = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]

    @property
    def complaints(self) -> list[str]:
        """Errors on the console and exceptions nobody caught."""
        thrown = [str(e["params"]) for e in self.events if e["method"] == "Runtime.exceptionThrown"]
        kinds = ("error", "warning", "assert")
        said = [e["params"] for e in self.events if e["method"] == "Runtime.consoleAPICalled"]
        logged = [e["params"]["entry"] for e in self.events if e["method"] == "Log.entryAdded"]
        return [
            *thrown,
            *(str(call["args"]) for call in said if call["type"] in kinds),
            *(str(entry) for entry in logged if entry["level"] in kinds),
        ]

    def close(self) -> None:
        """End the browser and what belongs to it."""
        os.close(self._write)
        os.close(self._read)
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        shutil.rmtree(self._profile.name, ignore_errors=True)
        self._profile._finalizer.detach()
