select epoch, last_seq from mailboxes where recipient = :recipient
