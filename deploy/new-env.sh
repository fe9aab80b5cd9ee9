#!/bin/sh
# Prints an .env for docker-compose.yml with fresh secrets: sh deploy/new-env.sh > .env
# There are no default secrets: without this file compose says which value is missing.
set -eu

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

cat <<END
# Made by deploy/new-env.sh. Keep it to yourself, and keep it: PostgreSQL remembers its passwords.
POSTGRES_PASSWORD=$(secret)
TEMPORAL_DB_PASSWORD=$(secret)
DOORSTEP_DB_PASSWORD=$(secret)

# The folder of your rulebooks, with directory.yaml and templates. A folder begins with ./ or /.
DOORSTEP_RULES=./rules/books

# Mail goes to the mail catcher. For a real server: smtp://user:password@mail.example.test:587?starttls=required
DOORSTEP_SMTP_URL=smtp://mail-catcher:2525
DOORSTEP_MAIL_FROM=Doorstep <doorstep@example.test>
DOORSTEP_MAIL_BOUNCES_TO=

# Text messages go out through Twilio once these are set.
TWILIO_ACCOUNT_SID=
TWILIO_AUTH_TOKEN=
DOORSTEP_TWILIO_FROM=
DOORSTEP_TWILIO_WHATSAPP_FROM=

# Links in messages go out once people can reach the gateway at an address, such as https://track.example.test
DOORSTEP_PUBLIC_URL=
DOORSTEP_SECRET_KEY=$(secret)

# Programs that use the HTTP API bear one of these keys, with commas between.
DOORSTEP_API_KEYS=$(secret)

# How many days after its end a delivery names people, and how many its rows are kept (doorstep purge). Empty: for ever.
DOORSTEP_KEEP_PERSONAL_DAYS=
DOORSTEP_KEEP_DAYS=

# Seals what goes to Temporal, once set: docs/security.md says how keys are made. Order systems need the same keys.
DOORSTEP_CODEC_KEYS=
DOORSTEP_CODEC_PLAIN_UNTIL=
DOORSTEP_CODEC_TOKEN=

# Lines of the log: json, or text; an address makes worker and gateway send traces there, such as http://collector:4318
DOORSTEP_LOG=json
DOORSTEP_LOG_LEVEL=info
OTEL_EXPORTER_OTLP_ENDPOINT=
END
