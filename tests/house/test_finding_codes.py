"""Every kind of mistake the check of a flow knows has a fix in the editor, or a reason why not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXES = ROOT / "ui" / "src" / "features" / "flows" / "fixes"
SHORT = {"syntax", "unit", "value", "range", "tag", "alias", "anchor", "unreachable", "leakage"}
CODE = re.compile(rf"[a-z]+([-_][a-z]+)+|crowbar|{'|'.join(sorted(SHORT))}")
KEY = re.compile(r"'((?:[^'\\\n]|\\.)*)'(\s*:)?")
"""A text in quotes, which is a key when a colon follows."""
CALLS = {"finding", "error", "warn", "fail", "add", "report", "refuse", "_finding", "Finding"}
ELSEWHERE = (
    *("scripts/", "interchange/", "interlocks/", "sequences/prestart/", "sequences/recording.py"),
    *("sequences/callbacks.py", "sequences/manager.py", "wiring.py", "profiles.py", "hooks.py"),
    *("versions.py", "names.py", "merge.py", "git.py", "accuracy.py", "json_lines.py"),
)
"""Files that do not look at flows, or only at a run that starts."""
MADE = {"no-source", "no-sink"} | {
    f"unknown-{what}" for what in ("script", "broker", "receiver", "flow", "rule")
}
"""Codes put together of two words."""
BY_PYDANTIC = {"literal-error"}


def codes_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name.lstrip("_") not in {one.lstrip("_") for one in CALLS}:
        return
    given = [*call.args[:3], *(word.value for word in call.keywords if word.arg == "code")]
    for value in given:
        text = value.value if isinstance(value, ast.Constant) else None
        if isinstance(text, str) and CODE.fullmatch(text):
            yield text.replace("_", "-")
            return


def known_codes() -> set[str]:
    found: set[str] = set()
    for folder in ("language", "automation"):
        top = ROOT / "ionpy_auto" / folder
        for path in sorted(top.rglob("*.py")):
            if str(path.relative_to(top)).startswith(ELSEWHERE):
                continue
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            found |= {c for n in nodes if isinstance(n, ast.Call) for c in codes_of(n)}
    return found | MADE | BY_PYDANTIC


def table(file: str, start: str) -> set[str]:
    """Keys of an object of a TypeScript file."""
    text = (FIXES / file).read_text(encoding="utf-8").split(start, 1)[1].split("\n}\n", 1)[0]
    return {word for word, is_key in KEY.findall(text) if is_key}


def test_every_code_has_a_fix_or_a_reason() -> None:
    mended, not_mended = table("fixes.ts", "MAKERS"), table("codes.ts", "WITHOUT_FIX")
    codes = known_codes()
    assert len(codes) > 90
    assert codes - mended - not_mended == set(), "neither mended nor on the list"
    assert not_mended - codes == set(), "on the list, but nobody finds it"
    assert mended & not_mended == set()


def test_no_fix_is_for_a_code_that_nobody_finds() -> None:
    assert table("fixes.ts", "MAKERS") - known_codes() == set()


def test_german_is_for_codes_that_there_are() -> None:
    assert table("german.ts", "GERMAN") - known_codes() - {"duplicate-flow", "id-changed"} == set()


def test_no_fix_reads_the_words_of_a_finding() -> None:
    text = (FIXES / "fixes.ts").read_text(encoding="utf-8")
    assert not re.search(r"\.(message|hint)\b", text)
    assert "args" in text
