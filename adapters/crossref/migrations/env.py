"""Run by Alembic: applies the revisions on the connection that the caller gives, inside the caller's transaction, or
writes them out for PostgreSQL."""

from alembic import context

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", transactional_ddl=False)
else:
    context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
