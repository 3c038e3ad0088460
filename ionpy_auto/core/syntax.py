"""Python's own grammar as a tree: for expressions, and to read files without running them.

The interpreter keeps the depth of its tree builder per process, not per thread: when two threads
build trees at once, one of them may see the other's depth and give up with a ``SystemError``
(python/cpython#106905). Nothing is wrong with the text then: it is read again.
"""

import ast
from collections.abc import Callable
from typing import Final, TypeVar

TRIES: Final = 8
Tree = TypeVar("Tree")


def parse_module(text: str, name: str = "<text>") -> ast.Module:
    """The tree of a whole file.

    Args:
        text: What to read.
        name: Of the file, for messages.

    Raises:
        SyntaxError: It is no Python; ValueError, RecursionError, MemoryError: it is made to break
            readers.
    """
    return _steadily(lambda: ast.parse(text, filename=name))


def parse_expression(text: str) -> ast.expr:
    """The tree of one expression; raises what `parse_module` raises."""
    return _steadily(lambda: ast.parse(text, mode="eval").body)


def _steadily(build: Callable[[], Tree]) -> Tree:
    for _ in range(TRIES - 1):
        try:
            return build()
        except SystemError:
            continue
    return build()
