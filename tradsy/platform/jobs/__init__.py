"""Background jobs: taskiq over JetStream, each run a row of `job_runs` that is claimed before it acts.

A caller enqueues in its own transaction (`enqueue`), the edge publishes after the commit with the other events, and a
sweeper finds what a crash left behind. A run is delivered at least once and claimed by one worker at a time; a job that
must act exactly once finishes its run in its own transaction (`JobContext.finish`). No job places or cancels an order.
"""

from __future__ import annotations

from tradsy.platform.jobs.builtin import PLATFORM_JOBS
from tradsy.platform.jobs.queue import enqueue
from tradsy.platform.jobs.registry import Job, JobContext, JobRegistry, job
from tradsy.platform.jobs.scheduler import Scheduler
from tradsy.platform.jobs.worker import JobWorker

__all__ = ["PLATFORM_JOBS", "Job", "JobContext", "JobRegistry", "JobWorker", "Scheduler", "enqueue", "job"]
