"""``/api/connections``: brokers and other shared endpoints of the open project."""

from typing import Annotated, Any

from litestar import Controller, Response, delete, get, post, put
from litestar.params import Parameter

from ionpy_auto.engine import Engine

ConnectionId = Annotated[str, Parameter(max_length=64)]


class ConnectionsController(Controller):
    """Connections of the open project."""

    path = "/api/connections"
    tags = ("connections",)

    @get(operation_id="listConnections", sync_to_thread=False)
    def list_connections(self, engine: Engine) -> dict[str, Any]:
        """All connections with state and counters; what is wrong with ``connections.json``."""
        return engine.project.connections.as_dict()

    @post(operation_id="addConnection")
    async def add(self, engine: Engine, data: dict[str, Any]) -> Response[dict[str, Any]]:
        """Define a connection and start it; an absent broker is no error (state offline)."""
        manifest = await engine.project.connections.add(data)
        _note(engine, "connection_added", manifest["id"])
        return Response(manifest, status_code=201)

    @get("/{connection_id:str}", operation_id="getConnection", sync_to_thread=False)
    def one(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """One connection."""
        return engine.project.connections.get(connection_id).manifest()

    @put("/{connection_id:str}", operation_id="replaceConnection")
    async def replace(
        self, engine: Engine, connection_id: ConnectionId, data: dict[str, Any]
    ) -> dict[str, Any]:
        """Change a definition; the link is made anew."""
        manifest = await engine.project.connections.replace(connection_id, data)
        _note(engine, "connection_updated", connection_id)
        return manifest

    @delete("/{connection_id:str}", operation_id="removeConnection")
    async def remove(self, engine: Engine, connection_id: ConnectionId) -> None:
        """Close the link and forget it."""
        await engine.project.connections.remove(connection_id)
        _note(engine, "connection_removed", connection_id)

    @post("/{connection_id:str}/start", operation_id="startConnection", status_code=200)
    async def start(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """Begin to connect."""
        connection = engine.project.connections.get(connection_id)
        connection.start()
        _note(engine, "connection_started", connection_id)
        return connection.manifest()

    @post("/{connection_id:str}/stop", operation_id="stopConnection", status_code=200)
    async def stop(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """Close the link until it is started again."""
        connection = engine.project.connections.get(connection_id)
        await connection.stop("stopped by a person")
        _note(engine, "connection_stopped", connection_id)
        return connection.manifest()

    @post("/{connection_id:str}/restart", operation_id="restartConnection", status_code=200)
    async def restart(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """Close the link and connect anew at once."""
        connection = engine.project.connections.get(connection_id)
        await connection.stop()
        connection.start()
        _note(engine, "connection_restarted", connection_id)
        return connection.manifest()

    @post("/{connection_id:str}/detach", operation_id="detachConnection", status_code=200)
    async def detach(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """Leave the link up, but let rules neither hear nor publish."""
        connection = engine.project.connections.get(connection_id)
        connection.set_detached(detached=True)
        _note(engine, "connection_detached", connection_id)
        return connection.manifest()

    @post("/{connection_id:str}/attach", operation_id="attachConnection", status_code=200)
    async def attach(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """End a detachment."""
        connection = engine.project.connections.get(connection_id)
        connection.set_detached(detached=False)
        _note(engine, "connection_attached", connection_id)
        return connection.manifest()

    @post("/{connection_id:str}/test", operation_id="testConnection", status_code=200)
    async def test(self, engine: Engine, connection_id: ConnectionId) -> dict[str, Any]:
        """Try the link apart from the running one: steps with hints."""
        return await engine.project.connections.get(connection_id).test()


class ConnectionSchemaController(Controller):
    """What ``connections.json`` may hold."""

    path = "/api/connection-schema"
    tags = ("connections",)

    @get(operation_id="connectionSchema", sync_to_thread=False)
    def schema(self, engine: Engine) -> dict[str, Any]:
        """JSON Schema of the file, with the parameters of every kind."""
        return engine.project.connections.schema()


def _note(engine: Engine, what: str, connection_id: str) -> None:
    engine.audit.event(what, "rest", {"connection": connection_id})
