"""Brings pip into an environment where Python's own ensurepip is missing, as on stock Debian and Ubuntu.

In this order: the pip that this Python has, uv, or the pinned wheel itself, fetched with the standard library from
where pip's own settings say (find-links, index-url, extra-index-url, cert). Whatever brings it, its hash is the lock's.
"""

import base64
import configparser
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tools.bootstrap.checkout import LOCK_OF_PIP, Checkout, SetupError

FETCH_SECONDS = 60

Run = Callable[[Sequence[str]], None]


def has_ensurepip() -> bool:
    """Whether Python's own way is there."""
    return importlib.util.find_spec("ensurepip") is not None


def install_pip(checkout: Checkout, python: str, run: Run) -> None:
    """Installs the pinned pip into an environment without one. Raises SetupError with the one command that helps."""
    lock = str(checkout.root / LOCK_OF_PIP)
    options = ["--require-hashes", "--no-deps", "-r", lock]
    if importlib.util.find_spec("pip") is not None:
        pip = [python, "-m", "pip", "--python", str(checkout.python), "install"]
        run([*pip, "--no-input", "--progress-bar", "off", "--disable-pip-version-check", *options])
    elif uv := shutil.which("uv"):
        run([uv, "pip", "install", "--python", str(checkout.python), *options])
    else:
        wheel = fetch_wheel(checkout)
        run([str(checkout.python), "-I", f"{wheel}/pip", "install", "--no-index", "--no-deps", str(wheel)])
        wheel.unlink()


def fetch_wheel(checkout: Checkout) -> Path:
    """The pinned wheel inside `.venv`, checked. Raises SetupError if no place that pip knows has it."""
    pin = (checkout.root / LOCK_OF_PIP).read_text(encoding="utf-8")
    name = f"pip-{re.findall(r'^pip==([^ ]+)', pin, re.MULTILINE)[0]}-py3-none-any.whl"
    tried = []
    for place in _places(name):
        try:
            data = _read(place)
        except (OSError, ValueError) as error:
            tried.append(f"{_without_password(place)}: {error}")
            continue
        if hashlib.sha256(data).hexdigest() not in re.findall(r"sha256:([0-9a-f]{64})", pin):
            raise SetupError(
                f"the pip that came from {_without_password(place)} is not the one that {LOCK_OF_PIP} names (hash"
                " mismatch), so nothing of it was used."
            )
        wheel = checkout.venv / name
        wheel.write_bytes(data)
        return wheel
    places = f" Tried: {', '.join(tried)}." if tried else ""
    raise SetupError(
        f"this Python ({sys.executable}) comes without ensurepip, which makes environments with pip, and neither pip"
        f" nor uv is there instead.{places} {_remedy()}"
    )


def _remedy() -> str:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    install = (
        f"Install it: {'' if os.geteuid() == 0 else 'sudo '}apt-get install python{version}-venv"
        if shutil.which("apt-get")
        else "Install the package of your system that carries the modules venv and ensurepip."
    )
    return (
        f"{install} Without root: name your package index in the variable PIP_INDEX_URL, and the pinned pip is fetched"
        " from there."
    )


def _places(wheel: str) -> Iterator[str]:
    """Addresses and files at which the wheel may be."""
    for folder in _setting("find-links"):
        yield urllib.parse.urljoin(_as_address(folder).rstrip("/") + "/", wheel)
    if _setting("no-index") in (["1"], ["true"], ["yes"], ["on"]):
        return
    for index in [*_setting("index-url"), *_setting("extra-index-url")]:
        page = _as_address(index).rstrip("/") + "/pip/"
        with contextlib.suppress(OSError, ValueError):
            text = _read(page).decode(errors="replace")
            for link in re.findall(rf"""href=["']([^"'#]*{re.escape(wheel)})[#"']""", text):
                yield urllib.parse.urljoin(page, link)
            continue
        yield page + wheel


def _as_address(place: str) -> str:
    return place if "://" in place else Path(place).absolute().as_uri()


def _setting(name: str) -> list[str]:
    """A setting of pip: from the environment, else from its files, the nearest one first."""
    variable = f"PIP_{name.upper().replace('-', '_')}"
    if variable in os.environ:
        return os.environ[variable].split()
    named = os.environ.get("PIP_CONFIG_FILE")
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"))
    files = [config / "pip/pip.conf", home / ".pip/pip.conf", Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
    if named:
        files = [] if named == os.devnull else [Path(named), *files]
    for file in files:
        parser = configparser.RawConfigParser()
        with contextlib.suppress(configparser.Error, UnicodeDecodeError):
            parser.read(file)
            for section in ("install", "global"):
                if parser.has_option(section, name):
                    return parser.get(section, name).split()
    return []


def _read(address: str) -> bytes:
    parts = urllib.parse.urlsplit(address)
    headers = {"Accept": "application/vnd.pypi.simple.v1+html, text/html;q=0.5, */*;q=0.1"}
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        address = address.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)
    certificates = _setting("cert")
    context = ssl.create_default_context(cafile=certificates[0] if certificates else None)
    with urllib.request.urlopen(
        urllib.request.Request(address, headers=headers), timeout=FETCH_SECONDS, context=context
    ) as answer:
        data: bytes = answer.read()
        return data


def _without_password(address: str) -> str:
    netloc = urllib.parse.urlsplit(address).netloc
    return address.replace(netloc, netloc.rpartition("@")[2], 1) if "@" in netloc else address
