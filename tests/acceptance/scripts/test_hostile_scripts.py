"""Scripts against the real engine: the gate refuses, and devices are polled whatever they do."""

import os
import signal

import pytest

from ionpy_auto.automation.scripts.manager import ScriptRequest

SUPPLY = {
    "id": "PSU",
    "driver": "virtual_psu",
    "transport": {"type": "virtual"},
    "polling_interval_ms": 20,
    "params": {"bench": "B", "cell": "nmc_18650", "soc": 0.5, "isolation": "relay"},
}
METER = {
    "id": "DMM",
    "driver": "virtual_meter",
    "transport": {"type": "virtual"},
    "polling_interval_ms": 20,
    "params": {"bench": "B"},
}
CAUGHT = """
while True:
    try:
        {line}
    except (NameError, PermissionError, RuntimeError, ValueError):
        pass
"""
HOSTILE = {
    "loop": "while True:\n    pass\n",
    "memory": "x = []\nwhile True:\n    x.append('y' * 10000)\n",
    "print": "while True:\n    print('x' * 200)\n",
    "calls": "while True:\n    await read('PSU.v_out')\n",
    "names": CAUGHT.format(line="nothing_of_that_name"),
    "files": CAUGHT.format(line="open('/etc/passwd')"),
    "clock": "import time\nwhile True:\n    time.time()\n",
    "arguments": "x = {i: i for i in range(30000)}" + CAUGHT.format(line="await read(x)"),
    "writes": CAUGHT.format(line="await write('PSU.v_set', 1e9)"),
    "tasks": "import asyncio"
    + CAUGHT.format(line="await asyncio.gather(*[wait(0) for i in range(500)])"),
}


async def put(bench, name, text):
    """A script on disk, past the check of the editor."""
    folder = bench.project.path("scripts")
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.fixture
async def lab(api):
    """A project on real time with two virtual devices, armed."""
    made = (await api.post("/api/projects", json={"name": "Hostile"})).json()
    await api.post(f"/api/projects/{made['id']}/open")
    for device in (SUPPLY, METER):
        answer = await api.post("/api/devices", json=device)
        assert answer.status_code == 201, answer.text
    bench = api.engine.project
    await bench.devices.settle(10)
    bench.set_mode("armed", "anna")
    bench.automation.scripts.store.require_good = _anything
    return bench


async def _anything(script):
    """The check is for people; what deceives it must be harmless too."""


async def start(bench, name, text, **wish):
    await put(bench, name, text)
    return await bench.automation.scripts.start(ScriptRequest(script=name, actor="test", **wish))


async def run(bench, name, text, **wish):
    made = await start(bench, name, text, **wish)
    await made.done.wait()
    return await bench.automation.scripts.describe(made.id)


def polls(bench):
    return {stack.id: dict(stack.counters) for stack in bench.devices.stacks.values()}


async def test_devices_are_polled_while_scripts_do_their_worst(lab):
    scripts = lab.automation.scripts
    for names in (list(HOSTILE)[:5], list(HOSTILE)[5:]):
        before = polls(lab)
        runs = [await start(lab, name, HOSTILE[name]) for name in names]
        await lab.clock.sleep(1.0)
        for made in runs:
            if not made.done.is_set():
                await scripts.stop_run(made.id)
            assert made.state in {"stopped", "failed"}
        for device, counters in polls(lab).items():
            polled = counters["polls"] - before[device]["polls"]
            skipped = counters["skipped_polls"] - before[device]["skipped_polls"]
            assert polled > skipped, f"{names}: {device} polled {polled}, skipped {skipped}"
    assert lab.gate.counts["done"] == 0
    assert not scripts.active()


REFUSED = {
    ("PSU.v_set", "float('nan')"): "NOT_FINITE",
    ("PSU.v_set", "float('inf')"): "NOT_FINITE",
    ("PSU.v_set", "-float('inf')"): "NOT_FINITE",
    ("PSU.v_set", "True"): "WRONG_TYPE",
    ("PSU.v_set", "'3.3'"): "WRONG_TYPE",
    ("PSU.v_set", "1e9"): "",
    ("PSU.v_set", "-1.0"): "",
    ("PSU.v_set", "10**30"): "WRONG_ARGUMENT",
    ("PSU.v_out", "1.0"): "",
    ("PSU.none", "1.0"): "",
    ("NONE.v_set", "1.0"): "POINT_NOT_FOUND",
    ("PSU.v_set\\n", "1.0"): "",
    ("PSU.v_set\\x00", "1.0"): "",
    ("../PSU.v_set", "1.0"): "",
    ("PSU", "1.0"): "",
}


async def test_the_gate_refuses_a_script_like_everyone(lab):
    text = "".join(
        f"try:\n    await write('{point}', {value})\n    print('written')\n"
        "except ValueError as error:\n    print(error)\n"
        for point, value in REFUSED
    )
    ended = await run(lab, "w", text)
    assert ended["state"] == "done", ended
    said = [line["text"] for line in ended["output"]]
    assert len(said) == len(REFUSED)
    for line, code in zip(said, REFUSED.values(), strict=True):
        assert line.startswith(code)
        assert line != "written"
    assert lab.gate.counts["done"] == 0


async def test_a_write_of_a_script_stands_in_the_audit_with_its_name(lab):
    ended = await run(
        lab, "good", "r = await write('PSU.v_set', 3.3)\nprint(r['outcome'], r['sent'])\n"
    )
    assert [line["text"] for line in ended["output"]] == ["done 3.3"]
    await lab.engine.audit.settle()
    entries = await lab.engine.audit.listing(limit=20)
    assert "script:good" in {entry["actor"] for entry in entries}
    assert {"script_started", "script_ended"} <= {entry["action"] for entry in entries}


async def test_a_killed_worker_leaves_devices_and_other_scripts_alone(lab):
    victim = await start(lab, "victim", "await wait(3600)\n")
    other = await start(lab, "other", "await wait(3600)\n")
    while not (victim.api.calls and other.api.calls):
        await lab.clock.sleep(0.01)
    before = polls(lab)
    os.kill(lab.automation.scripts._sandbox.workers["victim"], signal.SIGKILL)
    await victim.done.wait()
    await lab.clock.sleep(0.2)
    assert (victim.state, other.state) == ("interrupted", "running")
    assert all(
        polls(lab)[device]["polls"] > counters["polls"] for device, counters in before.items()
    )


async def test_closing_the_project_ends_scripts_before_their_next_write(lab):
    made = await start(
        lab, "s", "while True:\n    await wait(0.01)\n    await write('PSU.v_set', 3.0)\n"
    )
    while made.api.calls < 6:
        await lab.clock.sleep(0.01)
    await lab.engine.close_project("test")
    assert (made.state, made.ended_by) == ("stopped", "project")
    done = lab.gate.counts["done"]
    await lab.engine.clock.sleep(0.1)
    assert lab.gate.counts["done"] == done
