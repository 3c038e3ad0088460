"""``/api/flows/import`` and ``/api/flows/{id}/export``: protocols of other programs."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.params import Parameter

from ionpy_auto.automation.interchange import Heading, export_flow, import_protocol
from ionpy_auto.core.errors import Rejected
from ionpy_auto.engine import Engine

Word = Annotated[str, msgspec.Meta(max_length=100)]


class ProtocolText(msgspec.Struct, forbid_unknown_fields=True):
    """A protocol, and what it does not say about the flow it becomes."""

    text: Annotated[str, msgspec.Meta(max_length=1_000_000)]
    format: Word = "auto"
    id: Word = ""
    cell: Word = ""
    channel: Word = "CH1"


class InterchangeController(Controller):
    """Protocols of other programs become flows, and flows protocols; nothing is written."""

    path = "/api/flows"
    tags = ("flows",)

    @post("/import", operation_id="importFlow", status_code=200)
    async def read(self, engine: Engine, data: ProtocolText) -> dict[str, Any]:
        """A protocol as the text of a flow, what was lost, and the findings about the text."""
        heading = Heading(data.id, data.cell, data.channel)
        flows = engine.project.automation.flows
        with flows.clock.hold():
            imported = await asyncio.to_thread(import_protocol, data.text, data.format, heading)
        checked = await flows.check(imported.text)
        return {**imported.as_dict(), "ok": checked["ok"], "findings": checked["findings"]}

    @get("/{flow_id:str}/export", operation_id="exportFlow", sync_to_thread=False)
    def write(
        self,
        engine: Engine,
        flow_id: str,
        file_format: Annotated[str, Parameter(query="format", max_length=100)] = "unicycler",
    ) -> dict[str, Any]:
        """The sequence of a flow as a protocol, and what was lost."""
        flows = engine.project.automation.flows
        flows.path_of(flow_id)  # 404 before anything else
        flow = flows.flow(flow_id)
        if flow is None:
            msg = f"flow {flow_id!r} has errors"
            raise Rejected(msg, code="FLOW_INVALID", hint="correct it first")
        text, losses = export_flow(flow, file_format)
        return {"format": file_format, "text": text, "losses": [x.as_dict() for x in losses]}
