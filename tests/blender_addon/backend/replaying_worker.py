"""A worker that sends the recorded messages of a real job up to one of them, and is killed there.

    python replaying_worker.py RECORD MESSAGES HALF HEARD

RECORD: a folder with `conversation` (frames, one a line, in which JOB and FOLDER stand for the job's name and folder)
and the files that the job's folder got. MESSAGES: so many are said, the first before any request is read; HALF: 1 = and
half of the next one. HEARD: so many requests are read. Standard library only: it is started many times.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path


def main(record: Path, messages: int, half: bool, heard: int) -> None:
    frames = (record / "conversation").read_bytes().splitlines(keepends=True)

    def say(first: int, end: int) -> None:
        said = b"".join(frames[max(0, first) : min(end, messages)])
        if half and first <= messages < end:
            said += frames[messages][: len(frames[messages]) // 2]
        os.write(1, said)

    say(0, 1)
    if heard:
        request = json.loads(sys.stdin.buffer.readline())
        names = (b"JOB", request["job"].encode()), (b"FOLDER", json.dumps(request["folder"])[1:-1].encode())
        for stand_in, name in names:
            frames = [frame.replace(stand_in, name) for frame in frames]
        for file in record.glob("*.npz"):
            shutil.copy(file, request["folder"])
        say(1, len(frames))
    for _ in range(heard - 1):
        sys.stdin.buffer.readline()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1", int(sys.argv[4]))
