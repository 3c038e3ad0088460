"""D2: 1,000 values per second to 50 browsers, in frames against one frame per message.

A web server in a process of its own is fed with 1,000 samples per second; 50 clients in this
process read and count. Its processor time is measured: with frames as the product sends them, and
with the same bytes sent message by message. Exit code 1 when a goal is missed: at most 5 % of one
core, and at least 15 times less processor time per delivered value than one frame per message.
``python -m benchmarks.bench_ws [--quick]``
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time

import uvicorn
from litestar import Litestar, WebSocket, websocket
from websockets.asyncio.client import connect

from ionpy_auto.cli.serving import listen
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Snapshot
from ionpy_auto.web.live import LiveHub, encode
from ionpy_auto.web.ws import live_socket

CLIENTS = 50
RATE = 1_000  # values per second
POINTS = 1_000  # as many as values per second, so that nothing is merged away
TICK_S = 0.02
CORE_GOAL = 0.05
RATIO_GOAL = 15


# --- the server's process ------------------------------------------------------------------------


def poll(number, now):
    name = f"PSU_01.e{number % POINTS}"
    sample = Sample(name, float(number), "V", Quality.GOOD, AlarmState.NORMAL, now, now)
    return Snapshot("PSU_01", now, now, 0.0, (sample,))


@websocket("/single")
async def single(socket: WebSocket) -> None:
    """One frame per message, encoded once for all."""
    await socket.accept()
    queue = asyncio.Queue()
    socket.app.state.singles.add(queue)
    while True:
        await socket.send_data(await queue.get(), mode="text")


async def feed(app, bus):
    number, began = 0, time.perf_counter()
    while True:
        await asyncio.sleep(TICK_S)
        due = int((time.perf_counter() - began) * RATE)
        for number in range(number, due):  # noqa: B020 - goes on where it stopped
            snapshot = poll(number, time.time())
            bus.publish(snapshot)
            if app.state.singles:
                sample = snapshot.samples[0]
                frame = encode({"id": sample.point, "v": sample.value, "t": sample.timestamp})
                for queue in app.state.singles:
                    queue.put_nowait(frame)
        number = due


async def serve():
    bus, values = Bus(), LiveValues()
    bus.tap("sample/", values.update)
    hub = LiveHub(bus, values, dict, time.time)
    app = Litestar([live_socket, single], openapi_config=None, logging_config=None)
    app.state.hub, app.state.singles = hub, set()
    hub.start()
    sock = listen("127.0.0.1", 0, search=False)
    print(sock.getsockname()[1], flush=True)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="off", ws="websockets-sansio")
    )
    feeding = asyncio.create_task(feed(app, bus))
    telling = asyncio.create_task(asyncio.to_thread(tell_cpu))
    await server.serve([sock])
    feeding.cancel()
    await telling


def tell_cpu():
    """Answer each line with the processor seconds used so far."""
    for _ in sys.stdin:
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, flush=True)


# --- this process -------------------------------------------------------------------------


async def read(port, path, counts):
    async with connect(f"ws://127.0.0.1:{port}{path}", proxy=None, compression=None) as link:
        if path == "/ws":
            await link.send(json.dumps({"type": "subscribe", "id": "ui", "points": ["*"]}))
        async for _ in link:
            counts[0] += 1


def ask(child):
    child.stdin.write("\n")
    child.stdin.flush()
    return float(child.stdout.readline())


def start_child():
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.bench_ws", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


async def measure(path, clients, seconds):
    """Core share of the server, and frames that arrived per second."""
    child = start_child()
    port, counts = int(child.stdout.readline()), [0]
    readers = [asyncio.create_task(read(port, path, counts)) for _ in range(clients)]
    try:
        await asyncio.sleep(2)
        before, began, frames = ask(child), time.perf_counter(), counts[0]
        await asyncio.sleep(seconds)
        used, passed = ask(child) - before, time.perf_counter() - began
        return used / passed, (counts[0] - frames) / passed
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        child.terminate()
        child.stdin.close()
        child.wait()
        child.stdout.close()


def main(quick: bool = False) -> int:
    seconds = 3 if quick else 10
    idle, _ = asyncio.run(measure("/ws", 0, seconds))
    framed, frames = asyncio.run(measure("/ws", CLIENTS, seconds))
    # One frame per message to so many cannot be kept up with: fewer clients, per delivery.
    few = 5
    naive, deliveries = asyncio.run(measure("/single", few, seconds))
    per_value = max(framed - idle, 1e-9) / (CLIENTS * RATE)
    per_message = max(naive - idle, 1e-9) / deliveries
    ratio = per_message / per_value
    print(f"feeding alone: {idle:.1%} of one core")
    print(f"{CLIENTS} clients in frames: {framed:.1%} of one core, {frames:,.0f} frames/s")
    print(f"{few} clients, one frame per message: {naive:.1%}, {deliveries:,.0f} frames/s")
    print(f"per value {per_value * 1e6:.2f} us in frames, {per_message * 1e6:.2f} us alone")
    is_good = framed - idle <= CORE_GOAL and ratio >= RATIO_GOAL
    print(
        f"fan-out {framed - idle:.1%} of one core (goal {CORE_GOAL:.0%}), "
        f"{ratio:.0f}x less per value (goal {RATIO_GOAL}x):",
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
