"""One file in the git repository around it: who changed it when, and a commit of this file alone.

Works with git's plumbing: the commit is made from the last one with this file exchanged, in an
index of its own. What other people have staged stays staged, nothing is ever pushed or fetched,
and nothing a repository could smuggle in (hooks, filters, helpers, signers) is run.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ionpy_auto.core.errors import Conflict

TIMEOUT_S = 20
MAX_COMMITS = 50
MAX_BYTES = 2**20
NOBODY = ("-c", "user.name=ionpy_auto", "-c", "user.email=ionpy_auto@localhost")
_HARMLESS = (
    *("--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "log.showSignature=false", "-c", "core.splitIndex=false", "-c", "core.quotePath=false"),
)
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit that changed the file.

    Attributes:
        id: Full name.
        author: Who made the change.
        time: Unix seconds, UTC.
        subject: First line of its message.
        text: The file as it was then; None when it was removed or is no text.
    """

    id: str
    author: str
    time: float
    subject: str
    text: str | None


@dataclass(frozen=True, slots=True)
class GitFile:
    """A file in a work tree.

    Attributes:
        top: The work tree.
        name: The file in it, with ``/``.
    """

    top: Path
    name: str

    @classmethod
    def find(cls, path: Path) -> "GitFile":
        """The repository around a file.

        Raises:
            Conflict: Git is not installed, or there is no repository; the message says which.
        """
        if shutil.which("git") is None:
            msg = "git is not installed on the server"
            raise Conflict(msg, code="NO_GIT", hint="install git, or save without a commit")
        folder = next(above for above in path.parents if above.is_dir())
        answer = _run(folder, "rev-parse", "--is-inside-work-tree")
        if answer.returncode or answer.stdout.strip() != b"true":
            msg = f"{path.name} is in no git repository"
            words = _words(answer)
            hint = "git init in the project folder, or save without a commit"
            if words and "not a git repository" not in words:
                hint = words
            raise Conflict(msg, code="NO_GIT", hint=hint)
        top = _text(folder, "rev-parse", "--show-toplevel")
        prefix = _text(folder, "rev-parse", "--show-prefix")
        return cls(Path(top), prefix + path.relative_to(folder).as_posix())

    def log(self) -> list[Commit]:
        """The newest commits that changed the file, with its text in each."""
        form = "--format=%H%x00%an%x00%at%x00%s"
        command = ("log", "-n", str(MAX_COMMITS), form, "--", f":(literal){self.name}")
        answer = _run(self.top, *command)
        if answer.returncode:  # no commit yet
            return []
        lines = answer.stdout.decode(errors="replace").split("\n")
        heads = [line.split("\0") for line in lines if line.count("\0") == 3]
        texts = self._texts([head[0] for head in heads])
        return [
            Commit(name, author, float(at), subject, texts.get(name))
            for name, author, at, subject in heads
        ]

    def _texts(self, commits: list[str]) -> dict[str, str]:
        """The file's text in each commit that has it."""
        wanted = "".join(f"{commit}:{self.name}\n" for commit in commits).encode()
        check = _run(self.top, "cat-file", "--batch-check", stdin=wanted)
        texts: dict[str, str] = {}
        blobs: dict[str, str | None] = {}
        for commit, line in zip(commits, check.stdout.decode().splitlines(), strict=False):
            blob, kind, size = [*line.split(" "), "", ""][:3]
            if kind != "blob" or int(size) > MAX_BYTES:
                continue
            if blob not in blobs:
                content = _run(self.top, "cat-file", "blob", blob).stdout
                blobs[blob] = _decoded(content)
            text = blobs[blob]
            if text is not None:
                texts[commit] = text
        return texts

    # -- writing ----------------------------------------------------------------------------

    def require_committable(self) -> None:
        """Refuse where a commit would be wrong or surprising.

        Raises:
            Conflict: A merge or rebase is under way, or the file is ignored.
        """
        for name in _UNDER_WAY:
            place = _text(self.top, "rev-parse", "--git-path", name)
            if (self.top / place).exists():
                msg = "a merge or rebase is under way in the repository"
                raise Conflict(msg, code="GIT_REFUSED", hint="finish it, or save without a commit")
        if _run(self.top, "check-ignore", "-q", "--", self.name).returncode == 0:
            msg = f"{self.name} is ignored by git"
            raise Conflict(msg, code="GIT_REFUSED", hint="see .gitignore, or save without a commit")

    def commit(self, text: str, message: str) -> str | None:
        """Commit this file with this text; everything else stays as it is.

        Returns:
            The commit's name; None when the last commit has this text already.

        Raises:
            Conflict: Git refused; its words are the hint.
        """
        blob = _text(self.top, "hash-object", "-w", "--no-filters", "--stdin", stdin=text.encode())
        head = (
            _run(self.top, "rev-parse", "-q", "--verify", "HEAD^{commit}").stdout.decode().strip()
        )
        entry = f"100644,{blob},{self.name}"
        with tempfile.TemporaryDirectory() as folder:
            own = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if head:
                _text(self.top, "read-tree", head, env=own)
            _text(self.top, "update-index", "--add", "--cacheinfo", entry, env=own)
            tree = _text(self.top, "write-tree", env=own)
        if head and tree == _text(self.top, "rev-parse", f"{head}^{{tree}}"):
            return None
        author = () if self._has_author() else NOBODY
        parents = ("-p", head) if head else ()
        made = _text(self.top, *author, "commit-tree", tree, *parents, stdin=message.encode())
        # The shared index comes first: were it locked afterwards, our change would look undone.
        _text(self.top, "update-index", "--add", "--cacheinfo", entry)
        note = f"commit: {message.splitlines()[0]}"
        _text(self.top, *author, "update-ref", "-m", note, "HEAD", made, head)
        return made

    def _has_author(self) -> bool:
        return all(
            _run(self.top, "var", who).returncode == 0
            for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT")
        )


def _text(
    folder: Path, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> str:
    answer = _run(folder, *words, stdin=stdin, env=env)
    if answer.returncode:
        msg = "git refused"
        raise Conflict(msg, code="GIT_REFUSED", hint=_words(answer))
    return answer.stdout.decode(errors="replace").removesuffix("\n")


def _run(
    folder: Path, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run git; what the server's own environment says about repositories does not count."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    own = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
    command = [shutil.which("git") or "git", *_HARMLESS, *words]
    try:
        return subprocess.run(  # noqa: S603 - no shell; texts come in by stdin or behind --
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            env={**inherited, **own, **(env or {})},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = "git did not answer"
        raise Conflict(msg, code="GIT_REFUSED", hint=str(error)) from error


def _words(answer: "subprocess.CompletedProcess[bytes]") -> str:
    return answer.stderr.decode(errors="replace").strip()[:500]


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
