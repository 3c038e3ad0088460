"""``parallel``: several lists of actions at the same time."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import structlog

from ionpy_auto.automation.actions._inside import act_all, kept_of
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.branches import Branches
from ionpy_auto.automation.context import ActionContext
from ionpy_auto.automation.flow import ActionNode
from ionpy_auto.core.errors import IonpyError, Rejected

log = structlog.get_logger(__name__)

Branch = tuple[ActionNode, ...]


@action
class Parallel(Action):
    """Run several lists of actions at the same time."""

    shorthand = "branches"
    interruption = "end"
    branches: Annotated[tuple[Branch, ...], Branches("action")]

    def sentence(self) -> str:
        """As a person would say it."""
        texts = [", ".join(node.block.sentence() for node in branch) for branch in self.branches]
        return "at the same time: " + " | ".join(texts)

    def lists(self) -> Mapping[str, Branch]:
        """The branches, by number."""
        return {str(number): branch for number, branch in enumerate(self.branches)}

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Wait for all branches; one that fails does not end the others.

        Raises:
            Rejected: A branch failed; the results of all stand in its arguments.
        """
        async with asyncio.TaskGroup() as group:  # a cancellation reaches every branch
            tasks = [
                group.create_task(_run(branch, context, number))
                for number, branch in self.lists().items()
            ]
        results: Sequence[Mapping[str, Any]] = [task.result() for task in tasks]
        failed = [number for number, result in enumerate(results, 1) if not result["ok"]]
        if failed:
            first = results[failed[0] - 1]
            msg = f"{len(failed)} of {len(results)} branches failed: {first['message']}"
            raise Rejected(
                msg, code="BRANCH_FAILED", hint=first["hint"], args={"branches": list(results)}
            )
        return {"branches": list(results)}


async def _run(branch: Branch, context: ActionContext, number: str) -> dict[str, Any]:
    """One branch to its end or to its first error; one that ended before a restart has ended."""
    ended = kept_of(context)
    if number not in ended:
        ended[number] = await _result(branch, context, number)
    result: dict[str, Any] = ended[number]
    return result


async def _result(branch: Branch, context: ActionContext, number: str) -> dict[str, Any]:
    try:
        return {"ok": True, "actions": await act_all(branch, context, number)}
    except IonpyError as error:
        return {
            "ok": False,
            "error": error.error_code,
            "message": error.message,
            "hint": error.hint,
        }
    except Exception as error:
        log.exception("branch failed", by=context.origin.id)
        return {
            "ok": False,
            "error": "INTERNAL_ERROR",
            "message": f"{type(error).__name__}: {error}",
            "hint": "see the log",
        }
