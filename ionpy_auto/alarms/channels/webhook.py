"""``webhook``: POST a message as JSON to a URL.

The name is resolved once and the connection goes to that address, so a name cannot point
elsewhere between check and use. Loopback, link-local (and with it cloud metadata), unspecified and
multicast addresses are refused unless the settings allow the host. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Forbidden, IonpyError, Unavailable

TIMEOUT_S = 10.0
SCHEMES = {"http": 80, "https": 443}

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


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
        with self._clock.hold():
            await self._post(address, body)

    async def _post(self, address: str, body: dict[str, object]) -> None:
        url = urlsplit(address)
        target = await self._target(url)
        host = url.hostname or ""
        port = f":{url.port}" if url.port else ""
        shown = f"[{host}]" if ":" in host else host
        try:
            async with httpx.AsyncClient(
                transport=self._transport,
                timeout=TIMEOUT_S,
                follow_redirects=False,
                trust_env=False,
            ) as client:
                answer = await client.post(
                    urlunsplit((url.scheme, f"{target}{port}", url.path or "/", url.query, "")),
                    json=body,
                    headers={"Host": f"{shown}{port}"},
                    extensions={"sni_hostname": host},
                )
        except httpx.HTTPError as error:
            msg = f"{host} was not reached: {type(error).__name__}"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver") from error
        if not answer.is_success:
            msg = f"{host} answered {answer.status_code}"
            raise Unavailable(msg, code="NOT_DELIVERED", hint="check the receiver")

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
