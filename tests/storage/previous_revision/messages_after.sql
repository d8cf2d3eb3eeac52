select seq, body from messages
where recipient = :recipient and seq > :after and seq <= :last_seq order by seq
