r"""Texts without what a path tells about a person. Standard library only.

Folders of the program get a name; of every other path, such as /mnt/My Songs/demo.wav or D:\Anna\demo.wav, the ending
stays. Where a path ends is a guess: folders may have spaces in them, a file's name too if it has an ending.
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
    """The text with the folders in `named` (name -> folder) called so, and all other paths taken out.

    hidden: folders whose paths have signs in them by which one cannot tell where they end; the home folder is one.
    """
    known = dict.fromkeys(map(str, [Path.home(), *hidden]), "/-") | {
        str(path): f"<{name}>" for name, path in named.items()
    }
    for folder, name in sorted(known.items(), key=lambda pair: -len(pair[0])):
        if len(folder) > 1:
            text = text.replace(folder, name)
    return _PATH.sub(lambda found: f"<path>{found[1] or ''}", text)
