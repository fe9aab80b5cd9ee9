"""What we remember outside Temporal: tables, queries, migrations, the effect ledger. SQLite or PostgreSQL."""
