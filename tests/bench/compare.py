"""Candidates that do the same job on the same topic: run one after another, interleaved, each answer checked."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.load import LINES, Encoding, Load
from tests.services import ROOT

PEERS = ROOT / ".services" / "bench"
#: A candidate that takes longer is broken; the slowest reads for 25 s on a busy machine.
MOST_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program: ``module`` run by the Python of ``environment`` (empty: ours) on a ``share`` of every partition."""

    name: str
    module: str
    share: float = 1.0
    environment: str = ""
    way: str = ""
    encoding: Encoding = "json"

    @property
    def python(self) -> str:
        """Return the interpreter."""
        return str(PEERS / self.environment / "bin" / "python") if self.environment else sys.executable

    def command(self, servers: str, topic: str, counts: Sequence[int], directory: Path) -> list[str]:
        """Return the command line of one run."""
        return [
            *(self.python, "-m", f"tests.bench.candidates.{self.module}", "--servers", servers, "--topic", topic),
            *("--counts", ",".join(map(str, counts)), "--result", str(directory / "result.json")),
            *("--directory", str(directory), "--way", self.way),
        ]


@dataclass(slots=True)
class Run:
    """One measured run; CPU is the candidate's process, the broker's not."""

    candidate: str
    lines: int
    seconds: float
    cpu: float
    peak: int
    load: float
    #: What read the receipts, if there is a choice.
    decoder: str = ""

    @property
    def rate(self) -> float:
        """Return lines a second."""
        return self.lines / self.seconds


@dataclass(slots=True)
class Comparison:
    """All runs of one interleaved series."""

    runs: list[Run] = field(default_factory=list)

    def rates(self, name: str) -> list[float]:
        """Return a candidate's lines a second, in the order of the rounds."""
        return [run.rate for run in self.runs if run.candidate == name]

    def rate(self, name: str) -> float:
        """Return the median lines a second."""
        return statistics.median(self.rates(name))

    def cpu(self, name: str) -> float:
        """Return the median microseconds of CPU per line."""
        return statistics.median(run.cpu / run.lines * 1e6 for run in self.runs if run.candidate == name)

    def peak(self, name: str) -> float:
        """Return the largest resident memory, MiB."""
        return max(run.peak for run in self.runs if run.candidate == name) / 2**20

    def ratio(self, name: str, other: str) -> float:
        """Return the median over the rounds of how many times as fast ``name`` is as ``other`` in the same round.

        Neighbours in time share the state of the machine; a median of ratios forgives a round in
        which somebody else took the processor.
        """
        pairs = zip(self.rates(name), self.rates(other), strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def decoder(self, name: str) -> str:
        """Return what read the receipts, empty if there is no choice."""
        return next(run.decoder for run in self.runs if run.candidate == name)

    def raw(self) -> list[dict[str, object]]:
        """Return the runs as plain data."""
        return [{**asdict(run), "rate": round(run.rate)} for run in self.runs]


def run(candidate: Candidate, load: Load, servers: Mapping[Encoding, str], topic: str, directory: Path) -> Run:
    """Run a candidate once, on the broker that has the load in its encoding, and hold its sums against the truth."""
    counts = load.counts(candidate.share)
    records = load.records(counts, candidate.encoding)
    directory /= f"{candidate.name.replace(' ', '-')}-{uuid.uuid4().hex[:8]}"
    directory.mkdir(parents=True)
    command = candidate.command(servers[candidate.encoding], topic, records, directory)
    busy = os.getloadavg()[0]
    with (directory / "log").open("wb") as log:
        ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, timeout=MOST_SECONDS, check=False)
    result = directory / "result.json"
    said = (directory / "log").read_text(errors="replace")[-2000:]
    assert result.exists(), f"{candidate.name} ended with {ended.returncode} and no result: {said}"
    found = json.loads(result.read_text())
    check(candidate.name, found["totals"], load.totals(counts))
    measured = found["seconds"], found["cpu"], found["peak"]
    return Run(candidate.name, sum(counts) * LINES, *measured, busy, found.get("decoder", ""))


def check(name: str, found: dict[str, list[int]], truth: dict[str, list[int]]) -> None:
    """Raise ``AssertionError`` with some of the differences unless all sums agree to the last digit."""
    wrong = [key for key in found.keys() | truth.keys() if found.get(key) != truth.get(key)]
    shown = "; ".join(f"{key}: {found.get(key)} for {truth.get(key)}" for key in sorted(wrong)[:5])
    assert not wrong, f"{name}: {len(wrong)} of {len(truth)} sums differ: {shown}"


def interleaved(
    candidates: Sequence[Candidate], rounds: int, once: Callable[[Candidate], Run], say: Callable[[str], None] = print
) -> Comparison:
    """Run every candidate once per round; the order turns by one from round to round."""
    found = Comparison()
    for number in range(rounds):
        for place in range(len(candidates)):
            candidate = candidates[(place + number) % len(candidates)]
            measured = once(candidate)
            found.runs.append(measured)
            cpu = measured.cpu / measured.lines * 1e6
            say(f"  round {number + 1}  {candidate.name:<22} {measured.rate:>12,.0f} lines/s  {cpu:6.2f} µs CPU/line")
    return found
