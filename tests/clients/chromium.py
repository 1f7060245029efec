"""Headless Chromium, driven by its own DevTools protocol over one web socket a page."""

import atexit
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

START_S = 30
ANSWER_S = 60
WIDTH_PX, HEIGHT_PX = 1280, 900

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--force-color-profile=srgb",
    # No name but this machine's is looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
    f"--window-size={WIDTH_PX},{HEIGHT_PX}",
]


def program():
    """The browser, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One browser process with a profile of its own; ended, with all its children, by `close`."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="chromium.")
        self.process = subprocess.Popen(
            [program(), *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.close)
        told = Path(self.profile) / "DevToolsActivePort"
        end = time.monotonic() + START_S
        while not (told.exists() and told.read_text().count("\n")):
            if self.process.poll() is not None or time.monotonic() > end:
                self.close()
                raise RuntimeError("Chromium did not start")
            time.sleep(0.05)
        self.address = f"http://127.0.0.1:{told.read_text().splitlines()[0]}"

    def open(self, url, language="en"):
        """A new page that has gone to this address."""
        request = urllib.request.Request(f"{self.address}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=START_S) as answer:
            target = json.load(answer)
        page = Page(target["webSocketDebuggerUrl"], language)
        page.go(url)
        return page

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A page with its workers, and all that they asked for and complained about since it was opened."""

    def __init__(self, address, language):
        self.socket = websocket.create_connection(address, timeout=ANSWER_S, suppress_origin=True)
        self.language = language
        self.sent = 0
        self.answers = {}
        self.requests = []
        self.complaints = []
        self.loaded = False
        self.ask("Page.enable")
        self.listen(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A worker that begins meanwhile has no page to be listened to.
        with contextlib.suppress(websocket.WebSocketException, RuntimeError):
            self.ask("Page.close")
        self.socket.close()

    def listen(self, session):
        """Notes what the page, or the worker of this session, asks and says, and its own workers in turn."""
        self.ask("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        for domain in ("Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable", session)
        self.ask("Network.setExtraHTTPHeaders", session, headers={"Accept-Language": self.language})

    def ask(self, method, session=None, **parameters):
        """The result of a DevTools method; events that come first are noted."""
        self.sent += 1
        number = self.sent
        call = {"id": number, "method": method, "params": parameters}
        self.socket.send(json.dumps(call if session is None else {**call, "sessionId": session}))
        while number not in self.answers:
            message = json.loads(self.socket.recv())
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.note(message)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def note(self, event):
        name, said = event.get("method"), event.get("params", {})
        if name == "Target.attachedToTarget":
            self.listen(said["sessionId"])
            self.ask("Runtime.runIfWaitingForDebugger", said["sessionId"])
        elif name == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif name == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif name == "Runtime.consoleAPICalled" and said["type"] in ("error", "assert"):
            self.complaints.append(" ".join(str(part.get("value", part.get("description"))) for part in said["args"]))
        elif name == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}".strip())
        elif name == "Network.loadingFailed" and not said.get("canceled"):
            self.complaints.append(f"loading failed: {said['errorText']} {said.get('blockedReason', '')}".strip())
        elif name == "Page.loadEventFired":
            self.loaded = True

    def go(self, url):
        self.loaded = False
        result = self.ask("Page.navigate", url=url)
        if "errorText" in result:
            raise RuntimeError(f"{url}: {result['errorText']}")
        self.wait_for(lambda: self.loaded, f"{url} to load")

    def run(self, script):
        """The value of a JavaScript expression; promises are awaited."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait_for(self, condition, what, most_s=30):
        """Waits until a JavaScript expression, or a function, gives something true, and gives it back."""
        end = time.monotonic() + most_s
        while True:
            try:
                value = condition() if callable(condition) else self.run(condition)
            except RuntimeError:
                value = None  # the page is on its way to another address
            if value:
                return value
            if self.complaints:
                raise AssertionError(f"while waiting for {what} the page said {self.complaints}")
            if time.monotonic() > end:
                raise AssertionError(f"waited {most_s} s in vain for {what}")
            time.sleep(0.03)
            self.ask("Schema.getDomains")  # takes in what has happened meanwhile

    def move(self, x, y):
        """Moves the pointer, and lets the page draw what follows from it."""
        for place in (x - 1, x):
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=place, y=y)
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def click(self, x, y):
        self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, start, end):
        """Presses the pointer at one place, and lets it go at another."""
        self.move(*start)
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1)
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], button="left", buttons=1)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1)

    def type(self, text):
        self.ask("Input.insertText", text=text)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, **KEY_CODES.get(key, {}), **text)

    def picture(self):
        """The window as PNG bytes."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


KEY_CODES = {
    "Enter": {"windowsVirtualKeyCode": 13},
    "ArrowDown": {"windowsVirtualKeyCode": 40},
    "Escape": {"windowsVirtualKeyCode": 27},
}
