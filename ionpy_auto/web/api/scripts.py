"""``/api/scripts``: free code of a project, its check, its runs and their output."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import Parameter

from ionpy_auto.automation.scripts.manager import ScriptRequest
from ionpy_auto.automation.scripts.sandbox import STUBS
from ionpy_auto.automation.scripts.store import Script
from ionpy_auto.engine import Engine
from ionpy_auto.engine.scripting import ScriptTrusting
from ionpy_auto.simulation.jobs import simulations_of
from ionpy_auto.simulation.script import USUAL_HOURS, require_sandboxed
from ionpy_auto.simulation.simulate import MOST_HOURS
from ionpy_auto.web.api.flows import Message

ScriptText = Annotated[str, msgspec.Meta(max_length=300_000)]
Scalar = bool | int | float | str


class ScriptChange(msgspec.Struct, forbid_unknown_fields=True):
    """A text and the revision it started from; empty for a new script.

    Attributes:
        commit: Message of a git commit of this file; None: no commit.
    """

    text: ScriptText
    revision: str = ""
    commit: Message | None = None


class DraftStart(msgspec.Struct, forbid_unknown_fields=True):
    """A draft and the revision it started from."""

    text: ScriptText
    revision: str


class ScriptDraft(msgspec.Struct, forbid_unknown_fields=True):
    """A text to be checked."""

    text: ScriptText
    name: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] = "script"


class ScriptStart(msgspec.Struct, forbid_unknown_fields=True):
    """What the script gets, and what is to be safe when it has ended.

    Attributes:
        parameters: Become ``params``.
        safe: Devices to be driven to their safe state however the run ends.
        timeout_s: The run is ended after so long.
    """

    parameters: dict[str, Scalar] = {}
    safe: Annotated[list[str], msgspec.Meta(max_length=100)] = []
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] | None = None


class ScriptTrial(msgspec.Struct, forbid_unknown_fields=True):
    """How to try a script out.

    Attributes:
        text: In place of the saved one; None: as saved.
        parameters: Become ``params``.
        hours: Most virtual hours.
    """

    text: ScriptText | None = None
    parameters: dict[str, Scalar] = {}
    hours: Annotated[float, msgspec.Meta(gt=0, le=MOST_HOURS)] = USUAL_HOURS


class Read(msgspec.Struct, forbid_unknown_fields=True):
    """The hash of what was read."""

    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class ScriptsController(Controller):
    """Scripts of the open project."""

    path = "/api/scripts"
    tags = ("scripts",)

    @get(operation_id="listScripts")
    async def list_scripts(self, engine: Engine) -> dict[str, Any]:
        """All scripts."""
        items = await engine.project.automation.scripts.store.entries()
        return {"items": items, "total": len(items)}

    @get("/runs", operation_id="listScriptRuns")
    async def list_runs(
        self,
        engine: Engine,
        limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
        script: Annotated[str, Parameter(max_length=64)] = "",
    ) -> dict[str, Any]:
        """The newest runs first; the last 200 are kept."""
        items, total = await engine.project.automation.scripts.list(limit, script)
        return {"items": items, "total": total}

    @get("/runs/{run_id:str}", operation_id="getScriptRun")
    async def one_run(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """One run with the last lines of its output."""
        return await engine.project.automation.scripts.describe(run_id)

    @delete("/runs/{run_id:str}", operation_id="stopScriptRun", status_code=200)
    async def stop_run(self, engine: Engine, run_id: str) -> dict[str, Any]:
        """Stop a run, whatever it is doing; answers once it is over."""
        return await engine.project.automation.scripts.stop_run(run_id, "rest")

    @get("/{name:str}", operation_id="getScript")
    async def one(self, engine: Engine, name: str) -> dict[str, Any]:
        """Text, revision and findings."""
        return await engine.project.automation.script_desk.get(name)

    @put("/{name:str}", operation_id="saveScript")
    async def save(self, engine: Engine, name: str, data: ScriptChange) -> dict[str, Any]:
        """Check, write and keep the version; 412 with both changes if it changed meanwhile."""
        desk = engine.project.automation.script_desk
        saved = await desk.save(name, data.text, data.revision, data.commit)
        engine.audit.event("script_saved", "rest", {"script": name, "revision": saved["revision"]})
        return saved

    @delete("/{name:str}", operation_id="deleteScript")
    async def remove(
        self, engine: Engine, name: str, revision: Annotated[str, Parameter(max_length=64)]
    ) -> None:
        """Remove the file of the revision given; a run of it goes on, its versions stay."""
        await engine.project.automation.script_desk.delete(name, revision)
        engine.audit.event("script_deleted", "rest", {"script": name})

    @get("/{name:str}/history", operation_id="scriptHistory")
    async def history(self, engine: Engine, name: str) -> dict[str, Any]:
        """Older versions, newest first: commits, and what was saved here."""
        return await engine.project.automation.script_desk.history(name)

    @get("/{name:str}/history/{version:str}", operation_id="scriptVersion")
    async def version(self, engine: Engine, name: str, version: str) -> dict[str, Any]:
        """One older version with its text, and what has changed since."""
        return await engine.project.automation.script_desk.version(name, version)

    @post("/{name:str}/merge", operation_id="mergeScript", status_code=200)
    async def merge(self, engine: Engine, name: str, data: DraftStart) -> dict[str, Any]:
        """A draft and the file as it is now put together, as in a 412; nothing is written."""
        return await engine.project.automation.script_desk.merge(name, data.text, data.revision)

    @get("/{name:str}/trust", operation_id="scriptTrust")
    async def look(self, engine: Engine, name: str) -> dict[str, Any]:
        """Of a native script: its hash, whether it is trusted, what changed since."""
        return await ScriptTrusting(engine.project).look(name)

    @post("/{name:str}/trust", operation_id="trustScript", status_code=200)
    async def trust(self, engine: Engine, name: str, data: Read) -> dict[str, Any]:
        """Trust what was read; 409 when it changed meanwhile."""
        return await ScriptTrusting(engine.project).trust(name, data.hash, "rest")

    @delete("/{name:str}/trust", operation_id="distrustScript", status_code=200)
    async def distrust(self, engine: Engine, name: str) -> dict[str, Any]:
        """Trust it no more; runs of it are stopped."""
        return await ScriptTrusting(engine.project).distrust(name, "rest")

    @post("/{name:str}/run", operation_id="runScript", status_code=202)
    async def run(
        self, engine: Engine, name: str, data: ScriptStart | None = None
    ) -> Response[dict[str, Any]]:
        """Check everything, then start."""
        wish = data or ScriptStart()
        request = ScriptRequest(
            script=name,
            parameters=wish.parameters,
            safe=tuple(wish.safe),
            timeout_s=wish.timeout_s,
            actor="rest",
        )
        run = (await engine.project.automation.scripts.start(request)).as_dict()
        headers = {"location": f"/api/scripts/runs/{run['id']}"}
        return Response(run, status_code=202, headers=headers)

    @post("/{name:str}/simulate", operation_id="simulateScript", status_code=202)
    async def simulate(
        self, engine: Engine, name: str, data: ScriptTrial | None = None
    ) -> Response[dict[str, Any]]:
        """Try it out on virtual devices; nothing is switched. Followed as simulations are."""
        wish = data or ScriptTrial()
        store = engine.project.automation.scripts.store
        store.path_of(name)  # refuses what is no name
        script = await store.read(name) if wish.text is None else Script(name, wish.text)
        require_sandboxed(script.text)
        await store.require_good(script)
        job = {
            "folder": str(engine.project.project.folder),
            "home": str(engine.home.root),
            "script": name,
            "text": script.text,
            "parameters": wish.parameters,
            "hours": wish.hours,
        }
        about = {"script": name, "draft": wish.text is not None, "hours": wish.hours}
        made = simulations_of(engine).start("script", job, about)
        location = f"/api/simulations/{made['id']}"
        return Response(made, status_code=202, headers={"location": location})


class ScriptToolsController(Controller):
    """Check and stubs, for editors."""

    path = "/api"
    tags = ("scripts",)

    @post("/script-check", operation_id="checkScript", status_code=200)
    async def check(self, engine: Engine, data: ScriptDraft) -> dict[str, Any]:
        """All findings, with line and column; nothing is kept or run."""
        return await engine.project.automation.scripts.store.check(data.text, data.name)

    @get("/script-api", operation_id="scriptApi", sync_to_thread=False)
    def stubs(self) -> dict[str, str]:
        """What a script may call, as typed Python stubs."""
        return {"stubs": STUBS}
