-- :state text
-- :version int4
-- :closed_at timestamptz
-- :incident_id uuid
-- :changed_ids uuid[]
-- :changed_states text[]
-- :changed_active bool[]
-- :changed_roles text[]
-- :changed_aed_ids uuid[]
-- :changed_etas float8[]
-- :number int4
-- :at timestamptz
-- :events json
-- :alert_ids uuid[]
-- :alert_responders text[]
-- :alert_roles text[]
-- :alert_aed_ids uuid[]
-- :alert_states text[]
-- :alert_active bool[]
-- :alert_waves int4[]
-- :alert_etas float8[]
-- :respond_by text[]
-- :look_again_at timestamptz
-- :epoch text
-- :recipients text[]
-- :recipient_totals int4[]
-- :message_recipients text[]
-- :message_places int4[]
-- :message_alert_ids uuid[]
-- :message_bodies text[]
with incident as (
    update incidents set state = :state, version = :version, closed_at = :closed_at where id = :incident_id
),
changed_alerts as (
    update alerts set state = changed.state, active = changed.active, role = changed.role, aed_id = changed.aed_id,
                      eta_s = changed.eta_s
    from unnest(:changed_ids, :changed_states, :changed_active, :changed_roles, :changed_aed_ids, :changed_etas)
        as changed(id, state, active, role, aed_id, eta_s)
    where alerts.id = changed.id
),
new_events as (
    insert into incident_events (incident_id, number, at, events) values (:incident_id, :number, :at, :events)
),
new_alerts as (
    insert into alerts (id, incident_id, responder_id, role, aed_id, state, active, wave, eta_s, offered_at)
    select id, :incident_id, responder_id, role, aed_id, state, active, wave, eta_s, :at
    from unnest(:alert_ids, :alert_responders, :alert_roles, :alert_aed_ids, :alert_states, :alert_active,
                :alert_waves, :alert_etas) as alert(id, responder_id, role, aed_id, state, active, wave, eta_s)
),
new_due_times as (
    insert into due_times (incident_id, kind, due_at)
    select :incident_id, 'respond_by', cast(due_at as timestamptz) from unnest(:respond_by) as due_at
    union all
    select :incident_id, 'look_again', :look_again_at
    where :look_again_at is not null
      and not exists (select from due_times where incident_id = :incident_id and kind = 'look_again')
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
