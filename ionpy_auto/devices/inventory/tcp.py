"""The network: whether a TCP port is open, and a scan of one small private network.

A scan only connects and hangs up. It never knocks at what a running device of this server holds:
many instruments take one client and drop it for the next.
"""

import asyncio
import ipaddress
import itertools
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, Conflict, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.inventory import Kind, Site
from ionpy_auto.devices.owners import holder_of, place_of
from ionpy_auto.devices.trouble import clean, network_trouble

NAME = "tcp"
PRIVATE = tuple(
    ipaddress.IPv4Network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
)
AT_ONCE = 50
MAX_HOSTS = 256
MAX_PORTS = 32
MAX_RUNNING = 2
MAX_KEPT = 20
KEPT_S = 600.0
# Connecting a UDP socket sends nothing; it only asks the routing table for our own address.
TOWARDS = ("198.51.100.1", "192.168.255.254", "10.255.255.254", "172.31.255.254")


# -- one port ------------------------------------------------------------------------------------


async def knock(host: str, port: int, timeout_s: float, clock: Clock) -> float:
    """Connect and hang up; the seconds it took.

    Raises:
        OSError: Closed, unreachable, or (TimeoutError) silent.
    """
    began = clock.monotonic()
    with clock.hold():
        async with clock.timeout(timeout_s):
            _, writer = await asyncio.open_connection(host, port)
    took = clock.monotonic() - began
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return took


async def probe_port(
    host: str, port: int, timeout_s: float, site: Site, clock: Clock
) -> dict[str, Any]:
    """Whether a TCP port is open, how far away it is, and what usually listens there."""
    row = site.known.ports.get(port)
    answer: dict[str, Any] = {
        "host": host,
        "port": port,
        "state": "open",
        "open": True,
        "latency_ms": None,
        "service": row.service if row is not None else "",
        "drivers": site.fitting(row.drivers) if row is not None else [],
        "in_use": None,
        "message": f"{clean(host)}:{port} is open",
        "hint": "",
    }
    holder = holder_of(place_of(NAME, {"host": host, "port": port}), site.holders)
    if holder is not None:
        said = f"{holder.device} holds this address; it was not disturbed"
        return answer | {"in_use": holder.device, "message": said}
    try:
        answer["latency_ms"] = round(1000 * await knock(host, port, timeout_s, clock), 2)
    except (OSError, UnicodeError) as error:
        is_refused = isinstance(error, ConnectionRefusedError)
        answer |= {
            "state": "closed" if is_refused else "unreachable",
            "open": False,
            "message": f"{clean(host)}:{port}: {clean(error) or 'no answer'}",
            "hint": network_trouble(error),
        }
    return answer


# -- networks --------------------------------------------------------------------------------------


def hosts_of(subnet: str) -> list[str]:
    """The addresses of a small private IPv4 network.

    Raises:
        BadInput: No network, not private, or too many hosts.
    """
    try:
        network = ipaddress.ip_network(subnet.strip(), strict=False)
    except ValueError:
        raise BadInput(
            f"{clean(subnet, 60)!r} is no network", hint="write it like 192.168.1.0/24"
        ) from None
    if not isinstance(network, ipaddress.IPv4Network):
        raise BadInput("only IPv4 networks are scanned", hint="write it like 192.168.1.0/24")
    if not any(network.subnet_of(private) for private in PRIVATE):
        raise BadInput(
            f"{network} is no private network",
            code="NOT_PRIVATE",
            hint="only 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and loopback are scanned",
        )
    if network.num_addresses > MAX_HOSTS:
        raise BadInput(
            f"{network} has {network.num_addresses} addresses",
            code="TOO_MANY_HOSTS",
            hint=f"at most {MAX_HOSTS}: a /24 or smaller",
        )
    return [str(address) for address in network.hosts()]


def own_subnet() -> str:
    """The private /24 this machine stands in, or empty."""
    for address in own_addresses():
        is_private = any(ipaddress.IPv4Address(address) in network for network in PRIVATE)
        if is_private and not address.startswith("127."):
            return str(ipaddress.ip_network(f"{address}/24", strict=False))
    return ""


def own_addresses() -> Iterator[str]:
    """IPv4 addresses of this machine, the one towards the rest of the world first."""
    for target in TOWARDS:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((target, 9))
            yield str(asking.getsockname()[0])


def look(site: Site) -> dict[str, Any]:
    """Known ports, and the network a scan would look at."""
    items = [
        {
            "port": row.port,
            "service": row.service,
            "drivers": site.fitting(row.drivers),
            "scan": row.scan,
        }
        for row in site.known.ports.values()
    ]
    return {"items": items, "total": len(items), "subnet": own_subnet()}


# -- scans -----------------------------------------------------------------------------------------


@dataclass
class Scan:
    """One scan.

    Attributes:
        id: Small number as text.
        subnet: Which network.
        ports: Which ports of each host.
        total: How many places are knocked at.
        state: ``running``, ``done``, ``cancelled``.
        done: How many were.
        hits: What is open, by address.
        most_at_once: Largest number of open knocks.
        began: Monotonic start.
        ended: Monotonic end, None while running.
    """

    id: str
    subnet: str
    ports: tuple[int, ...]
    total: int
    began: float
    state: str = "running"
    done: int = 0
    hits: list[dict[str, Any]] = field(default_factory=list)
    most_at_once: int = 0
    ended: float | None = None
    task: asyncio.Task[None] | None = None
    now: int = 0

    def as_dict(self, mono: float) -> dict[str, Any]:
        """The JSON form."""
        hits = sorted(self.hits, key=lambda h: (ipaddress.ip_address(h["host"]), h["port"]))
        ended = self.ended if self.ended is not None else mono
        return {
            "id": self.id,
            "subnet": self.subnet,
            "ports": list(self.ports),
            "state": self.state,
            "done": self.done,
            "total": self.total,
            "hits": hits,
            "duration_ms": round(1000 * (ended - self.began), 1),
        }


class Scans:
    """Scans under way and those of the last ten minutes.

    Args:
        tasks: The server's; its end ends every scan.
        clock: Real time.
    """

    def __init__(self, tasks: Tasks, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock
        self._scans: dict[str, Scan] = {}
        self._numbers = itertools.count(1)

    def begin(self, site: Site, subnet: str, ports: Sequence[int], timeout_s: float) -> Scan:
        """Start a scan in the background.

        Raises:
            BadInput: The network or the ports are refused.
            Conflict: Too many scans are running.
        """
        hosts = hosts_of(subnet)
        wanted = tuple(dict.fromkeys(ports)) or tuple(
            row.port for row in site.known.ports.values() if row.scan
        )
        if len(wanted) > MAX_PORTS:
            raise BadInput(f"{len(wanted)} ports are too many", hint=f"at most {MAX_PORTS}")
        self._forget_old()
        if sum(scan.state == "running" for scan in self._scans.values()) >= MAX_RUNNING:
            raise Conflict(
                f"{MAX_RUNNING} scans are running", code="SCAN_RUNNING", hint="wait, or cancel one"
            )
        number = str(next(self._numbers))
        scan = Scan(number, subnet, wanted, len(hosts) * len(wanted), self._clock.monotonic())
        self._scans[number] = scan
        scan.task = self._tasks.start(f"tcp-scan {number}", self._run(scan, hosts, site, timeout_s))
        return scan

    async def _run(self, scan: Scan, hosts: list[str], site: Site, timeout_s: float) -> None:
        places = itertools.product(hosts, scan.ports)

        async def worker() -> None:
            for host, port in places:
                await self._look_at(scan, host, port, site, timeout_s)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, scan.total)):
                    group.create_task(worker())
            scan.state = "done"
        finally:
            scan.state = "cancelled" if scan.state == "running" else scan.state
            scan.ended = self._clock.monotonic()

    async def _look_at(
        self, scan: Scan, host: str, port: int, site: Site, timeout_s: float
    ) -> None:
        scan.now += 1
        scan.most_at_once = max(scan.most_at_once, scan.now)
        try:
            found = await probe_port(host, port, timeout_s, site, self._clock)
        finally:
            scan.now -= 1
        scan.done += 1
        if found["open"]:
            kept = ("host", "port", "service", "latency_ms", "drivers", "in_use")
            scan.hits.append({key: found[key] for key in kept})

    def get(self, number: str) -> dict[str, Any]:
        """Progress and hits.

        Raises:
            NotFound: No such scan, or its results have expired.
        """
        return self._scan(number).as_dict(self._clock.monotonic())

    def _scan(self, number: str) -> Scan:
        self._forget_old()
        scan = self._scans.get(number)
        if scan is None:
            raise NotFound(
                f"there is no scan {clean(number, 20)}",
                code="SCAN_NOT_FOUND",
                hint="results are kept for ten minutes; start a new scan",
            )
        return scan

    def listing(self) -> list[dict[str, Any]]:
        """All scans still kept, newest first."""
        self._forget_old()
        mono = self._clock.monotonic()
        return [scan.as_dict(mono) for scan in reversed(self._scans.values())]

    async def cancel(self, number: str) -> None:
        """End a scan and forget it.

        Raises:
            NotFound: No such scan.
        """
        scan = self._scan(number)
        if scan.task is not None and not scan.task.done():
            scan.task.cancel()
            await asyncio.gather(scan.task, return_exceptions=True)
        self._scans.pop(number, None)

    def _forget_old(self) -> None:
        mono = self._clock.monotonic()
        ended = [(n, s) for n, s in self._scans.items() if s.ended is not None]
        too_many = max(0, len(self._scans) - MAX_KEPT)
        for place, (number, scan) in enumerate(ended):
            if place < too_many or (scan.ended is not None and mono - scan.ended > KEPT_S):
                del self._scans[number]


KIND = Kind(2.0, look)
