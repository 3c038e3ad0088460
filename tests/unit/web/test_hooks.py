"""Hooks and variables as other programs use them, through the guard."""

import httpx
import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.web.api.hooks import MAX_BODY

FLOW = """version: 1
id: hooks
rules:
  - id: count
    when: {webhook: cell}
    then:
      - variables: {set: {last: trigger.no}, add: {cells: 1}}
"""


@pytest.fixture
async def hooked(api):
    answer = await api.post("/api/flows", json={"text": FLOW})
    assert answer.status_code == 201, answer.text
    return api


async def test_a_post_reaches_the_rule_and_the_variable_is_there(hooked):
    answer = await hooked.post("/api/hooks/cell", json={"no": "A7", "good": True, "u": 3.6})
    assert (answer.status_code, answer.json()) == (202, {"name": "cell", "rules": 1})
    clock = hooked.engine.project.clock
    async with SystemClock().timeout(10):
        while (found := (await hooked.get("/api/variables")).json())["total"] < 2:
            await clock.sleep(0.05)
    shown = {item["name"]: (item["value"], item["by"]) for item in found["items"]}
    assert shown == {"last": ("A7", "rule:hooks/count"), "cells": (1.0, "rule:hooks/count")}
    assert (hooked.engine.project.project.folder / "variables.json").exists()


async def test_an_empty_post_is_one_too(hooked):
    assert (await hooked.post("/api/hooks/cell")).status_code == 202


REFUSED = {
    "nobody listens": ("/api/hooks/door", {"json": {}}, 404, "NOT_FOUND"),
    "a list": ("/api/hooks/cell", {"json": [1]}, 400, "BAD_INPUT"),
    "a nested value": ("/api/hooks/cell", {"json": {"a": {"b": 1}}}, 400, "BAD_INPUT"),
    "a name no expression reads": ("/api/hooks/cell", {"json": {"a b": 1}}, 400, "BAD_INPUT"),
    "no JSON": (
        "/api/hooks/cell",
        {"content": b"{", "headers": {"content-type": "application/json"}},
        400,
        "BAD_JSON",
    ),
    "a form of another site": (
        "/api/hooks/cell",
        {"content": b"a=1", "headers": {"content-type": "text/plain"}},
        415,
        "WRONG_MEDIA_TYPE",
    ),
    "another site": (
        "/api/hooks/cell",
        {"json": {}, "headers": {"origin": "http://evil.example"}},
        403,
        "FOREIGN_ORIGIN",
    ),
    "another host": (
        "/api/hooks/cell",
        {"json": {}, "headers": {"host": "evil.example"}},
        421,
        "WRONG_HOST",
    ),
    "too much": ("/api/hooks/cell", {"json": {"a": "x" * MAX_BODY}}, 413, "TOO_LARGE"),
    "no name": ("/api/hooks/", {"json": {}}, 404, "NOT_FOUND"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_call_is_refused(hooked, name):
    path, request, status, code = REFUSED[name]
    answer = await hooked.post(path, **request)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert hooked.engine.project.automation.variables.list() == []


async def test_too_many_posts_are_refused_with_when_to_come_back(hooked):
    answers = [await hooked.post("/api/hooks/cell", json={"no": "x"}) for _ in range(11)]
    assert [answer.status_code for answer in answers[:10]] == [202] * 10
    assert answers[10].status_code == 429
    assert answers[10].json()["code"] == "TOO_MANY_REQUESTS"
    assert answers[10].json()["args"]["retry_after_s"] > 0


async def test_a_rule_that_is_switched_off_does_not_listen(hooked):
    await hooked.post("/api/rules/hooks/count/disable")
    assert (await hooked.post("/api/hooks/cell", json={})).status_code == 404


async def test_without_a_project_nobody_listens(bare: httpx.AsyncClient):
    assert (await bare.post("/api/hooks/cell", json={})).status_code == 503
    assert (await bare.get("/api/variables")).status_code == 503
