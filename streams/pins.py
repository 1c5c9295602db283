"""What of aiokafka, Faust and clickhouse-driver is used although it is private, so that a breaking upgrade is seen.

They are pinned exactly. After raising a pin, the test of this module names every function whose source changed: read
what changed, adapt ``streams.fetch``, ``streams.transport`` or ``warehouse.server``, then put the new fingerprint here.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from importlib import import_module, metadata
from operator import attrgetter

VERSIONS: Mapping[str, str] = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "clickhouse-driver": "0.2.11"}

#: "module:function" -> fingerprint of its source. Overridden, or relied upon for the order of things.
SOURCES: Mapping[str, str] = {
    # streams.fetch
    "aiokafka.consumer.fetcher:PartitionRecords": "94aa0da0dbec",
    "aiokafka.consumer.fetcher:FetchResult": "d7db13f06de8",
    "aiokafka.consumer.fetcher:Fetcher._proc_fetch_request": "59bf948fff47",
    "aiokafka.consumer.fetcher:Fetcher.fetched_records": "be4348896b9b",
    "aiokafka.consumer.fetcher:Fetcher.seek_to": "f0ba6aba6c22",
    "aiokafka.record.default_records:_DefaultRecordBatchPy": "f63fbb5a8a24",
    # streams.transport
    "faust.transport.consumer:Consumer._drain_messages": "44a2500309e8",
    "faust.transport.consumer:Consumer.perform_seek": "0e8c130ff4b0",
    "faust.transport.consumer:Consumer.stop_flow": "cf7e875a2b0d",
    "faust.transport.consumer:Consumer.force_commit": "cc094614d22c",
    "faust.transport.consumer:Consumer.ack": "5fcf41cf4515",
    "faust.transport.consumer:ThreadDelegateConsumer": "a1b934b198fa",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._commit": "932852ce7a23",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1",
    "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread.subscribe": "74f90b8c8cbc",
    "faust.transport.drivers.aiokafka:ConsumerRebalanceListener": "f3d04f29dfb3",
    # The order of a rebalance, on which streams.app builds.
    "faust.app.base:App._on_partitions_revoked": "d5c895bbe57d",
    "faust.app.base:App._on_partitions_assigned": "de932b7927db",
    "faust.tables.recovery:Recovery._resume_streams": "d986a6710c1a",
    # warehouse.server writes a block's columns as these do, and warehouse.blocks a dictionary.
    "clickhouse_driver.client:Client.process_insert_query": "a0cf4d6e651e",
    "clickhouse_driver.client:Client.send_data": "cd7905b85b95",
    "clickhouse_driver.connection:Connection.send_data": "1aa95f9acde1",
    "clickhouse_driver.streams.native:BlockOutputStream.write": "fa3d2c75fa58",
    "clickhouse_driver.columns.lowcardinalitycolumn:LowCardinalityColumn": "4a4714163928",
}


def fingerprint(name: str) -> str:
    """Return the fingerprint of a function or class as installed; raises ``AttributeError`` when it is gone."""
    module, _, path = name.partition(":")
    source = inspect.getsource(attrgetter(path)(import_module(module)))
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def changed() -> list[str]:
    """Return what differs from what this code was written against, in words."""
    found = {package: metadata.version(package) for package in VERSIONS}
    versions = [f"{name} is {found[name]}, not {pin}" for name, pin in VERSIONS.items() if found[name] != pin]
    sources = []
    for name, known in SOURCES.items():
        try:
            if fingerprint(name) != known:
                sources.append(f"{name} changed")
        except (AttributeError, ImportError):
            sources.append(f"{name} is gone")
    return versions + sources
