"""Settings: command line > environment (``STAPLEWATCH_…``) > secret files (``…_FILE``) > TOML file > default."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas import topics
from schemas.ruling import DEFAULT
from staplewatch import addresses
from staplewatch.errors import CommandError
from staplewatch.words import say

PREFIX: Final = "STAPLEWATCH_"
#: Taken by the environment for other things than settings.
RESERVED: Final = ("lang", "config")

Names = Annotated[tuple[str, ...], NoDecode]
#: Packs by the code of a region.
RegionPacks = Annotated[dict[str, tuple[str, ...]], NoDecode]


class Settings(BaseSettings):
    """Everything that can be set. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data: Path = Field(Path("data"), description="Directory of the instance: warehouse, instance.json, logs.")
    broker: str | None = Field(
        None, description="kafka://host:port[,host:port]; unset: an embedded broker, in memory only."
    )
    warehouse: SecretStr | None = Field(
        None,
        description="clickhouse://user:password@host:port/database or chdb:///dir; unset: chdb in DATA/warehouse.",
    )
    operations: SecretStr | None = Field(
        None,
        description="Accounts and audit: postgresql://user:password@host/database or sqlite:///FILE; "
        "unset: DATA/operations.db.",
    )
    open_wall: bool | None = Field(
        None, description="The wall may be read without a login; unset: only where bound to loopback."
    )
    host: str = Field("127.0.0.1", description="Address that the web application listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Its port; 0 takes a free one.")
    token: SecretStr | None = Field(
        None, min_length=16, description="API token; unset: a random one per start, in instance.json."
    )
    partitions: int | None = Field(
        None, ge=1, le=1024, description="Partitions of every topic; unset: those that exist, else 12 (embedded 4)."
    )
    group: str = Field("staplewatch", min_length=1, description="Kafka consumer group of the workers.")
    slot: int = Field(0, ge=0, description="Static member of the group; every worker has its own (0, 1, 2 …).")
    catalogue: Path | None = Field(
        None, description="Directory with regions.csv and goods.csv; unset: Tibet's regions and 38 goods."
    )
    map: Path | None = Field(
        None, description="GeoJSON of the counties with its map review number (审图号), instead of the wall's tiles."
    )
    packs: Names = Field(
        DEFAULT,
        description="Rule packs, NAME or NAME:wholesale, or the path of a TOML file; separated by commas.",
    )
    partners: dict[str, tuple[str, ...]] = Field(
        {},
        description="Whom prefectures may ask for substitutes, by their own or their province's code: prefectures or "
        'provinces, {"540300": ["510000"]}; one that is not named may ask every other prefecture.',
    )
    region_packs: RegionPacks = Field(
        {},
        description="Packs that hold in a region and below it in place of these, by its code: a TOML table, JSON in "
        "the environment. Of several the smallest region's hold.",
    )
    timezone: str = Field("Asia/Shanghai", description="Civil time of the deployment (IANA name).")
    exercise: bool = Field(False, description="Nothing is real: the wall says so (演练) everywhere.")
    event_time: bool = Field(False, description="Event-time mode: the wall clock decides nothing.")
    inputs: Names = Field(
        tuple(topics.INPUT_NAMES),
        description="Inputs that time waits for in event-time mode: sales, stock, quotes, registry.",
    )
    coverage: float = Field(
        0.8, gt=0, le=1, description="Share of yesterday's sites that must have quoted before an early evaluation."
    )
    quarantine: Literal["on", "off"] | None = Field(
        None,
        description="Whether quotes that look wrong are held back; unset: on, but off in event-time mode.",
    )
    native: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether plain receipts are read by the decoder in Rust; auto: where it is installed."
    )
    close_after: int = Field(7200, ge=0, description="Seconds after midnight at which a date closes.")
    metrics_host: str = Field("127.0.0.1", description="Address of the metrics and probes.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Their port; 0 takes a free one.")
    buffer_mib: int = Field(256, ge=16, description="Rows that may wait for the warehouse, in MiB.")
    flush_seconds: float = Field(1.0, gt=0, le=60, description="Longest wait before rows are inserted.")
    snapshot_seconds: float = Field(60.0, gt=0, description="Time between two snapshots of a partition's state.")
    history_days: int = Field(46, ge=29, description="Days of raw rows that a rebuild without a snapshot reads.")
    wait_for_parts: bool | None = Field(
        None,
        description="Whether to wait for a broker or warehouse that cannot be reached; unset: worker and serve do, "
        "up refuses.",
    )
    broker_memory: int = Field(2048, ge=64, description="MiB that the embedded broker may take before it is renewed.")
    stall_seconds: float = Field(60.0, gt=0, description="Seconds with lag and no progress until /readyz says no.")
    stall_exit_seconds: float = Field(
        180.0, gt=0, description="Seconds of that, or of a stuck event loop, until the process ends with code 76."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "human", "json"] = Field("auto", description="auto: human on a terminal, else JSON.")

    @field_validator("packs", "inputs", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _names(value) if isinstance(value, str) else value

    @field_validator("region_packs", mode="before")
    @classmethod
    def _by_region(cls, value: object) -> object:
        """Take a table, its JSON, or what the command line gives: ``540100=live,my.toml``, several times."""
        if isinstance(value, str):
            value = _read_json(value)
        if isinstance(value, list | tuple):
            pairs = [str(each).partition("=") for each in value]
            value = {code.strip(): names for code, _, names in pairs}
        if isinstance(value, Mapping):
            return {str(code): _names(each) if isinstance(each, str) else each for code, each in value.items()}
        return value

    @field_validator("region_packs")
    @classmethod
    def _known_codes(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        strange = next((code for code in value if not topics.is_code(code) or not int(code)), None)
        empty = next((code for code, names in value.items() if not names), None)
        if strange is not None:
            msg = say(
                f"{strange!r} 不是区划代码：写作 540100=live,my.toml",
                f"{strange!r} is no region code: write 540100=live,my.toml",
            )
            raise ValueError(msg)
        if empty is not None:
            msg = say(
                f"{empty} 没有规则包：写作 {empty}=live,my.toml，或去掉它",
                f"{empty} has no packs: write {empty}=live,my.toml or leave it out",
            )
            raise ValueError(msg)
        return value

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in topics.TIMED_NAMES]
        if unknown or not value:
            msg = say(
                f"{', '.join(unknown) or '空'} 不是输入：可用 {'、'.join(topics.TIMED_NAMES)}",
                f"{', '.join(unknown) or 'nothing'} is not an input: choose from {', '.join(topics.TIMED_NAMES)}",
            )
            raise ValueError(msg)
        return value

    @field_validator("broker")
    @classmethod
    def _broker_address(cls, value: str | None) -> str | None:
        if value is not None:
            addresses.broker(value)
        return value

    @field_validator("warehouse")
    @classmethod
    def _warehouse_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            addresses.warehouse(value.get_secret_value())
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            msg = say(f"{value!r} 不是时区名，例如 Asia/Shanghai", f"{value!r} is no time zone, try Asia/Shanghai")
            raise ValueError(msg) from error
        return value

    @property
    def warehouse_url(self) -> str:
        """Return the warehouse's address, the embedded one of the data directory by default."""
        if self.warehouse is not None:
            return self.warehouse.get_secret_value()
        return f"chdb://{self.data.resolve() / 'warehouse'}"

    @property
    def operations_url(self) -> str:
        """Return the operational store's address, a file of the data directory by default."""
        if self.operations is not None:
            return self.operations.get_secret_value()
        return f"sqlite:///{self.data.resolve() / 'operations.db'}"


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _read_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        msg = say(
            f'不是 JSON（{error}）：写作 {{"540100": ["live", "my.toml"]}}',
            f'no JSON ({error}): write {{"540100": ["live", "my.toml"]}}',
        )
        raise ValueError(msg) from error


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the value of a field from the file that ``STAPLEWATCH_<FIELD>_FILE`` names, without its last newline."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return (value, name, False); a file that cannot be read is an error naming the variable."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            msg = say(f"{variable}：无法读取 {path}：{error}", f"{variable}: cannot read {path}: {error}")
            raise CommandError(msg) from error

    def __call__(self) -> dict[str, Any]:
        """Return the fields that have a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load(config: Path | None = None, **given: object) -> Settings:
    """Return the settings; ``given`` comes from the command line, None meaning "not said there".

    ``config`` defaults to ``STAPLEWATCH_CONFIG``. Raises ``CommandError`` naming the field, what
    is wrong with it and where it may be set.
    """
    file = config or (Path(os.environ["STAPLEWATCH_CONFIG"]) if os.environ.get("STAPLEWATCH_CONFIG") else None)
    _check_environment(os.environ)

    class Configured(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = (init_settings, env_settings, SecretFiles(settings_cls))
            return (*sources, TomlConfigSettingsSource(settings_cls, file)) if file else sources

    if file and not file.is_file():
        raise CommandError(say(f"找不到配置文件 {file}", f"there is no configuration file {file}"))
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    try:
        return Configured(**said)
    except ValidationError as error:
        raise CommandError(_explain(error, said, file)) from error
    except (ValueError, OSError) as error:  # the TOML file itself
        raise CommandError(say(f"配置文件 {file} 有错：{error}", f"configuration file {file}: {error}")) from error


def _check_environment(environment: Mapping[str, str]) -> None:
    known = {f"{PREFIX}{name}".upper() for name in (*Settings.model_fields, *RESERVED)}
    known |= {f"{name}_FILE" for name in known}
    for variable in environment:
        if variable.startswith(PREFIX) and variable not in known:
            close = difflib.get_close_matches(variable, known, 1)
            hint = say(f"，是否指 {close[0]}", f"; did you mean {close[0]}?") if close else ""
            raise CommandError(
                say(f"环境变量 {variable} 不是设置{hint}", f"environment variable {variable} is no setting{hint}")
            )


def _explain(error: ValidationError, said: Mapping[str, object], file: Path | None) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "?"
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = say(f"，是否指 {close[0]}", f"; did you mean {close[0]}?") if close else ""
        return say(f"{file} 中的 {name} 不是设置{hint}", f"{name} in {file} is no setting{hint}")
    option, variable = f"--{name.replace('_', '-')}", f"{PREFIX}{name.upper()}"
    where = option if name in said else variable if variable in os.environ else f"{name} ({file})" if file else variable
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
