"""Indexes that hold all that a look-up reads, so that it need not go on to the rows: a third less time on SQLite, in a
file that is 8 % larger.

PostgreSQL keeps those it has: there the way to the server and back takes most of the time, and the same in INCLUDE made
no look-up quicker (240 us for one, 1.4 ms for fifty, with and without).
"""

from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite 3.40 goes to the row for a column of the index's own condition too, unless the index holds it: hence valid_to.
# What was valid at a time is still found by link_history: a key has few intervals.
_INDEXES = """
DROP INDEX link_current_customer;
CREATE INDEX link_current_customer ON link
  (tenant_id, customer_id, source_id, key_status, key_lookup, key_sealed, link_id, method, opened_seq, valid_to)
  WHERE valid_to IS NULL;
DROP INDEX link_history;
CREATE INDEX link_history ON link (tenant_id, source_id, key_lookup, valid_to, customer_id);
CREATE INDEX customer_status ON customer (tenant_id, customer_id, status, survivor_id);
"""

_INDEXES_BEFORE = """
DROP INDEX customer_status;
DROP INDEX link_history;
CREATE INDEX link_history ON link (tenant_id, source_id, key_lookup, valid_from);
DROP INDEX link_current_customer;
CREATE INDEX link_current_customer ON link (tenant_id, customer_id, source_id) WHERE valid_to IS NULL;
"""


def upgrade() -> None:
    """Put the indexes in place of those of before."""
    _run(_INDEXES)


def downgrade() -> None:
    """Put those of before in their place again."""
    _run(_INDEXES_BEFORE)


def _run(statements: str) -> None:
    if op.get_context().dialect.name == "sqlite":
        for statement in statements.split(";\n")[:-1]:
            op.execute(statement)
