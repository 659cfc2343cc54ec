r"""Removes local paths from texts such as logs and reports. Standard library only.

Folders of the program are replaced by a name; of every other path, such as /mnt/My Songs/demo.wav or D:\Anna\demo.wav,
the suffix stays. Where a path ends is a guess: folders may contain spaces, and so may file names with a suffix.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

_PATH = re.compile(
    r"""
    (?<![\w.~/\\<>:-])                        # not in the middle of a word, an address, or behind a folder's name
    (?:[A-Za-z]:[\\/]|\\\\|/)                 # C:\  \\server  /
    (?:[^/\\\n"<>|]+[/\\])+                  # folders
    (?:[^/\\\n"'<>|:]*?(\.\w{1,11})\b|[^/\\\s"'<>|:,;]*)
    """,
    re.VERBOSE,
)


def redact(text: str, named: Mapping[str, Path], hidden: Collection[Path] = ()) -> str:
    """The text with the folders in `named` (name -> folder) replaced by their names and all other paths removed.

    hidden: more folders to remove whose paths contain special characters; the home folder is always among them.
    """
    known = dict.fromkeys(map(str, [Path.home(), *hidden]), "/-") | {
        str(path): f"<{name}>" for name, path in named.items()
    }
    for folder, name in sorted(known.items(), key=lambda pair: -len(pair[0])):
        if len(folder) > 1:
            text = text.replace(folder, name)
    return _PATH.sub(lambda found: f"<path>{found[1] or ''}", text)
