"""``mqtt``: a broker. Subscriptions are shared and counted, floods are bounded, nothing is stale.

A command that could not be sent is refused at once and never sent later: after an outage it would
act on another world. What comes in faster than it can be heard is dropped oldest first, topic by
topic, and counted.
"""

import asyncio
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from uuid import uuid4

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ionpy_auto.connections.audience import Audience
from ionpy_auto.connections.connection import Connection, ConnectionState, Kit, Step
from ionpy_auto.connections.inbox import Inbox
from ionpy_auto.connections.messages import MAX_PAYLOAD, Message, Publication, Tell, Wish
from ionpy_auto.connections.reading import Hand, Reader
from ionpy_auto.connections.secrets import reference_problem
from ionpy_auto.connections.topics import matches, topic_problem
from ionpy_auto.core.commands import OutcomeKind
from ionpy_auto.core.errors import Conflict, IonpyError, Rejected, TooLarge, Unavailable

if TYPE_CHECKING:
    from ionpy_auto.connections.config import ConnectionConfig

log = structlog.get_logger(__name__)

NAME = "mqtt"

REACH_S = 5.0
ANSWER_S = 10.0
MAX_PUBLISHING = 20
"""So many acknowledgements are waited for at once; what comes on top is refused."""
MAX_UNSENT = 500
"""So many of QoS 0 may wait for their turn to be written; a slow link refuses what comes on top."""
BATCH = 50
DIALLING_S = 0.02
MAX_HEARD = 10_000
SESSION_S = 3600

_ENDPOINT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")
_REFUSED = {
    132: ("does not speak this version of MQTT", "set params.version to 3.1.1 or 5"),
    133: ("does not take this client id", "choose another params.client_id"),
    134: ("refuses user name or password", "check params.username and the secret"),
    135: ("refuses user name or password", "check params.username and the secret"),
    138: ("has banned this client", "ask who runs the broker"),
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(_Model):
    """How the link is encrypted."""

    ca: str = Field("", description="File with the authority; the system's by default.")
    cert: str = Field("", description="Own certificate, where the broker wants one.")
    key: str = Field("", description="Its key, if it stands in another file.")
    key_password: str = Field("", description="secret:<name>")
    check_hostname: bool = Field(True, description="false only for brokers known by address.")

    @field_validator("key_password")
    @classmethod
    def _no_password(cls, text: str) -> str:
        return _reference(text)


class LastWill(_Model):
    """What the broker publishes for us when we are gone without a word."""

    topic: str
    payload: str = Field("", max_length=4096)
    qos: Literal[0, 1] = 0
    retain: bool = False

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, text: str) -> str:
        if problem := topic_problem(text):
            raise ValueError(problem)
        return text


class MqttParams(_Model):
    """Parameters of a broker."""

    version: Literal["3.1.1", "5"] = "3.1.1"
    client_id: str = Field("", max_length=64, description="Of its own by default.")
    username: str = Field("", max_length=200)
    password: str = Field("", description="secret:<name>")
    tls: Tls | None = Field(None, description="{} encrypts with the system's authorities.")
    keepalive_s: int = Field(30, ge=5, le=3600)
    clean_session: bool = Field(
        True, description="false: the broker keeps messages of QoS 1 while we are away."
    )
    will: LastWill | None = None
    queue: int = Field(1000, ge=10, le=100_000, description="Messages that may wait.")
    publish: Literal["armed", "always"] = Field(
        "armed", description="always: also in shadow and from a simulated project."
    )

    @field_validator("password")
    @classmethod
    def _no_password(cls, text: str) -> str:
        return _reference(text)


def _require_fit(what: Publication) -> None:
    """Raises when no broker would take it."""
    if problem := topic_problem(what.topic):
        raise Rejected(f"{what.topic[:100]!r}: {problem}", code="BAD_TOPIC")
    if len(what.payload) > MAX_PAYLOAD:
        raise TooLarge(f"a message has at most {MAX_PAYLOAD} bytes")


def _reference(text: str) -> str:
    if problem := reference_problem(text):
        raise ValueError(problem)
    return text


def endpoint_of(text: str) -> tuple[str, int]:
    """Host and port; port 0 when it is none."""
    found = _ENDPOINT.fullmatch(text)
    port = int(found[2]) if found else 0
    return (found[1].strip("[]") if found else "", port if port <= 65_535 else 0)


@dataclass(eq=False, slots=True)
class _Listener:
    wish: Wish
    tell: Tell
    heard: set[str] = field(default_factory=set)  # topics whose retained message is no news

    def wants(self, message: Message) -> bool:
        """Whether this message is for it: retained ones once per connection, if at all."""
        if message.retained and (not self.wish.retained or message.topic in self.heard):
            return False
        if self.wish.retained and len(self.heard) < MAX_HEARD:
            self.heard.add(message.topic)
        return True


class _Client(aiomqtt.Client):
    """The library's client, whose attempts to connect can be given up cleanly."""

    def read_with(self, hand: Hand) -> None:
        """Take plain messages past the library."""
        self._reader = Reader(self._client, hand)

    async def enter(self) -> None:
        """Connect; whatever goes wrong, no socket is left open."""
        work = asyncio.ensure_future(self.__aenter__())
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            # It dials in a thread, which cannot be cancelled but has its own bound; the wait for
            # the broker's word behind it can.
            while not work.done() and self._client.socket() is None:
                await asyncio.wait({work}, timeout=DIALLING_S)
            work.cancel()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()
            self.give_up()
            raise
        except aiomqtt.MqttError:
            self.give_up()
            raise
        link = self._client.socket()
        if isinstance(link, socket.socket):  # a TLS one is, too
            # Or a message waits for the broker to acknowledge the one before, up to 40 ms.
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def give_up(self) -> None:
        """Close the socket, whatever it was doing."""
        self._client.disconnect()

    async def leave(self) -> None:
        """Say good-bye; a link that is lost already needs none."""
        with suppress(aiomqtt.MqttError):
            await self.__aexit__(None, None, None)
        self.give_up()


class Mqtt(Connection):
    """A link to a broker."""

    Params: ClassVar[type[BaseModel]] = MqttParams

    def __init__(self, config: "ConnectionConfig", kit: Kit) -> None:
        super().__init__(config, kit)
        self.params = MqttParams.model_validate(config.params)
        self._own_id = f"ionpy-{config.id}"[:50] + f"-{uuid4().hex[:6]}"
        self._listeners: dict[str, list[_Listener]] = {}
        self._found: dict[
            str, Audience[_Listener]
        ] = {}  # by topic, made anew when listeners change
        self._on_wire: dict[str, int] = {}
        self._again: set[str] = set()
        self._refused: dict[str, str] = {}
        self._inbox = Inbox(self.params.queue)
        self._waiting = asyncio.Event()  # set while something is in the box
        self._allowance, self._allowed_at = float(config.max_pps), kit.wall.monotonic()
        self._in_a_row = 0
        self._changed = asyncio.Event()
        self._client: _Client | None = None
        self._publishing = 0

    @classmethod
    def endpoint_problem(cls, endpoint: str) -> str:
        """A broker is ``host:port``."""
        return "" if endpoint_of(endpoint)[1] else "an endpoint is host:port, for example :1883"

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect and to hand on what comes in."""
        was_running = self.is_running
        super().start()
        if not was_running:
            self.tasks.keep("deliver", self._deliver_for_ever)

    async def serve(self) -> None:
        """Connect, subscribe to all that is wanted, and stay until the link is lost."""
        await self._reach()
        context = await self._encrypt()
        client = self._make(self.params.client_id or self._own_id, context)
        await self._enter(client)
        self._client = client
        self._on_wire.clear()
        for listener in self._all():
            listener.heard.clear()
        self.is_up()
        self._changed.set()
        syncing = self.tasks.start("subscribe", self._subscribe_for_ever(client))
        try:
            async for _ in client.messages:
                pass  # never: the intake has them; this ends when the link does
        except aiomqtt.MqttError as error:
            raise _lost(error.__cause__ or error) from error
        finally:
            self._client = None
            syncing.cancel()
            await client.leave()

    async def _reach(self) -> None:
        """See that somebody listens there, in a way that can be given up at any time."""
        if sys.platform == "win32" and not isinstance(
            asyncio.get_running_loop(), asyncio.SelectorEventLoop
        ):
            msg = "brokers cannot be reached from this event loop"
            raise Unavailable(msg, hint="run the server on the selector loop", args={"final": True})
        host, port = endpoint_of(self.config.endpoint)
        try:
            async with self.kit.wall.timeout(REACH_S):
                await asyncio.get_running_loop().getaddrinfo(host, port)
        except (OSError, UnicodeError) as error:
            msg = f"the host {host} has no address"
            hint = "check its spelling, or give the IP address"
            raise Unavailable(msg, code="BROKER_UNREACHABLE", hint=hint) from error
        await self._knock(host, port, None)

    async def _knock(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Open a link and close it again; with a context, an encrypted one.

        The library would leave a socket behind whose encryption does not come about.
        """
        name = self.config.shown
        try:
            async with self.kit.wall.timeout(REACH_S):
                _, writer = await asyncio.open_connection(host, port, ssl=context)
        except OSError as error:
            if context is not None:
                raise _not_encrypted(name, str(error) or "nobody there speaks TLS") from error
            msg = f"nobody answers at {self.config.endpoint}"
            hint = "is the broker running, is the port right, does a firewall stand between?"
            raise Unavailable(msg, code="BROKER_UNREACHABLE", hint=hint) from error
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _enter(self, client: _Client) -> None:
        try:
            await client.enter()
        except aiomqtt.MqttError as error:
            raise self._explain(error) from error

    def _explain(self, error: aiomqtt.MqttError) -> IonpyError:
        """What a person should know of a connection that did not come about."""
        reason = getattr(error, "rc", None)
        number = reason.value if isinstance(reason, ReasonCode) else reason
        name = self.config.shown
        if isinstance(number, int) and number in _REFUSED:
            said, hint = _REFUSED[number]
            msg = f"broker {name} {said}"
            return Conflict(msg, code="BROKER_REFUSED", hint=hint, args={"final": True})
        text = str(error)
        if any(word in text.lower() for word in ("ssl", "certificate", "tls")):
            return _not_encrypted(name, text)
        hint = "is there a broker behind this port, and does it want TLS?"
        return Unavailable(f"broker {name}: {text}", code="BROKER_UNREACHABLE", hint=hint)

    def _make(
        self,
        client_id: str,
        context: ssl.SSLContext | None,
        hand: Hand | None = None,
    ) -> _Client:
        """A client that is not connected yet.

        Raises:
            IonpyError: A secret is missing.
        """
        params, secrets, hand = self.params, self.kit.secrets, hand or self._take
        host, port = endpoint_of(self.config.endpoint)
        is_five = params.version == "5"
        client = _Client(
            host,
            port,
            username=params.username or None,
            password=secrets.get(params.password) or None,
            identifier=client_id,
            queue_type=_intake(hand),
            protocol=aiomqtt.ProtocolVersion.V5 if is_five else aiomqtt.ProtocolVersion.V311,
            will=_will_of(params.will),
            clean_session=None if is_five else params.clean_session,
            clean_start=params.clean_session if is_five else MQTT_CLEAN_START_FIRST_ONLY,
            properties=_keep_session() if is_five and not params.clean_session else None,
            timeout=ANSWER_S,
            keepalive=params.keepalive_s,
            tls_context=context,
        )
        client.pending_calls_threshold = 2 * MAX_UNSENT
        client.read_with(hand)
        return client

    async def _encrypt(self) -> ssl.SSLContext | None:
        """See that an encrypted link comes about, if one is wanted; its context."""
        if self.params.tls is None:
            return None
        context = await asyncio.to_thread(self._tls, self.params.tls)
        await self._knock(*endpoint_of(self.config.endpoint), context)
        return context

    def _tls(self, tls: Tls) -> ssl.SSLContext:
        """How the link is encrypted; reads files."""
        try:
            context = ssl.create_default_context(cafile=self._file(tls.ca) if tls.ca else None)
            context.check_hostname = tls.check_hostname
            if tls.cert:
                password = self.kit.secrets.get(tls.key_password)
                key = self._file(tls.key) if tls.key else None
                context.load_cert_chain(self._file(tls.cert), key, password=lambda: password)
        except (OSError, ValueError) as error:
            msg = f"certificates cannot be read: {error}"
            hint = "paths in params.tls are absolute, or relative to the config folder"
            raise Conflict(msg, code="TLS_FAILED", hint=hint, args={"final": True}) from error
        return context

    def _file(self, name: str) -> Path:
        return self.kit.folder / name

    # -- what comes in ----------------------------------------------------------------------

    def _all(self) -> Iterable[_Listener]:
        return [one for listeners in self._listeners.values() for one in listeners]

    def listen(self, wish: Wish, tell: Tell) -> Callable[[], None]:
        """Hear messages; the broker is asked once per filter, however many want it."""
        listener = _Listener(wish, tell)
        others = self._listeners.setdefault(wish.topic, [])
        if others and wish.retained:
            self._again.add(wish.topic)  # asked again, the broker sends what it keeps again
        others.append(listener)
        self._listeners_changed()

        def leave() -> None:
            with suppress(ValueError):
                others.remove(listener)
            if not others and self._listeners.get(wish.topic) is others:
                del self._listeners[wish.topic]
            self._listeners_changed()

        return leave

    def _listeners_changed(self) -> None:
        self._found.clear()
        self._changed.set()

    async def _subscribe_for_ever(self, client: _Client) -> None:
        """Keep what the broker sends us as it is wanted."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._subscribe(client)
        except aiomqtt.MqttError as error:
            log.info("subscribing failed", connection=self.id, reason=str(error))
            client.give_up()  # half a set of subscriptions is worse than a new start

    async def _subscribe(self, client: _Client) -> None:
        wanted = {
            topic: max(one.wish.qos for one in listeners)
            for topic, listeners in self._listeners.items()
            if listeners
        }
        for topic in self._on_wire.keys() - wanted.keys():
            del self._on_wire[topic]
            self._refused.pop(topic, None)
            await client.unsubscribe(topic)
        again, self._again = self._again, set()
        for topic, qos in wanted.items():
            if self._on_wire.get(topic, -1) < qos or topic in again:
                self._judge(topic, await client.subscribe(topic, qos))
                self._on_wire[topic] = qos

    def _judge(self, topic: str, granted: Iterable[int | ReasonCode]) -> None:
        """Remember what the broker does not let us hear."""
        codes = [code.value if isinstance(code, ReasonCode) else code for code in granted]
        if any(code >= 128 for code in codes):
            self._refused[topic] = "the broker refuses this subscription"
            log.warning("subscription refused", connection=self.id, topic=topic)
        else:
            self._refused.pop(topic, None)

    def _take(self, topic: str, payload: bytes, qos: int, retained: bool) -> None:
        """A message arrived: heard at once if nothing waits, else into the box."""
        counters = self.counters
        counters.received += 1
        counters.bytes_in += len(payload)
        if len(payload) > MAX_PAYLOAD:
            counters.too_large += 1
            return
        message = Message(self.id, topic, payload, qos, retained)
        if not self._waiting.is_set() and self._may_deliver():
            self._deliver(message)
            return
        self._inbox.put(message)
        counters.dropped = self._inbox.dropped
        self._waiting.set()

    def _may_deliver(self) -> bool:
        """Whether one more may be handed on: ``max_pps``, and not too many in one go."""
        if self._in_a_row == 0:
            asyncio.get_running_loop().call_soon(self._new_row)
            now, rate = self.kit.wall.monotonic(), float(self.config.max_pps)
            self._allowance = min(rate, self._allowance + (now - self._allowed_at) * rate)
            self._allowed_at = now
        if self._in_a_row >= BATCH or self._allowance < 1.0:
            return False
        self._in_a_row += 1
        self._allowance -= 1.0
        return True

    def _new_row(self) -> None:
        self._in_a_row = 0

    async def _deliver_for_ever(self) -> None:
        """Hand on what waits, no faster than ``max_pps``, and let others work in between."""
        wall = self.kit.wall
        while True:
            await self._waiting.wait()
            while self._may_deliver():
                message = self._inbox.take()
                if message is None:
                    self._allowance += 1.0
                    self._waiting.clear()
                    break
                self._deliver(message)
            await wall.sleep(0.0 if self._allowance >= 1.0 else 1.0 / self.config.max_pps)

    def _deliver(self, message: Message) -> None:
        audience = self._found.get(message.topic)
        if audience is None:
            audience = self._look_up(message.topic)
        if self.detached or not audience.members:
            self.counters.unheard += 1
            return
        self.counters.delivered += 1
        for listener in audience.of(message):
            try:
                if listener.wants(message):
                    listener.tell(message)
            except Exception:
                log.exception("a listener failed", connection=self.id, topic=message.topic)

    def _look_up(self, topic: str) -> Audience[_Listener]:
        found = Audience(one for one in self._all() if matches(one.wish.topic, topic))
        if len(self._found) >= MAX_HEARD:
            self._found.clear()
        self._found[topic] = found
        return found

    # -- what goes out ----------------------------------------------------------------------

    async def publish(self, what: Publication) -> Mapping[str, Any]:
        """Send a message now or never; in shadow only look whether it could be one."""
        _require_fit(what)
        told = {"connection": self.id, "topic": what.topic, "bytes": len(what.payload)}
        if self.params.publish != "always" and not self.kit.is_armed():
            return {**told, "outcome": OutcomeKind.SHADOWED.value, "acknowledged": False}
        client = self._may_publish(what)
        self._publishing += 1
        try:
            with self.kit.clock.hold():
                await client.publish(
                    what.topic, what.payload, what.qos, what.retain, timeout=what.timeout_s
                )
        except (aiomqtt.MqttError, ValueError) as error:
            self.counters.failed += 1
            msg = f"{what.topic} was not published: {error}"
            hint = "it may have arrived all the same" if what.qos else "see the connection"
            raise Unavailable(msg, code="NOT_PUBLISHED", hint=hint) from error
        finally:
            self._publishing -= 1
        self.counters.sent += 1
        self.counters.bytes_out += len(what.payload)
        return {**told, "outcome": OutcomeKind.DONE.value, "acknowledged": what.qos > 0}

    def _may_publish(self, what: Publication) -> _Client:
        """Everything that speaks against sending."""
        self.counters.failed += 1
        if self.detached:
            msg = f"connection {self.id} is detached"
            raise Conflict(msg, code="CONNECTION_DETACHED", hint="attach it")
        if self._client is None or self.state is not ConnectionState.ONLINE:
            msg = f"broker {self.config.shown} is {self.state}"
            raise Unavailable(msg, code="BROKER_OFFLINE", hint=self.hint or "start it")
        if self._publishing >= (MAX_PUBLISHING if what.qos else MAX_UNSENT):
            msg = f"{self._publishing} messages wait for {self.config.shown} to take them"
            raise Unavailable(msg, code="BROKER_BUSY", hint="publish less, or with QoS 0")
        self.counters.failed -= 1
        return self._client

    # -- answers ----------------------------------------------------------------------------

    def details(self) -> dict[str, Any]:
        """Subscriptions, whether the broker has taken them, and what waits."""
        return {
            "subscriptions": [
                {
                    "topic": topic,
                    "listeners": len(listeners),
                    "active": self._client is not None and topic in self._on_wire,
                    "problem": self._refused.get(topic, ""),
                }
                for topic, listeners in sorted(self._listeners.items())
            ],
            "waiting": len(self._inbox),
        }

    async def examine(self, steps: list[Step]) -> None:
        """Reach, encrypt, log in, and hear a message of our own."""
        await self._reach()
        steps.append(Step(f"{self.config.endpoint} answers"))
        came = asyncio.Event()
        context = await self._encrypt()
        if context is not None:
            steps.append(Step("the link is encrypted"))
        client = self._make(f"{self._own_id}-test", context, lambda *_: came.set())
        await self._enter(client)
        who = self.params.username or "without a user name"
        steps.append(Step("logged in", detail=who))
        try:
            await self._round_trip(client, came, steps)
        finally:
            await client.leave()

    async def _round_trip(self, client: _Client, came: asyncio.Event, steps: list[Step]) -> None:
        topic = f"ionpy/test/{uuid4().hex}"
        try:
            await client.subscribe(topic)
            await client.publish(topic, b"test")
            async with self.kit.wall.timeout(REACH_S):
                await came.wait()
        except (aiomqtt.MqttError, TimeoutError):
            hint = f"this user may not publish and hear {topic[:10]}…; others may be allowed"
            steps.append(Step("a message did not come back", ok=False, hint=hint))
        else:
            steps.append(Step("a message came back", detail=topic))


def _intake(hand: Hand) -> "type[asyncio.Queue[aiomqtt.Message]]":
    """A queue for the library that keeps nothing: each message is handed on as it arrives."""

    class Intake(asyncio.Queue[aiomqtt.Message]):
        def put_nowait(self, item: aiomqtt.Message) -> None:
            hand(item.topic.value, bytes(item.payload), item.qos, bool(item.retain))

    return Intake


def _not_encrypted(name: str, text: str) -> IonpyError:
    msg = f"no encrypted link to {name}: {text}"
    hint = "check params.tls: the authority, the host name, and the port (often 8883)"
    return Conflict(msg, code="TLS_FAILED", hint=hint, args={"final": True})


def _lost(error: BaseException) -> IonpyError:
    msg = f"the link to the broker was lost: {error}"
    return Unavailable(msg, code="BROKER_LOST")


def _will_of(will: LastWill | None) -> aiomqtt.Will | None:
    if will is None:
        return None
    return aiomqtt.Will(will.topic, will.payload, will.qos, will.retain)


def _keep_session() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
    properties.SessionExpiryInterval = SESSION_S
    return properties
