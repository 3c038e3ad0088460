"""UI-7: the browser UI in Chromium: first load, and 50 widgets at ten values a second.

A server with the demo project in a home of its own; the page is driven by Playwright, its load is
read over the DevTools protocol (`Performance.getMetrics`). Exit code 1 when a goal is missed: the
first load shows values within 1 s, 50 widgets (ten of them charts) are painted at 60 frames per
second with the page's main thread busy for less than 20 % of the time.
``python -m benchmarks.bench_pages [--quick]``
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
START_LINE = re.compile(r"ionpy_auto is at (http://\S+?)/?\s")
LOAD_GOAL_S = 1.0
FPS_GOAL = 58.0  # of 60: the frame counter begins between two frames
BUSY_GOAL = 0.20
WIDGETS, CHARTS = 50, 10
POINTS = ("PSU_01.v_out", "PSU_01.i_out", "PSU_01.p_out", "LOAD_01.load_v", "LOAD_01.load_i")
POINTS += ("DMM_01.cell_v", "DMM_01.cell_temp", "CH1.voltage", "CH1.current", "CH1.power")
FRAMES = """(seconds) => new Promise((done) => {
  const gaps = []
  let last = performance.now()
  const end = last + seconds * 1000
  const step = (now) => {
    gaps.push(now - last)
    last = now
    if (now < end) requestAnimationFrame(step)
    else done(gaps.slice(1))
  }
  requestAnimationFrame(step)
})"""


def call(url: str, method: str, path: str, body: object = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if data else {}
    request = urllib.request.Request(url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or b"null")


@contextmanager
def server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as home:
        command = [sys.executable, "-m", "ionpy_auto", "demo", "--no-browser", "--home", home]
        with subprocess.Popen(
            [*command, "--port", "0", "--log-level", "ERROR"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        ) as process:
            try:
                yield next(
                    found[1] for line in process.stderr if (found := START_LINE.search(line))
                )
            finally:
                process.terminate()
                process.communicate(timeout=30)


def page_of_widgets() -> list[dict]:
    widgets = []
    for number in range(WIDGETS):
        is_chart = number < CHARTS
        bindings = {"point": POINTS[number % len(POINTS)]}
        if is_chart:
            bindings = {f"point{n}": POINTS[(number + n) % len(POINTS)] for n in (1, 2)}
        kind = "chart" if is_chart else ("value", "gauge", "table", "value")[number % 4]
        if kind == "table":
            bindings = {f"point{n}": point for n, point in enumerate(POINTS[:2], 1)}
        place = number % 10
        widgets.append(
            {
                "id": f"w{number}",
                "type": kind,
                "title": "",
                "bindings": {k: {"source": v, "type": "point"} for k, v in bindings.items()},
                "layout": {"x": place, "y": (number // 10) * 3, "w": 1, "h": 3},
                "options": {"window": 60} if is_chart else {},
            }
        )
    for number, widget in enumerate(widgets[:CHARTS]):  # charts need room: two rows of five
        widget["layout"] = {"x": (number % 5) * 2, "y": 12 + (number // 5) * 4, "w": 2, "h": 4}
    return widgets


def first_load(browser: Browser, url: str, times: int) -> float:
    """Seconds from the address to the first value on a page, cold cache; the median."""
    found = []
    for _ in range(times):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.get_by_text(re.compile(r"^\d\.\d{4}$")).first.wait_for()
        found.append(time.perf_counter() - began)
        context.close()
    return statistics.median(found)


def busy(page: Page, seconds: float, heard: list[str]) -> tuple[float, float, float, float]:
    """Frames per second, longest frame [ms], share of the main thread, messages a second."""
    link = page.context.new_cdp_session(page)
    link.send("Performance.enable", {"timeDomain": "threadTicks"})  # what others take is not ours

    def tasks() -> tuple[float, float]:
        metrics = {m["name"]: m["value"] for m in link.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"], time.perf_counter()

    heard.clear()
    before, began = tasks()
    gaps = page.evaluate(FRAMES, seconds)
    after, ended = tasks()
    passed = ended - began
    fps = 1000 * len(gaps) / sum(gaps)
    return fps, max(gaps), (after - before) / passed, len(heard) / passed


def main(quick: bool = False) -> int:
    chromium = os.environ.get("IONPY_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("no Chromium: install one, or name it in IONPY_CHROMIUM")
        return 1
    with server() as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(ARGS))
        load = first_load(browser, url, 3 if quick else 7)
        call(url, "POST", "/api/runs", {"sequence": "capacity-check"})  # so that values change
        revision = call(url, "GET", "/api/workspaces/active")["revision"]
        pages = [{"id": "fifty", "title": "fifty", "icon": "", "widgets": page_of_widgets()}]
        call(url, "PUT", "/api/workspaces/active", {"revision": revision, "pages": pages})
        page = browser.new_page(viewport={"width": 1920, "height": 1600})
        heard: list[str] = []
        page.on(
            "websocket", lambda link: link.on("framereceived", lambda text: heard.extend([text]))
        )
        page.goto(f"{url}/?page=fifty")
        page.locator("[data-widget='w49'] .live-text").first.wait_for()
        page.locator("canvas").nth(CHARTS - 1).wait_for()
        page.wait_for_timeout(3000)
        fps, longest, share, rate = busy(page, 5 if quick else 20, heard)
        browser.close()
    print(f"first load to the first value: {load * 1000:.0f} ms (goal {LOAD_GOAL_S * 1000:.0f} ms)")
    print(f"{WIDGETS} widgets, {CHARTS} of them charts, {rate:.0f} messages a second:")
    print(f"  {fps:.1f} frames/s (goal {FPS_GOAL:.0f}), the longest took {longest:.0f} ms")
    print(f"  main thread {share:.1%} (goal {BUSY_GOAL:.0%})")
    is_good = load <= LOAD_GOAL_S and fps >= FPS_GOAL and share <= BUSY_GOAL
    print("reached" if is_good else "missed")
    return 0 if is_good else 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    sys.exit(main(options.parse_args().quick))
