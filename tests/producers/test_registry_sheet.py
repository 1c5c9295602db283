"""Sheets of enterprises and sites: read, refused with row and column, written again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from producers import registry_sheet
from producers.registry_sheet import Sheet, load, sheet_of
from schemas.catalogue import load as load_catalogue
from schemas.registry import Contact, Enterprise, Site

CATALOGUE = load_catalogue()
ENTERPRISES = """code,name_zh,name_en,prefectures,feed,contact_name,contact_phone
E1,雪域商贸,Xueyu,540400;540500,movements,次仁,0894-1
E2,高原粮油,,540400,,,
"""
SITES = """网点编码,所属企业,县区,网点名称,英文名,营业时间,联系人,联系电话
s1,E1,540402,八一店,Bayi,周一至周五 08:00-22:00；周六、周日 09:00-20:00,卓玛,0894-2
s2,E1,540421,工布江达店,,,,
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_enterprises(tmp_path: Path) -> None:
    path = written(tmp_path, ENTERPRISES)
    assert sheet_of(path) == "enterprises"
    assert load(path, "enterprises", CATALOGUE).entities == [
        Enterprise("E1", "雪域商贸", ["540400", "540500"], "Xueyu", Contact("次仁", "0894-1"), "movements"),
        Enterprise("E2", "高原粮油", ["540400"]),
    ]


def test_sites_with_chinese_headings(tmp_path: Path) -> None:
    path = written(tmp_path, SITES)
    assert sheet_of(path) == "sites"
    hours = "周一至周五 08:00-22:00；周六、周日 09:00-20:00"
    assert load(path, "sites", CATALOGUE).entities == [
        Site("s1", "E1", "540402", "八一店", "Bayi", hours, Contact("卓玛", "0894-2")),
        Site("s2", "E1", "540421", "工布江达店"),
    ]


@pytest.mark.parametrize(
    ("sheet", "row", "place", "said"),
    [
        ("enterprises", "E3,甲,,540499,,,", "prefectures", "540499 is no prefecture"),
        ("enterprises", "E3,甲,,,,,", "prefectures", "is empty"),
        ("enterprises", ",甲,,540400,,,", "code", "is empty"),
        ("enterprises", "E3,甲,,540400,daily,,", "feed", "write snapshots, movements or nothing"),
        ("enterprises", "E1,甲,,540400,,,", "code", "is already on line 2"),
        ("enterprises", f"E3,{'甲' * 201},,540400,,,", "name_zh", "is longer than 200 characters"),
        ("sites", "s3,E1,540400,店,,,,", "county", "540400 is no county"),
        ("sites", "s3,,540402,店,,,,", "enterprise", "is empty"),
        ("sites", "s3,E1,540402,店,,nine to five,,", "hours", "write Mo-Fr 08:00-22:00"),
    ],
)
def test_a_wrong_row_is_told_with_line_and_column(
    tmp_path: Path, sheet: Sheet, row: str, place: str, said: str
) -> None:
    path = written(tmp_path, (ENTERPRISES if sheet == "enterprises" else SITES) + row + "\n")
    found = load(path, sheet, CATALOGUE)
    assert len(found.entities) == 2
    (problem,) = found.problems
    assert problem.place == f"sheet.csv:4 {place}"
    assert said in problem.english


def test_what_is_missing_is_told_of_the_file(tmp_path: Path) -> None:
    found = load(written(tmp_path, "code,county\ns1,540402\n"), "sites", CATALOGUE)
    assert [problem.place for problem in found.problems] == ["sheet.csv:1 enterprise", "sheet.csv:1 name_zh"]
    assert sheet_of(written(tmp_path, "a,b\n1,2\n")) is None
    assert sheet_of(tmp_path / "absent.csv") is None


@pytest.mark.parametrize(("sheet", "text"), [("enterprises", ENTERPRISES), ("sites", SITES)])
def test_what_is_exported_is_read_back(tmp_path: Path, sheet: Sheet, text: str) -> None:
    entities = load(written(tmp_path, text), sheet, CATALOGUE).entities
    path = tmp_path / "again.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, registry_sheet.COLUMNS[sheet])
        writer.writeheader()
        writer.writerows(map(registry_sheet.cells, entities))
    assert load(path, sheet, CATALOGUE).entities == entities
