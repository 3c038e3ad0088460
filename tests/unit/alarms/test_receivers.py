"""Receivers as people write them: what is taken, what is refused where, and what is never shown."""

import json

import pytest

from ionpy_auto.alarms.channels import CHANNELS
from ionpy_auto.alarms.channels.apprise import SCHEMES, _service
from ionpy_auto.alarms.receiver_reader import ReceiverReader
from ionpy_auto.alarms.routing import read_routing
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.errors import Forbidden, NotFound
from tests.unit.alarms.delivery import Collector, Post

FILE = """
route: {receiver: lab}
receivers:
  - name: lab
    webhook_configs:
      - url: https://hooks.example.org/${HOOK}
      - url: secret:whole
    email_configs:
      - {to: 'lab@example.org, anna@example.org', from: ionpy@example.org,
         smarthost: 'mail.example.org:587', auth_username: ionpy, auth_password: '${MAIL}'}
    apprise:
      - tgram://${TELEGRAM}/42
      - {url: 'ntfys://push.example.org/lab?priority=high'}
    mqtt: {broker: 'broker.example.org:1883', topic: lab/alarms, qos: 2, retain: true}
    browser: {sound: true}
    title: '{{ severity|upper }} {{ firing }}'
    fallback: boss
  - name: boss
    webhook_configs: {url: 'https://hooks.example.org/boss'}
"""


def secrets(tmp_path, **known):
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(known))
    path.chmod(0o600)
    return Secrets(path, {})


def read(tmp_path, text, **known):
    reader = ReceiverReader(secrets(tmp_path, **known))
    routing, findings = read_routing(text, check=reader.check)
    return routing and reader.all(routing), findings


def test_every_kind_of_address_is_read_and_no_secret_is_shown(tmp_path):
    known = {"HOOK": "s3cret", "whole": "https://hooks.example.org/s3cret"}
    known |= {"MAIL": "s3cret", "TELEGRAM": "123456789:s3cret"}
    receivers, findings = read(tmp_path, FILE, **known)
    assert [str(finding) for finding in findings if finding.code != "unused-receiver"] == []
    lab = receivers["lab"]
    assert [(way.channel, way.number, way.shown) for way in lab.ways] == [
        ("apprise", 0, "tgram://…"),
        ("apprise", 1, "ntfys://…"),
        ("browser", 0, "pages with sound"),
        ("email", 0, "lab@example.org, anna@example.org by mail.example.org:587"),
        ("mqtt", 0, "broker.example.org:1883 lab/alarms"),
        ("webhook", 0, "https://hooks.example.org/…"),
        ("webhook", 1, "…"),
    ]
    assert (lab.fallback, lab.title) == ("boss", "{{ severity|upper }} {{ firing }}")
    post = Post(Collector())
    post.receivers.take(receivers)
    assert "s3cret" not in str(post.receivers.shown([])) + str(receivers)


async def test_a_secret_is_put_in_when_a_message_leaves_and_may_come_later(tmp_path):
    receivers, findings = read(tmp_path, FILE)
    assert {finding.code for finding in findings} == {"no-secret", "unused-receiver"}
    assert all(finding.severity == "warning" for finding in findings)
    collector = Collector()
    post = Post(collector)
    hooks = receivers["lab"]
    post.receivers.take({"lab": type(hooks)("lab", hooks.ways[5:6])})
    post.receivers._secrets = secrets(tmp_path)
    await post.outbox.send("lab", "t", "m")
    await post.clock.sleep(1)
    assert post.outbox.recent[0].error == "there is no secret 'HOOK'"
    post.receivers._secrets = secrets(tmp_path, HOOK="s3cret")
    await post.clock.sleep(30)
    assert [request.url.path for request in collector.requests] == ["/s3cret"]
    await post.outbox.stop()


BAD = {
    "an unknown channel": ("telegram_configs: [{chat: 1}]", "unknown-key", 5),
    "no URL": ("webhook_configs: [{url: hooks.example.org}]", "wrong-value", 5),
    "a key nobody knows": ("webhook_configs:\n      - url: https://a.example\n        header: x",
                           "unknown-key", 7),
    "a missing key": ("email_configs: [{to: a@example.org, smarthost: 'a:25'}]", "missing-key", 5),
    "no mail address": ("email_configs: [{to: anna, from: a@b.c, smarthost: 'a:25'}]",
                        "wrong-value", 5),
    "a header hidden in an address": (
        "email_configs: [{to: \"a@b.c\\nBcc: x@y.z\", from: a@b.c, smarthost: 'a:25'}]",
        "wrong-value", 5),
    "no port": ("email_configs: [{to: a@b.c, from: a@b.c, smarthost: mail}]", "wrong-value", 5),
    "a scheme that reads files": ("apprise: ['file:///etc/passwd']", "wrong-value", 5),
    "a scheme for any request": ("apprise: ['json://example.org']", "wrong-value", 5),
    "a scheme that runs something": ("apprise: ['syslog://']", "wrong-value", 5),
    "an attachment": ("apprise: ['ntfys://h.example/t?attach=/etc/passwd']", "wrong-value", 5),
    "a template of a file": ("apprise: ['slack://a/b/c/d?template=/etc/passwd']", "wrong-value", 5),
    "a key file": ("apprise: ['mailtos://u:p@h.example?pgpprv=/etc/passwd']", "wrong-value", 5),
    "redirects": ("apprise: ['gotify://h.example/t?redirect=yes']", "wrong-value", 5),
    "a header": ("apprise: ['mailtos://u:p@h.example?+X=1']", "wrong-value", 5),
    "a topic with a wildcard": ("mqtt: {broker: 'a:1883', topic: 'a/#'}", "wrong-value", 5),
    "at most once": ("mqtt: {broker: 'a:1883', topic: a, qos: 0}", "wrong-value", 5),
    "a text for a map": ("mqtt: broker", "wrong-type", 5),
    "a template that calls": ("title: '{{ x() }}'", "bad-template", 5),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused_with_line_and_column(tmp_path, name):
    body, code, line = BAD[name]
    text = f"route: {{receiver: lab}}\n\nreceivers:\n  - name: lab\n    {body}\n"
    receivers, findings = read(tmp_path, text)
    assert receivers is None
    finding = findings[0]
    assert (finding.code, finding.line) == (code, line)
    assert finding.column > 4


def test_the_library_of_chats_knows_every_scheme_that_is_taken():
    with pytest.raises(Forbidden):
        _service("tgram://")  # loads it
    from apprise.manager_plugins import NotificationManager  # noqa: PLC0415 - large

    assert [scheme for scheme in SCHEMES if scheme not in NotificationManager()] == []


async def test_a_host_of_ones_own_is_looked_at_before_every_message(monkeypatch):
    post = Post(Collector())

    async def inside(host, port):
        return ("169.254.169.254",)

    monkeypatch.setattr(post.receivers.kit.outward, "_resolve", inside)
    for url in (
        "gotify://meta.example/tokentokentok",
        "ntfys://meta.example/topic",
        "mailto://u:p@example.org?smtp=meta.example",
        "matrixs://u:p@meta.example/#room",
    ):
        with pytest.raises(Forbidden, match="is an address of this machine or link"):
            channel = post.receivers.channel("apprise")
            target = channel.target.model_validate({"url": url})
            await channel.deliver(target, _letter())


def _letter():
    post = Post(Collector())
    from ionpy_auto.alarms.outbox_store import Entry  # noqa: PLC0415

    return Entry("k", "lab", "apprise", "t", "m", post.clock.now(), 0.0).letter()


def test_an_incomplete_address_is_refused_by_the_library_and_its_secret_not_named():
    with pytest.raises(Forbidden, match="not complete") as caught:
        _service("tgram://s3cret")
    assert "s3cret" not in str(caught.value)


async def test_an_address_that_is_gone_fails_for_good():
    post = Post(Collector())
    await post.outbox.send("lab", "t", "m")
    post.receivers.take({})
    with pytest.raises(NotFound, match="no such address any more"):
        await post.receivers.deliver(post.outbox.recent[0])
    await post.outbox.stop()


def test_all_channels_are_found_by_scanning():
    assert CHANNELS.names() == ["apprise", "browser", "email", "log", "mqtt", "webhook"]
