"""What the command line needs of a running server."""

from typing import Any, Self

import httpx

from ionpy_auto.core.errors import BadInput, IonpyError, Unavailable

DEFAULT = "http://127.0.0.1:8000"


class Client:
    """Calls a server; its errors come back as ours."""

    def __init__(self, server: str) -> None:
        self._http = httpx.Client(base_url=server, timeout=30, trust_env=False)
        self.server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """The JSON answer.

        Raises:
            Unavailable: No server there.
            IonpyError: What the server refused, with its message and hint.
        """
        return self._send(method, path, body, headers).json()

    def download(self, path: str) -> httpx.Response:
        """A file."""
        return self._send("GET", path, None, None)

    def _send(
        self, method: str, path: str, body: object, headers: dict[str, str] | None
    ) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError as error:
            msg = f"no server answers at {self.server}: {error}"
            raise Unavailable(
                msg, hint="start one with ionpy-auto serve, or give --server"
            ) from None
        if answer.is_success:
            return answer
        try:
            content = answer.json()
        except ValueError:
            content = {"message": answer.text[:200]}
        kind = BadInput if answer.status_code in {400, 404, 422} else IonpyError
        raise kind(
            str(content.get("message")),
            code=str(content.get("code", "HTTP_ERROR")),
            hint=str(content.get("hint", "")),
        )
