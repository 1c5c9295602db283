"""Dictionaries of the fuzzing: values that were once right elsewhere, or nearly right here."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Return what white space separates."""
    return tuple(text.split())


def lines(text: str) -> tuple[str, ...]:
    """Return the lines, spaces at their ends included."""
    return tuple(text.strip("\n").split("\n"))


#: JSON as it stands in the document: what no serializer writes.
NUMBERS = (
    *words("0 -0 -0.0 1 2 -1 0.5 1.0 1e2 1E+2 1e-2 3.14 12.34567 0.0004 0.0005 0.00049999999999999999 0.00005"),
    *words("1e-400 5e-324 1e-999999999999999999999 1e15 99999999999 100000000000 999999999999.9999 1e300 1e309 1e400"),
    *words("1.7976931348623157e308 1.7976931348623159e308 -1e400 4294967295 4294967296 9007199254740991"),
    *words("9007199254740992 9223372036854775807 9223372036854775808 18446744073709551616 -9223372036854775809"),
    *words("NaN Infinity -Infinity 01 +1 .5 1. 1e 0x10 1_000 １"),
    *("1" + "0" * 30, "9" * 400, "1" * 4300, "1" * 4301, "0." + "3" * 500),
)
TEXTS = (
    *words(r'"" "a" "\u0000" "\u0073" "\ud800" "\udc00" "\ud83d\ude00" "\ud800\u0041" "\x" "\u12" "\/" "\"'),
    *words('"商店" "None" "null" "0" "\u202e" "😀" "\x7f"'),
    *('" "', '"a\nb"', '"\t"', '"' + "长" * 200 + '"', '"' + "x" * 201 + '"', "'a'"),
)
OTHERS = (
    *words("null true false {} [] [null] [{}] [[]] nul //"),
    *('{"a": 1}', "[" * 30 + "]" * 30, ""),
)
REGIONS = lines(
    """
540402
540421
540400
540000
540102
0540402
540402 \n５４０４０２
999999
54
-1"""
)
TIMES = (
    *words("2026-11-19T12:00:00+08:00 2026-11-19T12:00:59Z 2026-11-19t12:00:00z 2026-11-19T12:00:00"),
    *words("2026-11-19T24:00:00+08:00 2026-11-19T23:59:60Z 2026-11-19T12:00:60+08:00 2026-11-19T12:00:00+23:59"),
    *words("2026-11-19T12:00:00-23:59 2026-11-19T12:00:00+24:00 2026-11-19T12:00:00+08:60 2026-11-19T12:00:00+08:99"),
    *words("2026-11-19T12:00:00-00:00 2026-11-19T12:00:00+0800 2026-11-19T12:00:00+08 2026-11-19T12:00:00+08:00:30"),
    *words("20261119T120000+0800 2026-W47-4T12:00:00+08:00 2026-11-19T12:00+08:00 2026-11-19T12:00x07+08:00"),
    *words("2026-11-19T12:00.07+08:00 2026-11-19T12:00:07.999999999Z 2026-11-19 2026-11-19T12:00:07,5+08:00"),
    *words("2026-11-19T12:00:07.+08:00 2026-02-29T12:00:00Z 2024-02-29T12:00:00Z 1999-12-31T23:59:59Z"),
    *words("2000-01-01T00:00:00Z 2026-11-20T12:10:00+08:00 2026-11-20T12:10:01+08:00 2026-11-21T02:00:00+08:00"),
    *words("2026-11-21T14:10:00+08:00 2026-11-21T14:10:01+08:00 2100-01-01T00:00:00Z 9999-12-31T23:59:59-23:59"),
    *words("0001-01-01T00:00:00+23:59 0000-01-01T00:00:00Z ２026-11-19T12:00:00Z 2026-11-19T12:00:0７+08:00"),
    *words("1763524800 now"),
    *("2026-11-19 12:00:00+08:00", "2026-11-19T12:00:00+08:00 ", " 2026-11-19T12:00:00Z", ""),
)
DATES = (
    *words("2026-11-19 2026-11-20 2026-11-21 2026-11-22 2026-09-20 2026-09-21 2026-02-30 20261119 2026-W47-4 2026-W47"),
    *words("2026-11-19T00:00:00 2026-11-9 2026-1-19 ２026-11-19 9999-12-31 0000-01-01 19/11/2026"),
    *("2026-11-19 ", ""),
)
MASSES = (
    *words("kg KG ㎏ ＫＧ 公斤 斤 市斤 两 担 g 克 mg 吨 t lb oz. 元/斤 每公斤 ￥/kg $/lb 袋(5kg) 25kg/袋"),
    "CNY per kg",
)
VOLUMES = (*words("L 升 mL 毫升 m3 m³ 立方 250ml×24瓶/箱 箱(24*250mL)"), "fl oz")
COUNTS = words("个 只 枚 打 dozen pair 30枚/盘 盒(10个)")
UNITS = (
    *(*MASSES, *VOLUMES, *COUNTS),
    *words("元/500克 25kg袋 10斤装 袋装2.5kg 2x3kg 2x3kgx4 0kg 0.0000001kg 999999kg 9999999kg 1.2345678kg kg. kg/ /kg"),
    *words("//kg 袋 盒 斤斤 k kgg per 元 装 ²kg ①kg ½kg 蛇 5kg个个 1kgx xkg"),
    *("袋（5 kg）", "kg kg", "k" * 41, ""),
)
GOODS = (*words("potato egg milk salt flour unobtainium Potato 土豆"), "potato ", "")
#: Goods with units that suit them, and one with any.
GOOD_UNITS = (("potato", MASSES), ("milk", VOLUMES), ("egg", COUNTS), ("potato", UNITS))
WORDS = (
    *words("sale return void normal training cancelled OBSERVE ADD DELETE retail wholesale observe Sale"),
    *words("sales stock quotes pos.sales inventory.levels clock 540400 540100"),
    "9" * 5000,
)
KEYS = (
    *words("event_id sender store site region workstation business_date sequence time lines status schema"),
    *words("line good quantity unit amount kind regular_price unit_cost promotion action step disposition corrects"),
    *words("price sales stock offsets inputs prefectures unknown Time"),
)
NUMERIC = frozenset(words("quantity amount unit_cost price sales stock line sequence regular_price schema"))
BYTES = (
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xef\xbb\xbf", b"\x00", b"\x1f\x8b"),
    *(b'"', b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\x0b", b"\xc2\xa0"),
    *(b"null", b"NaN", b"1e400", b"-", b"//"),
)
