"""The web's warehouse is asked while it answers, refused at once while it does not, and asked again by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pytest

from serving.guard import Guard
from tests.services import wait_until
from warehouse.errors import WarehouseError, WarehouseUnavailable


class House:
    """Answers pings while ``trouble`` is None; an event as ``trouble`` is a silence until it is set."""

    def __init__(self) -> None:
        self.trouble: Exception | threading.Event | None = None
        self.asked = 0
        self.inserted: list[str] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        del columns
        self.inserted.append(table)

    def ping(self) -> None:
        if isinstance(self.trouble, threading.Event):
            self.trouble.wait()
        elif self.trouble is not None:
            raise self.trouble

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        self.asked += 1
        return pa.table({name: [1]})


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def guard(house: House, said: list[str]) -> Iterator[Guard]:
    guard = Guard(house, every=0.4, say=said.append)  # a silence is thrice that: longer than busy cores keep a thread
    guard.start()
    yield guard
    guard.stop()


def becomes(guard: Guard, condition: Callable[[str], bool]) -> None:
    wait_until(lambda: condition(guard.reason), 10, f"another reason than {guard.reason!r}")


@pytest.mark.parametrize(
    "trouble", [WarehouseUnavailable("gone"), WarehouseError("no such database"), RuntimeError("a bug")]
)
def test_nobody_waits_for_a_warehouse_that_is_away(
    guard: Guard, house: House, said: list[str], trouble: Exception
) -> None:
    assert guard.query("counts").num_rows == 1
    house.trouble = trouble
    becomes(guard, lambda reason: str(trouble) in reason)
    with pytest.raises(WarehouseUnavailable, match=str(trouble)):
        guard.query("counts")
    with pytest.raises(WarehouseUnavailable, match=str(trouble)):
        guard.insert("alert_actions", {})
    assert (house.asked, house.inserted) == (1, [])
    house.trouble = None
    becomes(guard, lambda reason: not reason)
    assert guard.query("counts").num_rows == 1
    guard.insert("alert_actions", {})
    assert house.inserted == ["alert_actions"]
    assert said == [f"stored values cannot be read, live ones go on: {trouble}", "stored values can be read again"]


def test_a_silent_warehouse_is_away_too(guard: Guard, house: House, said: list[str]) -> None:
    house.trouble = silence = threading.Event()
    becomes(guard, lambda reason: "does not answer" in reason)
    house.trouble = None
    silence.set()
    becomes(guard, lambda reason: not reason)
    assert len(said) == 2
