"""A worker that speaks the real protocol and behaves as its first argument says."""

import os
import sys
import time
from pathlib import Path

import numpy as np

from edge_backend.motion.files import save_motion
from edge_backend.motion.motion import Motion
from edge_backend.protocol.codec import decode, encode
from edge_backend.protocol.messages import (
    PROTOCOL,
    Cancel,
    Error,
    Generate,
    Hello,
    Log,
    Message,
    Progress,
    Result,
    Shutdown,
)


def send(message: Message) -> None:
    sys.stdout.buffer.write(encode(message))
    sys.stdout.buffer.flush()


def dance(job: Generate) -> None:
    frames = round((job.request.duration or 2.0) * 30)
    still = np.tile(np.eye(3, dtype=np.float32), (frames, 24, 1, 1))
    path = Path(job.folder) / "dance.npz"
    save_motion(path, Motion(still, np.zeros((frames, 3)), np.zeros((frames, 4)), meta={"seed": job.request.seed}))
    send(Result(job.job, str(path)))


def behave(manner: str, job: Generate) -> None:  # noqa: PLR0912 - a list of manners
    send(Progress(job.job, "sampling", 1, 4, 3.0))
    match manner:
        case "good":
            dance(job)
        case "out_of_memory":
            print(
                "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: out of memory",
                file=sys.stderr,
            )
            os._exit(1)
        case "no_module":
            print("ModuleNotFoundError: No module named 'librosa'", file=sys.stderr)
            os._exit(1)
        case "segfault":
            os.kill(os.getpid(), 11)
        case "killed":
            os.kill(os.getpid(), 9)
        case "logs":
            send(Log("info", "audio.loading: the song is out of memory and back"))
            send(Log("warning", "The GPU's memory is short."))
            send(Log("debug", "not for a file"))
            print("a library prints", file=sys.stderr, flush=True)
            os._exit(9)
        case "log_tail":
            print("something went very wrong", file=sys.stderr, flush=True)
            os._exit(7)
        case "garbage":
            sys.stdout.buffer.write(b"Hello, I am a library that prints.\n")
            sys.stdout.buffer.flush()
            time.sleep(60)
        case "refuses":
            send(Error(job.job, "audio_silent", "The song is silent.", "Choose another one."))
        case "elsewhere":
            send(Result(job.job, "/etc/passwd"))
        case "no_dance":
            path = Path(job.folder) / "dance.npz"
            path.write_bytes(b"PK no dance at all")
            send(Result(job.job, str(path)))
        case "no_result":
            os._exit(0)
        case "odd_stage":
            send(Progress("another job", "sampling", 1, 2))
            send(Progress(job.job, "drawing", 7, 2))
            dance(job)
        case "shouts":
            for number in range(20_000):
                send(Progress(job.job, "sampling", number, 20_000))
            dance(job)
        case "hangs":
            time.sleep(60)


def main(manner: str, notes: Path) -> None:
    """notes: a folder; the process leaves a file there that is named after its id."""
    first = not any(notes.iterdir())
    (notes / str(os.getpid())).touch()
    if manner == "silent":
        time.sleep(60)
    send(Hello(PROTOCOL + 1 if manner == "other_version" else PROTOCOL, "0", os.getpid(), "cpu"))
    if manner == "leaves_once" and first:
        os._exit(0)
    for line in sys.stdin.buffer:
        match decode(line):
            case Generate() as job if manner != "waits":
                behave("good" if manner in ("leaves_once", "other_version") else manner, job)
            case Generate() as job:
                send(Progress(job.job, "sampling", 1, 4))
            case Cancel(job=name):
                send(Error(name, "cancelled", "The job was cancelled."))
            case Shutdown():
                return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
