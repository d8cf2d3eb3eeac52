select number, at, events from incident_events where incident_id = :incident_id order by number
