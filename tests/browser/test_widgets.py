"""Widgets on a dashboard: each shows, sets, asks, and leaves nothing behind."""

import re
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.browser.axe import findings
from tests.browser.conftest import Server, Watch
from tests.browser.widgets import in_rows, pages_of, widget

pytestmark = pytest.mark.browser

OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
CURVES = {"point1": "point:CH1.voltage", "point2": "point:CH1.current"}
CYCLES = 200
WARM = 80
MOST_MB = 4.0  # 20 kB an opening: about 6 kB stay, a page of widgets is far more
LISTENERS_MORE = 100  # of what was closed last; one left behind each time were 200


def every_kind() -> list[dict[str, Any]]:
    return in_rows(
        [
            widget("value", size=(2, 2), bind={"point": "point:CH1.voltage"}),
            widget("gauge", size=(2, 2), bind={"point": "point:CH1.voltage"}),
            widget("switch", size=(2, 2), bind={"point": "point:PSU_01.output"}),
            widget("setpoint", size=(3, 2), bind={"point": "point:PSU_01.v_set"}),
            widget("enum", size=(3, 2), bind={"point": "point:LOAD_01.load_mode"}),
            widget("chart", size=(6, 4), bind=CURVES, options={"window": 3600}),
            widget("table", size=(6, 4), bind={**CURVES, "point3": "point:PSU_01.v_out"}),
            widget("bitmask", size=(3, 2), bind={"point": "point:PSU_01.protection"}),
            widget("log", size=(3, 3)),
            widget("alarms", size=(3, 3)),
            widget("session", size=(3, 3)),
            widget("run", size=(4, 4)),
            widget("flow", size=(4, 4), bind={"flow": "flow:capacity-check"}),
            widget("device_manager", size=(4, 4)),
            widget("device", size=(4, 4), bind={"device": "device:PSU_01"}),
            widget("markdown", size=(4, 2), options={"text": "# Before\n1. Look\n2. *Think*"}),
            widget("button", size=(2, 1), options={"label": "Mark"}),
            widget("frame", size=(4, 3), options={"url": "http://cam.example/"}),
            widget("channel", size=(12, 3), bind={"channel": "channel:CH1"}),
        ]
    )


def opened(app: Page, server: Server, page: str = "bench") -> Page:
    app.goto(f"{server.url}/?page={page}")
    expect(app.locator("[data-widget]").first).to_be_visible()
    return app


def framed(app: Page, number: int) -> Locator:
    return app.locator(f"[data-widget='w{number}']")


def test_every_kind_of_widget_draws_and_is_usable_without_sight(app: Page, server: Server) -> None:
    with pages_of(server, bench=every_kind()):
        opened(app, server)
        expect(app.locator("[data-widget]")).to_have_count(len(every_kind()))
        chart = app.get_by_role("application", name="Chart of Voltage, Current")
        expect(chart.get_by_role("button", name=re.compile(r"Voltage \d\.\d{4} V"))).to_be_visible()
        expect(
            framed(app, 1).get_by_label(re.compile(r"Voltage \d\.\d+ V between"))
        ).to_be_visible()
        expect(app.get_by_text("http://cam.example is not allowed here")).to_be_visible()
        expect(app.get_by_role("alert")).to_have_count(0)
        assert [one for one in findings(app) if one.startswith(("serious", "critical"))] == []
        app.set_viewport_size({"width": 360, "height": 740})
        expect(app.locator(".around")).to_have_attribute("data-narrow", "true")
        assert app.evaluate(OVERFLOW) <= 0


def test_a_chart_leads_into_the_recorded_past_and_back_to_live(app: Page, server: Server) -> None:
    server.call("POST", "/api/projects/active/sessions/start", {"name": "past"})
    page = in_rows([widget("chart", size=(12, 5), bind=CURVES, options={"window": 60})])
    try:
        with pages_of(server, bench=page):
            opened(app, server)
            chart = framed(app, 0)
            expect(chart.get_by_text("live", exact=True)).to_be_visible()
            with app.expect_response(re.compile(r"/devices/CH1/history\?.*points=\d+")) as answer:
                for _ in range(6):
                    chart.get_by_role("button", name="More time").click()
            assert answer.value.ok
            live = chart.get_by_role("button", name="Live", exact=True)
            expect(live).to_be_visible()
            expect(chart.get_by_text("1:04:00")).to_be_visible()
            expect(chart.get_by_text("Nothing was recorded")).to_have_count(0)
            nothing = chart.get_by_text("Nothing was recorded")
            for _ in range(60):  # to before anything was recorded
                app.get_by_role("application").press("ArrowLeft")
                if nothing.is_visible():
                    break
            expect(nothing).to_be_visible()
            live.click()
            expect(chart.get_by_text("live", exact=True)).to_be_visible()
    finally:
        server.call("POST", "/api/projects/active/sessions/stop")


def test_a_drag_zooms_to_what_was_dragged_over(app: Page, server: Server) -> None:
    page = in_rows([widget("chart", size=(12, 5), bind=CURVES, options={"window": 600})])
    with pages_of(server, bench=page):
        over = opened(app, server).locator(".u-over")
        expect(over).to_be_visible()
        box = over.bounding_box()
        assert box is not None
        app.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
        app.mouse.down()
        app.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=4)
        app.mouse.up()
        expect(framed(app, 0).get_by_text(re.compile(r"· 2:(29|30|31)$"))).to_be_visible()
        over.dblclick()
        expect(framed(app, 0).get_by_text("live", exact=True)).to_be_visible()


def test_a_click_in_a_chart_sets_a_marker_at_its_time(app: Page, server: Server) -> None:
    page = in_rows([widget("chart", size=(12, 5), bind=CURVES, options={"window": 600})])
    with pages_of(server, bench=page):
        opened(app, server)
        app.get_by_role("button", name="Set a marker by a click").click()
        over = app.locator(".u-over")
        box = over.bounding_box()
        assert box is not None
        now = server.call("GET", "/api/system/status")["clock"]["now"]
        over.click(position={"x": box["width"] / 2, "y": 40})
        app.get_by_role("dialog").get_by_label("Text of the marker").fill("Here it was")
        app.get_by_role("dialog").get_by_role("button", name="Set").click()
        expect(app.get_by_role("dialog")).to_have_count(0)
        markers = server.call("GET", "/api/projects/active/markers")["items"]
        (mine,) = [marker for marker in markers if marker["label"] == "Here it was"]
        assert now - 450 < mine["timestamp"] < now - 150
        server.call("DELETE", f"/api/projects/active/markers/{mine['id']}")


def test_a_set_point_is_written_only_after_yes(app: Page, server: Server) -> None:
    bind = {"point": "point:PSU_01.v_set", "actual": "point:PSU_01.v_out"}
    page = in_rows(
        [widget("setpoint", size=(4, 4), bind=bind, options={"step": 0.5, "presets": "1; 2; 99"})]
    )
    before = server.call("GET", "/api/devices/PSU_01/entities/v_set")["value"]
    try:
        with pages_of(server, bench=page):
            here = framed(opened(app, server), 0)
            here.get_by_role("button", name=re.compile(r"^2\.000\s?V$")).click()
            asked = app.get_by_role("dialog")
            expect(asked).to_contain_text("Supply, Set voltage: from")
            asked.get_by_role("button", name="Cancel").click()
            assert server.call("GET", "/api/devices/PSU_01/entities/v_set")["value"] == before
            here.get_by_role("button", name=re.compile(r"^2\.000\s?V$")).click()
            asked.get_by_role("button", name="Set", exact=True).click()
            expect(here.get_by_role("button", name="Set voltage: Set")).to_contain_text("2.000")
            here.get_by_role("button", name="More: Set voltage").click()
            expect(asked).to_contain_text("to 2.500 V")
            asked.get_by_role("button", name="Set", exact=True).click()
            expect(here.get_by_role("button", name="Set voltage: Set")).to_contain_text("2.500")
            expect(here.get_by_text("99")).to_have_count(0)
    finally:
        server.call("PUT", "/api/devices/PSU_01/entities/v_set", {"value": before})


def test_buttons_and_the_session_widget_record_and_mark(app: Page, server: Server) -> None:
    page = in_rows(
        [
            widget("session", size=(4, 3)),
            widget("log", size=(4, 3)),
            widget("button", size=(2, 1), options={"action": "set_marker", "marker": "pressed"}),
            widget("button", size=(2, 1), options={"action": "trigger_rule"}),
        ]
    )
    with pages_of(server, bench=page):
        opened(app, server)
        framed(app, 0).get_by_label("Name of the next session").fill("from a widget")
        framed(app, 0).get_by_role("button", name="Start recording").click()
        expect(framed(app, 0).get_by_text("from a widget")).to_be_visible()
        framed(app, 2).get_by_role("button", name="Set a marker: pressed").click()
        expect(framed(app, 1).get_by_text("Marker: pressed")).to_be_visible()
        expect(framed(app, 3).get_by_role("button", name="Fire a rule")).to_be_disabled()
        framed(app, 0).get_by_role("button", name="Stop recording").click()
        app.get_by_role("dialog").get_by_role("button", name="Stop recording").click()
        expect(framed(app, 1).get_by_text("Recording ended: from a widget")).to_be_visible()


def test_a_widget_says_that_its_device_is_gone_and_goes_on_when_it_is_back(
    app: Page, server: Server
) -> None:
    page = in_rows([widget("value", bind={"point": "point:DMM_01.cell_v"})])
    with pages_of(server, bench=page):
        here = framed(opened(app, server), 0)
        expect(here.get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()
        try:
            server.call("PATCH", "/api/devices/DMM_01/enabled", {"enabled": False})
            expect(here.get_by_text("DMM_01.cell_v is not there")).to_be_visible()
        finally:
            server.call("PATCH", "/api/devices/DMM_01/enabled", {"enabled": True})
        expect(here.get_by_text(re.compile(r"^\d\.\d{4}$"))).to_be_visible()


class Memory:
    """What Chromium holds for the page, after a full collection."""

    def __init__(self, page: Page) -> None:
        self._link: CDPSession = page.context.new_cdp_session(page)
        self._link.send("Performance.enable")

    def read(self) -> dict[str, float]:
        for _ in range(2):
            self._link.send("HeapProfiler.collectGarbage")
        metrics = self._link.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics}


CYCLE = """async (cycles) => {
  const tabs = () => [...document.querySelectorAll('[role=tab]')]
  const tab = (name) => tabs().find((one) => one.textContent.trim() === name)
  const frame = () => new Promise((go) => requestAnimationFrame(go))
  const until = async (seen) => { while (!seen()) await frame() }
  const kinds = () => document.querySelectorAll('[data-widget]').length
  const drawn = () => document.querySelectorAll('.u-over').length > 0
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    tab('bench').click()
    await until(() => kinds() > 10 && drawn())
    tab('other').click()
    await until(() => kinds() === 1 && !drawn())
  }
}"""


def test_200_openings_of_every_widget_leave_heap_and_listeners_flat(
    app: Page, server: Server, watch: Watch
) -> None:
    other = in_rows([widget("markdown", options={"text": "nothing"})], "other")
    with pages_of(server, bench=every_kind(), other=other):
        opened(app, server, "other")
        memory = Memory(app)
        app.evaluate(CYCLE, WARM)
        before = memory.read()
        app.evaluate(CYCLE, CYCLES)
        expect(app.locator("[data-widget]")).to_have_count(1)
        after = memory.read()
    assert after["JSEventListeners"] <= before["JSEventListeners"] + LISTENERS_MORE
    grown = (after["JSHeapUsedSize"] - before["JSHeapUsedSize"]) / 2**20
    assert grown < MOST_MB, f"{grown:.1f} MB more"
    assert after["Nodes"] <= before["Nodes"] * 1.1
    assert watch.errors == []
