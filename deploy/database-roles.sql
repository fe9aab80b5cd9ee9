-- Least privilege on PostgreSQL: one role makes and changes tables (doorstep migrate), another works with their rows (worker, gateway).
-- Run once as an administrator, connected to Doorstep's own database, before the first `doorstep migrate`; then give both a password:
--   psql doorstep -f deploy/database-roles.sql
--   \password doorstep_owner
--   \password doorstep_app

CREATE ROLE doorstep_owner LOGIN;
CREATE ROLE doorstep_app LOGIN;

-- The public schema is everybody's by default before PostgreSQL 15.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO doorstep_owner;
GRANT USAGE ON SCHEMA public TO doorstep_app;

-- What doorstep_owner makes from now on, doorstep_app may read and write. It may neither change nor drop it.
ALTER DEFAULT PRIVILEGES FOR ROLE doorstep_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO doorstep_app;
ALTER DEFAULT PRIVILEGES FOR ROLE doorstep_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO doorstep_app;
