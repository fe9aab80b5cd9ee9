#!/bin/sh
# Run by the postgres image when its volume is new: a role and databases for Temporal, a role and a database for Doorstep.
set -eu

: "${TEMPORAL_DB_PASSWORD:?is not set}"
: "${DOORSTEP_DB_PASSWORD:?is not set}"

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set temporal_password="$TEMPORAL_DB_PASSWORD" --set doorstep_password="$DOORSTEP_DB_PASSWORD" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE doorstep LOGIN PASSWORD :'doorstep_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE doorstep OWNER doorstep;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, doorstep FROM PUBLIC;
SQL
