INSERT INTO aed_reports (id, aed_id, kind, at, received_at, reported_by, data) VALUES (cast(:id as UUID), cast(:aed_id
    as UUID), cast(:kind as VARCHAR), cast(:at as TIMESTAMP WITH TIME ZONE), cast(:received_at as TIMESTAMP WITH TIME
    ZONE), cast(:reported_by as VARCHAR), cast(:data as JSONB)) ON CONFLICT DO NOTHING
