select incident_id from alerts where id = :alert_id
