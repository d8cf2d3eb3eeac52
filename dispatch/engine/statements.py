"""The statements that write decisions down: each is one transaction and one round trip, prepared once."""

# ruff: noqa: S608 - statements are put together from constants; everything from outside is a bound parameter

from dispatch.push.statements import NEW_PUSH_JOBS, NEW_PUSH_JOBS_TYPES
from dispatch.storage.prepared import Prepared

# The parameters of all three. Rows come as arrays, one a column, in binary: the server reads them as they are.
_TYPES = {
    **dict.fromkeys(("incident_id", "request_id"), "uuid"),
    **dict.fromkeys(("at", "wake_at", "closed_at"), "timestamptz"),
    **dict.fromkeys(("latitude", "longitude"), "float8"),
    **dict.fromkeys(("events", "receipt"), "json"),
    **dict.fromkeys(("state", "epoch", "operators", "wake_kind"), "text"),
    **dict.fromkeys(("number", "version", "keep", "wave"), "int4"),
    **dict.fromkeys(("drill", "rewake"), "bool"),
    **dict.fromkeys(("shown_ids", "changed_ids", "changed_aed_ids"), "uuid[]"),
    **dict.fromkeys(("alert_ids", "alert_aed_ids", "message_alert_ids"), "uuid[]"),
    **dict.fromkeys(("shown_befores", "shown_versions", "alert_waves", "recipient_totals", "message_places"), "int4[]"),
    **dict.fromkeys(("changed_states", "changed_roles", "alert_responders", "alert_roles", "alert_states"), "text[]"),
    **dict.fromkeys(("changed_active", "alert_active"), "bool[]"),
    **dict.fromkeys(("alert_etas", "changed_etas"), "float8[]"),
    **dict.fromkeys(("recipients", "message_recipients", "message_bodies"), "text[]"),
    # Of many decisions at once; times as text, for there is no binary form of them here.
    "opens": "bool",
    "before": "int4",
    "opened_at": "timestamptz",
    "numbers": "int4[]",
    **dict.fromkeys(("decided_at", "event_lists", "alert_offered_at"), "text[]"),
    **NEW_PUSH_JOBS_TYPES,
}

# The rows come in the order of their keys, so that two statements that touch the same rows wait for each other
# instead of blocking each other.
_MESSAGES = """
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
"""

_FOLLOWS = f"""
new_events as (
    insert into incident_events (incident_id, number, at, events) values (:incident_id, :number, :at, :events)
),
new_alerts as (
    insert into alerts (id, incident_id, responder_id, role, aed_id, state, active, wave, eta_s, offered_at)
    select id, :incident_id, responder_id, role, aed_id, state, active, wave, eta_s, :at
    from unnest(:alert_ids, :alert_responders, :alert_roles, :alert_aed_ids, :alert_states, :alert_active,
                :alert_waves, :alert_etas) as alert(id, responder_id, role, aed_id, state, active, wave, eta_s)
),
new_wake as (
    insert into due_times (incident_id, kind, due_at) select :incident_id, :wake_kind, :wake_at
    where :rewake and :wake_at is not null
),
{_MESSAGES}"""

_OPEN = """
with incident as (
    insert into incidents (id, request_id, opened_at, location, drill, state, version, receipt)
    values (:incident_id, :request_id, :at, st_point(:longitude, :latitude, 4326)::geography, :drill, :state, :version,
            :receipt)
),
"""
OPEN = Prepared("open", f"{_OPEN}{_FOLLOWS}", _TYPES)
# The same, where phones have to be woken by other channels than their sockets.
OPEN_AND_CALL = Prepared("open_and_call", f"{_OPEN}{NEW_PUSH_JOBS},{_FOLLOWS}", _TYPES)

# A decision follows what is written: on another version (more of it, or less, where the rest is in another worker's
# journal) it would leave a hole or an overlap, which no key sees. No version is not null: the statement fails.
_CONTINUE = """
with incident as (
    update incidents set state = :state, closed_at = :closed_at,
                         version = case when version = :number - 1 then :version end
    where id = :incident_id
),
changed_alerts as (
    update alerts set state = changed.state, active = changed.active, role = changed.role, aed_id = changed.aed_id,
                      eta_s = changed.eta_s
    from unnest(:changed_ids, :changed_states, :changed_active, :changed_roles, :changed_aed_ids, :changed_etas)
        as changed(id, state, active, role, aed_id, eta_s)
    where alerts.id = changed.id
),
old_wake as (
    delete from due_times where incident_id = :incident_id and :rewake
),
"""
CONTINUE = Prepared("continue", f"{_CONTINUE}{_FOLLOWS}", _TYPES)
CONTINUE_AND_CALL = Prepared("continue_and_call", f"{_CONTINUE}{NEW_PUSH_JOBS},{_FOLLOWS}", _TYPES)

# Of several workers that would tell the same one does: whoever finds that operators were told more tells nothing.
SHOW = Prepared(
    "show",
    """
with held as (
    select id from incidents where id = any(:shown_ids) order by id for no key update
),
shown as (
    update incidents set shown_version = greatest(shown_version, told.version)
    from unnest(:shown_ids, :shown_befores, :shown_versions) as told(id, before, version)
    where incidents.id = told.id and incidents.id in (select id from held) and incidents.shown_version = told.before
      and incidents.version >= told.version
    returning incidents.id
),
told as (
    select id, body, row_number() over (order by place) as place, count(*) over () as total
    from unnest(:shown_ids, :message_bodies) with ordinality as message(id, body, place)
    where id in (select id from shown)
),
old as (
    delete from messages where recipient = :operators
       and seq <= (select last_seq from mailboxes where recipient = :operators) - :keep
),
numbered as (
    insert into mailboxes (recipient, epoch, last_seq)
    select :operators, :epoch, count(*) from told having count(*) > 0
    on conflict (recipient) do update set last_seq = mailboxes.last_seq + excluded.last_seq
    returning last_seq
),
sent as (
    insert into messages (recipient, seq, body, created_at)
    select :operators, last_seq - total + place, body, :at from told, numbered
)
select id::text, last_seq - total + place from told, numbered
""",
    _TYPES,
)

# What was decided while the database was away: everything of one incident, and its rows as they stand at the end of it.
CATCH_UP = Prepared(
    "catch_up",
    f"""
with opened as (
    insert into incidents (id, request_id, opened_at, location, drill, state, version, closed_at, receipt)
    select :incident_id, :request_id, :opened_at, st_point(:longitude, :latitude, 4326)::geography, :drill, :state,
           :version, :closed_at, :receipt
    where :opens
),
changed as (
    update incidents set state = :state, closed_at = :closed_at,
                         version = case when version = :before then :version end
    where id = :incident_id and not :opens
),
new_events as (
    insert into incident_events (incident_id, number, at, events)
    select :incident_id, number, cast(at as timestamptz), cast(events as json)
    from unnest(:numbers, :decided_at, :event_lists) as decision(number, at, events)
),
new_alerts as (
    insert into alerts (id, incident_id, responder_id, role, aed_id, state, active, wave, eta_s, offered_at)
    select id, :incident_id, responder_id, role, aed_id, state, active, wave, eta_s, cast(offered_at as timestamptz)
    from unnest(:alert_ids, :alert_responders, :alert_roles, :alert_aed_ids, :alert_states, :alert_active,
                :alert_waves, :alert_etas, :alert_offered_at)
        as alert(id, responder_id, role, aed_id, state, active, wave, eta_s, offered_at)
    on conflict (id) do update set state = excluded.state, active = excluded.active, role = excluded.role,
                                   aed_id = excluded.aed_id, eta_s = excluded.eta_s
),
old_wake as (
    delete from due_times where incident_id = :incident_id
),
new_wake as (
    insert into due_times (incident_id, kind, due_at) select :incident_id, :wake_kind, :wake_at
    where :wake_at is not null
),
{NEW_PUSH_JOBS},
{_MESSAGES}""",
    _TYPES,
)

# Messages that follow from no decision.
SEND = Prepared("send", f"with {_MESSAGES}", _TYPES)

# When an incident in which nothing happened is looked at again.
WAKE = Prepared(
    "wake",
    # Whoever knows less than is written must not put off what others wait for.
    """
with present as (
    select id from incidents where id = :incident_id and version = :version for update
),
old_wake as (
    delete from due_times where incident_id in (select id from present)
),
new_wake as (
    insert into due_times (incident_id, kind, due_at) select id, :wake_kind, :wake_at from present
    where :wake_at is not null
)
select id from present
""",
    _TYPES,
)

STATEMENTS = (OPEN, OPEN_AND_CALL, CONTINUE, CONTINUE_AND_CALL, CATCH_UP, SEND, SHOW, WAKE)
