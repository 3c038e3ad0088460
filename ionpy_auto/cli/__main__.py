"""Finds the words of the command line and imports only the one that was asked for."""

import importlib
import pkgutil
import sys
from typing import Any

import typer

from ionpy_auto import __version__
from ionpy_auto.cli import commands
from ionpy_auto.cli.output import fail, setup_logging
from ionpy_auto.core.errors import BadInput, IonpyError

HELP = "Rule-driven lab automation: sequences, rules, alarms and recordings of instruments."


def words() -> list[str]:
    """All commands, by file name."""
    return sorted(info.name for info in pkgutil.iter_modules(commands.__path__))


def build(asked: str | None = None) -> typer.Typer:
    """The command line; with ``asked`` only that word is imported, so it starts fast."""
    app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    for word in words():
        if asked in {None, word}:
            module: Any = importlib.import_module(f"{commands.__name__}.{word}")
            if hasattr(module, "app"):  # a word with words of its own
                app.add_typer(module.app, name=word)
            else:
                app.command(word, help=module.run.__doc__)(module.run)

    @app.callback()
    def root() -> None:
        """Rule-driven lab automation."""

    return app


def main() -> None:
    """Run the command line; errors become one line, a hint and an exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--version"]:
        print(f"ionpy-auto {__version__}")
        return
    setup_logging()
    asked = arguments[0] if arguments and arguments[0] in words() else None
    try:
        build(asked)()
    except BadInput as error:
        fail(error, 2)
    except IonpyError as error:
        fail(error, 1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
