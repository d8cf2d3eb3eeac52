"""The city as data: quarters of Hangzhou, the places in them, and how many of the people each quarter holds.

Coordinates are WGS-84, from general knowledge and good to a few hundred metres; weights follow the 2020
census by district, shared out by eye among the quarters. A simulated city needs no better.
"""

from dataclasses import dataclass

from geo.place import Place

CENTRE = Place(30.2741, 120.1551)


@dataclass(frozen=True, slots=True)
class Landmark:
    """A named place where somebody may collapse or an AED may hang."""

    name: str
    name_zh: str
    place: Place


@dataclass(frozen=True, slots=True)
class Quarter:
    """A part of the city: people live and move around its landmarks.

    `weight` is the quarter's share of the people (any unit), `spread_m` the standard deviation of where they
    live around a landmark.
    """

    name: str
    weight: float
    spread_m: float
    landmarks: tuple[Landmark, ...]


def _landmark(name: str, name_zh: str, latitude: float, longitude: float) -> Landmark:
    return Landmark(name, name_zh, Place(latitude, longitude))


QUARTERS: tuple[Quarter, ...] = (
    Quarter(
        "Wulin and West Lake",
        weight=26,
        spread_m=300,
        landmarks=(
            _landmark("Wulin Square", "武林广场", 30.2758, 120.1583),
            _landmark("Yan'an Road", "延安路", 30.2629, 120.1592),
            _landmark("Longxiangqiao", "龙翔桥", 30.2565, 120.1588),
            _landmark("Broken Bridge", "断桥", 30.2612, 120.1452),
            _landmark("Hefang Street", "河坊街", 30.2424, 120.1640),
            _landmark("Hangzhou Station", "杭州站", 30.2458, 120.1779),
            _landmark("Huanglong Sports Centre", "黄龙体育中心", 30.2689, 120.1275),
        ),
    ),
    Quarter(
        "Qianjiang new town",
        weight=14,
        spread_m=320,
        landmarks=(
            _landmark("Citizen Centre", "市民中心", 30.2483, 120.2058),
            _landmark("City Balcony", "城市阳台", 30.2437, 120.2116),
            _landmark("Jiangjin Road", "江锦路", 30.2527, 120.2098),
            _landmark("Hangzhou East Station", "杭州东站", 30.2926, 120.2074),
        ),
    ),
    Quarter(
        "Binjiang",
        weight=11,
        spread_m=340,
        landmarks=(
            _landmark("Star Avenue", "星光大道", 30.2087, 120.2052),
            _landmark("Olympic Sports Centre", "奥体中心", 30.2317, 120.2238),
            _landmark("Internet Town", "物联网小镇", 30.1871, 120.1906),
        ),
    ),
    Quarter(
        "Xiaoshan",
        weight=16,
        spread_m=360,
        landmarks=(
            _landmark("Xiaoshan People's Square", "萧山人民广场", 30.1672, 120.2647),
            _landmark("Xiaoshan Old Town", "萧山老城", 30.1697, 120.2590),
            _landmark("Hangzhou South Station", "杭州南站", 30.1733, 120.2895),
        ),
    ),
    Quarter(
        "Xiasha university town",
        weight=10,
        spread_m=340,
        landmarks=(
            _landmark("Jinsha Lake", "金沙湖", 30.3091, 120.3272),
            _landmark("University Town North", "高教园区北", 30.3176, 120.3481),
            _landmark("Wenze Road", "文泽路", 30.3092, 120.3437),
        ),
    ),
    Quarter(
        "Gongshu and the canal",
        weight=13,
        spread_m=340,
        landmarks=(
            _landmark("Gongchen Bridge", "拱宸桥", 30.3196, 120.1334),
            _landmark("Xintiandi", "杭州新天地", 30.3263, 120.1704),
            _landmark("Hushu Road", "湖墅南路", 30.2893, 120.1489),
        ),
    ),
    Quarter(
        "Future Sci-Tech City",
        weight=10,
        spread_m=380,
        landmarks=(
            _landmark("Haichuang Park", "海创园", 30.2822, 120.0127),
            _landmark("Zijingang Campus", "紫金港校区", 30.3046, 120.0804),
            _landmark("Hangzhou West Station", "杭州西站", 30.2941, 119.9846),
        ),
    ),
)
