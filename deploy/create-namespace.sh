#!/bin/sh
# Creates the namespace unless it exists. Closed deliveries stay readable for RETENTION.
set -eu

: "${TEMPORAL_ADDRESS:?is not set}"
: "${TEMPORAL_NAMESPACE:?is not set}"
: "${RETENTION:=30d}"

TRIES=60

exists() { temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; }

try=1
# A server that has just started answers its health check before it can register namespaces.
while ! exists; do
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION" && break
  if [ "$try" -ge "$TRIES" ]; then
    echo "namespace $TEMPORAL_NAMESPACE could not be created in $TRIES tries; is Temporal at $TEMPORAL_ADDRESS healthy?" >&2
    exit 1
  fi
  try=$((try + 1))
  sleep 2
done

# Workers cannot start on a namespace before every host has heard of it.
try=1
while ! exists; do
  [ "$try" -ge "$TRIES" ] && { echo "namespace $TEMPORAL_NAMESPACE does not show up" >&2; exit 1; }
  try=$((try + 1))
  sleep 1
done
echo "namespace $TEMPORAL_NAMESPACE is there"
