"""Members of a club's fleet in other roles than its owner, for the tests of who may do what."""

import psycopg

from tests.site_sym.club import Club


def join(club: Club, guest: Club, role: str) -> None:
    """Make the guest a member of the club's fleet, and of no other."""
    with psycopg.connect(club.stack.database_url, autocommit=True) as database:
        database.execute("delete from public.fleets where fleet_id = %s", (guest.fleet_id,))
        member = (club.fleet_id, guest.account.user_id, role)
        database.execute("insert into public.fleet_members (fleet_id, user_id, role) values (%s, %s, %s)", member)
