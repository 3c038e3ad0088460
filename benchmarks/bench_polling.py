"""50 devices polled at 10 Hz while two of them are dead, against bare tasks on the same sockets.

Riden supplies on RTU over TCP, answered from memory by a process of its own; one device refuses
connections, one takes them and says nothing. Three ways, in turn: bare asyncio tasks that send the
question and read so many bytes (the limit), the same with the Modbus library we use, and the device
manager with all it does (states, samples, quality, bus). Told are the share of one core, how late
polls begin on their grid, and places on the grid that were left out. Exit code 1 when a goal is
missed: p99 of lateness at most 20 ms, and at most one place in a thousand left out.
``python -m benchmarks.bench_polling [--quick]``
"""

import argparse
import asyncio
import logging
import resource
import subprocess
import sys
import time
from collections import defaultdict

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusTcpClient

from drivers.riden_rd60xx.simulator import RidenSimulator, model_named
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices import Benches
from ionpy_auto.devices.simulated import RtuServer
from ionpy_auto.testing.lab import Lab, device

DEVICES = 50
REFUSES, SILENT = 0, 1  # which two are dead
INTERVAL_S = 0.1
WARM_UP_S = 3.0
QUESTION = bytes.fromhex("0103 0000 002a c415")  # what the driver asks at every poll
ANSWER_BYTES = 5 + 2 * 42
LATE_GOAL_S = 0.02
LEFT_OUT_GOAL = 0.001


# --- the devices' process -------------------------------------------------------------------------


class Device(asyncio.Protocol):
    """Answers from memory; the silent one does not."""

    def __init__(self, answers, is_silent):
        self._answers = answers
        self._is_silent = is_silent

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        if not self._is_silent:
            self._transport.write(self._answers(bytes(data)))


async def serve():
    server = RtuServer(RidenSimulator(model_named("RD6012"), Benches(SystemClock()).get("A")))
    known = {}

    def answers(question):
        if question not in known:
            known[question] = server.feed(question)
        return known[question]

    loop, ports = asyncio.get_running_loop(), []
    for number in range(DEVICES):
        listening = await loop.create_server(
            lambda number=number: Device(answers, number == SILENT), "127.0.0.1", 0
        )
        ports.append(listening.sockets[0].getsockname()[1])
        if number == REFUSES:
            listening.close()
    print(*ports, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# --- this process ---------------------------------------------------------------------------------


async def on_grid(ask, begun):
    """Ask every 100 ms; places on the grid that cannot be kept are left out."""
    begin, count = time.perf_counter(), 0
    while True:
        count = max(count + 1, int((time.perf_counter() - begin) / INTERVAL_S))
        await asyncio.sleep(begin + count * INTERVAL_S - time.perf_counter())
        begun.append(time.perf_counter())
        await ask()


async def bare_one(port, begun):
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(2.0)
            continue

        async def ask(reader=reader, writer=writer):
            writer.write(QUESTION)
            await reader.readexactly(ANSWER_BYTES)

        try:
            await on_grid(ask, begun)
        finally:
            writer.close()


async def library_one(port, begun):
    while True:
        client = AsyncModbusTcpClient(
            "127.0.0.1",
            port=port,
            framer=FramerType.RTU,
            timeout=0.5,
            retries=1,
            reconnect_delay=0,
        )
        if not await client.connect():
            await asyncio.sleep(2.0)
            continue

        async def ask(client=client):
            await client.read_holding_registers(0, count=42, device_id=1)

        try:
            await on_grid(ask, begun)
        except ModbusException:
            await asyncio.sleep(2.0)
        finally:
            client.close()


async def tasks(one, ports, seconds):
    """Many tasks of one kind; when each asked, and the core share."""
    begun = [[] for _ in ports]
    work = [asyncio.create_task(one(port, mine)) for port, mine in zip(ports, begun, strict=True)]
    await asyncio.sleep(WARM_UP_S)
    since, share = await share_of_core(seconds)
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    return [[t for t in mine if t >= since] for mine in begun], share


async def share_of_core(seconds):
    began, used = time.perf_counter(), cpu()
    await asyncio.sleep(seconds)
    return began, (cpu() - used) / (time.perf_counter() - began)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def manager(ports, seconds):
    lab = Lab(SystemClock())
    begun = defaultdict(list)
    offset = time.perf_counter() - lab.clock.monotonic()

    def note(snapshot):
        if len(snapshot.samples) > 1 and snapshot.half_width > 0:
            begun[snapshot.source].append(offset + snapshot.mono - snapshot.half_width)

    lab.bus.tap("sample/", note)
    names = [f"PSU_{number:02}" for number in range(len(ports))]
    await lab.manager.start(
        [
            device(
                name,
                "riden_rd60xx",
                transport={"type": "tcp", "host": "127.0.0.1", "port": port},
                polling_interval_ms=int(INTERVAL_S * 1000),
            )
            for name, port in zip(names, ports, strict=True)
        ]
    )
    await asyncio.sleep(WARM_UP_S)
    lab.snapshots.clear()
    since, share = await share_of_core(seconds)
    states = [lab.manager.stack(name).state.value for name in names]
    await lab.manager.stop()
    print(f"device manager: {states.count('online')} of {DEVICES} devices are online")
    return [[t for t in begun[name] if t >= since] for name in names], share


def judge(title, begun, share, seconds):
    """Print a way; returns its p99 of lateness and the share of places left out."""
    late, asked = [], 0
    alive = [times for n, times in enumerate(begun) if n not in {REFUSES, SILENT} and times]
    for times in alive:
        off = [t - times[0] - round((t - times[0]) / INTERVAL_S) * INTERVAL_S for t in times]
        late += [value - min(off) for value in off]
        asked += len(times)
    late.sort()
    places = (DEVICES - 2) * seconds / INTERVAL_S
    left_out = max(0.0, 1 - asked / places)
    p50, p99, worst = (1000 * late[int(q * (len(late) - 1))] for q in (0.5, 0.99, 1.0))
    print(
        f"{title:16} {share:6.1%} of one core  {1e6 * share * seconds / asked:6.0f} us/poll"
        f"  late p50 {p50:5.1f}  p99 {p99:5.1f}  max {worst:6.1f} ms  left out {left_out:.2%}"
    )
    return p99 / 1000, left_out


def main(quick: bool) -> int:
    logging.disable(logging.CRITICAL)  # the library tells every silence of the dead one
    seconds = 5.0 if quick else 20.0
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bench_polling", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ports = [int(word) for word in child.stdout.readline().split()]
        bare, bare_share = asyncio.run(tasks(bare_one, ports, seconds))
        library, library_share = asyncio.run(tasks(library_one, ports, seconds))
        ours, share = asyncio.run(manager(ports, seconds))
    finally:
        child.communicate()
    judge("bare tasks", bare, bare_share, seconds)
    judge("Modbus library", library, library_share, seconds)
    p99, left_out = judge("device manager", ours, share, seconds)
    is_good = p99 <= LATE_GOAL_S and left_out <= LEFT_OUT_GOAL
    print(
        f"{DEVICES} devices at {1 / INTERVAL_S:.0f} Hz, two dead: {share / bare_share:.1f}x the"
        f" processor time of bare tasks, {share / library_share:.1f}x of the library;"
        f" p99 {p99 * 1000:.1f} ms late (goal {LATE_GOAL_S * 1000:.0f}),"
        f" {left_out:.2%} left out (goal {LEFT_OUT_GOAL:.1%}):",
        "reached" if is_good else "missed",
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(serve())
    else:
        sys.exit(main(chosen.quick))
