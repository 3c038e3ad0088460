"""What an editor of flows asks for: patches, differences, older versions, merges and commits.

The store writes files; the desk prepares what is written and remembers what was there before. A
caller whose text is out of date gets both changes and, where they do not clash, the merge.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ionpy_auto.automation.flows import FlowStore, Scope, logic_of
from ionpy_auto.automation.history import (
    History,
    SeenTexts,
    difference,
    in_thread,
    out_of_date,
    put_together,
)
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.errors import StaleRevision
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import Edit, apply_edits, changes, plain, read_with_findings

T = TypeVar("T")


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
    _seen: SeenTexts = field(default_factory=SeenTexts)
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
        if not event.payload.get("deleted"):
            flow_id = event.payload["id"]
            self._seen.note(flow_id, self.flows.text_of(flow_id))

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
                await self._history(flow_id).require_committable()
            try:
                saved = await self.flows.save(flow_id, text, revision)
            except StaleRevision as error:
                raise await self._three_ways(flow_id, revision, text, error) from error
            history = self._history(flow_id, saved["scope"])
            await history.keep((before, text))
            if commit is not None:
                saved["commit"] = await history.commit(text, commit)
        return saved

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
        checked = await self.flows.check(text, current["file"])
        answer: dict[str, Any] = {
            "text": text,
            "revision": revision_of(text),
            "base_revision": revision,
            "ok": checked["ok"],
            "findings": checked["findings"],
            **await self.compare(base, text, current["file"]),
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

        def work() -> tuple[str, str | None]:
            edited = apply_edits(text, edits) if edits else text
            return edited, logic_of(edited)

        edited, logic = await self._in_thread(work)
        return {
            "text": edited,
            "revision": revision_of(edited),
            "logic": logic,
            **await self.flows.check(edited, file),
        }

    async def compare(self, before: str, after: str, file: str = "") -> dict[str, Any]:
        """What differs between two texts: line by line, and by what they mean."""

        def work() -> dict[str, Any]:
            return {
                "diff": difference(before, after, file),
                "changes": changed_parts(before, after),
                "logic_changed": logic_of(before) != logic_of(after),
            }

        return await self._in_thread(work)

    # -- stale ------------------------------------------------------------------------------

    async def _three_ways(
        self, flow_id: str, revision: str, mine: str | None, error: StaleRevision | None
    ) -> StaleRevision:
        """What a person or an editor needs to decide."""
        theirs = error.arguments["current_text"] if error else self.flows.get(flow_id)["text"]
        message = error.message if error else f"flow {flow_id!r} changed since it was read"
        return out_of_date(message, await self._put_together(flow_id, revision, mine, theirs))

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
        return await put_together(self.flows.clock, base, mine, theirs)

    async def _text_of(self, flow_id: str, revision: str) -> str | None:
        """The text of a revision, if it was ever seen here."""
        known = self._seen.find(flow_id, revision)
        return known if known is not None else await self._history(flow_id).text_of(revision)

    # -- looking back -----------------------------------------------------------------------

    async def history(self, flow_id: str) -> dict[str, Any]:
        """Versions of a flow, newest first: commits, and what was saved here."""
        current = self.flows.get(flow_id)
        live = self.flows.flow(flow_id)
        history = self._history(flow_id)
        items = await history.items()
        for item in items:
            del item["text"]
            item["current"] = item["revision"] == current["revision"]
            item["live"] = live is not None and item["revision"] == live.revision
        return {
            "items": items,
            "total": len(items),
            "revision": current["revision"],
            "git": await history.can_commit(),
        }

    async def version(self, flow_id: str, version: str) -> dict[str, Any]:
        """One older version with its text; a PUT of it rolls back.

        Raises:
            NotFound: No such version.
        """
        hint = f"GET /api/flows/{flow_id}/history lists them"
        item = await self._history(flow_id).version(version, hint)
        return {**item, "diff": await self._to_current(flow_id, item["text"])}

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
            **await self.compare(base, text, current["file"]),
        }

    async def _other(self, flow_id: str, against: str, revision: str) -> tuple[str, str]:
        if against == "live":
            live = self.flows.flow(flow_id)
            return (live.text if live is not None else "", "live")
        if against == "last":
            for item in await self._history(flow_id).items():
                if item["revision"] != revision:
                    return item["text"], item["version"]
            return self.flows.get(flow_id)["text"], "last"
        found = await self.version(flow_id, against)
        return found["text"], found["version"]

    async def _to_current(self, flow_id: str, text: str) -> str:
        current = self.flows.get(flow_id)
        return await self._in_thread(lambda: difference(text, current["text"], current["file"]))

    def _history(self, flow_id: str, scope: Scope | None = None) -> History:
        """Of a flow; of a shipped one the scope changes when it is saved."""
        path, flows = self.flows.path_of(flow_id), self.flows
        folder = self.folders[scope or flows.get(flow_id)["scope"]]
        versions = Versions(folder / path.stem)
        return History(f"flow {flow_id!r}", path, flows.target_of(flow_id), versions, flows.clock)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await in_thread(self.flows.clock, work)


def changed_parts(before: str, after: str) -> list[dict[str, Any]]:
    """Parts that mean something else, for a graph; none when one of the texts cannot be read."""
    old, _ = read_with_findings(before)
    new, _ = read_with_findings(after)
    if old is None or new is None:
        return []
    return [asdict(change) for change in changes(plain(old), plain(new))]
