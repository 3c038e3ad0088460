"""A year of 10,000,000 rows in the history page, zoomed from the whole to one second in Chromium.

The rows are stored through the storage's own API: one every few seconds for a year, and a fifth of
them within 60,000 s in the middle, where the zoom ends (a pixel of the year is half of that). The
page is zoomed with the wheel at a fixed place, then moved, then zoomed out. Printed are the longest
task of the page's main thread, the longest time between two frames, and how long the server took
per question. Exit code 1 when a task took longer than 100 ms. Needs a built UI and Chromium
(``IONPY_CHROMIUM`` names another one).

``python -m benchmarks.bench_zoom [--quick] [--rows 10000000]``
"""

import argparse
import asyncio
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
from pathlib import Path

from playwright.sync_api import sync_playwright

from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.projects.models import SessionRow
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.rebuild import rebuild
from ionpy_auto.storage.recorder import Recorder

GOAL_MS = 100
YEAR_S = 365 * 86_400
T0 = 1_700_000_000.0
BURST_S = 60_000.0
BURST_AT = T0 + 200 * 86_400
ENTITIES = [EntityColumn(name, "numeric", unit) for name, unit in (("u", "V"), ("i", "A"))]
SESSION = 900
STEPS_IN = 38  # of 1.6 each: a year to about a second
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
START_LINE = re.compile(r"ionpy_auto is at (http://\S+?)/?\s")
WATCH = """() => {
  window.seen = { tasks: [], gaps: [] }
  const note = (list) => list.getEntries().forEach((task) => seen.tasks.push(task.duration))
  new PerformanceObserver(note).observe({ type: 'longtask' })
  let last = performance.now()
  const frame = (now) => { seen.gaps.push(now - last); last = now; requestAnimationFrame(frame) }
  requestAnimationFrame(frame)
}"""


# --- the recording ---------------------------------------------------------------------------


def fill(connection, table, start, seconds, rows):
    names = ", ".join(c.column for c in table.columns)
    values = f"3.5 + (n % 86400) * 0.000005 + (n * 7919 % 101) * 0.0001, (n / {rows // 20 + 1}) % 2"
    connection.execute(
        f"WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {rows - 1})"
        f" INSERT INTO {table.table} (timestamp, session_id, {names})"
        f" SELECT {start} + n * {seconds / rows}, {SESSION}, {values} FROM c"
    )


async def record(path, rows):
    clock = SystemClock()
    db = Database(path, clock, synchronous="NORMAL")
    await db.start()
    recorder = Recorder(db, Bus(), clock)
    await recorder.start()
    row = SessionRow(id=SESSION, name="A year", created=T0, stopped=T0 + YEAR_S, status="completed")
    await db.write(lambda session: session.add(row))
    table = await recorder.declare("LOGGER_01", ENTITIES)
    burst = rows // 5
    slow = rows - burst
    before = int(slow * (BURST_AT - T0) / YEAR_S)
    after_at = BURST_AT + BURST_S
    parts = (
        (T0, BURST_AT - T0, before),
        (BURST_AT, BURST_S, burst),
        (after_at, T0 + YEAR_S - after_at, slow - before),
    )
    for start, seconds, count in parts:
        await db.write_driver(lambda c, p=(start, seconds, count): fill(c, table, *p))
    await rebuild(db, table)
    await recorder.stop()
    await db.stop()


# --- the server and the browser ------------------------------------------------------------------


def serve(home):
    command = [sys.executable, "-m", "ionpy_auto", "demo", "--no-browser", "--home", str(home)]
    process = subprocess.Popen(
        [*command, "--port", "0", "--log-level", "ERROR"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    for line in process.stderr:
        if found := START_LINE.search(line):
            return process, found[1]
    raise SystemExit("the server did not start")


def end(process):
    process.terminate()
    process.communicate(timeout=60)


def wheel(page, times, delta, pause_ms):
    page.keyboard.down("Control")
    for _ in range(times):
        page.mouse.wheel(0, delta)
        page.wait_for_timeout(pause_ms)
    page.keyboard.up("Control")


def settle(page):
    page.wait_for_timeout(200)
    page.wait_for_load_state("networkidle")


def drive(page, url, pause_ms):
    """The answers about curves, in the order they came."""
    answers = []

    def note(answer):
        if "/history" in answer.url and "/api/" in answer.url and answer.status == 200:
            answers.append((answer.request.timing["responseStart"], answer))

    page.on("requestfinished", lambda request: note(request.response()))
    page.goto(f"{url}/history?session={SESSION}")
    page.get_by_role("button", name=re.compile(r"^LOGGER_01 u \d")).wait_for(timeout=120_000)
    settle(page)
    page.evaluate(WATCH)
    box = page.locator(".field-of-curves .u-over").bounding_box()
    place = (BURST_AT + BURST_S / 2 - T0) / YEAR_S
    page.mouse.move(box["x"] + box["width"] * place, box["y"] + box["height"] / 2)
    wheel(page, STEPS_IN, -100, pause_ms)
    settle(page)
    finest = answers[-1][1].json()
    page.locator(".field-of-curves").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(pause_ms)
    settle(page)
    wheel(page, STEPS_IN, 100, pause_ms)
    settle(page)
    return [ms for ms, _ in answers], finest, page.evaluate("window.seen")


def measure(url, pause_ms):
    found = os.environ.get("IONPY_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(ARGS))
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        try:
            return drive(page, url, pause_ms)
        finally:
            browser.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="folder of a home that is made once and kept")
    options = parser.parse_args()
    rows = 300_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        home = options.keep or Path(folder)
        if not list(home.glob("projects/*/data.db")):
            process, url = serve(home)
            with urllib.request.urlopen(f"{url}/api/projects") as answer:
                assert json.load(answer)["items"]
            end(process)
            (data,) = home.glob("projects/*/data.db")
            began = time.perf_counter()
            asyncio.run(record(data, rows))
            print(f"{rows:,} rows stored in {time.perf_counter() - began:.0f} s")
        process, url = serve(home)
        try:
            times, finest, seen = measure(url, 60)
        finally:
            end(process)
    worst = max(seen["tasks"], default=0.0)
    span = finest["end"] - finest["start"]
    gaps = sorted(seen["gaps"])
    middle = statistics.median(times)
    print(f"questions {len(times)}: median {middle:.0f} ms, worst {max(times):.0f} ms")
    print(f"finest answer: {len(finest['t'])} rows over {span:.1f} s")
    print(f"frames {len(gaps)}: median {statistics.median(gaps):.1f} ms, worst {gaps[-1]:.0f} ms")
    print(
        f"tasks over 50 ms: {len(seen['tasks'])}, longest {worst:.0f} ms (goal {GOAL_MS} ms):",
        end=" ",
    )
    is_good = worst <= GOAL_MS and finest["resolution_s"] == 0
    print("reached" if is_good else "missed")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
