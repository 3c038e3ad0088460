"""What expressions are worth now, over REST, with the demo project open."""

from typing import Any

ROUTE = "/api/expressions/evaluate"


async def items(api: Any, *expressions: str, **more: Any) -> list[dict[str, Any]]:
    answer = await api.post(ROUTE, json={"expressions": list(expressions), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_each_expression_has_its_value_its_unit_or_why_not(api: Any) -> None:
    await api.engine.project.clock.sleep(3)
    truth, number, step, wrong = await items(
        api, "PSU_01.v_set < 5 V", "PSU_01.v_set + 1 V", "step.time > 3 s", "PSU_01.v_sett > 1 V"
    )
    assert (truth["known"], truth["value"], truth["unit"]) == (True, True, "")
    assert (number["value"], number["unit"]) == (1.0, "V")
    assert (step["known"], step["why"]) == (False, [{"name": "step.time", "reason": "no-run"}])
    assert (wrong["ok"], wrong["findings"][0]["code"]) == (False, "unknown-point")


async def test_names_are_those_of_the_channel_and_the_parameters(api: Any) -> None:
    await api.engine.project.clock.sleep(3)
    found = await items(
        api, "voltage > $low", "voltage", channel="CH1", parameters={"low": "0.1 V"}
    )
    assert [one["ok"] for one in found] == [True, True]
    assert found[1]["unit"] == "V"
    assert [one["ok"] for one in await items(api, "voltage > $low")] == [False]


async def test_a_long_span_is_looked_up_and_follows_nothing(api: Any) -> None:
    env = api.engine.project.env
    before = len(env._spreads)
    (found,) = await items(api, "stable(PSU_01.v_set, 2 mV, 10 h)")
    assert (found["known"], found["why"][0]["reason"]) == (False, "no-history")
    assert len(env._spreads) == before


async def test_many_and_long_ones_are_refused(api: Any) -> None:
    for expressions in (["1 < 2"] * 33, ["1" * 2001]):
        answer = await api.post(ROUTE, json={"expressions": expressions})
        assert answer.status_code == 400
