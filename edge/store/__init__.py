"""The database: tables, migrations, units of work, secrets at rest. Knows nothing of the Admin's services."""
