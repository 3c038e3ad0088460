"""One server: its rooms, and the connection they share."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, cast

import httpx

from ionpy_auto.client.http import Http, Refuse
from ionpy_auto.client.runs import Runs
from ionpy_auto.client.types import Device, Flow, History, Outcome, Page, Scalar, Session, Value

DEFAULT_SERVER: Final = "http://127.0.0.1:8000"


class Client:
    """Speaks to a server; its refusals are raised as `ionpy_auto.core.errors`.

    Args:
        server: Address.
        timeout_s: Of one request.
        patience_s: How long a lost server is asked again, where asking twice does no harm.
        refuse: Makes an error of a refusal, in place of the one of its status.
    """

    def __init__(
        self,
        server: str = DEFAULT_SERVER,
        *,
        timeout_s: float = 30.0,
        patience_s: float = 30.0,
        refuse: Refuse | None = None,
    ) -> None:
        self._http = Http(server, timeout_s, patience_s, refuse)
        self.server = server
        self.runs = Runs(self._http)
        self.devices = Devices(self._http)
        self.sessions = Sessions(self._http)
        self.flows = Flows(self._http)
        self.samples = Samples(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """The JSON answer of any path; for what has no method here."""
        return self._http.call(method, path, body=body, headers=headers).json()

    def download(self, path: str) -> httpx.Response:
        """A file of any path."""
        return self._http.call("GET", path)


class Devices:
    """Devices of the open project."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> Page[Device]:
        """All of them with their state."""
        found = self._http.call("GET", "/api/devices").json()
        return Page(found["items"], found["total"])

    def get(self, device_id: str) -> Device:
        """One device with its entities."""
        return cast("Device", self._http.call("GET", f"/api/devices/{device_id}").json())

    def read(self, device_id: str, entity: str) -> Value:
        """The latest value of an entity."""
        path = f"/api/devices/{device_id}/entities/{entity}"
        return cast("Value", self._http.call("GET", path).json())

    def write(self, device_id: str, entity: str, value: Scalar) -> Outcome:
        """Write in the SI unit and read back; never sent twice.

        Raises:
            Conflict: Names who or what is in the way.
        """
        path = f"/api/devices/{device_id}/entities/{entity}"
        return cast("Outcome", self._http.call("PUT", path, body={"value": value}).json())


class Sessions:
    """Recordings of the open project."""

    _path = "/api/projects/active/sessions"

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, *, limit: int = 100, offset: int = 0) -> Page[Session]:
        """Newest first."""
        query = {"limit": limit, "offset": offset}
        found = self._http.call("GET", self._path, query=query).json()
        return Page(found["items"], found["total"])

    def get(self, session_id: int) -> Session:
        """One recording."""
        return cast("Session", self._http.call("GET", f"{self._path}/{session_id}").json())

    def start(
        self, name: str = "", *, conditions: Mapping[str, Any] | None = None, notes: str = ""
    ) -> Session:
        """Start recording.

        Raises:
            Conflict: A session is running; names it.
        """
        body = {"name": name, "conditions": dict(conditions or {}), "notes": notes}
        return cast("Session", self._http.call("POST", f"{self._path}/start", body=body).json())

    def stop(self) -> Session:
        """Stop recording; everything is durable then."""
        return cast("Session", self._http.call("POST", f"{self._path}/stop").json())


class Flows:
    """Flow files."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self) -> Page[Flow]:
        """All of them."""
        found = self._http.call("GET", "/api/flows").json()
        return Page(found["items"], found["total"])

    def get(self, flow_id: str) -> Flow:
        """Text, revision and findings."""
        return cast("Flow", self._http.call("GET", f"/api/flows/{flow_id}").json())

    def check(self, text: str) -> dict[str, Any]:
        """Findings of a text that is not saved."""
        answer = self._http.call("POST", "/api/flow-check", body={"text": text}, again=True)
        return cast("dict[str, Any]", answer.json())

    def create(self, text: str) -> Flow:
        """Write a new flow; its id stands in the text.

        Raises:
            Rejected: With all findings.
        """
        return cast("Flow", self._http.call("POST", "/api/flows", body={"text": text}).json())

    def put(self, flow_id: str, text: str, *, revision: str) -> Flow:
        """Replace the text that was read with this revision.

        Raises:
            StaleRevision: It has changed since.
            Rejected: With all findings.
        """
        body = {"text": text, "revision": revision}
        return cast("Flow", self._http.call("PUT", f"/api/flows/{flow_id}", body=body).json())


class Samples:
    """Recorded values."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def history(
        self,
        device_id: str,
        entities: Sequence[str] = (),
        *,
        session_id: int | None = None,
        start: float | None = None,
        end: float | None = None,
        points: int | None = None,
    ) -> History:
        """Values of a device or channel.

        Args:
            device_id: Device or channel.
            entities: All by default.
            session_id: Only of this recording.
            start: Unix seconds.
            end: Unix seconds.
            points: At most so many; thinned by minimum and maximum.
        """
        query = {
            "entities": ",".join(entities) or None,
            "session_id": session_id,
            "start": start,
            "end": end,
            "points": points,
        }
        path = f"/api/projects/active/devices/{device_id}/history"
        return cast("History", self._http.call("GET", path, query=query).json())
