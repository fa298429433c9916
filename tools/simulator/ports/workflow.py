"""CircuitPython's web workflow as the simulated board offers it: files and the console, on 127.0.0.1.

As in supervisor/shared/web_workflow: one request per connection, an empty user name with the password, header names
in exactly their usual case, writes in place (an upload that is cut short truncates the file), a reload after each.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import unquote

from tools.simulator.chip.board import SimulatedBoard
from tools.simulator.flash.calls import S_IFDIR
from tools.simulator.flash.drive import Drive

API_VERSION = 4
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
POLL_SECONDS = 0.02
# FatFs takes an upload in pieces of this many bytes.
PIECE_BYTES = 64
BLOCK_BYTES = 512


@dataclass
class Request:
    """What came over one connection, without the body."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return int(self.headers.get("Content-Length", "0"))


class WebWorkflow:
    """A server thread beside a board that is on and stands still, or runs freely.

    ``password=None``: settings.toml has none. ``usb_active``: a computer holds the drive. ``cut_after_bytes``: the
    connection breaks for good once so many bytes of uploads have come. ``garble_uploads``: so many uploads arrive
    with a wrong byte. Use it as a context manager.
    """

    def __init__(self, board: SimulatedBoard, password: str | None = "secret") -> None:
        self.board = board
        self.password = password
        self.usb_active = False
        self.cut_after_bytes: int | None = None
        self.cut_after_changes: int | None = None
        self.garble_uploads = 0
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.host = f"127.0.0.1:{self.port}"
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, name="web workflow", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Stop serving."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> WebWorkflow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def drive(self) -> Drive:
        """The board's drive."""
        return self.board.drive

    @property
    def is_cut(self) -> bool:
        """Whether the connection has broken for good."""
        return self.cut_after_bytes == 0 or self.cut_after_changes == 0

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), name="web workflow", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            request = self._read_request(connection)
            if request is None or self.is_cut:
                return
            self.requests.append(request)
            if request.path == "/cp/serial/":
                self._serve_console(connection, request)
                return
            with self._lock, self.board.standing_still():
                answer = self._answer(connection, request)
            connection.sendall(answer)

    def _read_request(self, connection: socket.socket) -> Request | None:
        head = b""
        while b"\r\n\r\n" not in head:
            byte = connection.recv(1)
            if not byte:
                return None
            head += byte
        first, *lines = head.decode().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        return Request(method, path, headers)

    def _answer(self, connection: socket.socket, request: Request) -> bytes:
        if request.path == "/cp/version.json":
            return self._json(
                {
                    "web_api_version": API_VERSION,
                    "version": self.board.version,
                    "build_date": "2026-01-01",
                    "board_name": "Simulated ESP32",
                    "mcu_name": "ESP32",
                    "board_id": self.board.board_id,
                    "creator_id": 0,
                    "creation_id": 0,
                    "hostname": "cpy-simulated",
                    "port": self.port,
                    "ip": "127.0.0.1",
                }
            )
        if not request.path.startswith("/fs/"):
            return _status(404, "Not Found")
        if self.password is None:
            return _status(403, "Forbidden")
        if not self._is_authenticated(request):
            return _status(401, "Unauthorized", 'WWW-Authenticate: Basic realm="CircuitPython"')
        path = unquote(request.path[3:])
        if request.method == "GET":
            return self._get(request, path)
        if self.usb_active:
            return _status(409, "Conflict", body=b"USB storage active.")
        if self.drive.readonly:
            return _status(500, "Internal Server Error")
        answer = self._change(connection, request, path)
        if self.cut_after_changes:
            self.cut_after_changes -= 1
            if self.is_cut:
                raise OSError(errno.ECONNRESET, "cut")
        return answer

    def _is_authenticated(self, request: Request) -> bool:
        wanted = base64.b64encode(f":{self.password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {wanted}"

    def _get(self, request: Request, path: str) -> bytes:
        if not path.endswith("/"):
            try:
                return _status(200, "OK", body=self.drive.outside_read(path))
            except OSError:
                return _status(404, "Not Found")
        if request.headers.get("Accept") != "application/json":
            return _status(404, "Not Found")
        try:
            names = self.drive.listdir(path.rstrip("/") or "/")
        except OSError:
            return _status(404, "Not Found")
        files = []
        for name in names:
            stat = self.drive.stat(f"{path}{name}")
            files.append(
                {
                    "name": name,
                    "directory": stat[0] == S_IFDIR,
                    "modified_ns": stat[7] * 1_000_000_000,
                    "file_size": stat[6],
                }
            )
        cluster, _, total, free = self.drive.statvfs("/")[:4]
        per_cluster = cluster // BLOCK_BYTES
        return self._json(
            {
                "free": free * per_cluster,
                "total": total * per_cluster,
                "block_size": BLOCK_BYTES,
                "writable": not (self.usb_active or self.drive.readonly),
                "files": files,
            }
        )

    def _change(self, connection: socket.socket, request: Request, path: str) -> bytes:
        try:
            if request.method == "DELETE":
                (self.drive.rmdir if self._is_folder(path) else self.drive.remove)(path.rstrip("/"))
                self._reload()
                return _status(204, "No Content")
            if request.method == "MOVE":
                return self._move(path, request.headers.get("X-Destination", ""))
            if request.method == "PUT" and path.endswith("/"):
                return self._make_folder(path.rstrip("/"))
            if request.method == "PUT":
                return self._upload(connection, request, path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return _status(404, "Not Found")
            if error.errno == errno.ENOSPC:
                return _status(413, "Payload Too Large")
            raise
        return _status(405, "Method Not Allowed")

    def _is_folder(self, path: str) -> bool:
        return self.drive.stat(path.rstrip("/"))[0] == S_IFDIR

    def _move(self, path: str, destination: str) -> bytes:
        target = unquote(destination.removeprefix("/fs"))
        with contextlib.suppress(OSError):
            self.drive.stat(target)
            return _status(412, "Precondition Failed")
        self.drive.rename(path, target)
        self._reload()
        return _status(201, "Created")

    def _make_folder(self, path: str) -> bytes:
        try:
            self.drive.mkdir(path)
        except OSError as error:
            if error.errno == errno.EEXIST:
                return _status(204, "No Content")
            raise
        return _status(201, "Created")

    def _upload(self, connection: socket.socket, request: Request, path: str) -> bytes:
        """In place: the size first, then piece by piece; what breaks on the way stays broken."""
        try:
            self.drive.stat(path)
            is_new = False
        except OSError:
            is_new = True
        cluster, _, _, free = self.drive.statvfs("/")[:4]
        present = 0 if is_new else self.drive.stat(path)[6]
        if request.length - present > cluster * free:
            return _status(413, "Payload Too Large")
        spoil = self.garble_uploads > 0
        self.garble_uploads -= spoil
        with self.drive.open(path, "wb") as file:
            received = 0
            while received < request.length:
                piece = self._receive(connection, min(PIECE_BYTES * 16, request.length - received))
                if not piece:
                    raise ConnectionResetError
                if spoil and received == 0:
                    piece = bytes([piece[0] ^ 1]) + piece[1:]
                file.write(piece)
                received += len(piece)
        self._reload()
        return _status(201, "Created") if is_new else _status(204, "No Content")

    def _receive(self, connection: socket.socket, most: int) -> bytes:
        if self.cut_after_bytes is not None:
            most = min(most, self.cut_after_bytes)
        piece = connection.recv(most) if most else b""
        if self.cut_after_bytes is not None:
            self.cut_after_bytes -= len(piece)
        return piece

    def _reload(self) -> None:
        self.board.file_was_written()

    def _json(self, value: object) -> bytes:
        """As the board sends it: in chunks."""
        body = json.dumps(value).encode()
        half = len(body) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (body[:half], body[half:]) if one)
        return (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
            + chunks
            + b"0\r\n\r\n"
        )

    # The console

    def _serve_console(self, connection: socket.socket, request: Request) -> None:
        key = request.headers.get("Sec-WebSocket-Key", "")
        if self.password is None or not self._is_authenticated(request) or not key:
            connection.sendall(_status(401, "Unauthorized"))
            return
        accepted = base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET_GUID).digest()).decode()
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
        )
        told = len(self.board.console)
        connection.settimeout(POLL_SECONDS)
        while not self._closing.is_set() and not self.is_cut and self.board.powered:
            lines = self.board.console[told:]
            told += len(lines)
            text = "".join(f"{line.text}\r\n" for line in lines).encode()
            # Frames end anywhere, also inside a character.
            for at in range(0, len(text), 100):
                piece = text[at : at + 100]
                connection.sendall(bytes([0x81, len(piece)]) + piece)
            try:
                frame = connection.recv(1024)
            except TimeoutError:
                continue
            if not frame:
                return
            if frame[0] & 0x0F == 8:
                connection.sendall(bytes([0x88, 2]) + struct.pack(">H", 1000))
                return
        time.sleep(POLL_SECONDS)


def _status(status: int, reason: str, header: str = "", body: bytes = b"") -> bytes:
    extra = f"{header}\r\n" if header else ""
    return f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body
