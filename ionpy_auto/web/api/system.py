"""``/api/system``, ``/api/health``, ``/api/admin``, ``/api/audit``: operations."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Response, get, post

from ionpy_auto import __version__
from ionpy_auto.engine import Engine
from ionpy_auto.web.fields import OptionalRowId, Page

Reason = Annotated[str, msgspec.Meta(max_length=500)]
PERSON = "rest"


class Panic(msgspec.Struct, forbid_unknown_fields=True):
    """Why (may be empty), and whether the links are closed in five seconds, at once, or never."""

    reason: Reason = ""
    links: Literal["countdown", "close", "keep"] = "countdown"


class LinksWish(msgspec.Struct, forbid_unknown_fields=True):
    """Whether the links stay open after all off."""

    action: Literal["close", "keep"]


class Rearm(msgspec.Struct, forbid_unknown_fields=True):
    """Why it is safe again."""

    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class ModeWish(msgspec.Struct, forbid_unknown_fields=True):
    """What the project may do to hardware."""

    mode: Literal["shadow", "armed"]


class SystemController(Controller):
    """How the server is."""

    path = "/api"
    tags = ("operations",)

    @get("/health", operation_id="health", sync_to_thread=False)
    def health(self, engine: Engine) -> Response[dict[str, Any]]:
        """Live and ready; 503 while starting or stopping."""
        body = {"live": True, "ready": engine.ready, "version": __version__}
        return Response(body, status_code=200 if engine.ready else 503)

    @get("/system/status", operation_id="systemStatus", sync_to_thread=False)
    def status(self, engine: Engine) -> dict[str, Any]:
        """Queues, drops, database, devices, origins of framed pages."""
        return {**engine.status(), "frame_origins": list(engine.settings.frame_origins)}

    @get("/audit", operation_id="listAudit")
    async def audit(
        self,
        engine: Engine,
        limit: Page = 100,
        before: OptionalRowId = None,
    ) -> dict[str, Any]:
        """Newest first; ``before`` is the id to go on from."""
        items = await engine.audit.listing(limit, before)
        return {"items": items, "total": len(items)}

    @get("/audit/verify", operation_id="verifyAudit")
    async def verify(self, engine: Engine) -> dict[str, Any]:
        """Whether the hash chain of the audit is whole."""
        broken = await engine.audit.verify()
        return {"ok": broken is None, "first_broken": broken}


class AdminController(Controller):
    """All off, re-arm, mode."""

    path = "/api/admin"
    tags = ("operations",)

    @post("/panic", operation_id="panic", status_code=200)
    async def panic(self, engine: Engine, data: Panic | None = None) -> dict[str, Any]:
        """All outputs off at once, latched until `rearm`; then the links are closed."""
        wish = data or Panic()
        await engine.panic(PERSON, wish.reason)
        if wish.links == "countdown":
            engine.links.count_down()
        elif wish.links == "close":
            engine.links.close_now(PERSON)
        return engine.latch_state()

    @post("/panic/links", operation_id="panicLinks", status_code=200, sync_to_thread=False)
    def links(self, engine: Engine, data: LinksWish) -> dict[str, Any]:
        """Keep the links open, or close them without waiting; 409 when nothing is latched."""
        if data.action == "keep":
            engine.links.keep(PERSON)
        else:
            engine.links.close_now(PERSON)
        return engine.latch_state()

    @post("/rearm", operation_id="rearm", status_code=200)
    async def rearm(self, engine: Engine, data: Rearm) -> dict[str, Any]:
        """Release the panic latch; nothing is switched on by it."""
        await engine.rearm(PERSON, data.reason)
        return engine.latch_state()

    @post("/mode", operation_id="setMode", status_code=200, sync_to_thread=False)
    def mode(self, engine: Engine, data: ModeWish) -> dict[str, str]:
        """Shadow (reads only) or armed; a simulated project stays what it is (409)."""
        return engine.project.set_mode(data.mode, PERSON)
