"""The server dies or hangs while supplies charge: a second process switches them off."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .lab import Bench, Porter, Supply, eventually, is_alive

OFF_S = 1.5
"""From the death of the server to the output being off; held to in the long proof alone."""
HANG_S = 2.0
"""So long the control loop may be silent."""
MANY = 50


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes benches; everything is gone afterwards."""
    things: list[Bench | Supply] = []

    def make(*wires: str) -> Bench:
        supplies = {f"PSU_0{n}": Supply(wire) for n, wire in enumerate(wires or ("tcp",), 1)}
        bench = Bench(tmp_path / "home", supplies)
        things.extend((bench, *supplies.values()))
        return bench

    yield make
    for thing in things:
        thing.close()


def test_after_kill_9_the_output_is_off_without_any_server(made: Callable[..., Bench]) -> None:
    bench = made("pty").start()
    supply, guard = bench.supplies["PSU_01"], bench.guard["pid"]
    assert bench.http.get("/api/devices/PSU_01").json()["guarded"] == {"ok": True, "reason": ""}
    with bench.switching_on("PSU_01"):
        eventually(lambda: supply.is_on)
        bench.kill()  # at the very moment: the guard must know before the device does
    eventually(lambda: not supply.is_on)
    eventually(lambda: not is_alive(guard))
    (report,) = bench.reports()
    assert (report["cause"], report["fenced"], report["finished"]) == ("died", True, True)
    (device,) = report["devices"]
    assert (device["device"], device["outputs"]) == ("PSU_01", ["output"])
    assert (device["ok"], device["proven"], device["attempts"]) == (True, True, 1)


def test_a_frozen_server_is_ended_before_its_port_is_taken_and_the_output_is_off(
    made: Callable[..., Bench],
) -> None:
    bench = made("pty").start()
    bench.switch_on()
    bench.signal(signal.SIGSTOP)
    eventually(lambda: not bench.supplies["PSU_01"].is_on)
    assert bench.gone() == -signal.SIGKILL
    eventually(lambda: bench.reports() and bench.reports()[0]["finished"])
    assert (bench.reports()[0]["cause"], bench.reports()[0]["fenced"]) == ("hung", True)


def test_a_server_that_stops_in_order_takes_its_guard_along_and_nothing_is_opened(
    made: Callable[..., Bench],
) -> None:
    bench = made()
    porter = Porter(bench.supplies["PSU_01"])
    bench.start()
    guard = bench.guard["pid"]
    bench.switch_on()
    os.kill(guard, signal.SIGTERM)  # as the end of a service sends to all of its processes
    bench.signal(signal.SIGTERM)
    assert bench.gone() == 0
    assert not is_alive(guard)
    assert not bench.supplies["PSU_01"].is_on
    assert porter.visits == 1
    assert bench.reports() == []

    bench.start()  # the same again with nothing on: a killed server leaves nothing to do
    guard = bench.guard["pid"]
    bench.kill()
    eventually(lambda: not is_alive(guard))
    assert porter.visits == 2
    assert bench.reports() == []
    porter.close()


def test_a_dead_device_does_not_delay_the_other_and_the_next_server_waits_for_the_guard(
    made: Callable[..., Bench],
) -> None:
    bench = made("tcp", "tcp").start()
    alive, dead = bench.supplies["PSU_01"], bench.supplies["PSU_02"]
    bench.switch_on()
    dead.freeze()
    bench.kill()
    eventually(lambda: not alive.is_on)
    assert bench.switched_on() == {"PSU_01": ["output"], "PSU_02": ["output"]}, "not ours to say"

    bench.launch()
    bench.hear("a guard process is switching outputs off")
    dead.thaw()
    bench.opened()
    assert not dead.is_on
    text = bench.alarms()["server/guard_acted"]["text"]
    assert "PSU_01 output switched off; PSU_02 output switched off" in text
    assert bench.alarms()["server/guard_acted"]["state"] == "cleared_unacked"
    told = [row for row in bench.http.get("/api/audit").json()["items"] if row["actor"] == "guard"]
    assert [row["action"] for row in told] == ["guard_acted"]
    assert bench.reports() == []


def test_a_guard_that_dies_is_told_and_replaced_and_the_new_one_does_its_work(
    made: Callable[..., Bench],
) -> None:
    bench = made().start()
    bench.switch_on()
    first = bench.guard["pid"]
    os.kill(first, signal.SIGKILL)
    eventually(lambda: bench.guard["pid"] not in {first, None} and bench.guard["ready"])
    alarm = bench.alarms()["server/guard"]
    assert alarm["state"] == "cleared_unacked"
    assert "no guard process runs" in alarm["text"]
    assert bench.supplies["PSU_01"].is_on, "the server goes on without its guard"
    bench.kill()
    eventually(lambda: not bench.supplies["PSU_01"].is_on)


@pytest.mark.proof
def test_a_guard_that_hangs_is_replaced(made: Callable[..., Bench]) -> None:
    bench = made().start()
    bench.switch_on()
    first = bench.guard["pid"]
    os.kill(first, signal.SIGSTOP)
    eventually(lambda: bench.guard["pid"] not in {first, None} and bench.guard["ready"])
    assert not is_alive(first)
    assert bench.supplies["PSU_01"].is_on
    bench.kill()
    eventually(lambda: not bench.supplies["PSU_01"].is_on)


@pytest.mark.proof
@pytest.mark.parametrize("wire", ["tcp", "pty"])
def test_many_kills(made: Callable[..., Bench], wire: str) -> None:
    bench = made(wire)
    supply = bench.supplies["PSU_01"]
    for number in range(MANY // 2):
        bench.start()
        bench.switch_on()
        is_frozen = number % 5 == 4
        bench.signal(signal.SIGSTOP if is_frozen else signal.SIGKILL)
        eventually(lambda: not supply.is_on, OFF_S + HANG_S * is_frozen)
        bench.gone()
