"""What can be wrong with the operational store and with what is asked of it; texts in Chinese and English."""

from __future__ import annotations


class OperationsError(Exception):
    """Says what is wrong and what to do, in both languages."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{en} / {zh}")
        self.zh, self.en = zh, en


class StoreUnavailable(OperationsError):
    """The store cannot be opened or does not answer."""


class Refused(OperationsError):
    """What was asked for is not possible: a name that is taken, a password that is too short."""


class TooManyAttempts(OperationsError):
    """Too many failed logins; ``seconds`` to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            zh=f"登录失败次数过多：请在 {seconds} 秒后再试",
            en=f"too many failed logins: try again in {seconds} seconds",
        )
        self.seconds = seconds
