"""The network: one port, small private networks, scans that end, and what is never touched."""

import asyncio
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.core.errors import BadInput, Conflict, IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.devices.inventory import Site
from ionpy_auto.devices.inventory.tcp import (
    AT_ONCE,
    KEPT_S,
    MAX_HOSTS,
    PRIVATE,
    Scan,
    Scans,
    hosts_of,
    look,
    own_addresses,
    own_subnet,
    probe_port,
)
from ionpy_auto.devices.known import KnownPort, load_known
from ionpy_auto.devices.owners import Holder, place_of

KNOWN = load_known()
SITE = Site(KNOWN)


@pytest.mark.parametrize(
    ("subnet", "count", "first"),
    [
        ("192.168.1.0/24", 254, "192.168.1.1"),
        ("192.168.1.77/24", 254, "192.168.1.1"),
        (" 10.1.2.0/30 ", 2, "10.1.2.1"),
        ("172.31.255.4/31", 2, "172.31.255.4"),
        ("10.0.0.7", 1, "10.0.0.7"),
        ("127.0.0.0/28", 14, "127.0.0.1"),
    ],
)
def test_small_private_networks_are_taken(subnet, count, first):
    hosts = hosts_of(subnet)
    assert (len(hosts), hosts[0]) == (count, first)


@pytest.mark.parametrize(
    ("subnet", "code"),
    [
        ("8.8.8.0/24", "NOT_PRIVATE"),
        ("0.0.0.0/0", "NOT_PRIVATE"),
        ("169.254.169.254", "NOT_PRIVATE"),
        ("224.0.0.0/24", "NOT_PRIVATE"),
        ("172.32.0.0/24", "NOT_PRIVATE"),
        ("172.0.0.0/8", "NOT_PRIVATE"),
        ("10.0.0.0/23", "TOO_MANY_HOSTS"),
        ("10.0.0.0/8", "TOO_MANY_HOSTS"),
        ("fd00::/120", "BAD_INPUT"),
        ("10.0.0.0/33", "BAD_INPUT"),
        ("lab.example", "BAD_INPUT"),
        ("", "BAD_INPUT"),
    ],
)
def test_everything_else_is_refused(subnet, code):
    with pytest.raises(BadInput) as error:
        hosts_of(subnet)
    assert error.value.error_code == code
    assert error.value.hint


NETWORKS = st.one_of(
    st.text(max_size=30),
    st.builds(
        lambda address, length: f"{address}/{length}",
        st.ip_addresses(v=4),
        st.integers(0, 32),
    ),
    st.builds(
        lambda base, host, length: f"{base[host % base.num_addresses]}/{length}",
        st.sampled_from(PRIVATE),
        st.integers(0, 2**32),
        st.integers(20, 32),
    ),
)


@given(text=NETWORKS)
def test_whatever_is_asked_for_only_few_private_hosts_come_out(text):
    try:
        hosts = hosts_of(text)
    except IonpyError:
        return
    assert 1 <= len(hosts) <= MAX_HOSTS
    addresses = [ipaddress.IPv4Address(host) for host in hosts]
    assert all(any(address in network for network in PRIVATE) for address in addresses)


def test_our_own_network_is_private_and_small_or_unknown():
    assert own_subnet() == "" or len(hosts_of(own_subnet())) == 254
    assert all(ipaddress.IPv4Address(address) for address in own_addresses())
    assert [item["port"] for item in look(SITE)["items"]][:2] == [5025, 502]


# --- on the wire ------------------------------------------------------------------------------


@pytest.fixture
async def listener():
    """A server on every loopback address; counts its visitors."""
    visitors = []

    async def visit(reader, writer):
        visitors.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(visit, "0.0.0.0", 0)
    server.visitors = visitors
    server.port = server.sockets[0].getsockname()[1]
    yield server
    server.close()
    await asyncio.sleep(0.02)


@pytest.fixture
async def scans():
    clock = SystemClock()
    tasks = Tasks("test", clock)
    yield Scans(tasks, clock)
    await tasks.stop()


async def finished(scans: Scans, scan: Scan) -> dict:
    await scan.task
    return scans.get(scan.id)


async def test_an_open_port_has_a_latency_and_a_service(listener):
    site = Site(load_known())
    site.known.ports[listener.port] = KnownPort(port=listener.port, service="Ours")
    found = await probe_port("localhost", listener.port, 1.0, site, SystemClock())
    assert (found["open"], found["state"], found["service"]) == (True, "open", "Ours")
    assert found["latency_ms"] >= 0


async def test_a_closed_port_is_told_from_an_unknown_name():
    closed = await probe_port("127.0.0.1", 9, 1.0, SITE, SystemClock())
    unknown = await probe_port("two..dots", 9, 1.0, SITE, SystemClock())
    assert (closed["open"], closed["state"]) == (False, "closed")
    assert (unknown["open"], unknown["state"]) == (False, "unreachable")
    assert "name is not known" in unknown["hint"]


async def test_what_a_device_of_ours_holds_is_not_knocked_at(listener, scans):
    place = place_of("tcp", {"host": "127.0.0.1", "port": listener.port})
    site = Site(KNOWN, (Holder("PSU_02", place, shares=False),))
    found = await probe_port("localhost", listener.port, 1.0, site, SystemClock())
    assert (found["open"], found["in_use"]) == (True, "PSU_02")
    scan = scans.begin(site, "127.0.0.1", [listener.port], 1.0)
    (hit,) = (await finished(scans, scan))["hits"]
    assert hit["in_use"] == "PSU_02"
    assert listener.visitors == []


async def test_a_scan_finds_every_open_host_in_order_and_sends_nothing(listener, scans):
    scan = scans.begin(SITE, "127.0.0.0/24", [listener.port, 9], 1.0)
    answer = await finished(scans, scan)
    assert (answer["done"], answer["total"], answer["state"]) == (508, 508, "done")
    assert [hit["host"] for hit in answer["hits"]] == hosts_of("127.0.0.0/24")
    assert 1 < scan.most_at_once <= AT_ONCE
    for _ in range(500):
        if len(listener.visitors) == 254:
            break
        await asyncio.sleep(0.01)
    assert set(listener.visitors) == {b""}


async def test_a_cancelled_scan_stops_and_is_forgotten(scans):
    scan = scans.begin(SITE, "127.0.0.0/24", range(1, 33), 1.0)
    await asyncio.sleep(0)
    assert scans.get(scan.id)["state"] == "running"
    await scans.cancel(scan.id)
    assert scan.state == "cancelled"
    assert scan.task.done()
    assert scan.done < scan.total
    with pytest.raises(NotFound):
        scans.get(scan.id)
    assert scans.listing() == []


async def test_the_end_of_the_server_ends_a_scan():
    clock = SystemClock()
    tasks = Tasks("test", clock)
    scans = Scans(tasks, clock)
    scan = scans.begin(SITE, "127.0.0.0/24", [], 1.0)
    await asyncio.sleep(0)
    await tasks.stop()
    assert (scan.state, scan.task.done()) == ("cancelled", True)


async def test_a_third_scan_waits_and_too_many_ports_are_refused(scans):
    with pytest.raises(BadInput):
        scans.begin(SITE, "127.0.0.1", range(1, 40), 1.0)
    running = [scans.begin(SITE, "127.0.0.0/24", range(1, 33), 1.0) for _ in range(2)]
    with pytest.raises(Conflict):
        scans.begin(SITE, "127.0.0.1", [9], 1.0)
    for scan in running:
        await scans.cancel(scan.id)
    assert scans.begin(SITE, "127.0.0.1", [9], 1.0).state == "running"


async def test_results_expire_after_ten_minutes_and_only_the_latest_are_kept():
    clock = VirtualClock()
    tasks = Tasks("test", clock)
    scans = Scans(tasks, clock)
    first = scans.begin(SITE, "127.0.0.1", [9], 1.0)
    await finished(scans, first)
    await clock.sleep(KEPT_S - 60)
    assert scans.get(first.id)["state"] == "done"
    await clock.sleep(120)
    with pytest.raises(NotFound):
        scans.get(first.id)
    for _ in range(25):
        await finished(scans, scans.begin(SITE, "127.0.0.1", [9], 1.0))
    assert len(scans.listing()) <= 21
    await tasks.stop()
