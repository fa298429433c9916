"""A board on the network: CircuitPython's web workflow, files over HTTP and the console over a websocket."""

from __future__ import annotations

import base64
import codecs
import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import quote

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tools.board.errors import BoardError, BoardNotFound, DriveFull, ReadOnly, Unreachable, WrongPassword
from tools.board.transport import About, Console, Entry, Space, parse_boot_out
from tools.remedies import INSTALL, INSTALL_WEB

PASSWORD_KEY = "CIRCUITPY_WEB_API_PASSWORD"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
# A board that has just reloaded is deaf for a moment. Asking again is harmless for these.
REPEATABLE = ("GET", "PUT")
TRIES = 3
PAUSE_SECONDS = 1.0
SHARED_NAME = "circuitpython.local"


class WebBoard:
    """A board that answers at `host` ("192.168.1.45", "cpy-f57ce8.local", with ":8080" for another port)."""

    native_usb_drive = False

    def __init__(self, host: str, password: str, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.host = host.removeprefix("http://").rstrip("/")
        self.where = f"the board at {self.host}"
        self._pause_seconds = pause_seconds
        self._authorization = "Basic " + base64.b64encode(f":{password}".encode()).decode()
        # The board takes one request per connection, and no proxy knows the way to it.
        self._client = httpx.Client(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self._version = self._ask_version()
        if self.host == SHARED_NAME:
            self.host = str(self._version.get("ip") or f"{self._version.get('hostname')}.local")
        if self.list("/") is None:
            raise BoardNotFound(f"{self.host} does not show its files: is that a CircuitPython board?")

    def about(self) -> About:
        """From /cp/version.json, with the chip's number of boot_out.txt."""
        boot_out = parse_boot_out((self.read("/boot_out.txt") or b"").decode(errors="replace"))
        version = self._version
        return replace(
            boot_out,
            version=str(version.get("version") or boot_out.version),
            board_id=str(version.get("board_id") or boot_out.board_id),
            name=str(version.get("board_name") or boot_out.name),
        )

    def list(self, folder: str) -> list[Entry] | None:
        """See Board."""
        answer = self._listing(folder)
        if answer is None:
            return None
        files = answer["files"] if isinstance(answer, dict) else answer
        return [Entry(one["name"], bool(one["directory"]), int(one["file_size"])) for one in files]

    def read(self, path: str) -> bytes | None:
        """See Board."""
        answer = self._request("GET", path)
        return None if answer.status_code == 404 else answer.content

    def put(self, path: str, data: bytes) -> None:
        """See Board."""
        answer = self._request("PUT", path, data)
        if answer.status_code == 404:
            raise BoardError(f"{path} cannot be written: its folder is missing on {self.where}.")

    def rename(self, old: str, new: str) -> None:
        """See Board."""
        answer = self._request("MOVE", old, headers={"X-Destination": "/fs" + new})
        if answer.status_code in (404, 412):
            raise BoardError(f"{old} cannot be renamed to {new} on {self.where}. Run this again.")

    def remove(self, path: str) -> None:
        """See Board."""
        self._request("DELETE", path)

    def make_folder(self, path: str) -> None:
        """See Board."""
        made = ""
        for part in path.strip("/").split("/"):
            made += "/" + part
            self._request("PUT", made + "/")

    def space(self) -> Space | None:
        """See Board."""
        answer = self._listing("/")
        if not isinstance(answer, dict) or "free" not in answer:
            return None
        block = int(answer["block_size"])
        return Space(int(answer["total"]) * block, int(answer["free"]) * block, block)

    def check_writable(self) -> None:
        """See Board."""
        answer = self._listing("/")
        if isinstance(answer, dict) and answer.get("writable") is False:
            raise self._read_only()

    def console(self) -> AbstractContextManager[Console] | None:
        """The serial console over /cp/serial/."""
        return self._open_console()

    @contextlib.contextmanager
    def _open_console(self) -> Iterator[Console]:
        try:
            connection = connect(
                f"ws://{self.host}/cp/serial/",
                additional_headers={"Authorization": self._authorization},
                compression=None,
                proxy=None,
                user_agent_header=None,
                open_timeout=CONNECT_SECONDS,
                close_timeout=1,
                ping_interval=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Unreachable(f"The console of {self.where} cannot be opened ({_words(error)}).") from error
        with connection:
            yield WebConsole(connection, self.where)

    def restart(self) -> None:
        """CircuitPython reloads by itself when files change over the web workflow."""

    def close(self) -> None:
        """See Board."""
        self._client.close()

    def _ask_version(self) -> dict[str, Any]:
        try:
            answer = self._client.get(f"http://{self.host}/cp/version.json", follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BoardNotFound(
                f"No board answers at {self.host} ({_words(error)}). Is it on, in this network, and does its"
                f" settings.toml hold CIRCUITPY_WIFI_SSID and {PASSWORD_KEY}? Its address stands in the log as Wi-Fi:"
                " ..., and without --host the network is searched."
            ) from None
        version = _json(answer)
        if answer.status_code != 200 or not isinstance(version, dict) or "version" not in version:
            raise BoardNotFound(f"What answers at {self.host} is no CircuitPython board. Check the address.")
        return version

    def _listing(self, folder: str) -> Any:
        path = folder if folder.endswith("/") else folder + "/"
        answer = self._request("GET", path, headers={"Accept": "application/json"})
        if answer.status_code == 404:
            return None
        try:
            return answer.json()
        except ValueError:
            raise BoardError(f"{self.where} answered without a list of files. Restart it and run this again.") from None

    def _request(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        url = f"http://{self.host}/fs{quote(path)}"
        for tries_left in reversed(range(TRIES if method in REPEATABLE else 1)):
            try:
                answer = self._client.request(
                    method, url, content=data, headers={"Authorization": self._authorization, **(headers or {})}
                )
                break
            except httpx.HTTPError as error:
                if not tries_left:
                    raise Unreachable(
                        f"The connection to {self.where} broke at {path} ({_words(error)}). The program on the board"
                        " is whole and starts as before. Bring the board nearer to the router and repeat the same"
                        " command; it continues from there."
                    ) from error
                time.sleep(self._pause_seconds)
        if answer.status_code >= 400 and answer.status_code not in (404, 412):
            self._refuse(answer, method, path)
        return answer

    def _refuse(self, answer: httpx.Response, method: str, path: str) -> NoReturn:
        status = answer.status_code
        if status == 401:
            raise WrongPassword(
                f"{self.where} refuses the password. It is {PASSWORD_KEY} in the board's settings.toml; give it with"
                " --password or in CIRCUP_WEBWORKFLOW_PASSWORD."
            )
        if status == 403:
            raise WrongPassword(
                f'{self.where} has no password yet, so its files are closed. Put {PASSWORD_KEY} = "..." into'
                f" settings.toml by drive or serial port ({INSTALL_WEB} does it) and restart it."
            )
        if status in (413, 417):
            raise DriveFull(
                f"The drive is full: no room for {path}. Delete what you do not need there (never sessions.json nor"
                " the folder logger) and run this again. Nothing that was there has been harmed."
            )
        if status == 409 or (status == 500 and method != "GET"):
            raise self._read_only()
        raise BoardError(f"{self.where} answered {status} to {method} {path}. Restart it and run this again.")

    def _read_only(self) -> ReadOnly:
        return ReadOnly(
            f"{self.where} takes no writes over the network: a computer holds its USB drive, or boot.py has not taken"
            " the right to write (S2 and S3 boards). Eject CIRCUITPY on that computer, or install over USB once with"
            f" {INSTALL}; then run this again."
        )


class WebConsole:
    """The console over a websocket."""

    def __init__(self, connection: ClientConnection, where: str) -> None:
        self._connection = connection
        self._where = where
        # The board cuts its output anywhere, also inside a character.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, timeout_seconds: float) -> str:
        """See Console."""
        try:
            return self._decoder.decode(self._connection.recv(timeout_seconds, decode=False))
        except TimeoutError:
            return ""
        except (OSError, EOFError, WebSocketException) as error:
            raise Unreachable(f"The console of {self._where} has closed ({_words(error)}).") from error


def _json(answer: httpx.Response) -> Any:
    """What an answer holds; None if that is no JSON."""
    try:
        return answer.json()
    except ValueError:
        return None


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
