insert into mailboxes (recipient, epoch, last_seq) values (:recipient, :epoch, 0)
on conflict (recipient) do nothing
