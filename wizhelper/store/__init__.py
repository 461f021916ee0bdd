"""The database: engine, transactions off the reactor thread, migrations."""
