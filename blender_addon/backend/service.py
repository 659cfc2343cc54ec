"""The worker, the job and the stepwise work of this Blender, which last between operators."""

from dataclasses import replace
from pathlib import Path

import bpy

from ..edge_backend.errors import EdgeError
from .job import Job
from .launch import Launch
from .work import Work
from .worker_process import WorkerProcess


class Service:
    """Keeps the worker running between dances. Its state is in Python, so undo and loading files do not change it."""

    def __init__(self) -> None:
        self._worker: WorkerProcess | None = None
        self._launch: Launch | None = None
        self._warmed: Launch | None = None
        self.job: Job | None = None
        self.work: Work | None = None
        self.problem: EdgeError | None = None

    @property
    def busy(self) -> bool:
        """Whether a dance is being generated or keyed."""
        return self.job is not None or self.work is not None

    @property
    def running(self) -> bool:
        """Whether a worker process is running, which uses memory."""
        return self._worker is not None and self._worker.alive

    def warm_up(self, launch: Launch) -> None:
        """Start the worker before its first job. Once only: a worker that was stopped or was idle has freed memory."""
        if self._warmed != launch and not self.busy:
            self._get_worker(launch, ahead=True)

    def open_job(self, launch: Launch) -> Job:
        """Make a job, without a request. Raises EdgeError busy, job_folder."""
        if self.busy:
            raise EdgeError("busy", "A dance is being made already.", "Wait for it or cancel it.")
        self.problem = None
        self.job = Job(lambda: self._get_worker(launch), Path(bpy.app.tempdir))
        return self.job

    def close_job(self) -> None:
        """Close the job and remove its folder; its error is stored in `problem`."""
        if self.job:
            self.problem = self.job.error
            self.job.close()
            self.job = None

    def stop(self) -> None:
        """Stop the worker and its job."""
        self.close_job()
        self.work = None
        if self._worker:
            self._worker.stop()
            self._worker = None

    def _get_worker(self, launch: Launch, ahead: bool = False) -> WorkerProcess:
        """The running worker, or a new one if there is none or the preferences have changed."""
        self._warmed = launch
        if self._worker and self._launch != launch:
            self._worker.stop()
            self._worker = None
        if self._worker is None or not self._worker.alive:
            self._worker, self._launch = WorkerProcess(replace(launch, ahead=ahead)), launch
        return self._worker


service = Service()
"""The service of this Blender. `registration` stops it."""
