"""``/api/alarms/outbox``, ``/api/alarms/receivers``: whether messages arrive."""

from typing import Annotated, Any, Literal

from litestar import Controller, get, post
from litestar.params import Parameter

from ionpy_auto.engine import Engine

Name = Annotated[str, Parameter(max_length=200)]


class AlarmDeliveryController(Controller):
    """Messages to people, and the receivers they go to."""

    path = "/api/alarms"
    tags = ("alarms",)

    @get("/outbox", operation_id="listOutbox")
    async def outbox(
        self,
        engine: Engine,
        which: Annotated[
            Literal["", "queued", "sent", "retrying", "failed"], Parameter(query="state")
        ] = "",
        receiver: Name = "",
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Messages, newest first, with counts by state and the state of each address."""
        return await engine.project.automation.outbox.list(which, receiver, limit)

    @post("/outbox/{number:int}/retry", operation_id="retryMessage", status_code=200)
    async def retry(self, engine: Engine, number: int) -> dict[str, Any]:
        """Try a message again now that waits or has failed."""
        entry = await engine.project.automation.outbox.retry(number)
        engine.audit.event("message_retried", "rest", {"message": number, "to": entry["to"]})
        return entry

    @get("/receivers", operation_id="listReceivers", sync_to_thread=False)
    def receivers(self, engine: Engine) -> dict[str, Any]:
        """Receivers with their addresses, without secrets, and how delivery goes."""
        return engine.project.automation.receivers_shown()

    @post("/receivers/{name:str}/test", operation_id="testReceiver", status_code=200)
    async def test(self, engine: Engine, name: Name) -> dict[str, Any]:
        """Send a test message to each address of a receiver now, past the outbox."""
        results = await engine.project.automation.receivers.test(name)
        engine.audit.event("receiver_tested", "rest", {"receiver": name})
        return {"results": results}
