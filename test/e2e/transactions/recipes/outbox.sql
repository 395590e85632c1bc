CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  cache TEXT NOT NULL,
  cache_keys TEXT NOT NULL,
  cache_tags TEXT NOT NULL,
  noted_at BIGINT NOT NULL,
  done_on TEXT
);
CREATE INDEX outbox_done_on ON outbox (done_on);
