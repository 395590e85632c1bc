CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  cache TEXT NOT NULL,
  keys TEXT NOT NULL,
  tags TEXT NOT NULL,
  noted_at INTEGER NOT NULL,
  batch INTEGER
);
CREATE INDEX outbox_batch_index ON outbox (batch);
CREATE TABLE outbox_batch (last INTEGER NOT NULL);
INSERT INTO outbox_batch (last) VALUES (0);
