select id, incident_id, kind, due_at from due_times where due_at <= :now order by due_at limit :limit for update skip
    locked
