"""What clauses about hours are of, by the words in them: compared as `words.folded` leaves them."""

import re

from dispatch.aeds.importing.hours_vocabulary import ALL_DAY_WORDS, CLOSED_WORDS

# Words that make a remark matter to the hours. A remark with none of them ("second box left of the door") does not.
ABOUT_TIME = re.compile(
    r"[開开休假週周]|放(?!置|在|於|于)|時間|时间|上班|營業|营业|暑|寒假|星期|季|夜|晚|平日|全天|全日|全年|"
    r"\d\s*[:時时点點]\s*\d*|"
    r"(?<!\d)\d{1,2}\s*月|24|專用|专用|借|hour|open|clos|\bday|night|week|only|season|summer|winter|ouver|ferm|jour|"
    r"geoffnet|geschlossen|apert|chius|abiert|cerrad|曜|営業|利用|閉|以外|除く|可能|不可|휴|운영|시간"
    r"|\d\s*h\b|\d\s*h\s*\d|evenement|manifest|rendez-?vous|sur demande|appointment|request|anmeldung|予約|预约|預約"
)

SENTENCES = re.compile(
    r"(?<=[放館馆息休用業业])\s+(?=\S)|[\n;；。!！?？|()（）\[\]【】※＊*●◎]|(?:^|\s)\d{1,2}[.、)](?=\s*[^\d\s])|"
    r"\s-{2,}\s?|"
    r"備註\s*[:：]|备注\s*[:：]|備考\s*[:：]"
)
ASIDE = re.compile(r"[(（]([^()（）]*)[)）]")
COMMAS = re.compile(r"(?<!\d)[,，]|[,，](?!\d)")
# Where a clause of its own begins without punctuation.
EXCEPTING = re.compile(
    r"\s*(?:\b(?:except(?:ing|ed)?(?: for| on)?|excluding|excl\.?|sauf(?: les)?|hors(?: les)?|au(?:ss|ß)er(?: an)?|"
    r"ausgenommen|eccetto|tranne|escluso|esclusi|excepto|salvo|oprocz|z wyjatkiem|closed on)\b|除(?!了|外|夕|"
    r"く|此)|不含|"
    r"不包括|不包含)\s*"
)
EXCEPTED = re.compile(r"\s*(?:除外|以外|を?除く|を?のぞく|는? ?제외)(?:休館|休息|不開放)?\s*$")

CLOSED = re.compile(
    rf"(?:(?:休館|休息|公休|休園)[一1][天日]|{CLOSED_WORDS}|不提供(?:服務|使用)?|無法提供(?:服務)?|關閉|关闭|"
    rf"關門|关门|停止(?:服務|服务|開放|开放)|無上班|不上班|"
    r"不開館|不开馆|不開門|不營業|沒有?開放|暫停(?:使用|開放)|休假(?!日)|放假(?!日)|清場(?:時間)?|"
    r"(?<=[日六五四三二一])休$|隔[周週]休|午休(?!息)|午間|休憩|休息時間|用餐|"
    r"lunch(?: break)?|pause(?: de midi)?|mittagspause)"
)
AT_NOON = re.compile(r"中午|亦|均|皆|整天|為$|为$|本[所館校場]")
NEVER_CLOSED = re.compile(r"無休|无休|全年(?:全日|全天)?(?:開放|开放|營業|营业)|年中無休|365")
ALL_DAY = re.compile(rf"(?:{ALL_DAY_WORDS})")
NOT_SO = re.compile(
    r"非|未|不|無(?!休)|无(?!休)|僅|仅|只|除|\bnot?\b|\bnon\b|\bpas\b|\bnein\b|\bnicht\b|\bkein|\bnie\b|"
    r"\bsenza\b|\bsin\b"
)
# Of days that are few, or of weather: the week as told stands for all others.
RARE = re.compile(
    r"颱風|台風|天災|天灾|災|停班|停課|公告|順延|顺延|每月|每個月|毎月|月第|第[一二三四五1-5]|最後|最后|每季|"
    r"每半年|每年|春節|春节|過年|"
    r"过年|農曆|年節|年节|年假|連續假|连续假|連假|彈性|補假|補班|补班|補休|遇|逢|維護|维护|保養|保养|清潔|清消|"
    r"清池|消毒|歲修|岁修|盤點|"
    r"盘点|選舉|年末年始|お盆|夏季休業|臨時|临时|特別|特殊|月底|月初|次日|隔日|翌日|生病|端午|中秋|清明|紀念日|"
    r"國慶|民俗節|調整|"
    r"\d+\s*[/月]\s*\d+\s*日?|除外|christmas|new year|easter|good friday|typhoon|rainstorm|black rain|maintenance|"
    r"bank holiday|"
    r"noel|jour de l'an|1er mai|weihnacht|silvester|neujahr|ferragosto|natale|capodanno|navidad|swieta"
)
# Says that the place's own hours hold, as the columns have them.
CONFIRMING = re.compile(
    r"開始至結束|依|配合|按照|遵照|比照|隨(?!時)|同(?=.*(?:時間|时间))|營業(?:時間|時段|期間|中)|营业(?:时间|"
    r"期间|中)|上班|辦公|办公|開館|开馆|"
    r"開放時間|开放时间|正常|一般|常日|公告|官網|官网|校園|營運|营运|服務時間|門診|门诊|開庁|営業時間|開館時間|"
    r"店舗|施設|"
    r"same as|according to|as per|subject to|as posted|office hours?|business hours?|school hours?|shop hours?|"
    r"opening hours?|"
    r"mall hours?|center hours?|centre hours?|heures? d'ouverture|heures? ouvr|horaires|wahrend der|zu den|"
    r"durante l'orario|orari[oa] di|horario de|w godzinach"
)
HELPFUL = re.compile(
    r"警衛|警卫|保全|值班|值勤|駐衛|門衛|守衛|守卫|留守|管理室|櫃檯|櫃台|柜台|服務台|服务台|聯絡|联络|联系|"
    r"聯繫|連絡|通報|通知|協助|协助|"
    r"洽|電話|電洽|鑰匙|钥匙|人員|人员|官網|網址|網站|參閱|请参|請參|詳見|查詢|http|www\.|tel\b|phone|contact|"
    r"security|reception|concierge|"
    r"accueil|gardien"
)
# Widens the hours, or says that nothing narrows them: whoever goes by the week as told is on the safe side.
WIDER = re.compile(
    r"延長|延长|延後|延后|加開|增開|提早開|提前開|不休息|不分|照常|必要時|需要時|不受此限|亦有?開放|也有?開放|"
    r"另有|皆可|皆開放|均開放|"
    r"可至|隨時|随时|無休|无休|下班(?:後|時)|緊急|紧急|急救|即可|取用|沒有分|其餘時間|其他時間|上述|如上|延至|"
    r"extended|prolong|verlanger|"
    r"including (?:public )?holidays"
)
ONLY_WHEN_OPEN = re.compile(
    r"(?:僅|仅|只|限|限於|only).{0,8}(?:上班|營業|营业|辦公|办公|開館|开馆|開放|开放|opening|office|"
    r"business)(?:日|時間|时间|時段|期間| hours?)?|"
    r"(?:上班|營業|開館)(?:日|時間)?才|非.{0,10}(?:上班|上課|營業|開館|在校).{0,6}(?:時間|時段).{0,3}不|(?:休|"
    r"閉)館(?:時|期間)|非24|非全年|未.{0,3}全年|尚未全"
)
DAYS_OF_REST = re.compile(
    r"[,、，;；\n/]|・(?![月火水木金土日祝一二三四五六1-5])|及び|および|と(?=[月火水木金土日祝年])"
)
# Of one such day a month the week knows nothing.
MONTHLY = re.compile(
    r"每月|每個月|毎月|月第|第[一二三四五1-5]|最後|最后|隔[週周]|單週|雙週|every (?:first|second|third|last)|"
    r"of (?:the|each) month"
)
OPEN = re.compile(r"開放|开放|營業|营业|\bopen\b|ouvert|geoffnet|apert|abiert")
TIMETABLE = re.compile(r"時刻表|班次|班機|航班|船班|船期|靠泊|首班|末班|行駛|航行|flight|timetable|ferry")
# School terms: the months of the vacations are then closed, whatever the week says.
IN_TERM = re.compile(
    r"上課|上课|上學|上学|學期|学期|在校|開學|school (?:days|term)|during term|schultag|periode scolaire"
)
NOT_IN_TERM = re.compile(r"不|非|未|供|not |pas ")
# The hours are those of something else, or of nobody's foreseeing.
DEPENDS = re.compile(
    r"才|視|视|僅|仅|只|限|須|预约|預約|要予約|事前|申請|申请|活動|活动|演出|比賽|課程|上課|上课|學期|学期|"
    r"學生|学生|游泳課|"
    r"部分時間|部分时间|部分特定|不定|不一定|only|on request|by appointment|sur (?:demande|rendez)|uniquement|"
    r"selon|nur |"
    r"auf anfrage|su richiesta|appuntamento|solo |bajo petic|cita previa|tylko|event|evenement|manifest|during|"
    r"lors|pendant"
)
VACATION = re.compile(r"(?:寒\s*[、,]?\s*暑\s*假|寒假|暑假|暑期|寒期)(?:及(?=[寒暑]))?(?:期間|期间)?")
SEASON = re.compile(
    r"[夏冬]季|[夏冬]令[时時][间間]?|夏時制|[淡旺]季|夏期|冬期|summer|winter|high season|low season|en ete|"
    r"en hiver|ete\b|hiver|"
    r"sommer|estate|inverno|verano|invierno|latem|zima"
)
CLOSED_ON_WEEKENDS = re.compile(r"(?:週休|周休|双休|雙休)(?:二|2)?日?")
UNTIL = re.compile(
    r"^(?P<days>.*?)(?:開放|开放|營業|营业|使用|open)*\s*(?:至|到|until|till|jusqu'a|bis)\s*(?:每日)?"
    r"(?P<time>(?:上午|早上|下午|晚上|晚間|中午)?\s*\d{1,2}\s*(?:[:：]\s*\d{2}|[點点時时](?:\d{1,2}分|半)?|"
    r"\s*[ap]m))\s*(?:止|為止|为止|~*)$"
)
