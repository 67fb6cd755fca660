# SPDX-License-Identifier: Apache-2.0
"""A Chromium without a window, driven over a pipe by the Chrome DevTools Protocol."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

from outcome import PeerError

# Ends of messages on the pipe.
END = b"\0"


class Browser:
    """One page of one browser, which is gone with the `with` statement."""

    def __init__(self, program, width=1280, height=900, dark=False):
        self.profile = tempfile.mkdtemp(prefix="graphopt-browser-")
        to_browser, ours = os.pipe()
        theirs, from_browser = os.pipe()

        def connect():
            # The protocol's places: 3 to read commands from, 4 to answer to. Neither end may be
            # overwritten before it is moved.
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        arguments = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run",
            f"--user-data-dir={self.profile}", f"--window-size={width},{height}", "about:blank",
        ]
        if dark:
            arguments.insert(1, "--blink-settings=preferredColorScheme=0")
        self.process = subprocess.Popen(
            arguments, preexec_fn=connect, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.commands = os.fdopen(ours, "wb", buffering=0)
        self.answers = os.fdopen(theirs, "rb", buffering=0)
        self.rest = b""
        self.number = 0
        self.events = []
        targets = self.call("Target.getTargets", session=False)["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.call(
            "Target.attachToTarget", {"targetId": page, "flatten": True}, session=False
        )["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.commands.close()
        self.answers.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, parameters=None, session=True):
        """The result of a command; events that come before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = self.session
        self.commands.write(json.dumps(message).encode() + END)
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise PeerError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        while END not in self.rest:
            part = self.answers.read(1 << 20)
            if not part:
                raise PeerError("the browser ended")
            self.rest += part
        message, self.rest = self.rest.split(END, 1)
        return json.loads(message)

    def value(self, expression):
        """What an expression is in the page."""
        answer = self.call(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True},
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PeerError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def before_pages(self, script):
        """Runs a script in every page before its own."""
        self.call("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def open(self, path, condition, seconds=60):
        """Loads a file and waits until a condition holds; returns the seconds that took."""
        start = time.monotonic()
        self.call("Page.navigate", {"url": "file://" + os.path.abspath(path)})
        while not self.value(condition):
            if time.monotonic() - start > seconds:
                raise PeerError(f"{path} is not ready after {seconds} s: {self.complaints()}")
            time.sleep(0.01)
        return time.monotonic() - start

    def frame(self):
        """Waits until what was asked for is drawn."""
        self.value(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))"
        )

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.mouse(kind, x, y, **pressed)

    def key(self, key):
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, **text})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", "key": key})

    def screenshot(self, path, whole=False):
        parameters = {"format": "png", "captureBeyondViewport": whole}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            parameters["clip"] = {**size, "scale": 1}
        with open(path, "wb") as file:
            file.write(
                base64.b64decode(self.call("Page.captureScreenshot", parameters)["data"])
            )

    def pdf(self, path):
        answer = self.call("Page.printToPDF", {"printBackground": True})
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def complaints(self):
        """Errors and warnings of the console, exceptions, and every request but for the page."""
        texts = []
        for event in self.events:
            parameters = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    details = parameters["exceptionDetails"]
                    texts.append(details.get("exception", {}).get("description", details["text"]))
                case "Runtime.consoleAPICalled":
                    texts.append(f"console.{parameters['type']}")
                case "Log.entryAdded":
                    texts.append(parameters["entry"]["text"])
                case "Network.requestWillBeSent":
                    if parameters["documentURL"] != parameters["request"]["url"]:
                        texts.append(f"a request for {parameters['request']['url'][:200]}")
        return texts
