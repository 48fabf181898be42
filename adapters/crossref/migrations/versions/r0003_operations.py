"""Non-matches with what opens their keys, answers of writes by their idempotency keys, whom each event concerns, and
candidates of what a source says of a key.

On SQLite secrets of events stand in the index of their key alone: a bulk load writes a twentieth less.

Nothing was ever written to the first two tables: they are made anew.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

# as in the first revision
_TYPES = {
    "sqlite": {"T": "TEXT", "TS": "TEXT", "B": "BLOB", "J": "TEXT", "F": "REAL"},
    "postgresql": {"T": 'TEXT COLLATE "C"', "TS": "timestamptz", "B": "bytea", "J": "jsonb", "F": "double precision"},
}

# secret_marks: version -> what tells its secret from another, of those with which the tenant was written since, so that
# nobody goes on who lacks one or has another
# non_match_past: the keys of those that were cleared, by which an erasure finds the secrets of their events
# match_candidate: source, link and the key in the link's place, of those that are opened for what a source says
# event_customer: whom an event concerns besides the customer that it names; leads_to: where the id leads since then,
# itself where it stands alone again, NULL where it leads to where it did before
# customer_closed: a look-up by key searches these few, and no index of all customers
_TABLES = """
ALTER TABLE tenant ADD COLUMN secret_marks {J} NOT NULL DEFAULT '{{}}';
DROP TABLE non_match;
CREATE TABLE non_match (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  source_a     {T} NOT NULL,
  key_a        {T} NOT NULL,
  source_b     {T} NOT NULL,
  key_b        {T} NOT NULL,
  non_match_id {T} NOT NULL,
  sealed_a     {B},
  sealed_b     {B},
  asserted_by  {T} NOT NULL,
  reason_code  {T},
  reason_ref   {T},
  seq          BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, source_a, key_a, source_b, key_b),
  FOREIGN KEY (tenant_id, source_a) REFERENCES source_system,
  FOREIGN KEY (tenant_id, source_b) REFERENCES source_system,
  CHECK (source_a < source_b OR (source_a = source_b AND key_a < key_b))
);
CREATE INDEX non_match_second ON non_match (tenant_id, source_b, key_b);
CREATE UNIQUE INDEX non_match_id ON non_match (tenant_id, non_match_id);
CREATE TABLE non_match_past (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  source_id    {T} NOT NULL,
  key_lookup   {T} NOT NULL,
  non_match_id {T} NOT NULL,
  PRIMARY KEY (tenant_id, source_id, key_lookup, non_match_id)
);
CREATE INDEX non_match_past_id ON non_match_past (tenant_id, non_match_id);
DROP TABLE identifier_hash;
CREATE TABLE identifier_hash (
  identifier_id {T} PRIMARY KEY,
  tenant_id     {T} NOT NULL,
  id_type       {T} NOT NULL,
  key_version   INTEGER NOT NULL,
  digest        {B} NOT NULL,
  customer_id   {T} NOT NULL,
  source_id     {T} NOT NULL,
  seen_at       {TS} NOT NULL,
  seq           BIGINT NOT NULL,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_system
);
CREATE UNIQUE INDEX identifier_by_digest ON identifier_hash
  (tenant_id, id_type, key_version, digest, customer_id, source_id);
CREATE INDEX identifier_by_customer ON identifier_hash (tenant_id, customer_id, source_id);
CREATE TABLE identifier_version (
  tenant_id   {T} NOT NULL REFERENCES tenant,
  key_version INTEGER NOT NULL,
  made_with   {J} NOT NULL,
  PRIMARY KEY (tenant_id, key_version)
);
DROP TABLE idempotency;
CREATE TABLE idempotency (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  idem_key     {T} NOT NULL,
  salt         {B},
  request_hash {B} NOT NULL,
  customer_id  {T} NOT NULL,
  other_id     {T},
  response     {J} NOT NULL,
  at           {TS} NOT NULL,
  PRIMARY KEY (tenant_id, idem_key)
);
CREATE INDEX idempotency_at ON idempotency (tenant_id, at);
CREATE INDEX idempotency_customer ON idempotency (tenant_id, customer_id);
CREATE INDEX idempotency_other ON idempotency (tenant_id, other_id) WHERE other_id IS NOT NULL;
CREATE TABLE event_customer (
  tenant_id    {T} NOT NULL,
  customer_id  {T} NOT NULL,
  seq          BIGINT NOT NULL,
  at           {TS} NOT NULL,
  leads_to     {T},
  PRIMARY KEY (tenant_id, customer_id, seq),
  FOREIGN KEY (tenant_id, seq) REFERENCES xref_event
);
CREATE INDEX event_customer_leads_to ON event_customer (tenant_id, leads_to) WHERE leads_to IS NOT NULL;
CREATE INDEX xref_event_customer ON xref_event (tenant_id, customer_id, seq);
CREATE INDEX customer_closed ON customer (tenant_id, customer_id, status) WHERE status <> 'active';
CREATE INDEX link_closed_customer ON link (tenant_id, customer_id) WHERE valid_to IS NOT NULL;
CREATE TABLE match_candidate_before AS SELECT * FROM match_candidate;
DROP TABLE match_candidate;
CREATE TABLE match_candidate (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  candidate_id {T} NOT NULL,
  customer_a   {T} NOT NULL,
  customer_b   {T},
  kind         {T} NOT NULL CHECK (kind IN
    ('key_conflict','shared_identifier','limit_exceeded','model','source_says_gone','source_says_replaced')),
  grade        {T} NOT NULL CHECK (grade IN ('certain','probable','possible','certainly-not')),
  score        {F},
  evidence     {J} NOT NULL,
  source_id    {T},
  link_id      {T},
  key_lookup   {T},
  key_sealed   {B},
  status       {T} NOT NULL DEFAULT 'open' CHECK (status IN ('open','accepted','rejected','superseded')),
  decided_by   {T},
  decided_seq  BIGINT,
  opened_seq   BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, candidate_id),
  CHECK (customer_b IS NOT NULL OR kind NOT IN ('shared_identifier','model')),
  CHECK (customer_a < customer_b),
  CHECK ((link_id IS NOT NULL) = (kind IN ('source_says_gone','source_says_replaced'))),
  CHECK ((source_id IS NULL) = (link_id IS NULL)),
  CHECK ((key_lookup IS NOT NULL) = (kind = 'source_says_replaced'))
);
INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, customer_b, kind, grade, score, evidence, status,
    decided_by, decided_seq, opened_seq)
  SELECT tenant_id, candidate_id, customer_a, customer_b, kind, grade, score, evidence, status, decided_by, decided_seq,
    opened_seq FROM match_candidate_before;
DROP TABLE match_candidate_before;
CREATE UNIQUE INDEX match_candidate_open ON match_candidate (tenant_id, customer_a, coalesce(customer_b, ''), kind)
  WHERE status = 'open' AND link_id IS NULL;
CREATE INDEX match_candidate_link ON match_candidate (tenant_id, link_id) WHERE link_id IS NOT NULL;
CREATE INDEX match_candidate_key ON match_candidate (tenant_id, source_id, key_lookup) WHERE key_lookup IS NOT NULL;
CREATE INDEX match_candidate_source ON match_candidate (tenant_id, source_id, status) WHERE source_id IS NOT NULL;
CREATE INDEX match_candidate_first ON match_candidate (tenant_id, customer_a);
CREATE INDEX match_candidate_second ON match_candidate (tenant_id, customer_b) WHERE customer_b IS NOT NULL;
CREATE INDEX match_candidate_status ON match_candidate (tenant_id, status, opened_seq);
"""

# whom the events of before concern: they are merges, and candidates with two customers
_CONCERNED = {
    "sqlite": """
INSERT INTO event_customer SELECT tenant_id, json_extract(body, '$.loser'), seq, at, json_extract(body, '$.survivor')
  FROM xref_event WHERE type = 'customers.merged';
INSERT INTO event_customer SELECT e.tenant_id, r.value, e.seq, e.at, json_extract(e.body, '$.survivor')
  FROM xref_event AS e CROSS JOIN json_each(e.body, '$.repointed') AS r WHERE e.type = 'customers.merged';
INSERT INTO event_customer SELECT tenant_id, json_extract(body, '$.customers[1]'), seq, at, NULL
  FROM xref_event WHERE type = 'candidate.opened' AND json_extract(body, '$.customers[1]') IS NOT NULL;
""",
    "postgresql": """
INSERT INTO event_customer SELECT tenant_id, body ->> 'loser', seq, at, body ->> 'survivor'
  FROM xref_event WHERE type = 'customers.merged';
INSERT INTO event_customer SELECT e.tenant_id, r.value, e.seq, e.at, e.body ->> 'survivor'
  FROM xref_event AS e CROSS JOIN jsonb_array_elements_text(e.body -> 'repointed') AS r (value)
  WHERE e.type = 'customers.merged';
INSERT INTO event_customer SELECT tenant_id, body -> 'customers' ->> 1, seq, at, NULL
  FROM xref_event WHERE type = 'candidate.opened' AND body -> 'customers' ->> 1 IS NOT NULL;
""",
}

# secure_delete: the pages of before hold keys
_SECRETS = {
    "sqlite": """
PRAGMA secure_delete = ON;
DROP INDEX event_secret_link;
ALTER TABLE event_secret RENAME TO event_secret_before;
CREATE TABLE event_secret (
  tenant_id   TEXT NOT NULL,
  seq         BIGINT NOT NULL,
  link_id     TEXT NOT NULL,
  salt        BLOB NOT NULL,
  key         BLOB NOT NULL,
  PRIMARY KEY (tenant_id, seq, link_id),
  FOREIGN KEY (tenant_id, seq) REFERENCES xref_event
) WITHOUT ROWID;
INSERT INTO event_secret SELECT tenant_id, seq, link_id, salt, key FROM event_secret_before
  ORDER BY tenant_id, seq, link_id;
DROP TABLE event_secret_before;
CREATE INDEX event_secret_link ON event_secret (link_id);
""",
    "postgresql": "",
}


def upgrade() -> None:
    """Make the tables, fill in whom the events of before concern, and put secrets into fewer pages."""
    dialect = op.get_context().dialect.name
    statements = _TABLES.format(**_TYPES[dialect]) + _CONCERNED[dialect] + _SECRETS[dialect]
    for statement in statements.split(";\n")[:-1]:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: the non-matches stand nowhere else, and the release before knows none."""
    raise RuntimeError(
        "this revision is not undone, for the release before would merge what must stay apart; restore a backup instead"
    )
