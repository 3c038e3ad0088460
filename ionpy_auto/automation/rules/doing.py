"""Goes through the actions of one firing, and leaves a durable mark before each that has an effect.

After a restart it goes on behind the last action that ended, also inside ``if``, ``repeat`` and
``parallel``; one that was under way is never done again, for nobody knows how far it came. A
``repeat`` or ``parallel`` without a wait in it is over soon: it counts as one action.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from ionpy_auto.automation.actions._inside import Framed, next_index
from ionpy_auto.automation.actions.if_ import If
from ionpy_auto.automation.actions.wait import Wait
from ionpy_auto.automation.actions.wait_for import WaitFor
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.automation.rules.job import Job
from ionpy_auto.automation.rules.progress import Progress
from ionpy_auto.automation.rules.scope import Acting, plain
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError, Rejected

log = structlog.get_logger(__name__)

UNDELAYED: Final = frozenset({"safe_state", "panic", "alarm"})
"""These never wait for a disk."""


@dataclass(frozen=True)
class Stretch:
    """A list of actions at work.

    Attributes:
        name: Of the list, as places of switches have it: ``then``, ``then/2/do``.
        context: What its actions may do.
        is_kept: Whether a restart goes on inside it.
        is_counted: Whether its actions count for the limit of actions per second.
    """

    nodes: Sequence[ActionNode]
    progress: Progress
    name: str
    context: ActionContext
    is_kept: bool = True
    is_counted: bool = True

    @property
    def node(self) -> ActionNode:
        """The action that is next, or under way."""
        return self.nodes[self.progress.index]

    @property
    def place(self) -> str:
        """Its place."""
        return f"{self.name}/{self.progress.index}"


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
        self._clock: Clock = acting.lab.clock
        self._mark = mark
        self._count = count
        self._switches = switches

    async def run(self, nodes: Sequence[ActionNode]) -> str:
        """Do what is left, in order; the first error ends it.

        Returns:
            ``done`` or ``failed``.
        """
        job = self._job
        failure = await self.all(Stretch(nodes, job.progress, job.branch, self._acting))
        return "done" if failure is None else "failed"

    async def all(self, stretch: Stretch) -> Mapping[str, Any] | None:
        """Do what is left of a list; returns the answer of the action that failed."""
        progress = stretch.progress
        while progress.index < len(stretch.nodes):
            if progress.is_begun or self._is_on(stretch):
                failure = await self._one(stretch)
                if failure is not None:
                    return failure
            else:
                progress.go(progress.index + 1)
        return None

    def _is_on(self, stretch: Stretch) -> bool:
        return self._switches.get(stretch.place, stretch.node.enabled)

    async def _one(self, stretch: Stretch) -> Mapping[str, Any] | None:
        """Do one action; returns its answer if it failed."""
        progress, node = stretch.progress, stretch.node
        if isinstance(node.block, If):
            return await self._if(stretch, node.block)
        if stretch.is_counted:
            self._count()
        answer = await self._do(stretch)
        progress.results.append(answer)
        if not answer["ok"]:
            progress.go(progress.index)  # it has ended, in its way
            return answer
        progress.go(answer.pop("next"))
        return None

    async def _do(self, stretch: Stretch) -> dict[str, Any]:
        progress, node, block = stretch.progress, stretch.node, stretch.node.block
        if progress.is_acting:  # in a branch of its own, so that the others went on
            return broken(node)
        if isinstance(block, Wait):
            return await self._answer(stretch, self._wait(block, progress))
        goes_on = stretch.is_kept and waits(node)
        context = stretch.context
        if block.lists():
            context = Framed(context, {}, _Frame(self, replace(stretch, is_kept=goes_on)))
        if stretch.is_kept and not goes_on:
            await self._begin(stretch)
        return await self._answer(stretch, block.act(context))

    async def _begin(self, stretch: Stretch) -> None:
        """Write down that it begins, before it does, where that must be known after a crash.

        Where it need not, a firing that stands in no store is simply gone then, and is not done
        twice. One that stands there would go on from where it was: its way is written down.
        """
        stretch.progress.is_acting = True
        if not self._job.must_last and not stretch.node.block.needs_intent():
            return
        try:
            await self._mark(stretch.node.verb not in UNDELAYED)
        except BaseException:
            stretch.progress.is_acting = False  # ended before it began
            raise

    async def _wait(self, block: Wait, progress: Progress) -> Mapping[str, Any]:
        clock = self._clock
        if progress.deadline is None:
            progress.deadline = clock.monotonic() + block.duration
        await self._mark(False)
        await clock.sleep(max(progress.deadline - clock.monotonic(), 0.0))
        return {"waited_s": block.duration}

    async def _if(self, stretch: Stretch, block: If) -> Mapping[str, Any] | None:
        """Go one of two ways; after a restart the one it went, whatever is so by now."""
        progress, place = stretch.progress, stretch.place
        if "branch" not in progress.state:
            branch = progress.state["branch"] = block.way(stretch.context.env)
            answer = {"verb": stretch.node.verb, "sentence": block.sentence(), "ok": True}
            progress.results.append({**answer, "result": {"branch": branch}, "duration_s": 0.0})
        branch = str(progress.state["branch"])
        inner = progress.lists.setdefault(branch, Progress())
        nodes = block.lists().get(branch, ())
        failure = await self.all(
            replace(stretch, nodes=nodes, progress=inner, name=f"{place}/{branch}")
        )
        progress.results += inner.results
        progress.go(progress.index + 1)
        return failure

    async def _answer(self, stretch: Stretch, work: Awaitable[Mapping[str, Any]]) -> dict[str, Any]:
        """Run one action; its error becomes part of the trace."""
        node, progress = stretch.node, stretch.progress
        began = self._clock.monotonic()
        answer: dict[str, Any] = {"verb": node.verb, "sentence": node.block.sentence(), "ok": True}
        try:
            answer["result"] = result = plain(await work)
            answer["next"] = next_index(stretch.nodes, progress.index, result, progress.jumps)
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


class _Frame:
    """What an action with lists inside keeps (`actions._inside.Frame`)."""

    def __init__(self, doing: Doing, around: Stretch) -> None:
        self._doing = doing
        self._around = around
        self._place = around.place
        self._lists = around.progress.lists

    @property
    def state(self) -> MutableMapping[str, Any]:
        """Of the action."""
        return self._around.progress.state

    def is_inside(self, name: str) -> bool:
        """Whether a list has begun."""
        return name in self._lists

    async def run(
        self, nodes: Sequence[ActionNode], context: ActionContext, name: str
    ) -> list[dict[str, Any]]:
        """Run what is left of a list.

        Raises:
            Rejected: As the action that failed has said.
        """
        progress = self._lists.setdefault(name, Progress())
        around = self._around
        failure = await self._doing.all(
            Stretch(nodes, progress, f"{self._place}/{name}", context, around.is_kept, False)
        )
        del self._lists[name]
        if failure is not None:
            raise Rejected(
                str(failure["message"]),
                code=str(failure["error"]),
                hint=str(failure.get("hint") or "see the log"),
                args=failure.get("args"),
            )
        return [{"verb": one["verb"], "result": one.get("result")} for one in progress.results]


def waits(node: ActionNode) -> bool:
    """Whether an action may last: it waits, or something inside it does."""
    return isinstance(node.block, Wait | WaitFor) or any(map(waits, node.block.inner()))


def broken(node: ActionNode) -> dict[str, Any]:
    """The answer of an action of which nobody knows how far it came."""
    message = "it was under way when the server ended and is not done again"
    answer = {"ok": False, "error": "INTERRUPTED", "message": message, "hint": "look at the device"}
    return {"verb": node.verb, "sentence": node.block.sentence(), **answer}


def switchable(
    nodes: Iterable[ActionNode], name: str, switches: Mapping[str, bool]
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
        for inner, inside in node.block.lists().items():
            found += switchable(inside, f"{place}/{inner}", switches)
    return found
