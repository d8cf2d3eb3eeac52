select receipt from incidents where request_id = :request_id
