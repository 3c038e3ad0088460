"""The guard stands before everything: Host, Origin, content type and sizes.

A server on loopback needs no login, so a web page in the operator's browser must not be able to
reach it: a foreign Host (DNS rebinding) gets 421, a foreign Origin or a cross-site fetch gets
nothing, neither a write nor the WebSocket, and a write must carry JSON, multipart or no body, which
a cross-site "simple request" cannot.
"""

import json
import math
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from itertools import accumulate
from typing import Any, NoReturn

import msgspec

from ionpy_auto.core.errors import BadInput, Forbidden, IonpyError, TooLarge

# The plain ASGI types: the guard stands outside the framework.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
CLOSED = ("/api", "/schema", "/ws", "/metrics")
SINGLE = frozenset(
    {"host", "origin", "sec-fetch-site", "content-type", "content-length", "content-encoding"}
)
MAX_DEPTH = 64
BODY_TYPES = ("application/json", "multipart/form-data", "application/merge-patch+json")
FIXED = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


def policy(frames: Iterable[str] = ()) -> bytes:
    """The content security policy; ``frames`` are origins whose pages and pictures may be shown."""
    others = "".join(f" {origin}" for origin in frames)
    return (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:{others}; frame-src 'self'{others}; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ).encode()


HEADERS = ((b"content-security-policy", policy()), *FIXED)


class Misdirected(IonpyError):
    """The request names a host that is not ours."""

    code = "WRONG_HOST"
    status = 421


class WrongMediaType(IonpyError):
    """A write whose body is neither JSON nor multipart."""

    code = "WRONG_MEDIA_TYPE"
    status = 415


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")


def host_name(value: str) -> str:
    """The name of a Host header, without port, lower case; empty when it is no plain host."""
    match = _HOST.fullmatch(value.strip().lower())
    return (match[1] or match[2]) if match else ""


class Guard:
    """ASGI wrapper; see the module's first lines.

    Args:
        app: What is guarded.
        hosts: Further host names that are ours beside the loopback ones.
        max_body: Largest JSON body in bytes.
        max_upload: Largest multipart body in bytes.
        frames: Origins whose pages and pictures dashboards may show.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str] = (),
        max_body: int = 2**20,
        max_upload: int = 2**24,
        frames: Iterable[str] = (),
    ) -> None:
        self.inner = app
        self._headers = ((b"content-security-policy", policy(frames)), *FIXED)
        # An empty name would let a request in that says nothing of where it wants to go.
        self._hosts: Collection[str] = LOOPBACK_NAMES | {name.lower() for name in hosts if name}
        self._max_body = max_body
        self._max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the connection through, or refuse it before anything else sees it."""
        if scope["type"] not in {"http", "websocket"}:
            await self.inner(scope, receive, send)
            return
        try:
            headers = _single(scope["headers"])
            self._check_host(headers)
            self._check_origin(scope, headers)
            if scope["type"] == "http" and scope["method"] in UNSAFE:
                receive = await self._checked_body(headers, receive)
        except ClientGone:
            return
        except IonpyError as error:
            await _refuse(scope, send, error)
            return
        await self.inner(scope, receive, _with_headers(send, self._headers))

    def _check_host(self, headers: dict[str, str]) -> None:
        if host_name(headers.get("host", "")) not in self._hosts:
            msg = f"this server is not {headers.get('host', 'known under no name')!r}"
            raise Misdirected(msg, hint="use http://localhost, or list the name in allowed_hosts")

    def _check_origin(self, scope: Scope, headers: dict[str, str]) -> None:
        """Same origin or none; only pages may be navigated to from anywhere.

        Reading the API is closed to other sites as well: a GET may write a file (an export), and
        how long an answer takes tells something to whoever may not read it.
        """
        is_page = not scope["path"].startswith(CLOSED)
        is_safe = scope["type"] == "http" and scope["method"] not in UNSAFE and is_page
        site = headers.get("sec-fetch-site", "none")
        if site not in {"none", "same-origin"} and not is_safe:
            msg = "a page of another site may not do this"
            raise Forbidden(msg, code="FOREIGN_ORIGIN", hint="open the page of this server")
        origin = headers.get("origin")
        if origin is None or is_safe:
            return
        host = headers.get("host", "").strip().lower()
        if origin.lower() not in {f"http://{host}", f"https://{host}"}:
            msg = f"a page of {origin[:100]!r} may not do this"
            raise Forbidden(msg, code="FOREIGN_ORIGIN", hint="open the page of this server")

    async def _checked_body(self, headers: dict[str, str], receive: Receive) -> Receive:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        length = headers.get("content-length", "")
        is_multipart = kind == "multipart/form-data"
        limit = self._max_upload if is_multipart else self._max_body
        if length and not (length.isascii() and length.isdigit()):
            msg = "the content length is no number"
            raise BadInput(msg, hint="send a plain HTTP request")
        if len(length) > 15 or int(length or 0) > limit:
            msg = f"the body is larger than {limit} bytes"
            raise TooLarge(msg, hint="send less")
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            msg = "compressed bodies are not taken"
            raise WrongMediaType(msg, hint="send it uncompressed")
        if kind and kind not in BODY_TYPES:
            msg = f"a body of type {kind!r} is not taken"
            raise WrongMediaType(msg, hint="send application/json")
        if is_multipart:
            return _bounded(receive, limit)
        body = await _read_body(receive, limit)
        if body and not kind:
            msg = "a body needs a content type"
            raise WrongMediaType(msg, hint="send application/json")
        if body:
            check_json(body)
        return _replay(body, receive)


def _single(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; one that decides something may stand only once.

    Raises:
        BadInput: It stands twice, so that two readers could believe different things.
    """
    headers: dict[str, str] = {}
    for raw, value in pairs:
        name = raw.decode("latin-1").lower()
        if name in headers and name in SINGLE:
            msg = f"the header {name} stands twice"
            raise BadInput(msg, hint="send a plain HTTP request")
        headers[name] = value.decode("latin-1")
    return headers


_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def depth_of(text: str) -> int:
    """How deep lists and objects of a JSON text are nested, without parsing it.

    >>> depth_of('{"a": [[1], "]]]"]}')
    3
    """
    brackets = _BRACKETS.findall(_TEXT.sub("", text))
    return max(accumulate((1 if b in "[{" else -1 for b in brackets), initial=0))


def check_json(body: bytes) -> None:
    """Refuse what lenient parsers would guess about: duplicate keys, NaN, endless nesting.

    Raises:
        BadInput: With line and column where known.
    """

    def pairs(items: list[tuple[str, object]]) -> None:
        if len({key for key, _ in items}) != len(items):
            msg = "a key stands twice"
            raise ValueError(msg)

    def constant(word: str) -> NoReturn:
        msg = f"{word} is no JSON number"
        raise ValueError(msg)

    def finite(word: str) -> float:
        number = float(word)
        return number if math.isfinite(number) else constant(word[:40])

    try:
        text = body.decode()
        too_deep = depth_of(text) > MAX_DEPTH
        if not too_deep:
            json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=finite)
    except json.JSONDecodeError as error:
        msg = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise BadInput(msg, code="BAD_JSON", hint="send valid JSON") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(str(error)[:200], code="BAD_JSON", hint="send valid JSON") from None
    if too_deep:
        msg = f"nested deeper than {MAX_DEPTH} levels"
        raise BadInput(msg, code="BAD_JSON", hint="send something flatter")


class ClientGone(Exception):
    """The connection ended inside the body: half a request is not carried out."""


async def _read_body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            msg = f"the body is larger than {limit} bytes"
            raise TooLarge(msg, hint="send less")
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def _bounded(receive: Receive, limit: int) -> Receive:
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if size > limit:
                msg = f"the upload is larger than {limit} bytes"
                raise TooLarge(msg, hint="send less")
        return message

    return bounded


def _with_headers(send: Send, ours: Iterable[tuple[bytes, bytes]]) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            have = {name.lower() for name, _ in message["headers"]}
            extra = [pair for pair in ours if pair[0] not in have]
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return with_headers


async def _refuse(scope: Scope, send: Send, error: IonpyError) -> None:
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 4403, "reason": error.message[:100]})
            return
        kind = "websocket.http.response"
    body = msgspec.json.encode(error.as_dict())
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length), *HEADERS]
    await send({"type": f"{kind}.start", "status": error.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
