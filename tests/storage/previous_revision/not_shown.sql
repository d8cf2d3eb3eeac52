select id from incidents where shown_version < version order by opened_at
