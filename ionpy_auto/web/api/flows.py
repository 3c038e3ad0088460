"""``/api/flows``, ``/api/rules``, check and schema: what people automate."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import Parameter

from ionpy_auto.engine import Engine
from ionpy_auto.language import Edit

BY = "rest"
ActionPlace = Annotated[str, Parameter(max_length=200)]
FlowText = Annotated[str, msgspec.Meta(max_length=1_000_000)]


Message = Annotated[str, msgspec.Meta(min_length=1, max_length=5000, pattern=r"\S")]
Step = str | int
Op = Literal["set", "insert", "remove", "rename", "move", "duplicate", "layout", "quote"]


class FlowChange(msgspec.Struct, forbid_unknown_fields=True):
    """A new text and the revision it started from; with ``commit`` also a git commit."""

    text: FlowText
    revision: str
    commit: Message | None = None


class FlowStart(msgspec.Struct, forbid_unknown_fields=True):
    """A draft and the revision it started from."""

    text: FlowText
    revision: str


class FlowEdit(msgspec.Struct, forbid_unknown_fields=True):
    """One structured edit of a text."""

    op: Op
    path: list[Step] = []
    value: Any = None
    to: list[Step] | None = None
    name: str = ""
    at: int | None = None


class FlowPatch(msgspec.Struct, forbid_unknown_fields=True):
    """Edits on the text of a revision; ``write`` checks, writes and activates the result."""

    revision: str
    edits: Annotated[list[FlowEdit], msgspec.Meta(max_length=500)]
    write: bool = False
    commit: Message | None = None


class FlowDraft(msgspec.Struct, forbid_unknown_fields=True):
    """A text that is not saved, and edits to be made on it."""

    text: FlowText
    edits: Annotated[list[FlowEdit], msgspec.Meta(max_length=500)] = []
    file: str = ""


class FlowTexts(msgspec.Struct, forbid_unknown_fields=True):
    """Two texts to be compared."""

    before: FlowText
    after: FlowText
    file: str = ""


class NewFlow(msgspec.Struct, forbid_unknown_fields=True):
    """A new flow file; the id stands in the text."""

    text: FlowText
    scope: Literal["project", "server"] = "project"


class FlowText_(msgspec.Struct, forbid_unknown_fields=True):  # noqa: N801 - the body of a check
    """A text to be checked."""

    text: FlowText
    file: str = ""


class ActionSwitch(msgspec.Struct, forbid_unknown_fields=True):
    """The switch of one action; null: as the file says."""

    enabled: bool | None


class StartArming(msgspec.Struct, forbid_unknown_fields=True):
    """The revision that was read; with ``text`` that of a text which is to be saved."""

    revision: str
    text: FlowText | None = None


class FlowsController(Controller):
    """Flow files: the text is the truth, the file on disk is what is deployed."""

    path = "/api/flows"
    tags = ("flows",)

    @get(operation_id="listFlows", sync_to_thread=False)
    def list_flows(
        self,
        engine: Engine,
        which: Annotated[Literal["project", "server"] | None, Parameter(query="scope")] = None,
    ) -> dict[str, Any]:
        """All flows with their state."""
        items = engine.project.automation.flows.list()
        if which is not None:
            items = [item for item in items if item["scope"] == which]
        return {"items": items, "total": len(items)}

    @post(operation_id="createFlow")
    async def create(self, engine: Engine, data: NewFlow) -> dict[str, Any]:
        """Write a new flow file; 422 with all findings if it has errors."""
        return await engine.project.automation.flows.create(data.text, data.scope)

    @get("/{flow_id:str}", operation_id="getFlow", sync_to_thread=False)
    def one(self, engine: Engine, flow_id: str) -> dict[str, Any]:
        """Text, revision, findings, outline; ``start_armed`` says who armed it for a start."""
        automation = engine.project.automation
        return {**automation.flows.get(flow_id), "start_armed": automation.start_of(flow_id)}

    @put("/{flow_id:str}", operation_id="saveFlow")
    async def save(self, engine: Engine, flow_id: str, data: FlowChange) -> dict[str, Any]:
        """Check, write, activate; 412 if it changed meanwhile, 422 if it has errors."""
        desk = engine.project.automation.desk
        return await desk.save(flow_id, data.text, data.revision, data.commit)

    @post("/{flow_id:str}/patch", operation_id="patchFlow", status_code=200)
    async def patch(self, engine: Engine, flow_id: str, data: FlowPatch) -> dict[str, Any]:
        """Structured edits: new text, diff and findings; 412 with both changes when stale."""
        edits = [_edit(edit) for edit in data.edits]
        return await engine.project.automation.desk.patch(
            flow_id, data.revision, edits, write=data.write, commit=data.commit
        )

    @post("/{flow_id:str}/merge", operation_id="mergeFlow", status_code=200)
    async def merge(self, engine: Engine, flow_id: str, data: FlowStart) -> dict[str, Any]:
        """A draft and the file as it is now put together, as in a 412; nothing is written."""
        return await engine.project.automation.desk.merge(flow_id, data.text, data.revision)

    @get("/{flow_id:str}/diff", operation_id="diffFlow")
    async def diff(
        self,
        engine: Engine,
        flow_id: str,
        against: Annotated[str, Parameter(max_length=64)] = "last",
    ) -> dict[str, Any]:
        """The file as it is against ``live``, ``last`` or a version of its history."""
        return await engine.project.automation.desk.diff(flow_id, against)

    @get("/{flow_id:str}/history", operation_id="flowHistory")
    async def history(self, engine: Engine, flow_id: str) -> dict[str, Any]:
        """Older versions, newest first: git commits and what was saved here."""
        return await engine.project.automation.desk.history(flow_id)

    @get("/{flow_id:str}/history/{version:str}", operation_id="flowVersion")
    async def version(self, engine: Engine, flow_id: str, version: str) -> dict[str, Any]:
        """One older version with its text; a PUT of it rolls back."""
        return await engine.project.automation.desk.version(flow_id, version)

    @post("/{flow_id:str}/arm-startup", operation_id="armFlowStart", status_code=200)
    async def arm_start(self, engine: Engine, flow_id: str, data: StartArming) -> dict[str, Any]:
        """Let this very text drive outputs by itself after a start; 412 when it is another one."""
        return await engine.project.automation.arm_start(flow_id, data.text, data.revision, BY)

    @delete("/{flow_id:str}/arm-startup", operation_id="disarmFlowStart", status_code=200)
    async def disarm_start(self, engine: Engine, flow_id: str) -> dict[str, Any]:
        """It may no longer do so."""
        return await engine.project.automation.disarm_start(flow_id, BY)

    @delete("/{flow_id:str}", operation_id="deleteFlow")
    async def remove(
        self, engine: Engine, flow_id: str, revision: Annotated[str, Parameter(max_length=64)]
    ) -> None:
        """Remove a flow file of the revision given."""
        await engine.project.automation.flows.delete(flow_id, revision)


def _edit(edit: FlowEdit) -> Edit:
    to = None if edit.to is None else tuple(edit.to)
    return Edit(edit.op, tuple(edit.path), edit.value, to, edit.name, edit.at)


class FlowToolsController(Controller):
    """Check and schema, for editors and CI."""

    path = "/api"
    tags = ("flows",)

    @post("/flow-check", operation_id="checkFlow", status_code=200)
    async def check(self, engine: Engine, data: FlowText_) -> dict[str, Any]:
        """All findings and, without errors, the outline."""
        return await engine.project.automation.flows.check(data.text, data.file)

    @post("/flow-edit", operation_id="editFlowText", status_code=200)
    async def edit(self, engine: Engine, data: FlowDraft) -> dict[str, Any]:
        """Structured edits of a draft, and a check of what comes of it; nothing is kept."""
        edits = [_edit(edit) for edit in data.edits]
        return await engine.project.automation.desk.draft(data.text, edits, data.file)

    @post("/flow-diff", operation_id="diffFlowTexts", status_code=200)
    async def compare(self, engine: Engine, data: FlowTexts) -> dict[str, Any]:
        """What differs between two texts, line by line and by what they mean."""
        return await engine.project.automation.desk.compare(data.before, data.after, data.file)

    @get("/flow-schema", operation_id="flowSchema", sync_to_thread=False)
    def schema(self, engine: Engine) -> dict[str, Any]:
        """JSON Schema of the format, made from the registered blocks."""
        return engine.project.automation.schema()


class RulesController(Controller):
    """Rules at work."""

    path = "/api/rules"
    tags = ("rules",)

    @get(operation_id="listRules", sync_to_thread=False)
    def list_rules(self, engine: Engine) -> dict[str, Any]:
        """All rules with their state and why they did (not) fire."""
        items = engine.project.automation.rules.list()
        return {"items": items, "total": len(items)}

    @post("/{flow_id:str}/{rule_id:str}/trigger", operation_id="triggerRule", status_code=200)
    async def trigger(self, engine: Engine, flow_id: str, rule_id: str) -> dict[str, Any]:
        """Fire a rule by hand."""
        return await engine.project.automation.rules.trigger(f"{flow_id}/{rule_id}", by=BY)

    @post("/{flow_id:str}/{rule_id:str}/enable", operation_id="enableRule", status_code=200)
    async def enable(self, engine: Engine, flow_id: str, rule_id: str) -> dict[str, Any]:
        """Switch a rule on until the file says otherwise."""
        return await engine.project.automation.switch_rule(
            f"{flow_id}/{rule_id}", enabled=True, by=BY
        )

    @post("/{flow_id:str}/{rule_id:str}/disable", operation_id="disableRule", status_code=200)
    async def disable(self, engine: Engine, flow_id: str, rule_id: str) -> dict[str, Any]:
        """Switch a rule off."""
        return await engine.project.automation.switch_rule(
            f"{flow_id}/{rule_id}", enabled=False, by=BY
        )

    @put(
        "/{flow_id:str}/{rule_id:str}/actions/{place:str}/enabled",
        operation_id="switchRuleAction",
    )
    async def switch_action(
        self, engine: Engine, flow_id: str, rule_id: str, place: ActionPlace, data: ActionSwitch
    ) -> dict[str, Any]:
        """Switch one action on or off; null: as the file says."""
        written = place.replace(".", "/")
        return await engine.project.automation.switch_action(
            f"{flow_id}/{rule_id}",
            f"then/{written}" if written.isdecimal() else written,
            enabled=data.enabled,
            by=BY,
        )

    @get("/{flow_id:str}/{rule_id:str}/traces", operation_id="ruleTraces")
    async def traces(
        self,
        engine: Engine,
        flow_id: str,
        rule_id: str,
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 50,
    ) -> dict[str, Any]:
        """Newest firings first."""
        items = await engine.project.automation.rules.traces(f"{flow_id}/{rule_id}", limit)
        return {"items": items, "total": len(items)}
