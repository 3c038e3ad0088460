"""Who wants one value is found by it: never one too few, and in the order they came."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.rules.values import same_value
from ionpy_auto.connections.audience import Audience
from ionpy_auto.connections.messages import Message, Wish


@dataclass(frozen=True)
class Who:
    number: int
    wish: Wish


WRITTEN = (
    "true",
    "false",
    "on",
    "3",
    "3.0",
    "3.000000001",
    "3 V",
    "3000 mV",
    "1e3",
    "-0",
    "0",
    "nan",
)
SENT = (b"true", b"on", b"3", b"3.0000000005", b"1000", b"0", b'"3"', b"nan", b"{}", b"", b"\xff")

wishes = st.lists(
    st.builds(
        Wish,
        topic=st.just("t"),
        retained=st.booleans(),
        value=st.none() | st.sampled_from(WRITTEN),
        path=st.sampled_from(((), ("a",), ("a", "0"))),
    ),
    max_size=20,
)
payloads = st.sampled_from(SENT) | st.sampled_from(SENT).map(lambda value: b'{"a":%s}' % value)


@given(wishes, payloads)
def test_all_who_want_a_message_get_it_in_order(wanted, payload):
    members = [Who(number, wish) for number, wish in enumerate(wanted)]
    message = Message("lab", "t", payload)
    found = list(Audience(members).of(message))
    assert found == sorted(found, key=lambda one: one.number)
    for one in members:
        value = message.value(one.wish.path)
        if one.wish.value is None or (value is not None and same_value(one.wish.value, value)):
            assert one in found


def test_who_wants_another_value_is_not_asked():
    members = [Who(n, Wish("t", value=str(n), path=("n",))) for n in range(1000)]
    found = Audience(members).of(Message("lab", "t", b'{"n": 7}'))
    assert [one.number for one in found] == [7]
