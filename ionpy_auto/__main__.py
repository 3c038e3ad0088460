"""``python -m ionpy_auto`` is the command ``ionpy-auto``."""

from ionpy_auto.cli.__main__ import main

if __name__ == "__main__":
    main()
