"""Scripts from their first line to their end, whatever the end is."""

import asyncio
import os
import signal

import pytest

from ionpy_auto.automation.rules.cause import MAX_DEPTH
from ionpy_auto.automation.scripts.journal import KEPT_RUNS
from ionpy_auto.automation.scripts.sandbox import MODULES, STUBS, Limits, Sandbox
from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import (
    BadInput,
    Conflict,
    NotFound,
    Rejected,
    StaleRevision,
    Unavailable,
)
from ionpy_auto.core.samples import Quality
from ionpy_auto.storage.database import Database
from tests.unit.automation.scripts_bench import ScriptBench, script_bench

BRISK = Limits(turn_s=0.3)


@pytest.fixture
async def bench(tmp_path):
    async with script_bench(tmp_path, VirtualClock(), BRISK) as made:
        yield made


@pytest.fixture
async def real(tmp_path):
    """On real time: for what hangs or computes."""
    async with script_bench(tmp_path, SystemClock(), BRISK) as made:
        yield made


STUBBORN = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""


def texts(run):
    return [line["text"] for line in run["output"]]


# --- the API ----------------------------------------------------------------------------------


async def test_a_script_does_what_its_lines_say_in_its_own_name(bench):
    bench.lab.sample("PSU_01.u_out", 3.7)
    bench.desk.history_of = ([1.0, 2.0], [3.6, 3.7])
    run = await bench.run(
        """
u = await read("PSU_01.u_out")
await write("PSU_01.i_set", params["current"])
await marker("begun", notes="by hand")
await alarm("it is warm", key="warm", severity="critical")
await alarm("", key="warm", active=False)
await notify("hello")
await export("csv", device="PSU_01")
await log("a line")
await session("start", name="night")
await session("stop")
ended = await run("capacity-check", channel="CH1", parameters={"cycles": 2})
curve = await query("PSU_01.u_out", seconds=60)
print(u, ended["verdict"], curve["value"][-1])
""",
        parameters={"current": 0.5},
    )

    assert (run["state"], run["ended_by"], run["message"]) == ("done", "end", "")
    assert bench.did("set") == [("PSU_01.i_set", 0.5, "script:s")]
    assert bench.did("marker") == ["begun"]
    assert bench.did("alarm") == [("script:s/warm", "it is warm")]
    assert bench.did("alarm off") == [("script:s/warm", "")]
    assert bench.did("notify") == [("log", "hello")]
    assert bench.did("export") == [("csv", "PSU_01", None)]
    assert bench.did("session") == ["night", None]
    assert bench.did("run") == [("capacity-check", "CH1", {"cycles": 2}, "script:s")]
    assert texts(run) == ["a line", "3.7 pass 3.7"]


async def test_a_script_may_wait_for_days_and_takes_its_time_from_the_project(bench):
    began = bench.lab.clock.now()
    run = await bench.run(
        """
import asyncio, time, datetime
t = time.time()
for hour in range(48):
    await wait(3600)
await asyncio.sleep(3600)
time.sleep(3600)
print(round(time.time() - t), datetime.datetime.now(datetime.timezone.utc).timestamp() > t)
"""
    )
    assert texts(run) == [str(50 * 3600) + " True"]
    assert bench.lab.clock.now() - began == pytest.approx(50 * 3600, abs=1)


async def test_what_is_not_known_is_none_and_its_quality_says_why(bench):
    bench.lab.sample("PSU_01.u_out", 3.7, Quality.STALE)
    run = await bench.run(
        """
print(await read("PSU_01.u_out"), (await sample("PSU_01.u_out"))["quality"])
print(await read("PSU_01.temp"), (await sample("PSU_01.temp"))["quality"])
for point in ("PSU_01.temp", "PSU_01.nothing"):
    try:
        await read_number(point)
    except ValueError as error:
        print(str(error).split(":")[0])
"""
    )
    assert texts(run) == ["None stale", "None unknown", "NO_VALUE", "POINT_NOT_FOUND"]


async def test_wait_for_ends_with_the_sample_that_makes_it_true_or_with_its_time(bench):
    clock = bench.lab.clock
    run = await bench.start(
        """
print(await wait_for("PSU_01.u_out > 4.1 V", timeout_s=60))
print(await wait_for("PSU_01.u_out > 5 V", timeout_s=60))
try:
    await wait_for("PSU_01.none > 5 V", timeout_s=60)
except ValueError as error:
    print(str(error)[:18])
"""
    )
    began = clock.monotonic()
    for second, value in ((10, 4.0), (20, 4.2)):
        await clock.sleep(began + second - clock.monotonic())
        bench.lab.sample("PSU_01.u_out", value)
    await run.done.wait()
    assert [line["text"] for line in run.lines()] == ["True", "False", "EXPRESSION_INVALID"]
    assert clock.monotonic() - began == pytest.approx(80, abs=2)


async def test_a_refusal_reaches_the_script_with_its_code_and_can_be_caught(bench):
    bench.lab.refuse.add("PSU_01.i_set")
    run = await bench.run(
        """
try:
    await write("PSU_01.i_set", 1.0)
except RuntimeError as error:
    print(error)
await write("PSU_01.i_set", 2.0)
"""
    )
    assert texts(run) == ["OWNED: PSU_01.i_set is held by run:7"]
    assert (run["state"], run["ended_by"], run["line"]) == ("failed", "error", 6)
    assert "OWNED" in run["message"]


@pytest.mark.parametrize(
    "line",
    [
        "await write(3, 1.0)",
        "await write('PSU_01.i_set', None)",
        "await write('PSU_01.i_set', [1.0])",
        "await write('PSU_01.i_set', 10**40)",
        "await write('PSU_01.i_set', 'x' * 2000)",
        "await write('PSU_01.i_set', 1.0, force=True)",
        "await write('PSU_01.i_set')",
        "await wait(float('nan'))",
        "await wait(float('inf'))",
        "await wait(-1)",
        "await wait('1')",
        "await wait(True)",
        "await alarm('x', key='../../etc')",
        "await alarm('x', severity='fatal')",
        "await marker('x' * 3000)",
        "await session('erase')",
        "await query('PSU_01.u_out', seconds=-1)",
        "await query('PSU_01.u_out', points=10**9)",
        "await run('x', parameters={'a': {}})",
        "await log('x', level='critical')",
        "await read()",
        "await read('')",
    ],
)
async def test_a_wrong_argument_is_refused_before_anything_is_done(bench, line):
    text = f"try:\n    {line}\nexcept (ValueError, TypeError):\n    print('no')\n"
    assert await bench.unchecked(text) == ("done", ["no"])
    assert bench.lab.done == []


# --- check ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("x = 1\nawait write('a.b')\n", 2, 7, "missing-argument"),
        ("await read(3)", 1, 12, "invalid-argument-type"),
        ("x = 1\nwrite('a.b', 1.0)\n", 2, 1, "unused-awaitable"),
        ("await raed('a.b')", 1, 7, "unresolved-reference"),
        ("await alarm('x', severity='fatal')", 1, 18, "invalid-argument-type"),
        ("def f(:\n", 1, 7, "invalid-syntax"),
        ("x = 1\ndef f():\n  yield 1\n", 3, 3, "not-supported"),
        ("class A(dict):\n  pass\n", 1, 1, "not-supported"),
        ("x = (\n", 2, 0, "invalid-syntax"),
        ("a\0b", 0, 0, "invalid-syntax"),
    ],
)
async def test_a_mistake_is_found_with_line_and_column_before_anything_runs(
    bench, text, line, column, code
):
    findings = await bench.sandbox.check("s", text)
    assert code in {finding.code for finding in findings}, findings
    first = next(finding for finding in findings if finding.code == code)
    assert first.line == line
    assert first.column == column or not column
    with pytest.raises(Rejected, match=r"s\.py"):
        await bench.start(text)
    assert bench.did("set") == []


async def test_an_import_that_will_fail_is_a_warning(bench):
    text = "import json, math\nfrom collections import Counter\nimport numpy\n"
    (finding,) = await bench.sandbox.check("s", text)
    assert (finding.code, finding.line, finding.column) == ("no-module", 3, 8)
    for module in sorted(MODULES):
        assert await bench.unchecked(f"import {module}\n") == ("done", [])


async def test_the_check_runs_nothing_and_the_stubs_are_the_api(bench):
    assert await bench.sandbox.check("s", "while True: pass\n") == []
    assert await bench.sandbox.check("s", "") == []
    everything = [f"f{i} = {name}" for i, name in enumerate(sorted(bench.names))]
    assert await bench.sandbox.check("s", "\n".join(everything)) == []
    assert {line.split("(")[0][10:] for line in STUBS.splitlines() if line[:9] == "async def"} == (
        bench.names
    )


# --- files ------------------------------------------------------------------------------------


async def test_a_text_is_saved_only_without_errors_and_only_over_what_was_read(bench):
    saved = await bench.store.save("a", "x = 1\n")
    with pytest.raises(StaleRevision) as stale:
        await bench.store.save("a", "x = 2\n")
    assert stale.value.arguments["current_text"] == "x = 1\n"
    with pytest.raises(Rejected):
        await bench.store.save("a", "x = \n", saved["revision"])
    assert (await bench.store.read("a")).text == "x = 1\n"
    again = await bench.store.save("a", "x = 2\n", saved["revision"])
    with pytest.raises(StaleRevision):
        await bench.store.delete("a", saved["revision"])
    await bench.store.delete("a", again["revision"])
    with pytest.raises(NotFound):
        await bench.store.get("a")
    changes = [(e["name"], e["deleted"]) for e in bench.events("script_changed")]
    assert changes == [("a", False), ("a", False), ("a", True)]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/b", "a.py", "runs", "a b", "é", "x" * 65, "-a", "a\0"]
)
async def test_a_name_never_leaves_the_folder(bench, name):
    with pytest.raises(BadInput):
        await bench.store.save(name, "x = 1\n")
    assert not bench.store.folder.exists()


async def test_a_file_that_is_no_text_stops_nothing(bench):
    bench.store.folder.mkdir()
    (bench.store.folder / "bad.py").write_bytes(b"\xff\xfe")
    (bench.store.folder / "big.py").write_text("#" * 300_000)
    (bench.store.folder / "good.py").write_text("x = 1")
    (bench.store.folder / "not a script.py").write_text("x = 1")
    assert [one["name"] for one in await bench.store.entries()] == ["bad", "big", "good"]
    with pytest.raises(Rejected, match="UTF-8"):
        await bench.store.get("bad")


# --- ends -------------------------------------------------------------------------------------


async def test_a_stop_ends_a_script_that_waits(bench):
    run = await bench.start("await wait(10)\nawait write('PSU_01.i_set', 1.0)\n" * 100)
    await bench.lab.clock.sleep(25)
    ended = await bench.manager.stop_run(run.id, "anna")
    await bench.lab.clock.sleep(100)
    assert (ended["state"], ended["message"]) == ("stopped", "stopped by anna")
    assert len(bench.did("set")) == 2
    with pytest.raises(Conflict, match="has ended"):
        await bench.manager.stop_run(run.id)
    actions = [(action, actor) for action, actor, _ in bench.audit.events]
    assert actions == [
        ("script_started", "test"),
        ("script_stop", "anna"),
        ("script_ended", "test"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    pass\n",
        STUBBORN,
        "x = [1]\nwhile True:\n    print('flood' * 100)\n",
        "sum(range(10**12))",
    ],
)
async def test_a_loop_that_only_computes_is_ended(real, text):
    run = await real.run(text)
    assert (run["state"], run["ended_by"]) == ("failed", "time")
    assert "await wait" in run["message"]


async def test_a_stop_ends_a_script_that_computes(tmp_path):
    async with script_bench(tmp_path, SystemClock(), Limits(turn_s=3600)) as bench:
        run = await bench.start("while True: pass")
        stopped = await bench.manager.stop_run(run.id)
        assert stopped["state"] == "stopped"


async def test_a_loop_of_calls_gives_way_to_everybody_else(real):
    run = await real.start("while True:\n    await read('PSU_01.u_out')\n")
    await real.turns(lambda: run.api.calls > 600)
    turns = 0
    calls = run.api.calls
    while run.api.calls < calls + 50:
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100  # the loop had more to do than this script's calls
    await real.manager.stop_run(run.id)


async def test_a_write_under_way_is_finished_before_the_script_is_over(bench):
    bench.lab.write_takes = 2.0
    run = await bench.start("while True:\n    await write('PSU_01.i_set', 1.0)\n")
    await bench.lab.clock.sleep(5)  # in the middle of the third
    ended = await bench.manager.stop_run(run.id)
    assert ended["state"] == "stopped"
    assert len(bench.did("set")) == 3
    await bench.lab.clock.sleep(60)
    assert len(bench.did("set")) == 3


async def test_a_write_that_hangs_does_not_keep_a_stopped_script(bench):
    bench.lab.write_takes = 1e6
    run = await bench.start("await write('PSU_01.i_set', 1.0)\n")
    await bench.lab.clock.sleep(1)
    began = bench.lab.clock.monotonic()
    await bench.manager.stop_run(run.id)
    assert bench.lab.clock.monotonic() - began < 10
    assert bench.did("set") == []


async def test_panic_stops_every_script_and_none_starts_while_it_is_latched(bench):
    runs = [await bench.start("await wait(1e6)", name) for name in ("a", "b", "c")]
    bench.latch.press("anna", "smoke", 0.0)
    for run in runs:
        await run.done.wait()
        assert (run.state, run.ended_by) == ("stopped", "panic")
    with pytest.raises(Conflict, match="panic"):
        await bench.start("x = 1", "d")


async def test_a_script_ends_after_its_time(bench):
    run = await bench.run("await wait(1e6)", timeout_s=30)
    assert (run["state"], run["ended_by"], run["message"]) == (
        "failed",
        "timeout",
        "it ran longer than 30 s",
    )


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("x = 1\nx / 0\n", "error", 2),
        ("def f(n):\n    return f(n + 1)\nf(0)\n", "recursion", 2),
        ("x = 'a' * 10**9\n", "memory", 0),
        ("x = []\nwhile True:\n    x.append('y' * 100000)\n", "memory", 0),
        ("raise KeyError('k')", "error", 1),
    ],
)
async def test_a_failure_says_what_and_where(bench, text, kind, line):
    run = await bench.run(text)
    assert (run["state"], run["ended_by"]) == ("failed", kind)
    assert run["message"]
    assert run["line"] == line or not line


# --- crashes ----------------------------------------------------------------------------------


async def test_a_worker_that_is_killed_while_its_script_waits_is_noticed_at_once(real):
    run = await real.start("await wait(3600)\nawait write('PSU_01.i_set', 1.0)\n")
    other = await real.start("print(1)\nawait wait(3600)\n", "other")
    await real.turns(lambda: run.api.calls and other.api.calls)
    before = await worker_of(real, run)
    os.kill(before, signal.SIGKILL)
    await run.done.wait()
    assert (run.state, run.ended_by) == ("interrupted", "worker")
    assert other.state == "running"
    assert (await real.run("print(2)", "third"))["state"] == "done"
    assert real.did("set") == []


async def worker_of(bench, run):
    """The process that serves a run."""
    return bench.sandbox.workers[run.script.name]


async def test_a_worker_that_is_killed_while_it_computes_interrupts_its_run(tmp_path):
    async with script_bench(tmp_path, SystemClock(), Limits(turn_s=3600)) as bench:
        run = await bench.start("while True: pass")
        await bench.turns(lambda: "s" in bench.sandbox.workers)
        os.kill(bench.sandbox.workers["s"], signal.SIGKILL)
        await run.done.wait()
        assert (run.state, run.ended_by) == ("interrupted", "worker")


async def test_after_a_crash_of_the_server_the_state_is_known_and_safe_devices_are_safe(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    first = ScriptBench(tmp_path, database)
    await first.manager.start_up()
    run = await first.start("await wait(1e6)", safe=("PSU_01",), parameters={"u": 4.2})
    run.task.get_loop()
    rows, _ = await first.journal.list(10)
    assert [row["state"] for row in rows] == ["running"]  # this is what a crash leaves

    second = ScriptBench(tmp_path, database)
    await second.manager.start_up()
    await second.turns(lambda: second.did("safe_state"))
    known = await second.manager.describe(run.id)
    assert (known["state"], known["ended_by"]) == ("interrupted", "server")
    assert known["parameters"] == {"u": 4.2}
    assert second.did("safe_state") == [("PSU_01",)]
    assert [e["state"] for e in second.events("script_run")] == ["interrupted"]
    assert second.manager.active() == []
    for bench in (second, first):
        await bench.manager.stop()
    await database.stop()


# --- several ----------------------------------------------------------------------------------


async def test_three_scripts_at_once_do_not_disturb_each_other(bench):
    text = """
total = 0
for i in range(50):
    await wait(params["every"])
    await write(params["point"], i)
    total = total + i
print(total)
"""
    points = {"a": "PSU_01.i_set", "b": "PSU_01.u_set", "c": "FAN_01.speed"}
    runs = [
        await bench.start(text, name, parameters={"point": point, "every": 1.0 + number})
        for number, (name, point) in enumerate(points.items())
    ]
    for run in runs:
        await run.done.wait()
        assert (run.state, texts({"output": run.lines()})) == ("done", ["1225"])
    for name, point in points.items():
        mine = [value for where, value, who in bench.did("set") if who == f"script:{name}"]
        assert mine == list(range(50))
        assert bench.desk.chains[point] == (f"script:{name}",)


async def test_a_script_runs_once_at_a_time_and_not_more_than_six_run(bench):
    first = await bench.start("await wait(1e6)", "s0")
    with pytest.raises(Conflict, match="running already") as twice:
        await bench.manager.start(first.request)
    assert twice.value.arguments == {"run": first.id}
    for number in range(1, 6):
        await bench.start("await wait(1e6)", f"s{number}")
    with pytest.raises(Unavailable, match="6 scripts"):
        await bench.start("x = 1", "s6")


async def test_calls_of_one_script_may_run_side_by_side_within_bounds(bench):
    run = await bench.run(
        """
import asyncio
await asyncio.gather(*[wait(100) for i in range(60)])
try:
    await asyncio.gather(*[wait(100) for i in range(200)])
except RuntimeError as error:
    print(str(error).split(":")[0])
"""
    )
    assert texts(run) == ["TOO_MANY_CALLS"]
    assert bench.lab.clock.monotonic() < 250


async def test_rules_and_scripts_that_feed_each_other_are_cut(bench):
    with pytest.raises(Conflict, match="feeds itself"):
        await bench.start("x = 1", cause=tuple(f"rule:{n}" for n in range(MAX_DEPTH)))


# --- left safe --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x = 1", "x = 1 / 0", "await wait(1e9)"])
async def test_devices_are_left_safe_however_a_script_ends_if_it_was_asked_for(bench, text):
    run = await bench.start(text, safe=("PSU_01",))
    await bench.lab.clock.sleep(5)
    if not run.done.is_set():
        await bench.manager.stop_run(run.id)
    assert bench.did("safe_state") == [("PSU_01",)]
    assert (await bench.manager.describe(run.id))["safe_result"] == [
        {"device": "PSU_01", "ok": True}
    ]


async def test_outputs_are_left_alone_when_nothing_was_asked(bench):
    await bench.run("await write('PSU_01.on', True)")
    assert (bench.did("set"), bench.did("safe_state")) == ([("PSU_01.on", True, "script:s")], [])


async def test_a_device_that_does_not_become_safe_is_an_alarm(bench, monkeypatch):
    async def refuse(devices):
        return [{"device": one, "ok": False} for one in devices]

    monkeypatch.setattr(bench.lab, "safe_state", refuse)
    await bench.run("x = 1", safe=("PSU_01",))
    assert bench.did("alarm") == [("script:s/safe", "not proven safe after script s: PSU_01")]
    with pytest.raises(NotFound, match="NONE"):
        await bench.start("x = 1", safe=("NONE",))


# --- output and history -----------------------------------------------------------------------


async def test_output_is_told_live_in_bounded_pieces_and_kept_in_part(real):
    run = await real.run(
        "for i in range(20000):\n    print('line', i)\nprint('x' * 5000)\nprint('end', end='')\n"
    )
    assert run["state"] == "done"
    assert len(run["output"]) <= 500
    assert all(len(line["text"]) <= 2000 for line in run["output"])
    told = real.events("script_output")
    assert all(len(event["lines"]) <= 100 for event in told)
    assert len(told) < 50
    assert run["dropped"] > 0
    assert run["dropped"] == sum(event["dropped"] for event in told)


async def test_only_the_newest_runs_are_kept(bench):
    row = await bench.run("x = 1")
    for number in range(KEPT_RUNS + 3):
        await bench.journal.put({**row, "id": str(number), "started": float(number)})
    rows, total = await bench.journal.list(1000)
    assert total == KEPT_RUNS
    assert [rows[0]["id"], rows[1]["id"]] == [row["id"], str(KEPT_RUNS + 2)]


async def test_without_a_sandbox_a_start_is_refused_and_nothing_else_breaks(tmp_path, monkeypatch):
    monkeypatch.setenv("MONTY_BIN", str(tmp_path / "none"))
    sandbox = Sandbox(VirtualClock())
    with pytest.raises(Unavailable, match="sandbox"):
        await sandbox.check("s", "x = 1")
    await sandbox.stop()
