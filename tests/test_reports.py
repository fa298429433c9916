"""What a failed browser test tells by itself."""

from playwright.sync_api import Page

from tests.support import last_state


def test_the_last_state_names_what_is_still_loading_and_what_the_page_says(page: Page) -> None:
    """The reader of a red run sees the element that has not come and the page around it."""
    page.set_content("<main><h1>Sessions</h1><div class='skeleton rows'></div><button>Export</button></main>")

    told = last_state(page)

    assert 'still loading: <div class="skeleton rows">' in told
    assert 'heading "Sessions"' in told
    assert 'button "Export"' in told
