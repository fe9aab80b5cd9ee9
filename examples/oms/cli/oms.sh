#!/bin/sh
# An order system with Temporal's command line: sh oms.sh [delivery id]. It plays one delivery and prints each answer.
# TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and so on say where Temporal is; without them it is the one of `doorstep up`.
set -u
id="${1:-D-1001}" seconds="${2:-5}"
payloads="$(dirname "$0")/../payloads"

payload() { sed "s/D-1001/$id/g" "$payloads/$1"; }

# start ORDER ID REUSE-POLICY: succeeds whatever the order says: a wrong one ends as a failed workflow a moment later.
start() {
  temporal workflow start --output json --type Delivery --task-queue deliveries --workflow-id "delivery-$2" \
    --id-conflict-policy UseExisting --id-reuse-policy "$3" --input "$(payload "$1")"
}

# accepted ORDER ID REUSE-POLICY: starts, and waits until the order is accepted or refused. To send the same order again is safe.
accepted() {
  temporal workflow execute-update-with-start --output json --type Delivery --task-queue deliveries --workflow-id "delivery-$2" \
    --id-conflict-policy UseExisting --id-reuse-policy "$3" --input "$(payload "$1")" --update-name accepted --update-input '{}'
}

# report EVENT: one event or a batch. Its event_id makes it count once, however often it is sent.
report() {
  temporal workflow signal --workflow-id "delivery-$id" --name report --input "$(payload "$1")"
}

# update NAME REQUEST KEY: with a key of yours it is done once, however often it is sent.
update() {
  temporal workflow update execute --output json --workflow-id "delivery-$id" --name "$1" --input "$(payload "$2")" --update-id "$3"
}

# result ID: how it went. A delivery ends when the time for corrections after its final status is over.
result() {
  timeout "$seconds" temporal workflow result --output json --workflow-id "delivery-$1"
}

echo "== started"
start order.json "$id" AllowDuplicateFailedOnly
echo "== accepted"
accepted order.json "$id" AllowDuplicateFailedOnly
echo "== reported"
report event.json && report event.json && report batch.json
echo "== rescheduled"
update reschedule reschedule.json reschedule-1
echo "== snapshot"
temporal workflow query --output json --workflow-id "delivery-$id" --type snapshot
echo "== cancelled"
update cancel cancel.json cancel-1
echo "== result"
if result "$id" 2>/dev/null; then
  echo "== ended"
  accepted order.json "$id" AllowDuplicateFailedOnly 2>&1
  echo "== reopened"
  accepted order-again.json "$id" AllowDuplicate
else
  echo "not ended within $seconds s: there is still time for corrections"
fi
echo "== refused"
accepted order-refused.json "$id-wrong" AllowDuplicateFailedOnly 2>&1
echo "== refused because"
result "$id-wrong" 2>/dev/null # every mistake with its place
true
