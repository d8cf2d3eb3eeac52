INSERT INTO responders (id, name, phone, certificate_number, certificate_expires_on, mode, language, on_duty,
    created_at) VALUES (cast(:id as VARCHAR), cast(:name as VARCHAR), cast(:phone as VARCHAR),
    cast(:certificate_number as VARCHAR), cast(:certificate_expires_on as DATE), cast(:mode as VARCHAR),
    cast(:language as VARCHAR), :on_duty, cast(:created_at as TIMESTAMP WITH TIME ZONE)) ON CONFLICT (id) DO NOTHING
    RETURNING responders.id
