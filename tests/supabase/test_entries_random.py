"""The log against the oracle: whatever is merged, split, corrected, moved, late or undone, every figure is the same."""

import random

import pytest

from tests.supabase import entries_oracle
from tests.supabase.entries_oracle import plain
from tests.supabase.project import Person, Project, Row, fleet_of
from tests.supabase.random_log import Log

HISTORIES = 1000


def _answered(person: Person) -> dict[str, Row]:
    rows = person.rows("select * from log_entries")
    return {str(row["entry_id"]): {name: plain(value) for name, value in row.items()} for row in rows}


def _differences(expected: dict[str, Row], answered: dict[str, Row]) -> list[str]:
    return [
        f"{row['kind']} {entry} {name}: expected {value}, answered {answered[entry][name]}"
        for entry, row in expected.items()
        for name, value in row.items()
        if value != answered[entry][name]
    ]


def _check(project: Project, owner: Person, seed: str) -> set[str]:
    facts = entries_oracle.load(project, owner)
    expected, answered = entries_oracle.entries(facts), _answered(owner)
    assert expected.keys() == answered.keys(), seed
    assert not _differences(expected, answered), f"{seed}: " + "\n".join(_differences(expected, answered))
    assert entries_oracle.entry_of_session(facts, expected) == {
        session: row["entry_id"] for session, row in facts.sessions.items()
    }, seed
    # The filters of the page search what is kept beside the overlays; the order of the pages is that of the keys.
    for name in ("excluded", "short", "flagged", "overlaps"):
        found = owner.rows(f"select entry_id from log_entries log where fleet_id = %s and log.{name}", fleet_of(owner))
        assert {entry for entry, row in expected.items() if row[name]} == {str(row["entry_id"]) for row in found}, seed
    return {row["kind"] for row in expected.values()}


@pytest.fixture(scope="module")
def histories(long: bool) -> int:
    """How many random histories to try."""
    return HISTORIES if long else 5


def test_every_figure_of_the_log_is_the_oracles(project: Project, histories: int) -> None:
    """Looked at twice in each history; a failure names the seed. All three kinds of entries come up."""
    project.admin.execute("update private.settings set messages_per_minute = 100000, new_devices_per_hour = 100000")
    kinds: set[str] = set()
    for seed in range(histories):
        dice = random.Random(seed)
        log = Log(project, dice)
        for half in (1, 2):
            for _ in range(dice.randint(8, 20)):
                log.happen()
            kinds |= _check(project, log.owner, f"seed {seed}, half {half}")
        project.admin.execute("delete from fleets")
        project.admin.execute("delete from devices")

    assert {"session", "merged", "part"} == kinds
