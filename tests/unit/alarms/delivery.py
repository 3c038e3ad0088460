"""A receiver that answers as told, and an outbox that delivers to it."""

import json
from pathlib import Path

import httpx

from ionpy_auto.alarms.channels import Kit
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.receivers import Receiver, Receivers, Way
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.storage.database import Database


class Collector:
    """Answers with statuses, then with 200, and notes what came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.headers = {}
        self.is_down = False

    def __call__(self, request):
        if self.is_down:
            raise httpx.ConnectError("refused")
        self.requests.append(request)
        status = self.answers.pop(0) if self.answers else 200
        return httpx.Response(status, headers=self.headers)

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]


def webhook(name, url, **about):
    """A receiver with one URL."""
    return Receiver(name, (Way("webhook", 0, {"url": url}),), **about)


class Post:
    """An outbox over a database, its receivers and what came of its messages."""

    def __init__(self, collector, database=None, clock=None):
        self.clock = clock or (database.clock if database else VirtualClock())
        self.bus = Bus()
        self.events, self.pages, self.paths = [], [], []
        self.bus.tap("event/outbox", self._note)

        async def resolve(host, port):
            return ("203.0.113.5",)

        outward = Outward(self.clock, (), resolve, httpx.MockTransport(collector))
        kit = Kit(self.clock, outward, lambda kind, payload: self.pages.append(payload))
        self.receivers = Receivers(kit, Secrets(Path("nowhere.json"), {}))
        self.receivers.take({"lab": webhook("lab", "https://hooks.example.org/lab")})
        self.outbox = Outbox(database, self.bus, self.clock, self.receivers, self._path)

    def _note(self, event):
        payload = event.payload
        self.events.append((self.clock.monotonic(), payload["state"], payload["attempts"]))

    async def _path(self, receiver, error):
        self.paths.append((receiver, error))

    @property
    def states(self):
        return [state for _, state, _ in self.events]


async def opened(folder, clock=None):
    """The database of a project."""
    database = Database(folder / "data.db", clock or VirtualClock())
    await database.start()
    return database
