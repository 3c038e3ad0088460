"""The history of one text file: commits, kept versions, differences, and two changes put together.

What an editor needs to look back, roll back and never overwrite somebody else's work, whatever the
text says; the desks of flows and of scripts know the rest.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import Any, TypeVar

import structlog

from ionpy_auto.automation.git import GitFile
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, NotFound, Rejected, StaleRevision
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import merge

T = TypeVar("T")

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 200
MAX_REMEMBERED_BYTES = 16 * 2**20
MAX_DIFF_LINES = 20_000


@dataclass
class SeenTexts:
    """The texts somebody may have started from, newest last; the oldest go."""

    _texts: "OrderedDict[tuple[str, str], str]" = field(default_factory=OrderedDict)

    def note(self, name: str, text: str) -> None:
        """Remember a text of a file."""
        key = (name, revision_of(text))
        self._texts[key] = text
        self._texts.move_to_end(key)
        size = sum(len(kept) for kept in self._texts.values())
        while len(self._texts) > MAX_REMEMBERED or size > MAX_REMEMBERED_BYTES:
            size -= len(self._texts.popitem(last=False)[1])

    def find(self, name: str, revision: str) -> str | None:
        """The text of a revision, if it is still known."""
        return self._texts.get((name, revision))


@dataclass(frozen=True, slots=True)
class History:
    """See the module's first lines.

    Attributes:
        name: What people call the text, for what is said about it.
        path: The file.
        target: The file a save writes; the same, most of the time.
        versions: What was saved here.
        clock: Held while the disk works.
    """

    name: str
    path: Path
    target: Path
    versions: Versions
    clock: Clock

    # -- looking back -----------------------------------------------------------------------

    async def items(self) -> list[dict[str, Any]]:
        """Commits and kept versions with their texts, newest first, each text once."""
        return await in_thread(self.clock, self._newest_first)

    async def version(self, version: str, hint: str) -> dict[str, Any]:
        """One older version with its text, by its name or the beginning of a commit's.

        Raises:
            NotFound: No such version; ``hint`` says where they are listed.
        """
        for item in await self.items():
            if item["version"] == version or (len(version) >= 7 and item["id"].startswith(version)):
                return item
        msg = f"{self.name} has no version {version!r}"
        raise NotFound(msg, hint=hint)

    async def text_of(self, revision: str) -> str | None:
        """The text of a revision, if it was ever kept."""
        for item in await self.items():
            if item["revision"] == revision:
                return str(item["text"])
        return None

    def _newest_first(self) -> list[dict[str, Any]]:
        items = [commit for commit in _commits(self.path) if commit["text"] is not None]
        known = {item["revision"] for item in items}
        for version in self.versions.all():
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

    # -- writing ----------------------------------------------------------------------------

    async def keep(self, texts: Sequence[str]) -> None:
        """Keep versions; a full disk loses the look back, never the save."""

        def work() -> None:
            for text in texts:
                self.versions.keep(text)

        try:
            await in_thread(self.clock, work)
        except Exception as error:  # noqa: BLE001 - the text itself is safe on the disk
            log.warning("a version could not be kept", of=self.name, error=str(error))

    async def require_committable(self) -> None:
        """Refuse a commit that would be wrong or surprising, before anything is written.

        Raises:
            Conflict: No git, no repository, a merge under way, or the file is ignored.
        """
        await in_thread(self.clock, lambda: GitFile.find(self.target).require_committable())

    async def can_commit(self) -> bool:
        """Whether a save may be a commit as well."""
        try:
            await self.require_committable()
        except Conflict:
            return False
        return True

    async def commit(self, text: str, message: str) -> dict[str, Any]:
        """Commit what is written already; what git says is told, not raised."""
        try:
            made = await in_thread(
                self.clock, lambda: GitFile.find(self.target).commit(text, message)
            )
        except Conflict as error:
            return {"id": None, "error": f"{error.message}: {error.hint}"}
        return {"id": made, "error": "" if made else "the last commit has this text already"}


async def in_thread(clock: Clock, work: Callable[[], T]) -> T:
    """Work on the disk while the clock waits."""
    with clock.hold():
        return await asyncio.to_thread(work)


async def put_together(
    clock: Clock, base: str | None, mine: str | None, theirs: str
) -> dict[str, Any]:
    """What a person or an editor needs to decide between two texts of one file.

    Args:
        clock: Held meanwhile.
        base: The text the caller started from, None when nobody knows it any more.
        mine: What the caller made of it, None when that cannot be told.
        theirs: What stands in the file now.
    """
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
    merged = await in_thread(clock, lambda: merge(base, mine, theirs))
    material["stretches"] = [asdict(stretch) for stretch in merged.stretches]
    if base is not None:
        material["merged"] = merged.text
        material["conflicts"] = [asdict(clash) for clash in merged.clashes]
    return material


def out_of_date(message: str, material: Mapping[str, Any]) -> StaleRevision:
    """The refusal of a save whose text changed since it was read, with what `put_together` made."""
    hint = "look at the differences, then save what you decide with current_revision"
    return StaleRevision(message, hint=hint, args=material)


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
