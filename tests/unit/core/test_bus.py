"""The bus: who gets what, in which order, and what is lost where."""

import asyncio

import pytest

from ionpy_auto.core.bus import Bus, Event, Overflow, topic_of
from ionpy_auto.core.errors import Unavailable
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Snapshot


def event(kind: str, **payload: object) -> Event:
    return Event(kind, payload, 0.0, 0.0)


def snapshot(source: str, *points: str, value: float = 1.0) -> Snapshot:
    samples = tuple(
        Sample(p, value, "V", Quality.GOOD, AlarmState.NORMAL, 0.0, 0.0) for p in points
    )
    return Snapshot(source, 0.0, 0.0, 0.0, samples)


def numbers(messages: list) -> list[int]:
    return [message.payload["n"] for message in messages]


def test_taps_are_called_in_order_those_of_a_prefix_first() -> None:
    bus, seen = Bus(), []
    bus.tap("event/hot", lambda _: seen.append("exact"))
    bus.tap("event/", lambda _: seen.append("first"))
    bus.tap("event/", lambda _: seen.append("second"))
    bus.publish(event("hot"))
    assert seen == ["first", "second", "exact"]


def test_a_failing_tap_does_not_stop_the_others_and_is_counted() -> None:
    bus, seen = Bus(), []
    bus.tap("event/", lambda _: 1 / 0)
    bus.tap("event/", lambda _: seen.append("still here"))
    bus.publish(event("hot"))
    assert seen == ["still here"]
    assert bus.counters()["listener_errors"] == 1


@pytest.mark.parametrize(
    ("topic", "message", "gets"),
    [
        ("sample/", snapshot("PSU_01"), True),
        ("sample/PSU_01", snapshot("PSU_01"), True),
        ("sample/PSU_0", snapshot("PSU_01"), False),
        ("sample/PSU_01", snapshot("PSU_010"), False),
        ("event/", snapshot("PSU_01"), False),
        ("event/hot", event("hot"), True),
        ("event/hot", event("hotter"), False),
        ("sample/lab/", snapshot("lab/psu"), True),
        ("sample/lab/psu", snapshot("lab/psu"), True),
    ],
)
def test_topics_and_prefixes(topic: str, message: object, gets: bool) -> None:
    bus, seen = Bus(), []
    bus.tap(topic, seen.append)
    queue = bus.subscribe(topic, name="q", policy=Overflow.DROP_OLDEST)
    bus.publish(message)
    assert (bool(seen), bool(queue.drain())) == (gets, gets)


def test_who_listens_in_two_ways_gets_a_message_once() -> None:
    bus, seen = Bus(), []
    bus.tap(["event/", "event/hot", "event/hot"], seen.append)
    queue = bus.subscribe(["event/", "event/hot"], name="q", policy=Overflow.CLOSE)
    bus.publish(event("hot"))
    assert len(seen) == 1
    assert len(queue.drain()) == 1


@pytest.mark.parametrize("topic", ["event", "samples/", "", "/", "hot"])
def test_a_topic_nobody_publishes_is_refused(topic: str) -> None:
    bus = Bus()
    with pytest.raises(ValueError, match="topic"):
        bus.tap(topic, print)
    with pytest.raises(ValueError, match="topic"):
        bus.subscribe(topic, name="q", policy=Overflow.CLOSE)


def test_leaving_twice_does_not_take_someone_elses_registration() -> None:
    bus, seen = Bus(), []
    leave = bus.tap("event/", seen.append)
    bus.tap("event/", seen.append)
    leave()
    leave()
    bus.publish(event("hot"))
    assert len(seen) == 1


def test_a_tap_that_left_during_a_message_does_not_get_it() -> None:
    bus, seen = Bus(), []
    bus.tap("event/", lambda _: leave())
    leave = bus.tap("event/", seen.append)
    bus.tap("event/", lambda _: seen.append("last"))
    bus.publish(event("hot"))
    assert seen == ["last"]


def test_a_listener_that_comes_during_a_message_gets_the_next_one() -> None:
    bus, seen = Bus(), []
    bus.tap("event/first", lambda _: bus.tap("event/", seen.append))
    bus.publish(event("first"))
    bus.publish(event("second"))
    assert [m.kind for m in seen] == ["second"]


def test_an_answer_stands_behind_its_cause_in_a_queue() -> None:
    bus = Bus()
    queue = bus.subscribe(["sample/", "event/"], name="q", policy=Overflow.CLOSE)
    bus.tap("sample/", lambda _: bus.publish(event("limit")))
    bus.publish(snapshot("PSU_01"))
    assert [topic_of(m) for m in queue.drain()] == ["sample/PSU_01", "event/limit"]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [(Overflow.DROP_OLDEST, [2, 3, 4]), (Overflow.DROP_NEWEST, [0, 1, 2])],
)
def test_a_full_queue_keeps_what_its_policy_says(policy: Overflow, kept: list[int]) -> None:
    bus = Bus()
    queue = bus.subscribe("event/", name="q", policy=policy, bound=3)
    for n in range(5):
        bus.publish(event("hot", n=n))
    assert queue.dropped == 2
    assert bus.counters()["subscriptions"] == [
        {"name": "q", "policy": policy, "depth": 3, "dropped": 2}
    ]
    assert numbers(queue.drain()) == kept
    assert len(queue) == 0


def test_coalesce_keeps_the_newest_of_each_topic_oldest_first() -> None:
    bus = Bus()
    queue = bus.subscribe("event/", name="q", policy=Overflow.COALESCE, bound=1)
    for n, kind in enumerate(["a", "b", "a"]):
        bus.publish(event(kind, n=n))
    assert queue.dropped == 1
    assert numbers(queue.drain()) == [1, 2]


async def test_close_cuts_a_slow_reader_off_after_what_it_has() -> None:
    bus = Bus()
    queue = bus.subscribe("event/", name="q", policy=Overflow.CLOSE, bound=2)
    other = bus.subscribe("event/", name="r", policy=Overflow.CLOSE, bound=10)
    for n in range(4):
        bus.publish(event("hot", n=n))
    assert queue.closed
    assert numbers(await queue.wait()) == [0, 1]
    with pytest.raises(Unavailable, match="q"):
        await queue.wait()
    assert numbers(other.drain()) == [0, 1, 2, 3]
    assert [s["name"] for s in bus.counters()["subscriptions"]] == ["r"]


async def test_one_wake_up_brings_everything_of_a_turn() -> None:
    bus = Bus()
    queue = bus.subscribe("event/", name="q", policy=Overflow.DROP_OLDEST)
    reader = asyncio.create_task(queue.wait())
    await asyncio.sleep(0)
    for n in range(3):
        bus.publish(event("hot", n=n))
    assert numbers(await reader) == [0, 1, 2]


async def test_closing_wakes_every_waiting_reader() -> None:
    bus = Bus()
    queue = bus.subscribe("event/", name="q", policy=Overflow.DROP_OLDEST)
    readers = [asyncio.create_task(queue.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.close()
    queue.close()
    results = await asyncio.gather(*readers, return_exceptions=True)
    assert [type(r) for r in results] == [Unavailable, Unavailable]
    bus.publish(event("hot"))
    assert queue.drain() == []


def test_a_queue_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Bus().subscribe("event/", name="q", policy=Overflow.DROP_OLDEST, bound=0)


# -- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quality", "known"),
    [
        (Quality.GOOD, 1.0),
        (Quality.UNSURE, 1.0),
        (Quality.BAD, None),
        (Quality.STALE, None),
        (Quality.UNCONFIRMED, None),
    ],
)
def test_only_good_and_unsure_values_take_part_in_decisions(
    quality: Quality, known: float | None
) -> None:
    assert Sample("a.b", 1.0, "", quality, AlarmState.NORMAL, 0, 0).known == known


def test_forgetting_a_source_spares_one_whose_id_begins_alike() -> None:
    live = LiveValues()
    live.update(snapshot("lab", "lab.u"))
    live.update(snapshot("lab", "lab.i"))
    live.update(snapshot("lab.mqtt", "lab.mqtt.t"))
    live.forget("lab")
    assert sorted(live.latest) == ["lab.mqtt.t"]
    live.forget("lab")
    live.forget("never there")


def test_a_partial_poll_leaves_the_other_points_as_they_were() -> None:
    live = LiveValues()
    live.update(snapshot("lab", "lab.u", "lab.i", value=1.0))
    live.update(snapshot("lab", "lab.i", value=2.0))
    assert (live.get("lab.u").value, live.get("lab.i").value) == (1.0, 2.0)
    assert live.get("lab.x") is None


def test_follower_gets_the_present_sample_at_once_and_none_when_the_point_is_gone() -> None:
    live, seen = LiveValues(), []
    live.update(snapshot("lab", "lab.u", value=1.0))
    leave = live.follow("lab.u", seen.append)
    live.follow("lab.later", seen.append)
    live.update(snapshot("lab", "lab.u", "lab.later", value=2.0))
    live.forget("lab")
    live.forget("lab")
    leave()
    live.update(snapshot("lab", "lab.u", value=3.0))
    assert [one and one.value for one in seen] == [1.0, None, 2.0, 2.0, None, None]


def test_clearing_tells_followers_once_and_lets_them_go() -> None:
    live, seen = LiveValues(), []
    live.follow("lab.u", seen.append)
    live.update(snapshot("lab", "lab.u", value=1.0))
    live.clear()
    live.update(snapshot("lab", "lab.u", value=2.0))
    assert [one and one.value for one in seen] == [None, 1.0, None]
