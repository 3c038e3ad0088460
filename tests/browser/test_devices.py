"""Devices from the first search to the last click: the wizard, dangerous writes, interlocks."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server, Watch

pytestmark = pytest.mark.browser

SIMULATOR = Path(__file__).parents[2] / "drivers" / "riden_rd60xx" / "simulator.py"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
HOT = """\
interlocks:
  - id: too-high
    trip: {device}.v_out > 100 V
    deny: [{device}]
    message: The cell is too high.
"""


@pytest.fixture
def devices(app: Page, server: Server) -> Iterator[Page]:
    """The page of the devices; those that a test adds are removed."""
    before = {item["id"] for item in server.call("GET", "/api/devices")["items"]}
    app.goto(f"{server.url}/devices")
    expect(app.get_by_role("heading", level=1, name="Devices")).to_be_visible()
    yield app
    for item in server.call("GET", "/api/devices")["items"]:
        if item["id"] not in before:
            server.call("DELETE", f"/api/devices/{item['id']}")
    for alarm in server.call("GET", "/api/alarms")["items"]:  # leave none to the next test
        server.call("POST", f"/api/alarms/{alarm['id']}/ack")
    assert [a["text"] for a in server.call("GET", "/api/alarms")["items"]] == []


@pytest.fixture
def riden() -> Iterator[int]:
    """Port of a Riden in software that speaks the real protocol over TCP."""
    command = [sys.executable, "-u", str(SIMULATOR), "--tcp", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().rsplit(" ", 1)[-1])
        finally:
            process.terminate()


@pytest.fixture
def bench(app: Page, server: Server) -> Iterator[Page]:
    """An empty project for real devices; afterwards the demo is open again."""
    demo = server.call("GET", "/api/projects/active")["id"]
    made = server.call("POST", "/api/projects", {"name": "Real bench"})["id"]
    app.goto("about:blank")  # what a page still asks of one project must not meet another
    server.call("POST", f"/api/projects/{made}/open")
    app.goto(f"{server.url}/devices")
    expect(app.get_by_text("No devices yet")).to_be_visible()
    yield app
    app.goto("about:blank")
    server.call("POST", f"/api/projects/{demo}/open")
    server.call("DELETE", f"/api/projects/{made}")


def wizard(page: Page) -> Locator:
    """Open it with the mouse."""
    page.get_by_role("button", name="Add device").first.click()
    dialog = page.get_by_role("dialog", name="Add a device")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    return dialog


def go_on(dialog: Locator, step: str) -> None:
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("heading", name=re.compile(f"^{step} ·"))).to_be_visible()


def device(server: Server, device_id: str) -> dict[str, Any]:
    found: dict[str, Any] = server.call("GET", f"/api/devices/{device_id}")
    return found


def add_riden(server: Server, port: int, device_id: str = "PSU") -> None:
    body = {
        "id": device_id,
        "driver": "riden_rd60xx",
        "transport": {"type": "tcp", "host": "127.0.0.1", "port": port},
        "framing": {"type": "modbus_rtu"},
        "polling_interval_ms": 100,
    }
    assert server.call("POST", "/api/devices", body)["id"] == device_id


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


# -- the wizard ----------------------------------------------------------------------------------


def test_a_simulated_riden_is_added_by_keyboard_alone(devices: Page, server: Server) -> None:
    devices.get_by_role("button", name="Add device").first.focus()
    press(devices, "Enter")
    expect(devices.get_by_role("searchbox")).to_be_focused()
    expect(devices.get_by_role("radio", name=re.compile("riden"))).to_be_attached()
    devices.keyboard.type("riden")
    press(devices, "Enter", "Enter")
    expect(devices.get_by_label("Id", exact=True)).to_be_focused()
    press(devices, "Tab")
    devices.keyboard.type("Bench supply")
    press(devices, "Enter")
    expect(devices.get_by_role("textbox", name="Port")).to_be_focused()
    press(devices, "Enter")
    expect(devices.get_by_text("The device answers", exact=True)).to_be_visible()
    expect(devices.get_by_role("button", name="Next")).to_be_focused()
    press(devices, "Enter")
    expect(devices.get_by_role("dialog").get_by_text("Bench supply")).to_be_visible()
    save = devices.get_by_role("dialog").get_by_role("button", name="Add device")
    expect(save).to_be_focused()
    press(devices, "Enter")
    expect(devices.get_by_role("dialog")).to_be_hidden()
    expect(devices.get_by_role("article", name="Bench supply")).to_contain_text("online")
    added = device(server, "RIDEN_RD60XX_1")
    assert (added["alias"], added["transport"]) == (
        "Bench supply",
        {"type": "serial", "baudrate": 115200},
    )


def test_a_simulated_riden_is_added_by_mouse_and_then_another(
    devices: Page, server: Server
) -> None:
    dialog = wizard(devices)
    dialog.get_by_role("tab", name=re.compile("^Supplies")).click()
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    dialog.get_by_label("Location").fill("Shelf 2")
    go_on(dialog, "Connection")
    dialog.get_by_role("tab", name="TCP").click()
    dialog.get_by_role("radiogroup", name="Protocol").get_by_text("Modbus TCP").click()
    expect(dialog.get_by_role("combobox", name="Port")).to_have_value("502")
    dialog.get_by_label("Simulated model").select_option("RD6018")
    go_on(dialog, "Test")
    expect(dialog.get_by_role("region", name="First values")).to_contain_text("RD6018")
    go_on(dialog, "Summary")
    expect(dialog.get_by_text("tested", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Save and add another").click()
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    expect(dialog.get_by_label("Id", exact=True)).to_have_value("RIDEN_RD60XX_2")
    added = device(server, "RIDEN_RD60XX_1")
    assert added["location"] == "Shelf 2"
    assert added["params"] == {"simulated_model": "RD6018"}
    assert added["framing"]["type"] == "modbus_tcp"


def test_next_says_why_it_does_not_go_on(devices: Page) -> None:
    dialog = wizard(devices)
    next_ = dialog.get_by_role("button", name="Next")
    expect(next_).to_be_disabled()
    expect(dialog.get_by_text("Choose a driver")).to_be_visible()
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    for wrong, reason in (("PSU_01", "PSU_01 is in use"), ("a b", "The id takes 1 to 64")):
        dialog.get_by_label("Id", exact=True).fill(wrong)
        expect(dialog.get_by_text(re.compile(reason)).first).to_be_visible()
        expect(next_).to_be_disabled()
    dialog.get_by_label("Id", exact=True).fill("PSU_09")
    go_on(dialog, "Connection")
    dialog.get_by_label("Modbus address").fill("300")
    expect(dialog.get_by_text("Modbus address: 1 to 247")).to_be_visible()
    expect(next_).to_be_disabled()


ADAPTER = {
    "port": "/dev/ttyUSB7",
    "description": "USB Serial",
    "manufacturer": "QinHeng",
    "vid": 0x1A86,
    "pid": 0x7523,
    "serial_number": "A77",
    "known": "CH340",
    "often": "DPS5005",
    "drivers": [],
    "in_use": None,
    "hint": "",
}


def test_a_port_is_taken_from_the_table_with_what_it_is_recognised_by(
    devices: Page, server: Server
) -> None:
    ports = [ADAPTER, {**ADAPTER, "port": "/dev/ttyUSB8", "in_use": "PSU_01"}]
    body = {"items": ports, "total": 2, "help": "Join the group dialout."}
    devices.route("**/api/inventory/serial", lambda route: route.fulfill(json=body))
    dialog = wizard(devices)
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    go_on(dialog, "Connection")
    table = dialog.get_by_role("table", name="Serial ports")
    for heading in ("Port", "Description", "Manufacturer", "Known device", "Status"):
        expect(table.get_by_role("columnheader", name=heading)).to_be_visible()
    expect(table.get_by_role("row").filter(has_text="ttyUSB8")).to_contain_text("in use by PSU_01")
    table.get_by_role("row").filter(has_text="ttyUSB7").click()
    expect(dialog.get_by_role("textbox", name="Port")).to_have_value("/dev/ttyUSB7")
    dialog.get_by_label("Baud rate").select_option("own")
    expect(dialog.get_by_role("textbox", name="Other speed")).to_be_focused()
    dialog.get_by_role("textbox", name="Other speed").fill("12345")
    dialog.get_by_text("Help with ports").click()
    expect(dialog.get_by_text("Join the group dialout.")).to_be_visible()
    assert findings(devices) == []
    go_on(dialog, "Test")
    steps = dialog.get_by_role("list", name="Test").get_by_role("listitem")
    expect(steps.filter(has_text="values are good")).to_be_visible()
    go_on(dialog, "Summary")
    dialog.get_by_role("button", name="Add device").click()
    expect(dialog).to_be_hidden()
    transport = device(server, "RIDEN_RD60XX_1")["transport"]
    hint = {"vid": 0x1A86, "pid": 0x7523, "serial_number": "A77", "description": "USB Serial"}
    assert (transport["port_hint"], transport["baudrate"]) == (hint, 12345)
    row = devices.get_by_role("article", name="RIDEN_RD60XX_1")
    row.get_by_role("button", name="Edit").click()
    dialog = devices.get_by_role("dialog", name="Edit RIDEN_RD60XX_1")
    go_on(dialog, "Connection")
    expect(dialog.get_by_role("textbox", name="Other speed")).to_have_value("12345")


def test_the_log_of_a_device_tells_its_traffic_and_what_happened(
    devices: Page, server: Server
) -> None:
    row = devices.get_by_role("article", name="Cell meter")
    row.get_by_role("button", name="Details of DMM_01").click()
    expect(row.get_by_text("shipped with the program")).to_be_visible()
    log = row.get_by_role("region", name="Log")
    row.get_by_role("button", name="Disconnect: DMM_01").click()
    devices.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(log.get_by_role("listitem").first).to_contain_text("State: offline")
    row.get_by_role("button", name="Connect: DMM_01").click()
    expect(log.get_by_role("listitem").first).to_contain_text("State: online")
    assert findings(devices) == []
    known = server.call("GET", "/api/devices/DMM_01/log")
    assert known["counters"]["connects"] > 1


def test_leaving_the_wizard_half_way_asks(devices: Page) -> None:
    dialog = wizard(devices)
    press(devices, "Escape")
    expect(dialog).to_be_hidden()
    dialog = wizard(devices)
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    press(devices, "Escape")
    question = devices.get_by_role("dialog", name="Leave without saving?")
    question.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_visible()
    press(devices, "Escape")
    question.get_by_role("button", name="Leave").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize(
    ("theme", "size"),
    [("dark", (1400, 900)), ("light", (360, 740))],
    ids=["dark-desk", "light-phone"],
)
def test_every_step_is_accessible_and_fits(
    devices: Page, theme: str, size: tuple[int, int]
) -> None:
    devices.set_viewport_size({"width": size[0], "height": size[1]})
    if theme == "light":
        devices.evaluate("document.documentElement.dataset.theme = 'light'")
    devices.get_by_role("button", name="Details of PSU_01").click()
    check(devices)
    dialog = wizard(devices)
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    check(devices)
    go_on(dialog, "Name")
    check(devices)
    go_on(dialog, "Connection")
    dialog.get_by_text("Advanced").click()
    check(devices)
    dialog.get_by_role("tab", name="TCP").click()
    check(devices)
    go_on(dialog, "Test")
    expect(dialog.get_by_text("The device answers", exact=True)).to_be_visible()
    check(devices)
    go_on(dialog, "Summary")
    check(devices)


def check(page: Page) -> None:
    assert findings(page) == []
    assert page.evaluate(OVERFLOW) <= 0


# -- real devices --------------------------------------------------------------------------------


def test_a_bad_port_is_a_red_step_with_a_hint_and_can_be_skipped(
    bench: Page, server: Server
) -> None:
    dialog = wizard(bench)
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    go_on(dialog, "Connection")
    expect(dialog.get_by_text("Choose or type a port")).to_be_visible()
    dialog.get_by_role("textbox", name="Port").fill("/dev/ttyNOWHERE")
    dialog.get_by_role("button", name="Test port").click()
    expect(dialog.get_by_role("status")).to_contain_text("there is no port /dev/ttyNOWHERE")
    go_on(dialog, "Test")
    failed = dialog.get_by_role("listitem").filter(has=bench.get_by_role("img", name="failed"))
    expect(failed).to_contain_text("there is no port /dev/ttyNOWHERE")
    expect(failed.locator(".hint")).not_to_be_empty()
    expect(dialog.get_by_role("button", name="Next")).to_be_disabled()
    assert findings(bench) == []
    dialog.get_by_role("button", name="Skip the test").click()
    go_on(dialog, "Summary")
    expect(dialog.get_by_text("not tested", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Add device").click()
    row = bench.get_by_role("article", name="RIDEN_RD60XX_1")
    expect(row).to_contain_text(re.compile("offline|connecting"))
    expect(row).to_contain_text("next try in")
    assert device(server, "RIDEN_RD60XX_1")["transport"]["port"] == "/dev/ttyNOWHERE"


def test_a_device_on_the_network_is_checked_tried_edited_and_removed(
    bench: Page, server: Server, riden: int
) -> None:
    dialog = wizard(bench)
    dialog.get_by_text("riden_rd60xx", exact=True).click()
    go_on(dialog, "Name")
    dialog.get_by_label("Id", exact=True).fill("PSU")
    go_on(dialog, "Connection")
    dialog.get_by_role("tab", name="TCP").click()
    dialog.get_by_label("Host").fill("127.0.0.1")
    usual = dialog.get_by_role("group", name="Usual ports")
    usual.get_by_role("button", name="502 Modbus TCP").click()
    expect(dialog.get_by_role("combobox", name="Port")).to_have_value("502")
    dialog.get_by_role("combobox", name="Port").fill(str(riden))
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_text(re.compile(r"^Answers in"))).to_be_visible()
    go_on(dialog, "Test")
    expect(dialog.get_by_text("The device answers", exact=True)).to_be_visible()
    go_on(dialog, "Summary")
    dialog.get_by_role("button", name="Add device").click()
    row = bench.get_by_role("article", name="PSU")
    expect(row).to_contain_text("online")

    row.get_by_role("button", name="Edit").click()
    dialog = bench.get_by_role("dialog", name="Edit PSU")
    dialog.get_by_label("Display name").fill("Big supply")
    go_on(dialog, "Connection")
    expect(dialog.get_by_label("Host")).to_have_value("127.0.0.1")
    go_on(dialog, "Test")
    expect(dialog.get_by_text("no test is needed")).to_be_visible()
    go_on(dialog, "Summary")
    dialog.get_by_role("button", name="Save changes").click()
    row = bench.get_by_role("article", name="Big supply")
    expect(row).to_contain_text("online")
    assert device(server, "PSU")["transport"] == {"type": "tcp", "host": "127.0.0.1", "port": riden}

    row.get_by_role("button", name="Delete").click()
    bench.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(bench.get_by_text("No devices yet")).to_be_visible()
    assert server.call("GET", "/api/devices")["items"] == []


def test_a_dangerous_write_is_asked_once_and_off_never(
    bench: Page, server: Server, riden: int, watch: Watch
) -> None:
    watch.refusals = {409}
    add_riden(server, riden)
    expect(bench.get_by_role("article", name="PSU")).to_contain_text("online")
    server.call("POST", "/api/admin/mode", {"mode": "armed"})
    bench.goto(f"{server.url}/")
    switch = bench.get_by_role("switch", name="Output", exact=True)
    switch.click()
    dialog = bench.get_by_role("dialog", name="Write to PSU?")
    expect(dialog).to_contain_text("Off")
    expect(dialog.get_by_role("button", name="Write")).to_be_focused()
    assert findings(bench) == []
    press(bench, "Escape")
    expect(dialog).to_be_hidden()
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(dialog.get_by_role("button", name="Write")).to_be_focused()
    press(bench, "Enter")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(dialog).to_be_hidden()
    sent = [row["sent"] for row in server.call("GET", "/api/audit?limit=50")["items"]]
    assert True in sent


def test_an_interlock_is_written_trips_shows_and_is_shelved(
    bench: Page, server: Server, riden: int, watch: Watch
) -> None:
    watch.refusals = {422}
    add_riden(server, riden)
    expect(bench.get_by_role("article", name="PSU")).to_contain_text("online")
    panel = bench.get_by_role("region", name="Interlocks")
    panel.get_by_role("button", name="Write the first").click()
    editor = bench.get_by_role("dialog", name="Interlocks of the project")
    write(bench, editor, HOT.format(device="NOBODY"))
    editor.get_by_role("button", name="Save").click()
    expect(editor.get_by_role("button", name=re.compile("no point.*NOBODY"))).to_be_visible()
    write(bench, editor, HOT.format(device="PSU").replace("> 100 V", "< 100 V"))
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_be_hidden()
    item = panel.get_by_role("listitem").filter(has_text="The cell is too high.")
    expect(item).to_contain_text("tripped")
    lamp = bench.get_by_role("banner").get_by_role("link", name=re.compile("too high"))
    expect(lamp).to_be_visible()
    assert findings(bench) == []
    item.get_by_role("button", name="Shelve").click()
    dialog = bench.get_by_role("dialog", name=re.compile("Shelve"))
    dialog.get_by_role("textbox").fill("bench test")
    dialog.get_by_role("button", name="Shelve").click()
    expect(item).to_contain_text("shelved")
    expect(lamp).to_be_hidden()
    item.get_by_role("button", name="Put back").click()
    expect(item).to_contain_text("tripped")


def write(page: Page, editor: Locator, text: str) -> None:
    """Replace the whole text, as by select all and paste."""
    editor.get_by_role("textbox", name="YAML text").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
