"""``webhook``: POST a message as JSON to a URL.

The name is resolved once and the connection goes to that address, so a name cannot point
elsewhere between check and use. Loopback, link-local (and with it cloud metadata), unspecified and
multicast addresses are refused unless the settings allow the host. Redirects are not followed.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple
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


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class WebhookChannel:
    """Posts messages.

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

    async def deliver(self, address: str, title: str, message: str) -> None:
        """Post ``{title, message, time}``.

        Raises:
            Forbidden: The address must not be reached.
            Unavailable: It did not answer, or not with success.
        """
        body = {"title": title, "message": message, "time": self._clock.now()}
        await self.request("POST", address, json.dumps(body), "application/json", TIMEOUT_S)

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
        with self._clock.hold():
            try:
                async with self._clock.timeout(timeout_s):
                    return await self._send((method, address, body, content_type), timeout_s)
            except TimeoutError as error:
                msg = f"{urlsplit(address).hostname} did not answer within {timeout_s:g} s"
                raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver") from error

    async def _send(self, what: tuple[str, str, str | None, str], timeout_s: float) -> Answer:
        method, address, body, content_type = what
        url = urlsplit(address)
        target = await self._target(url)
        host = url.hostname or ""
        port = f":{url.port}" if url.port else ""
        shown = f"[{host}]" if ":" in host else host
        headers = {"Host": f"{shown}{port}"}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport,
                    timeout=timeout_s,  # also where the clock is virtual and stands still
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
                client.stream(
                    method,
                    urlunsplit((url.scheme, f"{target}{port}", url.path or "/", url.query, "")),
                    content=None if body is None else body.encode(),
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
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver")
        return Answer(answer.status_code, text)

    async def _target(self, url: SplitResult) -> str:
        """The one address to connect to, as it stands in a URL."""
        try:
            port = url.port or SCHEMES.get(url.scheme, 0)
        except ValueError:
            port = 0
        if not url.hostname or not port or url.username or url.password:
            msg = "a webhook is an http or https URL without a password"
            raise _refused(msg)
        try:
            found = await self._resolve(url.hostname, port)
        except OSError as error:
            msg = f"{url.hostname} has no address"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the name") from error
        allowed = {url.hostname, f"{url.hostname}:{port}"} & self._allow
        for text in found:
            ip = ipaddress.ip_address(text.partition("%")[0])
            if allowed or not is_inside(ip):
                return f"[{ip}]" if ip.version == 6 else str(ip)
        msg = f"{url.hostname} is an address of this machine or link"
        raise _refused(msg)


async def _bounded_text(answer: httpx.Response) -> str:
    """The beginning of an answer; the rest is not read."""
    content = b""
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) >= MAX_ANSWER:
            break
    return content[:MAX_ANSWER].decode("utf-8", errors="replace")


def _refused(message: str) -> IonpyError:
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
