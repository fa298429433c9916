"""A fleet's export: everything it has, for its members alone, however much it is."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import (
    Board,
    Person,
    Project,
    Row,
    add_component,
    add_item,
    connect,
    fleet_of,
    refused,
    settle_gap,
)
from tests.support import Account
from tools.stack import Stack

PARTS = [
    "fleet",
    "members",
    "planes",
    "meters",
    "devices",
    "ownerships",
    "assignments",
    "sessions",
    "annotations",
    "import_batches",
    "log_entries",
    "merged_entries",
    "merged_sessions",
    "session_parts",
    "settled_boot_gaps",
    "readings",
    "components",
    "component_installations",
    "maintenance_items",
    "maintenance_completions",
    "activity",
    "monthly_reports",
    "hours",
]
SESSIONS = 1203
CELLS: dict[str, str] = json.loads((Path(__file__).parents[1] / "csv_cells.json").read_text(encoding="utf-8"))
"""Text -> the cell of a CSV file that a spreadsheet takes for that text."""
CLUB = "00000000-0000-4000-8000-00000000000c"


def _pages(person: Person, fleet: str, function: str = "fleet_export") -> list[Row]:
    """The whole export, as a client gets it."""
    pages: list[Row] = []
    after = None
    while not pages or after is not None:
        pages.append(person.value(f"select {function}(%s, %s)", fleet, after))
        after = pages[-1]["next"]
    return pages


def _export(person: Person, fleet: str) -> dict[str, list[Row]]:
    """Part -> its rows."""
    parts: dict[str, list[Row]] = defaultdict(list)
    for page in _pages(person, fleet):
        parts[page["part"]] += page["rows"]
    return parts


def _files(person: Person, fleet: str) -> dict[str, str]:
    """Part -> its CSV file."""
    files: dict[str, str] = defaultdict(str)
    for page in _pages(person, fleet, "fleet_export_csv"):
        files[page["part"]] += page["csv"]
    return files


def test_everything_is_in_it(project: Project, owner: Person, plane: str, board: Board) -> None:
    """Fleet, members, planes, boards and their installation, sessions with notes, readings, maintenance, hours."""
    member = project.add_member(owner, "viewer")
    board.report("2026-05-01T08:00:00Z", 3600, boot=7, lifetime_seconds=9000)
    owner.run("insert into session_annotations (session_id, class, pilot) select session_id, 'flight', 'Amelia'"
              " from session_log")  # fmt: skip
    board.report("2026-03-01T08:00:00Z", 60, boot=4)
    gap = settle_gap(owner, board, 5, 6)
    owner.run("insert into session_annotations (hand_plane_id, hand_start, hand_seconds, remarks)"
              " values (%s, '2026-04-01T08:00:00Z', 60, 'by hand')", plane)  # fmt: skip
    owner.rows("select add_reading(%s, 36000, 'initial', '2026-04-15T00:00:00Z')", plane)
    engine, item = add_component(owner), add_item(owner, plane)
    owner.rows("select install_component(%s, %s, '2026-03-01')", engine, plane)
    report = owner.value("select (close_month(%s, '2026-02-01')).report_id", fleet_of(owner))
    owner.rows("select void_completion((complete_maintenance(%s)).completion_id, 'never done')", item)

    export = _export(owner, fleet_of(owner))

    assert PARTS == list(export)
    assert ["My fleet"] == [row["name"] for row in export["fleet"]]
    assert {(owner.user_id, "owner"), (member.user_id, "viewer")} == {
        (row["user_id"], row["role"]) for row in export["members"]
    }
    assert [("D-EABC", plane)] == [(row["registration"], row["plane_id"]) for row in export["planes"]]
    assert [(board.device_uuid, 7)] == [(row["device_uuid"], row["boot"]) for row in export["devices"]]
    assert [(board.device_uuid, None)] == [(row["device_uuid"], row["owned_until"]) for row in export["ownerships"]]
    assert [plane] == [row["plane_id"] for row in export["assignments"]]
    assert [
        ("measured", None, None, 60, None),
        ("hand_entered", None, "by hand", 60, None),
        ("measured", "Amelia", None, 3600, 9000),
    ] == [
        (row["quality"], row["pilot"], row["remarks"], row["run_seconds"], row["lifetime_seconds"])
        for row in export["sessions"]
    ]
    assert ["session", "session", "session"] == [row["kind"] for row in export["log_entries"]]
    assert [(gap, 5, 6, owner.user_id)] == [
        (row["gap_id"], row["from_boot"], row["to_boot"], row["settled_by"]) for row in export["settled_boot_gaps"]
    ]
    assert [(36000, "initial")] == [(row["seconds"], row["reason"]) for row in export["readings"]]
    assert [engine] == [row["component_id"] for row in export["components"]]
    assert [(engine, plane)] == [(row["component_id"], row["plane_id"]) for row in export["component_installations"]]
    assert [(item, 360_000)] == [(row["item_id"], row["interval_seconds"]) for row in export["maintenance_items"]]
    assert [(item, "never done")] == [(row["item_id"], row["void_reason"]) for row in export["maintenance_completions"]]
    assert [str(report)] == [row["report_id"] for row in export["monthly_reports"]]
    assert [39600] == [row["total_seconds"] for row in export["hours"]]
    assert export["activity"] == sorted(export["activity"], key=lambda row: row["activity_id"])
    assert ("maintenance_completions", {"void_reason": "never done"}) == (
        export["activity"][-1]["subject"],
        export["activity"][-1]["after"],
    )


def test_nothing_is_cut_and_nothing_comes_twice(owner: Person, board: Board) -> None:
    """More sessions than any answer may have rows, many of them with the same start."""
    owner.connection.execute(
        """insert into sessions (session_id, session_start, run_seconds, status, fleet_id, effective_start)
        select gen_random_uuid(), t, 60, 'closed', %s, t
        from generate_series(1, %s) n,
          lateral (select timestamptz '2026-05-01' + n / 600 * interval '1 hour' as t) s""",
        [fleet_of(owner), SESSIONS],
    )

    pages = _pages(owner, fleet_of(owner))

    sessions = [row for page in pages if page["part"] == "sessions" for row in page["rows"]]
    assert max(len(page["rows"]) for page in pages) <= 500
    assert (SESSIONS, SESSIONS) == (len(sessions), len({row["session_id"] for row in sessions}))
    assert sessions == sorted(sessions, key=lambda row: (row["effective_start"], row["session_id"]))


def test_a_full_last_page_is_the_last(owner: Person, plane: str) -> None:
    """A part whose rows fill its pages exactly ends in an empty page, not in a loop."""
    owner.rows("insert into planes (fleet_id, registration) select %s, 'D-' || n from generate_series(1, 499) n"
               " returning plane_id", fleet_of(owner))  # fmt: skip

    sizes = [len(page["rows"]) for page in _pages(owner, fleet_of(owner)) if page["part"] in ("planes", "hours")]

    assert [500, 0, 500, 0] == sizes


def test_the_csv_files_say_the_same(owner: Person, plane: str, board: Board) -> None:
    """Read back by a CSV reader: the same columns, rows and values, with quotes, commas and lines in them."""
    board.report("2026-05-01T08:00:00Z", 3600, firmware='1.0 "beta", ✈')
    owner.run("insert into session_annotations (session_id, remarks, excluded)"
              " select session_id, e'one\\r\\ntwo', true from session_log")  # fmt: skip
    fleet = fleet_of(owner)

    files = {part: list(csv.reader(io.StringIO(text, newline=""))) for part, text in _files(owner, fleet).items()}

    def written(value: Any) -> str:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    for part, rows in _export(owner, fleet).items():
        expected = [list(rows[0]), *([written(value) for value in row.values()] for row in rows)] if rows else []
        assert expected == files[part], part


def test_column_names_stand_in_a_file_once(owner: Person) -> None:
    """Also where it comes in several pages."""
    owner.rows("insert into planes (fleet_id, registration) select %s, 'D-' || n from generate_series(1, 620) n"
               " returning plane_id", fleet_of(owner))  # fmt: skip

    lines = _files(owner, fleet_of(owner))["planes"].splitlines()

    assert (621, 1) == (len(lines), sum("registration_key" in line for line in lines))


def test_a_text_is_no_formula(owner: Person, plane: str) -> None:
    """What a member says is not run by the spreadsheet that opens the file; the JSON has it as it is."""
    texts = [text for text in CELLS if text.strip() == text != ""]
    for text in texts:
        owner.run("insert into session_annotations (hand_plane_id, hand_start, hand_seconds, remarks)"
                  " values (%s, '2026-04-01T08:00:00Z', 60, %s)", plane, text)  # fmt: skip

    rows = list(csv.DictReader(io.StringIO(_files(owner, fleet_of(owner))["annotations"], newline="")))

    assert sorted(CELLS[text] for text in texts) == sorted(row["remarks"] for row in rows)
    assert sorted(texts) == sorted(row["remarks"] for row in _export(owner, fleet_of(owner))["annotations"])


def test_a_cell_is_what_every_spreadsheet_takes_for_text(project: Project) -> None:
    """The cases that the page's own export is held to, too; numbers keep their sign."""
    written = project.admin.execute(
        "select t.text, private.csv_field(to_json(t.text)) as cell from unnest(%s::text[]) t (text)", [list(CELLS)]
    ).fetchall()

    assert CELLS == {row["text"]: next(csv.reader(io.StringIO(row["cell"], newline="")), [""])[0] for row in written}
    inside = project.admin.execute("select private.csv_field(%s::json) as cell", ['{"pilot": ";=1+1"}']).fetchone()
    assert {"cell": '"{""pilot"": "";\'=1+1""}"'} == inside
    assert {"cell": "-5"} == project.admin.execute("select private.csv_field('-5') as cell").fetchone()


@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
def test_every_member_gets_the_same(project: Project, owner: Person, board: Board, role: str) -> None:
    """Who may see everything may take it along."""
    board.report("2026-05-01T08:00:00Z", 3600)
    member = project.add_member(owner, role)
    fleet = fleet_of(owner)

    assert _export(owner, fleet) == _export(member, fleet)
    assert _files(owner, fleet) == _files(member, fleet)


@pytest.fixture(scope="module")
def strangers(make_database: MakeDatabase) -> Iterator[tuple[Person, Person, str]]:
    """Somebody with a fleet, somebody who is not signed in, and the fleet of a third: none of them changes anything."""
    with connect(make_database()) as admin:
        project = Project(admin)
        yield project.sign_up(), project.anon, fleet_of(project.sign_up())


@pytest.mark.parametrize("function", ["fleet_export", "fleet_export_csv"])
@pytest.mark.parametrize("after", [None, *PARTS, "sessions 0 " + CLUB])
def test_strangers_get_nothing_of_any_part(
    strangers: tuple[Person, Person, str], function: str, after: str | None
) -> None:
    """One refusal for another's fleet and for one that is not there; anon may not even ask."""
    stranger, anon, others = strangers

    for fleet in (others, CLUB, None):
        with refused("PT404"):
            stranger.value(f"select {function}(%s, %s)", fleet, after)
    with refused("42501"):
        anon.value(f"select {function}(%s, %s)", others, after)


def test_a_former_owner_of_a_board_keeps_its_time_and_sees_no_more(
    project: Project, owner: Person, board: Board
) -> None:
    """The sold board's sessions stay in the export of the fleet that flew them, and are not in the next one's."""
    buyer = project.sign_up()
    board.report("2026-05-01T08:00:00Z", 3600)
    owner.rows("select release_device(%s)", board.device_uuid)
    project.set_clock("2026-06-03T12:00:00Z")
    buyer.rows("select claim_device(%s)", board.device_uuid)
    board.report("2026-06-02T08:00:00Z", 60, firmware="9.9")

    sold, bought = _export(owner, fleet_of(owner)), _export(buyer, fleet_of(buyer))

    assert [[3600], [60]] == [[row["run_seconds"] for row in export["sessions"]] for export in (sold, bought)]
    assert ([], 1) == (sold["devices"], len(sold["ownerships"]))
    assert "9.9" not in str(sold)


@pytest.mark.parametrize(
    "after", ["", "keys", "planes x", "sessions 1", f"sessions x {CLUB}", f"sessions {2**70} {CLUB}"]
)
def test_it_goes_on_only_from_where_it_was(owner: Person, after: str) -> None:
    """Another word is refused in words for people."""
    with refused("PT400"):
        owner.value("select fleet_export(%s, %s)", fleet_of(owner), after)


def test_over_the_api(stack: Stack, sign_up: Callable[..., Account]) -> None:
    """As JSON and as CSV with the client that people use."""
    account = sign_up(stack)
    fleet = account.client.table("my_fleets").select("fleet_id").execute().data[0]["fleet_id"]  # type: ignore[index,call-overload]

    page: Any = account.client.rpc("fleet_export", {"fleet_id": fleet, "after": "members"}).execute().data
    file: Any = account.client.rpc("fleet_export_csv", {"fleet_id": fleet, "after": "members"}).execute().data

    assert [("members", "planes")] * 2 == [(answer["part"], answer["next"]) for answer in (page, file)]
    assert [account.email] == [row["email"] for row in page["rows"]]
    assert ["user_id,email,role,joined_at", 1] == [file["csv"].split("\r\n")[0], file["csv"].count(account.email)]
