SELECT aeds.id, aeds.name, aeds.address, aeds.place_detail, aeds.floor, aeds.indoor, aeds.access, aeds.opening_hours,
    aeds.opening_hours_note, aeds.phone, aeds.owner, aeds.custodian, aeds.maker, aeds.model, aeds.serial_number,
    aeds.manufactured_on, aeds.battery_expires_on, aeds.pads_expire_on, aeds.readiness, aeds.readiness_reasons,
    aeds.readiness_at, aeds.source, aeds.source_ref, aeds.created_at, aeds.updated_at, ST_Y(CAST(aeds.location AS
    geometry(GEOMETRY,-1))) AS latitude, ST_X(CAST(aeds.location AS geometry(GEOMETRY,-1))) AS longitude
FROM aeds
WHERE aeds.readiness != cast(:readiness_1 as VARCHAR)
