"""The desk of the flow editor: patches, what is stale, older versions, and commits by real git."""

import subprocess

import pytest

from ionpy_auto.automation import versions as kept
from ionpy_auto.automation.flow_desk import FlowDesk
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.errors import Conflict, NotFound, Rejected, StaleRevision
from ionpy_auto.core.files import revision_of
from ionpy_auto.language import Edit
from tests.unit.automation.rules_bench import one_rule
from tests.unit.automation.test_flows import Shelf

GOOD = "# Kopf: Größe\n" + one_rule(
    "when: PSU_01.u_out > 4 V   # Grenze\nthen: [{marker: m}]", "hot"
)
LIMIT = ("rules", 0, "when")
HIGHER = Edit("set", LIMIT, "PSU_01.u_out > 5 V")
HIGH = GOOD.replace("> 4 V", "> 5 V")
OTHER = GOOD.replace("id: hot\n", "id: hot\ntitle: theirs\n", 1)


class Desk(Shelf):
    """Folders, a store and a desk over them, with one flow."""

    def __init__(self, root):
        super().__init__(root)
        folders = {"project": root / "var" / "p", "server": root / "var" / "s"}
        self.desk = FlowDesk(self.store, self.bus, folders)
        self.desk.start()
        self.path = self.write(GOOD)

    @property
    def revision(self):
        return self.store.get("hot")["revision"]

    def git(self, *words):
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@lab")
        answer = subprocess.run(
            ["git", *who, *words], cwd=self.project, capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()

    def repository(self):
        self.git("init", "-q", "-b", "main")
        self.git("add", "flows/hot.yaml")
        self.git("commit", "-q", "-m", "first")


@pytest.fixture
async def desk(tmp_path):
    bench = Desk(tmp_path)
    await bench.store.start(watch=False)
    yield bench
    bench.desk.stop()
    await bench.store.stop()


# --- patch ---------------------------------------------------------------------------------


async def test_a_patch_shows_what_it_would_do_and_writes_nothing(desk):
    answer = await desk.desk.patch("hot", desk.revision, [HIGHER])
    assert answer["text"] == HIGH
    assert [answer["diff"].count(sign) for sign in ("\n-  ", "\n+  ")] == [1, 1]
    assert (answer["ok"], answer["written"], answer["logic_changed"]) == (True, False, True)
    assert answer["changes"] == [{"kind": "changed", "path": LIMIT}]
    assert answer["revision"] == revision_of(HIGH)
    assert desk.path.read_text() == GOOD


async def test_a_patch_is_written_and_live_with_one_changed_line(desk):
    answer = await desk.desk.patch("hot", desk.revision, [HIGHER], write=True)
    assert answer["written"]
    assert desk.path.read_text() == HIGH == desk.store.flow("hot").text
    assert answer["flow"]["revision"] == answer["revision"] == desk.revision


async def test_a_patch_with_errors_is_shown_but_never_written(desk):
    wrong = Edit("set", LIMIT, "PSU_01.u_out > 5 A")
    shown = await desk.desk.patch("hot", desk.revision, [wrong])
    assert not shown["ok"]
    assert shown["findings"][0]["line"]
    with pytest.raises(Rejected) as caught:
        await desk.desk.patch("hot", desk.revision, [wrong], write=True)
    assert caught.value.error_code == "FLOW_INVALID"
    assert caught.value.findings
    assert desk.path.read_text() == GOOD


async def test_a_refused_edit_says_which_one_and_why(desk):
    edits = [HIGHER, Edit("remove", ("nobody",))]
    with pytest.raises(Rejected) as caught:
        await desk.desk.patch("hot", desk.revision, edits, write=True)
    assert caught.value.error_code == "EDIT_REFUSED"
    assert caught.value.arguments["index"] == 1
    assert desk.path.read_text() == GOOD


async def test_moving_a_box_changes_no_logic_and_starts_no_rule_anew(desk):
    told = len(desk.told)
    edit = Edit("layout", ("r",), [10, 20])
    answer = await desk.desk.patch("hot", desk.revision, [edit], write=True)
    assert answer["logic_changed"] is False
    assert answer["text"].startswith(GOOD)
    assert desk.store.get("hot")["deployed_revision"] == answer["revision"]
    assert len(desk.told) == told
    assert desk.events[-1]["revision"] == answer["revision"]
    await desk.desk.patch("hot", desk.revision, [HIGHER], write=True)
    assert len(desk.told) == told + 1


# --- stale ---------------------------------------------------------------------------------


async def test_a_stale_save_gets_both_changes_and_their_merge(desk):
    revision = desk.revision
    desk.write(OTHER)  # another program, not seen yet
    with pytest.raises(StaleRevision) as caught:
        await desk.desk.save("hot", HIGH, revision)
    material = caught.value.arguments
    assert (material["base"], material["mine"], material["theirs"]) == (GOOD, HIGH, OTHER)
    assert material["current_revision"] == revision_of(OTHER)
    assert material["conflicts"] == []
    assert desk.path.read_text() == OTHER
    await desk.look(desk.path)
    merged = OTHER.replace("> 4 V", "> 5 V")
    assert material["merged"] == merged
    saved = await desk.desk.save("hot", merged, material["current_revision"])
    assert saved["text"] == merged


async def test_a_stale_patch_is_made_on_its_own_base_and_merged(desk):
    revision = desk.revision
    desk.write(OTHER)
    await desk.look(desk.path)
    with pytest.raises(StaleRevision) as caught:
        await desk.desk.patch("hot", revision, [HIGHER], write=True)
    assert caught.value.arguments["mine"] == HIGH
    assert caught.value.arguments["merged"] == OTHER.replace("> 4 V", "> 5 V")
    assert desk.path.read_text() == OTHER


async def test_a_clash_is_shown_line_by_line_and_never_decided(desk):
    revision = desk.revision
    desk.write(GOOD.replace("> 4 V", "> 3 V"))
    await desk.look(desk.path)
    with pytest.raises(StaleRevision) as caught:
        await desk.desk.save("hot", HIGH, revision)
    (clash,) = caught.value.arguments["conflicts"]
    assert caught.value.arguments["merged"] is None
    assert "> 4 V" in clash["base"]
    assert "> 5 V" in clash["mine"]
    assert "> 3 V" in clash["theirs"]
    assert GOOD.splitlines()[clash["line"] - 1] in clash["base"]


async def test_a_revision_nobody_saw_has_no_base_and_no_merge(desk):
    with pytest.raises(StaleRevision) as caught:
        await desk.desk.patch("hot", "0" * 16, [HIGHER])
    material = caught.value.arguments
    assert (material["base"], material["mine"], material["merged"]) == (None, None, None)
    assert material["theirs"] == GOOD


async def test_a_draft_with_errors_is_put_together_with_the_file_and_nothing_is_written(desk):
    revision = desk.revision
    desk.write(OTHER)
    await desk.look(desk.path)
    broken = GOOD.replace("> 4 V", "> 4 bananas")
    material = await desk.desk.merge("hot", broken, revision)
    assert material["merged"] == OTHER.replace("> 4 V", "> 4 bananas")
    assert [one["origin"] for one in material["stretches"] if one["origin"] != "same"] == [
        "theirs",
        "mine",
    ]
    assert material["current_revision"] == revision_of(OTHER)
    assert desk.path.read_text() == OTHER


# --- history without git -------------------------------------------------------------------


async def test_saved_versions_are_a_history_to_roll_back_to(desk):
    await desk.desk.save("hot", HIGH, desk.revision)
    await desk.desk.save("hot", OTHER, desk.revision)
    history = await desk.desk.history("hot")
    assert [item["source"] for item in history["items"]] == ["saved"] * 3
    assert [item["revision"] for item in history["items"] if item["current"]] == [desk.revision]
    (first,) = [i for i in history["items"] if i["revision"] == revision_of(GOOD)]
    old = await desk.desk.version("hot", first["version"])
    assert old["text"] == GOOD
    assert "title: theirs" in old["diff"]
    await desk.desk.save("hot", old["text"], desk.revision)
    assert desk.store.flow("hot").text == GOOD
    with pytest.raises(NotFound):
        await desk.desk.version("hot", "saved-99")


async def test_the_difference_to_what_works_and_to_the_last_version(desk):
    assert (await desk.desk.diff("hot", "last"))["diff"] == ""
    await desk.desk.save("hot", HIGH, desk.revision)
    last = await desk.desk.diff("hot", "last")
    assert (last["from_revision"], last["to_revision"]) == (revision_of(GOOD), revision_of(HIGH))
    assert last["logic_changed"]
    assert (await desk.desk.diff("hot", "live"))["diff"] == ""
    desk.write("id: hot\nrules: [")
    await desk.look(desk.path)
    broken = await desk.desk.diff("hot", "live")
    assert broken["from_revision"] == revision_of(HIGH)
    assert "+rules: [" in broken["diff"]


def test_only_the_newest_versions_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "KEEP", 3)
    shelf = Versions(tmp_path / "hot")
    for number in range(5):
        shelf.keep(f"id: v{number}\n")
        shelf.keep(f"id: v{number}\n")
    assert [version.text for version in shelf.all()] == ["id: v4\n", "id: v3\n", "id: v2\n"]
    assert shelf.all()[0].number == 5


# --- git -----------------------------------------------------------------------------------


async def test_a_save_with_a_message_commits_this_file_and_nothing_else(desk):
    desk.repository()
    (desk.project / "staged.txt").write_text("somebody's work")
    desk.git("add", "staged.txt")
    (desk.project / "flows" / "other.yaml").write_text("id: other\n")
    saved = await desk.desk.save("hot", HIGH, desk.revision, "Höhere Grenze\n\nWegen der Zelle.")
    assert saved["commit"]["id"] == desk.git("rev-parse", "HEAD")
    assert desk.git("show", "--name-only", "--format=%s|%b", "HEAD").split() == [
        *("Höhere", "Grenze|Wegen", "der", "Zelle.", "flows/hot.yaml")
    ]
    assert desk.git("status", "--porcelain").splitlines() == [
        "A  staged.txt",
        "?? flows/other.yaml",
    ]
    assert desk.git("show", "HEAD:flows/hot.yaml") == HIGH.strip()
    assert desk.git("fsck", "--strict") == ""


async def test_commits_are_the_history_and_any_of_them_comes_back(desk):
    desk.repository()
    await desk.desk.save("hot", HIGH, desk.revision, "higher")
    await desk.desk.save("hot", OTHER, desk.revision)  # saved, not committed
    items = (await desk.desk.history("hot"))["items"]
    assert {(i["source"], i["message"], i["author"]) for i in items if i["source"] == "git"} >= {
        ("git", "first", "Ada")
    }
    assert sorted(item["source"] for item in items) == ["git", "git", "saved"]
    (first,) = [item for item in items if item["message"] == "first"]
    assert (await desk.desk.version("hot", first["version"]))["text"] == GOOD
    assert (await desk.desk.diff("hot", first["id"]))["from_revision"] == revision_of(GOOD)
    saved = await desk.desk.save("hot", GOOD, desk.revision, "back")
    assert saved["commit"]["error"] == ""
    assert desk.git("log", "--format=%s") == "back\nhigher\nfirst"


async def test_the_first_commit_of_a_new_repository(desk):
    desk.git("init", "-q", "-b", "main")
    saved = await desk.desk.save("hot", HIGH, desk.revision, "begin")
    assert desk.git("log", "--format=%H %s") == f"{saved['commit']['id']} begin"
    assert desk.git("ls-tree", "-r", "--name-only", "HEAD") == "flows/hot.yaml"


async def test_the_same_text_again_makes_no_commit(desk):
    desk.repository()
    saved = await desk.desk.save("hot", GOOD, desk.revision, "nothing new")
    assert saved["commit"]["id"] is None
    assert "already" in saved["commit"]["error"]
    assert desk.git("log", "--format=%s") == "first"


async def test_hooks_filters_and_helpers_of_a_repository_are_never_run(desk):
    desk.repository()
    trap = desk.project / "trap"
    marks = desk.project / "ran"
    trap.write_text(f"#!/bin/sh\necho x >> '{marks}'\ncat\n")
    trap.chmod(0o755)
    hooks = desk.project / ".git" / "hooks"
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction"):
        (hooks / name).write_text(trap.read_text())
        (hooks / name).chmod(0o755)
    (desk.project / ".gitattributes").write_text("*.yaml filter=t diff=t\n")
    for key in ("filter.t.clean", "diff.t.textconv", "core.fsmonitor", "core.pager", "gpg.program"):
        desk.git("config", key, str(trap))
    desk.git("config", "log.showSignature", "true")
    desk.git("config", "commit.gpgsign", "true")
    saved = await desk.desk.save("hot", HIGH, desk.revision, "quiet")
    assert saved["commit"]["id"]
    await desk.desk.history("hot")
    assert not marks.exists()


async def test_a_commit_that_cannot_be_made_writes_nothing_and_says_why(desk, monkeypatch):
    with pytest.raises(Conflict) as caught:
        await desk.desk.save("hot", HIGH, desk.revision, "no repository")
    assert caught.value.error_code == "NO_GIT"
    desk.repository()
    (desk.project / ".git" / "MERGE_HEAD").write_text(desk.git("rev-parse", "HEAD"))
    with pytest.raises(Conflict) as caught:
        await desk.desk.save("hot", HIGH, desk.revision, "in a merge")
    assert caught.value.error_code == "GIT_REFUSED"
    (desk.project / ".git" / "MERGE_HEAD").unlink()
    monkeypatch.setenv("PATH", str(desk.project))
    with pytest.raises(Conflict, match="not installed"):
        await desk.desk.save("hot", HIGH, desk.revision, "no git")
    assert desk.path.read_text() == GOOD
    assert (await desk.desk.history("hot"))["items"] == []


async def test_an_ignored_file_is_not_committed(desk):
    desk.git("init", "-q")
    (desk.project / ".gitignore").write_text("flows/\n")
    with pytest.raises(Conflict, match="ignored"):
        await desk.desk.save("hot", HIGH, desk.revision, "ignored")


async def test_a_busy_index_leaves_the_text_saved_and_no_half_commit(desk):
    desk.repository()
    (desk.project / ".git" / "index.lock").write_text("")
    saved = await desk.desk.save("hot", HIGH, desk.revision, "locked")
    assert saved["commit"]["id"] is None
    assert "lock" in saved["commit"]["error"]
    assert desk.path.read_text() == HIGH
    assert desk.git("log", "--format=%s") == "first"
