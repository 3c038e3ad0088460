"""Flows edited over REST: patch, diff, history, roll-back, and what a stale caller is told."""

import pytest

FLOW = "warm-cell"


async def opened(api):
    return (await api.get(f"/api/flows/{FLOW}")).json()


async def patch(api, revision, *edits, **more):
    body = {"revision": revision, "edits": list(edits), **more}
    return await api.post(f"/api/flows/{FLOW}/patch", json=body)


async def test_a_patch_is_shown_written_and_rolled_back(api):
    before = await opened(api)
    edit = {"op": "set", "path": ["title"], "value": "Warm, wärmer"}
    shown = (await patch(api, before["revision"], edit)).json()
    assert (shown["written"], shown["ok"]) == (False, True)
    assert await opened(api) == before
    written = (await patch(api, before["revision"], edit, write=True)).json()
    after = await opened(api)
    assert after["text"] == written["text"] == shown["text"]
    assert after["title"] == "Warm, wärmer"
    history = (await api.get(f"/api/flows/{FLOW}/history")).json()
    (old,) = [i for i in history["items"] if i["revision"] == before["revision"]]
    version = (await api.get(f"/api/flows/{FLOW}/history/{old['version']}")).json()
    assert version["text"] == before["text"]
    diff = (await api.get(f"/api/flows/{FLOW}/diff", params={"against": old["version"]})).json()
    assert diff["diff"] == shown["diff"]
    body = {"text": version["text"], "revision": after["revision"]}
    assert (await api.put(f"/api/flows/{FLOW}", json=body)).status_code == 200
    assert (await opened(api))["text"] == before["text"]


async def test_a_stale_caller_gets_base_mine_theirs_and_the_merge(api):
    before = await opened(api)
    theirs = {"op": "set", "path": ["title"], "value": "Theirs"}
    await patch(api, before["revision"], theirs, write=True)
    mine = {"op": "layout", "path": ["r"], "value": [1, 2]}
    answer = await patch(api, before["revision"], mine, write=True)
    assert answer.status_code == 412
    material = answer.json()["args"]
    assert material["base"] == before["text"]
    assert material["conflicts"] == []
    assert "Theirs" in material["merged"]
    assert "r: [1, 2]" in material["merged"]
    asked = {"text": material["mine"], "revision": before["revision"]}
    told = await api.post(f"/api/flows/{FLOW}/merge", json=asked)
    assert (told.status_code, told.json()) == (200, material)
    body = {"text": material["merged"], "revision": material["current_revision"]}
    assert (await api.put(f"/api/flows/{FLOW}", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("edit", "status", "code"),
    [
        ({"op": "set", "path": ["nobody", "x"], "value": 1}, 422, "EDIT_REFUSED"),
        ({"op": "set", "path": ["version"], "value": "2"}, 422, "FLOW_INVALID"),
        ({"op": "burn", "path": ["version"]}, 400, "BAD_INPUT"),
        ({"op": "set", "path": [True], "value": "2"}, 400, "BAD_INPUT"),
        ({"op": "set", "path": "title", "value": "2"}, 400, "BAD_INPUT"),
        ({"op": "set", "path": ["title"], "worth": "2"}, 400, "BAD_INPUT"),
    ],
)
async def test_a_patch_that_cannot_be_is_refused_and_nothing_is_written(api, edit, status, code):
    before = await opened(api)
    answer = await patch(api, before["revision"], edit, write=True)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await opened(api) == before


async def test_a_commit_without_a_repository_is_a_clear_no(api):
    before = await opened(api)
    body = {"text": before["text"], "revision": before["revision"], "commit": "message"}
    answer = await api.put(f"/api/flows/{FLOW}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "NO_GIT")
    assert (await api.put(f"/api/flows/{FLOW}", json=body | {"commit": "  "})).status_code == 400
    assert (await api.get("/api/flows/nobody/history")).status_code == 404
    assert (await api.get(f"/api/flows/{FLOW}/history/saved-9")).status_code == 404
    assert (await api.get(f"/api/flows/{FLOW}/diff?against=zzz")).status_code == 404


async def test_a_draft_is_edited_and_checked_without_being_kept(api):
    before = await opened(api)
    edit = {"op": "set", "path": ["title"], "value": "Draft"}
    body = {"text": before["text"], "edits": [edit]}
    draft = (await api.post("/api/flow-edit", json=body)).json()
    assert "title: Draft" in draft["text"]
    assert (draft["ok"], draft["outline"]["title"]) == (True, "Draft")
    assert await opened(api) == before
    again = (await api.post("/api/flow-edit", json={"text": before["text"]})).json()
    assert again["text"] == before["text"]
    assert again["logic"] != draft["logic"]
    moved = {"op": "layout", "path": ["r"], "value": [1, 2]}
    body = {"text": before["text"], "edits": [moved]}
    assert (await api.post("/api/flow-edit", json=body)).json()["logic"] == again["logic"]


async def test_an_unreadable_draft_has_findings_and_no_meaning(api):
    answer = (await api.post("/api/flow-edit", json={"text": "a: [1,"})).json()
    assert (answer["logic"], answer["ok"], answer["outline"]) == (None, False, None)
    assert answer["findings"][0]["line"]
    refused = await api.post(
        "/api/flow-edit", json={"text": "a: [1,", "edits": [{"op": "remove", "path": ["a"]}]}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "EDIT_REFUSED")


async def test_two_texts_are_compared_by_lines_and_by_meaning(api):
    body = {"before": "version: 1\nid: a\n", "after": "version: 1\nid: b # new\n", "file": "a.yaml"}
    answer = (await api.post("/api/flow-diff", json=body)).json()
    assert answer["changes"] == [{"kind": "changed", "path": ["id"]}]
    assert "+id: b # new" in answer["diff"]
    assert answer["logic_changed"] is True
    same = {"before": "id: a\n", "after": "id: a # why\n"}
    assert (await api.post("/api/flow-diff", json=same)).json()["logic_changed"] is False
