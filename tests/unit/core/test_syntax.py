"""Reading Python's grammar is steady, also where the interpreter itself stumbles."""

import ast

import pytest

from ionpy_auto.core.syntax import TRIES, parse_expression, parse_module


def test_a_file_and_an_expression_are_read():
    assert isinstance(parse_module("a = 1\n", "a.py").body[0], ast.Assign)
    assert isinstance(parse_expression("a + 1"), ast.BinOp)


def test_a_text_that_is_no_python_says_where():
    with pytest.raises(SyntaxError) as raised:
        parse_module("a = 1\nb =\n", "a.py")
    assert (raised.value.filename, raised.value.lineno) == ("a.py", 2)


@pytest.mark.parametrize(("stumbles", "is_read"), [(1, True), (TRIES - 1, True), (TRIES, False)])
def test_a_stumble_of_the_interpreter_is_no_fault_of_the_text(monkeypatch, stumbles, is_read):
    true, calls = ast.parse, []

    def stumbling(*args, **kwargs):
        calls.append(args)
        if len(calls) <= stumbles:
            raise SystemError("AST constructor recursion depth mismatch (before=42, after=258)")
        return true(*args, **kwargs)

    monkeypatch.setattr(ast, "parse", stumbling)
    if is_read:
        assert isinstance(parse_expression("1"), ast.Constant)
    else:
        with pytest.raises(SystemError):
            parse_expression("1")
