"""The end of an account, over the API with the client that people use."""

from collections.abc import Callable
from typing import Any

import pytest
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError

from tests.supabase.project import Board, Person, Project, add_plane, assign, connect
from tests.support import Account
from tools.stack import Stack

SignUp = Callable[..., Account]


def test_nothing_is_left_of_a_person_who_flew_alone(stack: Stack, sign_up: SignUp) -> None:
    """No way in any more, neither with the password nor with what is left of the old session; the board is free."""
    account, stranger = sign_up(stack, "alone"), sign_up(stack, "next")
    with connect(stack.database_url) as admin:
        board, person = Board(Project(admin)), Person(admin, user_id=account.user_id)
        assign(person, board, add_plane(person))
        board.report("2026-05-01T08:00:00Z", 3600)

        account.client.rpc("delete_account", {}).execute()

        left: Any = [
            account.client.table(name).select("*").execute().data
            for name in ("fleets", "planes", "sessions", "device_ownerships", "session_log", "device_status")
        ]
        assert [[]] * 6 == left
        for call, arguments in (
            ("create_fleet", {"name": "Club"}),
            ("claim_device", {"device_uuid": board.device_uuid}),
        ):
            with pytest.raises(APIError):
                account.client.rpc(call, arguments).execute()
        with pytest.raises(AuthApiError):
            account.client.auth.refresh_session()
        with pytest.raises(AuthApiError):
            account.client.auth.sign_in_with_password({"email": account.email, "password": account.password})
        claimed: Any = stranger.client.rpc("claim_device", {"device_uuid": board.device_uuid}).execute().data
        traces = admin.execute(
            "select (select count(*) from auth.users where id = %(id)s or email = %(email)s) as users,"
            " (select count(*) from auth.identities where user_id = %(id)s) as identities,"
            " (select count(*) from fleet_members where user_id = %(id)s) as memberships",
            {"id": account.user_id, "email": account.email},
        ).fetchone()
    assert board.device_uuid == claimed["device_uuid"]
    assert {"users": 0, "identities": 0, "memberships": 0} == traces


def test_a_club_goes_on_without_a_member(stack: Stack, sign_up: SignUp) -> None:
    """What the member entered stays, without a name; the last owner is told to hand over first, and then may go."""
    owner, member = sign_up(stack, "owner"), sign_up(stack, "member")
    fleet: Any = owner.client.rpc("create_fleet", {"name": "Club"}).execute().data
    token: Any = owner.client.rpc("create_invite", {"fleet_id": fleet, "role": "editor"}).execute().data
    member.client.rpc("accept_invite", {"token": token}).execute()
    plane: Any = member.client.table("planes").insert({"fleet_id": fleet, "registration": "D-EABC"}).execute().data
    reading = {"plane_id": plane[0]["plane_id"], "seconds": 36_000, "reason": "initial"}
    member.client.rpc("add_reading", reading).execute()

    with pytest.raises(APIError) as refused:
        owner.client.rpc("delete_account", {}).execute()
    member.client.rpc("delete_account", {}).execute()

    assert ("PT409", "The last owner cannot leave the fleet") == (refused.value.code, refused.value.message)
    people: Any = owner.client.rpc("fleet_people", {"fleet_id": fleet}).execute().data
    readings: Any = owner.client.table("hour_readings").select("*").eq("fleet_id", fleet).execute().data
    assert [owner.email] == [row["email"] for row in people]
    assert [(36_000, None)] == [(row["seconds"], row["entered_by"]) for row in readings]
    owner.client.rpc("delete_account", {}).execute()
    with connect(stack.database_url) as admin:
        assert None is admin.execute("select from fleets where fleet_id = %s", [fleet]).fetchone()
