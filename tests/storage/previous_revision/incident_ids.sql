select id from incidents where state = any(:states) or opened_at > cast(:after as timestamptz) order by opened_at
    desc, id limit :limit
