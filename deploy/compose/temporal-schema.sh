#!/bin/sh
# Brings Temporal's two databases to the schema of this image's release.
#
# Safe to run again: `create` accepts a database that is there, `setup-schema` leaves a schema that
# has a version above 0.0 alone, and `update-schema` takes only the steps that are missing.
# temporal-sql-tool finds its connection in SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD.
set -eu

SCHEMAS=/etc/temporal/schema/postgresql/v12

bring_up_to_date() {
    database=$1
    steps=$2
    temporal-sql-tool --database "$database" create
    temporal-sql-tool --database "$database" setup-schema -v 0.0
    temporal-sql-tool --database "$database" update-schema --schema-dir "$steps"
}

bring_up_to_date temporal "$SCHEMAS/temporal/versioned"
bring_up_to_date temporal_visibility "$SCHEMAS/visibility/versioned"
