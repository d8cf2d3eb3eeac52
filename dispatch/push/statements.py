"""The statements of the queue: each is one transaction and one round trip, prepared once."""

# ruff: noqa: S608 - statements are put together from constants; everything from outside is a bound parameter

from dispatch.push.presence import NOTIFY_CHANNEL
from dispatch.storage.prepared import Prepared

# Parts (CTEs) for whatever statement decides something that a phone has to be woken for, so that the push is as durable
# as the decision: one job for each device that has subscribed, and one for the hook where there is a telephone number.
# What was said before and has not left is dropped, and who has not heard that may be left out. A job that is being
# taken this very moment is not waited for: it counts as said. What would be too late from the start gets no job.
NEW_PUSH_JOBS = """
push_wanted as (
    select *, :at + after_s * interval '1 second' as due_at
    from unnest(:push_responders, :push_alert_ids, :push_kinds, :push_versions, :push_bodies, :push_after,
                :push_useful_until, :push_mailboxes, :push_only_told, :push_hooks)
        as wanted(responder_id, alert_id, kind, version, body, after_s, useful_until, mailbox, only_told, by_hook)
    where useful_until::timestamptz > :at + after_s * interval '1 second'
),
push_unsaid as (
    select job.id
    from push_wanted as wanted
        join push_jobs as job on job.alert_id = wanted.alert_id and job.version < wanted.version
    where job.state = 'queued' and job.taken_by is null and job.expires_at > wanted.due_at
    for update of job skip locked
),
push_dropped as (
    delete from push_jobs using push_unsaid where push_jobs.id = push_unsaid.id returning push_jobs.id
),
push_told as (
    select distinct job.alert_id, job.subscription_id
    from push_wanted as wanted
        join push_jobs as job on job.alert_id = wanted.alert_id and job.version < wanted.version
    where wanted.only_told and (job.attempts > 0 or not exists (select from push_dropped where id = job.id))
),
new_push_jobs as (
    insert into push_jobs (id, channel, responder_id, subscription_id, service, alert_id, kind, version, payload,
                           created_at, due_at, expires_at, mailbox, next_attempt_at)
    select gen_random_uuid(), 'web_push', wanted.responder_id, device.id, device.service, wanted.alert_id, wanted.kind,
           wanted.version, wanted.body::json, :at, wanted.due_at, wanted.useful_until::timestamptz, wanted.mailbox,
           wanted.due_at
    from push_wanted as wanted
        join push_subscriptions as device on device.responder_id = wanted.responder_id
    where not wanted.only_told or exists (
        select from push_told as told where told.alert_id = wanted.alert_id and told.subscription_id = device.id)
    union all
    select gen_random_uuid(), 'webhook', wanted.responder_id, null, 'webhook', wanted.alert_id, wanted.kind,
           wanted.version, wanted.body::json, :at, wanted.due_at, wanted.useful_until::timestamptz, wanted.mailbox,
           wanted.due_at
    from push_wanted as wanted
        join responders as person on person.id = wanted.responder_id
    where :push_by_hook and wanted.by_hook and person.phone is not null and (not wanted.only_told or exists (
        select from push_told as told where told.alert_id = wanted.alert_id and told.subscription_id is null))
    on conflict do nothing
)
"""

# The types of their parameters, `at` apart.
NEW_PUSH_JOBS_TYPES = {
    **dict.fromkeys(("push_responders", "push_kinds", "push_bodies"), "text[]"),
    **dict.fromkeys(("push_useful_until", "push_mailboxes"), "text[]"),
    "push_alert_ids": "uuid[]",
    "push_versions": "int4[]",
    "push_after": "float8[]",
    **dict.fromkeys(("push_only_told", "push_hooks"), "bool[]"),
    "push_by_hook": "bool",
}

ENQUEUE = Prepared(
    "push_enqueue",
    f"with {NEW_PUSH_JOBS} select 1",
    NEW_PUSH_JOBS_TYPES | {"at": "timestamptz"},
)

# A job that is put off farther than anything is ever put off was put off under a clock that has gone back since. To one
# device one thing is said at a time; what something newer has been said over, or was heard on the socket, is not said.
TAKE = Prepared(
    "push_take",
    """
with due as (
    select id, responder_id from push_jobs
    where state = 'queued' and taken_by is null and expires_at > :now
      and (next_attempt_at <= :now or next_attempt_at > :farthest)
      and not service = any(:full_services)
      and not exists (
          select from push_jobs as other
          where other.alert_id = push_jobs.alert_id and other.taken_by is not null
            and other.subscription_id is not distinct from push_jobs.subscription_id)
    order by next_attempt_at
    limit :most
    for update skip locked
),
needless as (
    delete from push_jobs using due
    where push_jobs.id = due.id
      and (exists (
              select from push_jobs as later
              where later.alert_id = push_jobs.alert_id and later.version > push_jobs.version
                and later.subscription_id is not distinct from push_jobs.subscription_id
                and later.due_at < push_jobs.expires_at)
           or push_jobs.mailbox is not null and not exists (
              select from messages
              where messages.recipient = push_jobs.mailbox and messages.created_at = push_jobs.created_at))
    returning push_jobs.id
),
taken as (
    update push_jobs set taken_by = :desk, taken_at = :now, attempts = attempts + 1,
                         address = case when channel = 'webhook' then person.phone end
    from due left join responders as person on person.id = due.responder_id
    where push_jobs.id = due.id and not exists (select from needless where needless.id = due.id)
    returning push_jobs.*, person.language
)
select taken.id, taken.channel, taken.responder_id, taken.service, taken.kind, taken.alert_id, taken.test_id,
       taken.payload::text, taken.created_at, taken.due_at, taken.expires_at, taken.next_attempt_at, taken.attempts,
       coalesce(taken.language, 'zh'), taken.address, device.id, device.endpoint, device.p256dh, device.auth
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
