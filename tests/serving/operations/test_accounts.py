"""Accounts, sessions, wall tokens, login links, and what is written of them."""

from __future__ import annotations

import pytest

from serving.operations import audit
from serving.operations.audit import Actor
from serving.operations.errors import Refused, TooManyAttempts
from serving.operations.operations import LOCAL, Operations
from serving.operations.tokens import IDLE_SECONDS, LINK_SECONDS, NOTE_SECONDS, SESSION_SECONDS
from tests.serving.operations.conftest import Clock

CLI = Actor("root", "cli")
PASSWORD = "correct horse battery"
HOST = "192.0.2.7"


def login(operations: Operations, name: str = "次仁", password: str = PASSWORD, address: str = HOST) -> str | None:
    found = operations.login(name, password, address)
    return found[1] if found else None


@pytest.fixture
def duty(operations: Operations) -> Operations:
    operations.accounts.add("次仁", "duty", PASSWORD, CLI)
    return operations


def test_a_password_is_kept_as_a_hash_and_verified(duty: Operations) -> None:
    account = duty.accounts.verify("次仁", PASSWORD)
    assert account is not None
    assert (account.name, account.role) == ("次仁", "duty")
    assert duty.accounts.verify("次仁", PASSWORD + "!") is None
    assert duty.accounts.verify("nobody", "nobody") is None
    with duty.store.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT hash FROM accounts").scalars()
    assert kept.startswith("$argon2id$")


@pytest.mark.parametrize("name", ["次仁", " 次仁 "])
def test_a_name_is_taken_in_any_spelling(duty: Operations, name: str) -> None:
    duty.accounts.add("Tsering", "viewer", PASSWORD, CLI)
    for spelling in (name, "TSERING", "ｔｓｅｒｉｎｇ"):
        with pytest.raises(Refused, match="already"):
            duty.accounts.add(spelling, "viewer", PASSWORD, CLI)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 33, "a\nb"])
def test_names_that_cannot_be_are_refused(operations: Operations, name: str) -> None:
    with pytest.raises(Refused, match="no name for an account"):
        operations.accounts.add(name, "viewer", PASSWORD, CLI)


@pytest.mark.parametrize("password", ["", "short", "administrator", "x" * 1025])
def test_passwords_that_are_too_weak_are_refused(operations: Operations, password: str) -> None:
    with pytest.raises(Refused, match="a password has"):
        operations.accounts.add("Administrator", "admin", password, CLI)


def test_a_session_is_whose_it_is_until_it_is_over(duty: Operations, clock: Clock) -> None:
    token = login(duty)
    assert token is not None
    found = duty.sessions.find(token)
    assert found is not None
    assert found.name == "次仁"
    assert duty.sessions.find("x" + token) is None
    clock.now += IDLE_SECONDS - 1
    assert duty.sessions.find(token) is not None  # use keeps it
    clock.now += IDLE_SECONDS - 1
    assert duty.sessions.find(token) is not None
    clock.now += IDLE_SECONDS
    assert duty.sessions.find(token) is None


def test_a_session_ends_however_much_it_is_used(duty: Operations, clock: Clock) -> None:
    token = login(duty)
    assert token is not None
    for _ in range(SESSION_SECONDS // NOTE_SECONDS // 60):
        clock.now += NOTE_SECONDS * 60
        last = duty.sessions.find(token)
    assert last is None


def test_the_token_itself_is_not_kept(duty: Operations) -> None:
    token = login(duty)
    with duty.store.read() as connection:
        (kept,) = connection.exec_driver_sql("SELECT token_hash FROM sessions").scalars()
    assert token is not None
    assert token not in kept


@pytest.mark.parametrize("change", ["password", "disabled"])
def test_a_new_password_or_a_lock_ends_all_sessions(duty: Operations, change: str) -> None:
    tokens = [login(duty), login(duty)]
    if change == "password":
        duty.accounts.change_password("次仁", "another password", CLI)
    else:
        duty.accounts.disable("次仁", True, CLI)
        assert login(duty) is None
    assert [duty.sessions.find(token) for token in tokens if token] == [None, None]


def test_a_role_counts_from_the_next_request_on(duty: Operations) -> None:
    token = login(duty)
    assert token is not None
    duty.accounts.change_role("次仁", "viewer", CLI)
    found = duty.sessions.find(token)
    assert found is not None
    assert found.role == "viewer"


def test_logging_out_ends_one_session(duty: Operations) -> None:
    one, other = login(duty), login(duty)
    assert one is not None
    assert other is not None
    duty.sessions.end(one, Actor("次仁", HOST))
    assert duty.sessions.find(one) is None
    assert duty.sessions.find(other) is not None


def test_a_wall_token_is_known_until_it_is_revoked(operations: Operations, clock: Clock) -> None:
    token = operations.wall_tokens.add("hall-1", CLI)
    found = operations.wall_tokens.find(token)
    assert found is not None
    assert operations.wall_tokens.list()[0].used == int(clock.now)
    with pytest.raises(Refused, match="already"):
        operations.wall_tokens.add("hall-1", CLI)
    operations.wall_tokens.revoke("hall-1", CLI)
    assert operations.wall_tokens.find(token) is None
    with pytest.raises(Refused, match="in use"):
        operations.wall_tokens.revoke("hall-1", CLI)


def test_a_login_link_works_once_and_not_for_long(operations: Operations, clock: Clock) -> None:
    link = operations.links.make()
    found = operations.login_by_link(link, "127.0.0.1")
    assert found is not None
    assert (found[0].name, found[0].role) == (LOCAL, "admin")
    assert operations.login_by_link(link, "127.0.0.1") is None
    assert operations.login_by_link("guess", "127.0.0.1") is None
    late = operations.links.make()
    clock.now += LINK_SECONDS
    assert operations.login_by_link(late, "127.0.0.1") is None
    assert login(operations, LOCAL, "!") is None  # it has no password


def test_five_wrong_passwords_from_one_place_must_wait(duty: Operations, clock: Clock) -> None:
    for _ in range(5):
        assert login(duty, password="wrong password") is None
    with pytest.raises(TooManyAttempts) as caught:
        login(duty)
    assert caught.value.seconds == 15 * 60
    assert login(duty, address="192.0.2.8") is not None  # its owner, elsewhere
    clock.now += 15 * 60
    assert login(duty) is not None


def test_a_right_password_forgives_earlier_mistakes(duty: Operations) -> None:
    for _ in range(3):
        for _ in range(4):
            login(duty, password="wrong password")
        assert login(duty) is not None


def test_many_names_from_one_address_must_wait(duty: Operations) -> None:
    for number in range(30):
        login(duty, name=f"guess-{number}")
    with pytest.raises(TooManyAttempts):
        login(duty, name="another")


def test_one_name_from_many_addresses_must_wait(duty: Operations) -> None:
    for number in range(60):
        login(duty, password="wrong password", address=f"192.0.2.{number}")
    with pytest.raises(TooManyAttempts):
        login(duty, address="198.51.100.1")


def test_everything_is_written_down(duty: Operations) -> None:
    login(duty)
    login(duty, password="wrong password")
    duty.accounts.change_role("次仁", "analyst", CLI)
    entries = audit.newest(duty.store, 100)
    assert [(each.who, each.address, each.what, each.subject) for each in reversed(entries)] == [
        ("root", "cli", "account.add", "次仁"),
        ("次仁", HOST, "login", ""),
        ("次仁", HOST, "login.failed", ""),
        ("root", "cli", "account.role", "次仁"),
    ]
    assert entries[0].details == {"role": "analyst"}
    assert [each.id for each in audit.newest(duty.store, 1, before=entries[0].id)] == [entries[1].id]
    assert [each.what for each in audit.newest(duty.store, 9, what="login")] == ["login"]
