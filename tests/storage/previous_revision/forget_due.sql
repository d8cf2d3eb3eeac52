delete from due_times where id = any(:ids)
