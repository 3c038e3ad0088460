"""What an editor of flows asks for: patches, differences, older versions, merges and commits.

The store writes files; the desk prepares what is written and remembers what was there before. A
caller whose text is out of date gets both changes and, where they do not clash, the merge.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import unified_diff
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from ionpy_auto.automation.flows import FlowStore, Scope, logic_of
from ionpy_auto.automation.git import GitFile
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.errors import (
    Conflict,
    NotFound,
    Rejected,
    StaleRevision,
)
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import (
    Edit,
    apply_edits,
    changes,
    merge,
    plain,
    read_with_findings,
)

T = TypeVar("T")

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 200
MAX_REMEMBERED_BYTES = 16 * 2**20
MAX_DIFF_LINES = 20_000


@dataclass
class FlowDesk:
    """See the module's first lines.

    Args:
        flows: The files.
        bus: Tells of changes, so that no text is forgotten that a caller may have started from.
        folders: Where versions are kept, by the scope of a flow.
    """

    flows: FlowStore
    bus: Bus
    folders: Mapping[Scope, Path]
    _texts: "OrderedDict[tuple[str, str], str]" = field(default_factory=OrderedDict)
    _leave: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        self._lock = asyncio.Lock()

    def start(self) -> None:
        """Begin to remember texts; call it before the store reads its files."""
        self._leave = self.bus.tap("event/flow_changed", self._changed)

    def stop(self) -> None:
        """Remember no more."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    def _changed(self, event: Event) -> None:
        payload = event.payload
        if payload.get("deleted"):
            return
        flow_id, text = payload["id"], self.flows.text_of(payload["id"])
        key = (flow_id, revision_of(text))
        self._texts[key] = text
        self._texts.move_to_end(key)
        size = sum(len(kept) for kept in self._texts.values())
        while len(self._texts) > MAX_REMEMBERED or size > MAX_REMEMBERED_BYTES:
            size -= len(self._texts.popitem(last=False)[1])

    # -- writing ----------------------------------------------------------------------------

    async def save(
        self, flow_id: str, text: str, revision: str, commit: str | None = None
    ) -> dict[str, Any]:
        """Check, write and activate a text; keep the version, commit it when asked to.

        Args:
            flow_id: Whose text.
            text: The new one.
            revision: Of the text the caller started from.
            commit: Message of a git commit of this one file.

        Returns:
            The flow as it is now, and ``commit {id, error}`` when one was asked for.

        Raises:
            StaleRevision: ``arguments`` hold base, mine, theirs, merged, conflicts and
                stretches.
            Conflict: A commit was asked for and cannot be made; nothing was written.
        """
        async with self._lock:
            before = self.flows.get(flow_id)["text"]
            if commit is not None:
                await self._in_thread(lambda: self._git(flow_id).require_committable())
            try:
                saved = await self.flows.save(flow_id, text, revision)
            except StaleRevision as error:
                raise await self._three_ways(flow_id, revision, text, error) from error
            await self._keep(flow_id, saved["scope"], (before, text))
            if commit is not None:
                saved["commit"] = await self._commit(flow_id, text, commit)
        return saved

    async def _keep(self, flow_id: str, scope: Scope, texts: Sequence[str]) -> None:
        """Keep versions; a full disk loses the look back, never the save."""
        versions = self._versions(flow_id, scope)

        def work() -> None:
            for text in texts:
                versions.keep(text)

        try:
            await self._in_thread(work)
        except Exception as error:  # noqa: BLE001 - the text itself is safe on the disk
            log.warning("a version could not be kept", flow=flow_id, error=str(error))

    async def _commit(self, flow_id: str, text: str, message: str) -> dict[str, Any]:
        """The text is written already; what git says is told, not raised."""
        try:
            made = await self._in_thread(lambda: self._git(flow_id).commit(text, message))
        except Conflict as error:
            return {"id": None, "error": f"{error.message}: {error.hint}"}
        return {"id": made, "error": "" if made else "the last commit has this text already"}

    async def patch(
        self,
        flow_id: str,
        revision: str,
        edits: Sequence[Edit],
        *,
        write: bool = False,
        commit: str | None = None,
    ) -> dict[str, Any]:
        """Make structured edits on a text; show what comes of it, or write it.

        Returns:
            ``{text, revision, base_revision, diff, changes, ok, findings, logic_changed,
            written}`` and,
            when written, the flow as it is now under ``flow``.

        Raises:
            Rejected: An edit cannot be made (``EDIT_REFUSED``), or the text to be written has
                errors (``FLOW_INVALID``); nothing was written.
            StaleRevision: As in `save`; mine is the patched text of the revision given.
        """
        current = self.flows.get(flow_id)
        if current["revision"] != revision:
            start = await self._text_of(flow_id, revision)
            mine = None
            if start is not None:
                mine = await self._in_thread(partial(apply_edits, start, edits))
            raise await self._three_ways(flow_id, revision, mine, None)
        base = current["text"]
        text = await self._in_thread(lambda: apply_edits(base, edits))
        checked = self.flows.check(text, current["file"])
        answer: dict[str, Any] = {
            "text": text,
            "revision": revision_of(text),
            "base_revision": revision,
            "diff": await self._in_thread(lambda: difference(base, text, current["file"])),
            "ok": checked["ok"],
            "findings": checked["findings"],
            "changes": await self._in_thread(partial(changed_parts, base, text)),
            "logic_changed": logic_of(base) != logic_of(text),
            "written": False,
        }
        if write:
            answer["flow"] = await self.save(flow_id, text, revision, commit)
            answer["written"] = True
        return answer

    async def draft(self, text: str, edits: Sequence[Edit], file: str = "") -> dict[str, Any]:
        """Make structured edits on a text that is nowhere saved yet, and check what comes of it.

        Args:
            text: A draft of an editor.
            edits: In order; none only checks.
            file: Name of its file, for findings.

        Returns:
            ``{text, revision, logic, ok, findings, outline}``; ``logic`` is the hash of what the
            text means, None when it cannot be read.

        Raises:
            Rejected: An edit cannot be made (``EDIT_REFUSED``).
        """
        edited = await self._in_thread(lambda: apply_edits(text, edits)) if edits else text
        return {
            "text": edited,
            "revision": revision_of(edited),
            "logic": logic_of(edited),
            **self.flows.check(edited, file),
        }

    async def compare(self, before: str, after: str, file: str = "") -> dict[str, Any]:
        """What differs between two texts: line by line, and by what they mean."""
        return {
            "diff": await self._in_thread(lambda: difference(before, after, file)),
            "changes": await self._in_thread(partial(changed_parts, before, after)),
            "logic_changed": logic_of(before) != logic_of(after),
        }

    # -- stale ------------------------------------------------------------------------------

    async def _three_ways(
        self, flow_id: str, revision: str, mine: str | None, error: StaleRevision | None
    ) -> StaleRevision:
        """What a person or an editor needs to decide."""
        theirs = error.arguments["current_text"] if error else self.flows.get(flow_id)["text"]
        material = await self._put_together(flow_id, revision, mine, theirs)
        return StaleRevision(
            error.message if error else f"flow {flow_id!r} changed since it was read",
            hint="look at the differences, then save what you decide with current_revision",
            args=material,
        )

    async def merge(self, flow_id: str, text: str, revision: str) -> dict[str, Any]:
        """A draft and the file as it is now put together; nothing is written.

        Args:
            flow_id: Whose file.
            text: The draft; it may have errors.
            revision: Of the text the draft started from.

        Returns:
            What a stale `save` is refused with.
        """
        return await self._put_together(flow_id, revision, text, self.flows.get(flow_id)["text"])

    async def _put_together(
        self, flow_id: str, revision: str, mine: str | None, theirs: str
    ) -> dict[str, Any]:
        base = await self._text_of(flow_id, revision)
        material: dict[str, Any] = {
            "current_revision": revision_of(theirs),
            "current_text": theirs,
            "base": base,
            "mine": mine,
            "theirs": theirs,
            "merged": None,
            "conflicts": [],
            "stretches": [],
        }
        if mine is None:
            return material
        merged = await self._in_thread(lambda: merge(base, mine, theirs))
        material["stretches"] = [asdict(stretch) for stretch in merged.stretches]
        if base is not None:
            material["merged"] = merged.text
            material["conflicts"] = [asdict(clash) for clash in merged.clashes]
        return material

    async def _text_of(self, flow_id: str, revision: str) -> str | None:
        """The text of a revision, if it was ever seen here."""
        known = self._texts.get((flow_id, revision))
        if known is not None:
            return known
        for item in await self._items(flow_id):
            if item["revision"] == revision:
                return str(item["text"])
        return None

    # -- looking back -----------------------------------------------------------------------

    async def history(self, flow_id: str) -> dict[str, Any]:
        """Versions of a flow, newest first: commits, and what was saved here."""
        current = self.flows.get(flow_id)
        live = self.flows.flow(flow_id)
        items = await self._items(flow_id)
        for item in items:
            del item["text"]
            item["current"] = item["revision"] == current["revision"]
            item["live"] = live is not None and item["revision"] == live.revision
        return {
            "items": items,
            "total": len(items),
            "revision": current["revision"],
            "git": await self._in_thread(lambda: self._can_commit(flow_id)),
        }

    async def version(self, flow_id: str, version: str) -> dict[str, Any]:
        """One older version with its text; a PUT of it rolls back.

        Raises:
            NotFound: No such version.
        """
        for item in await self._items(flow_id):
            if item["version"] == version or (len(version) >= 7 and item["id"].startswith(version)):
                return {**item, "diff": await self._to_current(flow_id, item["text"])}
        msg = f"flow {flow_id!r} has no version {version!r}"
        raise NotFound(msg, hint=f"GET /api/flows/{flow_id}/history lists them")

    async def diff(self, flow_id: str, against: str) -> dict[str, Any]:
        """What is different in the file as it is, against another version.

        Args:
            flow_id: Whose file.
            against: ``live`` (what works), ``last`` (the newest version with another text), or a
                version of the history.
        """
        current = self.flows.get(flow_id)
        base, name = await self._other(flow_id, against, current["revision"])
        text = current["text"]
        return {
            "against": name,
            "from_revision": revision_of(base),
            "to_revision": current["revision"],
            "diff": await self._in_thread(lambda: difference(base, text, current["file"])),
            "changes": await self._in_thread(partial(changed_parts, base, text)),
            "logic_changed": logic_of(base) != logic_of(text),
        }

    async def _other(self, flow_id: str, against: str, revision: str) -> tuple[str, str]:
        if against == "live":
            live = self.flows.flow(flow_id)
            return (live.text if live is not None else "", "live")
        if against == "last":
            for item in await self._items(flow_id):
                if item["revision"] != revision:
                    return item["text"], item["version"]
            return self.flows.get(flow_id)["text"], "last"
        found = await self.version(flow_id, against)
        return found["text"], found["version"]

    async def _to_current(self, flow_id: str, text: str) -> str:
        current = self.flows.get(flow_id)
        return await self._in_thread(lambda: difference(text, current["text"], current["file"]))

    async def _items(self, flow_id: str) -> list[dict[str, Any]]:
        """Commits and kept versions, newest first, each text once."""
        current = self.flows.get(flow_id)
        path = self.flows.path_of(flow_id)
        versions = self._versions(flow_id, current["scope"])
        return await self._in_thread(lambda: _newest_first(path, versions))

    def _versions(self, flow_id: str, scope: Scope) -> Versions:
        return Versions(self.folders[scope] / self.flows.path_of(flow_id).stem)

    def _can_commit(self, flow_id: str) -> bool:
        try:
            self._git(flow_id).require_committable()
        except Conflict:
            return False
        return True

    def _git(self, flow_id: str) -> GitFile:
        return GitFile.find(self.flows.target_of(flow_id))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        with self.flows.clock.hold():
            return await asyncio.to_thread(work)


def difference(before: str, after: str, name: str) -> str:
    """Unified diff of two texts; empty when they are the same."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) + len(new) > MAX_DIFF_LINES:
        msg = f"more than {MAX_DIFF_LINES} lines are not compared"
        raise Rejected(msg, hint="compare the files with another program")
    lines = unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def changed_parts(before: str, after: str) -> list[dict[str, Any]]:
    """Parts that mean something else, for a graph; none when one of the texts cannot be read."""
    old, _ = read_with_findings(before)
    new, _ = read_with_findings(after)
    if old is None or new is None:
        return []
    return [asdict(change) for change in changes(plain(old), plain(new))]


def _newest_first(path: Path, versions: Versions) -> list[dict[str, Any]]:
    items = [commit for commit in _commits(path) if commit["text"] is not None]
    known = {item["revision"] for item in items}
    for version in versions.all():
        if version.revision not in known:
            known.add(version.revision)
            items.append(
                {
                    "version": f"saved-{version.number}",
                    "source": "saved",
                    "id": "",
                    "time": version.time,
                    "author": "",
                    "message": "",
                    "revision": version.revision,
                    "text": version.text,
                }
            )
    return sorted(items, key=lambda item: item["time"], reverse=True)


def _commits(path: Path) -> list[dict[str, Any]]:
    try:
        commits = GitFile.find(path).log()
    except Conflict:  # no git, no repository: the kept versions are the history
        return []
    return [
        {
            "version": commit.id[:12],
            "source": "git",
            "id": commit.id,
            "time": commit.time,
            "author": commit.author,
            "message": commit.subject,
            "revision": revision_of(commit.text or ""),
            "text": commit.text,
        }
        for commit in commits
    ]
