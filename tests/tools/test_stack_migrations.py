"""What the local stack makes of the migrations, and of a database that other ones have made."""

import shutil
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeDatabase, MakeStack
from tests.tools.stack_project import Project, make_project
from tools.stack import StackError
from tools.stack.postgres import Postgres


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Stack options for a small project of this test module."""
    return make_project(tmp_path_factory.mktemp("project"))


def test_migrations_are_recorded_as_the_supabase_cli_does_and_applied_once(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project
) -> None:
    """A second start finds the recorded version and applies nothing."""
    database = make_database(migrated=False)
    make_stack(database_url=database, **project).stop()
    with psycopg.connect(database) as connection:
        first = connection.execute(
            "select version, name, statements, ctid from supabase_migrations.schema_migrations"
        ).fetchall()
        connection.execute("insert into notes (author, text) values (gen_random_uuid(), 'kept')")

    make_stack(database_url=database, **project).stop()

    with psycopg.connect(database) as connection:
        second = connection.execute(
            "select version, name, statements, ctid from supabase_migrations.schema_migrations"
        ).fetchall()
        kept = connection.execute("select text from notes").fetchall()
    assert [row[:2] for row in first] == [("20260101000000", "notes")]
    assert first[0][2][2] == "alter table public.notes enable row level security"
    assert second == first
    assert kept == [("kept",)]


def test_a_failing_migration_is_named_and_nothing_is_applied_in_part(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project, tmp_path: Path
) -> None:
    """One line names the file, the line and the reason; the files before it are rolled back with it."""
    database = make_database(migrated=False)
    (tmp_path / "20260101000000_good.sql").write_text("create table public.good (id int);\n")
    (tmp_path / "20260102000000_bad.sql").write_text("create table public.half (id int);\n\nselect * from nowhere;\n")

    with pytest.raises(StackError) as raised:
        make_stack(database_url=database, **{**project, "migrations": tmp_path})

    assert str(raised.value) == (
        f'Migration {tmp_path}/20260102000000_bad.sql, line 3: relation "nowhere" does not exist (42P01)'
    )
    with psycopg.connect(database) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        versions = connection.execute("select version from supabase_migrations.schema_migrations").fetchall()
    assert tables == []
    assert versions == []


def test_data_of_a_newer_version_are_refused(
    make_stack: MakeStack, make_database: MakeDatabase, project: Project
) -> None:
    """A recorded migration without a file means that the database knows more than the program."""
    database = make_database(migrated=False)
    make_stack(database_url=database, **project).stop()
    with psycopg.connect(database) as connection:
        connection.execute("insert into supabase_migrations.schema_migrations (version) values ('20990101000000')")

    with pytest.raises(StackError, match=r"migration 20990101000000, which .* has not: it was made by a newer version"):
        make_stack(database_url=database, **project)


@pytest.fixture
def own_project(project: Project, tmp_path: Path) -> Project:
    """The small project with migrations of the test's own."""
    return {**project, "migrations": Path(shutil.copytree(project["migrations"], tmp_path / "migrations"))}


@pytest.mark.parametrize(
    ("history", "difference"),
    [
        ("update {} set statements = '{{create table notes ()}}'", "its migration 20260101000000 is not that of"),
        ("insert into {} (version) values ('20251231000000')", "it has migration 20251231000000, which"),
        ("update {} set version = '20260101000001'", "it has migration 20260101000001, which"),
    ],
    ids=["changed since", "one that is gone", "renamed"],
)
def test_data_of_another_commit_are_refused_in_one_line(
    make_stack: MakeStack, make_database: MakeDatabase, own_project: Project, history: str, difference: str
) -> None:
    """Before a release migrations change in place: what is not of this commit is told so, with what to do."""
    database = make_database(migrated=False)
    make_stack(database_url=database, **own_project).stop()
    (own_project["migrations"] / "20260102000000_more.sql").write_text("create table public.more (id int);\n")
    with psycopg.connect(database) as connection:
        connection.execute(history.format("supabase_migrations.schema_migrations").encode())

    with pytest.raises(StackError) as raised:
        make_stack(database_url=database, **own_project)

    said = str(raised.value)
    assert "made by another commit of this project" in said
    assert difference in said
    assert "--fresh" in said
    assert "newer" not in said
    assert "\n" not in said
    with psycopg.connect(database) as connection:
        assert connection.execute("select to_regclass('public.more')").fetchone() == (None,)


def test_a_database_that_lacks_an_earlier_migration_is_refused(
    make_stack: MakeStack, make_database: MakeDatabase, own_project: Project
) -> None:
    """The sibling: nothing is slipped in below what is there."""
    database = make_database(migrated=False)
    make_stack(database_url=database, **own_project).stop()
    (own_project["migrations"] / "20251231000000_before.sql").write_text("create table public.before (id int);\n")

    with pytest.raises(StackError, match="it lacks migration 20251231000000 and has later ones"):
        make_stack(database_url=database, **own_project)


def test_spaces_between_statements_are_no_change(
    make_stack: MakeStack, make_database: MakeDatabase, own_project: Project
) -> None:
    """The record has no ends of statements: what was recorded by the Supabase CLI is the same."""
    database = make_database(migrated=False)
    make_stack(database_url=database, **own_project).stop()
    [file] = own_project["migrations"].glob("*.sql")
    file.write_text(file.read_text().replace(";\n", " ;\n\n"))

    make_stack(database_url=database, **own_project).stop()


def test_a_project_database_of_supabase_is_left_alone(
    make_stack: MakeStack, open_folder: Path, project: Project
) -> None:
    """The auth schema of a hosted project must not be touched by the local stand-in."""
    with Postgres(open_folder / "postgres", durable=False) as server:
        with psycopg.connect(server.dsn()) as connection:
            connection.execute("create role supabase_auth_admin")

        with pytest.raises(StackError, match="belongs to a Supabase project"):
            make_stack(database_url=server.dsn(), **project)

        with psycopg.connect(server.dsn()) as connection:
            auth = connection.execute("select to_regnamespace('auth')").fetchone()
    assert auth == (None,)
