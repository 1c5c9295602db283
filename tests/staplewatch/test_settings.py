"""Where settings come from, and how wrong ones are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.ruling import DEFAULT
from staplewatch import settings
from staplewatch.errors import CommandError


def test_command_line_before_environment_before_secret_file_before_toml_before_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, secret = tmp_path / "settings.toml", tmp_path / "group"
    file.write_text('group = "toml"\nport = 1\nslot = 3\npartitions = 5\n')
    secret.write_text("secret\n")
    monkeypatch.setenv("STAPLEWATCH_GROUP_FILE", str(secret))
    monkeypatch.setenv("STAPLEWATCH_PORT", "2")
    monkeypatch.setenv("STAPLEWATCH_PARTITIONS", "6")
    found = settings.load(file, partitions=7, slot=None)
    assert (found.partitions, found.port, found.group, found.slot, found.timezone) == (
        7,
        2,
        "secret",
        3,
        "Asia/Shanghai",
    )


def test_a_secret_in_the_environment_comes_before_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("from-the-file-of-secrets")
    monkeypatch.setenv("STAPLEWATCH_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("STAPLEWATCH_TOKEN", "from-the-environment")
    found = settings.load()
    assert found.token is not None
    assert found.token.get_secret_value() == "from-the-environment"
    assert "environment" not in repr(found)


def test_lists_are_separated_by_commas_or_toml_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('packs = ["cover", "mine.toml"]\n')
    monkeypatch.setenv("STAPLEWATCH_INPUTS", "quotes, sales")
    found = settings.load(file)
    assert found.packs == ("cover", "mine.toml")
    assert found.inputs == ("quotes", "sales")
    assert settings.load(packs="live").packs == ("live",)


def test_the_configuration_may_be_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_text("port = 5\n")
    monkeypatch.setenv("STAPLEWATCH_CONFIG", str(tmp_path / "settings.toml"))
    assert settings.load().port == 5


def test_the_warehouse_is_in_the_data_directory_unless_named(tmp_path: Path) -> None:
    assert settings.load(data=tmp_path).warehouse_url == f"chdb://{tmp_path / 'warehouse'}"
    assert settings.load(warehouse="clickhouse://h/d").warehouse_url == "clickhouse://h/d"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"port": 70000}, "--port: Input should be less than or equal to 65535"),
        ({"broker": "http://x"}, "--broker: broker 'http://x' must be written kafka://host:port[,host:port]"),
        ({"inputs": "quotes,weather"}, "--inputs: weather is not an input: choose from sales, stock, quotes, registry"),
        ({"timezone": "Mars/Base"}, "--timezone: 'Mars/Base' is no time zone, try Asia/Shanghai"),
        ({"log_level": "loud"}, "--log-level: Input should be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_an_error_names_the_option(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CommandError) as caught:
        settings.load(**given)
    assert str(caught.value) == said
    assert caught.value.code == 2


def test_an_error_names_the_variable_or_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = "many"\n')
    with pytest.raises(CommandError, match=r"^port \(.*settings.toml\): "):
        settings.load(file)
    monkeypatch.setenv("STAPLEWATCH_PORT", "many")
    with pytest.raises(CommandError, match=r"^STAPLEWATCH_PORT: "):
        settings.load()


def test_a_misspelt_setting_gets_a_suggestion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(CommandError, match=r"prot in .* is no setting; did you mean port"):
        settings.load(file)
    monkeypatch.setenv("STAPLEWATCH_BROKR", "x")
    with pytest.raises(CommandError, match="STAPLEWATCH_BROKR is no setting; did you mean STAPLEWATCH_BROKER"):
        settings.load()


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="there is no configuration file"):
        settings.load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("port =\n")
    with pytest.raises(CommandError, match=r"bad.toml: Invalid value \(at line 1"):
        settings.load(tmp_path / "bad.toml")
    monkeypatch.setenv("STAPLEWATCH_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(CommandError, match="STAPLEWATCH_TOKEN_FILE: cannot read"):
        settings.load()


def test_every_setting_is_documented() -> None:
    assert [name for name, field in settings.Settings.model_fields.items() if not field.description] == []


def test_packs_of_a_region_from_a_table_json_or_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"540100": ("live", "my.toml"), "540402": ("cover",)}
    file = tmp_path / "settings.toml"
    file.write_text('[region_packs]\n"540100" = ["live", "my.toml"]\n540402 = "cover"\n')
    assert settings.load(file).region_packs == wanted
    assert settings.load(region_packs=["540100=live, my.toml", "540402=cover"]).region_packs == wanted
    monkeypatch.setenv("STAPLEWATCH_REGION_PACKS", '{"540100": ["live", "my.toml"], "540402": "cover"}')
    assert settings.load().region_packs == wanted
    monkeypatch.setenv("STAPLEWATCH_REGION_PACKS", "540100=live")
    with pytest.raises(CommandError, match=r"STAPLEWATCH_REGION_PACKS: .*JSON"):
        settings.load()


@pytest.mark.parametrize("given", ["54010=live", "Lhasa=live", "000000=live", "540100=", "540100"])
def test_packs_of_what_is_no_region_are_refused(given: str) -> None:
    with pytest.raises(CommandError, match=r"--region-packs: .*540100=live,my\.toml"):
        settings.load(region_packs=[given])


def test_the_default_packs_are_those_of_the_rules() -> None:
    assert settings.load().packs == DEFAULT
