"""Probe and inventory over REST, through the guard and the framework."""

import asyncio
import json

import pytest

from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices import Benches
from ionpy_auto.devices.probe import STEPS
from ionpy_auto.devices.simulated import PtyPort, RtuServer
from ionpy_auto.devices.stack import DeviceState

RIDEN = {"driver": "rd6012", "transport_type": "serial", "transport_params": {"port": "/dev/ttyX9"}}
WHOLE = {
    "id": "PSU_09",
    "driver": "rd6012",
    "alias": "Supply",
    "transport": {"type": "serial", "port": "/dev/ttyX9"},
    "framing": {"type": "modbus_rtu", "timeout_s": 0.2},
    "polling_interval_ms": 500,
    "params": {"modbus_address": 1},
}
VIRTUAL = {"driver": "virtual_psu", "transport_type": "virtual"}


@pytest.fixture
async def supply():
    """A simulated RD6012 on a pseudo terminal."""
    benches = Benches(SystemClock())
    port = PtyPort(RtuServer(RidenSimulator(model_named("RD6012"), benches.get("A"))))
    yield port.name
    port.close()
    await asyncio.sleep(0.05)


async def real_project(api):
    made = (await api.post("/api/projects", json={"name": "Real"})).json()
    await api.post(f"/api/projects/{made['id']}/open")


def step(answer, name):
    return next(s for s in answer["steps"] if s["id"] == name)


# --- probe ------------------------------------------------------------------------------------


async def test_without_a_project_a_probe_opens_the_real_port(bare, supply):
    body = {**RIDEN, "transport_params": {"port": supply}}
    answer = (await bare.post("/api/devices/probe", json=body)).json()
    assert answer["success"], answer["error"]
    assert [s["id"] for s in answer["steps"]] == list(STEPS)
    assert answer["first_values"]["v_in"]["unit"] == "V"
    assert answer["error"] is None
    assert answer["duration_ms"] < 10_000


async def test_in_the_simulated_demo_the_simulator_answers(api):
    answer = (await api.post("/api/devices/probe", json=RIDEN)).json()
    assert answer["success"], answer["error"]
    assert answer["simulated"] is True
    assert "simulated" in step(answer, "port")["detail"]


@pytest.mark.parametrize("path", ["/api/devices", "/api/projects/active/devices"])
async def test_a_body_with_test_probes_and_adds_nothing(api, path):
    answer = await api.post(path, json={**WHOLE, "test": True})
    assert answer.status_code == 200
    assert answer.json()["success"], answer.json()["error"]
    assert "PSU_09" not in api.engine.project.devices.stacks
    added = await api.post(path, json={**WHOLE, "test": False})
    assert added.status_code == 201
    assert added.json()["id"] == "PSU_09"


async def test_steps_of_a_probe_are_told_one_by_one_and_the_answer_comes_last(api):
    headers = {"accept": "application/x-ndjson"}
    answer = await api.post("/api/devices/probe", json=RIDEN, headers=headers)
    lines = [json.loads(text) for text in answer.text.splitlines()]
    whole = lines.pop()["result"]
    assert whole == {**whole, "success": True, "simulated": True}
    told = [(line["step"]["id"], line["step"]["ok"]) for line in lines]
    begun = [name for name, ok in told if ok is None]
    assert begun == [name for name in STEPS if name != "cleanup"]
    assert [name for name, ok in told if ok] == list(STEPS)


async def test_a_failed_step_is_told_with_its_hint_and_nothing_behind_it(bare):
    body = {"driver": "rd6012", "transport_type": "serial", "transport_params": {"port": "/dev/no"}}
    headers = {"accept": "application/x-ndjson"}
    answer = await bare.post("/api/devices/probe", json=body, headers=headers)
    steps = [json.loads(text).get("step") for text in answer.text.splitlines()[:-1]]
    failed = [one for one in steps if one["ok"] is False]
    assert [one["id"] for one in failed] == ["port"]
    assert failed[0]["hint"]
    assert {one["id"] for one in steps} == {"driver", "parameters", "port", "cleanup"}


async def test_the_log_of_a_device_holds_what_happened_to_it_newest_first(api):
    before = (await api.get("/api/devices/PSU_01/log")).json()
    assert before["counters"]["polls"] > 0
    assert before["interval_ms"] == 500
    assert before["poll_ms"] >= 0
    await api.post("/api/devices/PSU_01/disconnect")
    log = (await api.get("/api/devices/PSU_01/log")).json()
    assert log["items"][0]["event"] == "device_state"
    assert log["items"][0]["state"] == "offline"
    assert log["last_poll"] is None
    times = [one["timestamp"] for one in log["items"]]
    assert times == sorted(times, reverse=True)


async def test_the_log_of_a_device_says_that_it_was_changed_but_keeps_no_manifest(api):
    told = []
    api.engine.bus.tap("event/device_updated", lambda event: told.append(event.payload))
    await api.patch("/api/devices/PSU_01/enabled", json={"enabled": False})
    await api.patch("/api/devices/PSU_01/enabled", json={"enabled": True})
    log = (await api.get("/api/devices/PSU_01/log")).json()
    changed = [one for one in log["items"] if one["event"] == "device_updated"]
    assert changed
    assert all(set(one) == {"timestamp", "event"} for one in changed)
    assert all(payload["meta"]["id"] == "PSU_01" for payload in told)
    assert told


async def test_a_whole_device_is_taken_as_well(api):
    answer = (await api.post("/api/devices/probe", json=WHOLE)).json()
    assert answer["success"], answer["error"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "driver"),
        ({"driver": "rd6012"}, "transport"),
        ({"driver": "rd6012", "transport_params": {}}, "transport_type"),
        ({**RIDEN, "transport_params": "x"}, "transport_params"),
        ({**RIDEN, "transport": {"type": "tcp"}}, "transport"),
        ({**RIDEN, "speed": 5}, "speed"),
        ({**RIDEN, "framing_params": {}}, "framing_type"),
        ({**WHOLE, "polling_interval_ms": "fast"}, "polling_interval_ms"),
    ],
)
async def test_an_unreadable_body_names_the_field(bare, body, word):
    answer = await bare.post("/api/devices/probe", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["message"]


async def test_a_word_for_test_is_refused(api):
    answer = await api.post("/api/devices", json={**WHOLE, "test": "yes"})
    assert answer.status_code == 400


async def test_a_port_in_use_names_the_owner_everywhere(api, supply):
    await real_project(api)
    body = {**WHOLE, "transport": {"type": "serial", "port": supply}}
    await api.post("/api/devices", json=body)
    stack = api.engine.project.devices.stack("PSU_09")
    for _ in range(200):
        if stack.state is DeviceState.ONLINE:
            break
        await asyncio.sleep(0.02)
    probe = (await api.post("/api/devices/probe", json=body)).json()
    assert probe["error"]["code"] == "PORT_HELD"
    assert "PSU_09" in probe["error"]["hint"]
    test = (await api.post("/api/inventory/serial/test", json={"port": supply})).json()
    assert (test["ok"], test["in_use"]) == (False, "PSU_09")
    assert stack.state is DeviceState.ONLINE
    await api.delete("/api/devices/PSU_09")
    test = (await api.post("/api/inventory/serial/test", json={"port": supply})).json()
    assert test["ok"] is True, test


async def test_a_probe_records_and_publishes_nothing(api):
    events = []
    leave = api.engine.bus.tap("event/", events.append)
    before = dict(api.engine.values.latest)
    answer = (await api.post("/api/devices/probe", json={**VIRTUAL, "id": "NEW_01"})).json()
    leave()
    assert answer["success"], answer["error"]
    assert [e for e in events if "NEW_01" in str(e.payload)] == []
    assert {point for point in api.engine.values.latest if point.startswith("NEW")} == set()
    assert set(before) <= set(api.engine.values.latest)


# --- inventory ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["serial", "usb", "hid", "tcp", "tools/serial"])
async def test_each_kind_answers_with_a_list(bare, kind):
    answer = await bare.get(f"/api/inventory/{kind}")
    assert answer.status_code == 200, answer.text
    assert isinstance(answer.json()["items"], list)


async def test_an_unknown_kind_names_those_there_are(bare):
    answer = await bare.get("/api/inventory/gpib")
    assert answer.status_code == 404
    assert "serial" in answer.json()["hint"]


async def test_a_home_may_know_more_ports(bare, home):
    (home.root / "known_ports.yaml").write_text("- {port: 4711, service: Ours}\n")
    items = (await bare.get("/api/inventory/tcp")).json()["items"]
    assert {"port": 4711, "service": "Ours", "drivers": [], "scan": True} in items


async def test_urls_are_no_serial_ports(bare):
    answer = await bare.post("/api/inventory/serial/test", json={"port": "spy:///dev/x?file=/y"})
    assert answer.status_code == 400


@pytest.fixture
async def open_port():
    async def visit(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.02)


async def test_an_open_and_a_closed_tcp_port(bare, open_port):
    path = "/api/inventory/tcp/probe?host=127.0.0.1&port="
    assert (await bare.get(f"{path}{open_port}")).json()["open"] is True
    closed = (await bare.get(f"{path}9")).json()
    assert closed["open"] is False
    assert closed["hint"]
    assert (await bare.get(f"{path}99999")).status_code == 400


async def test_a_scan_is_begun_looked_at_listed_and_deleted(bare, open_port):
    wish = {"subnet": "127.0.0.0/29", "ports": [open_port, 9]}
    begun = await bare.post("/api/inventory/tcp/scan", json=wish)
    assert begun.status_code == 202
    path = f"/api/inventory/tcp/scan/{begun.json()['id']}"
    for _ in range(200):
        state = (await bare.get(path)).json()
        if state["state"] != "running":
            break
        await asyncio.sleep(0.01)
    assert (state["state"], state["done"], state["total"]) == ("done", 12, 12)
    (hit,) = state["hits"]
    assert (hit["host"], hit["port"]) == ("127.0.0.1", open_port)
    assert (await bare.get("/api/inventory/tcp/scan")).json()["total"] == 1
    assert (await bare.delete(path)).status_code == 204
    assert (await bare.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"subnet": "8.8.8.0/24"}, "NOT_PRIVATE"),
        ({"subnet": "10.0.0.0/16"}, "TOO_MANY_HOSTS"),
        ({"subnet": "192.168.1.0/24", "ports": [0]}, "BAD_INPUT"),
        ({"subnet": "192.168.1.0/24", "ports": list(range(1, 40))}, "BAD_INPUT"),
        ({"subnet": "192.168.1.0/24", "timeout_s": 60}, "BAD_INPUT"),
    ],
)
async def test_scans_of_more_than_a_small_private_network_are_refused(bare, wish, code):
    answer = await bare.post("/api/inventory/tcp/scan", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert (await bare.get("/api/inventory/tcp/scan")).json()["total"] == 0


async def test_visa_looks_with_its_backend_only_when_asked(bare, tmp_path):
    from ionpy_auto.web.discovery import discovery_of  # noqa: PLC0415 - only here

    path = tmp_path / "bench.yaml"
    path.write_text(
        'spec: "1.1"\n'
        "devices:\n"
        '  meter: {eom: {"TCPIP INSTR": {q: "\\n", r: "\\n"}},'
        ' dialogues: [{q: "*IDN?", r: "KEITHLEY,2000,1,A"}]}\n'
        'resources: {"TCPIP::10.0.0.9::INSTR": {device: meter}}\n'
    )
    discovery_of(bare.engine).visa_backend = f"{path}@sim"
    (item,) = (await bare.get("/api/inventory/visa")).json()["items"]
    assert (item["manufacturer"], item["model"]) == ("KEITHLEY", "2000")
    refused = await bare.get("/api/inventory/visa", params={"backend": f"{path}@sim"})
    assert refused.status_code == 400
