"""The lock files agree with the manifests and with each other, without asking any registry."""

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools.checkout import ROOT
from tools.bootstrap.checkout import LOCK_OF_PIP

PYTHON_LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-pip.lock")
DENO_LOCKS = sorted(path.relative_to(ROOT) for path in [ROOT / "deno.lock", *ROOT.glob("tools/*/deno.lock")])
# Of the Adafruit libraries' own requirements we take none: Blinka would bring a `board` module of its own.
LEFT_OUT = {"adafruit-blinka", "adafruit-circuitpython-busdevice", "adafruit-circuitpython-typing"}


def pins(lock: str) -> dict[str, Requirement]:
    """The requirements of a lock file by name, markers included."""
    found: dict[str, Requirement] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.rstrip("\\ "))
            found[canonicalize_name(requirement.name)] = requirement
    return found


def version_of(requirement: Requirement) -> str:
    """The one version that a pin allows."""
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def manifest() -> tuple[list[Requirement], list[Requirement]]:
    """What pyproject.toml names for every command, and for `test` on top."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return (
        [Requirement(text) for text in project["project"]["dependencies"]],
        [Requirement(text) for text in project["dependency-groups"]["test"]],
    )


def test_everything_in_pyproject_is_pinned_and_locked_at_that_version() -> None:
    """A manifest that was edited without its lock files is found out here."""
    always, for_tests = manifest()

    wanted = {canonicalize_name(one.name): version_of(one) for one in always}
    wanted_by_test = wanted | {canonicalize_name(one.name): version_of(one) for one in for_tests}

    assert {name: version_of(pins("requirements.lock")[name]) for name in wanted} == wanted
    assert {name: version_of(pins("requirements-test.lock")[name]) for name in wanted_by_test} == wanted_by_test
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert [str(pin) for pin in pins(LOCK_OF_PIP).values()] == project["dependency-groups"]["pip"]


def test_the_test_set_holds_the_other_one() -> None:
    """`demo` finds everything where `test` was installed, in the same versions."""
    always, for_tests = pins("requirements.lock"), pins("requirements-test.lock")

    differing = {name: str(pin) for name, pin in always.items() if version_of(pin) != version_of(for_tests[name])}

    assert differing == {}


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_the_python_locks_are_complete(lock: str) -> None:
    """They are installed with --no-deps: whatever an installed package needs here must be in them."""
    here = {name: pin for name, pin in pins(lock).items() if pin.marker is None or pin.marker.evaluate()}
    missing = set()

    for name, pin in here.items():
        for text in importlib.metadata.requires(name) or []:
            needed = Requirement(text)
            extras = {"", *pin.extras}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                missing |= {canonicalize_name(needed.name)} - here.keys() - LEFT_OUT

    assert missing == set()


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_every_python_pin_carries_hashes_and_no_address(lock: str) -> None:
    """One version, at least one SHA-256, and nothing about where it came from."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    entries = re.split(r"\n(?=\S)", text.strip())

    for entry in entries:
        assert re.fullmatch(r"[\w.\[\]-]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry)


@pytest.mark.parametrize("lock", DENO_LOCKS, ids=str)
def test_every_npm_package_carries_its_integrity_and_no_address(lock: Path) -> None:
    """Every package is pinned by SHA-512; no tarball address, no jsr and no https import."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    content = json.loads(text)

    assert all(re.fullmatch(r"sha512-[\w+/]+=*", package["integrity"]) for package in content["npm"].values())
    assert all(specifier.startswith("npm:") for specifier in content["specifiers"])
    assert "://" not in text
    assert content.keys() <= {"version", "specifiers", "npm", "workspace"}


def test_the_deno_lock_knows_every_manifest() -> None:
    """The workspace in the lock file is the workspace on disk; `deno install --frozen` would refuse otherwise."""
    members = [Path(member) for member in json.loads((ROOT / "deno.json").read_text(encoding="utf-8"))["workspace"]]
    locked = json.loads((ROOT / "deno.lock").read_text(encoding="utf-8"))["workspace"]["members"]
    on_disk = {}

    for member in members:
        if (ROOT / member / "package.json").exists():
            package = json.loads((ROOT / member / "package.json").read_text(encoding="utf-8"))
            versions = package["dependencies"] | package["devDependencies"]
            dependencies = [f"npm:{name}@{version}" for name, version in versions.items()]
        else:
            imports = json.loads((ROOT / member / "deno.json").read_text(encoding="utf-8"))["imports"]
            # npm:@scope/name@1.0.0/part is a part of the package that the lock names.
            dependencies = [re.sub(r"(?<=\d)/.*", "", specifier) for specifier in imports.values()]
        on_disk[str(member)] = sorted(dependencies)

    in_lock = {name: sorted(member.get("packageJson", member)["dependencies"]) for name, member in locked.items()}
    assert in_lock == on_disk


def test_npm_versions_are_exact() -> None:
    """No range anywhere: what the lock file says is what the manifests say."""
    specifiers = json.loads((ROOT / "deno.lock").read_text(encoding="utf-8"))["specifiers"]

    ranges = [specifier for specifier in specifiers if not re.search(r"@\d+\.\d+\.\d+[\w.-]*$", specifier)]

    assert ranges == []
