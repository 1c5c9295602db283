"""Headers of dead letters."""

from __future__ import annotations

import pytest

from schemas.letters import STAGES, DeadLetter, Replay, dead_letter_headers, replay_headers, replay_of


def test_own_headers_come_first_then_those_of_kafka_connect() -> None:
    letter = DeadLetter(
        topic="pos.sales",
        partition=4,
        offset=17,
        stage="validate",
        reason="未知商品 'sand'",
        error="ValidationError",
        value=b"\xff",
        headers=(("trace", b"\x01"), ("trace", b"\x02")),
    )
    assert dead_letter_headers(letter) == [
        ("trace", b"\x01"),
        ("trace", b"\x02"),
        ("__connect.errors.topic", b"pos.sales"),
        ("__connect.errors.partition", b"4"),
        ("__connect.errors.offset", b"17"),
        ("__connect.errors.stage", b"validate"),
        ("__connect.errors.exception.class.name", b"ValidationError"),
        ("__connect.errors.exception.message", "未知商品 'sand'".encode()),
    ]


def test_the_stage_is_one_of_the_known() -> None:
    assert STAGES == ("size", "decode", "validate", "partition")


def test_a_lone_surrogate_in_the_reason_does_not_stop_the_letter() -> None:
    letter = DeadLetter("pos.sales", 0, 0, "decode", "bad \ud800 text", "ValueError", b"")
    headers = dict(dead_letter_headers(letter))
    assert headers["__connect.errors.exception.message"].decode()


def test_what_a_record_is_a_replay_of_stands_in_two_headers() -> None:
    replay = Replay("epoch/with/slashes", "pos.sales", 3, 1042, 2)
    headers = replay_headers(replay)
    assert headers == [
        ("staplewatch.replay.of", b"epoch/with/slashes/pos.sales/3/1042"),
        ("staplewatch.replay.attempt", b"2"),
    ]
    assert replay_of([("own", b"1"), *headers]) == replay


@pytest.mark.parametrize(
    ("of", "attempt"),
    [
        (b"nonsense", b"1"),
        (b"e/pos.sales/3/x", b"1"),
        (b"e/pos.sales/70000/1", b"1"),
        (b"e/pos.sales/3/-1", b"1"),
        (b"e/pos.sales/3/99999999999999999999", b"1"),
        (b"e/pos.sales/3/1", b"0"),
        (b"e/pos.sales/3/1", b"\xff"),
        (b"\xff/pos.sales/3/1", b"1"),
    ],
)
def test_headers_that_make_no_sense_are_no_replay(of: bytes, attempt: bytes) -> None:
    assert replay_of([("staplewatch.replay.of", of), ("staplewatch.replay.attempt", attempt)]) is None
    assert replay_of([("staplewatch.replay.of", of)]) is None


def test_null_headers_are_no_replay_and_no_error() -> None:
    assert replay_of([("staplewatch.replay.of", None), ("staplewatch.replay.attempt", None)]) is None
