INSERT INTO aeds (id, name, location, address, place_detail, floor, indoor, access, opening_hours, opening_hours_note,
    phone, owner, custodian, maker, model, serial_number, manufactured_on, battery_expires_on, pads_expire_on,
    readiness, readiness_reasons, readiness_at, source, source_ref, created_at, updated_at) VALUES (cast(:id as UUID),
    cast(:name as VARCHAR), ST_GeogFromText(:location), cast(:address as VARCHAR), cast(:place_detail as VARCHAR),
    cast(:floor as INTEGER), :indoor, cast(:access as VARCHAR), cast(:opening_hours as VARCHAR),
    cast(:opening_hours_note as VARCHAR), cast(:phone as VARCHAR), cast(:owner as VARCHAR), cast(:custodian as
    VARCHAR), cast(:maker as VARCHAR), cast(:model as VARCHAR), cast(:serial_number as VARCHAR), cast(:manufactured_on
    as DATE), cast(:battery_expires_on as DATE), cast(:pads_expire_on as DATE), cast(:readiness as VARCHAR),
    cast(:readiness_reasons as TEXT[]), cast(:readiness_at as TIMESTAMP WITH TIME ZONE), cast(:source as VARCHAR),
    cast(:source_ref as VARCHAR), cast(:created_at as TIMESTAMP WITH TIME ZONE), cast(:updated_at as TIMESTAMP WITH
    TIME ZONE)) ON CONFLICT (id) DO UPDATE SET name = excluded.name, location = excluded.location, address =
    excluded.address, place_detail = excluded.place_detail, floor = excluded.floor, indoor = excluded.indoor, access =
    excluded.access, opening_hours = excluded.opening_hours, opening_hours_note = excluded.opening_hours_note, phone =
    excluded.phone, owner = excluded.owner, custodian = excluded.custodian, maker = excluded.maker, model =
    excluded.model, serial_number = excluded.serial_number, manufactured_on = excluded.manufactured_on,
    battery_expires_on = excluded.battery_expires_on, pads_expire_on = excluded.pads_expire_on, readiness =
    excluded.readiness, readiness_reasons = excluded.readiness_reasons, readiness_at = excluded.readiness_at, source =
    excluded.source, source_ref = excluded.source_ref, created_at = excluded.created_at, updated_at =
    excluded.updated_at
