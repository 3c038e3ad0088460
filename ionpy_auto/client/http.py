"""Requests to a server: its refusals come back as our errors, a lost connection is waited for."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from ionpy_auto.core.errors import (
    BadInput,
    Conflict,
    DeviceError,
    Finding,
    Forbidden,
    IonpyError,
    NotFound,
    Rejected,
    Severity,
    StaleRevision,
    TooLarge,
    Unavailable,
)

KINDS: Final[dict[int, type[IonpyError]]] = {
    400: BadInput,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: StaleRevision,
    413: TooLarge,
    422: Rejected,
    502: DeviceError,
    503: Unavailable,
}
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0

Refuse = Callable[[httpx.Response], IonpyError]
Query = Mapping[str, str | int | float | bool | None]


class ServerLost(Unavailable):
    """No server answered for as long as there was patience; what became of a write is unknown."""

    code = "SERVER_LOST"


class Http:
    """See the module's first line.

    Args:
        server: Address.
        timeout_s: Of one request.
        patience_s: How long a server that does not answer is asked again, where that is safe.
        refuse: Makes an error of an answer that is no success; `refusal` by default.
    """

    def __init__(
        self, server: str, timeout_s: float, patience_s: float, refuse: Refuse | None = None
    ) -> None:
        self._refuse = refuse or refusal
        self.server = server.rstrip("/")
        self.patience_s = patience_s
        self._client = httpx.Client(base_url=self.server, timeout=timeout_s, trust_env=False)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool | None = None,
    ) -> httpx.Response:
        """Send a request.

        Args:
            method: GET and DELETE … as in HTTP.
            path: From the root of the server.
            body: Sent as JSON.
            query: What is None is left out.
            headers: More of them.
            again: Whether the request may be sent twice; reading may.

        Raises:
            ServerLost: No server answers.
            IonpyError: What the server refused, with its message and hint.
        """
        may_repeat = method == "GET" if again is None else again
        given = {key: value for key, value in (query or {}).items() if value is not None}
        pauses = self.pauses() if may_repeat else iter(())
        while True:
            try:
                answer = self._client.request(
                    method, path, json=body, params=given, headers=dict(headers or {})
                )
            except httpx.TransportError as error:
                pause = next(pauses, None)
                if pause is None:
                    raise self.lost(error) from None
                time.sleep(pause)
                continue
            if answer.is_success:
                return answer
            raise self._refuse(answer)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[str]]:
        """Lines of an answer that goes on.

        Raises:
            IonpyError: What the server refused.
        """
        with self._client.stream(
            "GET", path, headers=dict(headers), timeout=httpx.Timeout(60.0)
        ) as answer:
            if not answer.is_success:
                answer.read()
                raise self._refuse(answer)
            yield answer.iter_lines()

    def pauses(self) -> Iterator[float]:
        """Growing pauses, spread a little, until patience is over."""
        began, pause = time.monotonic(), FIRST_PAUSE_S
        while time.monotonic() - began < self.patience_s:
            yield pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, hides nothing
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def lost(self, error: Exception) -> ServerLost:
        """The error for a server that does not answer."""
        return ServerLost(
            f"no server answers at {self.server}: {error}",
            hint="start one with ionpy-auto serve, or give its address",
        )


def refusal(answer: httpx.Response) -> IonpyError:
    """What a server said, as the error it was on its side."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        content = {"message": answer.text[:200] or f"status {answer.status_code}"}
    return KINDS.get(answer.status_code, IonpyError)(
        str(content.get("message")),
        code=str(content.get("code", "HTTP_ERROR")),
        hint=str(content.get("hint", "")),
        args=content.get("args") or {},
        findings=[_finding(found) for found in content.get("findings", ())],
    )


def _finding(found: Mapping[str, Any]) -> Finding:
    known = {key: found[key] for key in Finding.__dataclass_fields__ if key in found}
    return Finding(**{**known, "severity": Severity(known.get("severity", "error"))})
