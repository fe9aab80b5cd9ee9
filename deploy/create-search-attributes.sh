#!/bin/sh
# Registers the search attributes that deliveries carry. Safe to run again. A test keeps the list equal to the code's.
set -eu

: "${TEMPORAL_ADDRESS:?is not set}"
: "${TEMPORAL_NAMESPACE:?is not set}"

TRIES=60

create() { temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --type "$1" --name "$2"; }

listed() { temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -q "^ *$1 "; }

# register TYPE NAME...
# One at a time, and each looked up again: of several names in one call the server keeps only the first, and says that all is well.
register() {
  type="$1"
  shift
  for name in "$@"; do
    try=1
    until listed "$name"; do
      if [ "$try" -ge "$TRIES" ]; then
        echo "search attribute $name ($type) could not be registered in $TRIES tries" >&2
        exit 1
      fi
      [ "$try" -eq 1 ] || sleep 1
      create "$type" "$name" || true # the reason was printed; a namespace that has just been made is not known everywhere yet
      try=$((try + 1))
    done
  done
}

register Keyword DeliveryStatus DeliveryCondition Carrier Zone Hub RouteId ServiceLevel RulebookVersion Scope
register KeywordList OpenIncidents IncidentSeverity
register Datetime PromisedBy Eta
register Int Attempts
