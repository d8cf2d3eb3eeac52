select responder_id, incident_id, id, state from alerts where active
