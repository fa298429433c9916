"""The portal's files as the local stack serves them, their build, and the watch over browser pages."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.conftest import MakeDatabase
from tests.support import HTTP_SECONDS, PageFaults
from tools.stack import Stack, StackError
from tools.stack.build import build_portal
from tools.stack.stack import REPOSITORY, find_deno

POLICY = "default-src 'none'; script-src 'self'; img-src 'self'; connect-src 'self'"
SCRIPT = "assets/index-DQn2kX1a.js"


@pytest.fixture(scope="module")
def portal(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that serves a small portal, with a secret beside it."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "secret.txt").write_text("secret")
    built = folder / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<link rel="icon" href="./icon.svg"><script type="module" src="./{SCRIPT}"></script>'
    )
    (built / "404.html").write_text("<!doctype html>nothing here")
    (built / "config.json").write_text('{"supabaseUrl": "the production project"}')
    (built / "icon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (built / SCRIPT).write_text("document.title = (await (await fetch('./config.json')).json()).supabaseUrl;")
    (built / ".hidden").write_text("secret")
    (built / "link.txt").symlink_to(folder / "secret.txt")
    function = folder / "index.ts"
    function.write_text("export default { fetch: () => new Response() };")
    (folder / "migrations").mkdir()
    project: dict[str, Any] = {"migrations": folder / "migrations", "function": function}
    with Stack(folder / "data", 0, make_database(migrated=False), portal=built, **project) as running:
        yield running


def raw_get(url: str, path: str) -> bytes:
    """The answer to a GET of a path that HTTP clients would normalise before they send it."""
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    with socket.create_connection(address) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65_536):
            answer += part
    return answer


def test_the_start_page_is_html_and_checked_again_each_time(portal: Stack) -> None:
    """index.html is found at /, with a tag that saves sending it twice."""
    first = httpx.get(f"{portal.url}/", timeout=HTTP_SECONDS)
    again = httpx.get(f"{portal.url}/", headers={"if-none-match": first.headers["etag"]}, timeout=HTTP_SECONDS)

    assert first.status_code == 200
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_text_is_compressed_for_those_who_take_it(portal: Stack) -> None:
    """As static hosts do; a client that says nothing gets it as it is."""
    packed = httpx.get(f"{portal.url}/", headers={"accept-encoding": "gzip"}, timeout=HTTP_SECONDS)
    plain = httpx.get(f"{portal.url}/", headers={"accept-encoding": "identity"}, timeout=HTTP_SECONDS)

    assert "gzip" == packed.headers["content-encoding"]
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text


def test_hashed_assets_are_kept_for_good(portal: Stack) -> None:
    """A file with a content hash in its name never has to be asked for again, and has its right type."""
    answer = httpx.get(f"{portal.url}/{SCRIPT}", timeout=HTTP_SECONDS)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/nothing", "/assets/nothing-12345678.js", "/index.html/nothing", "/assets/"])
def test_an_unknown_path_is_the_portals_404(portal: Stack, path: str) -> None:
    """There is no fallback to the start page: the portal's routes are behind the #."""
    answer = httpx.get(f"{portal.url}{path}", timeout=HTTP_SECONDS)

    assert (answer.status_code, answer.text) == (404, "<!doctype html>nothing here")
    assert answer.headers["cache-control"] == "no-cache"


def test_an_unknown_function_is_a_404(portal: Stack) -> None:
    """Only the project's own function is there."""
    answer = httpx.post(f"{portal.url}/functions/v1/nothing", timeout=HTTP_SECONDS)

    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_the_stack_says_where_the_backend_is_whatever_the_build_says(portal: Stack) -> None:
    """A config.json in the build belongs to another project."""
    assert httpx.get(f"{portal.url}/config.json", timeout=HTTP_SECONDS).json()["supabaseUrl"] == portal.url


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/link.txt",
        "/.hidden",
        "/assets/..%2f.hidden",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/%00",
        "/%",
    ],
)
def test_no_path_leads_out_of_the_portal(portal: Stack, path: str) -> None:
    """Whatever the spelling, files beside the built portal and hidden ones stay out of reach."""
    answer = raw_get(portal.url, path)

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"secret" not in answer
    assert b"root:" not in answer


def test_the_portals_files_are_read_only(portal: Stack) -> None:
    """Other methods than GET and HEAD are refused, and HEAD has no body."""
    post = httpx.post(f"{portal.url}/index.html", content=b"x", timeout=HTTP_SECONDS)
    head = httpx.head(f"{portal.url}/index.html", timeout=HTTP_SECONDS)

    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")
    assert (head.status_code, head.content) == (200, b"")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a portal of one page, which uses the packages that are installed here."""
    portal = tmp_path / "site_sym"
    portal.mkdir()
    (tmp_path / "node_modules").symlink_to(REPOSITORY / "node_modules")
    (portal / "node_modules").symlink_to(REPOSITORY / "site_sym" / "node_modules")
    (tmp_path / "deno.json").write_text(
        json.dumps({"workspace": ["./site_sym"], "nodeModulesDir": "manual", "lock": False})
    )
    (tmp_path / "deno.lock").touch()
    (portal / "package.json").write_bytes((REPOSITORY / "site_sym" / "package.json").read_bytes())
    (portal / "index.html").write_text('<!doctype html><script type="module" src="./main.js"></script>')
    (portal / "main.js").write_text('document.title = "first";')
    return tmp_path


def test_the_portal_is_built_again_only_when_its_sources_changed(repository: Path) -> None:
    """Same sources: no build. Another one: the new build replaces the old one wholly."""
    steps: list[str] = []
    first = build_portal(repository, find_deno(), steps.append)
    build_portal(repository, find_deno(), steps.append)
    assert steps == ["Building the portal"]

    (repository / "site_sym" / "main.js").write_text('document.title = "second";')
    second = build_portal(repository, find_deno(), steps.append)

    scripts = list(second.glob("assets/*.js"))
    assert steps == ["Building the portal"] * 2
    assert second == first == repository / "site_sym" / "dist"
    assert len(scripts) == 1
    assert "second" in scripts[0].read_text()


def test_a_failing_build_shows_its_own_error_and_keeps_the_old_one(repository: Path) -> None:
    """The error names the file, without colours and without the bundler's stack; the last good build stays."""
    output = build_portal(repository, find_deno(), lambda text: None)
    good = (output / "index.html").read_text()
    (repository / "site_sym" / "main.js").write_text('import "./missing.js";')

    with pytest.raises(StackError) as raised:
        build_portal(repository, find_deno(), lambda text: None)

    message = str(raised.value)
    assert message.startswith("The portal does not build (site_sym/):\n")
    assert "Could not resolve './missing.js' in main.js" in message
    assert "\x1b" not in message
    assert "node_modules" not in message
    assert (output / "index.html").read_text() == good
    assert sorted(path.name for path in (repository / ".local").iterdir()) == ["portal.lock", "portal.sha256"]


def test_a_project_in_the_environment_is_not_built_into_the_local_portal(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a deployment exports must not end up in the page that the local stack serves."""
    monkeypatch.setenv("SUPABASE_URL", "https://elsewhere.example.org")
    (repository / "site_sym" / "vite.config.js").write_text(
        "export default { define: { PROJECT: JSON.stringify(process.env.SUPABASE_URL ?? 'none') } };"
    )
    (repository / "site_sym" / "main.js").write_text("document.title = PROJECT;")

    output = build_portal(repository, find_deno(), lambda text: None)

    script = next(output.glob("assets/*.js")).read_text()
    assert "none" in script
    assert "elsewhere" not in script


def test_a_page_without_faults_passes(portal: Stack, page: Page) -> None:
    """The page's own requests, to the files and to config.json, are no faults."""
    page.goto(portal.url)

    # A function: an expression that is not true at once is evaluated again in the page, which its policy forbids.
    page.wait_for_function("(title) => document.title === title", arg=portal.url)


def test_every_kind_of_page_fault_is_seen(portal: Stack, page: Page, page_faults: PageFaults) -> None:
    """Console errors, exceptions, policy violations and requests to other hosts are found, and can be allowed."""
    page.goto(portal.url)

    page.evaluate("console.error('deliberate')")
    page.evaluate("void setTimeout(() => { throw new Error('thrown') })")
    page.evaluate("void document.body.append(Object.assign(new Image(), { src: 'data:image/png,x' }))")

    expected = ("console: deliberate", "page error: thrown", "content security policy: img-src")
    for _ in range(2_400):
        missing = [start for start in expected if not any(fault.startswith(start) for fault in page_faults.found)]
        if not missing:
            break
        page.wait_for_timeout(50)
    unexpected = page_faults.unexpected()
    page_faults.allow(".")
    assert missing == []
    assert unexpected == page_faults.found
    assert page_faults.unexpected() == []


def test_a_request_to_another_host_is_a_fault_and_goes_nowhere(page: Page, page_faults: PageFaults) -> None:
    """The browser of the tests resolves no name."""
    page_faults.allow("example.org")

    with pytest.raises(PlaywrightError, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")

    assert page_faults.found == ["request to another host: http://example.org/"]
