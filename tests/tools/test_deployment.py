"""DEPLOYMENT.md against what it describes: its words are the programs' own, and its backup is run."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeDatabase
from tests.tools import backup_commands
from tests.tools.checkout import ROOT
from tests.tools.management_api import PROJECT
from tests.tools.messages import errors_of, explained_phrases
from tools import supabase_cli
from tools.board.bus import LINEAR_MV
from tools.deploy import backup, check, cloud
from tools.deploy.deployment import Deployment, Target
from tools.deploy.errors import DeployError

TEXT = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")
BY_HAND = TEXT.partition("## By hand")[2].partition("\n## ")[0]
SYMPTOMS = TEXT.partition("## Troubleshooting by symptom")[2].partition("\n## ")[0]
MESSAGE = (
    '[{"device_uuid": "550e8400-e29b-41d4-a716-446655440000", "session_start": "2025-10-23T18:00:00Z",'
    ' "run_seconds": 1200, "last_update": "2025-10-23T18:20:00Z", "status": "open",'
    ' "msg_id": "550e8400-e29b-41d4-a716-446655440000:2025-10-23T18:00:00Z:1200"}]'
)

INGEST_ANSWERS = [
    (404, ""),
    (401, "access_token_wrong"),
    (401, "device_key_wrong"),
    (401, ""),
    (540, ""),
    (503, "unavailable"),
    (429, ""),
    (500, ""),
    (302, ""),
]


def words_of(folder: str) -> str:
    """All texts in a folder's modules, with strings that continue on the next line joined."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py")))
    return re.sub(r'"\s*\n\s*f?"', "", code)


def test_every_step_has_a_line_that_verifies_it() -> None:
    """From the account to the aircraft, and by hand."""
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    steps = [section for section in sections if re.match(r"\d\. |What you need|By hand|Updating|Backing", section)]

    assert len(steps) == 12
    assert [step.splitlines()[0] for step in steps if "Verify" not in step and "| verify |" not in step] == []


# Where page, tools and documents send people, and what they look for there.
NAMED_STEPS = {"5": "PSRAM", "8": "two resistors from the bus to a pin"}


def test_a_step_that_is_named_elsewhere_has_what_it_is_named_for() -> None:
    """On the page, in a finding, a log line or another document: the number is right."""
    named: dict[str, list[str]] = {}
    for pattern in (
        "*.md",
        "firmware/*",
        "tools/**/*.py",
        "tools/**/*.md",
        "site_sym/src/**/*.ts",
        "site_sym/README.md",
    ):
        for path in ROOT.glob(pattern):
            for step in re.findall(r"DEPLOYMENT\.md, step\s+(\d+)", path.read_text(encoding="utf-8")):
                named.setdefault(step, []).append(path.name)

    assert {"texts.ts", "bus.py"} <= set(named["8"])
    assert NAMED_STEPS.keys() == named.keys()
    for step, subject in NAMED_STEPS.items():
        assert subject in section(step)


def section(step: str) -> str:
    """The text of a numbered step."""
    return TEXT.partition(f"\n## {step}. ")[2].partition("\n## ")[0]


def test_the_wiring_is_drawn_and_its_figures_are_right() -> None:
    """What the drawing has; each divider's ratio by its resistors, and no more than 2.5 V at the pin."""
    wiring = section("8").partition("two resistors from the bus to a pin")[2]
    drawing = wiring.partition("```text")[2].partition("```")[0]
    rows = re.findall(r"^\| \d+ V \| (\d+) kΩ \| (\d+) kΩ \| ([\d.]+) \| .*, ([\d.]+) V \((\d+) V\) \|$", wiring, re.M)

    assert [
        part for part in ("bus", "fuse", "diode", "[R1]", "[R2]", "pin (A2)", "clamp", "µF") if part not in drawing
    ] == []
    assert len(rows) == 2
    for upper, lower, ratio, at_pin, bus_volts in rows:
        assert ratio == f"{(int(upper) + int(lower)) / int(lower):.2f}"
        assert float(at_pin) == pytest.approx(int(bus_volts) / float(ratio), abs=0.05)
        assert float(at_pin) <= LINEAR_MV / 1000


def test_it_says_what_has_not_been_tried() -> None:
    """Before the first step."""
    beginning = TEXT.partition("## ")[0]

    assert "Nothing has been run against a hosted Supabase project yet" in beginning
    assert "nothing on real hardware" in beginning


def test_what_deploy_says_is_quoted_rightly() -> None:
    """Every quotation in the table of symptoms is a message that exists."""
    quoted = re.findall(r'^\| `deploy`: "([^"]+?)(?: \.\.\.)?"', SYMPTOMS, re.MULTILINE)
    said = words_of("tools/deploy")

    assert len(quoted) >= 8
    assert [quotation for quotation in quoted if quotation not in said] == []


def test_every_error_of_deploy_is_explained() -> None:
    """Each has a phrase in the table of its README, and no phrase is left over."""
    phrases = explained_phrases(ROOT / "tools/deploy/README.md")
    said = [*errors_of("tools/deploy", "DeployError"), *errors_of("tools/commands", "DeployError")]
    said += [text.lower() for _, text in cloud.EXPLANATIONS]
    said += [check.explain_ingest(status, body).lower() for status, body in INGEST_ANSWERS]

    assert [text for text in said if not any(phrase in text for phrase in phrases)] == []
    assert [phrase for phrase in phrases if not any(phrase in text for text in said)] == []


def test_log_lines_are_quoted_rightly() -> None:
    """Every line of the board's log that it names is explained by the firmware's own page."""
    readme = (ROOT / "firmware/README.md").read_text(encoding="utf-8")
    spans = re.findall(r"`((?:New session|Wi-Fi|NTP|POST|Server changed|Boot…|Device UUID)[^`]*)`", TEXT)

    assert len(spans) >= 8
    assert [span for span in spans if re.split(r"[:…] ?\.\.\.|…| \.\.\.| for ever", span)[0] not in readme] == []


def test_the_commands_by_hand_are_those_of_deploy() -> None:
    """The same commands with the same options, in the same order; the linked project instead of a named one."""
    target = Target(PROJECT, "https://club.example/", "hangar-7-access-token")
    automatic = [
        command.split()[1:]
        for step in Deployment(target).steps()
        for command in step.commands
        if command.startswith("supabase ")
    ]
    typed = [
        line.split("#")[0].split("&&")[0].split()[1:] for line in BY_HAND.splitlines() if line.startswith("supabase ")
    ]

    for words in automatic:
        if words[0] == "projects" and words[1] == "list":
            continue
        same = [line for line in typed if line[:2] == words[:2] or line[0] == words[0] == "link"]
        assert len(same) == 1, words
        mine = {word for word in words if word.startswith("--")} - {"--workdir", f"--remote={PROJECT}"}
        assert mine - {"--yes"} <= set(same[0]), words
    order = [line[0] for line in typed if line[1:2] not in (["list"], ["diff"])]
    assert order == ["login", "link", "config", "db", "secrets", "functions", "projects"]


def offered_by(*command: str) -> set[str]:
    """The subcommands of the Supabase CLI, or of one of its commands."""
    run = [str(supabase_cli.find_cli()), *command, "--help"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True).stdout.partition("SUBCOMMANDS\n")[2]
    return {
        word
        for names in re.findall(r"^  (\w[\w, -]*?)  ?(?=[A-Z ])", shown, re.MULTILINE)
        for word in names.split(", ")
    }


def test_the_commands_of_the_cli_exist() -> None:
    """Every one that a document or a remedy tells to type."""
    documents = [path for pattern in ("*.md", "*/README.md", "*/*/README.md") for path in ROOT.glob(pattern)]
    texts = [path.read_text(encoding="utf-8") for path in documents if "node_modules" not in path.parts]
    command = r"supabase ([a-z]+)(?: ([a-z-]+))?"
    typed = {words for text in texts for words in re.findall(rf"(?:^|`){command}", text, re.MULTILINE)}
    typed |= set(re.findall(command, (ROOT / "tools/board/ingest.py").read_text(encoding="utf-8")))
    groups = {first for first, _ in typed} & {"config", "db", "functions", "migration", "projects", "secrets"}

    assert {first for first, _ in typed} - offered_by() == set()
    for group in groups:
        assert {second for first, second in typed if first == group} - offered_by(group) == set(), group


def test_the_backup_can_be_restored_into_a_new_project(make_database: MakeDatabase, tmp_path: Path) -> None:
    """The two commands as they stand there; the new project has all rows, an identity of its own, and no more."""
    old, new = make_database(), make_database()
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'pilot@example.org')")
        connection.execute("select public.ingest(%s, null, false)", [MESSAGE])
    file = tmp_path / "backup.sql"

    told = backup_commands.run(backup_commands.BACKUP, file, old)
    backup_commands.run(backup_commands.RESTORE, file, new)

    assert "1 devices, 1 sessions" in told
    assert file.stat().st_mode & 0o777 == 0o600
    counts = "select (select count(*) from auth.users), (select count(*) from fleets), (select count(*) from sessions)"
    with psycopg.connect(old) as before, psycopg.connect(new) as after:
        assert after.execute(counts).fetchone() == before.execute(counts).fetchone() == (1, 1, 1)
        ids = "select server_id from private.settings"
        assert after.execute(ids).fetchone() != before.execute(ids).fetchone()
    with pytest.raises(DeployError, match="not empty"):
        backup.restore(new, file)


def test_half_a_backup_is_neither_written_nor_restored(make_database: MakeDatabase, tmp_path: Path) -> None:
    """Cut off, it is refused before anything is asked of the database; one that cannot be read leaves no file."""
    file = tmp_path / "backup.sql"
    file.write_text("COPY public.planes (plane_id) FROM stdin;\n")
    database = make_database()

    with pytest.raises(DeployError, match="no whole backup"):
        backup.restore(database, file)
    with pytest.raises(DeployError, match=r"cannot be reached \((?!.*hush).*\)"):
        backup.dump("postgresql://postgres:hush@127.0.0.1:9/x", tmp_path / "new.sql")
    with pytest.raises(DeployError, match="Which database"):
        backup.database_of(PROJECT, tmp_path, "")

    assert list(tmp_path.iterdir()) == [file]
