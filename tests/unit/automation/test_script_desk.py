"""The desk of the script editor: what is stale, older versions, deleted files, and commits."""

import subprocess

import pytest

from ionpy_auto.automation.scripts.desk import ScriptDesk
from ionpy_auto.automation.versions import Versions
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput, Conflict, NotFound, Rejected, StaleRevision
from ionpy_auto.core.files import revision_of
from tests.unit.automation.scripts_bench import script_bench

FIRST = '# Größe\nvoltage = 3.3\nawait write("PSU_01.u_set", voltage)\nprint("ready")\n'
MINE = FIRST.replace("3.3", "3.6")
THEIRS = FIRST.replace('"ready"', '"set"')


class Bench:
    """Scripts with a desk and one script on disk."""

    def __init__(self, made, root):
        self.made, self.root = made, root
        self.desk = ScriptDesk(made.store, made.lab.clock, root / "var")
        self.path = made.store.folder / "drift.py"
        self.path.parent.mkdir()
        self.path.write_bytes(FIRST.encode())

    def git(self, *words):
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@lab")
        answer = subprocess.run(
            ["git", *who, *words], cwd=self.root, capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()


@pytest.fixture
async def bench(tmp_path):
    async with script_bench(tmp_path, VirtualClock()) as made:
        yield Bench(made, tmp_path)


async def test_saved_versions_come_back_byte_by_byte(bench):
    await bench.desk.save("drift", MINE, revision_of(FIRST))
    await bench.desk.save("drift", THEIRS, revision_of(MINE))
    history = await bench.desk.history("drift")
    assert [item["source"] for item in history["items"]] == ["saved"] * 3
    assert [i["revision"] for i in history["items"] if i["current"]] == [revision_of(THEIRS)]
    assert history["revision"] == revision_of(THEIRS)
    assert not history["git"]
    (first,) = [i for i in history["items"] if i["revision"] == revision_of(FIRST)]
    old = await bench.desk.version("drift", first["version"])
    assert '-print("ready")' in old["diff"]
    await bench.desk.save("drift", old["text"], revision_of(THEIRS))
    assert bench.path.read_bytes() == FIRST.encode()
    assert sorted(path.suffix for path in (bench.root / "var" / "drift").iterdir()) == [".py"] * 4


async def test_a_stale_save_gets_both_changes_and_their_merge(bench):
    await bench.desk.get("drift")
    bench.path.write_bytes(THEIRS.encode())
    with pytest.raises(StaleRevision) as caught:
        await bench.desk.save("drift", MINE, revision_of(FIRST))
    material = caught.value.arguments
    assert (material["base"], material["mine"], material["theirs"]) == (FIRST, MINE, THEIRS)
    assert material["merged"] == THEIRS.replace("3.3", "3.6")
    assert (material["conflicts"], material["deleted"]) == ([], False)
    assert bench.path.read_bytes() == THEIRS.encode()
    await bench.desk.save("drift", material["merged"], material["current_revision"])


async def test_a_draft_is_compared_with_a_changed_file_without_a_save(bench):
    await bench.desk.get("drift")
    bench.path.write_bytes(THEIRS.encode())
    broken = MINE + "def (\n"
    together = await bench.desk.merge("drift", broken, revision_of(FIRST))
    assert "".join(one["theirs"] for one in together["stretches"]) == THEIRS
    assert "".join(one["mine"] for one in together["stretches"]) == broken
    assert together["current_revision"] == revision_of(THEIRS)
    assert bench.path.read_bytes() == THEIRS.encode()


async def test_a_clash_is_told_and_never_decided(bench):
    await bench.desk.get("drift")
    bench.path.write_text(FIRST.replace("3.3", "4.2"), encoding="utf-8")
    with pytest.raises(StaleRevision) as caught:
        await bench.desk.save("drift", MINE, revision_of(FIRST))
    assert caught.value.arguments["merged"] is None
    (clash,) = caught.value.arguments["conflicts"]
    assert (clash["line"], clash["theirs"]) == (2, "voltage = 4.2\n")


async def test_a_new_script_never_overwrites_one_that_is_there(bench):
    with pytest.raises(StaleRevision) as caught:
        await bench.desk.save("drift", MINE)
    assert (caught.value.arguments["base"], caught.value.arguments["theirs"]) == (None, FIRST)
    assert bench.path.read_bytes() == FIRST.encode()


async def test_a_file_deleted_outside_is_told_and_can_be_written_again(bench):
    await bench.desk.save("drift", MINE, revision_of(FIRST))
    bench.path.unlink()
    with pytest.raises(StaleRevision) as caught:
        await bench.desk.save("drift", THEIRS, revision_of(MINE))
    material = caught.value.arguments
    assert (material["deleted"], material["theirs"]) == (True, "")
    assert not bench.path.exists()
    assert [i["current"] for i in (await bench.desk.history("drift"))["items"]] == [False, False]
    await bench.desk.save("drift", THEIRS, material["current_revision"])
    assert bench.path.read_bytes() == THEIRS.encode()


async def test_a_deleted_script_stays_among_its_versions(bench):
    await bench.desk.delete("drift", revision_of(FIRST))
    assert not bench.path.exists()
    (only,) = (await bench.desk.history("drift"))["items"]
    assert (await bench.desk.version("drift", only["version"]))["text"] == FIRST
    await bench.desk.save("drift", FIRST)
    assert bench.path.read_bytes() == FIRST.encode()


async def test_errors_and_unknown_names_write_nothing(bench):
    with pytest.raises(Rejected):
        await bench.desk.save("drift", "await raed('x')\n", revision_of(FIRST))
    for wish in (bench.desk.history("none"), bench.desk.version("drift", "saved-7")):
        with pytest.raises(NotFound):
            await wish
    with pytest.raises(BadInput):
        await bench.desk.history("../drift")
    assert bench.path.read_bytes() == FIRST.encode()
    assert (await bench.desk.history("drift"))["items"] == []


async def test_a_full_disk_loses_the_look_back_but_not_the_save(bench, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Versions, "keep", full)
    saved = await bench.desk.save("drift", MINE, revision_of(FIRST))
    assert saved["text"] == MINE
    assert bench.path.read_bytes() == MINE.encode()


async def test_a_message_makes_a_commit_of_the_script_alone(bench):
    with pytest.raises(Conflict) as caught:
        await bench.desk.save("fresh", MINE, commit="too early")
    assert caught.value.error_code == "NO_GIT"
    bench.git("init", "-q", "-b", "main")
    saved = await bench.desk.save("fresh", MINE, commit="A new script")
    assert saved["commit"]["id"] == bench.git("rev-parse", "HEAD")
    assert bench.git("ls-tree", "-r", "--name-only", "HEAD") == "scripts/fresh.py"
    history = await bench.desk.history("fresh")
    assert [(i["source"], i["message"]) for i in history["items"]] == [("git", "A new script")]
    assert history["git"]


async def test_the_first_script_of_a_project_can_be_committed(bench):
    bench.path.unlink()
    bench.path.parent.rmdir()
    bench.git("init", "-q", "-b", "main")
    await bench.desk.save("first", MINE, commit="begin")
    assert bench.git("log", "--format=%s") == "begin"
