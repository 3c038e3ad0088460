"""All connections of the open project: defined in ``connections.json``, changed while they run.

Whoever wants to hear says so here and keeps hearing while connections are replaced, stopped or
not there yet. A change of the file on disk takes effect by itself; a file that cannot be read
changes nothing and says why.
"""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from ionpy_auto.connections.config import (
    ConnectionConfig,
    ConnectionsFile,
    connections_schema,
    load_connections,
    parse_connection,
    save_connections,
)
from ionpy_auto.connections.connection import Connection, Kit
from ionpy_auto.connections.kinds import KINDS
from ionpy_auto.connections.messages import Publication, Tell, Wish
from ionpy_auto.core.bus import Event
from ionpy_auto.core.errors import BadInput, ConfigInvalid, Conflict, Finding, NotFound, Rejected
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

LOOK_S = 1.0


@dataclass(eq=False, slots=True)
class _Heard:
    """A wish and the connections that fulfil it."""

    wish: Wish
    tell: Tell
    leave: dict[str, Callable[[], None]] = field(default_factory=dict)

    def wants(self, connection: Connection) -> bool:
        """Whether it listens to this connection."""
        name = self.wish.connection
        return connection.id == name if name is not None else connection.config.enabled


class ConnectionManager:
    """See the module's first lines.

    Args:
        path: ``connections.json`` of the project.
        kit: What connections need.
        look_s: How often the file on disk is looked at.
    """

    def __init__(self, path: Path, kit: Kit, look_s: float = LOOK_S) -> None:
        self._path = path
        self._look_s = look_s
        self._kit = kit
        self._file = ConnectionsFile([], [], [])
        self._seen: tuple[int, ...] = ()
        self._looking = asyncio.Lock()
        self._unreadable: ConfigInvalid | None = None
        self._heard: list[_Heard] = []
        self._tasks = Tasks("connections", kit.wall)
        self.connections: dict[str, Connection] = {}
        self.findings: list[Finding] = []

    # -- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to connect; returns before anything is reached."""
        await self._look()
        self._tasks.keep("watch", self._watch_for_ever)

    async def stop(self) -> None:
        """Close all links."""
        await self._tasks.stop()
        for connection in list(self.connections.values()):
            await self._drop(connection)

    async def _watch_for_ever(self) -> None:
        while True:
            await self._kit.wall.sleep(self._look_s)
            await self._look()

    async def _look(self) -> None:
        """Take up the file if it is another one than last time."""
        async with self._looking:
            await self._look_now()

    async def _look_now(self) -> None:
        try:
            about = self._path.stat()
            seen: tuple[int, ...] = (about.st_mtime_ns, about.st_size, about.st_ino)
        except OSError:
            seen = ()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            file = load_connections(self._path)
        except ConfigInvalid as error:
            self._unreadable = error
            log.error("connections.json is not read", reason=error.message)  # noqa: TRY400
            line = error.arguments.get("line", 0)
            self.findings = [
                Finding(code="unreadable", message=error.message, file=self._path.name, line=line)
            ]
            self._tell()
            return
        await self._take_up(file)

    async def _take_up(self, file: ConnectionsFile) -> None:
        """Make what runs as the file says; what has not changed goes on untouched."""
        self._unreadable = None
        self._file, self.findings = file, file.findings
        for finding in file.findings:
            log.warning("connections.json", finding=str(finding))
        wanted = {config.id: config for config in file.connections}
        for connection in list(self.connections.values()):
            if wanted.get(connection.id) != connection.config:
                await self._drop(connection)
        for config in file.connections:
            if config.id not in self.connections:
                self._make(config)
        self.connections = {key: self.connections[key] for key in wanted}  # order of the file
        self._tell()

    def _make(self, config: ConnectionConfig) -> None:
        connection = KINDS.get(config.kind)(config, self._kit)
        self.connections[config.id] = connection
        for heard in self._heard:
            self._join(heard, connection)
        if config.enabled and config.auto_start:
            connection.start()

    async def _drop(self, connection: Connection) -> None:
        self.connections.pop(connection.id, None)
        for heard in self._heard:
            if leave := heard.leave.pop(connection.id, None):
                leave()
        await connection.stop()

    def _tell(self) -> None:
        clock = self._kit.clock
        payload = {"ids": list(self.connections), "findings": len(self.findings)}
        self._kit.bus.publish(Event("connections_changed", payload, clock.now(), clock.monotonic()))

    # -- topics -----------------------------------------------------------------------------

    def listen(self, wish: Wish, tell: Tell) -> Callable[[], None]:
        """Be told of messages, now and whenever the connection is there; returns the way out."""
        heard = _Heard(wish, tell)
        self._heard.append(heard)
        for connection in self.connections.values():
            self._join(heard, connection)

        def leave() -> None:
            if heard in self._heard:
                self._heard.remove(heard)
            for out in heard.leave.values():
                out()
            heard.leave.clear()

        return leave

    @staticmethod
    def _join(heard: _Heard, connection: Connection) -> None:
        if not heard.wants(connection):
            return
        try:
            heard.leave[connection.id] = connection.listen(heard.wish, heard.tell)
        except Rejected:
            log.warning("nothing to hear there", connection=connection.id, topic=heard.wish.topic)

    async def publish(self, what: Publication) -> Mapping[str, Any]:
        """Send a message now, or not at all.

        Returns:
            ``{connection, topic, bytes, outcome, acknowledged}``; ``outcome`` is ``shadowed`` when
            the project is not armed and nothing was sent.

        Raises:
            NotFound: There is no such connection.
            Rejected: Which connection is not clear, or nothing can be published there.
            Conflict: Detached.
            Unavailable: Offline, busy, or not acknowledged in time.
        """
        return await self._one_for(what.connection).publish(what)

    def _one_for(self, name: str | None) -> Connection:
        if name is not None:
            return self.get(name)
        usable = [one for one in self.connections.values() if one.config.enabled]
        if not usable:
            msg = "the project has no connection"
            raise NotFound(msg, code="NO_BROKER", hint="add a broker: POST /api/connections")
        if len(usable) > 1:
            msg = "there are several connections"
            known = ", ".join(one.id for one in usable)
            raise Rejected(msg, code="BROKER_UNCLEAR", hint=f"write broker: one of {known}")
        return usable[0]

    # -- change -----------------------------------------------------------------------------

    def get(self, connection_id: str) -> Connection:
        """A connection.

        Raises:
            NotFound: With the ones there are.
        """
        found = self.connections.get(connection_id)
        if found is None:
            known = ", ".join(self.connections) or "none yet"
            msg = f"there is no connection {connection_id!r}"
            raise NotFound(msg, code="CONNECTION_NOT_FOUND", hint=f"there are: {known}")
        return found

    async def add(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Define a connection and start it.

        Raises:
            ConfigInvalid: A field does not fit, or the file on disk cannot be read.
            Conflict: There is one with this id.
        """
        await self._look()
        checked = parse_connection(self._without_passwords(content, keep=False))
        if checked.id in self.connections:
            msg = f"there is a connection {checked.id!r} already"
            raise Conflict(msg, code="CONNECTION_DUPLICATE", hint="choose another id")
        config = parse_connection(self._without_passwords(content, keep=True))
        await self._write([*self._file.connections, config])
        return self.get(config.id).manifest()

    async def replace(self, connection_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Change a definition; the link is made anew.

        Raises:
            NotFound: There is no such connection.
            BadInput: A field does not fit, or it is another id.
        """
        await self._look()
        self.get(connection_id)
        content = {"id": connection_id, **content}
        checked = parse_connection(self._without_passwords(content, keep=False))
        if checked.id != connection_id:
            msg = "the id of a connection never changes"
            raise BadInput(msg, hint="change the name, or add another connection")
        config = parse_connection(self._without_passwords(content, keep=True))
        await self._write(
            [config if one.id == connection_id else one for one in self._file.connections]
        )
        return self.get(connection_id).manifest()

    async def remove(self, connection_id: str) -> None:
        """Close the link and forget the definition; its secret stays.

        Raises:
            NotFound: There is no such connection.
        """
        await self._look()
        self.get(connection_id)
        await self._write([one for one in self._file.connections if one.id != connection_id])

    async def _write(self, configs: list[ConnectionConfig]) -> None:
        """File first: what does not stand there does not run."""
        if self._unreadable is not None:
            raise self._unreadable  # somebody is at it by hand: nothing of theirs is lost
        file = ConnectionsFile(configs, self._file.findings, self._file.unread)
        save_connections(self._path, file)
        self._seen = ()
        await self._look()

    def _without_passwords(self, content: Mapping[str, Any], *, keep: bool) -> dict[str, Any]:
        """A definition whose passwords are references; with ``keep`` they are put away first."""
        made = deepcopy(dict(content))
        params = made.get("params")
        tls = params.get("tls") if isinstance(params, dict) else None
        for holder, key in ((params, "password"), (tls, "key_password")):
            if isinstance(holder, dict):
                self._put_away(str(made.get("id", "")), key, holder, keep)
        return made

    def _put_away(self, owner: str, key: str, holder: dict[str, Any], keep: bool) -> None:
        secret = holder.get(key)
        if isinstance(secret, str) and secret and not secret.startswith("secret:"):
            name = f"connection-{owner}-{key}"[:64]
            holder[key] = self._kit.secrets.put(name, secret) if keep else f"secret:{name}"

    # -- answers ----------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """All connections, what is wrong with the file, and wishes nobody fulfils."""
        items = [connection.manifest() for connection in self.connections.values()]
        return {
            "items": items,
            "total": len(items),
            "findings": [finding.as_dict() for finding in self.findings],
            "unheard": [
                {"topic": heard.wish.topic, "connection": heard.wish.connection}
                for heard in self._heard
                if not heard.leave
            ],
        }

    def states(self) -> list[dict[str, str]]:
        """The short form for the status."""
        return [
            {"id": one.id, "state": one.state.value, "hint": one.hint}
            for one in self.connections.values()
        ]

    @staticmethod
    def schema() -> dict[str, Any]:
        """JSON Schema of ``connections.json``."""
        return connections_schema()
