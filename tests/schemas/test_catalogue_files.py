"""Catalogues of one's own: written, read, refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.catalogue import DEFAULT_DIRECTORY, CatalogueError, Category, Good, Region, load, write

REGIONS = "code,name_zh,name_en,parent,level,short_zh,short_en,row,column\n"
GOODS = "code,name_zh,name_en,category,unit,cover_blue,cover_yellow,cover_orange,cover_red\n"
SHANDONG = "370000,山东省,Shandong,,province,,,,\n"
QINGDAO = "370200,青岛市,Qingdao,370000,prefecture,,,,\n"
SHINAN = "370202,市南区,Shinan District,370200,county,,,,\n"
LEEK = "leek,韭菜,Leek,leafy-vegetables,kg,3,2,1,0.5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _fill(tmp_path, regions=SHANDONG + QINGDAO + SHINAN, goods=LEEK)
    return tmp_path


def _fill(folder: Path, *, regions: str = "", goods: str = "") -> None:
    if regions:
        (folder / "regions.csv").write_text(REGIONS + regions, encoding="utf-8")
    if goods:
        (folder / "goods.csv").write_text(GOODS + goods, encoding="utf-8")


def _refused(folder: Path) -> CatalogueError:
    with pytest.raises(CatalogueError) as error:
        load(folder)
    return error.value


def test_what_is_left_empty_is_filled_in(folder: Path) -> None:
    catalogue = load(folder)
    shinan = catalogue.regions[370202]
    assert (shinan.short_zh, shinan.short_en, shinan.parent) == ("市南", "Shinan D", 370200)
    assert catalogue.regions[370200].short_zh == "青岛"
    assert (catalogue.regions[370200].tile, shinan.tile) == ((0, 0), (0, 1))
    assert catalogue.categories["leafy-vegetables"] == Category("叶菜", "Leafy vegetables")
    assert catalogue.counties(370200) == (370202,)
    assert catalogue.counties(999900) == ()


def test_columns_that_follow_from_others_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "regions.csv").write_text(
        "code,name_zh\n370000,山东省\n370200,青岛市\n370202,市南区\n", encoding="utf-8"
    )
    goods = "code,name_zh,category,unit\nleek,韭菜,leafy-vegetables,kg\nsalt,食盐,sugar-salt-tea,kg\n"
    (tmp_path / "goods.csv").write_text(goods, encoding="utf-8")
    catalogue = load(tmp_path)
    assert catalogue.regions[370202] == Region(370202, "市南区", "市南区", 370200, "county", "市南", "市南区", (0, 1))
    assert catalogue.goods["leek"] == Good("leek", "韭菜", "韭菜", "leafy-vegetables", "kg", (3, 2, 1, 0.5))
    assert catalogue.goods["salt"].cover == (7, 4, 2, 1)


def test_a_short_name_that_is_too_long_for_a_tile_is_cut(folder: Path) -> None:
    _fill(folder, regions=SHANDONG + QINGDAO.replace("prefecture,,", "prefecture,,Qingdao Shi"))
    assert load(folder).regions[370200].short_en == "Qingdao"


def test_a_byte_order_mark_quotes_spaces_windows_line_ends_and_more_columns_are_fine(folder: Path) -> None:
    text = (folder / "goods.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{text[0]} ,note", '" leek ","韭菜, 新鲜", Leek,leafy-vegetables,kg,3.0,2,1,.5,"two\r\nlines"', ",,,", ""]
    (folder / "goods.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert load(folder).goods == {
        "leek": Good("leek", "韭菜, 新鲜", "Leek", "leafy-vegetables", "kg", (3, 2, 1, 0.5)),
    }


@pytest.mark.parametrize(
    ("regions", "row", "column", "message"),
    [
        (SHANDONG + "3702,青岛市,Qingdao,370000,prefecture,,,,\n", 3, "code", "six digits"),
        (SHANDONG + QINGDAO + SHINAN + SHINAN, 5, "code", "also on line 4"),
        (SHANDONG + SHINAN, 3, "parent", "370200 is not in this file: add a row"),
        (SHANDONG + QINGDAO.replace(",370000", ",540000"), 3, "parent", "write 370000"),
        (SHANDONG + QINGDAO + SHINAN.replace(",370200", ",370000"), 4, "parent", "write 370200"),
        (SHANDONG.replace(",,province", ",100000,province"), 2, "parent", "write nothing"),
        (SHANDONG + QINGDAO.replace("prefecture", "county"), 3, "level", "write prefecture"),
        (SHANDONG + QINGDAO.replace("青岛市", " "), 3, "name_zh", "is empty"),
        (SHANDONG + QINGDAO.replace(",,,,", ",,,1,-2"), 3, "column", "'-2' is not a grid position"),
        (SHANDONG + QINGDAO.replace(",,,,", ",,,1,"), 3, "column", "leave row and column both empty"),
        (SHANDONG.replace(",,,,", ",,,0,0"), 2, "row", "a province has no tile"),
        (
            SHANDONG + QINGDAO.replace(",,,,", ",,,1,2") + SHINAN.replace(",,,,", ",,,1,2"),
            4,
            "row",
            "tile 1,2 is taken by 370200",
        ),
        (SHANDONG + "370200,青岛市,Qingdao, Shandong,370000,prefecture,,,,\n", 3, "", "has 10 cells, the header 9"),
    ],
)
def test_bad_regions_are_refused_with_row_and_column(
    folder: Path, regions: str, row: int, column: str, message: str
) -> None:
    _fill(folder, regions=regions)
    error = _refused(folder)
    assert (error.file, error.row, error.column) == ("regions.csv", row, column)
    assert message in error.message
    assert " / " in error.message


@pytest.mark.parametrize(
    ("goods", "row", "column", "message"),
    [
        (LEEK.replace("leek,", "Leek,"), 2, "code", "lower-case letters"),
        (LEEK.replace("leek,", "le|ek,"), 2, "code", "lower-case letters"),
        (LEEK.replace("leek,", f"{'l' * 65},"), 2, "code", "at most 64"),
        (LEEK + LEEK, 3, "code", "occurs before"),
        (LEEK.replace("leafy-vegetables", "leafy-vegetable"), 2, "category", "use leafy-vegetables"),
        (LEEK.replace("kg", "斤"), 2, "unit", "use kg, L, piece"),
        (LEEK.replace("韭菜", ""), 2, "name_zh", "is empty"),
        (LEEK.replace(",3,", ",three,"), 2, "cover_blue", "not a number of days above 0"),
        (LEEK.replace(",0.5", ",nan"), 2, "cover_red", "not a number of days above 0"),
        (LEEK.replace(",0.5", ",0"), 2, "cover_red", "not a number of days above 0"),
        (LEEK.replace(",0.5", ""), 2, "cover_red", "'' is not a number"),
        (LEEK.replace(",2,", ",3,"), 2, "cover_blue", "must fall from blue to red, not 3, 3, 1, 0.5"),
        ("\n", 1, "", "has no rows"),
    ],
)
def test_bad_goods_are_refused_with_row_and_column(
    folder: Path, goods: str, row: int, column: str, message: str
) -> None:
    _fill(folder, goods=goods)
    error = _refused(folder)
    assert (error.file, error.row, error.column) == ("goods.csv", row, column)
    assert message in error.message
    assert " / " in error.message


def test_rows_are_counted_as_lines_of_the_file(folder: Path) -> None:
    _fill(folder, goods='\nleek,"韭\n菜",Leek,leafy-vegetables,kg,3,2,1,0.5\n\n' + LEEK.replace("leek", "Bad"))
    assert _refused(folder).row == 6


def test_every_problem_is_told_at_once_up_to_twenty(folder: Path) -> None:
    _fill(folder, regions=SHANDONG + SHINAN, goods="".join(f"G{n}" + LEEK for n in range(30)))
    error = _refused(folder)
    assert len(error.problems) == 20
    assert error.omitted == 11
    assert {problem.file for problem in error.problems} == {"regions.csv", "goods.csv"}
    lines = str(error).splitlines()
    assert "31 problem(s)" in lines[0]
    assert str(folder) in lines[0]
    assert lines[1].startswith("regions.csv:3 parent: 370200 is not in this file")
    assert lines[-1] == "and 11 more / 另有 11 处"


def test_missing_and_repeated_columns(folder: Path) -> None:
    (folder / "goods.csv").write_text("code,name_zh,name_zh,category\nleek,韭菜,Leek,x\n", encoding="utf-8")
    missing = {(problem.column, problem.row) for problem in _refused(folder).problems}
    assert missing == {(column, 1) for column in ("name_zh", "unit")}


def test_missing_file(folder: Path) -> None:
    (folder / "goods.csv").unlink()
    error = _refused(folder)
    assert (error.file, error.row, error.column) == ("goods.csv", 0, "")
    assert "put it there" in error.message


def test_missing_directory(tmp_path: Path) -> None:
    assert [problem.file for problem in _refused(tmp_path / "none").problems] == ["regions.csv", "goods.csv"]


def test_a_sheet_in_another_encoding(folder: Path) -> None:
    (folder / "goods.csv").write_bytes(GOODS.encode() + LEEK.encode("gbk"))
    error = _refused(folder)
    assert (error.file, error.row) == ("goods.csv", 2)
    assert "save it as CSV UTF-8" in error.message


@pytest.mark.parametrize("content", ['code,"open\n', "", "\0"])
def test_what_is_no_sheet(folder: Path, content: str) -> None:
    (folder / "goods.csv").write_text(content, encoding="utf-8")
    assert _refused(folder).file == "goods.csv"


def test_own_categories_replace_the_default_ones(folder: Path) -> None:
    (folder / "categories.csv").write_text("code,name_zh,name_en\ngreens,绿叶菜,Greens\n", encoding="utf-8")
    assert _refused(folder).column == "category"
    _fill(folder, goods=LEEK.replace("leafy-vegetables", "greens"))
    assert load(folder).categories == {"greens": Category("绿叶菜", "Greens")}


def test_the_default_catalogue_written_and_read_is_itself(tmp_path: Path) -> None:
    default = load()
    copy = write(default.regions.values(), default.goods.values(), tmp_path / "new", default.categories)
    assert copy == default
    for name in ("regions.csv", "goods.csv", "categories.csv"):
        assert (tmp_path / "new" / name).read_bytes() == (DEFAULT_DIRECTORY / name).read_bytes()


def test_write_refuses_what_load_would(tmp_path: Path) -> None:
    region = Region(370202, "市南区", "Shinan", 370200, "county", "市南", "Shinan", None)
    with pytest.raises(CatalogueError, match="370200 is not in this file"):
        write([region], load().goods.values(), tmp_path)


def test_the_fingerprint_follows_content_and_not_order(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = load(folder)
    reordered = tmp_path_factory.mktemp("reordered")
    shutil.copytree(folder, reordered, dirs_exist_ok=True)
    _fill(reordered, regions=SHINAN + QINGDAO + SHANDONG)
    assert load(reordered).fingerprint == before.fingerprint
    leek = before.goods["leek"]
    changed = write(before.regions.values(), [replace(leek, cover=(4.0, 2.0, 1.0, 0.5))], reordered)
    assert changed.fingerprint != before.fingerprint
