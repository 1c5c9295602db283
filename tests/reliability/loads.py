"""Loads with known totals for servers that fail: receipts at a given rate, and shelves that run empty."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, KafkaProducer

from producers.sockets import DIRECT
from schemas import catalogue, topics
from schemas.goods import Good
from tests import services

LINES_PER_RECEIPT = 20
#: The load's counties, one of each prefecture of the default catalogue.
COUNTIES = (540102, 540221, 540321, 540421, 540522, 540622, 542522)
GOODS = ("potato", "beef", "tomato", "mutton")


class Load:
    """Sends receipts of 20 lines to every prefecture, at so many lines a second, until it is stopped."""

    def __init__(self, server: str, lines_per_second: int) -> None:
        self._server = server
        self._pause = LINES_PER_RECEIPT / lines_per_second
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.receipts = 0

    @property
    def lines(self) -> int:
        return self.receipts * LINES_PER_RECEIPT

    @property
    def quantity(self) -> int:
        """Return the sum of all quantities, in 1/1,000 kg."""
        return self.lines * 2_500

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait until the broker has everything."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(60)
            assert not self._thread.is_alive()

    def _run(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._server,
            acks="all",
            linger_ms=20,
            batch_size=256 * 1024,
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            max_block_ms=300_000,  # the broker may be down for a while
            proxy_url=DIRECT,
        )
        began = time.monotonic()
        while not self._stopped.is_set():
            due = int((time.monotonic() - began) / self._pause)
            while self.receipts < due:
                self._send(producer, self.receipts)
                self.receipts += 1
            self._stopped.wait(0.02)
        producer.flush()
        producer.close()

    def _send(self, producer: KafkaProducer, number: int) -> None:
        county = COUNTIES[number % len(COUNTIES)]
        prefecture = county // 100 * 100
        partition = topics.partition_of(prefecture, topics.PARTITIONS)
        producer.send(topics.SALES, receipt(county, number), str(prefecture).encode(), partition=partition)


_LINES = ",".join(
    f'{{"line":{n},"good":"{GOODS[n % len(GOODS)]}","quantity":2.5,"unit":"kg","amount":11.25}}'
    for n in range(1, LINES_PER_RECEIPT + 1)
)


def receipt(county: int, number: int) -> bytes:
    """Return a receipt of now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return (
        f'{{"event_id":"r-{number}","sender":"load","store":"s-{number % 50}","region":"{county}","workstation":"1",'
        f'"business_date":"{now[:10]}","sequence":{number},"time":"{now}","lines":[{_LINES}]}}'
    ).encode()


class Alarms:
    """Empties one shelf after another and takes the time until each alert is out; needs ``PACK``."""

    def __init__(self, server: str, per_second: float) -> None:
        self._server = server
        self._pause = 1 / per_second
        known = catalogue.load(None)
        counties = [code for code in known.regions if code % 100]
        self._shelves = [(county, good) for good in known.goods.values() for county in counties]
        self._sent: dict[tuple[str, str], float] = {}
        self.seconds: list[float] = []
        self._stopped, self._heard = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._listen, self._empty)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more, and wait until every alert has come."""
        self._stopped.set()
        services.wait_until(lambda: len(self.seconds) >= len(self._sent), 60, "every alert is out")

    def end(self) -> None:
        self._stopped.set()
        self._heard.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(30)

    def _empty(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self._server, acks="all", enable_idempotence=False, proxy_url=DIRECT)
        for county, good in self._shelves:
            if self._stopped.wait(self._pause):
                break
            prefecture = county // 100 * 100
            self._sent[str(county), good.code] = time.monotonic()
            producer.send(
                topics.STOCK,
                empty_shelf(county, good),
                str(prefecture).encode(),
                partition=topics.partition_of(prefecture, topics.PARTITIONS),
            )
        producer.close()

    def _listen(self) -> None:
        consumer = KafkaConsumer(
            topics.ALERTS, bootstrap_servers=self._server, auto_offset_reset="earliest", proxy_url=DIRECT
        )
        while not self._heard.is_set():
            for records in consumer.poll(timeout_ms=200).values():
                for record in records:
                    self._note(json.loads(record.value))
        consumer.close()

    def _note(self, alert: dict[str, Any]) -> None:
        sent = self._sent.get((alert["region"], alert["good"]))
        if sent is not None and alert["state"] == "firing":
            self.seconds.append(time.monotonic() - sent)


#: A rule that fires at once where no site has the good.
PACK = """name = "shelf"
version = "1"
kind = "retail"
title = { zh = "断货", en = "Empty shelf" }

[[rules]]
id = "shelf"
subject = ["county"]
trigger = "tick"
title = { zh = "断货", en = "empty shelf" }
for = "0 s"
clear_for = "30 min"
headline = "in_stock_rate"

[rules.levels]
yellow = "in_stock_rate < 0.5"

[rules.words.in_stock_rate]
zh = "有货率 {in_stock_rate}"
en = "in-stock rate {in_stock_rate}"
"""


def empty_shelf(county: int, good: Good) -> bytes:
    """Return a count of nothing."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    event = {"event_id": f"e-{county}-{good.code}", "sender": "alarms", "site": f"a-{county}", "region": str(county)}
    line = {"good": good.code, "quantity": 0, "unit": good.unit}
    return json.dumps({**event, "time": now, "action": "OBSERVE", "lines": [line]}).encode()
