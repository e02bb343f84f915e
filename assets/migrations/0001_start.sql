-- 0001: the tables of a first salon. Columns of later features are here already, because a later migration could not
-- fill them (words without spaces, stamps, sums). Run in one transaction; WAL is set before it. Never edited again.
PRAGMA application_id = 0x53414C4F;               -- "SALO"; a file with another id is not salon's

-- 1 who writes
CREATE TABLE device (
  n INTEGER PRIMARY KEY,                          -- 1 is this machine; rows of others come by sync
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  name TEXT NOT NULL
) STRICT;
CREATE TABLE instance (                           -- a running salon; alive = its lock file under $DATA/run is locked
  id BLOB PRIMARY KEY CHECK (length(id) = 16), pid INTEGER NOT NULL, started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 2 talk
CREATE TABLE conversation (
  n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  -- what the user decides: stamped, synced, last stamp wins
  project_id BLOB, persona_id BLOB,               -- no foreign keys: SET NULL would be an unstamped change, and sync may bring the conversation first; an unknown id reads as none
  title TEXT NOT NULL DEFAULT '', title_by TEXT NOT NULL DEFAULT 'words' CHECK (title_by IN ('words','model','user')),
  model TEXT NOT NULL, system_text TEXT,
  temperature REAL CHECK (temperature BETWEEN 0 AND 2), max_output_tokens INTEGER, effort TEXT, streaming INTEGER,
  context TEXT CHECK (context IS NULL OR json_valid(context)),     -- mode, window_size, summarize_after…; NULL = the settings
  storage TEXT NOT NULL DEFAULT 'local' CHECK (storage IN ('local','provider')), thread TEXT,   -- conv_…
  thread_item TEXT,                               -- last provider item known to be in step
  forked_from BLOB,                               -- a message of another conversation
  pinned_at INTEGER, archived_at INTEGER, trashed_at INTEGER,
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)),
  created_at INTEGER NOT NULL, stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n),
  -- what follows from messages or belongs to this machine: not stamped, or a new message here would undo a rename elsewhere
  active_at INTEGER NOT NULL, tip_id BLOB,
  message_count INTEGER NOT NULL DEFAULT 0, tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
  cost_pico INTEGER NOT NULL DEFAULT 0, unpriced INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX conversation_recent  ON conversation(pinned_at IS NULL, active_at DESC, n DESC) WHERE trashed_at IS NULL AND archived_at IS NULL;
CREATE INDEX conversation_active  ON conversation(active_at DESC, n DESC) WHERE trashed_at IS NULL;
CREATE INDEX conversation_project ON conversation(project_id, active_at DESC, n DESC) WHERE trashed_at IS NULL;
CREATE INDEX conversation_persona ON conversation(persona_id, active_at DESC, n DESC) WHERE trashed_at IS NULL;
CREATE INDEX conversation_model   ON conversation(model, active_at DESC, n DESC) WHERE trashed_at IS NULL;
CREATE INDEX conversation_trash   ON conversation(trashed_at) WHERE trashed_at IS NOT NULL;
CREATE TABLE message (
  n INTEGER PRIMARY KEY,                          -- explicit: FTS rows hang on it, and VACUUM may renumber an implicit rowid
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  conversation_id BLOB NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  parent_id BLOB,                                 -- no foreign key: sync may bring a child before its parent
  depth INTEGER NOT NULL,                         -- parent's + 1
  role TEXT NOT NULL CHECK (role IN ('user','assistant','system')),
  status TEXT NOT NULL CHECK (status IN ('unsent','streaming','complete','stopped','interrupted','failed')),
  finish TEXT,                                    -- the wire's reason: stop, length, filter, refusal, other:…
  failure TEXT CHECK (failure IS NULL OR json_valid(failure)),
  content TEXT NOT NULL DEFAULT '',
  spaced TEXT,                                    -- content with a blank around each Han, kana, Hangul, Thai… character; NULL when it has none
  conversation_n INTEGER NOT NULL,                -- conversation.n again, for the search scope; never changes
  model TEXT, persona_id BLOB, prompt_id BLOB, prompt_version INTEGER,
  thinking_ms INTEGER, first_token_ms INTEGER, total_ms INTEGER,
  tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER, tokens_reasoning INTEGER, cost_pico INTEGER, is_estimate INTEGER NOT NULL DEFAULT 0,
  response_id TEXT, item_id TEXT, request_id TEXT, -- the provider's ids of the answer, of its item and of the request
  is_excluded INTEGER NOT NULL DEFAULT 0, is_starred INTEGER NOT NULL DEFAULT 0, trashed_at INTEGER,
  writer BLOB,                                    -- instance writing it; not NULL only while streaming
  created_at INTEGER NOT NULL, stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n)
) STRICT;
CREATE INDEX message_tree   ON message(conversation_id, depth, parent_id, id, role, status, trashed_at);  -- the skeleton without bodies
CREATE INDEX message_parent ON message(parent_id, id, trashed_at);                                        -- ‹2/3› without the trash, read from the index alone
CREATE INDEX message_live   ON message(writer) WHERE writer IS NOT NULL;                                  -- recovery
CREATE INDEX message_trash  ON message(trashed_at) WHERE trashed_at IS NOT NULL;
CREATE INDEX message_prompt ON message(prompt_id) WHERE prompt_id IS NOT NULL;                            -- "where used"
CREATE TABLE reasoning (                          -- apart: large, never searched, never sent elsewhere
  message_id BLOB PRIMARY KEY REFERENCES message(id) ON DELETE CASCADE, content TEXT NOT NULL,
  opaque TEXT                                     -- encrypted / signed items, only for the same provider
) STRICT, WITHOUT ROWID;

-- 3 money
CREATE TABLE price (                              -- dated; per token in pico-dollars = micro-dollars per million
  n INTEGER PRIMARY KEY, model TEXT NOT NULL, from_at INTEGER NOT NULL, source TEXT NOT NULL CHECK (source IN ('shipped','listing','config')),
  input INTEGER, cache_read INTEGER, cache_write INTEGER, output INTEGER, reasoning INTEGER, tiers TEXT
) STRICT;
CREATE INDEX price_of ON price(model, from_at DESC);
CREATE TABLE usage (                              -- one row a request; outlives what it was for, so no foreign keys
  n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE CHECK (length(id) = 16), at INTEGER NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('turn','title','summary','try','probe')),
  conversation_id BLOB, message_id BLOB, project_id BLOB, persona_id BLOB,     -- as they were then; NULL for temporary and try
  provider TEXT NOT NULL, model TEXT NOT NULL, tier TEXT,
  input INTEGER, cache_read INTEGER, cache_write INTEGER, output INTEGER, reasoning INTEGER,   -- NULL = not told
  cost_pico INTEGER, cost_by TEXT CHECK (cost_by IN ('provider','config','listing','shipped')), price_n INTEGER,
  first_token_ms INTEGER, total_ms INTEGER, status TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1,
  raw TEXT, stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n)
) STRICT;
CREATE INDEX usage_at ON usage(at);
CREATE INDEX usage_conversation ON usage(conversation_id) WHERE conversation_id IS NOT NULL;
CREATE INDEX usage_model ON usage(provider, model, at, first_token_ms, total_ms, output);
CREATE TABLE usage_sum (                          -- per UTC hour; days of the user's zone are sums of it (zones off by 30 or 45 min read the edge hour raw)
  hour INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, purpose TEXT NOT NULL, project_id BLOB NOT NULL, persona_id BLOB NOT NULL,
  requests INTEGER NOT NULL, unpriced INTEGER NOT NULL, input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, cost_pico INTEGER NOT NULL,
  PRIMARY KEY (hour, provider, model, purpose, project_id, persona_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage_time (                         -- histogram: bucket = 8 * log2(ms), so p50 and p95 are within 9 % without sorting rows
  day INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, what TEXT NOT NULL CHECK (what IN ('first','total')), bucket INTEGER NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY (day, provider, model, what, bucket)
) STRICT, WITHOUT ROWID;                          -- written by store/usage.rs in the transaction of the usage row (log2 is not in every SQLite)

-- 4 this machine only, never synced
CREATE TABLE draft (                              -- scope: a conversation's id, or x'' for the one not yet created
  scope BLOB NOT NULL, slot INTEGER NOT NULL,     -- 0 composer, 1.. queued in order, -1.. stash, newest -1
  content TEXT NOT NULL, caret INTEGER NOT NULL DEFAULT 0, attachments TEXT NOT NULL DEFAULT '[]', edit_of BLOB,
  prompt_id BLOB, prompt_version INTEGER, choices TEXT NOT NULL DEFAULT '{}',   -- model, persona… of a new conversation
  updated_at INTEGER NOT NULL, PRIMARY KEY (scope, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE place (                              -- where the reader was
  conversation_id BLOB PRIMARY KEY REFERENCES conversation(id) ON DELETE CASCADE, message_id BLOB, row INTEGER NOT NULL DEFAULT 0, folds TEXT NOT NULL DEFAULT '[]', seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;   -- last conversation, panes, theme answer
CREATE TABLE soft_lock (conversation_id BLOB PRIMARY KEY REFERENCES conversation(id) ON DELETE CASCADE, instance_id BLOB NOT NULL REFERENCES instance(id) ON DELETE CASCADE, taken_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE model (                              -- listing cache, marks, what was learnt
  provider TEXT NOT NULL, name TEXT NOT NULL, spec TEXT NOT NULL CHECK (json_valid(spec)), listed_at INTEGER, is_typed INTEGER NOT NULL DEFAULT 0,
  is_favourite INTEGER NOT NULL DEFAULT 0, last_used_at INTEGER, uses INTEGER NOT NULL DEFAULT 0,
  token_ratio REAL, ratio_error REAL, ratio_samples INTEGER NOT NULL DEFAULT 0, quirks TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (provider, name)
) STRICT, WITHOUT ROWID;

-- 5 change tracking
CREATE TABLE change (                             -- the outbox: a row written here and not yet pushed, once
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id BLOB NOT NULL, UNIQUE (kind, id) ON CONFLICT REPLACE
) STRICT;
CREATE TABLE tombstone (
  kind TEXT NOT NULL, id BLOB NOT NULL, stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n), PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tombstone_change AFTER INSERT ON tombstone WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('gone:' || NEW.kind, NEW.id); END;
CREATE TRIGGER conversation_new AFTER INSERT ON conversation WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('conversation', NEW.id); END;
CREATE TRIGGER conversation_set AFTER UPDATE OF stamp ON conversation WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('conversation', NEW.id); END;
CREATE TRIGGER conversation_stamp BEFORE UPDATE OF project_id, persona_id, title, title_by, model, system_text, temperature, max_output_tokens, effort, streaming, context, storage, thread, pinned_at, archived_at, trashed_at, metadata
  ON conversation WHEN NEW.stamp <= OLD.stamp BEGIN SELECT RAISE(ABORT, 'conversation changed without a newer stamp'); END;
CREATE TRIGGER conversation_gone BEFORE DELETE ON conversation WHEN NOT EXISTS (SELECT 1 FROM tombstone WHERE kind = 'conversation' AND id = OLD.id)
  BEGIN SELECT RAISE(ABORT, 'conversation removed without a tombstone'); END;
CREATE TRIGGER message_new AFTER INSERT ON message WHEN NEW.origin = 1 AND NEW.status NOT IN ('unsent','streaming') BEGIN INSERT INTO change(kind, id) VALUES ('message', NEW.id); END;
CREATE TRIGGER message_set AFTER UPDATE OF stamp ON message WHEN NEW.origin = 1 AND NEW.status NOT IN ('unsent','streaming') BEGIN INSERT INTO change(kind, id) VALUES ('message', NEW.id); END;
CREATE TRIGGER message_stamp BEFORE UPDATE OF status, is_excluded, is_starred, trashed_at ON message WHEN NEW.stamp <= OLD.stamp BEGIN SELECT RAISE(ABORT, 'message changed without a newer stamp'); END;
CREATE TRIGGER message_words BEFORE UPDATE OF content, spaced, conversation_n ON message WHEN OLD.status <> 'streaming' AND NEW.content <> OLD.content AND NOT (OLD.trashed_at IS NOT NULL AND NEW.content = '' AND NEW.spaced IS NULL)
  BEGIN SELECT RAISE(ABORT, 'the words of a finished message never change'); END;
CREATE TRIGGER message_gone BEFORE DELETE ON message      -- under a conversation's purge its one tombstone is enough
  WHEN OLD.status NOT IN ('unsent','streaming') AND EXISTS (SELECT 1 FROM conversation WHERE id = OLD.conversation_id) AND NOT EXISTS (SELECT 1 FROM tombstone WHERE kind = 'message' AND id = OLD.id)
  BEGIN SELECT RAISE(ABORT, 'message removed without a tombstone'); END;
CREATE TRIGGER usage_new AFTER INSERT ON usage WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('usage', NEW.id); END;

-- 6 counters; message_count counts the shown branch only (spec V6), so the store writes it where it moves tip_id
CREATE TRIGGER message_active AFTER INSERT ON message BEGIN
  UPDATE conversation SET active_at = NEW.created_at WHERE id = NEW.conversation_id AND active_at < NEW.created_at; END;
CREATE TRIGGER usage_add AFTER INSERT ON usage BEGIN
  UPDATE conversation SET tokens_in = tokens_in + coalesce(NEW.input,0), tokens_out = tokens_out + coalesce(NEW.output,0), cost_pico = cost_pico + coalesce(NEW.cost_pico,0), unpriced = unpriced + (NEW.cost_pico IS NULL) WHERE id = NEW.conversation_id;
  INSERT INTO usage_sum VALUES (NEW.at / 3600000, NEW.provider, NEW.model, NEW.purpose, coalesce(NEW.project_id, x''), coalesce(NEW.persona_id, x''),
    1, NEW.cost_pico IS NULL, coalesce(NEW.input,0), coalesce(NEW.cache_read,0), coalesce(NEW.cache_write,0), coalesce(NEW.output,0), coalesce(NEW.reasoning,0), coalesce(NEW.cost_pico,0))
  ON CONFLICT DO UPDATE SET requests = requests + 1, unpriced = unpriced + excluded.unpriced, input = input + excluded.input, cache_read = cache_read + excluded.cache_read,
    cache_write = cache_write + excluded.cache_write, output = output + excluded.output, reasoning = reasoning + excluded.reasoning, cost_pico = cost_pico + excluded.cost_pico; END;

-- 7 search: finished words only, so the two-second saves of a growing reply never touch the index
CREATE VIEW message_find AS SELECT n, coalesce(spaced, content) AS body, 'c' || conversation_n AS scope FROM message WHERE status <> 'streaming';
CREATE VIRTUAL TABLE message_word USING fts5(body, scope, content='message_find', content_rowid='n', tokenize="unicode61 remove_diacritics 2");
CREATE TRIGGER message_find_in AFTER INSERT ON message WHEN NEW.status <> 'streaming' BEGIN
  INSERT INTO message_word(rowid, body, scope) VALUES (NEW.n, coalesce(NEW.spaced, NEW.content), 'c' || NEW.conversation_n); END;
CREATE TRIGGER message_find_set AFTER UPDATE OF status ON message WHEN OLD.status = 'streaming' AND NEW.status <> 'streaming' BEGIN
  INSERT INTO message_word(rowid, body, scope) VALUES (NEW.n, coalesce(NEW.spaced, NEW.content), 'c' || NEW.conversation_n); END;
CREATE TRIGGER message_find_purge AFTER UPDATE OF content ON message WHEN OLD.status <> 'streaming' AND NEW.content <> OLD.content BEGIN
  INSERT INTO message_word(message_word, rowid, body, scope) VALUES ('delete', OLD.n, coalesce(OLD.spaced, OLD.content), 'c' || OLD.conversation_n);
  INSERT INTO message_word(rowid, body, scope) VALUES (NEW.n, coalesce(NEW.spaced, NEW.content), 'c' || NEW.conversation_n); END;
CREATE TRIGGER message_find_out AFTER DELETE ON message WHEN OLD.status <> 'streaming' BEGIN
  INSERT INTO message_word(message_word, rowid, body, scope) VALUES ('delete', OLD.n, coalesce(OLD.spaced, OLD.content), 'c' || OLD.conversation_n); END;

PRAGMA user_version = 1;
