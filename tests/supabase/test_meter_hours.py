"""What meters show, against the oracle: whatever was reported, read, voided and replaced before."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.supabase.oracle import Jumps, Meters, Ratio
from tests.supabase.project import Board, Person, Project, add_plane, add_tach, assign, hours, meter_of

NOW = "2026-06-01T12:00:00Z"
_BEGIN = datetime(2026, 1, 20, tzinfo=UTC)
_END = datetime(2026, 6, 1, tzinfo=UTC)
_PAST = [datetime(1991, 12, 30, tzinfo=UTC), datetime(2023, 12, 30, tzinfo=UTC)]
"""From logs on paper: entered by hand, and meters read, before there were boards."""

HISTORIES, LONG_HISTORIES = 20, 2000
Operation = tuple[str, datetime, Any]


def _history(dice: random.Random) -> list[Operation]:
    """Ten weeks of what boards and people do, told in any order."""
    operations: list[Operation] = []
    for _ in range(dice.randrange(8, 40)):
        time = _BEGIN + timedelta(hours=dice.randrange(70 * 24))
        kind = dice.choice(["report"] * 5 + ["read"] * 6 + ["enter", "void", "exclude", "follow", "prefer"])
        if kind == "enter" or (kind == "read" and dice.random() < 0.1):
            time = dice.choice([time, *(past + timedelta(hours=dice.randrange(96)) for past in _PAST)])
        value: Any = {
            "report": (dice.choice([600, 3600, 20_000, 90_000]), dice.choice([None, (dice.random(), dice.random())])),
            # of one of four meters, as a rule an estimated one: near what it shows, or any figure
            "read": (
                dice.choice([0, 1, 2, 2, 3, 3]),
                dice.choice(["initial", "check", "check", "check", "check", "correction", "meter_replaced"]),
                dice.choice([dice.randrange(-720, 7200), dice.randrange(-720, 7200), dice.randrange(10**6, 10**7)]),
            ),
            "enter": dice.choice([600, 3600, 90_000]),
            "void": dice.randrange(10),
            "exclude": dice.randrange(10),
            "follow": dice.choice(["powered", "engine"]),
            "prefer": dice.randrange(4),
        }[kind]
        operations.append((kind, time, value))
    return operations


def _perform(owner: Person, board: Board, meters: list[str], kind: str, time: datetime, value: Any) -> None:
    """One thing that a board or a person does."""
    if kind == "report":
        run_seconds, engine = value
        fields: dict[str, Any] = {}
        if engine is not None:
            first = int(engine[0] * run_seconds)
            seconds = int(engine[1] * (run_seconds - first))
            fields = {"engine_seconds": seconds, "engine_first_s": first} if seconds else {"engine_seconds": 0}
        board.report(f"{time:%Y-%m-%dT%H:%M:%SZ}", run_seconds, **fields)
    elif kind == "read":
        number, reason, seconds = value
        meter = meters[number % len(meters)]
        if seconds <= 7200:
            shown = owner.value("select meter_hours(%s, %s)", meter, time) or 0
            seconds = max(0, (shown + seconds) // 360 * 360)  # a tach's last digit
        owner.rows(
            "select add_reading(plane_id, %s, %s, %s, meter_id => meter_id) from meters where meter_id = %s",
            seconds, reason, time, meter,
        )  # fmt: skip
    elif kind == "enter":
        owner.run(
            "insert into session_annotations (hand_plane_id, hand_start, hand_seconds)"
            " select plane_id, %s, %s from meters where meter_id = %s",
            time, value, meters[0],
        )  # fmt: skip
    elif kind == "prefer":
        owner.rows("select set_primary_meter(%s)", meters[value])
    elif kind == "follow":
        base = meter_of(owner, str(owner.value("select plane_id from meters where meter_id = %s", meters[-1])), value)
        owner.run("update meters set base_meter_id = %s where meter_id = %s", base, meters[-1])
    else:
        what = ("reading_id", "hour_readings order by entry")
        if kind == "exclude":
            what = ("session_id", "session_log order by session_start, run_seconds")
        rows = owner.rows("select {}::text as key from {}".format(*what))
        if rows:
            key = rows[value % len(rows)]["key"]
            if kind == "void":
                owner.rows("select void_reading(reading_id, 'mistyped') from hour_readings where reading_id = %s"
                           " and voided_at is null", key)  # fmt: skip
            else:
                owner.run(
                    "insert into session_annotations (session_id, excluded) values (%s, true)"
                    " on conflict (session_id) do update set excluded = not session_annotations.excluded",
                    key,
                )


def _in_one_call(project: Project, function: str, *columns: list[Any]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What a function of `private` answers to many questions at once: question -> answer, once for each."""
    types = ["uuid[]", "timestamptz[]", "timestamptz[]"][: len(columns)]
    rows = project.admin.execute(
        f"select * from private.{function}({', '.join(f'%s::{kind}' for kind in types)})".encode(), columns
    ).fetchall()
    answers = [tuple(row.values()) for row in rows]
    asked = {(str(meter), *times) for meter, *times in zip(*columns, strict=True)}
    assert len(asked) == len(answers)
    return {(str(answer[0]), *answer[1 : len(columns)]): answer[len(columns) :] for answer in answers}


def _compare(project: Project, owner: Person, plane: str, dice: random.Random) -> None:
    """Every figure, jump and ratio of a plane's meters against the oracle."""
    oracle = Meters.of(project, plane)
    moments = [
        _BEGIN - timedelta(days=3),
        _END,
        *(past + timedelta(hours=50) for past in _PAST),
        *(reading["as_of"] for reading in oracle.all_readings),
    ]
    moments += [_BEGIN + timedelta(seconds=dice.randrange(80 * 86400)) for _ in range(4)]
    asked = [(meter, t) for meter in oracle.meters for t in moments] * 2
    periods = [(meter, *sorted(dice.sample(moments, 2))) for meter in oracle.meters for _ in range(5)]
    periods += [(meter, moments[0], moments[1]) for meter in oracle.meters]

    figures = _in_one_call(project, "meter_figures", *map(list, zip(*asked, strict=True)))
    jumps = _in_one_call(project, "meter_jumps", *map(list, zip(*periods, strict=True)))
    ratios = _in_one_call(
        project, "meter_ratios", [m for m, row in oracle.meters.items() if row["source"] == "estimated"]
    )

    assert {key: oracle.figure(*key) for key in figures} == {key: value for key, (value,) in figures.items()}
    assert {key: oracle.jumps(*key) for key in jumps} == {key: Jumps(*value) for key, value in jumps.items()}
    assert {meter: oracle.ratio(meter) for (meter,) in ratios} == {
        key[0]: Ratio(*value) for key, value in ratios.items()
    }
    for meter, row in oracle.meters.items():
        t = dice.choice(moments)
        assert oracle.figure(meter, t) == owner.value("select meter_hours(%s, %s)", meter, t)
        assert oracle.figure(meter, _END) == owner.value("select meter_hours(%s)", meter)
        if row["source"] == "powered":
            assert oracle.figure(meter, t) == hours(owner, plane, t.isoformat())
    _compare_status(owner, plane, oracle)
    for row in owner.rows(
        "select effective_start, hobbs_start_seconds, engine_hobbs_start_seconds from session_log"
        " where hobbs_end_seconds is not null"
    ):
        for source, column in (("powered", "hobbs_start_seconds"), ("engine", "engine_hobbs_start_seconds")):
            assert oracle.figure(meter_of(owner, plane, source), row["effective_start"]) == row[column]


def _compare_status(owner: Person, plane: str, oracle: Meters) -> None:
    """Where each meter stands now, and the primary one's figures beside the plane's hours."""
    status = owner.rows("select * from meter_status(null, %s)", plane)
    assert set(oracle.meters) == {str(row["meter_id"]) for row in status}
    assert [True] + [False] * (len(status) - 1) == [row["is_primary"] for row in status]
    for row in status:
        expected = oracle.status(str(row["meter_id"]), _END)
        assert expected == {name: row[name] for name in expected}, row["name"]
        if row["is_primary"]:
            hours_row = owner.row("select * from plane_hours('UTC', null, %s)", plane)
            doubt = ("uncertainty_seconds", "uncertainty_less_seconds")
            assert [row[name] for name in ("meter_id", "name", "source", "total_seconds", *doubt)] == [
                hours_row[f"meter_{name}"] for name in ("id", "name", "source", "seconds", *doubt)
            ]


def test_meters_show_what_the_contract_says(project: Project, long: bool) -> None:
    """Late and shuffled sessions, readings of the past, voided, of a replaced meter; engine sensed or not."""

    @settings(max_examples=LONG_HISTORIES if long else HISTORIES, deadline=None, database=None)
    @given(seed=st.integers(0, 2**32))
    def hold(seed: int) -> None:
        dice = random.Random(seed)
        owner = project.sign_up()
        plane, board = add_plane(owner), project.board()
        assign(owner, board, plane)
        meters = [meter_of(owner, plane), meter_of(owner, plane, "engine")]
        meters += [add_tach(owner, plane, 0.82), add_tach(owner, plane, 1.1, "engine", "Flight time")]

        for kind, time, value in _history(dice):
            _perform(owner, board, meters, kind, time, value)

        _compare(project, owner, plane, dice)

    project.set_clock(NOW)
    hold()
