"""Engines and propellers on the page: installed with their times, moved, overhauled, corrected later."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from playwright.sync_api import Locator, Page, expect

from tests.site_sym.club import Club, message, now, report
from tests.site_sym.club import first as first_row
from tests.site_sym.roles import join
from tests.support import PageFaults

HOUR = 3600
TYPED = "%Y-%m-%d %H:%M"


def add_engine(club: Club, plane_id: str, **installed: Any) -> str:
    """An engine that was installed ten days ago, its id."""
    client = club.account.client
    row = {"fleet_id": club.fleet_id, "kind": "engine", "make": "Lycoming", "model": "O-320", "serial": "L-1"}
    component_id = first_row(client.table("components").insert(row).execute())["component_id"]
    arguments = {"component_id": component_id, "plane_id": plane_id, **installed}
    client.rpc("install_component", {"installed_from": f"{now() - timedelta(days=10)}", **arguments}).execute()
    return component_id


def sheet(page: Page) -> Locator:
    """The component's sheet, opened."""
    page.get_by_role("button", name="Lycoming O-320, S/N L-1").click()
    return page.get_by_role("dialog", name="Lycoming O-320, S/N L-1")


def test_an_engine_is_added_moved_and_corrected(page: Page, club: Club) -> None:
    """Its time goes with it from plane to plane, and follows when the moment of the move is corrected."""
    first, second = club.add_plane("D-EABC"), club.add_plane("D-EKLM")
    for plane_id in (first, second):
        device = club.add_device("Box", plane_id)
        report(club.stack, *(message(device, now() - timedelta(days=days), 2 * HOUR) for days in (6, 4, 2)))
    club.open(page, f"#/planes/{first}")
    panel = page.get_by_role("region", name="Components")

    panel.get_by_role("button", name="Add a component").click()
    adding = page.get_by_role("dialog", name="Add a component")
    adding.get_by_role("button", name="Save the component").click()
    expect(adding.get_by_text("Enter a make, a model or a serial number.")).to_be_visible()
    adding.get_by_label("Make").fill("Lycoming")
    adding.get_by_label("Model").fill("O-320")
    adding.get_by_label("Serial number").fill("L-1")
    adding.get_by_role("button", name="Save the component").click()
    expect(adding.get_by_label("Into plane")).to_have_value(first)
    adding.get_by_label("Installed").fill(f"{now() - timedelta(days=10):{TYPED}}")
    adding.get_by_label("Time since new then").fill("1000")
    adding.get_by_label("Time since overhaul then").fill("2000")
    adding.get_by_role("button", name="Install").click()
    expect(adding.get_by_text("The time since overhaul is part of the time since new.")).to_be_visible()
    adding.get_by_label("Time since overhaul then").fill("200")
    adding.get_by_role("button", name="Install").click()
    expect(panel).to_contain_text("1,006.0 h")
    expect(panel).to_contain_text("206.0 h")

    opened = sheet(page)
    opened.get_by_label("Into plane").select_option("D-EKLM")
    opened.get_by_label("Moved").fill(f"{now() - timedelta(days=5):{TYPED}}")
    opened.get_by_role("button", name="Move", exact=True).last.click()
    expect(page.get_by_text("Lycoming O-320, S/N L-1 is installed in D-EKLM.")).to_be_visible()
    expect(panel).to_contain_text("No engine or propeller is entered for this plane.")
    panel.get_by_role("link", name="All components").click()
    everywhere = page.get_by_role("region", name="Installed")
    expect(everywhere).to_contain_text("In D-EKLM")
    expect(everywhere).to_contain_text("1,006.0 h")

    # Removed a flight later, in truth; and in the other plane only since its last flight.
    opened = sheet(page)
    moved = f"{now() - timedelta(days=3, hours=-6):{TYPED}}"
    for registration, field in (("D-EKLM", "Installed"), ("D-EABC", "Removed")):
        opened.get_by_role("button", name=f"Correct the installation in {registration}").click()
        opened.locator("li", has_text=registration).get_by_label(field).fill(moved)
        opened.get_by_role("button", name="Save", exact=True).click()
        expect(opened.get_by_role("button", name=f"Correct the installation in {registration}")).to_be_visible()
    expect(opened).to_contain_text("1,006.0 h")
    table = club.account.client.table("component_installations").select("*").order("installed_from")
    installed = cast(list[dict[str, Any]], table.execute().data)
    assert [first, second] == [row["plane_id"] for row in installed]
    assert installed[0]["removed_at"] == installed[1]["installed_from"]


def test_an_overhaul_a_removal_and_what_is_taken_back(page: Page, club: Club) -> None:
    """Overhauled it has 0 h since; unknown times are "at least"; it is found on the shelf; an installation can go."""
    plane_id = club.add_plane("D-EABC")
    device = club.add_device("Box", plane_id)
    report(club.stack, *(message(device, now() - timedelta(days=days), 2 * HOUR) for days in (6, 4, 2)))
    add_engine(club, plane_id)
    club.open(page, f"#/planes/{plane_id}")
    panel = page.get_by_role("region", name="Components")
    expect(panel).to_contain_text("at least 6.0 h")
    expect(panel).to_contain_text("not known")

    opened = sheet(page)
    opened.get_by_role("radio", name="Overhaul").check()
    opened.get_by_label("Removed").fill(f"{now() - timedelta(days=3):{TYPED}}")
    opened.get_by_label("Installed again").fill(f"{now() - timedelta(days=5):{TYPED}}")
    opened.get_by_role("button", name="Overhaul", exact=True).click()
    expect(opened.get_by_text("It is installed again after it was removed.")).to_be_visible()
    opened.get_by_label("Installed again").fill("")
    opened.get_by_role("button", name="Overhaul", exact=True).click()
    expect(page.get_by_text("The overhaul of Lycoming O-320, S/N L-1 is recorded.")).to_be_visible()
    expect(panel).to_contain_text("at least 6.0 h")
    expect(panel).to_contain_text("2.0 h")

    opened = sheet(page)
    opened.get_by_role("radio", name="Remove").check()
    opened.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("was removed from D-EABC.")).to_be_visible()
    panel.get_by_role("link", name="All components").click()
    shelf = page.get_by_role("region", name="On the shelf")
    expect(shelf).to_contain_text("removed")
    opened = sheet(page)
    opened.get_by_role("button", name="Delete the installation in D-EABC").first.click()
    page.get_by_role("dialog", name="Delete this installation?").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The installation was deleted.")).to_be_visible()
    expect(shelf).to_contain_text("at least 4.0 h")


def test_two_planes_at_once_are_refused_with_where_it_was(page: Page, club: Club, page_faults: PageFaults) -> None:
    """An installation that overlaps another one of the component says which, and nothing is changed."""
    page_faults.allow("status of 409")
    first, second = club.add_plane("D-EABC"), club.add_plane("D-EKLM")
    component_id = add_engine(club, first, since_new_seconds=HOUR)
    arguments = {"component_id": component_id, "removed_at": f"{now() - timedelta(days=5)}"}
    club.account.client.rpc("remove_component", arguments).execute()
    club.open(page, f"#/planes/{second}")

    page.get_by_role("link", name="All components").click()
    opened = sheet(page)
    opened.get_by_label("Into plane").select_option("D-EKLM")
    opened.get_by_label("Installed").fill(f"{now() - timedelta(days=7):{TYPED}}")
    opened.get_by_role("button", name="Install", exact=True).click()

    expect(opened.get_by_text("It was installed in D-EABC then")).to_be_visible()
    assert 1 == len(club.account.client.table("component_installations").select("*").execute().data)


def test_a_viewer_sees_components_and_changes_none(page: Page, club: Club, make_club: Callable[[], Club]) -> None:
    """Where each is, its times and where it was; no form."""
    plane_id = club.add_plane("D-EABC")
    add_engine(club, plane_id, since_new_seconds=HOUR)
    guest = make_club()
    join(club, guest, "viewer")

    guest.open(page, f"#/planes/{plane_id}")

    panel = page.get_by_role("region", name="Components")
    expect(panel.get_by_role("button", name="Add a component")).to_have_count(0)
    opened = sheet(page)
    expect(opened).to_contain_text("1.0 h since new then")
    expect(opened.locator("form")).to_have_count(0)
    expect(opened.get_by_role("button", name="Take")).to_have_count(0)
