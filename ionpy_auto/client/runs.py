"""Test runs: start, wait, watch, tell, and fetch what they found."""

import builtins
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import httpx

from ionpy_auto.client.http import Http
from ionpy_auto.client.types import (
    Cycle,
    Page,
    Prompt,
    ReportKind,
    Run,
    RunEvent,
    Scalar,
    State,
    Step,
    Verdict,
)
from ionpy_auto.core.errors import Conflict

POLL_S = 0.5
RESTING = frozenset({"finished", "held"})
"""States in which a run does nothing more by itself."""


class Runs:
    """Runs of a server.

    Args:
        http: Speaks to it.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def start(
        self,
        sequence: str,
        *,
        channel: str | None = None,
        bindings: Mapping[str, str] | None = None,
        parameters: Mapping[str, Scalar] | None = None,
        conditions: Mapping[str, Any] | None = None,
        session: int | str | None = None,
        callback_url: str | None = None,
        queue: bool = False,
        preflight: str | None = None,
        key: str | None = None,
    ) -> Run:
        """Start a sequence; nothing has moved when this raises.

        The connection may break: it is asked again with the same key, so that one run is started.

        Args:
            sequence: Id of the flow.
            channel: In place of the flow's own.
            bindings: ``cell_id``, ``cell``, ``capacity`` …
            parameters: Values of the flow's parameters.
            conditions: Kept with run and session.
            session: Number of the running session, or the name of the one to open.
            callback_url: Is told at the end.
            queue: Wait for the run that holds the channel.
            preflight: Id of a prediction to keep with the run.
            key: Idempotency key; a new one by default.

        Raises:
            NotFound: No such flow.
            Conflict: A run holds the channel, panic, another session; names it.
            Rejected: Findings or conditions of the start.
        """
        body = self._body(
            sequence, channel, bindings, parameters, conditions=conditions, session=session
        )
        body |= {"queue": queue, "callback_url": callback_url, "preflight": preflight}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        try:
            answer = self._http.call("POST", "/api/runs", body=body, headers=headers, again=True)
        except Conflict as error:
            if error.error_code != "ALREADY_STARTED":
                raise
            return self.get(str(error.arguments["id"]))
        return cast("Run", answer.json())

    def check(
        self,
        sequence: str,
        *,
        channel: str | None = None,
        bindings: Mapping[str, str] | None = None,
        parameters: Mapping[str, Scalar] | None = None,
    ) -> dict[str, Any]:
        """What a start would find, without starting."""
        body = self._body(sequence, channel, bindings, parameters)
        answer = self._http.call("POST", "/api/runs/check", body=body, again=True)
        return cast("dict[str, Any]", answer.json())

    @staticmethod
    def _body(
        sequence: str,
        channel: str | None,
        bindings: Mapping[str, str] | None,
        parameters: Mapping[str, Scalar] | None,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> dict[str, Any]:
        bound = {**(bindings or {}), **({"channel": channel} if channel else {})}
        session = more.get("session")
        return {
            "sequence": sequence,
            "bindings": bound,
            "parameters": dict(parameters or {}),
            "conditions": dict(more.get("conditions") or {}),
            "session": {"name": session} if isinstance(session, str) else session,
        }

    def get(self, run_id: str) -> Run:
        """One run as it is."""
        return cast("Run", self._http.call("GET", f"/api/runs/{run_id}").json())

    def list(
        self,
        *,
        limit: int = 100,
        offset: int = 0,
        state: State | None = None,
        verdict: Verdict | None = None,
        sequence: str | None = None,
        channel: str | None = None,
        cell_id: str | None = None,
        since: float | None = None,
        until: float | None = None,
        text: str | None = None,
    ) -> Page[Run]:
        """Runs, newest first."""
        query = {
            "limit": limit,
            "offset": offset,
            "state": state,
            "verdict": verdict,
            "sequence": sequence,
            "channel": channel,
            "cell_id": cell_id,
            "since": since,
            "until": until,
            "text": text,
        }
        found = self._http.call("GET", "/api/runs", query=query).json()
        return Page(found["items"], found["total"])

    def wait(
        self,
        run_id: str,
        *,
        timeout_s: float | None = None,
        on_change: Callable[[Run], None] | None = None,
    ) -> Run:
        """Wait until a run has finished, or is held and waits for a person.

        Args:
            run_id: Which.
            timeout_s: Longest wait; the run goes on behind it.
            on_change: Hears the run each time it was looked at.

        Raises:
            TimeoutError: It is not over yet.
            ServerLost: Nobody answers any more.
        """
        began = time.monotonic()
        while True:
            run = self.get(run_id)
            if on_change is not None:
                on_change(run)
            if run["state"] in RESTING:
                return run
            left = POLL_S if timeout_s is None else timeout_s - (time.monotonic() - began)
            if left <= 0:
                msg = f"run {run_id} is {run['state']} after {timeout_s:g} s"
                raise TimeoutError(msg)
            time.sleep(min(POLL_S, left))

    def events(self, run_id: str) -> Iterator[RunEvent]:
        """Events of a run until it has finished, the run as it is first.

        A broken connection is made anew; steps that changed meanwhile are told then.

        Raises:
            ServerLost: Nobody answers any more.
        """
        last, pauses = "", self._http.pauses()
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            try:
                with self._http.stream(f"/api/runs/{run_id}/events", headers) as lines:
                    for event, at in _events(lines):
                        last, pauses = at, self._http.pauses()
                        yield event
                        if event.kind == "run" and event.content.get("state") == "finished":
                            return
            except httpx.TransportError as error:
                problem: Exception = error
            else:
                problem = ConnectionError("the stream ended")
            pause = next(pauses, None)
            if pause is None:
                raise self._http.lost(problem)
            time.sleep(pause)

    def pause(self, run_id: str) -> Run:
        """Outputs off, proven; the step's clock stops."""
        return self._tell(run_id, "pause")

    def resume(self, run_id: str) -> Run:
        """Go on after a pause, or with a held run."""
        return self._tell(run_id, "resume")

    def skip(self, run_id: str) -> Run:
        """End the present step."""
        return self._tell(run_id, "skip")

    def stop(self, run_id: str) -> Run:
        """End in order, behind ``finally``."""
        return self._tell(run_id, "stop")

    def abort(self, run_id: str) -> Run:
        """Outputs off now."""
        return self._tell(run_id, "abort")

    def _tell(self, run_id: str, word: str) -> Run:
        return cast("Run", self._http.call("POST", f"/api/runs/{run_id}/{word}").json())

    def prompt(self, run_id: str) -> Prompt:
        """What the run asks.

        Raises:
            NotFound: It asks nothing.
        """
        return cast("Prompt", self._http.call("GET", f"/api/runs/{run_id}/prompt").json())

    def answer(self, run_id: str, answer: Scalar, *, step: str = "", by: str = "") -> Run:
        """Answer a question of the run; ``step`` where several are open."""
        body = {"answer": answer, "step": step, "by": by}
        found = self._http.call("POST", f"/api/runs/{run_id}/prompt", body=body)
        return cast("Run", found.json())

    def steps(self, run_id: str) -> builtins.list[Step]:
        """Executed steps and what ended them."""
        found = self._http.call("GET", f"/api/runs/{run_id}/steps").json()
        return cast("list[Step]", found["items"])

    def cycles(self, run_id: str) -> builtins.list[Cycle]:
        """Figures per cycle."""
        found = self._http.call("GET", f"/api/runs/{run_id}/cycles").json()
        return cast("list[Cycle]", found["items"])

    def report(self, run_id: str, kind: ReportKind = "html") -> bytes:
        """The report of a finished run."""
        return self._http.call("GET", f"/api/runs/{run_id}/report", query={"format": kind}).content

    def junit(self, run_id: str) -> bytes:
        """JUnit XML: one test case per measurement."""
        return self._http.call("GET", f"/api/runs/{run_id}/junit").content


def _events(lines: Iterator[str]) -> Iterator[tuple[RunEvent, str]]:
    """Events of a stream, each with its id."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            if "event" in fields and "data" in fields:
                event = RunEvent(fields["event"], json.loads(fields["data"]))
                yield event, fields.get("id", "")
            fields = {}
