delete from messages
using unnest(cast(:recipients as text[]), cast(:seqs as bigint[])) as acknowledged(recipient, seq)
where messages.recipient = acknowledged.recipient and messages.seq <= acknowledged.seq
returning messages.incident_id, messages.alert_id
