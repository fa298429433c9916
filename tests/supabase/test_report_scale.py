"""A report of a large club's month: bounded, and its list costs nothing of its text."""

import json

import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import Person, Project, connect, enter_session, fleet_of, refused
from tests.supabase.test_scale import _blocks

PLANES, ENTRIES = 60, 20_000
MOST_REPORT_BLOCKS = 500_000  # about twice what it needs: 7 MB in three seconds
MOST_LIST_BLOCKS = 20

_FILL = """
insert into planes (fleet_id, plane_id, registration) select {fleet}, md5('plane' || n)::uuid, 'D-' || n
  from generate_series(0, {planes} - 1) n;
insert into devices (device_uuid, fleet_id) select md5('board' || n)::uuid, {fleet}
  from generate_series(0, {planes} - 1) n;
set session_replication_role = replica;
insert into sessions (session_id, device_uuid, session_start, run_seconds, last_update, status, fleet_id, plane_id,
    effective_start)
  select private.session_id(board, start), board, start, 3600, start, 'closed', {fleet},
    md5('plane' || n % {planes})::uuid, start
  from generate_series(0, {entries} - 1) n,
    lateral (
      select md5('board' || n % {planes})::uuid as board,
        timestamptz '2026-04-01' + n / {planes} * interval '2 hours' as start
    ) t;
select private.rebuild_hours();
reset session_replication_role;
vacuum analyze;
"""


@pytest.fixture(scope="module")
def club(make_database: MakeDatabase) -> str:
    """A fleet with as many entries in April as a report may have."""
    database = make_database()
    with connect(database) as admin:
        project = Project(admin)
        project.set_clock("2026-06-01T12:00:00Z")
        fleet = f"'{fleet_of(project.sign_up())}'::uuid"
        for statement in _FILL.format(fleet=fleet, planes=PLANES, entries=ENTRIES).split(";")[:-1]:
            admin.execute(statement.encode())
    return database


def test_the_largest_month_is_closed_and_listed_within_bounds(club: str) -> None:
    """20,000 entries of 60 planes; one more is refused."""
    with connect(club) as admin:
        member = admin.execute("select user_id::text as user_id, fleet_id::text as fleet from fleet_members").fetchone()
        assert member is not None
        owner = Person(admin, user_id=member["user_id"])

        report = owner.row("select * from close_month(%s, '2026-04-01')", member["fleet"])

        content = json.loads(report["content"])
        assert (PLANES, ENTRIES) == (
            len(content["planes"]),
            sum(plane["entries_count"] for plane in content["planes"]),
        )
        listed = "select report_id, month, sha256, made_at from monthly_reports order by month desc, made_at desc"
        assert _blocks(owner, listed) <= MOST_LIST_BLOCKS
        plan = owner.value(
            f"explain (analyze, buffers, format json) select month_report_preview('{member['fleet']}', '2026-04-01')"
        )[0]
        assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] <= MOST_REPORT_BLOCKS, plan
        owner.rows("select set_lock(%s, null)", member["fleet"])
        enter_session(owner, content["planes"][0]["plane_id"], "2026-04-30T23:59:00Z", 1)
        with refused("PT400"):
            owner.rows("select month_report_preview(%s, '2026-04-01')", member["fleet"])
