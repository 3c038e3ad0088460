"""Goes through the actions of one firing, and leaves a durable mark before each that has an effect.

After a restart it goes on behind the last action that ended; one that was under way is never done
again, for nobody knows how far it came.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from ionpy_auto.automation.actions.if_ import If
from ionpy_auto.automation.actions.wait import Wait
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.automation.rules.job import Job, Place
from ionpy_auto.automation.rules.scope import Acting, plain
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.language import UNKNOWN

log = structlog.get_logger(__name__)

HARMLESS: Final = frozenset({"wait_for"})
"""Begun anew after a restart: they only look."""
UNDELAYED: Final = frozenset({"safe_state", "panic", "alarm"})
"""These never wait for a disk."""


class Doing:
    """One firing at work.

    Args:
        job: Keeps where it is.
        acting: What its actions may do.
        mark: Makes the job durable as it is; with False it is told to, but not waited for.
        count: Called as each action begins.
        switches: Runtime switches of actions, by place.
    """

    def __init__(
        self,
        job: Job,
        acting: Acting,
        mark: Callable[[bool], Awaitable[None]],
        count: Callable[[], None],
        switches: Mapping[str, bool],
    ) -> None:
        self._job = job
        self._acting = acting
        self._clock = acting.lab.clock
        self._mark = mark
        self._count = count
        self._switches = switches
        self._way: list[int | str] = list(job.place)  # to where it goes on

    async def run(self, nodes: Sequence[ActionNode]) -> str:
        """Do what is left, in order; the first error ends it.

        Returns:
            ``done`` or ``failed``.
        """
        return "done" if await self._all(nodes, (), self._job.branch) else "failed"

    async def _all(self, nodes: Sequence[ActionNode], path: Place, name: str) -> bool:
        first = int(self._way.pop(0)) if self._way else 0
        for index in range(first, len(nodes)):
            node, place = nodes[index], (*path, index)
            if not self._way and not self._is_on(node, f"{name}/{index}"):
                continue
            if not await self._one(node, place, f"{name}/{index}"):
                return False
            self._job.place = (*path, index + 1)
        return True

    def _is_on(self, node: ActionNode, name: str) -> bool:
        return self._switches.get(name, node.enabled)

    async def _one(self, node: ActionNode, place: Place, name: str) -> bool:
        job, block = self._job, node.block
        if isinstance(block, If):
            return await self._if(node, block, place, name)
        job.place = place
        self._count()
        if isinstance(block, Wait):
            answer = await self._answer(node, self._wait(block))
        elif node.verb in HARMLESS:
            answer = await self._answer(node, block.act(self._acting))
        else:
            await self._begin(node)
            answer = await self._answer(node, block.act(self._acting))
            job.is_acting = False
        job.results.append(answer)
        return bool(answer["ok"])

    async def _begin(self, node: ActionNode) -> None:
        """Write down that it begins, before it does."""
        self._job.is_acting = True
        try:
            await self._mark(node.verb not in UNDELAYED)
        except BaseException:
            self._job.is_acting = False  # ended before it began
            raise

    async def _wait(self, block: Wait) -> Mapping[str, Any]:
        job, clock = self._job, self._clock
        if job.deadline is None:
            job.deadline = clock.monotonic() + block.duration
        await self._mark(False)
        await clock.sleep(max(job.deadline - clock.monotonic(), 0.0))
        job.deadline = None
        return {"waited_s": block.duration}

    async def _if(self, node: ActionNode, block: If, place: Place, name: str) -> bool:
        """Go one of two ways; after a restart the one it went, whatever is so by now."""
        if self._way:
            branch = str(self._way.pop(0))
        else:
            result = block.check.evaluate(self._acting.env)
            branch = "unknown" if result is UNKNOWN else "then" if result is True else "else"
            answer = {"verb": node.verb, "sentence": block.sentence(), "ok": True}
            self._job.results.append({**answer, "result": {"branch": branch}, "duration_s": 0.0})
        nodes = {"then": block.then, "else": block.otherwise}.get(branch, ())
        return await self._all(nodes, (*place, branch), f"{name}/{branch}")

    async def _answer(self, node: ActionNode, work: Awaitable[Mapping[str, Any]]) -> dict[str, Any]:
        """Run one action; its error becomes part of the trace."""
        began = self._clock.monotonic()
        answer: dict[str, Any] = {"verb": node.verb, "sentence": node.block.sentence(), "ok": True}
        try:
            answer["result"] = plain(await work)
        except IonpyError as error:
            answer.update(ok=False, error=error.error_code, message=error.message, hint=error.hint)
            if error.arguments:
                answer["args"] = plain(error.arguments)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            answer.update(ok=False, error="INTERNAL_ERROR", message=message)
            log.exception("action failed", verb=node.verb)
        answer["duration_s"] = self._clock.monotonic() - began
        return answer


def action_at(nodes: Sequence[ActionNode], place: Place) -> ActionNode | None:
    """The action at a place; None when there is none."""
    index, *rest = place or (0,)
    if not isinstance(index, int) or index >= len(nodes):
        return None
    node = nodes[index]
    if rest and isinstance(node.block, If):
        inner = node.block.then if rest[0] == "then" else node.block.otherwise
        return action_at(inner, tuple(rest[1:]))
    return node


def switchable(
    nodes: Sequence[ActionNode], name: str, switches: Mapping[str, bool]
) -> list[dict[str, Any]]:
    """All actions of a list with the file's switch and the one at run time."""
    found: list[dict[str, Any]] = []
    for index, node in enumerate(nodes):
        place = f"{name}/{index}"
        found.append(
            {
                "place": place,
                "verb": node.verb,
                "sentence": node.block.sentence(),
                "enabled": node.enabled,
                "runtime_enabled": switches.get(place, node.enabled),
            }
        )
        if isinstance(node.block, If):
            found += switchable(node.block.then, f"{place}/then", switches)
            found += switchable(node.block.otherwise, f"{place}/else", switches)
    return found
