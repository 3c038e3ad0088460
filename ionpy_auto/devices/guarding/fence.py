"""Makes sure that the server is gone before anybody else opens its ports.

The server's process is taken hold of while it certainly lives, so that a number given anew to
another process can never be hit: Linux has descriptors of processes, Windows handles; elsewhere the
guard asks whether the server is still its parent.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.005


class Fence:
    """Holds the server's process, to end it and to see it gone.

    Args:
        server: Its process number.
    """

    def __init__(self, server: int) -> None:
        self._process = _Process(server)

    def close_in(self, natural_s: float, forced_s: float) -> bool:
        """End the server unless it ends by itself; True when it is certainly gone.

        Args:
            natural_s: How long it may take to die by itself; 0 for one that hangs.
            forced_s: How long to wait after it was killed.

        A process that was killed but has not vanished (it hangs in the system) runs no instruction
        of its own any more, but may still hold its ports for a while.

        Raises:
            OSError: It may not be ended; then nobody may open its ports.
        """
        if self._gone_in(natural_s):
            return True
        log.warning("the server is ended by force")
        self._process.kill()
        return self._gone_in(forced_s)

    def _gone_in(self, seconds: float) -> bool:
        for _ in range(max(1, round(seconds / LOOK_EVERY_S))):
            if self._process.is_gone():
                return True
            time.sleep(LOOK_EVERY_S)
        return self._process.is_gone()


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SYNCHRONIZE, _TERMINATE = 0x00100000, 0x0001
    _ENDED, _NO_SUCH_PROCESS = 0, 87
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.OpenProcess.restype = wintypes.HANDLE
    _kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel.TerminateProcess.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)

    class _Process:
        def __init__(self, pid: int) -> None:
            self._handle = _kernel.OpenProcess(_SYNCHRONIZE | _TERMINATE, False, pid)
            self._never_was = not self._handle and ctypes.get_last_error() == _NO_SUCH_PROCESS

        def is_gone(self) -> bool:
            if not self._handle:
                return self._never_was  # else it may not be touched, and counts as alive
            return bool(_kernel.WaitForSingleObject(self._handle, 0) == _ENDED)

        def kill(self) -> None:
            if not _kernel.TerminateProcess(self._handle, 9) and not self.is_gone():
                raise ctypes.WinError(ctypes.get_last_error())

else:

    class _Process:
        def __init__(self, pid: int) -> None:
            self._pid = pid
            self._is_child_of_it = os.getppid() == pid
            self._descriptor: int | None = None
            if sys.platform == "linux":
                with suppress(OSError):  # an old kernel, or it is gone already
                    self._descriptor = os.pidfd_open(pid)

        def is_gone(self) -> bool:
            if self._descriptor is not None:
                return bool(select.select([self._descriptor], [], [], 0)[0])
            if self._is_child_of_it:
                return os.getppid() != self._pid
            try:
                os.kill(self._pid, 0)
            except ProcessLookupError:
                return True
            except PermissionError:
                return True  # somebody else's by now: the server was ours
            return False

        def kill(self) -> None:
            with suppress(ProcessLookupError):
                if sys.platform == "linux" and self._descriptor is not None:
                    signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
                else:
                    os.kill(self._pid, signal.SIGKILL)
