"""The one WebSocket: events without gaps, coalesced samples, a few client messages."""

import asyncio
import contextlib
from typing import Annotated, Any

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from ionpy_auto.web.live import MAX_POINTS, MAX_SUBSCRIPTIONS, Client, LiveHub, encode

log = structlog.get_logger(__name__)

MAX_CLIENTS = 100
MAX_MESSAGE = 256 * 1024
MESSAGES_PER_S = 50
PATIENCE_S = 10.0
TRY_AGAIN_LATER = 1013
TOO_BIG = 1009
POLICY = 1008


class Subscribe(msgspec.Struct, tag="subscribe"):
    """Ask for points; ``["*"]`` is all."""

    id: Annotated[str, msgspec.Meta(max_length=64)]
    points: Annotated[list[str], msgspec.Meta(max_length=MAX_POINTS)]


class Unsubscribe(msgspec.Struct, tag="unsubscribe"):
    """No longer ask for them."""

    id: str


class Resume(msgspec.Struct, tag="resume"):
    """Go on after a break."""

    epoch: str
    seq: int


class Ping(msgspec.Struct, tag="ping"):
    """Is anybody there?"""


_decode = msgspec.json.Decoder(Subscribe | Unsubscribe | Resume | Ping).decode


@websocket("/ws", include_in_schema=False)
async def live_socket(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one browser until it leaves, is too slow or asks too much."""
    hub: LiveHub = socket.app.state.hub
    await socket.accept()
    if len(hub.clients) >= MAX_CLIENTS:
        await socket.close(TRY_AGAIN_LATER, "too many browsers")
        return
    client = hub.join()
    halves = [
        asyncio.create_task(_send(socket, client), name="ws/send"),
        asyncio.create_task(_receive(socket, hub, client), name="ws/receive"),
    ]
    try:
        await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.part(client)
        for half in halves:
            half.cancel()
        for half in halves:
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await half


async def _send(socket: WebSocket[Any, Any, Any], client: Client) -> None:
    """Send what is queued; a browser that takes nothing for `PATIENCE_S` is cut off."""
    while not client.too_slow:
        await client.wake.wait()
        try:
            for frame in client.take():
                async with asyncio.timeout(PATIENCE_S):
                    await socket.send_data(frame, mode="text")
        except TimeoutError:
            client.too_slow = True
    log.warning("browser too slow, closed")
    with contextlib.suppress(TimeoutError):  # one that reads nothing does not read this either
        async with asyncio.timeout(1.0):
            await socket.close(TRY_AGAIN_LATER, "too slow")


async def _receive(socket: WebSocket[Any, Any, Any], hub: LiveHub, client: Client) -> None:
    loop = asyncio.get_running_loop()
    allowance, last = float(MESSAGES_PER_S), loop.time()
    while True:
        text = await socket.receive_data(mode="text")
        now = loop.time()
        allowance = min(float(MESSAGES_PER_S), allowance + (now - last) * MESSAGES_PER_S) - 1
        last = now
        if allowance < 0 or len(text) > MAX_MESSAGE:
            await socket.close(POLICY if allowance < 0 else TOO_BIG, "too much")
            return
        _answer(hub, client, text)


def _answer(hub: LiveHub, client: Client, text: str | bytes) -> None:
    try:
        message = _decode(text)
    except msgspec.DecodeError as error:
        client.offer(encode({"type": "error", "code": "BAD_MESSAGE", "message": str(error)}))
        return
    if isinstance(message, Subscribe):
        if message.id not in client.wishes and len(client.wishes) >= MAX_SUBSCRIPTIONS:
            client.offer(
                encode({"type": "error", "code": "TOO_MANY", "message": "too many subscriptions"})
            )
            return
        client.subscribe(message.id, message.points)
    elif isinstance(message, Unsubscribe):
        client.unsubscribe(message.id)
    elif isinstance(message, Resume):
        hub.resume(client, message.epoch, message.seq)
    else:
        client.offer(encode({"type": "pong", "now": hub.now()}))
