"""Shows a run on a terminal or in the log of a CI job until it rests, and answers its questions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ionpy_auto.cli.client import Client
from ionpy_auto.cli.output import err
from ionpy_auto.client import Prompt, Run
from ionpy_auto.core.errors import IonpyError

YES = frozenset({"yes", "true", "ok", "confirm"})
EXIT_CODES: Mapping[str, int] = {
    "pass": 0,
    "not_set": 0,
    "fail": 1,
    "inconclusive": 1,
    "aborted": 3,
    "error": 4,
}
OPEN = 5
"""Exit code where nobody knows the verdict yet: held, out of time, or the server is gone."""


def exit_code(run: Run) -> int:
    """What a program is told of a run."""
    return EXIT_CODES[run["verdict"]] if run["state"] == "finished" else OPEN


class Follower:
    """Watches one run.

    Args:
        client: Speaks to its server.
        answers: Of questions, by step.
        quiet: Say nothing of progress.
    """

    def __init__(self, client: Client, answers: Mapping[str, str], *, quiet: bool) -> None:
        self._client = client
        self._answers = dict(answers)
        self._quiet = quiet
        self._said = ""
        self._asked: set[tuple[str, float]] = set()
        self._bar: tuple[Progress, TaskID] | None = None

    def follow(self, run_id: str, timeout_s: float | None) -> Run:
        """Return once it has finished or is held.

        Raises:
            TimeoutError: It is not over.
            ServerLost: Nobody answers any more.
        """
        with self._shown():
            run = self._client.runs.wait(run_id, timeout_s=timeout_s, on_change=self._look)
        if run["state"] == "held":
            reason = (run["held"] or {}).get("reason") or run["message"]
            self._say(f"run {run_id} is held: {reason}")
            self._say(f"go on: ionpy-auto runs resume {run_id}")
            self._say(f"end it: ionpy-auto runs abort {run_id}")
        return run

    @contextmanager
    def _shown(self) -> Iterator[None]:
        if self._quiet or not err.is_terminal:
            yield
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>5.1f} %"),
            TextColumn("{task.fields[left]}"),
        )
        with Progress(*columns, console=err) as progress:
            self._bar = progress, progress.add_task("starting", total=1.0, left="")
            try:
                yield
            finally:
                self._bar = None

    def _look(self, run: Run) -> None:
        step = run.get("step_title") or ""
        text = f"{run['state']}: {step}" if step else run["state"]
        if self._bar is not None:
            progress, task = self._bar
            left = duration(run["eta_s"])
            done = run["progress"] or 0.0
            progress.update(task, completed=done, description=text, left=left and f"{left} left")
        elif not self._quiet and text != self._said:
            self._said = text
            left = duration(run["eta_s"])
            self._say(f"{text}  ({left} left)" if left else text)
        if run["state"] == "paused" and run["message"] and run["message"] != self._said:
            self._said = run["message"]
            self._say(f"{run['message']}: ionpy-auto runs resume {run['id']}")
        for prompt in run.get("prompts") or ():
            self._ask(run["id"], prompt)

    def _ask(self, run_id: str, prompt: Prompt) -> None:
        place = prompt["step"], prompt["since"]
        if place in self._asked:
            return
        self._asked.add(place)
        wanted = ", ".join(prompt["choices"]) or prompt["unit"] or "yes"
        self._say(f"{prompt['step']} asks: {prompt['text']} ({wanted})")
        given = self._answers.get(prompt["step"])
        if given is None:
            self._say(f"answer: ionpy-auto runs answer {run_id} {prompt['step']}=…")
            return
        try:
            self._client.runs.answer(run_id, answer_of(prompt, given), step=prompt["step"])
            self._say(f"{prompt['step']} answered: {given}")
        except IonpyError as error:
            self._say(f"{prompt['step']} not answered: {error.message}  {error.hint}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            err.print(text, markup=False)


def answer_of(prompt: Prompt, text: str) -> bool | float | str:
    """What a written answer means for a question."""
    if prompt["kind"] == "confirm":
        return text.lower() in YES
    if prompt["kind"] == "value":
        try:
            return float(text)
        except ValueError:
            return text  # with a unit; the server reads it
    return text


def duration(seconds: float | None) -> str:
    """``1:02:03``; empty for what nobody knows."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
