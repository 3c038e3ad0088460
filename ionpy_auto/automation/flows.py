"""The flow files of a project and of the server: the file on disk is the deployed version.

Search order: the project's ``flows/``, ``rules/`` of home, ``rules/`` of what is shipped. A bad
file never stops the others: its last good version stays live and its findings are shown.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import structlog
import watchfiles

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_reader import FLOW_ID, read_flow
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.core.errors import (
    ConfigInvalid,
    Conflict,
    Finding,
    Forbidden,
    IonpyError,
    NotFound,
    Rejected,
    Severity,
    StaleRevision,
    StorageError,
)
from ionpy_auto.core.files import inside, revision_of, sync_folder, write_atomic
from ionpy_auto.core.tasks import Tasks
from ionpy_auto.language import logic_hash, without_layout

log = structlog.get_logger(__name__)

T = TypeVar("T")
Scope = Literal["project", "server"]
Checker = Callable[[Flow, Site], Iterable[Finding]]
Judge = Callable[[Flow, list[Finding]], list[Finding]]
Typed = tuple[Flow | None, list[Finding]]
"""A text as a flow (None when it cannot be read) and all findings."""

SUFFIX = ".yaml"
MAX_BYTES = 2**20
RECHECK_S = 0.3
DEBOUNCE_MS = 200
_ID_LINE = re.compile(r"^id:[ \t]*['\"]?([A-Za-z0-9_-]+)", re.MULTILINE)
_CALL = re.compile(r"\bcall:")
_DEVICE_EVENTS = ("event/device_added", "event/device_removed", "event/device_updated")


@dataclass(frozen=True, slots=True)
class Layer:
    """One folder of flow files.

    Attributes:
        scope: Whose flows they are.
        folder: Where they are.
        writable: False for what is shipped.
    """

    scope: Scope
    folder: Path
    writable: bool = True


@dataclass(slots=True)
class FlowFile:
    """One file as it is, and the last version of it that was good.

    Attributes:
        id: As written, or the file's name when none can be read.
        flow: The version that is live; None if there never was a good one.
        findings: Of the text as it is.
    """

    id: str
    layer: Layer
    path: Path
    text: str = ""
    flow: Flow | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def revision(self) -> str:
        """Of the text as it is."""
        return revision_of(self.text)

    @property
    def is_ok(self) -> bool:
        """Whether the text as it is may be live."""
        return not has_errors(self.findings)


def _same(one: Flow, other: Flow) -> bool:
    """Whether two readings are of the same texts."""
    revisions = [[flow.revision for _, flow in whole.calls()] for whole in (one, other)]
    return one.text == other.text and revisions[0] == revisions[1]


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them refuses the text."""
    return any(finding.severity is Severity.ERROR for finding in findings)


@dataclass
class FlowStore:
    """All flow files of the open project and of the server.

    Args:
        layers: In search order.
        site: What flows can refer to; asked anew whenever devices change.
        bus: Hears ``flow_changed {id, revision, ok}``.
        clock: Held while files are read and written.
        checkers: Further checks, each ``(flow, site) -> findings``; asked in a thread as well.
        is_running: Whether a run of a flow is active, for the list.
        judge: Has the last word on the findings of a flow.
        remarks: What else can be said of a flow, asked whenever somebody looks.
    """

    layers: Sequence[Layer]
    site: Site
    bus: Bus
    clock: Clock
    checkers: Sequence[Checker] = ()
    is_running: Callable[[str], bool] = lambda _: False
    judge: Judge = lambda _, findings: findings
    remarks: Callable[[Flow], list[Finding]] = lambda _: []
    _files: dict[Path, FlowFile] = field(default_factory=dict)
    _listeners: list[Callable[[str, Flow | None], None]] = field(default_factory=list)
    _told: dict[str, tuple[str, bool, Flow | None]] = field(default_factory=dict)
    _leave: list[Callable[[], None]] = field(default_factory=list)
    _timer: Timer | None = None
    _live: tuple[Flow, ...] | None = None  # None: to be found again

    def __post_init__(self) -> None:
        self._tasks = Tasks("flows", self.clock)
        self._lock = asyncio.Lock()

    # -- life -------------------------------------------------------------------------------

    async def start(self, *, watch: bool = True) -> None:
        """Read all files, follow changes of files and devices."""
        await self._reload([(path, layer) for layer in self.layers for path in _files_in(layer)])
        self._leave = [self.bus.tap(_DEVICE_EVENTS, self._devices_changed)]
        if watch:
            self._tasks.keep("watch", self._watch)

    async def stop(self) -> None:
        """Follow no more."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.stop()

    async def _watch(self) -> None:
        for layer in self.layers:
            if layer.writable:
                layer.folder.mkdir(parents=True, exist_ok=True)
        folders = [layer.folder for layer in self.layers if layer.folder.is_dir()]
        changes = watchfiles.awatch(
            *folders, watch_filter=_is_flow_change, debounce=DEBOUNCE_MS, recursive=False
        )
        async for changed in changes:
            paths = {Path(name) for _, name in changed}
            await self._look_at(paths)

    async def _look_at(self, paths: Iterable[Path]) -> None:
        """Read changed files again."""
        async with self._lock:
            found = [(path, layer) for path in paths if (layer := self._layer_of(path))]
            await self._reload(found)

    def _layer_of(self, path: Path) -> Layer | None:
        parent = path.parent.resolve()
        return next((la for la in self.layers if la.folder.resolve() == parent), None)

    def _devices_changed(self, event: Event) -> None:
        del event
        if self._timer is None:  # many devices at once are one look
            self._timer = self.clock.call_at(self.clock.monotonic() + RECHECK_S, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._tasks.start("recheck", self.recheck())

    async def recheck(self) -> None:
        """Check all texts again: devices, channels or cells have changed, or a flow was armed."""
        async with self._lock:
            for path, file in [*self._files.items()]:
                typed = await self._typed_aside(file.text, path.name)
                self._check(file, typed)
            self._settle()

    # -- reading ----------------------------------------------------------------------------

    async def _reload(self, found: Sequence[tuple[Path, Layer]]) -> None:
        texts = await self._aside(lambda: [_read(path) for path, _ in found])
        read = [
            await self._typed_aside(text, path.name) if isinstance(text, str) else None
            for (path, _), text in zip(found, texts, strict=True)
        ]
        for (path, layer), text, typed in zip(found, texts, read, strict=True):
            self._take(path, layer, text, typed)
        self._settle()

    async def _aside(self, work: Callable[[], T]) -> T:
        """Work in a thread: reading a long flow takes longer than a run under way may wait."""
        with self.clock.hold():
            return await asyncio.to_thread(work)

    async def _typed_aside(self, text: str, name: str) -> Typed:
        """`_typed` in a thread; if what it asked for went away meanwhile, once more here."""
        try:
            return await self._aside(lambda: self._typed(text, name))
        except (IonpyError, LookupError, RuntimeError):
            return self._typed(text, name)

    def _check_callers(self) -> None:
        """Flows that call others are read again with what those are now."""
        for file in self._files.values():
            if _CALL.search(file.text):
                before = file.flow
                self._check(file)
                if before is not None and file.flow is not None and _same(before, file.flow):
                    file.flow = before

    def called(self, flow_id: str) -> tuple[str, str] | None:
        """Text and file of a flow that another one calls: as it stands in its file.

        Raises:
            NotFound: No file has this id.
        """
        file = self._existing(flow_id)
        return file.text, file.path.name

    def _take(
        self, path: Path, layer: Layer, text: str | Finding | None, typed: Typed | None = None
    ) -> None:
        self._live = None
        if text is None:
            self._files.pop(path, None)
            return
        file = self._files.get(path)
        if isinstance(text, Finding):
            file = file or FlowFile(path.stem, layer, path)
            file.findings = (text,)
        else:
            file = file or FlowFile("", layer, path)
            before = file.flow
            file.text = text
            self._check(file, typed)
            self._keep_quiet(file, before)
        self._files[path] = file

    def _keep_quiet(self, file: FlowFile, before: Flow | None) -> None:
        """A box that was moved starts no rule anew: listeners keep what they have."""
        flow, told = file.flow, self._told.get(file.id)
        if flow is None or before is None or told is None or told[2] is not before:
            return
        if flow.text == before.text:
            return
        if without_layout(flow.text) == without_layout(before.text):
            self._told[file.id] = (told[0], told[1], flow)

    def _check(self, file: FlowFile, typed: Typed | None = None) -> None:
        flow, findings = typed or self._typed(file.text, file.path.name)
        self._live = None
        found = _ID_LINE.search(file.text)
        file.id = flow.id if flow is not None else found[1] if found else file.path.stem
        if flow is not None and not has_errors(findings):
            file.flow = flow
        elif file.flow is not None and file.flow.id != file.id:
            file.flow = None  # the file speaks of another flow now
        file.findings = tuple(findings)

    def _typed(self, text: str, name: str) -> Typed:
        flow, findings = read_flow(text, name, self.site, texts=self.called)
        if flow is not None:
            for checker in (check_rules, *self.checkers):
                findings += checker(flow, self.site)
            findings = self.judge(flow, findings)
        return flow, findings

    def typed(self, text: str, name: str = "") -> Typed:
        """A text as a flow, with all findings; nothing is kept."""
        return self._typed(text, name)

    def _settle(self) -> None:
        """Tell what is different now: of the list, and of what is live."""
        self._check_callers()
        self._find_twins()
        live = {flow.id: flow for flow in self.live()}
        for flow_id in {*self._told, *(file.id for file in self._files.values())}:
            file = self._top(flow_id)
            flow = live.get(flow_id)
            before = self._told.get(flow_id)
            now = (file.revision, file.is_ok, flow) if file is not None else None
            if now == before:
                continue
            if now is None:
                del self._told[flow_id]
            else:
                self._told[flow_id] = now
            if flow is not (before[2] if before else None):
                self._tell_listeners(flow_id, flow)
            self._tell_bus(flow_id, file)

    def _find_twins(self) -> None:
        """The same id twice in one layer: the second file is refused."""
        self._live = None
        seen: dict[tuple[Path, str], FlowFile] = {}
        for path in sorted(self._files):
            file = self._files[path]
            file.findings = tuple(f for f in file.findings if f.code != "duplicate-flow")
            first = seen.setdefault((file.layer.folder, file.id), file)
            if first is not file:
                twin = Finding(
                    code="duplicate-flow",
                    message=f"flow {file.id!r} stands in {first.path.name} already",
                    hint="give one of the two another id",
                    file=file.path.name,
                    line=1,
                    args={"id": file.id, "other": first.path.name},
                )
                file.findings = (*file.findings, twin)

    def _tell_listeners(self, flow_id: str, flow: Flow | None) -> None:
        for tell in tuple(self._listeners):
            try:
                tell(flow_id, flow)
            except Exception:
                log.exception("a flow could not be activated", flow=flow_id)

    def _tell_bus(self, flow_id: str, file: FlowFile | None) -> None:
        payload = {
            "id": flow_id,
            "revision": file.revision if file is not None else None,
            "ok": file.is_ok if file is not None else True,
            "deleted": file is None,
        }
        clock = self.clock
        self.bus.publish(Event("flow_changed", payload, clock.now(), clock.monotonic()))

    def on_change(self, tell: Callable[[str, Flow | None], None]) -> Callable[[], None]:
        """Be told of every flow whose live version changes; returns the way to leave."""
        self._listeners.append(tell)
        return lambda: self._listeners.remove(tell)

    # -- answers ----------------------------------------------------------------------------

    def _with_id(self, flow_id: str) -> list[FlowFile]:
        """Files of a flow in search order, refused twins last."""
        # a copy first: a text that is read in a thread asks for the flows it calls
        return self._in_order(f for f in tuple(self._files.values()) if f.id == flow_id)

    def _in_order(self, files: Iterable[FlowFile]) -> list[FlowFile]:
        order = {layer.folder: number for number, layer in enumerate(self.layers)}
        return sorted(files, key=lambda f: (order[f.layer.folder], f.path))

    def _top(self, flow_id: str) -> FlowFile | None:
        return next(iter(self._with_id(flow_id)), None)

    def _existing(self, flow_id: str) -> FlowFile:
        file = self._top(flow_id)
        if file is None:
            msg = f"there is no flow {flow_id!r}"
            raise NotFound(msg, hint="GET /api/flows lists them")
        return file

    def path_of(self, flow_id: str) -> Path:
        """The file of a flow.

        Raises:
            NotFound: No file has this id.
        """
        return self._existing(flow_id).path

    def target_of(self, flow_id: str) -> Path:
        """The file a save of this flow writes: its own, or one of home in place of a shipped one.

        Raises:
            NotFound: No file has this id.
        """
        return self._place_of(self._existing(flow_id))[0]

    def text_of(self, flow_id: str) -> str:
        """The text of a flow as it stands in its file.

        Raises:
            NotFound: No file has this id.
        """
        return self._existing(flow_id).text

    def flow(self, flow_id: str) -> Flow | None:
        """The live version of a flow."""
        return _live_of(self._with_id(flow_id))

    def live(self) -> Sequence[Flow]:
        """The live versions of all flows, by id; the same ones until a file changes."""
        if self._live is None:
            groups: dict[str, list[FlowFile]] = {}
            for file in self._in_order(self._files.values()):
                groups.setdefault(file.id, []).append(file)
            flows = (_live_of(groups[flow_id]) for flow_id in sorted(groups))
            self._live = tuple(flow for flow in flows if flow is not None)
        return self._live

    def list(self) -> list[dict[str, Any]]:
        """One entry per file that is not shadowed, and the twins."""
        entries = []
        for file in sorted(self._files.values(), key=lambda f: (f.id, str(f.path))):
            top = self._top(file.id)
            if top is not None and (file is top or file.layer == top.layer):
                entries.append(self._entry(file))
        return entries

    def _entry(self, file: FlowFile) -> dict[str, Any]:
        flow = file.flow
        kinds = {
            "sequence": bool(flow and flow.sequence),
            "rules": bool(flow and flow.rules),
            "limits": bool(flow and flow.limits),
        }
        others = self._with_id(file.id)
        return {
            "id": file.id,
            "title": flow.title if flow else file.id,
            "scope": file.layer.scope,
            "file": file.path.name,
            "shipped": not file.layer.writable,
            "shadows": [str(o.path) for o in others if o.layer != file.layer],
            "revision": file.revision,
            "kinds": [kind for kind, has in kinds.items() if has],
            "ok": file.is_ok,
            "findings": [finding.as_dict() for finding in self._all_findings(file)],
            "running": self.is_running(file.id),
            "rules": len(flow.rules) if flow else 0,
            "steps": sum(1 for _ in flow.steps()) if flow else 0,
        }

    def _all_findings(self, file: FlowFile) -> Sequence[Finding]:
        more = self.remarks(file.flow) if file.flow is not None and file.is_ok else []
        return [*file.findings, *more]

    def get(self, flow_id: str) -> dict[str, Any]:
        """Text, revision, logic, findings and outline of a flow.

        Raises:
            NotFound: No file has this id.
        """
        file = self._existing(flow_id)
        live = self.flow(flow_id)
        return {
            **self._entry(file),
            "text": file.text,
            "logic": logic_of(file.text),
            "deployed_revision": live.revision if live else None,
            "outline": live.outline() if live else None,
        }

    async def check(self, text: str, file: str = "") -> dict[str, Any]:
        """All findings of a text and, without errors, its outline; nothing is kept."""
        flow, findings = await self._typed_aside(text, file)
        is_ok = flow is not None and not has_errors(findings)
        if flow is not None and is_ok:
            findings = [*findings, *self.remarks(flow)]
        return {
            "ok": is_ok,
            "findings": [finding.as_dict() for finding in findings],
            "outline": flow.outline() if flow is not None and is_ok else None,
        }

    def revisions(self) -> Mapping[str, str]:
        """Flow id → revision of the live version."""
        return {flow.id: flow.revision for flow in self.live()}

    # -- writing ----------------------------------------------------------------------------

    async def save(self, flow_id: str, text: str, revision: str) -> dict[str, Any]:
        """Check, write and activate a new text of a flow.

        A shipped flow is not changed: its new text becomes a file of home that shadows it.

        Raises:
            NotFound: No such flow.
            StaleRevision: The file is not what the caller started from; ``arguments`` hold
                ``current_revision`` and ``current_text``.
            Rejected: The text has errors; nothing was written.
            StorageError: The disk refused; the old text is unchanged.
        """
        async with self._lock:
            file = self._existing(flow_id)
            typed = await self._good(text, file.path.name, flow_id)
            path, layer = self._place_of(file)
            source = file.path

            def work() -> None:
                _require_revision(source, revision)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text)

            await self._on_disk(work)
            self._take(path, layer, text, typed)
            self._settle()
        return self.get(flow_id)

    def _place_of(self, file: FlowFile) -> tuple[Path, Layer]:
        if file.layer.writable:
            return file.path, file.layer
        layer = self._writable(file.layer.scope)
        return layer.folder / file.path.name, layer

    def _writable(self, scope: Scope) -> Layer:
        for layer in self.layers:
            if layer.scope == scope and layer.writable:
                return layer
        msg = f"there is no folder for flows of the {scope}"
        raise Forbidden(msg, hint="open a project first")

    async def _good(self, text: str, name: str, flow_id: str) -> Typed:
        """A text without errors, typed."""
        flow, findings = await self._typed_aside(text, name)
        if flow is not None and flow.id != flow_id:
            message = f"the id changed from {flow_id!r} to {flow.id!r}"
            hint = "create a new flow, then delete the old one"
            args: dict[str, Any] = {"id": flow_id, "given": flow.id}
            changed = Finding(code="id-changed", message=message, hint=hint, file=name, args=args)
            findings.append(changed)
        if flow is None or has_errors(findings):
            errors = [f for f in findings if f.severity is Severity.ERROR]
            msg = str(errors[0]) if errors else "the flow cannot be read"
            raise Rejected(
                msg,
                code="FLOW_INVALID",
                hint=errors[0].hint if errors else "",
                findings=findings,
            )
        return flow, findings

    async def create(self, text: str, scope: Scope = "project") -> dict[str, Any]:
        """Write a new flow file; its name is the id in the text.

        Raises:
            Rejected: The text has errors; nothing was written.
            Conflict: The layer has a flow of this id, or a file of this name.
        """
        async with self._lock:
            layer = self._writable(scope)
            found = _ID_LINE.search(text)
            flow_id = found[1] if found and FLOW_ID.fullmatch(found[1]) else ""
            typed = await self._good(text, f"{flow_id or 'new'}{SUFFIX}", flow_id)
            path = inside(layer.folder, f"{flow_id}{SUFFIX}")
            twin = next((f for f in self._with_id(flow_id) if f.layer == layer), None)
            if twin is not None or path.exists():
                name = (twin.path if twin is not None else path).name
                msg = f"flow {flow_id!r} exists in {name}"
                raise Conflict(msg, code="FLOW_EXISTS", hint="choose another id")

            def work() -> None:
                layer.folder.mkdir(parents=True, exist_ok=True)
                write_atomic(path, text)

            await self._on_disk(work)
            self._take(path, layer, text, typed)
            self._settle()
        return self.get(flow_id)

    async def delete(self, flow_id: str, revision: str) -> None:
        """Remove a flow file of this revision; what it shadowed is live again.

        Raises:
            NotFound: No such flow.
            Forbidden: It is shipped.
            StaleRevision: The file changed meanwhile.
        """
        async with self._lock:
            file = self._existing(flow_id)
            if not file.layer.writable:
                msg = f"flow {flow_id!r} is shipped with the program"
                raise Forbidden(msg, hint="save a version of your own with its rules disabled")

            def work() -> None:
                _require_revision(file.path, revision)
                file.path.unlink()
                sync_folder(file.path.parent)

            await self._on_disk(work)
            self._take(file.path, file.layer, None)
            self._settle()

    async def _on_disk(self, work: Callable[[], None]) -> None:
        try:
            await self._aside(work)
        except OSError as error:
            msg = f"the flow file was not changed: {error.strerror or error}"
            raise StorageError(msg, hint="check disk space and permissions") from error


def layers_of(project: Path | None, home_rules: Path, shipped_rules: Path) -> list[Layer]:
    """The usual search order: ``flows/`` of the project, ``rules/`` of home, what is shipped."""
    layers = [Layer("server", home_rules)]
    if shipped_rules.resolve() != home_rules.resolve():
        layers.append(Layer("server", shipped_rules, writable=False))
    return [Layer("project", project / "flows"), *layers] if project is not None else layers


def _live_of(files: Iterable[FlowFile]) -> Flow | None:
    """The first good version; a refused twin has none."""
    for file in files:
        is_twin = any(finding.code == "duplicate-flow" for finding in file.findings)
        if file.flow is not None and not is_twin:
            return file.flow
    return None


def _files_in(layer: Layer) -> list[Path]:
    return sorted(layer.folder.glob(f"*{SUFFIX}")) if layer.folder.is_dir() else []


def _is_flow_change(change: watchfiles.Change, path: str) -> bool:
    del change
    return path.endswith(SUFFIX) and not Path(path).name.startswith(".")


def _read(path: Path) -> str | Finding | None:
    """The text, None when the file is gone, or why it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return _unreadable(path, f"larger than {MAX_BYTES} bytes")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return _unreadable(path, "not UTF-8")
    except OSError as error:
        return _unreadable(path, error.strerror or str(error))


def _unreadable(path: Path, why: str) -> Finding:
    return Finding(
        code="unreadable",
        message=f"{path.name} cannot be read: {why}",
        hint="the last good version stays in use",
        file=path.name,
    )


def _require_revision(path: Path, revision: str) -> None:
    text = _read(path)
    current = text if isinstance(text, str) else ""
    if revision_of(current) != revision:
        msg = f"{path.name} changed since it was read"
        raise StaleRevision(
            msg,
            hint="look at the difference and decide",
            args={"current_revision": revision_of(current), "current_text": current},
        )


@lru_cache(maxsize=64)
def logic_of(text: str) -> str | None:
    """Hash of what a text means; None when it cannot be read."""
    try:
        return logic_hash(text)
    except ConfigInvalid:
        return None
