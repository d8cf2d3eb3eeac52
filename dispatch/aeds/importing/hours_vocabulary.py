"""The words of opening hours, language by language, as alternatives of regular expressions.

Written as `words.folded` leaves them: lower case, half width, without accents on Latin letters.
"""

from dispatch.aeds.importing.week import EVERY_DAY, HOLIDAY, WEEKEND, WORKDAYS

DAY_WORDS: dict[int, str] = {
    0: (
        "mondays|monday|mon|montag|montags|lundi|lunedi|lunes|lun|poniedzialek|pon|pn|月曜日|月曜|월요일|"
        "maandag|mandag|måndag"
    ),
    1: (
        "tuesdays|tuesday|tues|tue|dienstag|dienstags|mardi|martedi|martes|mar|wtorek|wt|火曜日|火曜|화요일|"
        "dinsdag|tirsdag"
    ),
    2: (
        "wednesdays|wednesday|wed|mittwoch|mittwochs|mercredi|mercoledi|miercoles|mer|mie|sroda|sr|水曜日|水曜|"
        "수요일|woensdag|onsdag"
    ),
    3: (
        "thursdays|thursday|thurs|thur|thu|donnerstag|donnerstags|jeudi|giovedi|jueves|jeu|gio|jue|czwartek|czw|"
        "木曜日|木曜|목요일|donderdag|torsdag"
    ),
    4: (
        "fridays|friday|fri|freitag|freitags|vendredi|venerdi|viernes|ven|vie|piatek|pt|金曜日|金曜|금요일|"
        "vrijdag|fredag"
    ),
    5: (
        "saturdays|saturday|sat|samstag|samstags|sonnabend|samedi|sabato|sabado|sam|sab|sobota|sob|土曜日|"
        "土曜|토요일|zaterdag|lordag"
    ),
    6: (
        "sundays|sunday|sun|sonntag|sonntags|dimanche|domenica|domingo|dim|dom|niedziela|niedz|nd|日曜日|日曜|"
        "일요일|zondag|sondag"
    ),
    HOLIDAY: (
        "public holidays|public holiday|bank holidays|bank holiday|holidays|feiertage|feiertags|feiertag|"
        "jours feries|festivi|festivos|國定假日|国定假日|法定节假日|节假日|節假日|法定假日|國定例假日|"
        "清明節|端午節|中秋節|國慶日|国庆节|元旦|清明节|端午节|中秋节|國定民俗節日|民俗節日|國定假期|国定假期|"
        "國定例假日|放假之國定例假日|初二|初三|初四|初五|公眾假期|公众假期|除夕|大年初一|年初一|初一|農曆春節|"
        "春節|春节|祝日|祝祭日|祝|공휴일|ph"
    ),
}

GROUP_WORDS: tuple[tuple[frozenset[int], str], ...] = (
    (
        EVERY_DAY,
        (
            "everyday|every day|daily|7 days a week|7 days|7/7|7j/7|7j|7 jours sur 7|tous les jours|taglich|"
            "tutti i giorni|todos los dias|codziennie|每日|每天|每周7天|毎日|年中無休|매일|연중무휴|mon-sun|"
            "all days|jour et nuit"
        ),
    ),
    (
        WORKDAYS,
        ("weekdays|weekday|week days|jours ouvres|werktags|wochentags|feriali|laborables|dni robocze|平日|工作日|평일"),
    ),
    (
        WEEKEND | {HOLIDAY},
        (
            "土日祝日|土日祝|土・日・祝日|土・日・祝|土、日、祝日|星期例假日|星期假日|例假日|週休二日及例假日|"
            "週休二日及國定假日|週休2日及國定假日|周休二日及國定假日|周休二日國定假日|休息日|假日|"
            "周末及节假日|週末及假日"
        ),
    ),
    (
        WEEKEND,
        (
            "weekends|weekend|week-end|week-ends|wochenende|fine settimana|fin de semana|週末|周末|雙休日|"
            r"双休日|週休二日|주말|六日|六、日|六\.日|六,日"
        ),
    ),
)

CLOSED_WORDS = (
    "不(?:對外|对外|予|提供)?(?:開放|开放)(?:使用)?|無(?:對外)?開放|(?:未|無|无)(?:對外)?(?:開放|开放)|"
    "不提供使用|不營業|"
    "不营业|公休日?|休館日?|休馆日?|休園|休园|休診|休息|閉館日?|闭馆日?|定休日|お?休み|休業日?|休業|閉鎖|休日除く|"
    "休校|closed|ferme|geschlossen|chiuso|cerrado|zamkniete|휴무|휴관|off|利用不可"
)

ALL_DAY_WORDS = (
    r"24\s*[時时](?=開放|营业|營業|全|$)|24\s*小[時时](?:制|全天候|全[日天])?|24\s*時間(?:365日)?(?:年中無休)?|"
    r"24/7|24/24(?:\s*[-,;]?\s*7/7)?|"
    r"24\s*h?\s*/\s*7\s*j?(?!\d)|24\s*h(?:eures)?\s*/\s*24(?:\s*[-,;et]*\s*7\s*j?\s*/\s*7)?|h\s*24|24\s*(?:hours|"
    r"hour|hrs|hr|h|stunden|"
    r"heures|ore|horas|godz\w*|시간)\b(?:\s*a day)?|24\s*h(?![a-z0-9])|round the clock|around the clock|"
    "rund um die uhr|全天候|全天24小[時时]|全[天日]|全時段|全时段|終日|常時|いつでも|all day|"
    r"cala dobe|sempre accessibile|immer zuganglich|toujours accessible|siempre accesible|always(?: open)?|"
    r"calodobowo|ca[lł]odobowy|24godz\w*|상시|無時間限制|不限時間|(?:全年)?全天全年"
)

FILLER_WORDS = (
    "開店時間|閉店時間|開店|閉店|參觀|入場|入館|上午時段|下午時段|早上時段|晚上時段|夜間時段|全面|全時|365天|"
    "對外|營業時間|营业时间|開放時間|开放时间|使用時間|使用时间|開放使用時間|上班時間|上班时间|上班日|辦公時間|"
    "办公时间|服務時間|服务时间|營業時段|營運時間|開館時間|开馆时间|開園時間|利用可能時間帯|利用可能時間|"
    "利用可能|利用可|利用時間|使用可能|使用可|営業時間|開庁時間|貸出可能|設置場所|対応可能|対応可|開放使用|"
    "開放|开放|營業|营业|使用|提供|可取得|服務|服务|對外|对外|大眾|大众|民眾|每年|每|全年無休|全年无休|"
    "無休息|無休|无休|全年|年中|正常|一般|常日|依照|配合|本場所|本所|本館|本校|本店|本公司|車站|學校|依據|依|"
    r"時間|时间|均|為|为|時段|皆|固定|\*|※|＊|備註|备注|無$|无$|なし|opening hours|opening times|"
    "hours of operation|business hours|service hours|office hours|hours|hour|open|from|between|the|available|"
    "accessible|access|use|horaires? d'ouverture|horaires?|ouvert|offnungszeiten|geoffnet|orario di apertura|"
    "orario|aperto|dalle|dal|von|uhr|abierto|de|du|apertura|godziny otwarcia|otwarte|czynne|godz|운영시간|"
    "na dobe|il(?![a-z])|le(?![a-z])|les(?![a-z])|el(?![a-z])|los(?![a-z])|vom(?![a-z])|w(?![a-z])|이용시간|"
    "이용가능|개방|운영|hrs|h(?![a-z0-9])|시"
)

RANGE_WORDS = (
    "[-~〜∼－–—―~‐‑−ー]+|->|至|到|から|まで|through|thru|until|till|to|bis|au(?![a-z])|a(?![a-z])|alle|"
    "al(?![a-z])|hasta|부터|까지|迄|起"
)

MORNING = "上午|早上|午前|凌晨|清晨|早晨|오전|早|朝"

AFTERNOON = "下午|晚上|晚間|午後|傍晚|夜間|午夜|오후|晚|夕方"

NOON = "中午|正午|noon"
