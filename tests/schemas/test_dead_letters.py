"""Headers of dead letters."""

from __future__ import annotations

from schemas.events import STAGES, DeadLetter, dead_letter_headers


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
