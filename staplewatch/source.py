"""Where answers come from: the running instance of a directory, or a warehouse opened for the question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from serving.headers import CURSOR, INCOMPLETE, NEXT
from staplewatch import instance
from staplewatch.errors import CommandError
from staplewatch.words import say

if TYPE_CHECKING:
    from serving.answers import Answers
    from serving.letters import LetterFilter, Order
    from staplewatch.settings import Settings
    from warehouse.protocol import Warehouse

Rows = list[dict[str, Any]]
Parameters = Mapping[str, Any]

#: The instance may be busy catching up; a query over a large warehouse takes seconds.
ANSWER_SECONDS: Final = 60.0
WAIT_SECONDS: Final = 10.0
#: An audit reads everything that is stored: some seconds per million rows, with the worker beside it.
AUDIT_SECONDS: Final = 3600.0
#: Rows, where the user named no limit.
UNLIMITED: Final = 1_000_000
#: Dead letters in one request.
PAGE_ROWS: Final = 1_000
#: The end of ClickHouse's DateTime, 2106-02-07.
FAR: Final = 2**32 - 1


class Source(Protocol):
    """Answers questions; ``what`` is an address of the API, for example ``alerts`` or ``dead-letters/summary``."""

    def ask(self, what: str, parameters: Parameters) -> Rows:
        """Return the rows that the API returns for those parameters."""

    def follow(self, what: str, parameters: Parameters) -> Iterator[Rows]:
        """Return what is there, and then for ever what is new; may yield nothing at times."""

    def letters(self, parameters: Parameters) -> Iterator[Rows]:
        """Return dead letters page by page: never more than one page is held."""

    def record(self, sent: Rows) -> None:
        """Note durably that these letters were sent again."""


@dataclass(slots=True)
class Instance:
    """Asks a running instance by HTTP with its token."""

    found: instance.Instance
    seconds: float = ANSWER_SECONDS

    def ask(self, what: str, parameters: Parameters) -> Rows:
        """Return the rows."""
        return self._get(what, parameters)[0]

    def follow(self, what: str, parameters: Parameters) -> Iterator[Rows]:
        """Return what is there, then what changed, waiting at the server."""
        rows, cursor = self._get(what, parameters)
        yield rows
        while True:
            rows, cursor = self.news(what, parameters, cursor, WAIT_SECONDS)
            yield rows

    def news(self, what: str, parameters: Parameters, after: int, wait: float = 0.0) -> tuple[Rows, int]:
        """Return what is live and changed after the cursor, and the next cursor; the warehouse is not asked."""
        return self._get(what, {**parameters, "after": after, "wait": wait})

    def letters(self, parameters: Parameters) -> Iterator[Rows]:
        """Return dead letters page by page."""
        given: dict[str, Any] = {"limit": PAGE_ROWS} | _given(parameters)
        page: str | None = ""
        while page is not None:
            rows, headers = self._request("dead-letters", given | ({"page": page} if page else {}))
            yield rows
            page = headers.get(NEXT)

    def record(self, sent: Rows) -> None:
        """Note durably that these letters were sent again."""
        self._request("dead-letters/replays", {}, (201,), method="POST", body=sent)

    def totals(self) -> dict[str, float]:
        """Return what the instance's worker has counted since its start."""
        health: Any = self._request("health", {}, (200, 503))[0]
        return dict(health["details"].get("totals", {}))

    def audit(self, wait: float) -> object:
        """Return the report of an audit that the instance makes of itself, first waiting so many seconds at most."""
        return self._request("audit", {"wait": wait}, method="POST", seconds=AUDIT_SECONDS + wait)[0]

    def _get(self, what: str, parameters: Parameters) -> tuple[Rows, int]:
        given = _given({"limit": UNLIMITED, **parameters})
        body, headers = self._request(what, given)
        if headers.get(INCOMPLETE):
            _warn(say("仓库暂不可用：只有实时数据", "the warehouse is away: live values only"))
        return body, int(headers.get(CURSOR, 0))

    def _request(
        self,
        what: str,
        parameters: Parameters,
        expected: Sequence[int] = (200,),
        *,
        method: str = "GET",
        body: Rows | None = None,
        seconds: float | None = None,
    ) -> tuple[Any, Any]:
        import httpx  # noqa: PLC0415

        address = f"{self.found.http}/api/{what}"
        headers = {"Authorization": f"Bearer {self.found.token}"}
        try:
            response = httpx.request(
                method,
                address,
                params=dict(parameters),
                json=body,
                headers=headers,
                timeout=seconds or self.seconds,
                trust_env=False,
            )
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise CommandError(_lost(self.found, error), code=1) from error
        if response.status_code not in expected:
            raise CommandError(_refused(answer))
        return answer, response.headers


@dataclass(slots=True)
class Opened:
    """Asks a warehouse that this process opened itself; nothing is live, so ``follow`` needs a broker."""

    answers: Answers

    def ask(self, what: str, parameters: Parameters) -> Rows:
        """Return the rows."""
        return asyncio.run(_answer(self.answers, what, parameters))

    def follow(self, what: str, parameters: Parameters) -> Iterator[Rows]:
        """Refuse: there is nobody to tell what is new."""
        del what, parameters
        msg = say(
            "--follow 需要正在运行的实例：先运行 staplewatch up 或 serve，再用 --data 指明目录",
            "--follow needs a running instance: start staplewatch up or serve, then name its --data",
        )
        raise CommandError(msg)

    def letters(self, parameters: Parameters) -> Iterator[Rows]:
        """Return dead letters page by page."""
        import msgspec  # noqa: PLC0415

        wanted, limit, order = _letter_filter(parameters)
        page = ""
        while True:
            found = asyncio.run(self.answers.letters.page(wanted, limit or PAGE_ROWS, page, order))
            yield msgspec.to_builtins(found.rows)
            page = found.next
            if not page:
                return

    def record(self, sent: Rows) -> None:
        """Note durably that these letters were sent again."""
        import msgspec  # noqa: PLC0415

        from serving.letters import SentRow  # noqa: PLC0415

        asyncio.run(self.answers.letters.record(msgspec.convert(sent, list[SentRow])))


@contextmanager
def opened(settings: Settings, *, direct: bool) -> Iterator[Source]:
    """Return who answers: the directory's instance, or with ``direct`` or without one its warehouse."""
    found = None if direct else instance.find(settings.data)
    if found is not None:
        yield Instance(found)
        return
    if not direct:
        check_directory(settings.data, settings.warehouse is not None)
    with _warehouse(settings.warehouse_url) as answers:
        yield Opened(answers)


@contextmanager
def stored(settings: Settings) -> Iterator[Warehouse]:
    """Return the warehouse itself, for what no instance answers.

    Raises ``CommandError``, also where a running instance holds the directory's embedded warehouse.
    """
    from staplewatch import assembly  # noqa: PLC0415

    if settings.warehouse is None:
        _check_free(settings.data)
    store = assembly.open_warehouse(settings.warehouse_url)
    try:
        yield store
    finally:
        store.close()


def _check_free(data: Path) -> None:
    if (found := instance.find(data)) is not None:
        msg = say(
            f"{data} 的实例（进程 {found.pid}）正占用其仓库：先停止它，或指明其他来源（--warehouse）",
            f"the instance of {data} (process {found.pid}) holds its warehouse: stop it first, "
            "or name another source (--warehouse)",
        )
        raise CommandError(msg)
    check_directory(data, elsewhere=False)


@contextmanager
def _warehouse(url: str) -> Iterator[Answers]:
    import warehouse as stores  # noqa: PLC0415
    from serving.answers import Answers  # noqa: PLC0415

    try:
        store = stores.connect(url)
        try:
            store.migrate()
            yield Answers(store)
        finally:
            store.close()
    except (stores.WarehouseUnavailable, stores.WarehouseError) as error:
        msg = say(f"仓库无法使用：{error}", f"the warehouse cannot be used: {error}")
        raise CommandError(msg) from error


async def _answer(answers: Answers, what: str, parameters: Parameters) -> Rows:
    import msgspec  # noqa: PLC0415

    from serving import registered, ruled, suspects  # noqa: PLC0415
    from serving.answers import AlertFilter, IndicatorFilter  # noqa: PLC0415
    from serving.suspects import SuspectFilter  # noqa: PLC0415

    given = _given(parameters)
    limit = given.pop("limit", UNLIMITED)
    plain: dict[str, Callable[[], Awaitable[Any]]] = {
        "dead-letters/replays": lambda: answers.letters.outcomes(parameters["run"]),
        "dead-letters/summary": lambda: answers.letters.summary(_letter_filter(parameters)[0]),
        "silences": answers.silences,
        "registry": lambda: registered.registry(answers, **given),
        "quotes/suspects": lambda: suspects.suspects(answers, SuspectFilter(**given), limit),
        "rules/changes": lambda: ruled.changes(answers),
        "quotes": lambda: suspects.quotes(answers, SuspectFilter(**given)),
    }
    if what in plain:
        return cast("Rows", msgspec.to_builtins(await plain[what]()))
    since, until, episode = given.pop("since", None), given.pop("until", None), given.pop("id", "")
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "indicators": lambda: answers.indicators(IndicatorFilter(**given), limit),
        "indicators/series": lambda: answers.series(
            IndicatorFilter(**given), _epoch(since, 0), _epoch(until, FAR), limit
        ),
        "alerts": lambda: answers.alerts(AlertFilter(**given), limit),
        "alerts/transitions": lambda: answers.transitions(AlertFilter(**given), limit, episode),
    }
    rows: Rows = msgspec.to_builtins((await calls[what]()).rows)
    return rows


def _letter_filter(parameters: Parameters) -> tuple[LetterFilter, int | None, Order]:
    """Return the filter of dead letters, the limit and the order; the API's own parameters."""
    from serving.letters import LetterFilter  # noqa: PLC0415

    given = _given(parameters)
    limit, order = given.pop("limit", None), given.pop("order", "newest")
    given["since"], given["until"] = _epoch(given.get("since"), 0), _epoch(given.get("until"), FAR)
    return LetterFilter(**given), limit, order


def _given(parameters: Parameters) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _epoch(text: str | None, default: int) -> int:
    return int(datetime.fromisoformat(text).timestamp()) if text else default


def check_directory(data: Path, elsewhere: bool) -> None:
    """Raise ``CommandError`` where nobody could answer: no warehouse (unless ``elsewhere``), or one being started."""
    if (owner := instance.holder(data)) is not None:
        msg = say(
            f"{data} 的实例（进程 {owner}）正在启动或停止：稍后再试",
            f"the instance of {data} (process {owner}) is starting or stopping: try again in a moment",
        )
        raise CommandError(msg)
    if not elsewhere and not (data / "warehouse").is_dir():
        msg = say(
            f"{data} 中没有运行的实例，也没有仓库：先运行 staplewatch up --data {data}，或用 --data / --warehouse 指明",
            f"no instance runs in {data} and it holds no warehouse: start staplewatch up --data {data}, "
            "or name another by --data or --warehouse",
        )
        raise CommandError(msg)


def _lost(found: instance.Instance, error: Exception) -> str:
    return say(
        f"实例（进程 {found.pid}，{found.http}）没有回答：{error!r}",
        f"the instance (process {found.pid}, {found.http}) does not answer: {error!r}",
    )


def _refused(body: object) -> str:
    problem = body if isinstance(body, dict) else {}
    errors = "; ".join(f"{item.get('name')}: {item.get('reason')}" for item in problem.get("errors", []))
    detail = " ".join(filter(None, [str(problem.get("detail", body)), errors]))
    return say(f"实例拒绝了请求：{detail}", f"the instance refused: {detail}")


def _warn(text: str) -> None:
    import typer  # noqa: PLC0415

    typer.echo(f"staplewatch: {text}", err=True)
