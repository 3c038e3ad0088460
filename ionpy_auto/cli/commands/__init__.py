"""One file per word; its function ``run`` is the command, its docstring the help."""
