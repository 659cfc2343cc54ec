"""Opens Blender's real window from the bpy package and runs a script in it. Linux on x86-64 only; a tool for tests.

    python window.py SCRIPT

The package is the whole program, window included; its Python entry merely switches background mode on before it starts.
That one store is turned into a store of 0 in this process's memory; then the event loop, which the package never calls,
is called by its symbol. The script runs before the loop: it registers timers, which run in it.
"""

import ctypes
import faulthandler
import importlib.util
import mmap
import re
import runpy
import struct
import sys
from pathlib import Path

SYMBOL_TABLE = 2  # ELF section type
STORE_OF_ONE = re.compile(rb"\xc6(?:[\x80-\x83\x85-\x87]|\x05).{4}\x01", re.DOTALL)  # mov byte [register + offset], 1
READ_WRITE_EXECUTE, READ_EXECUTE = 7, 5


def symbols(library: Path) -> dict[str, tuple[int, int]]:
    """Name -> (address, size) of the functions that this tool calls or changes."""
    wanted = re.compile(
        rb"\0(_Z\w*17main_python_enter\w*|_Z\w*7WM_main\w*|BPY_context_get|_Z\w*15BPY_context_get\w*)\0"
    )
    found = {}
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        table, entry_size, entries = struct.unpack_from("<Q", data, 0x28)[0], *struct.unpack_from("<HH", data, 0x3A)
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + i * entry_size) for i in range(entries)]
        for section in sections:
            if section[1] != SYMBOL_TABLE:
                continue
            strings = sections[section[6]]
            names = data[strings[4] : strings[4] + strings[5]]
            offsets = {match.start(1): match[1].decode() for match in wanted.finditer(names)}
            for name, _, _, _, address, size in struct.iter_unpack(
                "<IBBHQQ", data[section[4] : section[4] + section[5]]
            ):
                if name in offsets and address:
                    found[offsets[name]] = (address, size)
    return found


def start(script: str) -> None:
    """Open the window, run the script and enter the event loop. Does not return."""
    origin = importlib.util.find_spec("bpy").origin  # type: ignore[union-attr]
    library = Path(str(origin)).resolve()
    found = symbols(library)

    def find(part: str) -> tuple[int, int]:
        return next(place for name, place in found.items() if part in name)

    ctypes.CDLL(str(library), mode=sys.getdlopenflags())
    maps = Path("/proc/self/maps").read_text().splitlines()
    base = next(int(line.split("-")[0], 16) for line in maps if line.endswith(str(library)))

    address, size = find("main_python_enter")
    code = ctypes.string_at(base + address, size)
    _factory_startup, background = STORE_OF_ONE.finditer(code)
    place = base + address + background.end() - 1
    page, length = place & ~0xFFF, 0x2000
    libc = ctypes.CDLL(None)
    assert libc.mprotect(ctypes.c_void_p(page), length, READ_WRITE_EXECUTE) == 0
    ctypes.memset(place, 0, 1)
    libc.mprotect(ctypes.c_void_p(page), length, READ_EXECUTE)

    import bpy  # noqa: PLC0415 - only now

    assert not bpy.app.background
    runpy.run_path(script, run_name="__main__")
    context = ctypes.CFUNCTYPE(ctypes.c_void_p)(base + find("BPY_context_get")[0])()
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(base + find("WM_main")[0])(context)


if __name__ == "__main__":
    faulthandler.enable()  # where Blender dies, what Python was doing is in the test's output
    start(sys.argv[1])
