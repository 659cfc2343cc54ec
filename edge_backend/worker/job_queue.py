"""A queue of jobs, shared by the thread that reads requests and the thread that runs them."""

import threading
from dataclasses import dataclass, field

from ..protocol.messages import Body, Features, Generate


@dataclass(eq=False)
class Job:
    """A request to run. `cancelled` is tested between network evaluations."""

    message: Generate | Features | Body
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        """The job's name in messages."""
        return self.message.job


class JobQueue:
    """First in, first out, one at a time. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, Job] = {}
        self._running: Job | None = None
        self._closed = False

    @property
    def running(self) -> str | None:
        """The name of the job that was taken and is not finished, None if there is none."""
        running = self._running
        return running.name if running else None

    @property
    def waiting(self) -> int:
        """The number of jobs that were not taken yet."""
        return len(self._waiting)

    def add(self, job: Job) -> bool:
        """Put a job at the end; False if its name is taken."""
        with self._changed:
            if job.name in self._waiting or job.name == self.running:
                return False
            self._waiting[job.name] = job
            self._changed.notify()
            return True

    def take(self, timeout: float | None = None) -> Job | None:
        """The next job, once there is one; None after `timeout` seconds without any, or when the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            if self._closed or not self._waiting:
                return None
            self._running = self._waiting.pop(next(iter(self._waiting)))
            return self._running

    def finish(self, job: Job) -> None:
        """Mark the taken job as finished, whatever its outcome."""
        with self._changed:
            if self._running is job:
                self._running = None

    def cancel(self, name: str) -> Job | None:
        """Cancel a job. Returns it if it was still waiting; a running one has its `cancelled` event set."""
        with self._changed:
            if self._running and self._running.name == name:
                self._running.cancelled.set()
            return self._waiting.pop(name, None)

    def close(self) -> None:
        """Cancel all jobs; `take` returns None from now on."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            if self._running:
                self._running.cancelled.set()
            self._changed.notify_all()
