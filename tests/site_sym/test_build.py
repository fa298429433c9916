"""What a build is made of: types, size, content policy, the project it is for; and config.json on the page."""

import gzip
import json
import os
import re
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support import PageFaults
from tools.stack import Stack
from tools.stack.stack import find_deno

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "site_sym"
MAX_INITIAL_JS_BYTES = 98_500
PROJECT = "https://abcdefghijklmnopqrst.supabase.co"


def deno(
    *arguments: str, folder: Path = SITE, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Deno in a folder; a project in the caller's environment is not passed on."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE_")}
    environment = {**inherited, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", **(variables or {})}
    command = [str(find_deno()), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class Resources(HTMLParser):
    """The elements of an HTML page, in order, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))


@pytest.fixture
def dist(stack: Stack) -> Path:
    """The built portal that the shared stack serves."""
    return SITE / "dist"


def test_types_are_right() -> None:
    """svelte-check finds neither errors nor warnings in the portal and its unit tests."""
    done = deno("run", "-A", "npm:svelte-check", "--fail-on-warnings", "--output", "human")

    assert done.returncode == 0, done.stdout


def test_units_do_what_they_say() -> None:
    """Formatters, routes, filters and words, in a zone with summer time; the migrations say what needs words."""
    folder = ROOT / "tests" / "site_sym" / "unit"
    allowed = ["--allow-env=TZ", f"--allow-read={ROOT / 'supabase' / 'migrations'}"]

    done = deno("test", "--no-check", *allowed, ".", folder=folder, variables={"TZ": "Europe/Berlin"})

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_visit_loads_little_javascript(dist: Path) -> None:
    """The page's module and what it imports at once, compressed."""
    page = Resources((dist / "index.html").read_text())
    scripts = [a["src"] for tag, a in page.elements if tag == "script" and a.get("src")]
    preloads = [a["href"] for tag, a in page.elements if tag == "link" and a.get("rel") == "modulepreload"]

    size = sum(len(gzip.compress((dist / str(path)).read_bytes())) for path in [*scripts, *preloads])

    assert size <= MAX_INITIAL_JS_BYTES


def test_the_content_policy_comes_first_and_nothing_is_inline(dist: Path) -> None:
    """No script, style or handler in the page itself; no address but relative ones, so any sub-path serves it."""
    html = (dist / "index.html").read_text()
    elements = Resources(html).elements
    tags = [tag for tag, _ in elements]
    policy = elements[tags.index("head") + 1][1]

    assert policy["http-equiv"] == "Content-Security-Policy"
    assert str(policy["content"]).startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in html
    assert "style" not in tags
    assert all(a.get("src") for tag, a in elements if tag == "script")
    assert not [a for _, a in elements if any(name == "style" or name.startswith("on") for name in a)]
    addresses = [a[name] for _, a in elements for name in ("src", "href") if a.get(name)]
    assert addresses and all(str(address).startswith("./") for address in addresses)


def test_no_file_of_the_build_names_a_third_party_to_load_from(dist: Path) -> None:
    """Addresses in the scripts are names of standards or words for people, never something that is fetched."""
    styles = "".join(path.read_text() for path in (dist / "assets").glob("*.css"))

    assert re.findall(r"url\((?!\./|[\w-]+\.woff2)[^)]*\)", styles) == []
    assert "@import" not in styles


def test_a_build_for_a_project_may_talk_to_it_and_knows_its_key(tmp_path: Path) -> None:
    """SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY go into the content policy and into config.json."""
    variables = {"SUPABASE_URL": f"{PROJECT}/", "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_abc"}

    done = deno("run", "-A", "npm:vite", "build", "--outDir", str(tmp_path / "out"), variables=variables)

    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert f"connect-src 'self' {PROJECT} {PROJECT.replace('https', 'wss')};" in html
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config == {"supabaseUrl": PROJECT, "supabaseKey": "sb_publishable_abc"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SUPABASE_URL": PROJECT}, "Set both"),
        ({"SUPABASE_URL": PROJECT, "SUPABASE_PUBLISHABLE_KEY": "sb_secret_abc"}, "secret key"),
    ],
)
def test_a_build_with_half_a_project_or_a_secret_key_stops(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    """Nothing is written, and the message says what to set."""
    done = deno("run", "-A", "npm:vite", "build", "--outDir", str(tmp_path / "out"), variables=variables)

    assert done.returncode != 0
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, "Not found", "There is no config.json beside index.html"),
        (200, "<html>", "config.json is not valid JSON"),
        (200, '{"supabaseKey": "sb_publishable_abc"}', "“supabaseUrl” in config.json is missing or wrong"),
        (200, f'{{"supabaseUrl": "{PROJECT}"}}', "“supabaseKey” in config.json is missing or wrong"),
        (200, f'{{"supabaseUrl": "{PROJECT}", "supabaseKey": "sb_secret_abc"}}', "config.json holds a secret key"),
        (200, f'{{"supabaseUrl": "{PROJECT}", "supabaseKey": "sb_publishable_abc"}}', "this build may only talk to"),
    ],
)
def test_a_missing_or_wrong_config_is_explained_on_the_page(
    page: Page, stack: Stack, page_faults: PageFaults, status: int, body: str, words: str
) -> None:
    """Instead of an empty page: what is wrong with config.json and what to do."""
    page_faults.allow("status of 404")

    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="application/json")

    page.route("**/config.json", answer)
    page.goto(stack.url)

    expect(page.get_by_role("heading", name="This portal is not set up yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(words)


def test_the_portal_works_below_a_sub_path(page: Page, stack: Stack) -> None:
    """Project pages live under /<name>/: every file is asked for beside index.html."""
    prefix = f"{stack.url}/club/portal/"

    def below(route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace("/club/portal/", "/"))
        route.fulfill(response=answer)

    page.route(f"{prefix}**", below)
    page.goto(prefix, wait_until="networkidle")

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_unknown_address_leads_back_to_the_portal(page: Page, stack: Stack, page_faults: PageFaults) -> None:
    """404.html and the portal's own page for hashes that name nothing."""
    page_faults.allow("status of 404")

    answer = page.goto(f"{stack.url}/no/such/file")

    assert answer is not None and answer.status == 404
    expect(page.get_by_role("link", name="Open the portal")).to_be_visible()
