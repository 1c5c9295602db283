"""Workers as processes of their own: started, killed, paused, and started again when they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from streams import exits
from tests.reliability.crashing import VARIABLE
from tests.reliability.servers import lasting_port
from tests.services import ROOT, child_of_tests, gone

#: What SIGTERM may take, whatever is down.
STOP_SECONDS: Final = 10.0
READY_SECONDS: Final = 90.0
#: A process younger than this may still be importing, and ends as the kernel does it.
START_SECONDS: Final = 5.0
#: After the scripted kills, a worker may also end by itself (the broker's death): its supervisor starts it again.
KILLED: Final = -signal.SIGKILL


@dataclass(slots=True)
class Log:
    """What happened to all workers."""

    kills: int = 0
    crashes: dict[str, int] = field(default_factory=dict)
    stops: list[float] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    #: Seconds from the start of a process after a kill to the first record that it applied.
    first_record: list[float] = field(default_factory=list)


class Worker:
    """One slot, and the process that holds it at present."""

    def __init__(self, slot: int, directory: Path, options: Sequence[str]) -> None:
        self.slot = slot
        self.log_file = directory / f"worker-{slot}.log"
        self._port = lasting_port()
        self._command = [
            *(sys.executable, "-m", "tests.reliability.crashing", "worker", "--slot", str(slot)),
            *("--data", str(directory / f"worker-{slot}"), "--metrics-port", str(self._port), *options),
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.armed = ""
        self._begun = 0.0
        self._timed = True

    def start(self, *, point: str = "", times: int = 0, timed: bool = False) -> None:
        """Start a process; with ``point`` it kills itself there. ``timed`` notes when it applies its first record."""
        if self.process is not None:
            gone(self.process)  # it ended by itself
        self.armed = point
        environment = {**os.environ, "STAPLEWATCH_LANG": "en"} | ({VARIABLE: f"{point}:{times}"} if point else {})
        with self.log_file.open("ab") as log:
            log.write(f"--- start {time.strftime('%H:%M:%S')} {point} {times or ''}\n".encode())
            log.flush()
            self.process = child_of_tests(self._command, log, cwd=ROOT, env=environment)
        self._begun, self._timed = time.monotonic(), not timed

    @property
    def running(self) -> bool:
        """Return whether there is a process."""
        return self.process is not None and self.process.poll() is None

    def ended(self) -> int | None:
        """Return the exit code of a process that ended and was not asked to."""
        return self.process.poll() if self.process is not None else None

    @property
    def age(self) -> float:
        """Return the seconds since the process was started."""
        return time.monotonic() - self._begun

    def signal(self, number: int) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill the process and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._gone(5.0)

    def stop(self) -> tuple[float, int]:
        """Ask the process to end; return how long it took, and its exit code."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self._gone(STOP_SECONDS + 5.0)
        return time.monotonic() - began, code

    def _gone(self, seconds: float) -> int:
        assert self.process is not None
        code = gone(self.process, seconds)
        self.process = None
        return code

    def ready(self) -> bool:
        """Return whether it says that it does its work."""
        return self._get("/readyz") is not None

    def reasons(self) -> str:
        """Return what it says of its readiness, and how old its process is."""
        said = self._ask("/readyz")
        return f"worker {self.slot}, {self.age:.0f} s old: {said.text if said is not None else 'no answer'}"

    def partitions(self) -> int:
        """Return how many partitions it holds."""
        return int(self._metric("staplewatch_partitions"))

    def first_record(self) -> float | None:
        """Return once, after a timed start, how long it took to apply a record."""
        if self._timed or not self._metric("staplewatch_events_total"):
            return None
        self._timed = True
        return time.monotonic() - self._begun

    def _metric(self, name: str) -> float:
        lines = (self._get("/metrics") or "").splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def _get(self, path: str) -> str | None:
        answer = self._ask(path)
        return answer.text if answer is not None and answer.status_code == httpx.codes.OK else None

    def _ask(self, path: str) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}{path}", trust_env=False, timeout=1.0)
        except httpx.HTTPError:
            return None


class Crew:
    """All workers, with a supervisor that starts again what ended."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = list(workers)
        self.log = Log()

    def start(self, count: int) -> None:
        """Start the first ``count`` workers."""
        for worker in self.workers[:count]:
            worker.start()

    def tend(self) -> None:
        """Do what a supervisor does, and look how far new processes are."""
        for worker in self.workers:
            code = worker.ended()
            if code is not None:
                self._note_end(worker, code)
                worker.start(timed=True)
            if (seconds := worker.first_record()) is not None:
                self.log.first_record.append(seconds)

    def _note_end(self, worker: Worker, code: int) -> None:
        if code == KILLED and worker.armed:
            self.log.crashes[worker.armed] = self.log.crashes.get(worker.armed, 0) + 1
        else:
            self.log.ended.append(code)

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Tend the workers until ``condition()`` holds; ``AssertionError`` names what did not come true."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.tend()
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}; {self._reasons()}"
            time.sleep(0.05)

    def _reasons(self) -> str:
        return "; ".join(worker.reasons() for worker in self.workers if worker.process is not None)

    def wait(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> None:
        """Tend the workers for a while, or until ``unless()`` holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not unless():
            self.tend()
            time.sleep(min(0.05, seconds))

    def ready(self) -> bool:
        """Return whether every worker that should run is ready."""
        return all(worker.ready() for worker in self.workers if worker.process is not None)

    def settle(self) -> None:
        """Return when all are ready."""
        self.until(self.ready, READY_SECONDS, "all workers ready")

    def kill(self, worker: Worker, seconds: float) -> None:
        """Kill a worker; it comes back after ``seconds``."""
        worker.kill()
        self.log.kills += 1
        self.wait(seconds)
        worker.start(timed=True)

    def pause(self, worker: Worker, seconds: float) -> None:
        """Let a worker stand still, as a machine does that swaps or is being moved."""
        worker.signal(signal.SIGSTOP)
        self.wait(seconds)
        worker.signal(signal.SIGCONT)

    def crash(self, worker: Worker, point: str, times: int) -> None:
        """Kill a worker and start it so that it dies at a crash point; ``tend`` starts it again."""
        worker.kill()
        self.log.kills += 1
        worker.start(point=point, times=times)

    def stop(self, worker: Worker) -> None:
        """End a worker in order, unless it passes its crash point on the way or has just been started anew."""
        young = worker.age < START_SECONDS
        seconds, code = worker.stop()
        if (code == KILLED and worker.armed) or (code == -signal.SIGTERM and young):
            self._note_end(worker, code)
            return
        self.log.stops.append(seconds)
        assert seconds < STOP_SECONDS, f"worker {worker.slot} took {seconds:.1f} s to end"
        assert code in {exits.STORED, exits.UNSTORED}, f"worker {worker.slot} ended with {code}, see {worker.log_file}"
