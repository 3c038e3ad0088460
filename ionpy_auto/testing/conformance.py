"""One conformance suite per interface: whatever is registered walks through it.

    check_driver(MyDriver)                    # static: declaration, blueprints, safe states
    await drive_driver(MyDriver, link, ...)   # dynamic: polls, writes, reads back, goes safe
    check_framing(make)                       # garbage, split and joined reads, oversize
    await check_transport(make, peer)         # open, talk, hang up, close twice

Each raises AssertionError with a sentence about what is wrong.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.entities import Entity, Enum, Numeric, Toggle
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.links import Framing, Link, LinkLost, Transport
from ionpy_auto.devices.roles import Role
from ionpy_auto.devices.transports import TRANSPORTS

OUTPUT_ROLES = (Role.OUTPUT, Role.INPUT)


def require(true: object, message: str) -> None:
    """Fail with a sentence.

    Raises:
        AssertionError: When it is not true.
    """
    if not true:
        raise AssertionError(message)


def check_driver(driver: type[Driver]) -> None:
    """The declaration of a driver is complete and consistent."""
    name = driver.NAME
    require(name and name == name.lower(), f"{driver.__name__}: NAME must be lower case")
    require((driver.__doc__ or "").strip(), f"{name}: the docstring is the description")
    require(driver.STACK_BLUEPRINTS, f"{name}: there must be a blueprint")
    for blueprint in driver.STACK_BLUEPRINTS:
        require(blueprint.transport in TRANSPORTS, f"{name}: transport {blueprint.transport}?")
        require(blueprint.framing in FRAMINGS, f"{name}: framing {blueprint.framing}?")
    require(driver.ENTITIES, f"{name}: there must be entities")
    for entity in driver.ENTITIES.values():
        check_entity(entity)
    roles = [(e.role, e.channel) for e in driver.ENTITIES.values() if e.role is not None]
    require(len(roles) == len(set(roles)), f"{name}: a role stands twice on one channel")
    require(inspect.iscoroutinefunction(driver.poll), f"{name}: poll must be async")
    driver.describe()


def check_entity(entity: Entity) -> None:
    """A declaration is complete: safe state, range, unit; outputs go off."""
    problems = entity.problems()
    require(not problems, "; ".join(problems))
    require(entity.name, f"{entity.id}: people need a name")
    if entity.role in OUTPUT_ROLES:
        safe = entity.safe
        require(
            safe is not None and safe.action == "write" and safe.value is False,
            f"{entity.id}: the safe state of an output switch is writing false",
        )
        require(not entity.persist, f"{entity.id}: an output switch is never restored")


async def drive_driver(driver: type[Driver], link: Link, clock: Clock, params: Any) -> Driver:  # noqa: ANN401 - the driver's Params
    """A driver on a simulated link polls declared entities, and every setting reads back."""
    running = driver(link, clock, params)
    await link.open()
    await running.connect()
    values = await running.poll()
    unknown = sorted(set(values) - set(running.entities))
    require(not unknown, f"{driver.NAME}: polls undeclared {unknown}")
    for key, raw in values.items():
        reading = running.entities[key].decode(raw)
        require(reading[0] is not None or reading[2], f"{driver.NAME}.{key}: no value, no reason")
    for entity in running.entities.values():
        if entity.is_writable and entity.is_readable:
            await _check_setting(running, entity)
    await running.close()
    await link.close()
    return running


async def _check_setting(driver: Driver, entity: Entity) -> None:
    for wish in wishes(entity):
        sent = entity.check(wish)
        await driver.write(entity.id, sent)
        raw = await driver.read_back(entity.id)
        if raw is None:
            return
        read, _, reason = entity.decode(raw)
        if read is None and reason and entity.safe is not None and entity.safe.action == "hold":
            return  # says why it has no such setting
        require(
            read is not None and entity.same(sent, read),
            f"{driver.NAME}.{entity.id}: sent {sent}, read back {read} {reason}",
        )
    if entity.safe is not None and entity.safe.action == "write" and entity.safe.value is not None:
        await driver.write(entity.id, entity.check(entity.safe.value))


def wishes(entity: Entity) -> Sequence[Any]:
    """Values worth writing: both ends and one between."""
    if isinstance(entity, Toggle):
        return (True, False)
    if isinstance(entity, Enum):
        return tuple(entity.options)
    if isinstance(entity, Numeric) and entity.min is not None and entity.max is not None:
        return (entity.min, (entity.min + entity.max) / 2, entity.max)
    return ()


def check_framing(make: Callable[[], Framing], messages: Sequence[bytes]) -> None:
    """Messages survive being split and joined anywhere, and garbage never raises."""
    stream = b"".join(make().encode(message) for message in messages)
    whole = make().feed(stream)
    require(b"".join(whole) == b"".join(messages), "joined messages must all come out")
    framing = make()
    single = [m for at in range(len(stream)) for m in framing.feed(stream[at : at + 1])]
    require(b"".join(single) == b"".join(messages), "messages must survive single bytes")
    framing.reset()
    for garbage in (b"", b"\x00" * 1000, bytes(range(256)) * 40, b"\xff" * 300_000):
        framing.feed(garbage)
    framing.reset()
    again = framing.feed(stream)
    require(b"".join(again) == b"".join(messages), "messages must come through after garbage")


async def check_transport(
    make: Callable[[], Transport],
    hang_up: Callable[[], Awaitable[None]],
    *,
    knocks: bool = False,
) -> None:
    """Against a peer that echoes: open, talk, lose the peer, close twice.

    Args:
        make: A transport towards the echoing peer.
        hang_up: Makes the peer go away.
        knocks: It notices that the peer is gone only when it sends something (datagrams).
    """
    transport = make()
    await _must_lose(transport.write(b"x"), "writing before open")
    await transport.open()
    await transport.write(b"hello")
    heard = b""
    while len(heard) < 5:
        heard += await transport.read()
    require(heard == b"hello", f"the echo was {heard!r}")
    await hang_up()
    if knocks:
        await transport.write(b"anybody?")
    await _must_lose(transport.read(), "reading after the peer went away")
    await transport.close()
    await transport.close()
    await _must_lose(transport.read(), "reading after close")
    await _must_lose(transport.write(b"x"), "writing after close")


async def _must_lose(work: Awaitable[object], what: str) -> None:
    try:
        await work
    except LinkLost as error:
        require(error.error_code.startswith("TRANSPORT_"), f"{what}: code {error.error_code}")
        return
    raise AssertionError(f"{what} must raise LinkLost")
