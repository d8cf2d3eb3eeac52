UPDATE responders SET name=cast(:name as VARCHAR), phone=cast(:phone as VARCHAR),
    certificate_number=cast(:certificate_number as VARCHAR), certificate_expires_on=cast(:certificate_expires_on as
    DATE), mode=cast(:mode as VARCHAR), language=cast(:language as VARCHAR), on_duty=:on_duty WHERE responders.id =
    cast(:responder_id as VARCHAR)
