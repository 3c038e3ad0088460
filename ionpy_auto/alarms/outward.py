"""Requests to other machines, by rules that keep them from reaching inside.

The name is resolved once and the connection goes to that address, so a name cannot point
elsewhere between check and use. Loopback, link-local (and with it cloud metadata), unspecified and
multicast addresses are refused unless the settings allow the host. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Forbidden, IonpyError, Unavailable

TIMEOUT_S = 10.0
SCHEMES = {"http": 80, "https": 443}

MAX_ANSWER = 4096
"""Bytes of an answer that are kept."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


class Answer(NamedTuple):
    """What another machine said."""

    status: int
    body: str


@cache
def _authorities() -> ssl.SSLContext:
    """Whom we believe; reading them takes longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        body: None: there is none.
        headers: Besides those of the address and the body.
    """

    method: str
    address: str
    body: str | None = None
    content_type: str = "application/json"
    timeout_s: float = TIMEOUT_S
    headers: Mapping[str, str] = field(default_factory=dict)


class Outward:
    """Sends requests.

    Args:
        clock: Held while a request is on its way.
        allow: ``host`` or ``host:port`` that may be reached although it is loopback.
        resolver: Finds addresses.
        transport: Carries requests; a real one by default.
    """

    def __init__(
        self,
        clock: Clock,
        allow: Sequence[str] = (),
        resolver: Resolver = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._allow = frozenset(allow)
        self._resolve = resolver
        self._transport = transport

    async def check(self, address: str) -> None:
        """Refuse an address that must not be reached; one without a name server may come up yet.

        Raises:
            Forbidden: Says why.
        """
        with self._clock.hold(), suppress(Unavailable):
            await self._target(urlsplit(address))

    async def request(
        self, method: str, address: str, body: str | None, content_type: str, timeout_s: float
    ) -> Answer:
        """Send any request by the same rules; what comes back is read up to `MAX_ANSWER`.

        Raises:
            Forbidden: The address must not be reached.
            Unavailable: It did not answer in time, or not with success.
        """
        return await self.ask(Ask(method, address, body, content_type, timeout_s))

    async def ask(self, ask: Ask) -> Answer:
        """As `request`, with headers.

        Raises:
            Forbidden: The address must not be reached.
            Unavailable: It did not answer in time, or not with success; ``retry_after_s`` in its
                arguments is how long it wants to be left alone.
        """
        with self._clock.hold():
            try:
                async with self._clock.timeout(ask.timeout_s):
                    return await self._send(ask)
            except TimeoutError as error:
                host = urlsplit(ask.address).hostname
                msg = f"{host} did not answer within {ask.timeout_s:g} s"
                raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver") from error

    async def require(self, host: str, port: int) -> str:
        """One address of a host that may be reached, as it stands in a URL.

        Raises:
            Forbidden: It is an address of this machine or link, and not allowed.
            Unavailable: The name has no address.
        """
        with self._clock.hold():
            return await self._reachable(host, port)

    async def _send(self, ask: Ask) -> Answer:
        url = urlsplit(ask.address)
        target = await self._target(url)
        host = url.hostname or ""
        port = f":{url.port}" if url.port else ""
        shown = f"[{host}]" if ":" in host else host
        headers = {**ask.headers, "Host": f"{shown}{port}"}
        if ask.body is not None:
            headers["Content-Type"] = ask.content_type
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport,
                    timeout=ask.timeout_s,  # also where the clock is virtual and stands still
                    follow_redirects=False,
                    trust_env=False,
                    verify=_authorities() if url.scheme == "https" else False,
                ) as client,
                client.stream(
                    ask.method,
                    urlunsplit((url.scheme, f"{target}{port}", url.path or "/", url.query, "")),
                    content=None if ask.body is None else ask.body.encode(),
                    headers=headers,
                    extensions={"sni_hostname": host},
                ) as answer,
            ):
                text = await _bounded_text(answer)
        except httpx.HTTPError as error:
            msg = f"{host} was not reached: {type(error).__name__}"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver") from error
        if not answer.is_success:
            msg = f"{host} answered {answer.status_code}"
            wait = _wait_s(answer.headers.get("Retry-After", ""), self._clock.now())
            args: dict[str, Any] = {} if wait is None else {"retry_after_s": wait}
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver", args=args)
        return Answer(answer.status_code, text)

    async def _target(self, url: SplitResult) -> str:
        """The one address to connect to, as it stands in a URL."""
        try:
            port = url.port or SCHEMES.get(url.scheme, 0)
        except ValueError:
            port = 0
        if not url.hostname or not port or url.username or url.password:
            msg = "a webhook is an http or https URL without a password"
            raise refused(msg)
        return await self._reachable(url.hostname, port)

    async def _reachable(self, host: str, port: int) -> str:
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            msg = f"{host} has no address"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the name") from error
        allowed = {host, f"{host}:{port}"} & self._allow
        for text in found:
            ip = ipaddress.ip_address(text.partition("%")[0])
            if allowed or not is_inside(ip):
                return f"[{ip}]" if ip.version == 6 else str(ip)
        msg = f"{host} is an address of this machine or link"
        raise refused(msg)


def _wait_s(text: str, now: float) -> float | None:
    """What a ``Retry-After`` asks for: seconds, or a date."""
    if text.isascii() and text.isdigit() and len(text) < 7:
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.fromtimestamp(now, UTC)).total_seconds())


async def _bounded_text(answer: httpx.Response) -> str:
    """The beginning of an answer; the rest is not read."""
    content = b""
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) >= MAX_ANSWER:
            break
    return content[:MAX_ANSWER].decode("utf-8", errors="replace")


def refused(message: str) -> IonpyError:
    """The error for what must not be reached."""
    return Forbidden(
        message,
        code="WEBHOOK_REFUSED",
        hint="an administrator may list it in webhook_allow",
        args={"final": True},
    )


def is_inside(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one no webhook may reach by itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_inside(inner)
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
