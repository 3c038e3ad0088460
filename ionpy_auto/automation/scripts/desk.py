"""What an editor of scripts asks for: saves that overwrite nobody, older versions, and commits.

The store writes files; the desk remembers what was there before. A caller whose text is out of date
gets both changes and, where they do not clash, the merge.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ionpy_auto.automation.history import (
    History,
    SeenTexts,
    difference,
    in_thread,
    out_of_date,
    put_together,
)
from ionpy_auto.automation.scripts.store import SUFFIX, Script, ScriptStore
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import NotFound, StaleRevision
from ionpy_auto.core.files import revision_of


@dataclass
class ScriptDesk:
    """See the module's first lines.

    Args:
        store: The files.
        clock: Held while the disk works.
        folder: Where versions are kept.
    """

    store: ScriptStore
    clock: Clock
    folder: Path
    _seen: SeenTexts = field(default_factory=SeenTexts)

    def __post_init__(self) -> None:
        self._lock = asyncio.Lock()

    async def get(self, name: str) -> dict[str, Any]:
        """A script with its findings; its text is remembered as one somebody may start from."""
        found = await self.store.get(name)
        self._seen.note(name, found["text"])
        return found

    async def save(
        self, name: str, text: str, revision: str = "", commit: str | None = None
    ) -> dict[str, Any]:
        """Check and write a text; keep the version, commit it when asked to.

        Args:
            name: Of the script.
            text: The new one.
            revision: Of the text the caller started from; empty for a new script.
            commit: Message of a git commit of this one file.

        Returns:
            The script as it is now, and ``commit {id, error}`` when one was asked for.

        Raises:
            StaleRevision: ``arguments`` hold base, mine, theirs, merged, conflicts and whether the
                file was ``deleted``.
            Conflict: A commit was asked for and cannot be made; nothing was written.
        """
        history = self._history(name)
        async with self._lock:
            before = await self._on_disk(name)
            if commit is not None:
                await history.require_committable()
            try:
                saved = await self.store.save(name, text, revision)
            except StaleRevision as error:
                theirs = str(error.arguments["current_text"])
                material = await self._put_together(name, revision, text, theirs)
                material["deleted"] = before is None
                raise out_of_date(error.message, material) from error
            self._seen.note(name, text)
            await history.keep([text] if before is None else [before.text, text])
            if commit is not None:
                saved["commit"] = await history.commit(text, commit)
        return saved

    async def merge(self, name: str, text: str, revision: str) -> dict[str, Any]:
        """A draft and the file as it is now put together; nothing is written.

        Args:
            name: Of the script.
            text: The draft; it may have errors.
            revision: Of the text the draft started from.

        Returns:
            What a stale `save` is refused with.
        """
        theirs = await self.store.read(name)
        return await self._put_together(name, revision, text, theirs.text)

    async def delete(self, name: str, revision: str) -> None:
        """Remove the file of this revision; its text stays among the versions.

        Raises:
            NotFound: There is none.
            StaleRevision: It changed meanwhile.
        """
        async with self._lock:
            before = await self.store.read(name)
            await self.store.delete(name, revision)
            await self._history(name).keep([before.text])

    async def history(self, name: str) -> dict[str, Any]:
        """Versions, newest first: commits, and what was saved here; of a deleted script too.

        Raises:
            NotFound: There is no such script, and there never was.
        """
        history = self._history(name)
        current = await self._on_disk(name)
        items = await history.items()
        if current is None and not items:
            await self.store.read(name)  # says that there is none
        revision = current.revision if current is not None else ""
        for item in items:
            del item["text"]
            item["current"] = item["revision"] == revision
        return {
            "items": items,
            "total": len(items),
            "revision": revision,
            "git": await history.can_commit(),
        }

    async def version(self, name: str, version: str) -> dict[str, Any]:
        """One older version with its text and what changed since; a PUT of it rolls back.

        Raises:
            NotFound: No such version.
        """
        hint = f"GET /api/scripts/{name}/history lists them"
        item = await self._history(name).version(version, hint)
        current = await self._on_disk(name)
        now = current.text if current is not None else ""
        changed = await in_thread(
            self.clock, lambda: difference(item["text"], now, f"{name}{SUFFIX}")
        )
        return {**item, "diff": changed}

    async def _on_disk(self, name: str) -> Script | None:
        try:
            return await self.store.read(name)
        except NotFound:
            return None

    async def _put_together(
        self, name: str, revision: str, mine: str, theirs: str
    ) -> dict[str, Any]:
        base = await self._text_of(name, revision)
        return await put_together(self.clock, base, mine, theirs)

    async def _text_of(self, name: str, revision: str) -> str | None:
        if not revision:
            return None
        if revision == revision_of(""):
            return ""
        known = self._seen.find(name, revision)
        return known if known is not None else await self._history(name).text_of(revision)

    def _history(self, name: str) -> History:
        path = self.store.path_of(name)
        versions = Versions(self.folder / name, SUFFIX)
        return History(f"script {name!r}", path, path, versions, self.clock)
