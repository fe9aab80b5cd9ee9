#!/bin/sh
# An order system with curl and Temporal's HTTP API: sh oms.sh [delivery id]. It plays one delivery and prints each answer.
# TEMPORAL_HTTP says where the API is; without it it is the one of `doorstep up`.
set -u
id="${1:-D-1001}" seconds="${2:-5}"
payloads="$(dirname "$0")/../payloads"
api="${TEMPORAL_HTTP:-http://127.0.0.1:7243}/api/v1/namespaces/${TEMPORAL_NAMESPACE:-default}/workflows"

payload() { sed "s/D-1001/$id/g" "$payloads/$1"; }

post() { curl -sS --json "$2" "$api/$1" && echo; }

# start ORDER ID REUSE-POLICY KEY: succeeds whatever the order says: a wrong one ends as a failed workflow a moment later.
# With a key of yours it is started once, however often it is sent, even if it has ended meanwhile.
start() {
  post "delivery-$2" '{
    "workflowType": {"name": "Delivery"}, "taskQueue": {"name": "deliveries"}, "requestId": "'"$4"'",
    "workflowIdConflictPolicy": "WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING",
    "workflowIdReusePolicy": "WORKFLOW_ID_REUSE_POLICY_'"$3"'",
    "input": ['"$(payload "$1")"']}'
}

# update NAME REQUEST KEY ID: with a key of yours it is done once, however often it is sent. The answer says 200 for a refusal too:
# look for outcome.success or outcome.failure.
update() {
  post "delivery-$4/update/$1" '{
    "waitPolicy": {"lifecycleStage": "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED"},
    "request": {"meta": {"updateId": "'"$3"'", "identity": "oms"}, "input": {"args": ['"$2"']}}}'
}

# accepted ORDER ID REUSE-POLICY KEY: this API cannot start and ask in one call, so it starts, then asks. To send both again is safe.
accepted() {
  start "$1" "$2" "$3" "start-$4" && update accepted '{}' "accepted-$4" "$2"
}

# report EVENT KEY: one event or a batch. Its event_id makes it count once; as requestId the server itself drops what comes again.
report() {
  post "delivery-$id/signal/report" '{"requestId": "'"$2"'", "input": ['"$(payload "$1")"']}'
}

# result ID: how it went. A delivery ends when the time for corrections after its final status is over.
result() {
  closes="waitNewEvent=true&historyEventFilterType=HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT"
  until=$(($(date +%s) + seconds))
  while [ "$(date +%s)" -lt "$until" ]; do
    told="$(curl -sS --max-time "$seconds" "$api/delivery-$1/history?$closes" 2>/dev/null)"
    case "$told" in *'"eventId"'*) printf '%s\n' "$told" && return ;; esac
  done
  return 1
}

echo "== accepted"
accepted order.json "$id" ALLOW_DUPLICATE_FAILED_ONLY "$id-1"
echo "== reported"
report event.json acme-991 && report event.json acme-991 && report batch.json acme-992
echo "== rescheduled"
update reschedule "$(payload reschedule.json)" reschedule-1 "$id"
echo "== snapshot"
post "delivery-$id/query/snapshot" '{}'
echo "== cancelled"
update cancel "$(payload cancel.json)" cancel-1 "$id"
echo "== result"
if result "$id"; then
  echo "== ended"
  start order.json "$id" ALLOW_DUPLICATE_FAILED_ONLY "start-$id-2"
  echo "== reopened"
  accepted order-again.json "$id" ALLOW_DUPLICATE "$id-3"
else
  echo "not ended within $seconds s: there is still time for corrections"
fi
echo "== refused"
accepted order-refused.json "$id-wrong" ALLOW_DUPLICATE_FAILED_ONLY "$id-4" # 404 where the failed workflow was faster than the question
echo "== refused because"
result "$id-wrong" # every mistake with its place
