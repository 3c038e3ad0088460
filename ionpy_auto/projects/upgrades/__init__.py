"""One file per schema step of ``project.json`` and its siblings: ``from_1.py`` makes version 2.

Each module has ``upgrade(folder: Path, content: dict) -> dict`` and leaves a folder of the next
version behind; the file before the step is kept as ``project.json.v<N>.bak``.
"""
