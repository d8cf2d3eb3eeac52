"""What the words of a cell mean: yes and no, floors, dates, who may come in."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta

from dispatch.aeds.importing.words import bare, folded
from dispatch.aeds.record import Access

_YES_WORDS = (
    "yes, y, true, t, 1, x, v, ✓, ○, ◯, 〇, 有, 是, 可, はい, 対応, あり, oui, vrai, si, ja, wahr, tak, 예, 유, o, on"
)
_YES = frozenset(_YES_WORDS.split(", "))
_NO_WORDS = "no, n, false, f, 0, ✗, ×, -, 無, 无, 否, 不可, なし, いいえ, non, faux, nein, nie, 아니오, 무, off"
_NO = frozenset(_NO_WORDS.split(", "))
# In Taiwan's register an X is a cross, not a tick.
_CROSSED = frozenset({"x", "×", "✗"})

_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100
_DATE_FORMS = (
    re.compile(r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})(?:[-/.月](?P<d>\d{1,2})日?)?(?:[t ].*)?月?"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
    re.compile(r"(?P<d>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<y>\d{4})(?: .*)?"),
)
# Reiwa, Heisei, and the years of the Republic in Taiwan: the year before their first.
_ERA = re.compile(
    r"(?P<era>令和|平成|民國|民国|r|h)\s*\.?(?P<y>元|\d{1,3})[年./-](?P<m>\d{1,2})(?:[月./-](?P<d>\d{1,2})日?)?月?"
)
_ERA_BEFORE = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "民國": 1911, "民国": 1911}
_DAY_ZERO, _SERIAL_DIGITS = date(1899, 12, 30), 5
_WORDED_FLOORS = {
    bare(word): floor
    for floor, words in {
        0: (
            "rdc, rez-de-chaussée, eg, erdgeschoss, piano terra, pt, parter, planta baja, pb, ground, "
            "ground floor, gf, g, gl, ground level"
        ),
        -1: "basement, keller, ug, sous-sol, sótano, 地下, 地下室",
        1: "1층, 首层, 首層",
    }.items()
    for word in words.split(",")
}
_CHINESE_DIGITS = {"零": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_BELOW = re.compile(r"(?:b|地下|負|负|지하|u)\s*(\d{1,2})\s*(?:f|階|层|樓|楼|층)?", re.IGNORECASE)
# R+2, 1. OG, 2. UG.
_STOREY = re.compile(
    r"r\s*\+\s*(?P<french>\d{1,2})|(?P<german>\d{1,2})\.?\s*(?:og|obergeschoss|stock)|(?P<down>\d{1,2})\.?\s*(?:ug|untergeschoss)"
)
_ABOVE = re.compile(
    r"(?:l|level|floor|piano|etage|planta|no|第)?\.?\s*([-+]?\d{1,3})(?:\.0)?\s*"
    r"(?:f|fl|st|nd|rd|th|er|e|eme|og|階|层|層|樓|楼|층|o|a)?\.?\s*(?:floor|etage|stock|piano|planta|pietro)?",
    re.IGNORECASE,
)

_ACCESS_WORDS: dict[Access, str] = {
    Access.PRIVATE: (
        "private, no, non, false, f, 0, nein, nie, 否, prive, privato, privat, privado, restricted, "
        "staff only, employees, employees only, non public, not public, no public, restreint, ristretto, "
        "military, nicht öffentlich, użytek prywatny, 内部, 内部使用, 不對外開放, 不对外开放, 非公开, "
        "私有, 関係者のみ"
    ),
    Access.ASK: (
        "customers, customer, permit, destination, ask, reception, request, on request, members, "
        "limited, semi-public, staffed, clients, residents, delivery, 询问, 需询问, 要申請, 窓口"
    ),
    Access.CODE: "code, pincode, keypad, locked cabinet, locked, keycode, codice, 密码, 密碼",
    Access.PUBLIC: (
        "yes, public, permissive, open, free, publique, pubblico, öffentlich, publico, libre, oui, si, "
        "ja, tak, true, t, 1, designated, everyone, 公共, 公开, 公開, 公众, 对外开放, 對外開放, 開放"
    ),
}
_ACCESS_OF_WORD = {bare(word): access for access, words in _ACCESS_WORDS.items() for word in words.split(",")}

_BROKEN_WORDS = (
    "hors service, absent momentanément, supprimé définitivement, out of order, out of service, broken, "
    "defect, defective, defekt, außer Betrieb, fuori servizio, guasto, fuera de servicio, inactive, "
    "not working, removed, stolen, missing, nieczynny, uszkodzony, decommissioned, 故障, 故障中, 停用, 报废, "
    "報廢, 损坏, 損壞, 维修, 维修中, 維修中, 拆除, 已拆除, 使用中止, 使用不可, 撤去, 撤去済, 고장, 사용불가"
)
_BROKEN = frozenset(map(bare, _BROKEN_WORDS.split(",")))

_HTTPS = re.compile(r"https://[^\s\x00,;\"'<>|]+")
_LONGEST_URL, _MOST_PHOTOS = 500, 20

# Said in passing in remarks; each is plain that a stranger does not get the device.
_INTERNAL_ONLY = re.compile(
    r"(?:本公司|公司|廠內|厂内|校內|校内|內部|内部|員工|员工|本廠|本院|本校)(?:人員|人员|教職員工|同仁|員工|"
    r"师生|師生)?(?:內部|内部)?"
    r"(?:專用|专用)|內部使用|内部使用|不外借|"
    r"(?:只|僅|仅)(?:供|限|提供|平常日供).{0,12}(?:員工|员工|內部|内部|職員|职员|同仁|校內|校内|師生|住戶|住户|"
    r"園區內|廠內|本棟人員|社區)|供.{0,6}(?:所有)?員工使用|"
    r"(?:只|僅|仅)供應?.{0,10}(?:員工|人員)使用|不對外開放|不对外开放|非開放場所|未對外開放|"
    r"不(?:對外)?開放校外|門禁管制|玻璃門管制|(?:只|僅|仅)(?:供|限)學生使用|"
    r"staff only|employees only|members? only|residents? only|not (?:open|available) to the public|nicht offentlich|"
    r"reserve au personnel|solo personale|部外者(?:利用|使用)?不可"
)


def yes_or_no(cell: str, *, cross_is_no: bool = False) -> bool | None:
    """What a flag says; None when it says neither. With `cross_is_no`, X is no."""
    word = folded(cell).strip(" .。!！")
    if cross_is_no and word in _CROSSED:
        return False
    if word in _YES:
        return True
    return False if word in _NO else None


def floor_of(cell: str) -> int | None:
    """The floor as the place counts it: `3F`, `B1`, `地下1階`, `RDC`, `-2`; None when it is not one floor."""
    text = unicodedata.normalize("NFKC", cell).strip()
    word = bare(text)
    if word in _WORDED_FLOORS:
        return _WORDED_FLOORS[word]
    text = re.sub("[一二三四五六七八九十]+", lambda found: str(_chinese_number(found[0])), folded(text))
    if storey := _STOREY.fullmatch(text):
        return -int(storey["down"]) if storey["down"] else int(storey["french"] or storey["german"])
    if below := _BELOW.fullmatch(text):
        return -int(below[1])
    if above := _ABOVE.fullmatch(text):
        return int(above[1])
    return None


def _chinese_number(digits: str) -> int:
    tens, found, ones = digits.partition("十")
    if not found:
        return _CHINESE_DIGITS[digits[0]]
    return _CHINESE_DIGITS.get(tens, 1) * 10 + _CHINESE_DIGITS.get(ones, 0)


def date_of(cell: str) -> date | None:
    """The day a cell names, or None; a month alone is its first day.

    Years before 1990 or after 2100 are a program's way of writing "none". A number of five digits is the days since
    the last of 1899 by which spreadsheet programs count.
    """
    text = unicodedata.normalize("NFKC", cell).strip().lower()
    if text.isascii() and text.isdigit() and len(text) == _SERIAL_DIGITS:
        return _in_range(_DAY_ZERO + timedelta(days=int(text)))
    if era := _ERA.fullmatch(text):
        year = 1 if era["y"] == "元" else int(era["y"])
        return _day(_ERA_BEFORE[era["era"]] + year, int(era["m"]), int(era["d"] or 1))
    for form in _DATE_FORMS:
        if not (parts := form.fullmatch(text)):
            continue
        if "/" in text and text.index("/") < 3 and parts["d"] != parts["m"] and int(parts["d"]) <= 12:  # noqa: PLR2004
            # 03/04/2025 is March here and April there.
            return None
        return _day(int(parts["y"]), int(parts["m"]), int(parts["d"] or 1))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return _in_range(date(year, month, day))
    except ValueError:
        return None


def _in_range(day: date) -> date | None:
    return day if _EARLIEST_YEAR <= day.year <= _LATEST_YEAR else None


def access_of(cell: str) -> Access | None:
    """Who may come in, by the words publishers use; None when they are not known."""
    return _ACCESS_OF_WORD.get(bare(cell))


def is_broken(cell: str) -> bool:
    """Whether a state says that the device is out of order or gone."""
    return bare(cell) in _BROKEN


def is_internal_only(remark: str) -> bool:
    """Whether a remark says outright that strangers do not get the device."""
    return _INTERNAL_ONLY.search(folded(remark)) is not None


def photos_of(cells: Iterable[str]) -> tuple[str, ...]:
    """The addresses of pictures that may be shown: https ones, each once."""
    found = (url for cell in cells for url in _HTTPS.findall(cell))
    return tuple(dict.fromkeys(url for url in found if len(url) <= _LONGEST_URL))[:_MOST_PHOTOS]


def phone_of(cell: str) -> str | None:
    """A number that can be dialled, as written; None for one that is masked or no number."""
    text = unicodedata.normalize("NFKC", cell).strip()
    digits = sum(each.isdigit() for each in text)
    masked = re.search(r"[x*○]{3,}", text, re.IGNORECASE) is not None
    return text if digits >= 3 and not masked and len(text) <= 100 else None  # noqa: PLR2004 - 120 is the shortest
