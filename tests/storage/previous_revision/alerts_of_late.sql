select responder_id, array_agg(offered_at) as times from alerts where offered_at > :since group by responder_id
