"""Alarms to a real mail server, a real HTTP server and a real broker, by the file people write."""

import asyncio
import email
import email.policy
import json

import pytest

from ionpy_auto.alarms.channels import Kit
from ionpy_auto.alarms.dispatcher import Dispatcher
from ionpy_auto.alarms.manager import AlarmManager
from ionpy_auto.alarms.messages import Texts
from ionpy_auto.alarms.outbox import Outbox
from ionpy_auto.alarms.outward import Outward
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.receivers import Receivers
from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.storage.database import Database
from ionpy_auto.testing.wires import tool_path
from tests.acceptance.alarms.sinks import HttpSink, Mails
from tests.acceptance.connections.lab import Mosquitto

FILE = """
route:
  receiver: all
  group_by: [device]
  group_wait: 1s
  group_interval: 10s
receivers:
  - name: all
"""


class Lab:
    """Alarms, routes and outbox on a clock that jumps, over real sockets."""

    def __init__(self, folder, below, allow=("127.0.0.1",)):
        self.clock, self.bus = VirtualClock(), Bus()
        self.database = Database(folder / "data.db", self.clock)
        secrets = Secrets(folder / "secrets.json", {"IONPY_SECRET_PASS": "s3cret"})
        reader = ReceiverReader(secrets)
        self.routing, findings = read_routing(FILE + below, check=reader.check)
        assert not findings, [str(one) for one in findings]
        self.receivers = Receivers(Kit(self.clock, Outward(self.clock, allow)), secrets)
        self.receivers.take(reader.all(self.routing))
        self.alarms = AlarmManager(self.database, self.bus, self.clock)
        self.outbox = Outbox(self.database, self.bus, self.clock, self.receivers)
        self.dispatcher = Dispatcher(self.database, self.bus, self.outbox, Texts())

    async def __aenter__(self):
        await self.database.start()
        await self.alarms.start()
        await self.outbox.start()
        await self.dispatcher.start(self.alarms, dict, self.routing)
        return self

    async def __aexit__(self, *_):
        await self.alarms.stop()
        await self.dispatcher.stop()
        await self.outbox.stop()
        await self.database.stop()

    async def story(self):
        """One alarm comes and goes; both are told."""
        text = "HIHI u_out PSU_01 (14.9 V) · übergroß"
        await self.alarms.raise_alarm(
            "PSU_01/u_out", severity="critical", text=text, device="PSU_01"
        )
        await self.clock.sleep(60)
        await self.alarms.clear("PSU_01/u_out")
        await self.clock.sleep(60)
        assert [path["ok"] for path in self.outbox.paths()] == [True], self.outbox.paths()


def parsed(envelope):
    return email.message_from_bytes(envelope.content, policy=email.policy.default)


TITLES = [
    "[CRITICAL] HIHI u_out PSU_01 (14.9 V) · übergroß",
    "[RESOLVED] HIHI u_out PSU_01 (14.9 V) · übergroß",
]


async def test_mail_arrives_with_one_id_although_the_server_refused_it_first(tmp_path):
    with Mails(["451 come again", "451 come again"]) as mails:
        below = (
            "    email_configs:\n"
            "      - {to: 'anna@example.org, lab@example.org', from: ionpy@example.org,\n"
            f"         smarthost: '127.0.0.1:{mails.port}', require_tls: false}}\n"
        )
        async with Lab(tmp_path, below) as lab:
            await lab.story()
            attempts = [one["attempts"] for one in (await lab.outbox.list())["items"]]
    first, second = map(parsed, mails.got)
    assert attempts == [1, 3]
    assert [first["Subject"], second["Subject"]] == TITLES
    assert mails.got[0].rcpt_tos == ["anna@example.org", "lab@example.org"]
    assert "CRITICAL HIHI u_out PSU_01 (14.9 V) · übergroß" in first.get_content()
    assert first["Message-ID"] != second["Message-ID"]
    assert first["X-Ionpy-Key"].count("/") == 1


async def test_a_mail_server_without_encryption_is_not_used_unless_allowed(tmp_path):
    with Mails() as mails:
        below = (
            "    email_configs: [{to: a@example.org, from: b@example.org,"
            f" smarthost: '127.0.0.1:{mails.port}'}}]\n"
        )
        async with Lab(tmp_path, below) as lab:
            (result,) = await lab.receivers.test("all")
    assert (result["ok"], mails.got) == (False, [])
    assert "does not encrypt" in result["error"]


async def test_mail_arrives_by_an_address_of_apprise(tmp_path):
    with Mails() as mails:
        below = (
            f"    apprise: ['mailto://127.0.0.1:{mails.port}"
            "?from=ionpy@example.org&to=anna@example.org&mode=insecure']\n"
        )
        async with Lab(tmp_path, below) as lab:
            await lab.story()
    assert [parsed(one)["Subject"] for one in mails.got] == TITLES


async def test_apprise_says_why_it_did_not_arrive_and_it_is_tried_again(tmp_path):
    with Mails(["550 no such user"]) as mails:
        below = (
            f"    apprise: ['mailto://127.0.0.1:{mails.port}"
            "?from=ionpy@example.org&to=anna@example.org&mode=insecure']\n"
        )
        async with Lab(tmp_path, below) as lab:
            (result,) = await lab.receivers.test("all")
            assert (result["ok"], result["channel"]) == (False, "apprise")
            assert result["error"].startswith("mailto: ")
            await lab.story()
    assert len(mails.got) == 2


async def test_a_webhook_gets_alertmanagers_form_in_order_after_an_outage(tmp_path):
    answers = [503] * 4
    with HttpSink(lambda _body: answers.pop(0) if answers else 200) as sink:
        async with Lab(tmp_path, f"    webhook_configs: [{{url: '{sink.url}'}}]\n") as lab:
            await lab.story()
            await lab.clock.sleep(120)
    assert [one.body["title"] for one in sink.taken] == TITLES
    assert [one.body["status"] for one in sink.taken] == ["firing", "resolved"]
    (alert,) = sink.taken[1].body["alerts"]
    assert alert["labels"]["device"] == "PSU_01"
    assert alert["startsAt"].endswith("Z")
    assert len({one.key for one in sink.got}) == 2


async def test_a_broker_that_comes_back_has_both_messages_in_order(tmp_path):
    async with Mosquitto(tmp_path / "broker", "log_type all") as broker:
        below = f"    mqtt: {{broker: '127.0.0.1:{broker.port}', topic: lab/alarms, qos: 2}}\n"
        async with Lab(tmp_path, below) as lab:
            await broker.kill()
            await lab.alarms.raise_alarm("PSU_01/u_out", text="HIHI u_out", device="PSU_01")
            await lab.clock.sleep(30)
            with lab.clock.hold():  # the foreign client listens before the next try
                await broker.start()
                process = await _listening(broker)
            await lab.clock.sleep(60)
            await lab.alarms.clear("PSU_01/u_out")
            await lab.clock.sleep(60)
            with lab.clock.hold():
                out, _ = await process.communicate()
    said = [json.loads(line) for line in out.decode().splitlines()]
    assert [one["title"] for one in said] == ["[WARNING] HIHI u_out", "[RESOLVED] HIHI u_out"]
    assert said[0]["key"] != said[1]["key"]


async def _listening(broker):
    process = await asyncio.create_subprocess_exec(
        tool_path("mosquitto_sub"),
        *("-h", "127.0.0.1", "-p", str(broker.port), "-t", "lab/alarms", "-C", "2", "-W", "5"),
        stdout=asyncio.subprocess.PIPE,
    )
    for _ in range(500):
        if b"lab/alarms" in broker._log.read_bytes():
            break
        await asyncio.sleep(0.02)
    return process


@pytest.mark.parametrize(
    "below",
    [
        "    email_configs: [{to: a@b.c, from: a@b.c, smarthost: '127.0.0.1:25'}]\n",
        "    apprise: ['mailto://127.0.0.1:25?from=ionpy@example.org&to=anna@example.org']\n",
        "    mqtt: {broker: '127.0.0.1:1883', topic: a}\n",
        "    webhook_configs: ['http://127.0.0.1:1/']\n",
    ],
    ids=["email", "apprise", "mqtt", "webhook"],
)
async def test_this_machine_is_not_reached_unless_allowed(tmp_path, below):
    async with Lab(tmp_path, below, allow=()) as lab:
        (result,) = await lab.receivers.test("all")
    assert result["error"] == "127.0.0.1 is an address of this machine or link"
