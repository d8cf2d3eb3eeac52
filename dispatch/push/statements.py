"""The statements of the queue: each is one transaction and one round trip, prepared once."""

# ruff: noqa: S608 - statements are put together from constants; everything from outside is a bound parameter

from dispatch.push.presence import NOTIFY_CHANNEL
from dispatch.storage.prepared import Prepared

# A part (CTE) for whatever statement makes an alert, so that its push is as durable as the alert itself: one job for
# each device that has subscribed, and one for the hook where there is a telephone number.
NEW_PUSH_JOBS = """
new_push_jobs as (
    insert into push_jobs (id, channel, responder_id, subscription_id, service, alert_id, payload, created_at,
                           expires_at, next_attempt_at)
    select gen_random_uuid(), 'web_push', wanted.responder_id, device.id, device.service, wanted.alert_id,
           wanted.body::json, :at, wanted.useful_until::timestamptz, :at
    from unnest(:push_responders, :push_alert_ids, :push_bodies, :push_useful_until)
            as wanted(responder_id, alert_id, body, useful_until)
        join push_subscriptions as device on device.responder_id = wanted.responder_id
    union all
    select gen_random_uuid(), 'webhook', wanted.responder_id, null, 'webhook', wanted.alert_id,
           wanted.body::json, :at, wanted.useful_until::timestamptz, :at
    from unnest(:push_responders, :push_alert_ids, :push_bodies, :push_useful_until)
            as wanted(responder_id, alert_id, body, useful_until)
        join responders as person on person.id = wanted.responder_id
    where :push_by_hook and person.phone is not null
    on conflict do nothing
    returning channel
)
"""

# The types of that part's parameters, `at` apart.
NEW_PUSH_JOBS_TYPES = {
    "push_responders": "text[]",
    "push_alert_ids": "uuid[]",
    "push_bodies": "text[]",
    "push_useful_until": "text[]",
    "push_by_hook": "bool",
}

ENQUEUE = Prepared(
    "push_enqueue",
    f"with {NEW_PUSH_JOBS} select channel, count(*) from new_push_jobs group by channel",
    NEW_PUSH_JOBS_TYPES | {"at": "timestamptz"},
)

# A job that is put off farther than anything is ever put off was put off under a clock that has gone back since.
TAKE = Prepared(
    "push_take",
    """
with due as (
    select id, responder_id from push_jobs
    where state = 'queued' and taken_by is null and expires_at > :now
      and (next_attempt_at <= :now or next_attempt_at > :farthest)
      and not service = any(:full_services)
    order by next_attempt_at
    limit :most
    for update skip locked
),
taken as (
    update push_jobs set taken_by = :desk, taken_at = :now, attempts = attempts + 1,
                         address = case when channel = 'webhook' then person.phone end
    from due left join responders as person on person.id = due.responder_id
    where push_jobs.id = due.id
    returning push_jobs.*, person.language
)
select taken.id, taken.channel, taken.responder_id, taken.service, taken.alert_id, taken.test_id, taken.payload::text,
       taken.created_at, taken.expires_at, taken.next_attempt_at, taken.attempts, coalesce(taken.language, 'zh'),
       taken.address, device.id, device.endpoint, device.p256dh, device.auth
from taken left join push_subscriptions as device on device.id = taken.subscription_id
order by taken.next_attempt_at
""",
    {
        **dict.fromkeys(("now", "farthest"), "timestamptz"),
        "full_services": "text[]",
        "most": "int4",
        "desk": "int4",
    },
)

# What has been received is sent, whatever the push service said or did not say about it.
SETTLE = Prepared(
    "push_settle",
    f"""
with settled as (
    update push_jobs
    set state = case when push_jobs.received_at is null then ended.state else 'sent' end,
        last_error = ended.error,
        next_attempt_at = ended.next_attempt_at::timestamptz,
        sent_at = case when ended.state = 'sent' then :now end,
        died_at = case when ended.state = 'dead' and push_jobs.received_at is null then :now end,
        taken_by = null,
        taken_at = null
    from unnest(:ids, :states, :errors, :next_attempts, :desks) as ended(id, state, error, next_attempt_at, desk)
    where push_jobs.id = ended.id and push_jobs.state = 'queued'
      and (push_jobs.taken_by = ended.desk or ended.state = 'sent')
),
noted as (
    update push_subscriptions set last_error = failed.error, last_error_at = :now
    from unnest(:failed_ids, :failed_errors) as failed(id, error)
    where push_subscriptions.id = failed.id
),
forgotten as (
    delete from push_jobs
    where state = 'queued' and (id = any(:forgotten_ids) or subscription_id = any(:gone_ids))
),
gone as (
    delete from push_subscriptions where id = any(:gone_ids) returning responder_id
)
select responder_id, pg_notify('{NOTIFY_CHANNEL}', responder_id) from gone
""",
    {
        "now": "timestamptz",
        **dict.fromkeys(("ids", "failed_ids", "forgotten_ids", "gone_ids"), "uuid[]"),
        **dict.fromkeys(("states", "errors", "next_attempts", "failed_errors"), "text[]"),
        "desks": "int4[]",
    },
)

# A desk that is dead holds no lock; one that hangs holds its jobs for longer than any attempt takes.
FREE = Prepared(
    "push_free",
    """
update push_jobs set taken_by = null, taken_at = null
where taken_by is not null and state = 'queued'
  and (taken_at < :hung_since or taken_at > :farthest
       or not exists (
           select from pg_locks
           where locktype = 'advisory' and classid::bigint = :lock_class and objid::bigint = taken_by
             and objsubid = 2 and granted
             and database = (select oid from pg_database where datname = current_database())))
""",
    {**dict.fromkeys(("hung_since", "farthest"), "timestamptz"), "lock_class": "int4"},
)

TOO_LATE = Prepared(
    "push_too_late",
    """
update push_jobs set state = 'dead', died_at = :now, last_error = concat_ws('; ', last_error, 'too late to be of use')
where state = 'queued' and taken_by is null and expires_at <= :now
returning channel
""",
    {"now": "timestamptz"},
)

LOOK = Prepared(
    "push_look",
    """
select (select count(*) from push_jobs where state = 'dead'),
       (select extract(epoch from :now - min(next_attempt_at)) from push_jobs
        where state = 'queued' and taken_by is null and next_attempt_at <= :now)
""",
    {"now": "timestamptz"},
)

STATEMENTS = (ENQUEUE, TAKE, SETTLE, FREE, TOO_LATE, LOOK)
