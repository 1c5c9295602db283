"""A sampling profile of this process, as text: which function has which share of the time, of all threads that work."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Self

#: Of the clock; sampling all threads takes 0.1 ms.
EVERY_SECONDS = 0.01
#: A thread whose innermost function is one of these waits and works not.
WAITING = {"wait", "select", "poll", "_worker", "run_forever", "get", "accept", "run_until_complete", "serve_forever"}


class Sampler:
    """Samples while it is entered; writes ``path`` at the end, and does nothing without one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._own: Counter[str] = Counter()
        self._with_callees: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._cpu = 0.0

    def __enter__(self) -> Self:
        if self._path:
            self._cpu = time.process_time()
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._path:
            self._stop.set()
            self._thread.join()
            Path(self._path).write_text(self.text())

    def _run(self) -> None:
        me = threading.get_ident()
        while not self._stop.wait(EVERY_SECONDS):
            for thread, frame in sys._current_frames().items():
                if thread != me and frame.f_code.co_name not in WAITING:
                    self._note(frame)

    def _note(self, frame: FrameType) -> None:
        self._own[_name(frame)] += 1
        names: set[str] = set()
        at: FrameType | None = frame
        while at is not None:
            names.add(_name(at))
            at = at.f_back
        self._with_callees.update(names)

    def text(self, most: int = 40) -> str:
        """Return both tables."""
        total = sum(self._own.values()) or 1
        lines = [f"{total} samples of threads at work, one every {EVERY_SECONDS * 1000:.0f} ms"]
        for title, found in (("in the function itself", self._own), ("with what it calls", self._with_callees)):
            lines += ["", title]
            lines += [f"{count / total:7.1%}  {name}" for name, count in found.most_common(most)]
        return "\n".join(lines) + "\n"


def _name(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    return f"{'/'.join(path.parts[-2:])}: {frame.f_code.co_qualname}"
