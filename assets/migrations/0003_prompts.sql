-- 0003: the user's prompts with their versions, how prompts are used, and tags. Shipped prompts are no rows: they lie in
-- the program with fixed ids, and only their use is kept here. Run in one transaction. Never edited again.

CREATE TABLE prompt (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  version INTEGER NOT NULL DEFAULT 1, title TEXT NOT NULL,
  title_key TEXT NOT NULL,                        -- the title in lower case, of any script
  content TEXT NOT NULL, scenario TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',
  metadata TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(metadata)), copied_from BLOB,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, trashed_at INTEGER,
  stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n)
) STRICT;
-- Not unique: sync may bring a second one of a title, which must not stop it. The store refuses what the user does.
CREATE INDEX prompt_key ON prompt(title_key, trashed_at);
CREATE TRIGGER prompt_new AFTER INSERT ON prompt WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('prompt', NEW.id); END;
CREATE TRIGGER prompt_set AFTER UPDATE OF stamp ON prompt WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('prompt', NEW.id); END;
CREATE TRIGGER prompt_stamp BEFORE UPDATE OF version, title, title_key, content, scenario, description, metadata, trashed_at
  ON prompt WHEN NEW.stamp <= OLD.stamp BEGIN SELECT RAISE(ABORT, 'prompt changed without a newer stamp'); END;
CREATE TRIGGER prompt_gone BEFORE DELETE ON prompt WHEN NOT EXISTS (SELECT 1 FROM tombstone WHERE kind = 'prompt' AND id = OLD.id)
  BEGIN SELECT RAISE(ABORT, 'prompt removed without a tombstone'); END;

CREATE TABLE prompt_version (                     -- every version, the present one too: what an old message was made from
  prompt_id BLOB NOT NULL, version INTEGER NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (prompt_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE prompt_use (                         -- one counter a device: sums merge, last-write-wins would lose counts; shipped prompts too
  prompt_id BLOB NOT NULL, origin INTEGER NOT NULL REFERENCES device(n),
  uses INTEGER NOT NULL DEFAULT 0, last_at INTEGER, last_values TEXT CHECK (last_values IS NULL OR json_valid(last_values)),
  is_hidden INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (prompt_id, origin)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER prompt_use_new AFTER INSERT ON prompt_use WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('prompt_use', NEW.prompt_id); END;
CREATE TRIGGER prompt_use_set AFTER UPDATE ON prompt_use WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('prompt_use', NEW.prompt_id); END;

CREATE TABLE tag (
  kind TEXT NOT NULL CHECK (kind IN ('conversation','prompt','persona')), id BLOB NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
  stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n), is_gone INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_name ON tag(kind, name, id) WHERE is_gone = 0;
CREATE TRIGGER tag_new AFTER INSERT ON tag WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('tag:' || NEW.kind, NEW.id); END;   -- pushes all tags of that object
CREATE TRIGGER tag_set AFTER UPDATE OF stamp ON tag WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('tag:' || NEW.kind, NEW.id); END;
CREATE TRIGGER tag_stamp BEFORE UPDATE OF is_gone ON tag WHEN NEW.stamp <= OLD.stamp BEGIN SELECT RAISE(ABORT, 'tag changed without a newer stamp'); END;

PRAGMA user_version = 3;
