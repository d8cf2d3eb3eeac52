-- :shown_ids uuid[]
-- :shown_versions int4[]
-- :operators text
-- :keep int4
-- :epoch text
-- :recipients text[]
-- :recipient_totals int4[]
-- :incident_id uuid
-- :at timestamptz
-- :message_recipients text[]
-- :message_places int4[]
-- :message_alert_ids uuid[]
-- :message_bodies text[]
with shown as (
    update incidents set shown_version = greatest(shown_version, told.version)
    from unnest(:shown_ids, :shown_versions) as told(id, version) where incidents.id = told.id
),
old as (
    delete from messages where recipient = :operators
       and seq <= (select last_seq from mailboxes where recipient = :operators) - :keep
),
numbered as (
    insert into mailboxes (recipient, epoch, last_seq)
    select recipient, :epoch, total from unnest(:recipients, :recipient_totals) as owed(recipient, total)
    on conflict (recipient) do update set last_seq = mailboxes.last_seq + excluded.last_seq
    returning recipient, last_seq
),
sent as (
    insert into messages (recipient, seq, incident_id, alert_id, body, created_at)
    select recipient, last_seq - place, :incident_id, alert_id, body, :at
    from unnest(:message_recipients, :message_places, :message_alert_ids, :message_bodies)
            as message(recipient, place, alert_id, body)
        join numbered using (recipient)
)
select recipient, last_seq from numbered
