"""Which runs a list shows: those in memory by what they are now, the others by their rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, false, or_
from sqlmodel import col, func

from ionpy_auto.automation.models import RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What a list is narrowed to; None takes all.

    Attributes:
        state: As a run shows it.
        verdict: As a run shows it.
        sequence: Id of the flow.
        channel: It drives.
        cell_id: The cell on the bench.
        since: UTC; begun or wished for at or after it.
        until: UTC; at or before it.
        text: Somewhere in title, flow, bindings, parameters, conditions or the id.
    """

    state: str | None = None
    verdict: str | None = None
    sequence: str | None = None
    channel: str | None = None
    cell_id: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None

    def fits_now(self, run: Mapping[str, Any]) -> bool:
        """What changes while a run runs."""
        return self.state in {None, run["state"]} and self.verdict in {None, run["verdict"]}

    def where(self, live: Mapping[str, Mapping[str, Any]]) -> list[ColumnElement[bool]]:
        """Conditions for the rows; of runs in memory the row may be behind, so they are named.

        Args:
            live: Runs in memory as they are, by id.
        """
        found: list[ColumnElement[bool]] = []
        if self.state is not None or self.verdict is not None:
            fitting = [run_id for run_id, run in live.items() if self.fits_now(run)]
            stored = and_(
                col(RunRow.id).not_in(list(live)),
                *self._is(RunRow.status, self.state),
                *self._is(RunRow.verdict, self.verdict),
            )
            found.append(or_(col(RunRow.id).in_(fitting) if fitting else false(), stored))
        found += self._is(RunRow.flow, self.sequence)
        found += self._is(RunRow.channel, self.channel)
        if self.cell_id is not None:
            found.append(func.json_extract(col(RunRow.bindings), "$.cell_id") == self.cell_id)
        if self.since is not None:
            found.append(col(RunRow.created) >= self.since)
        if self.until is not None:
            found.append(col(RunRow.created) <= self.until)
        if self.text:
            found.append(_contains(self.text))
        return found

    @staticmethod
    def _is(column: Any, value: str | None) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a column
        return [] if value is None else [col(column) == value]


def _contains(text: str) -> ColumnElement[bool]:
    places = (
        col(RunRow.id),
        col(RunRow.flow),
        col(RunRow.name),
        cast(col(RunRow.bindings), String),
        cast(col(RunRow.parameters), String),
        func.json_extract(col(RunRow.trace), "$.conditions"),
    )
    return or_(*(place.icontains(text, autoescape=True) for place in places))


ALL_RUNS: Final = RunFilter()
