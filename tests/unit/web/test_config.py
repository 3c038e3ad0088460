"""What can be added to a project."""

import pytest

from tests.conftest import Api


@pytest.mark.parametrize("word", ["riden_rd60xx", "RD6006", "rd6018"])
async def test_a_blueprint_is_found_by_name_and_alias_in_any_case(api: Api, word: str) -> None:
    answer = (await api.get(f"/api/config/drivers/{word}/blueprint")).json()
    assert answer["driver"] == "riden_rd60xx"
    assert {b["transport"] for b in answer["blueprints"]} == {"serial", "tcp"}
    assert "modbus_address" in answer["parameters"]["properties"]


async def test_an_unknown_driver_is_named_with_those_there_are(api: Api) -> None:
    answer = await api.get("/api/config/drivers/nope/blueprint")
    assert answer.status_code == 404
    assert "riden_rd60xx" in answer.json()["hint"]
