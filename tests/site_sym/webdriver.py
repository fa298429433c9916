"""Debian's Firefox and WebKitGTK, each driven by what it brings along, in the commands of the W3C's WebDriver.

Firefox answers them on a socket (Marionette, what geckodriver stands on, which Debian does not have); WebKitGTK has
WebKitWebDriver, and a window, for which there is Xvfb. Playwright drives builds of its own of both, and asks Debian's
Firefox for a command that it does not know; Selenium drives no Firefox without geckodriver.
"""

import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.site_sym.axe import AXE
from tests.support import HTTP_SECONDS

MISSING = "{} is missing: apt-get install firefox-esr webkit2gtk-driver xvfb (Ubuntu has firefox instead of the first)"
SCREEN = (1280, 900)
END_SECONDS = 20
LOOK_SECONDS = 0.05
DISPLAY = r"^(\d+)$"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's id, from the specification

# Where each command lies below a session; Marionette has the names alone.
PATHS = {
    "Navigate": "url",
    "SetWindowRect": "window/rect",
    "SetTimeouts": "timeouts",
    "ExecuteScript": "execute/sync",
    "ExecuteAsyncScript": "execute/async",
    "ElementClick": "element/{id}/click",
    "ElementClear": "element/{id}/clear",
    "ElementSendKeys": "element/{id}/value",
}

# Firefox: nothing is asked for but from this machine, and what goes wrong on a page is printed.
PREFERENCES = {
    "browser.dom.window.dump.enabled": True,
    "marionette.port": 0,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
}
LISTENING = r"Listening on port (\d+)"
# What the browser says of itself is none of the page's: what pages write to the console, they are asked for.
OF_A_PAGE = re.compile(r"JavaScript error: http")

WATCH = """
const note = (kind, text) => (window.faults ??= []).push(`${kind}: ${text}`);
const error = console.error;
console.error = (...words) => { note("console", words.join(" ")); error(...words); };
addEventListener("error", ({ message }) => note("page error", message));
addEventListener("unhandledrejection", ({ reason }) => note("page error", reason));
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  note("content security policy", `${violatedDirective}: ${blockedURI}`));
"""

# What a person looks for: names as they are shown, of what is shown, and of an open dialog what is in it.
FIND = """
const words = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim().replace(/\\s+/g, " ");
const isShown = (element) => element.getClientRects().length > 0;
const top = document.querySelector("dialog[open]") ?? document;
const all = (css, fits) => [...top.querySelectorAll(css)].filter((each) => isShown(each) && fits(each));
const find = (css, fits) => all(css, fits)[0] ?? null;
const button = (name) => find("button, a[href]", (each) => words(each) === name);
const field = (label) => find("input, select, textarea", ({ labels }) =>
  [...(labels ?? [])].some((each) => words(each).startsWith(label)));
"""

# A page that has much to do changes when it can: it is looked at until the answer is a yes, or for the script's time.
UNTIL = """
const done = arguments[arguments.length - 1];
const given = [...arguments].slice(0, -1);
const look = () => {
  const answer = (function () { %s }).apply(null, given);
  if (answer) done(answer);
  else setTimeout(look, 50);
};
look();
"""

RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: arguments[0] }).then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))));
"""


class WebDriverError(Exception):
    """A browser refused a command, or has not shown in time what was waited for; the text has its last state."""


class Wire(Protocol):
    """What carries commands to a browser and its answers back."""

    def ask(self, name: str, **parameters: Any) -> Any:
        """The answer's value. Raises WebDriverError."""

    def faults(self) -> list[str]:
        """What the browser itself has printed about errors of pages since the last time."""


class Browser:
    """One window with one visitor."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        wire.ask("SetTimeouts", script=HTTP_SECONDS * 1000)
        wire.ask("SetWindowRect", x=0, y=0, width=SCREEN[0], height=SCREEN[1])

    def visit(self, url: str) -> None:
        """Load a page, and watch over it from then on."""
        self._wire.ask("Navigate", url=url)
        self.run(WATCH)

    def go(self, hash_: str) -> None:
        """Go to another page of the portal, and wait until it shows its data."""
        self.run("location.hash = arguments[0]", hash_)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing stands in for data that has not come, and everything is at rest."""
        self.run_async("requestAnimationFrame(() => setTimeout(arguments[0]))")
        self.until(
            """return document.querySelector("h1") && !document.querySelector(".skeleton, .space, [aria-busy=true]")
               && document.getAnimations().every(({ effect, playState }) =>
                 playState !== "running" || effect.getComputedTiming().endTime === Infinity)"""
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script of the page returns."""
        return self._wire.ask("ExecuteScript", script=script, args=list(arguments))

    def run_async(self, script: str, *arguments: Any) -> Any:
        """What a script hands to its last argument, a function. Raises WebDriverError if it does not."""
        return self._wire.ask("ExecuteAsyncScript", script=script, args=list(arguments))

    def until(self, script: str, *arguments: Any) -> Any:
        """What a script returns as soon as that is true. Raises WebDriverError with what the page shows instead."""
        try:
            return self.run_async(UNTIL % (FIND + script), *arguments)
        except WebDriverError as error:
            address, shown = self.run("return [location.href, document.body.innerText]")
            raise WebDriverError(f"{script} {list(arguments)} at {address}: {error}, the page shows\n{shown}") from None

    def see(self, text: str) -> None:
        """Wait until the page shows a text, whatever spaces are in it."""
        self.until("return document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])", text)

    def click(self, name: str) -> None:
        """Click the button or link of this name."""
        self._click("return button(arguments[0])", name)

    def click_first(self, beginning: str) -> None:
        """Click the first button or link whose name begins so."""
        self._click("return find('button, a[href]', (each) => words(each).startsWith(arguments[0]))", beginning)

    def check(self, label: str) -> None:
        """Choose the radio button or tick the box of this label."""
        self._click("return field(arguments[0])?.labels[0]", label)

    def fill(self, label: str, text: str) -> None:
        """Type into the field whose label begins so."""
        field = self.until("return field(arguments[0])", label)[ELEMENT]
        self._wire.ask("ElementClear", id=field)
        self._wire.ask("ElementSendKeys", id=field, text=text)

    def select(self, label: str, option: str) -> None:
        """Choose an option by its words."""
        self.until(
            """const list = field(arguments[0]);
               const option = [...(list?.options ?? [])].find(({ label }) => label.trim() === arguments[1]);
               if (!option) return false;
               list.value = option.value;
               list.dispatchEvent(new Event("change", { bubbles: true }));
               return true""",
            label,
            option,
        )

    def violations(self, rules: dict[str, Any]) -> list[str]:
        """What axe finds on the page."""
        self.settle()
        if not self.run("return 'axe' in window"):
            self.run(AXE.read_text())
        found: list[str] = self.run_async(RUN_AXE, rules)
        return found

    def print(self) -> bytes:
        """The page as a PDF; WebKitWebDriver has no such command."""
        return base64.b64decode(self._wire.ask("Print", background=False, shrinkToFit=True))

    def faults(self) -> list[str]:
        """Errors of the page since it was visited, as it and the browser have told them."""
        return [*self.run("return (window.faults ?? []).splice(0)"), *self._wire.faults()]

    def _click(self, script: str, name: str) -> None:
        """Click what a script finds, which may be about to move into its place."""
        self._wire.ask("ElementClick", id=self.until(script, name)[ELEMENT])


class Marionette:
    """The protocol of Firefox: each message is its length, a colon and an array in JSON."""

    def __init__(self, port: int, log: Path) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), HTTP_SECONDS * 2)
        self._answers = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._log = log
        self._read_characters = len(log.read_text(errors="replace"))
        self._read()
        self.ask("NewSession")

    def ask(self, name: str, **parameters: Any) -> Any:
        """See `Wire`."""
        # Scripts without a sandbox: what one leaves on the window, the next one and the page find there.
        sandbox = {"sandbox": None} if name.startswith("Execute") else {}
        command = json.dumps([0, next(self._numbers), f"WebDriver:{name}", {**parameters, **sandbox}]).encode()
        self._socket.sendall(b"%d:%s" % (len(command), command))
        _, _, error, answer = self._read()
        if error is not None:
            raise WebDriverError(f"{name}: {error['error']}: {error['message']}")
        return answer.get("value")

    def faults(self) -> list[str]:
        """See `Wire`."""
        said = self._log.read_text(errors="replace")
        new, self._read_characters = said[self._read_characters :], len(said)
        return [line for line in new.splitlines() if OF_A_PAGE.match(line)]

    def close(self) -> None:
        """End the connection; the browser itself goes on."""
        self._answers.close()
        self._socket.close()

    def _read(self) -> Any:
        length = b"".join(iter(lambda: self._answers.read(1), b":"))
        return json.loads(self._answers.read(int(length)))


class WebKit:
    """The protocol of WebKitWebDriver: HTTP, as the W3C has it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._session = "/session"
        self._session += "/" + self._post("NewSession", "", {"capabilities": {}})["sessionId"]

    def ask(self, name: str, **parameters: Any) -> Any:
        """See `Wire`."""
        path = PATHS[name].format(**parameters)
        return self._post(name, f"/{path}", {key: value for key, value in parameters.items() if key != "id"})

    def faults(self) -> list[str]:
        """See `Wire`: it prints nothing."""
        return []

    def close(self) -> None:
        """End the session and with it the browser."""
        self._client.delete(self._session)

    def _post(self, name: str, path: str, parameters: dict[str, Any]) -> Any:
        answer = self._client.post(self._session + path, json=parameters)
        value = answer.json()["value"]
        if answer.is_error:
            raise WebDriverError(f"{name}: {value['error']}: {value['message']}")
        return value


def program(*names: str) -> str:
    """Path of an installed program. Raises FileNotFoundError that says how to install it."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise FileNotFoundError(MISSING.format(names[0]))
    return path


@contextlib.contextmanager
def started(folder: Path, log: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that keeps everything in the folder and says it in the log; it is ended at the end."""
    homes = {name: str(folder) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **homes, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def said(process: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """Wait for a line of a program's log, and return what the pattern's group is in it. Raises WebDriverError."""
    while True:
        runs = process.poll() is None
        text = log.read_text(errors="replace")
        if found := re.search(pattern, text, re.MULTILINE):
            return found[1]
        if not runs:
            raise WebDriverError(f"{process.args!r} ended and said: {text}")
        time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Browser]:
    """Firefox without a window, with a new profile. Raises FileNotFoundError."""
    values = (f'user_pref("{name}", {json.dumps(value)});\n' for name, value in PREFERENCES.items())
    (folder / "user.js").write_text("".join(values))
    log = folder / "firefox.log"
    command = (program("firefox-esr", "firefox"), "--headless", "--marionette", "--no-remote", "--profile", str(folder))
    with started(folder, log, *command) as process:
        port = int(said(process, log, LISTENING))
        with contextlib.closing(Marionette(port, log)) as wire:
            yield Browser(wire)


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[Browser]:
    """WebKitGTK on a screen that is nowhere to be seen. Raises FileNotFoundError."""
    driver, screen = program("WebKitWebDriver"), program("Xvfb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    log = folder / "xvfb.log"
    with contextlib.ExitStack() as running:
        x = running.enter_context(started(folder, log, screen, "-displayfd", "1", "-screen", "0", size))
        window = {"DISPLAY": f":{said(x, log, DISPLAY)}", "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1"}
        running.enter_context(started(folder, folder / "webkit.log", driver, f"--port={port}", **window))
        transport = httpx.HTTPTransport(retries=10)  # it may not listen yet
        base = f"http://127.0.0.1:{port}"
        client = running.enter_context(httpx.Client(base_url=base, transport=transport, timeout=HTTP_SECONDS * 2))
        yield Browser(running.enter_context(contextlib.closing(WebKit(client))))
