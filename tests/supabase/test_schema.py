"""What holds for the whole schema: guards, comments, conventions, the official tools' opinion, generated types."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeDatabase
from tests.supabase.project import Project, Row, add_component, add_item, add_plane, assign, connect, hours
from tools import database_types, supabase_cli
from tools.stack.postgres import Postgres
from tools.stack.stack import prepare_database

ROOT = Path(__file__).parents[2]
MIGRATIONS = sorted((ROOT / "supabase/migrations").glob("*.sql"))
OUR_SCHEMAS = "('public', 'private')"


@pytest.fixture(scope="module")
def admin(make_database: MakeDatabase) -> Iterator[psycopg.Connection[Row]]:
    """A connection to a migrated database that these tests only read."""
    with connect(make_database()) as connection:
        yield connection


def _names(admin: psycopg.Connection[Row], query: str) -> list[str]:
    return [" ".join(str(value) for value in row.values()) for row in admin.execute(query.encode()).fetchall()]


def test_row_security_is_on_everywhere(admin: psycopg.Connection[Row]) -> None:
    """In every table, also where no policy lets anybody in."""
    assert [] == _names(
        admin,
        f"""select relnamespace::regnamespace, relname from pg_class
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('r', 'p') and not relrowsecurity""",
    )


def test_views_run_with_the_callers_rights(admin: psycopg.Connection[Row]) -> None:
    """Otherwise row security would be that of whoever made them."""
    assert [] == _names(
        admin,
        f"""select relname from pg_class
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('v', 'm')
        and not coalesce('security_invoker=true' = any (reloptions), false)""",
    )


def test_security_definer_lives_in_private_only(admin: psycopg.Connection[Row]) -> None:
    """What runs with more than the caller's rights is out of the API's reach."""
    assert [] == _names(admin, "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace")


def test_every_function_has_an_empty_search_path(admin: psycopg.Connection[Row]) -> None:
    """A name in a function means what it says, whoever calls it."""
    assert [] == _names(
        admin,
        f"""select pronamespace::regnamespace, proname from pg_proc
        where pronamespace::regnamespace::text in {OUR_SCHEMAS}
        and not coalesce('search_path=""' = any (proconfig), false)""",
    )


def test_nobody_executes_anything_by_default(admin: psycopg.Connection[Row]) -> None:
    """Neither everybody (PUBLIC) nor anon may call any function; the service role may call what the function needs."""
    callable_by = f"""select pronamespace::regnamespace::text, proname from pg_proc
        where pronamespace::regnamespace::text in {OUR_SCHEMAS} and has_function_privilege(%s, oid, 'execute')
        order by 1, 2"""

    assert [] == admin.execute(callable_by.encode(), ["anon"]).fetchall()
    service = [
        " ".join(map(str, row.values())) for row in admin.execute(callable_by.encode(), ["service_role"]).fetchall()
    ]
    assert ["private clock", "private ingest", "private server_info", "public ingest", "public server_info"] == service


def test_anon_and_the_service_role_have_no_rights_on_tables(admin: psycopg.Connection[Row]) -> None:
    """The function needs none: it calls one function of the database."""
    assert [] == _names(
        admin,
        """select grantee, table_name from information_schema.role_table_grants
        where table_schema in ('public', 'private') and grantee in ('PUBLIC', 'anon', 'service_role')""",
    )


def test_a_project_that_gives_everything_by_default_gives_nothing_of_ours(
    admin: psycopg.Connection[Row], make_database: MakeDatabase, postgres_server: Postgres, tmp_path: Path
) -> None:
    """Projects from before 2026-10-30 grant all in `public` to everybody: every right is the same there."""
    generous = make_database(migrated=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    prepare_database(generous, postgres_server.log, empty)
    rights = f"""select oid::regclass::text as name, relacl::text as acl from pg_class
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('r', 'v', 'S')
        union all
        select attrelid::regclass::text || '.' || attname, attacl::text
        from pg_attribute join pg_class c on c.oid = attrelid
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('r', 'v') and attacl is not null
        union all
        select oid::regprocedure::text, proacl::text from pg_proc
        where pronamespace::regnamespace::text in {OUR_SCHEMAS}
        order by 1"""
    with connect(generous) as project:
        for kind in ("tables", "functions", "sequences"):
            for role in ("anon", "authenticated", "service_role"):
                project.execute(f"alter default privileges in schema public grant all on {kind} to {role}".encode())
        prepare_database(generous, postgres_server.log)

        there = _names(project, rights)

    assert _names(admin, rights) == there


def test_policies_are_sentences_for_signed_in_users(admin: psycopg.Connection[Row]) -> None:
    """One per action, `to authenticated`, with a name that says who does what."""
    policies = admin.execute("select * from pg_policies where schemaname in ('public', 'private')").fetchall()

    assert policies
    for policy in policies:
        assert ["authenticated"] == policy["roles"], policy["policyname"]
        assert "ALL" != policy["cmd"], policy["policyname"]
        assert len(policy["policyname"].split()) >= 3, policy["policyname"]
    actions = [(policy["tablename"], policy["cmd"]) for policy in policies]
    assert len(set(actions)) == len(actions)


def test_every_policy_finds_its_rows_by_an_index(admin: psycopg.Connection[Row]) -> None:
    """Each table with a policy on fleet_id has an index (or key) that begins with it."""
    assert [] == _names(
        admin,
        """select distinct tablename from pg_policies
        where schemaname = 'public' and qual like '%fleet_id%' and not exists (
             select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
             where i.indrelid = (schemaname || '.' || tablename)::regclass and a.attname = 'fleet_id'
               and i.indpred is null)""",
    )


def test_everything_is_explained(admin: psycopg.Connection[Row]) -> None:
    """Every table, view and composite type, each of their columns, every function and enum has a comment."""
    assert [] == _names(
        admin,
        f"""select 'table', relname, '' from pg_class
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('r', 'v')
          and obj_description(oid) is null
        union all
        select 'column', relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0
        where relnamespace::regnamespace::text in {OUR_SCHEMAS} and relkind in ('r', 'v', 'c')
          and not attisdropped and col_description(pg_class.oid, attnum) is null
        union all
        select 'function', proname, '' from pg_proc
        where pronamespace::regnamespace::text in {OUR_SCHEMAS} and obj_description(oid, 'pg_proc') is null
        union all
        select 'type', typname, '' from pg_type
        where typnamespace::regnamespace::text in {OUR_SCHEMAS} and typtype = 'e'
          and obj_description(oid, 'pg_type') is null
        """,
    )


def test_foreign_keys_have_an_index(admin: psycopg.Connection[Row]) -> None:
    """Deleting a row on the far side does not scan the table; an index that begins with any of the columns will do."""
    assert [] == _names(
        admin,
        f"""select conrelid::regclass, conname from pg_constraint c
        where contype = 'f' and connamespace::regnamespace::text in {OUR_SCHEMAS} and not exists (
          select from pg_index i
          where i.indrelid = c.conrelid and i.indpred is null and i.indkey[0] = any (c.conkey))""",
    )


def test_nothing_asks_another_clock() -> None:
    """Every "now" is private.clock(): neither the migrations nor the function have another one."""
    for file in MIGRATIONS:
        code = "\n".join(line.split("--")[0] for line in file.read_text().splitlines())
        for name in ("now()", "current_timestamp", "localtimestamp", "current_date", "transaction_timestamp"):
            assert name not in code.lower(), f"{file.name}: {name}"
        assert code.count("clock_timestamp()") == ("foundation" in file.name), file.name
    for file in (ROOT / "supabase/functions").rglob("*.ts"):
        assert "Date.now" not in file.read_text(), file
        assert "new Date()" not in file.read_text(), file


def test_no_extension_is_needed() -> None:
    """Nothing that a plain Postgres does not have."""
    for file in MIGRATIONS:
        assert "create extension" not in file.read_text().lower(), file.name


def test_every_migration_says_what_it_is_for() -> None:
    """One concern per file, named in a comment at its head."""
    for file in MIGRATIONS:
        assert file.read_text().startswith("-- "), file.name


def test_it_runs_on_the_oldest_postgres_in_use(open_folder: Path) -> None:
    """Hosted projects are on 17, the local stack on 18; here the migrations and a first session on 16."""
    with Postgres(open_folder / "postgres", version=16, durable=False) as server:
        prepare_database(server.dsn(), server.log)
        with connect(server.dsn()) as admin:
            project = Project(admin)
            owner, board = project.sign_up(), project.board()
            plane = add_plane(owner)
            assign(owner, board, plane)
            board.report("2026-05-01T08:00:00Z", 3600)

            owner.rows("select complete_maintenance(%s, '2026-05-02')", add_item(owner, plane))
            owner.rows("select install_component(%s, %s, '2026-05-02')", add_component(owner), plane)

            total = hours(owner, plane)
            due = owner.row("select status::text, remaining_seconds from maintenance_status()")
            component = owner.row("select counted_seconds from component_status()")
            log = owner.row("select hobbs_end_seconds from session_log")

    assert 3600 == total
    assert {"hobbs_end_seconds": 3600} == log
    assert {"status": "ok", "remaining_seconds": 360_000} == due
    assert {"counted_seconds": 0} == component


@pytest.fixture
def empty_project(make_database: MakeDatabase, postgres_server: Postgres, tmp_path: Path) -> str:
    """A database as Supabase hands it over: roles and schema auth, nothing of ours."""
    database = make_database(migrated=False)
    prepare_database(database, postgres_server.log, tmp_path)
    with connect(database) as admin:
        # Without it several of the advisors' checks pass unseen.
        name = psycopg.sql.Identifier(database.rsplit("/", 1)[1])
        admin.execute(psycopg.sql.SQL("alter database {} set pgrst.db_schemas = 'public'").format(name))
    return database


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A copy of the project for the CLI, which writes beside what it reads."""
    shutil.copytree(ROOT / "supabase", tmp_path / "cli/supabase", ignore=shutil.ignore_patterns(".temp"))
    return tmp_path / "cli"


def test_the_official_cli_pushes_the_migrations_and_its_advisors_are_content(empty_project: str, workdir: Path) -> None:
    """`supabase db push` applies them all, once; `supabase db advisors --fail-on warn` finds nothing."""
    target = f"--remote={empty_project}"

    supabase_cli.run("db", "push", "--yes", target, workdir=workdir)
    again = supabase_cli.run("db", "push", "--yes", "--dry-run", target, workdir=workdir)
    advice = supabase_cli.run("db", "advisors", "--level", "warn", "--fail-on", "warn", target, workdir=workdir)

    assert "up to date" in again
    assert "WARN" not in advice
    assert "ERROR" not in advice
    with connect(empty_project) as admin:
        applied = admin.execute("select version from supabase_migrations.schema_migrations order by 1").fetchall()
    assert [file.name.split("_")[0] for file in MIGRATIONS] == [row["version"] for row in applied]


def test_the_portals_types_are_those_of_the_database(database: str) -> None:
    """After a change of the schema: python -m tools.database_types."""
    assert database_types.generate(database) == database_types.TYPES_FILE.read_text()


def test_the_portals_limits_are_those_of_the_database(database: str) -> None:
    """After a change of the schema: python -m tools.database_types."""
    assert database_types.generate_limits(database) == database_types.LIMITS_FILE.read_text()


def test_what_people_type_is_limited_by_name(admin: psycopg.Connection[Row]) -> None:
    """The page has words for a limit that has a name: no column that people write has one without."""
    assert [] == _names(
        admin,
        """select conrelid::regclass, conname from pg_constraint
        where contype = 'c' and conname ~ '_check\\d*$' and cardinality(conkey) = 1
          and has_column_privilege('authenticated', conrelid, conkey[1], 'insert, update')""",
    )
