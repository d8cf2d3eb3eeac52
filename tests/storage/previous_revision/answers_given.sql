select responder_id, is_night, count(*) as asked, count(*) filter (where said_yes) as accepted
from (
    select responder_id,
           state = any(cast(:yes as text[])) as said_yes,
           extract(hour from offered_at at time zone :zone) >= :night_begins
               or extract(hour from offered_at at time zone :zone) < :night_ends as is_night
    from alerts
    where state = any(cast(:answered as text[]))
) as answers
group by responder_id, is_night
