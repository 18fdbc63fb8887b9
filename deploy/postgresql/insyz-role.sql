-- The role that the worker, `insyz submit --report-id` and `--pending` log in as: it reads the portal's
-- reports and attachments, writes four columns of `reports`, and may do nothing else. In the portal's
-- database, as the owner of its tables or a superuser; again does no harm:
--
--   psql --set ON_ERROR_STOP=1 --file deploy/postgresql/insyz-role.sql portal
--   psql --command '\password insyz' portal
--
-- REPORTS_DATABASE_URL is then postgresql://insyz:…@host/portal. Before PostgreSQL 15 everybody may make
-- tables in the schema `public`: REVOKE CREATE ON SCHEMA public FROM PUBLIC, if the portal bears it.

BEGIN;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'insyz') THEN
        CREATE ROLE insyz;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO insyz', current_schema());
END
$$;

-- Five connections a worker; starters take one each.
ALTER ROLE insyz WITH LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    CONNECTION LIMIT 50;

REVOKE ALL ON reports, file_attachments FROM insyz;

GRANT SELECT (id, id_zp, cislo_zp, int_adr, znackari, data_a, data_b, calculation, state, history,
              date_send, date_created, date_updated)
    ON reports TO insyz;
GRANT UPDATE (state, history, date_send, date_updated)
    ON reports TO insyz;
GRANT SELECT (id, original_name, mime_type, size, path, public_url, is_public)
    ON file_attachments TO insyz;

COMMIT;
