"""The first tables: sources, customers, links, restrictions, candidates and the chained events."""

from alembic import op

revision = "0001"
down_revision = None

# {T} text that sorts by its bytes, as Python's does by its characters; {TS} UTC text of fixed width | timestamptz,
# {B} bytes, {J} JSON, {F} 8-byte float
_TYPES = {
    "sqlite": {"T": "TEXT", "TS": "TEXT", "B": "BLOB", "J": "TEXT", "F": "REAL"},
    "postgresql": {"T": 'TEXT COLLATE "C"', "TS": "timestamptz", "B": "bytea", "J": "jsonb", "F": "double precision"},
}

_TABLES = """
CREATE TABLE tenant (
  tenant_id   {T} PRIMARY KEY,
  next_seq    BIGINT NOT NULL DEFAULT 1,
  head_hash   {B}
);
CREATE TABLE source_system (
  tenant_id   {T} NOT NULL REFERENCES tenant,
  source_id   {T} NOT NULL,
  key_format  {T} NOT NULL DEFAULT 'opaque' CHECK (key_format IN ('opaque','lower','digits','uuid')),
  key_mode    {T} NOT NULL DEFAULT 'plain' CHECK (key_mode IN ('plain','sealed')),
  max_live    INTEGER CHECK (max_live > 0),
  priority    INTEGER NOT NULL DEFAULT 100,
  PRIMARY KEY (tenant_id, source_id)
);
CREATE TABLE customer (
  tenant_id   {T} NOT NULL REFERENCES tenant,
  customer_id {T} NOT NULL,
  status      {T} NOT NULL CHECK (status IN ('active','merged','retired','erased')),
  survivor_id {T},
  version     BIGINT NOT NULL DEFAULT 1,
  created_at  {TS} NOT NULL,
  changed_seq BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, customer_id),
  FOREIGN KEY (tenant_id, survivor_id) REFERENCES customer (tenant_id, customer_id),
  CHECK ((status = 'merged') = (survivor_id IS NOT NULL)),
  CHECK (survivor_id IS NULL OR survivor_id <> customer_id)
);
CREATE INDEX customer_survivor ON customer (tenant_id, survivor_id) WHERE survivor_id IS NOT NULL;
CREATE TABLE link (
  link_id     {T} PRIMARY KEY,
  tenant_id   {T} NOT NULL,
  source_id   {T} NOT NULL,
  key_lookup  {T} NOT NULL,
  key_sealed  {B},
  customer_id {T} NOT NULL,
  key_status  {T} NOT NULL DEFAULT 'live' CHECK (key_status IN ('live','superseded')),
  valid_from  {TS} NOT NULL,
  valid_to    {TS},
  asserted_by {T} NOT NULL,
  method      {T} NOT NULL
              CHECK (method IN ('native','deterministic','probabilistic','manual','merge','split','import')),
  confidence  {F} NOT NULL DEFAULT 1.0 CHECK (confidence >= 0 AND confidence <= 1),
  opened_seq  BIGINT NOT NULL,
  closed_seq  BIGINT,
  FOREIGN KEY (tenant_id, source_id) REFERENCES source_system,
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  CHECK (valid_to IS NULL OR valid_to >= valid_from),
  CHECK (closed_seq IS NULL OR closed_seq > opened_seq),
  CHECK ((valid_to IS NULL) = (closed_seq IS NULL))
);
CREATE UNIQUE INDEX link_current_key ON link (tenant_id, source_id, key_lookup) WHERE valid_to IS NULL;
CREATE INDEX link_current_customer ON link (tenant_id, customer_id, source_id) WHERE valid_to IS NULL;
CREATE INDEX link_history ON link (tenant_id, source_id, key_lookup, valid_from);
CREATE TABLE restriction (
  restriction_id {T} PRIMARY KEY,
  tenant_id   {T} NOT NULL,
  customer_id {T} NOT NULL,
  ground      {T} NOT NULL,
  coordinates {J} NOT NULL,
  valid_from  {TS} NOT NULL,
  valid_to    {TS},
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
CREATE INDEX restriction_customer ON restriction (tenant_id, customer_id);
CREATE TABLE identifier_hash (
  tenant_id   {T} NOT NULL,
  id_type     {T} NOT NULL,
  key_version INTEGER NOT NULL,
  digest      {B} NOT NULL,
  customer_id {T} NOT NULL,
  source_id   {T} NOT NULL,
  seen_at     {TS} NOT NULL,
  PRIMARY KEY (tenant_id, id_type, key_version, digest, customer_id, source_id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer
);
CREATE INDEX identifier_by_customer ON identifier_hash (tenant_id, customer_id);
CREATE TABLE non_match (
  tenant_id   {T} NOT NULL REFERENCES tenant,
  source_a    {T} NOT NULL,
  key_a       {T} NOT NULL,
  source_b    {T} NOT NULL,
  key_b       {T} NOT NULL,
  asserted_by {T} NOT NULL,
  reason_code {T},
  reason_ref  {T},
  seq         BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, source_a, key_a, source_b, key_b),
  CHECK (source_a < source_b OR (source_a = source_b AND key_a < key_b))
);
CREATE TABLE match_candidate (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  candidate_id {T} NOT NULL,
  customer_a   {T} NOT NULL,
  customer_b   {T},
  kind         {T} NOT NULL CHECK (kind IN ('key_conflict','shared_identifier','limit_exceeded','model')),
  grade        {T} NOT NULL CHECK (grade IN ('certain','probable','possible','certainly-not')),
  score        {F},
  evidence     {J} NOT NULL,
  status       {T} NOT NULL DEFAULT 'open' CHECK (status IN ('open','accepted','rejected','superseded')),
  decided_by   {T},
  decided_seq  BIGINT,
  opened_seq   BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, candidate_id),
  CHECK (customer_b IS NOT NULL OR kind IN ('key_conflict','limit_exceeded')),
  CHECK (customer_a < customer_b)
);
CREATE UNIQUE INDEX match_candidate_open ON match_candidate (tenant_id, customer_a, coalesce(customer_b, ''), kind)
  WHERE status = 'open';
CREATE TABLE xref_event (
  tenant_id   {T} NOT NULL REFERENCES tenant,
  seq         BIGINT NOT NULL,
  at          {TS} NOT NULL,
  type        {T} NOT NULL,
  customer_id {T},
  actor       {T} NOT NULL,
  reason_code {T},
  reason_ref  {T},
  body        {J} NOT NULL,
  prev_hash   {B},
  hash        {B} NOT NULL,
  PRIMARY KEY (tenant_id, seq)
);
CREATE TABLE event_secret (
  tenant_id   {T} NOT NULL,
  seq         BIGINT NOT NULL,
  link_id     {T} NOT NULL,
  salt        {B} NOT NULL,
  key         {B} NOT NULL,
  PRIMARY KEY (tenant_id, seq, link_id),
  FOREIGN KEY (tenant_id, seq) REFERENCES xref_event
);
CREATE INDEX event_secret_link ON event_secret (link_id);
CREATE TABLE idempotency (
  tenant_id    {T} NOT NULL REFERENCES tenant,
  idem_key     {T} NOT NULL,
  request_hash {B} NOT NULL,
  response     {J} NOT NULL,
  at           {TS} NOT NULL,
  PRIMARY KEY (tenant_id, idem_key)
);
"""


def upgrade() -> None:
    """Create the tables."""
    types = _TYPES[op.get_context().dialect.name]
    for statement in _TABLES.format(**types).split(";\n")[:-1]:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: the links stand nowhere else, and dropping the tables would lose them."""
    raise RuntimeError("the first revision is not undone, for the links stand nowhere else; restore a backup instead")
