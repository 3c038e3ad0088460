"""Native scripts at work: the same API over a pipe, in a process that is gone when they end."""

import asyncio
import os
import pathlib
import signal
import sys

import pytest

from ionpy_auto.automation.scripts.native import is_native
from ionpy_auto.automation.scripts.sandbox import Limits
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import Forbidden, Rejected
from tests.unit.automation.scripts_bench import script_bench

MARK = "# ionpy: native\n"


@pytest.fixture
async def bench(tmp_path):
    async with script_bench(tmp_path, SystemClock(), Limits(workers=2)) as made:
        made.trusted.add("s")
        yield made


def said(row):
    return [line["text"] for line in row["output"]]


def gone(pid):
    """Whether a process has ended; one that nobody has waited for yet counts as gone."""
    try:
        with pathlib.Path(f"/proc/{pid}/stat").open(encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_without_trust_nothing_starts(bench):
    bench.trusted.clear()
    with pytest.raises(Forbidden) as refused:
        await bench.start(MARK + "print('no')")
    assert refused.value.error_code == "SCRIPT_UNTRUSTED"
    assert bench.manager.active() == []


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("# ionpy: native\n", True),
        ('"""Doc."""\n#ionpy:native \n', True),
        ("x = 1  # ionpy: native\n", False),
        ("#\n" * 5 + "# ionpy: native\n", False),
        ("# ionpy: natively\n", False),
    ],
)
def test_the_mark_stands_alone_in_one_of_the_first_lines(text, native):
    assert is_native(text) is native


async def test_it_has_all_of_python_and_the_api_and_its_output(bench):
    text = MARK + (
        "import os, sys, threading\n"
        "print('in', os.getpid() != 1, params['current'])\n"
        "print('err', file=sys.stderr)\n"
        "os.write(1, b'past it\\n')\n"
        "told = await write('PSU_01.i_set', params['current'])\n"
        "print(told['outcome'], await read('PSU_01.temp'))\n"
        "await log('logged')\n"
        "try:\n    await write('PSU_01.i_set', float('nan'))\n"
        "except (ValueError, RuntimeError) as error:\n    print('refused')\n"
        "try:\n    await read('NO_01.x')\n"
        "except ValueError as error:\n    print(str(error).split(':')[0])\n"
    )
    bench.lab.sample("PSU_01.temp", 21.5)
    row = await bench.run(text, parameters={"current": 0.5})
    assert (row["state"], row["ended_by"]) == ("done", "end"), row
    lines = said(row)
    for line in ("in True 0.5", "err", "past it", "done 21.5", "logged", "POINT_NOT_FOUND"):
        assert line in lines, lines
    assert bench.did("set")[0] == ("PSU_01.i_set", 0.5, "script:s")
    assert row["calls"] == 5


async def test_many_calls_at_once_and_in_turn_are_answered(bench):
    text = MARK + (
        "import asyncio\n"
        "found = await asyncio.gather(*(read('PSU_01.temp') for _ in range(200)))\n"
        "for _ in range(100): await read('PSU_01.temp')\n"
        "print(set(found), len(found))\n"
    )
    bench.lab.sample("PSU_01.temp", 20.0)
    row = await bench.run(text)
    assert said(row) == ["{20.0} 200"], row


NOISE = """
import os
for number in range(3, 10):
    try: os.write(number, b'{]\\n')
    except OSError: pass
await wait(5)
"""
ENDS = {
    "an error": ("x = 1\n1 / 0", "failed", "error", "ZeroDivisionError", 3),
    "an error in a function": ("def f():\n  raise KeyError('k')\nf()", "failed", "error", "k", 3),
    "leaving with a word": ("import sys\nsys.exit('why')", "failed", "error", "why", 0),
    "leaving well": ("import sys\nsys.exit(0)", "done", "end", "", 0),
    "the process is gone": ("import os\nos._exit(7)", "interrupted", "worker", "with 7", 0),
    "a crash": (
        "import ctypes\nctypes.string_at(0)",
        "interrupted",
        "worker",
        "ended with",
        0,
    ),
    "noise on the link": (
        NOISE,
        "failed",
        "error",
        "link",
        0,
    ),
    "too large a message": ("await log('x' * 2_000_000)", "failed", "error", "TOO_LARGE", 2),
    "a function there is none": ("await nothing()", "failed", "error", "NameError", 2),
    "a value that cannot be sent": ("await log(object())", "failed", "error", "WRONG_ARG", 2),
}


@pytest.mark.parametrize("name", ENDS)
async def test_however_it_ends_that_is_known(bench, name):
    text, state, ended_by, message, line = ENDS[name]
    row = await bench.run(MARK + text)
    assert (row["state"], row["ended_by"], row["line"]) == (state, ended_by, line), row
    assert message in row["message"]
    assert bench.sandbox.workers == {}


async def test_errors_of_syntax_are_told_before_the_start(bench):
    with pytest.raises(Rejected) as refused:
        await bench.start(MARK + "if True print(1)")
    (finding,) = refused.value.findings
    assert (finding.code, finding.line, finding.severity) == ("invalid-syntax", 2, "error")
    assert (await bench.store.check(MARK + "import numpy\nawait wait(1)"))["ok"]
    assert not (await bench.store.check(MARK + "(" * 100_000))["ok"]


BUSY = "import subprocess, sys, time\nprint('up', flush=True)\nwhile True: time.sleep(0.01)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("how", ["stop", "panic", "timeout"])
async def test_it_is_killed_with_what_it_has_started(bench, how):
    text = MARK + (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "while True: pass\n"
    )
    run = await bench.start(text, timeout_s=3.0 if how == "timeout" else None)
    await bench.turns(run.lines)
    pid, child = bench.sandbox.workers["s"], int(run.lines()[0]["text"])
    if how == "stop":
        await bench.manager.stop_run(run.id)
    elif how == "panic":
        bench.latch.press("test", "now", 0.0)
    await run.done.wait()
    wanted = {"stop": "stopped", "panic": "panic", "timeout": "timeout"}
    assert run.ended_by == wanted[how]
    await bench.turns(lambda: gone(pid) and gone(child))


async def test_a_write_under_way_comes_to_its_read_back_when_it_is_stopped(bench):
    bench.lab.write_takes = 0.3
    run = await bench.start(MARK + "print('up')\nawait write('PSU_01.i_set', 1.0)")
    await bench.turns(lambda: run.api.calls == 1)
    await bench.manager.stop_run(run.id)
    assert (run.state, bench.did("set")) == ("stopped", [("PSU_01.i_set", 1.0, "script:s")])


async def test_a_flood_of_output_is_dropped_and_the_loop_goes_on(bench):
    run = await bench.start(MARK + "while True: print('x' * 1000)")
    await bench.turns(lambda: run.output.dropped > 20)
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert len(run.lines()) <= 500
    await bench.manager.stop_run(run.id)


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Linux knows them")
async def test_a_killed_process_is_an_interrupted_run_and_devices_are_left_safe(bench):
    run = await bench.start(MARK + BUSY, safe=("PSU_01",))
    await bench.turns(run.lines)
    os.kill(bench.sandbox.workers["s"], signal.SIGKILL)
    await run.done.wait()
    assert (run.state, run.ended_by) == ("interrupted", "worker")
    assert bench.did("safe_state") == [("PSU_01",)]


async def test_no_secret_of_the_server_is_in_its_environment(bench, monkeypatch):
    monkeypatch.setenv("IONPY_SECRET_BROKER", "word")
    row = await bench.run(MARK + "import os\nprint([k for k in os.environ if 'IONPY' in k])")
    assert said(row) == ["[]"]
