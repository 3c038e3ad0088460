"""What a person does in the text of the flow editor."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server


def text_of(server: Server, flow: str) -> str:
    """The flow as it stands on disk."""
    text: str = server.call("GET", f"/api/flows/{flow}")["text"]
    return text


def show_text(page: Page) -> Locator:
    """The text beside the view; where there is little room a person switches it on."""
    switch = page.get_by_role("button", name="Text beside it")
    expect(switch).to_be_visible()
    if switch.get_attribute("aria-pressed") == "false":
        switch.click()
    text = page.get_by_role("textbox", name="YAML text")
    expect(text).to_be_visible()
    return text


def write(page: Page, text: str) -> None:
    """Replace the whole text, as by select all and paste."""
    show_text(page).click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
