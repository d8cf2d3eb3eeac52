select shown_version from incidents where id = :incident_id
