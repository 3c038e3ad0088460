"""Nothing a script tries gets it out of its sandbox, and devices are polled meanwhile."""

import pytest

from ionpy_auto.automation.scripts.api import ScriptApi
from ionpy_auto.automation.scripts.output import Output
from ionpy_auto.automation.scripts.sandbox import Limits, Sandbox, ScriptFailed
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.commands import Origin, Priority
from ionpy_auto.core.errors import Conflict
from tests.unit.automation.rules_bench import PaperLab
from tests.unit.automation.scripts_bench import PaperDesk

# Each ends with `got(...)` only if it came out with something; `got` is no function of the API,
# so a script that gets there fails with another name than what is expected of it.
ESCAPES = {
    # files
    "open a file": "got(open('/etc/passwd').read())",
    "write a file": "open('/tmp/ionpy_escape', 'w').write('x'); got(1)",
    "open by descriptor": "got(open(1))",
    "pathlib read": "from pathlib import Path\ngot(Path('/etc/passwd').read_text())",
    "pathlib list": "from pathlib import Path\ngot(list(Path('/').iterdir()))",
    "pathlib exists": "from pathlib import Path\ngot(Path('/etc/passwd').exists())",
    "pathlib write": "from pathlib import Path\ngot(Path('/tmp/ionpy_escape').write_text('x'))",
    "pathlib home": "from pathlib import Path\ngot(Path.home())",
    "list a folder": "import os\ngot(os.listdir('/'))",
    "remove a file": "import os\ngot(os.remove('/tmp/x'))",
    "environment": "import os\ngot(os.environ['PATH'])",
    "getenv": "import os\ngot(os.getenv('PATH'))",
    "urandom": "import os\ngot(os.urandom(8))",
    "climb out of the folder": "got(open('../../../../etc/passwd').read())",
    "proc": "got(open('/proc/self/environ').read())",
    "the interpreter's memory": "got(open('/proc/self/mem', 'rb'))",
    # processes and the network
    "system": "import os\ngot(os.system('id'))",
    "popen": "import os\ngot(os.popen('id').read())",
    "fork": "import os\ngot(os.fork())",
    "exec a program": "import os\ngot(os.execv('/bin/sh', ['sh']))",
    "kill": "import os\ngot(os.kill(1, 9))",
    "subprocess": "import subprocess\ngot(subprocess.run(['id']))",
    "multiprocessing": "import multiprocessing\ngot(multiprocessing.Process())",
    "threads": "import threading\ngot(threading.Thread())",
    "socket": "import socket\ngot(socket.socket())",
    "urllib": "import urllib.request\ngot(urllib.request.urlopen('http://127.0.0.1'))",
    "http": "import http.client\ngot(1)",
    "ssl": "import ssl\ngot(1)",
    "asyncio subprocess": "import asyncio\ngot(await asyncio.create_subprocess_shell('id'))",
    "asyncio connection": "import asyncio\ngot(await asyncio.open_connection('127.0.0.1', 1))",
    "ctypes": "import ctypes\ngot(ctypes.CDLL(None))",
    "signal": "import signal\ngot(1)",
    # imports
    "import the server": "import ionpy_auto\ngot(ionpy_auto)",
    "import by function": "got(__import__('os').system('id'))",
    "importlib": "import importlib\ngot(importlib.import_module('os'))",
    "builtins": "import builtins\ngot(builtins.open('/etc/passwd'))",
    "dunder builtins": "got(__builtins__['open'])",
    "sys.modules": "import sys\ngot(sys.modules['os'])",
    "pickle": "import pickle\ngot(pickle.loads(b'x'))",
    "marshal": "import marshal\ngot(1)",
    "code": "import code\ngot(1)",
    "gc": "import gc\ngot(gc.get_objects())",
    "inspect": "import inspect\ngot(inspect.currentframe())",
    "numpy": "import numpy\ngot(1)",
    # walking objects
    "class walking": "got(().__class__.__bases__[0].__subclasses__())",
    "mro": "got((1).__class__.__mro__[1].__subclasses__())",
    "getattr walking": "got(getattr(getattr((), '__cla' + 'ss__'), '__subclasses__')())",
    "globals of a host function": "got(read.__globals__)",
    "code of a host function": "got(read.__code__)",
    "closure of a host function": "got(read.__closure__)",
    "self of a bound method": "got([].append.__self__)",
    "dict of a class": "class A: pass\ngot(A.__dict__['__module__'].__class__)",
    "globals function": "got(globals()['__builtins__'])",
    "frame of an exception": (
        "try:\n    1 / 0\nexcept Exception as e:\n    got(e.__traceback__.tb_frame)"
    ),
    "coroutine frame": "async def f(): pass\nc = f()\ngot(c.cr_frame)",
    "vars": "got(vars(read))",
    "setattr on a host function": "read.x = 1\ngot(read.x)",
    "type with three arguments": "got(type('A', (object,), {})())",
    # format tricks
    "format walking": "got('{0.__class__.__mro__}'.format(()))",
    "format of a host function": "got('{0.__globals__}'.format(read))",
    "f-string walking": "got(f'{read.__globals__}')",
    "percent bomb": "x = '%1000000000d' % 1\ngot(len(x))",
    "format bomb": "x = '{:1000000000}'.format(1)\ngot(len(x))",
    # eval
    "eval of an import": "got(eval(\"__import__('os')\"))",
    "exec of an import": "exec('import subprocess')\ngot(1)",
    "eval of open": "got(eval(\"open('/etc/passwd')\"))",
    "compile": "got(compile('1', 'x', 'eval'))",
    # memory, time, depth
    "big list": "x = [0] * 10**10\ngot(1)",
    "big text": "x = 'a' * 10**10\ngot(1)",
    "ljust": "x = 'a'.ljust(10**9)\ngot(1)",
    "growing list": "x = []\nwhile True:\n    x.append('y' * 10000)",
    "growing dict": "x = {}\nn = 0\nwhile True:\n    n += 1\n    x[n] = str(n) * 100",
    "power": "x = 7 ** 10**9\ngot(1)",
    "shift": "x = 1 << 10**11\ngot(1)",
    "factorial": "import math\nx = math.factorial(10**7)\ngot(1)",
    "range to list": "x = list(range(10**10))\ngot(1)",
    "endless loop": "while True:\n    pass",
    "endless sum": "got(sum(range(10**13)))",
    "recursion": "def f(n):\n    return f(n + 1)\ngot(f(0))",
    "mutual recursion": "def f():\n    g()\ndef g():\n    f()\nf()\ngot(1)",
    "nested calls": "got(" + "abs(" * 3000 + "1" + ")" * 3000 + ")",
    "nested lists": "x = " + "[" * 5000 + "]" * 5000 + "\ngot(1)",
    "nested repr": "x = []\nfor i in range(10**6):\n    x = [x]\ngot(len(repr(x)))",
    "regex backtracking": "import re\ngot(re.match('(a+)+$', 'a' * 40 + 'b').group())",
    "sort with a hostile key": "got(sorted(range(10), key=lambda x: [0] * 10**9))",
    # the API
    "unknown function": "got(await panic())",
    "rearm": "got(await rearm('x'))",
    "private function": "got(await _write('PSU_01.i_set', 1.0))",
    "method of a text": "got(await 'x'.write('PSU_01.i_set', 1.0))",
    "a class as a point": "class A: pass\ngot(await write(A(), 1.0))",
    "a function as a value": "got(await write('PSU_01.i_set', read))",
    "itself in a list": "x = []\nx.append(x)\ngot(await write('PSU_01.i_set', x))",
    "a deep list as a value": (
        "x = []\nfor i in range(900):\n    x = [x]\ngot(await write('PSU_01.i_set', x))"
    ),
    "large arguments": "got(await read({i: i for i in range(50000)}))",
    "someone else's origin": "got(await write('PSU_01.i_set', 1.0, origin='user:admin'))",
    "bytes": "got(await write('PSU_01.i_set', b'1'))",
    "complex": "got(await write('PSU_01.i_set', (1, 2)))",
}


@pytest.fixture
async def lab():
    lab = PaperLab()
    lab.clock = SystemClock()
    return lab


@pytest.fixture(scope="module")
def brisk():
    return Limits(turn_s=0.2)


@pytest.mark.parametrize("name", ESCAPES)
async def test_nothing_gets_out(lab, brisk, name):
    lab.refuse.add("PSU_01.i_set")
    reached = []

    class Api(ScriptApi):
        """With one function more, which only a script that got something calls."""

        @property
        def names(self):
            return super().names | {"got"}

        async def call(self, name, args, kwargs):
            if name == "got":
                reached.append(args)
                raise Conflict("got")
            return await super().call(name, args, kwargs)

    output = Output(lab.clock, lambda lines, dropped: None)
    api = Api(PaperDesk(lab), Origin(Priority.SCRIPT, "script:s"), output)
    sandbox = Sandbox(lab.clock, brisk)
    try:
        with pytest.raises(ScriptFailed):
            await sandbox.run("s", ESCAPES[name], api, output.feed, {})
    finally:
        await sandbox.stop()
        await output.close()
    assert (reached, lab.done) == ([], [])
