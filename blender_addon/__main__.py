"""`python -m edge_dance ...`: the extension's command with the bpy package instead of the Blender program.

Run it in the folder that contains the extension's own folder. The arguments are those of `blender --command
edge_dance`.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import addon_utils
import bpy

FOLDER = Path(__file__).resolve().parent


def enable() -> str:
    """Enable the extension in this folder as Blender would in its own extensions folder. Returns the module's name."""
    repositories: Any = bpy.context.preferences.extensions.repos
    here = [repository for repository in repositories if Path(repository.directory).resolve() == FOLDER.parent]
    if not here:
        here = [repositories.new(name="Command Line", module="command_line", custom_directory=str(FOLDER.parent))]
        here[0].use_custom_directory = True
    module = f"bl_ext.{here[0].module}.{FOLDER.name}"
    utils: Any = addon_utils
    if utils.enable(module, default_set=True) is None:
        raise SystemExit(f"Blender did not enable {FOLDER}.")
    return module


if __name__ == "__main__":
    code = import_module(f"{enable()}.command_line").main(sys.argv[1:], "python -m edge_dance")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # some Blender versions hang or crash in the interpreter's own exit when add-ons are registered
