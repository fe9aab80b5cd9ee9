#!/bin/sh
# Brings both of Temporal's databases to the schema of this image. Safe to run again: what is there already is left alone.
set -eu

: "${POSTGRES_SEEDS:?is not set}"
: "${POSTGRES_USER:?is not set}"
: "${SQL_PASSWORD:?is not set}"

SCHEMAS=/etc/temporal/schema/postgresql/v12

# bring DATABASE FOLDER
bring() {
  echo "schema of $1"
  sql_tool() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p 5432 -u "$POSTGRES_USER" --db "$@"; }
  sql_tool "$1" setup-schema -v 0.0
  sql_tool "$1" update-schema -d "$SCHEMAS/$2/versioned"
}

bring temporal temporal
bring temporal_visibility visibility
