"""The real server is told to end while three of eight devices hang: outputs off, exit code 0."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices import Benches
from ionpy_auto.testing.wires import Break, ChaosWire, Way
from tests.acceptance.safety.panic_lab import LOADS, SLUG, SUPPLIES, write_project
from tests.acceptance.safety.rig import now, offs, tell, wired
from tests.conftest import Server, start_process

SAMPLE, MANY = 3, 99
AT_ONCE = 3
STOP_S = 10.0
HUNG = 3
NAMES = (*SUPPLIES, *LOADS)


def hang(wire: ChaosWire, how: str) -> None:
    """Four ways of not being there any more."""
    match how:
        case "deaf":
            wire.dead = {Way.ANSWERS}
        case "dead":
            wire.dead = set(Way)
        case "silent":
            wire.unplug(Break.SILENT)
        case _:
            wire.unplug(Break.RESET)


async def switch_on(server: Server) -> None:
    """Arm the project and switch everything on, as a person at the browser."""
    async with httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as http:
        for _ in range(200):
            items = (await http.get("/api/devices")).json()["items"]
            if {item["state"] for item in items} == {"online"}:
                break
            await asyncio.sleep(0.1)
        (await http.post("/api/admin/mode", json={"mode": "armed"})).raise_for_status()
        for name in NAMES:
            wish = {"device_id": name, "key": "output", "value": True}
            asked = (await http.post("/api/control", json=wish)).json()
            assert asked["code"] == "CONFIRMATION_REQUIRED", asked
            done = await http.post("/api/control", json={**wish, "confirm": asked["args"]["token"]})
            assert done.json()["read_back"] is True, done.text


def kill(server: Server) -> None:
    """For a trial that went wrong half-way."""
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    server.http.close()


async def stop_one(folder: Path, source: random.Random) -> float:
    """Start a server, let three devices hang, end it; returns how long the end took."""
    async with AsyncExitStack() as stack:
        benches = Benches(SystemClock())
        devices = {name: await wired(stack, benches.get(name)) for name in NAMES}
        wires = {name: wire for name, (_, wire) in devices.items()}
        write_project(folder, wires, load_driver="riden_rd60xx")
        server = await asyncio.to_thread(start_process, folder, "serve", "--project", SLUG)
        stack.callback(kill, server)
        await switch_on(server)
        assert all(s.circuit.bench.supply.output for s, _ in devices.values())
        hung = source.sample(NAMES, HUNG)
        for name in hung:
            hang(wires[name], source.choice(["deaf", "dead", "silent", "reset"]))
        await asyncio.sleep(source.uniform(0.0, 1.5))
        told = now()
        code = await asyncio.to_thread(server.stop)
        took = now() - told
        for name, (simulator, wire) in devices.items():
            if name not in hung:
                assert offs(wire, told), name
            if name not in hung or wire.dead == {Way.ANSWERS}:
                assert not simulator.circuit.bench.supply.output, name
        assert code == 0
    return took


@pytest.mark.parametrize("count", [SAMPLE, pytest.param(MANY, marks=pytest.mark.proof, id="many")])
async def test_a_server_with_hung_devices_ends_in_time_and_leaves_the_others_off(tmp_path, count):
    source, took = random.Random(count), []
    for first in range(0, count, AT_ONCE):
        folders = [tmp_path / f"home_{first + n}" for n in range(AT_ONCE)]
        async with asyncio.TaskGroup() as group:
            trials = [group.create_task(stop_one(folder, source)) for folder in folders]
        took += [trial.result() for trial in trials]
    tell("the end took", took)
    assert max(took) <= STOP_S
