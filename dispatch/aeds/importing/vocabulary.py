"""The headings under which publishers write what this register keeps, in the languages they write them in.

Compared without case, width, accents and punctuation (`words.bare`). Sources: the AED lists of Taiwan's Ministry of
Health (2014 and 2021 schemas), Japan's municipal open-data standard and older city lists, mainland Chinese Red Cross
and city lists, Korea's E-Gen, Hong Kong's Fire Services, France's GéoDAE, OpenStreetMap's `emergency=defibrillator`,
and city portals in English, German, Italian, Spanish, Polish, Dutch and Portuguese.
"""

from enum import StrEnum


class Field(StrEnum):
    """What a column may hold."""

    ID = "id"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    COORDINATES = "coordinates"
    NAME = "name"
    ADDRESS = "address"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    HOUSE_NUMBER = "house_number"
    PLACE_DETAIL = "place_detail"
    FLOOR = "floor"
    INDOOR = "indoor"
    OUTDOOR = "outdoor"
    ACCESS = "access"
    HOURS = "opening_hours"
    HOURS_ALWAYS = "always_open"
    HOURS_DAYS = "open_days"
    HOURS_FROM = "opens_at"
    HOURS_TO = "closes_at"
    HOURS_REMARK = "hours_remark"
    CLOSED_DAYS = "closed_days"
    PHONE = "phone"
    OWNER = "owner"
    MAKER = "maker"
    MODEL = "model"
    SERIAL_NUMBER = "serial_number"
    MANUFACTURED_ON = "manufactured_on"
    BATTERY_EXPIRES_ON = "battery_expires_on"
    PADS_EXPIRE_ON = "pads_expire_on"
    BATTERY_FITTED_ON = "battery_fitted_on"
    PADS_FITTED_ON = "pads_fitted_on"
    PADS_CHILD_EXPIRE_ON = "pads_child_expire_on"
    PHOTO = "photos"
    MOBILE = "mobile"
    DATUM = "datum"
    STATE = "state"
    WORKING = "working"
    REMOVED_ON = "removed_on"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


# Of these a list may have several columns, and all are used, in the file's order.
GATHERED = frozenset({Field.PLACE_DETAIL, Field.HOURS_REMARK, Field.PHOTO})

# Whole headings, and for longer headings the part that tells. Earlier is surer.
WORDS: dict[Field, tuple[str, ...]] = {
    Field.ID: (
        "id", "osm_id", "gid", "fid", "objectid", "c_gid", "c_id", "uuid", "aed_id", "no", "number", "num", "nr",
        "code", "ref", "identifier", "identifiant", "kennung", "identificativo", "identificador", "index", "编号",
        "編號", "序号", "序號", "設備編號", "设备编号", "設備id", "設備序號id", "番号", "管理番号", "識別番号",
        "連番", "통번", "연번", "관리번호", "일련번호", "rnum", "lp", "lfd nr", "場所id", "aed編號", "id dae",
        "cod", "codice", "codigo", "referencia",
    ),
    Field.LATITUDE: (
        "latitude", "lat", "y", "point y", "緯度", "纬度", "北緯", "北纬", "위도", "latitud", "latitudine",
        "breitengrad", "breite", "szerokosc geograficzna", "szerokosc", "c_lat_coor1", "lat_coor1", "geo lat",
        "lat wgs84", "wgs84lat", "coord y", "地點lat", "ycoord", "y coordinate", "coordinata y", "y座標", "y坐标",
        "geometry.y", "breedtegraad", "geo_latitude",
    ),
    Field.LONGITUDE: (
        "longitude", "lon", "lng", "long", "x", "point x", "経度", "經度", "经度", "東経", "東經", "东经", "경도",
        "longitud", "longitudine", "langengrad", "laenge", "lange", "dlugosc geograficzna", "dlugosc",
        "c_long_coor1", "long_coor1", "geo lon", "geo lng", "lon wgs84", "wgs84lon", "coord x", "地點lng", "xcoord",
        "x coordinate", "coordinata x", "x座標", "x坐标", "geometry.x", "lengtegraad", "geo_longitude",
    ),
    Field.COORDINATES: (
        "aed coord lnglat", "coordinates", "coordinate", "coords", "coord", "latlng", "latlon", "lnglat", "lonlat",
        "geo point 2d", "geo point", "geo shape", "geom", "the geom", "geometry", "shape", "wkt", "point",
        "position", "gps", "坐标", "座標", "经纬度", "經緯度", "緯度経度", "位置情報", "geolocation",
        "geolokalizacja", "geolocalizacion", "georeferencia", "koordinaten", "coordonnees", "coordenadas",
        "coordinate geografiche", "wspolrzedne", "좌표", "geo", "location 1", "lat long", "latitude longitude",
        "new georeferenced column", "georeferenced column",
    ),
    Field.NAME: (
        "name", "名称", "名稱", "site name", "place name", "場所名稱", "施設名", "施設名称", "設置施設名",
        "設置施設", "施設の名称", "場所名", "単位名称", "单位名称", "单位名", "单位", "場所名称", "机构名称",
        "点位名称", "场所名称", "设备名称", "放置單位", "設置單位", "設置機構", "設置場所名稱", "location name",
        "building name", "building", "facility name", "facility", "venue", "title", "aed name", "premises", "c_nom",
        "nom", "nom du site", "denominazione", "nome", "nombre", "bezeichnung", "objekt", "standort",
        "standortname", "nazwa", "nazwa obiektu", "nazwa miejsca", "설치기관명", "기관명", "설치기관", "org",
        "naam", "business name", "organization name", "site", "ubicazione", "establecimiento", "etablissement",
        "estabelecimento", "設置先", "設置先名称", "設置場所", "設置场所", "單位名稱", "地點名稱", "地點", "地点",
        "地点名称", "安装单位", "安装地点名称", "投放单位", "投放点", "投放地点", "投放点位", "投放场所",
        "设置单位", "配置单位", "使用单位", "安装点位", "布点名称",
        "display name", "location title",
    ),
    Field.ADDRESS: (
        "address", "full address", "street address", "addr full", "addr", "地址", "場所地址", "詳細地址",
        "详细地址", "住所", "所在地", "所在地_連結表記", "所在地住所", "설치주소", "주소", "buildaddress",
        "address 1", "address line 1", "adresse", "adres", "indirizzo", "direccion", "morada", "endereco",
        "anschrift", "site address", "location address", "aed address", "location", "所在地址", "单位地址",
        "單位地址", "安装地址", "位置地址", "設置地址", "設置住所", "施設住所", "via", "formatted address",
        "display_address", "domicilio",
    ),
    Field.PROVINCE: (
        "province", "state name", "region", "省", "省份", "都道府県名", "都道府県", "所在地_都道府県",
        "addr:province", "addr:state", "시도", "sido", "wojewodztwo", "bundesland", "provincia", "regione",
    ),
    Field.CITY: (
        "city", "town", "municipality", "市", "城市", "縣市", "场所縣市", "場所縣市", "縣市別", "市区町村名",
        "市区町村", "所在地_市区町村", "所属市", "addr:city", "c_com_nom", "com_nom", "commune", "ville", "comune",
        "citta", "ciudad", "municipio", "localidad", "ort", "gemeinde", "stadt", "miasto", "miejscowosc", "시군구",
        "gugun", "woonplaats", "suburb", "locality",
    ),
    Field.DISTRICT: (
        "district", "区", "區", "区县", "区(县)", "县区", "县(市、区)", "市区", "乡镇街道", "區縣", "所属区",
        "所属区县", "行政区", "行政區",
        "鄉鎮市區", "鄉鎮市区",
        "場所區域", "區域", "地區", "地区", "area", "行政区划", "所在地_町字", "町字", "addr:district", "borough",
        "bezirk", "stadtteil", "dzielnica", "quartiere", "barrio", "quartier",
    ),
    Field.STREET: (
        "street", "addr:street", "addr:place", "c_adr_voie", "adr_voie", "voie", "strasse", "ulica", "calle", "rue",
        "straat", "街道", "street name", "所在地_番地以下",
    ),
    Field.HOUSE_NUMBER: (
        "house number", "addr:housenumber", "c_adr_num", "adr_num", "street number", "hausnummer", "hausnr",
        "numero civico", "civico", "nr domu", "street no", "huisnummer", "numero",
    ),
    Field.PLACE_DETAIL: (
        "defibrillator:location", "place detail", "aed location", "aed location desc", "aed placement", "placement",
        "location detail", "location details", "location description", "detailed location",
        "detailed location of the aed installed", "position description",
        "where", "site location", "aed放置地點", "aed地點描述", "放置地點", "放置位置", "設置位置", "設置場所詳細",
        "設置場所の詳細", "設置箇所", "具体位置", "具體位置", "具体安装位置", "具体地点", "安装具体位置",
        "放置具体位置", "设备位置", "投放位置", "详细位置", "詳細位置",
        "安装位置", "安裝位置",
        "擺放位置", "摆放位置", "设置位置", "設置地點", "安放位置", "存放位置", "放置场所", "位置描述", "位置说明",
        "地点描述", "地點描述", "方書", "建物名等(方書)", "設置階", "c_acc_complt", "acc_complt",
        "c_acc_lib_complt", "emplacement", "localisation", "acces complement", "standortbeschreibung",
        "standort im gebaude", "genauer ort", "lage",
        "genauer standort", "beschreibung", "posizione", "collocazione", "descrizione", "ubicacion", "descripcion",
        "info", "hinweis", "opis", "lokalizacja", "umiejscowienie", "설치위치", "설치장소", "buildplace",
        "상세위치", "locatie", "level description", "note:location", "location in building", "exact location",
        "directions", "precise location", "descrizione posizione", "description", "loc_desc",
    ),
    Field.FLOOR: (
        "floor", "level", "floor level", "ground level categories", "樓層", "楼层", "階", "階数", "設置階数",
        "所在楼层", "所在樓層",
        "c_acc_etg", "acc_etg", "etage", "stockwerk", "piano", "planta", "pietro", "층", "설치층", "verdieping",
        "storey", "fl",
    ),
    Field.INDOOR: (
        "indoor", "inside", "indoors", "室内", "室內", "屋内", "실내", "innen", "interno", "interior", "c_acc",
        "acc", "location type", "屋内外", "室内外",
    ),
    Field.OUTDOOR: (
        "outdoor", "outside", "outdoors", "室外", "屋外", "户外", "戶外", "esterno", "exterior", "exterieur",
        "aussen",
    ),
    Field.ACCESS: (
        "access", "permission", "offentlich zuganglich", "frei zuganglich", "accessibility", "public access",
        "accessible to public",
        "whether the aed can be used by anyone", "can be used by anyone", "used by anyone",
        "open to public", "publicly accessible", "c_acc_lib", "acc_lib",
        "acces libre", "libre acces", "availability type", "public", "accesso", "acceso", "zugang",
        "zuganglichkeit", "dostep", "dostepnosc", "是否公开", "是否对外开放", "开放性质", "对公众开放", "公開",
        "公众可用", "toegang", "access type", "acces",
    ),
    Field.HOURS: (
        "opening_hours", "opening times", "hours", "hours html", "hours of operation", "business hours",
        "service hours", "availability", "available hours", "time", "open", "operating hours", "access hours",
        "営業時間", "利用可能時間", "利用可能時間帯", "利用時間", "使用可能時間", "利用可能日時", "利用可能時間等",
        "開館時間", "使用時間", "开放时间", "開放時間", "營業時間", "营业时间", "可用时间", "服务时间",
        "開放使用時間", "可使用时间", "c_disp_h", "disp_h", "horaires", "horaire", "heures d'ouverture",
        "offnungszeiten", "verfugbarkeit", "orari", "orario", "orario di apertura", "disponibilita", "horario",
        "horarios", "disponibilidad", "godziny otwarcia", "godziny", "dostepny", "운영시간", "이용시간",
        "사용가능시간", "openingstijden", "open hours", "24 hours", "24h", "operational hours", "aed hours",
        "service hour remark",
        "service hour", "c_dispo_horaires", "dispo_horaires", "hours available", "times available", "access times",
        "zugangszeiten", "verfugbare zeiten", "horaires d'acces", "horaires d'accessibilite", "horario de acceso",
        "orari di accesso", "可取用时间", "开放时段", "開放時段", "对外开放时间", "設備開放時間", "可使用時間",
        "使用可能な時間帯", "利用できる時間",
    ),
    Field.HOURS_ALWAYS: (
        "全年全天開放大眾使用", "全天開放", "24小時開放", "24小时开放", "24小時", "24小时", "24時間",
        "24時間利用可", "24時間利用", "24時間利用可能", "24時間使用", "24/7", "24h7", "always open",
        "open 24 hours", "available 24 7", "is24hours", "h24", "24h/24", "24/24", "24h access", "24 hr access",
        "24시간", "calodobowo", "twenty four seven", "allday", "全天候",
    ),
    Field.HOURS_DAYS: (
        "利用可能曜日", "利用曜日", "使用可能曜日", "曜日", "開放日", "开放日", "開放星期", "c_disp_j", "disp_j",
        "jours", "days", "open days", "days available", "tage", "giorni", "dias", "dni", "요일",
    ),
    Field.HOURS_FROM: (
        "開始時間", "利用開始時間", "開始時刻", "利用開始時刻", "opens", "opens at", "open time", "opening time",
        "start time", "opening", "from", "time from", "ouverture", "开始时间", "開放開始", "시작시간",
        "heure ouverture", "apertura", "hora apertura", "von", "開放時間起",
    ),
    Field.HOURS_TO: (
        "終了時間", "利用終了時間", "終了時刻", "利用終了時刻", "closes", "closes at", "close time", "closing time",
        "end time", "closing", "to", "until", "time to", "fermeture", "结束时间", "開放結束", "종료시간",
        "heure fermeture", "chiusura", "hora cierre", "bis", "開放時間迄",
    ),
    Field.HOURS_REMARK: (
        "開放使用時間備註", "開放時間備註", "利用可能日時特記事項", "特記事項", "開放說明", "c_disp_complt",
        "disp_complt", "hours note", "hours notes", "availability notes", "note", "notes", "備考", "remark",
        "remarks", "comment", "comments", "备注", "備註", "비고", "bemerkung", "bemerkungen", "osservazioni",
        "observaciones", "uwagi", "commentaire", "commentaires", "additional information", "利用可能時間備考",
        "時間備註", "开放时间备注", "note orari", "opening_hours:note", "特記",
        "時間特記事項", "利用時間備考", "hours remark", "hours remarks", "availability note", "hours comment",
    ),
    Field.CLOSED_DAYS: (
        "定休日", "休館日", "休業日", "休日", "公休日", "休み", "閉館日", "休館日等", "休息日", "闭馆日", "休馆日",
        "公休",
        "closed on", "closed days", "days closed", "closing days", "day closed", "ruhetag", "ruhetage",
        "jours de fermeture", "jour de fermeture", "fermeture hebdomadaire", "giorno di chiusura", "giorni di chiusura",
        "dias de cierre", "dni zamkniecia", "휴무일", "휴관일",
    ),
    Field.PHONE: (
        "phone", "telephone", "tel", "contact phone", "phone number", "電話", "電話番号", "联系电话", "聯絡電話",
        "连络电话", "电话", "開放時間緊急連絡電話", "連絡先", "連絡先電話番号", "緊急聯絡電話", "c_tel1", "tel1",
        "telefon", "telefono", "전화번호", "연락처", "관리자연락처", "clerktel", "telefoon", "contact number",
        "telefonnummer", "numero di telefono", "numer telefonu", "tel no", "联系方式", "聯絡方式", "contact",
    ),
    Field.OWNER: (
        "owner", "operator", "organisation", "organization", "団体名", "地方公共団体名", "所有者", "設置者",
        "管理者", "设备所属", "所属单位", "产权单位", "管理单位", "管理單位", "c_expt_rais", "expt_rais",
        "exploitant", "proprietaire", "eigentumer", "betreiber", "proprietario", "gestore", "propietario",
        "titular", "wlasciciel", "관리기관", "eigenaar", "custodian organisation", "主管单位", "归属单位",
    ),
    Field.MAKER: (
        "maker", "manufacturer", "brand", "make", "aed brand", "aed make", "廠牌", "厂牌", "品牌", "生产厂家",
        "厂家", "製造商", "制造商", "メーカー", "メーカー名", "製造販売業者", "製造者", "c_fab_rais", "fab_rais",
        "fabricant", "hersteller", "produttore", "marca", "fabricante", "producent", "제조사", "mfg", "merk",
        "aed製造商", "manufacturer name", "marque", "製造メーカー",
    ),
    Field.MODEL: (
        "model", "aed model", "型號", "型号", "設備型號", "设备型号", "機種", "機種名", "型式", "型番", "製品名",
        "c_modele", "modele", "modell", "modello", "modelo", "typ", "모델명", "모델", "aed型号", "aed型號",
        "device model", "aed type", "機器名",
    ),
    Field.SERIAL_NUMBER: (
        "serial number", "serial", "serial no", "sn", "序列号", "序列號", "機號", "机身号", "设备序列号",
        "出厂编号", "製造番号", "シリアル番号", "c_num_serie", "num_serie", "numero de serie", "seriennummer",
        "numero di serie", "numer seryjny", "제조번호", "serienummer", "matricola",
    ),
    Field.MANUFACTURED_ON: (
        "manufactured on", "manufacture date", "date of manufacture", "manufactured", "生产日期", "出厂日期",
        "製造日期", "製造年月日", "製造年月", "製造日", "제조일자", "제조년월", "herstellungsdatum",
        "data di produzione", "fecha de fabricacion", "date de fabrication", "data produkcji",
    ),
    Field.BATTERY_EXPIRES_ON: (
        "battery expires on", "battery expiry", "battery expiration", "battery expiry date",
        "battery expiration date", "电池有效期", "電池有效期", "电池到期日", "電池有效日期", "バッテリー有効期限",
        "バッテリ使用期限", "バッテリー使用期限", "バッテリー交換期限", "c_dtpr_bat", "dtpr_bat",
        "date peremption batterie", "battery date", "배터리유효기간", "scadenza batteria", "caducidad bateria",
        "电池失效日期", "电池有效期至",
    ),
    Field.PADS_EXPIRE_ON: (
        "pads expire on", "pads expiry", "pad expiry", "pads expiration", "pad expiration date", "pads expiry date",
        "electrode expiry", "电极片有效期", "電極片有效期", "貼片有效日期", "贴片有效期", "電極貼片有效期",
        "パッド有効期限", "パッド使用期限", "パッド交換期限", "電極パッド使用期限", "c_dtpr_lcad", "dtpr_lcad",
        "패드유효기간", "date peremption electrodes", "scadenza elettrodi", "scadenza piastre", "caducidad parches",
        "caducidad electrodos", "电极片失效日期", "电极片有效期至",
    ),
    Field.STATE: (
        "state", "status", "aed status", "operational status", "状态", "狀態", "设备状态", "設備狀態", "運用状況",
        "c_etat_fonct", "etat_fonct", "fonctionnement", "etat", "etat fonctionnement", "zustand", "stato",
        "estado", "stan", "상태",
        "disused:emergency", "使用状态", "运行状态", "设备运行状态", "設置状況", "稼働状況", "使用狀態", "工作状态",
        "是否正常", "condition", "etat du dae", "stato dispositivo", "estado del dea", "validity",
    ),
    Field.WORKING: (
        "working", "is working", "operational", "in service", "in operation", "functional", "active", "is active",
        "en service", "en fonctionnement", "in funzione", "attivo", "activo", "in betrieb", "aktiv", "czynny",
        "是否可用", "是否启用", "是否可使用", "可否使用", "사용가능여부",
    ),
    Field.REMOVED_ON: (
        "removed on", "removal date", "date removed", "date of removal", "decommissioned on", "end date",
        "valid until", "valid to", "date de retrait", "date fin", "date de fin", "date de suppression",
        "data rimozione", "data dismissione", "fecha de baja", "fecha baja", "abbaudatum", "demontiert am",
        "data usuniecia", "撤去日", "撤去年月日", "廃止日", "設置終了日", "拆除日期", "撤除日期", "停用日期",
        "撤销日期",
        "철거일", "폐기일",
    ),
    Field.DUPLICATE: ("c_doublon", "doublon", "is duplicate", "duplicate", "是否重复"),
    Field.MOBILE: (
        "c_dae_mobile", "dae_mobile", "dae mobile", "is_mobile", "mobile aed", "mobile device", "mobile unit",
        "itinerant",
        "是否移动", "移动设备", "移動式", "可移动",
    ),
    Field.DATUM: (
        "datum", "coordinate system", "coordinate reference system", "crs", "srs", "spatial reference", "epsg",
        "坐标系", "坐标系统", "坐标类型", "坐标体系", "座標系", "座標系統", "测地系", "測地系", "geodetic datum",
        "systeme de coordonnees", "referentiel", "koordinatensystem", "sistema de coordenadas",
        "sistema di riferimento", "uklad wspolrzednych",
    ),
    Field.PHOTO: (
        "c_photo1", "c_photo2", "photo", "photos", "photo1", "photo2", "photo url", "image", "images", "image url",
        "picture", "画像", "写真", "照片", "图片", "圖片", "照片链接", "foto", "fotos", "immagine", "zdjecie", "사진",
        "image_url",
    ),
    Field.BATTERY_FITTED_ON: (
        "battery fitted on", "battery installed", "battery install date", "battery installation date",
        "battery replaced on", "电池安装日期", "电池更换日期", "電池更換日期", "バッテリー交換日", "バッテリ交換日",
        "date installation batterie", "data instalacji baterii",
    ),
    Field.PADS_FITTED_ON: (
        "pads fitted on", "pads installed", "pads install date", "pads installation date", "pads replaced on",
        "电极片安装日期", "电极片更换日期", "貼片更換日期", "パッド交換日", "date installation electrodes",
    ),
    Field.PADS_CHILD_EXPIRE_ON: (
        "pads child expire on", "child pads expiry", "child pads expiry date", "paediatric pads expiry",
        "pediatric pads expiry", "c_dtpr_lcped", "dtpr_lcped", "儿童电极片有效期", "儿童电极片到期日",
        "兒童貼片有效日期",
        "小児用パッド有効期限", "小児用パッド使用期限", "date peremption electrodes pediatriques",
    ),
    Field.IGNORED: (
        "kana", "名称_カナ", "フリガナ", "カナ", "ふりがな", "名称_英字", "名称_英語", "英語名", "name en",
        "english name", "法人番号", "内線番号", "fax", "fax番号", "url", "link html", "link", "website", "web",
        "email", "mail", "连接", "連結", "郵便番号", "邮编", "邮政编码", "郵遞區號", "zipcode", "zip", "postcode",
        "postal code", "addr:postcode", "addr:country", "country", "plz", "cap", "code postal", "c_com_cp",
        "codigo postal", "kod pocztowy", "우편번호", "都道府県コード又は市区町村コード", "都道府県コード",
        "市区町村コード", "全国地方公共団体コード", "所在地_全国地方公共団体コード", "町字id", "場所描述",
        "場所分類", "場所類型", "其他類型", "场所类型", "场所分类", "category", "type", "place type", "分類",
        "分類名", "類型", "类型", "カテゴリ", "種別", "updated at", "updated", "last update", "更新日", "更新時間",
        "更新时间", "created at", "登録日", "date", "c_maj_don", "c_com_insee", "insee",
        "wikimedia_commons", "mapillary", "wheelchair", "support", "check_date", "fixme", "emergency",
        "manager", "管理員", "管理員姓名", "负责人", "負責人", "联系人", "聯絡人", "担当者", "clerk",
        "contact person", "contact name", "小児対応設備の有無", "小児対応", "小児用パッド", "小児モード",
        "child pads", "c_lc_ped", "高度の種別", "高度の値", "altitude", "elevation", "count", "quantity", "台数",
        "数量", "設置台数", "accuracy", "c_xy_precis", "zoom", "place_coord_type", "name kana", "source", "version",
        "changeset", "user", "uid", "timestamp", "area code", "c_id_adr", "c_siren", "c_dermnt", "c_freq_mnt",
        "c_date_instal", "設置日", "設置年月日", "安装时间", "安装日期", "install date", "installation date",
        "c_acc_pcsec", "c_acc_acc", "c_dispsurv", "c_etat_valid", "c_fab_siren", "c_expt_siren", "c_expt_tel1",
        "c_expt_email", "c_site_email", "operator:website", "c_acc_pcsec", "c_application_provenance",
        "c_srid_origin",
        "c__edit_datemaj", "c_x_coor2", "c_y_coor2", "c_sys_coor", "c_id_euro", "c_tel2", "c_mnt_rais", "c_mnt_siren",
        "poiコード", "名称_通称", "設置台数", "台数", "アクセス方法", "バリアフリー情報", "ライセンス",
        "画像_ライセンス",
        "情報更新日", "person allowed to operate the aed", "person who has access to the aed", "aed count",
        "小児対応設備", "一時預かりの有無", "投放时间", "投放日期", "启用日期", "启用时间", "使用年限", "登记日期",
        "身份证号", "邮箱", "管理人员", "机长", "机长姓名", "责任人", "填报人", "审核人", "图标",
    ),
}  # fmt: skip
