SELECT responders.id, responders.name, responders.phone, responders.certificate_number,
    responders.certificate_expires_on, responders.mode, responders.language, responders.on_duty,
    responders.created_at, ST_Y(responders.location::geometry) AS latitude, ST_X(responders.location::geometry) AS
    longitude, responders.accuracy_m, responders.fix_at
FROM responders
