update due_times set due_at = :until where id = any(:ids)
