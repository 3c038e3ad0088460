"""Connections against a real mosquitto, with mosquitto_pub and mosquitto_sub on the other side."""

import asyncio
import signal
import subprocess

import pytest

from ionpy_auto.connections.messages import Wish
from ionpy_auto.core.errors import Conflict, NotFound, Rejected, Unavailable
from tests.acceptance.connections.lab import Mosquitto, entry, free_port


async def test_what_a_foreign_client_publishes_is_heard(lab, broker):
    lab.listen("lab/oven/temp")
    await lab.subscribed("lab", "lab/oven/temp")
    await broker.pub("-t", "lab/oven/temp", "-m", "23.5")
    await lab.until(lambda: lab.heard)
    assert lab.said == [("lab/oven/temp", b"23.5")]
    assert lab.heard[0].value() == 23.5


@pytest.mark.parametrize("qos", [0, 1])
async def test_what_we_publish_a_foreign_client_hears(lab, broker, qos):
    hearing = asyncio.ensure_future(broker.sub("-t", "out/#", "-C", "1", "-F", "%t %p", "-W", "10"))
    lab.listen("$SYS/broker/clients/connected", retained=True)  # tells when the other is there
    answer = {}
    while not hearing.done():  # the foreign client needs a moment to subscribe
        answer = await lab.publish("out/1", "on", qos=qos)
        await asyncio.sleep(0.02)
    assert (await hearing).strip() == "out/1 on"
    assert answer == {
        "connection": "lab",
        "topic": "out/1",
        "bytes": 2,
        "outcome": "done",
        "acknowledged": qos == 1,
    }


async def test_wildcards_take_what_the_standard_says(lab, broker):
    lab.listen("a/+/c")
    lab.listen("a/#")
    await lab.subscribed("lab", "a/+/c", "a/#")
    for topic in ("a", "a/b", "a/b/c", "b/b/c", "end"):
        await broker.pub("-t", topic, "-m", "x", "-q", "1")
    lab.listen("end")
    await lab.subscribed("lab", "a/+/c", "a/#", "end")
    await lab.publish("end")
    await lab.until(lambda: lab.said and lab.said[-1][0] == "end")
    # a/b/c is for both listeners; brokers may send it once or once for each filter.
    topics = [topic for topic, _ in lab.said]
    assert topics[:2] == ["a", "a/b"]
    assert set(topics[2:-1]) == {"a/b/c"}


async def test_a_message_for_two_filters_reaches_each_listener_once(lab, broker):
    once, twice = [], []
    lab.manager.listen(Wish("a/+"), once.append)
    lab.manager.listen(Wish("a/#"), twice.append)
    lab.listen("end")
    await lab.subscribed("lab", "a/+", "a/#", "end")
    await broker.pub("-t", "a/b", "-m", "1")
    await lab.publish("end")
    await lab.until(lambda: lab.heard)
    assert (len(once), len(twice)) == (1, 1)


async def test_retained_messages_are_heard_only_by_who_wants_them(lab, broker):
    await broker.pub("-t", "kept", "-m", "old", "-r")
    heard = []
    lab.manager.listen(Wish("kept"), heard.append)
    await lab.subscribed("lab", "kept")
    lab.listen("kept", retained=True)  # joins a subscription that is there: asked again
    await lab.until(lambda: lab.heard)
    assert lab.heard[0].retained
    assert heard == []
    lab.listen("kept", retained=True)
    await lab.until(lambda: len(lab.heard) == 2)
    await lab.publish("kept", "new")
    await lab.until(lambda: len(lab.heard) == 4)
    assert [message.payload for message in heard] == [b"new"]  # the first was not told again


async def test_we_can_leave_a_message_for_those_who_come_later(lab, broker):
    await lab.publish("state/ionpy", "here", qos=1, retain=True)
    assert (await broker.sub("-t", "state/ionpy", "-C", "1", "-W", "10")).strip() == "here"


async def test_the_broker_is_asked_once_however_many_listen(lab, broker):
    first, second = lab.listen("t"), lab.listen("t")
    await lab.subscribed("lab", "t")
    first()
    await lab.subscribed("lab", "t")
    await broker.pub("-t", "t", "-m", "1")
    await lab.until(lambda: lab.heard)
    second()
    await lab.subscribed("lab")
    assert lab.manager.get("lab").manifest()["subscriptions"] == []
    assert len(lab.heard) == 1


# -- outages --------------------------------------------------------------------------------


async def test_after_the_broker_was_killed_messages_arrive_again(lab, broker):
    lab.listen("t/#")
    await lab.subscribed("lab", "t/#")
    for _ in range(2):
        await broker.kill()
        await lab.state("lab", "offline")
        with pytest.raises(Unavailable) as refused:
            await lab.publish("t/late", "never")
        assert refused.value.error_code == "BROKER_OFFLINE"
        await broker.start()
        await lab.state("lab", "online")
        await lab.subscribed("lab", "t/#")
    await broker.pub("-t", "t/1", "-m", "back")
    await lab.until(lambda: lab.heard)
    # What was refused while the broker was away is not sent afterwards.
    assert lab.said == [("t/1", b"back")]
    counters = lab.manager.get("lab").manifest()["counters"]
    assert (counters["connects"], counters["losses"], counters["failed"]) == (3, 2, 2)


async def test_a_frozen_broker_blocks_nothing_and_a_command_ends_with_an_error(lab, broker):
    broker._process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable) as refused:
            await lab.publish("t", "1", qos=1, timeout_s=0.2)
        assert refused.value.error_code == "NOT_PUBLISHED"
    finally:
        broker._process.send_signal(signal.SIGCONT)


async def test_a_broker_that_never_answers_is_given_up_when_stopped(bench):
    writers = []
    server = await asyncio.start_server(lambda _, w: writers.append(w), "127.0.0.1", 0)
    bench.write(entry(server.sockets[0].getsockname()[1]))
    await bench.manager.start()
    await bench.until(lambda: len(writers) == 2)  # it knocked, and now waits to be let in
    async with asyncio.timeout(5):  # less than it would wait for the broker's word
        await bench.manager.stop()
    assert bench.manager.connections == {}
    for writer in writers:
        writer.close()
    server.close()


async def test_an_absent_broker_says_what_to_do(bench):
    bench.write(entry(free_port()))
    await bench.manager.start()
    await bench.state("lab", "offline")
    assert "nobody answers" in bench.manager.get("lab").hint
    test = await bench.manager.get("lab").test()
    assert not test["success"]
    assert "firewall" in test["steps"][-1]["hint"]


# -- passwords and certificates -------------------------------------------------------------


@pytest.fixture
def passwords(tmp_path):
    file = tmp_path / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", file, "anna", "right"]
    subprocess.run(command, check=True, timeout=10)
    return file


@pytest.fixture
async def guarded(tmp_path, passwords):
    lines = ("allow_anonymous false", f"password_file {passwords}")
    async with Mosquitto(tmp_path / "guarded", *lines) as broker:
        yield broker


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_wrong_password_is_said_and_the_right_one_lets_in(bench, guarded, version):
    params = {"username": "anna", "password": "wrong", "version": version}
    await bench.manager.start()
    await bench.manager.add(entry(guarded.port, params=params))
    await bench.state("lab", "error")
    assert "user name or password" in bench.manager.get("lab").hint
    test = await bench.manager.get("lab").test()
    assert [step["ok"] for step in test["steps"]] == [True, False]
    assert "secret" in test["steps"][-1]["hint"]

    params["password"] = "right"
    answer = await bench.manager.replace("lab", entry(guarded.port, params=params))
    await bench.state("lab", "online")
    test = await bench.manager.get("lab").test()
    assert test["success"], test
    assert [step["message"] for step in test["steps"]][-1] == "a message came back"
    # The password is neither in the project nor in the answer, and only we read its file.
    assert answer["params"]["password"] == "secret:connection-lab-password"
    assert "right" not in bench.file.read_text(encoding="utf-8")
    assert (bench.config / "secrets.json").stat().st_mode & 0o777 == 0o600


def make_ca(folder):
    """A certificate authority, and certificates for the broker and for us."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)

    folder.mkdir()
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=Lab CA")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", encoding="utf-8")
    for name in ("broker", "us"):
        openssl(
            "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", f"{name}.crt", "-extfile", "ext", "-days", "2"),
        )


async def test_tls_with_an_authority_of_the_lab_and_a_certificate_of_our_own(bench, tmp_path):
    folder = bench.config / "tls"
    make_ca(folder)
    lines = (
        f"cafile {folder / 'ca.crt'}",
        f"certfile {folder / 'broker.crt'}",
        f"keyfile {folder / 'broker.key'}",
        "require_certificate true",
    )
    tls = {"ca": "tls/ca.crt", "cert": "tls/us.crt", "key": "tls/us.key"}
    async with Mosquitto(tmp_path / "tls", *lines) as broker:
        bench.write(
            entry(broker.port, "good", params={"tls": tls}),
            entry(broker.port, "stranger", params={"tls": {}}),
            entry(broker.port, "lost", params={"tls": {"ca": "tls/none.crt"}}),
        )
        bench.listen("t", "good")
        await bench.manager.start()
        await bench.state("good", "online")
        await bench.subscribed("good", "t")
        await bench.publish("t", "secret", connection="good", qos=1)
        await bench.until(lambda: bench.heard)
        assert bench.said == [("t", b"secret")]
        assert (await bench.manager.get("good").test())["success"]
        # Others do not get in, and each is told why.
        await bench.state("stranger", "error")
        assert "certificate" in bench.manager.get("stranger").hint
        await bench.state("lost", "error")
        assert "config folder" in bench.manager.get("lost").hint


# -- several, floods, garbage ---------------------------------------------------------------


async def test_two_brokers_at_once_are_kept_apart(bench, broker, tmp_path):
    async with Mosquitto(tmp_path / "second") as second:
        bench.write(entry(broker.port, "one"), entry(second.port, "two", params={"version": "5"}))
        bench.listen("t", "one")
        bench.listen("both")
        await bench.manager.start()
        await bench.subscribed("one", "t", "both")
        await bench.subscribed("two", "both")
        await second.pub("-t", "t", "-m", "not for one")
        await second.pub("-t", "both", "-m", "2")
        await bench.until(lambda: bench.heard)
        await bench.publish("t", "mine", connection="one")
        await bench.until(lambda: len(bench.heard) == 2)
        assert [(m.connection, m.payload) for m in bench.heard] == [("two", b"2"), ("one", b"mine")]
        with pytest.raises(Rejected) as unclear:
            await bench.publish("t", "where to?")
        assert unclear.value.error_code == "BROKER_UNCLEAR"
        with pytest.raises(NotFound):
            await bench.publish("t", "x", connection="three")
        # One of them dies: the other does not notice.
        await second.kill()
        await bench.state("two", "offline")
        await bench.publish("t", "still", connection="one")
        await bench.until(lambda: len(bench.heard) == 3)


async def test_a_flood_is_bounded_counted_and_pushes_nobody_else_out(bench, broker):
    bench.write(entry(broker.port, max_pps=200, params={"queue": 100}))
    bench.listen("#")
    await bench.manager.start()
    await bench.subscribed("lab", "#")
    flood = "".join(f"{number}\n" for number in range(20_000)).encode()
    noise = asyncio.ensure_future(broker.pub("-t", "noise", "-l", stdin=flood))
    connection = bench.manager.get("lab")
    await bench.until(lambda: connection.counters.received > 5_000)
    await broker.pub("-t", "alarm", "-m", "hot", "-q", "1")  # in the middle of it
    await bench.until(lambda: ("alarm", b"hot") in bench.said)
    assert await noise == 0
    manifest = connection.manifest()
    counters = manifest["counters"]
    assert manifest["waiting"] <= 100
    assert counters["dropped"] > 1_000
    accounted = counters["delivered"] + counters["dropped"] + manifest["waiting"]
    assert accounted == counters["received"]
    # The newest of the noisy topic came through at last, in order.
    await bench.until(lambda: not connection.manifest()["waiting"])
    numbers = [int(m.payload) for m in bench.heard if m.topic == "noise"]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 19_999


async def test_garbage_is_carried_and_breaks_nothing(lab, broker):
    garbage = [
        b"",
        b"\x00\xff\xfe",
        b"{" * 500,
        b"[" * 100_000,
        b"NaN",
        b"\xc3\x28",
        b"x" * 300_000,
    ]
    lab.listen("junk/#")
    lab.listen("end")
    await lab.subscribed("lab", "junk/#", "end")
    for number, payload in enumerate(garbage):
        how = ("-s",) if payload else ("-n",)
        assert await broker.pub("-t", f"junk/{number}", *how, stdin=payload or None) == 0
    await broker.pub("-t", "end", "-n")
    await lab.until(lambda: lab.said and lab.said[-1][0] == "end")
    assert [payload for _, payload in lab.said[:-1]] == garbage[:-1]
    assert [m.value(("a",)) for m in lab.heard] == [None] * len(garbage)
    assert lab.manager.get("lab").counters.too_large == 1


async def test_detached_it_stays_online_but_is_cut_off(lab, broker):
    connection = lab.manager.get("lab")
    lab.listen("t")
    await lab.subscribed("lab", "t")
    connection.set_detached(detached=True)
    await broker.pub("-t", "t", "-m", "1")
    await lab.until(lambda: connection.counters.unheard == 1)
    with pytest.raises(Conflict) as refused:
        await lab.publish("t", "2")
    assert refused.value.error_code == "CONNECTION_DETACHED"
    assert connection.state == "online"
    connection.set_detached(detached=False)
    await lab.publish("t", "3")
    await lab.until(lambda: lab.heard)
    assert lab.said == [("t", b"3")]


async def test_in_shadow_nothing_is_published_unless_the_connection_says_so(bench, broker):
    bench.write(
        entry(broker.port, "quiet"), entry(broker.port, "loud", params={"publish": "always"})
    )
    bench.armed = False
    await bench.manager.start()
    for name in ("quiet", "loud"):
        await bench.state(name, "online")
    bench.listen("t", "loud")
    await bench.subscribed("loud", "t")
    told = await bench.publish("t", "1", connection="quiet", qos=1)
    assert (told["outcome"], told["acknowledged"], told["bytes"]) == ("shadowed", False, 1)
    with pytest.raises(Rejected):  # it is looked at all the same
        await bench.publish("t/#", "1", connection="quiet")
    assert (await bench.publish("t", "2", connection="loud"))["outcome"] == "done"
    bench.armed = True
    assert (await bench.publish("t", "3", connection="quiet"))["outcome"] == "done"
    await bench.until(lambda: len(bench.heard) == 2)
    assert bench.said == [("t", b"2"), ("t", b"3")]
    assert bench.manager.get("quiet").counters.sent == 1


async def test_the_last_will_is_told_when_we_are_gone(bench, broker):
    will = {"topic": "state/ionpy", "payload": "gone", "retain": True}
    bench.write(entry(broker.port, params={"will": will}))
    await bench.manager.start()
    await bench.state("lab", "online")
    connection = bench.manager.get("lab")
    connection._client._client._sock.shutdown(2)  # the wire is cut
    said = await broker.sub("-t", "state/ionpy", "-C", "1", "-W", "10")
    assert said.strip() == "gone"


async def test_definitions_on_disk_take_effect_and_a_bad_one_stops_no_other(bench, broker):
    bench.write(entry(broker.port))
    bench.listen("t")
    await bench.manager.start()
    await bench.subscribed("lab", "t")
    running = bench.manager.get("lab")
    bench.write(
        entry(broker.port),
        entry(broker.port, "bad", params={"password": "plain"}),
        entry(broker.port, "two"),
    )
    await bench.until(lambda: bench.manager.findings)
    await bench.state("two", "online")
    assert bench.manager.get("lab") is running
    (finding,) = bench.manager.findings
    assert finding.path == "connections.1.params.password"
    assert finding.line == 14
    await bench.subscribed("two", "t")  # who listens to all hears the new one, too
    bench.file.write_text("{broken", encoding="utf-8")
    await bench.until(lambda: bench.manager.findings[0].code == "unreadable")
    assert running.state == "online"
    bench.write(entry(broker.port, "two"))
    await bench.until(lambda: list(bench.manager.connections) == ["two"])
    await bench.until(lambda: running.state == "stopped")
