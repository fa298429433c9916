"""A new build behind a host that caches: the old whole build or the new whole build, with and without a network."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import NewPage
from tests.site_sym.test_build import SITE, deno
from tests.support import PageFaults
from tools.stack import Stack

NO_NETWORK = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource|Failed to find a valid digest"
REGISTER = """async () => {
  await navigator.serviceWorker.register("./service-worker.js", { updateViaCache: "none" });
  await navigator.serviceWorker.ready;
}"""
# Looks for a new build, a few times because the browser looks by itself, too, and may have begun before it was there;
# says whether a build of this name is kept now.
UPDATE = """async ([name, looks]) => {
  const registration = await navigator.serviceWorker.getRegistration();
  for (let look = 0; look < looks; look += 1) {
    await registration.update().catch(() => undefined);
    do await new Promise((resolve) => setTimeout(resolve, 100)); while (registration.installing);
    if (registration.waiting && (await caches.keys()).includes(name)) return true;
  }
  return false;
}"""


@dataclass
class Host:
    """A static host with ten minutes of cache and two builds, of which one is deployed at a time."""

    builds: dict[str, Path]
    deployed: str = "old"
    # Names of files that are not there yet.
    missing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def names(self) -> dict[str, str]:
        """The main script of each build."""
        return {build: next(folder.glob("assets/first-*.js")).name for build, folder in self.builds.items()}


class Handler(SimpleHTTPRequestHandler):
    """Serves what is deployed, with `max-age=600` and without a tag to compare."""

    def __init__(self, host: Host, *arguments: object) -> None:
        self.host = host
        super().__init__(*arguments, directory=str(host.builds[host.deployed]))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """A file, or 404 where the deployment has not come to it yet."""
        name = self.path.split("?")[0].rsplit("/", 1)[-1]
        self.host.asked.append(name)
        if self.path == "/config.json":
            self._answer(json.dumps({"supabaseUrl": self.host.url, "supabaseKey": "sb_publishable_x"}).encode())
        elif name in self.host.missing:
            self.send_error(404)
        else:
            super().do_GET()

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_header(self, keyword: str, value: str) -> None:
        """Without the time of the last change: nothing to revalidate by."""
        if keyword != "Last-Modified":
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        """Every answer may be kept for ten minutes."""
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def host(stack: Stack, tmp_path: Path) -> Iterator[Host]:
    """The portal's build as the old one, and the same with other names of scripts and product as the new one.

    A script's name has a hash of what it says, with the names of those that it imports: no two builds share a part.
    """
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(SITE / "dist", old)
    shutil.copytree(SITE / "dist", new)
    scripts = [path.name for path in new.glob("assets/*.js")]
    names = re.compile("|".join(re.escape(name.removesuffix(".js")) for name in scripts))
    for path in [new / "index.html", *new.glob("assets/*.js")]:
        text = names.sub(lambda name: f"{name[0]}-NEWBUILD", path.read_text(encoding="utf-8"))
        path = path.rename(path.with_stem(f"{path.stem}-NEWBUILD")) if path.suffix == ".js" else path
        path.write_text(text.replace("Uptime Logger", "Logger of the new build"), encoding="utf-8")
    module = (SITE / "service-worker.build.ts").as_uri()
    program = f'import {{ writeServiceWorker }} from "{module}"; writeServiceWorker({json.dumps(str(new))});'
    done = deno("eval", program)
    assert done.returncode == 0, done.stderr
    served = Host({"old": old, "new": new})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, served))
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page that keeps its files in the browser."""
    return new_page(service_workers="allow")


def finds_new_build(page: Page, host: Host, looks: int = 8) -> bool:
    """Whether a few looks for a new build bring the new one, whole."""
    worker = (host.builds["new"] / "service-worker.js").read_text(encoding="utf-8")
    [name] = re.findall(r'"(portal-[0-9a-f]+)"', worker)
    return bool(page.evaluate(UPDATE, [name, looks]))


def open_old_build(page: Page, host: Host) -> None:
    """The old build is open, and kept."""
    page.goto(host.url)
    page.evaluate(REGISTER)
    page.reload()
    expect_build(page, "old")


def expect_build(page: Page, build: str) -> None:
    """The page is there, and its words and its script are of one build."""
    name = {"old": "Uptime Logger", "new": "Logger of the new build"}[build]
    expect(page.locator("main strong", has_text=name)).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page).to_have_title(f"Sign in · {name}")
    sources = page.evaluate("() => [...document.scripts].map(({ src }) => src)")
    assert any(("NEWBUILD" in source) == (build == "new") for source in sources if "first-" in source)


def test_a_new_build_comes_whole_past_the_cache_of_its_host(page: Page, host: Host, page_faults: PageFaults) -> None:
    """The old index.html lies in the HTTP cache for ten minutes; the new build opens all the same, also offline."""
    page_faults.allow(NO_NETWORK)
    open_old_build(page, host)

    host.deployed = "new"
    assert finds_new_build(page, host)
    page.reload()
    expect_build(page, "new")
    page.context.set_offline(True)
    page.reload()

    expect_build(page, "new")


def test_a_deployment_that_is_half_way_changes_nothing(page: Page, host: Host, page_faults: PageFaults) -> None:
    """One file is still missing: the old build stays, whole, with and without a network, until the new one is there."""
    page_faults.allow(f"{NO_NETWORK}|404")
    open_old_build(page, host)
    host.deployed, host.missing = "new", {host.names["new"]}

    assert not finds_new_build(page, host, looks=3)
    assert host.names["new"] in host.asked
    page.reload()
    expect_build(page, "old")
    page.context.set_offline(True)
    page.reload()
    expect_build(page, "old")
    page.context.set_offline(False)
    host.missing = set()
    assert finds_new_build(page, host)
    page.reload()

    expect_build(page, "new")


def test_a_file_of_another_build_is_not_kept(page: Page, host: Host, page_faults: PageFaults) -> None:
    """A cache in between hands out the old index.html beside the new worker: its hash is wrong, nothing changes."""
    page_faults.allow(NO_NETWORK)
    open_old_build(page, host)
    index = host.builds["new"] / "index.html"
    right = index.read_bytes()
    index.write_bytes((host.builds["old"] / "index.html").read_bytes())
    host.deployed = "new"

    assert not finds_new_build(page, host, looks=3)
    assert host.names["new"] in host.asked
    page.reload()
    expect_build(page, "old")
    index.write_bytes(right)
    assert finds_new_build(page, host)
    page.reload()

    expect_build(page, "new")


def test_a_page_that_is_open_keeps_the_parts_of_its_build(page: Page, host: Host, page_faults: PageFaults) -> None:
    """They are gone from the server, and may still be asked for; whatever is opened from now on is of the new build."""
    page_faults.allow(NO_NETWORK)
    open_old_build(page, host)
    other = page.context.new_page()
    other.goto(host.url)
    expect_build(other, "old")
    host.deployed = "new"
    assert finds_new_build(page, host)

    page.reload()

    expect_build(page, "new")
    expect_build(other, "old")
    assert other.evaluate("(name) => fetch(`./assets/${name}`).then(({ ok }) => ok)", host.names["old"])
