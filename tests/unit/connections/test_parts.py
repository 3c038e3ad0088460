"""Topics, payloads, the box of what waits, secrets and pauses: each by itself."""

import json
import math

import pytest
from aiomqtt import Topic
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.connections.connection import BackOff
from ionpy_auto.connections.inbox import Inbox
from ionpy_auto.connections.messages import MAX_TEXT, Message, parse_path
from ionpy_auto.connections.mqtt import endpoint_of
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.connections.topics import filter_problem, matches, topic_problem
from ionpy_auto.core.errors import BadInput, ConfigInvalid, NotFound

LEVEL = st.sampled_from(["a", "b", "", "$SYS", "+", "#", "a+"])
FILTERS = st.lists(LEVEL, min_size=1, max_size=4).map("/".join)
TOPICS = st.lists(st.sampled_from(["a", "b", "", "c"]), min_size=1, max_size=4).map("/".join)


@given(FILTERS, TOPICS)
def test_a_filter_takes_what_another_implementation_takes(wanted, topic):
    if filter_problem(wanted) or topic_problem(topic):
        return
    assert matches(wanted, topic) is Topic(topic).matches(wanted)


@given(st.text(max_size=20))
def test_a_topic_that_may_be_published_to_matches_itself(topic):
    if not topic_problem(topic):
        assert filter_problem(topic) == ""
        assert matches(topic, topic)


def test_wildcards_at_the_front_leave_the_broker_to_itself():
    assert not matches("#", "$SYS/uptime")
    assert not matches("+/uptime", "$SYS/uptime")
    assert matches("$SYS/#", "$SYS/uptime")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(JSON)
def test_only_plain_finite_scalars_leave_a_message(content):
    message = Message("lab", "t", json.dumps(content).encode())
    value = message.value()
    assert value is None or isinstance(value, bool | float | str)
    assert not isinstance(value, float) or math.isfinite(value)
    if isinstance(content, bool | str):
        assert value == content


@given(st.binary(max_size=200), st.lists(st.text(max_size=3), max_size=3))
def test_no_bytes_break_a_message(payload, path):
    value = Message("lab", "t", payload).value(tuple(path))
    assert value is None or isinstance(value, bool | float | str)


@pytest.mark.parametrize(
    "payload", [b"[" * 60_000, b"9" * 60_000, b'{"a":' * 10_000, b"\xed\xa0\x80"]
)
def test_hostile_payloads_have_no_value_but_a_text(payload):
    message = Message("lab", "t", payload)
    assert message.value(("a",)) is None
    assert message.text is None or len(message.text) <= MAX_TEXT


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("$.a.b", ("a", "b")),
        ("cells[2].voltage", ("cells", "2", "voltage")),
        ("[0][1]", ("0", "1")),
        ("a-b.c_d", ("a-b", "c_d")),
    ],
)
def test_paths(text, steps):
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    "text", ["", "$", "a..b", "a.", ".", "a[x]", "a[-1]", "a b", "a." * 20 + "a"]
)
def test_what_is_no_path(text):
    with pytest.raises(BadInput):
        parse_path(text)


# -- the box --------------------------------------------------------------------------------


@given(
    st.lists(st.none() | st.sampled_from("abc"), max_size=120),
    st.integers(1, 8),
    st.integers(1, 4),
)
def test_the_box_is_bounded_in_order_and_counts_what_it_loses(steps, bound, per_topic):
    box, came, went = Inbox(bound, per_topic), 0, []
    for step in steps:
        if step is None:
            message = box.take()
            went += [message] if message else []
        else:
            box.put(Message("lab", step, str(came).encode()))
            came += 1
        assert len(box) <= bound
        assert came == len(went) + len(box) + box.dropped
    while (message := box.take()) is not None:
        went.append(message)
    numbers = [int(message.payload) for message in went]
    assert numbers == sorted(numbers)
    assert len(box) == 0
    assert not box._void.total()


def test_a_noisy_topic_does_not_push_out_a_rare_one():
    box = Inbox(10, 5)
    box.put(Message("lab", "rare", b""))
    for number in range(1000):
        box.put(Message("lab", "noise", str(number).encode()))
    assert box.take().topic == "rare"
    assert [box.take().payload for _ in range(5)] == [b"995", b"996", b"997", b"998", b"999"]
    assert (len(box), box.dropped) == (0, 995)


# -- secrets, pauses, endpoints --------------------------------------------------------------


def test_secrets_are_for_us_alone_and_the_environment_comes_first(tmp_path):
    path = tmp_path / "config" / "secrets.json"
    secrets = Secrets(path, {"IONPY_SECRET_OTHER_ONE": "from outside"})
    assert secrets.put("lab", "word") == "secret:lab"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert secrets.get("secret:lab") == "word"
    assert path.stat().st_mode & 0o777 == 0o600  # put right when it is read
    assert secrets.get("secret:other-one") == "from outside"
    assert secrets.get("") == ""
    with pytest.raises(NotFound):
        secrets.get("secret:none")


def test_a_broken_secrets_file_is_never_overwritten(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text("{broken", encoding="utf-8")
    with pytest.raises(ConfigInvalid):
        Secrets(path, {}).put("lab", "word")
    assert path.read_text(encoding="utf-8") == "{broken"


@given(st.integers(0, 10_000))
def test_pauses_grow_to_a_bound(failures):
    retry = BackOff()
    assert 0.8 <= retry.pause(failures) <= 72.0
    assert retry.pause(failures, refused=True) >= 48.0


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("lab:1883", ("lab", 1883)),
        ("[::1]:1883", ("::1", 1883)),
        ("lab", ("", 0)),
        ("lab:0", ("lab", 0)),
        ("lab:99999", ("lab", 0)),
        ("mqtt://lab:1883", ("", 0)),
        ("u:p@lab:1883", ("", 0)),
    ],
)
def test_endpoints(text, there):
    assert endpoint_of(text) == there
