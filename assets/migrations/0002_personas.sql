-- 0002: personas, and a small tally of what was talked with each, so that a list of them never looks at messages,
-- conversations or usage one by one. Run in one transaction. Never edited again.

CREATE TABLE persona (
  id BLOB PRIMARY KEY CHECK (length(id) = 16),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,                         -- the name in lower case, of any script: SQLite folds ASCII only
  relationship TEXT NOT NULL CHECK (relationship IN ('parent','spouse','child','sibling','friend','colleague','other')),
  description TEXT NOT NULL DEFAULT '', instructions TEXT NOT NULL DEFAULT '',
  system_text TEXT,                               -- the user's edit of the made text; NULL = made from the fields
  model TEXT, temperature REAL CHECK (temperature BETWEEN 0 AND 2), card TEXT,   -- card: imported v2 JSON, whole
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, trashed_at INTEGER,
  stamp INTEGER NOT NULL, origin INTEGER NOT NULL REFERENCES device(n)
) STRICT;
-- Not unique: sync may bring a second one of a name, which must not stop it. The store refuses what the user does.
CREATE INDEX persona_key ON persona(name_key, trashed_at);
CREATE TRIGGER persona_new AFTER INSERT ON persona WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('persona', NEW.id); END;
CREATE TRIGGER persona_set AFTER UPDATE OF stamp ON persona WHEN NEW.origin = 1 BEGIN INSERT INTO change(kind, id) VALUES ('persona', NEW.id); END;
CREATE TRIGGER persona_stamp BEFORE UPDATE OF name, name_key, relationship, description, instructions, system_text, model, temperature, card, trashed_at
  ON persona WHEN NEW.stamp <= OLD.stamp BEGIN SELECT RAISE(ABORT, 'persona changed without a newer stamp'); END;
CREATE TRIGGER persona_gone BEFORE DELETE ON persona WHEN NOT EXISTS (SELECT 1 FROM tombstone WHERE kind = 'persona' AND id = OLD.id)
  BEGIN SELECT RAISE(ABORT, 'persona removed without a tombstone'); END;

CREATE TABLE persona_sum (                        -- recomputed, never synced; a row may come before its persona does
  persona_id BLOB PRIMARY KEY,
  conversations INTEGER NOT NULL DEFAULT 0,       -- outside the trash
  tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
  cost_pico INTEGER NOT NULL DEFAULT 0, unpriced INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO persona_sum(persona_id, conversations)
  SELECT persona_id, count(*) FROM conversation WHERE persona_id IS NOT NULL AND trashed_at IS NULL GROUP BY persona_id;
INSERT INTO persona_sum(persona_id, tokens_in, tokens_out, cost_pico, unpriced)
  SELECT persona_id, sum(input), sum(output), sum(cost_pico), sum(unpriced) FROM usage_sum WHERE persona_id <> x'' GROUP BY persona_id
  ON CONFLICT DO UPDATE SET tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, cost_pico = excluded.cost_pico, unpriced = excluded.unpriced;

CREATE TRIGGER conversation_persona_in AFTER INSERT ON conversation WHEN NEW.persona_id IS NOT NULL AND NEW.trashed_at IS NULL BEGIN
  INSERT INTO persona_sum(persona_id, conversations) VALUES (NEW.persona_id, 1) ON CONFLICT DO UPDATE SET conversations = conversations + 1; END;
CREATE TRIGGER conversation_persona_out AFTER DELETE ON conversation WHEN OLD.persona_id IS NOT NULL AND OLD.trashed_at IS NULL BEGIN
  UPDATE persona_sum SET conversations = conversations - 1 WHERE persona_id = OLD.persona_id; END;
CREATE TRIGGER conversation_persona_set AFTER UPDATE OF persona_id, trashed_at ON conversation
  WHEN OLD.persona_id IS NOT NEW.persona_id OR (OLD.trashed_at IS NULL) <> (NEW.trashed_at IS NULL) BEGIN
  UPDATE persona_sum SET conversations = conversations - 1 WHERE persona_id = OLD.persona_id AND OLD.trashed_at IS NULL;
  INSERT INTO persona_sum(persona_id, conversations) SELECT NEW.persona_id, 1 WHERE NEW.persona_id IS NOT NULL AND NEW.trashed_at IS NULL
    ON CONFLICT DO UPDATE SET conversations = conversations + 1; END;
CREATE TRIGGER usage_persona AFTER INSERT ON usage WHEN NEW.persona_id IS NOT NULL BEGIN
  INSERT INTO persona_sum(persona_id, tokens_in, tokens_out, cost_pico, unpriced)
  VALUES (NEW.persona_id, coalesce(NEW.input,0), coalesce(NEW.output,0), coalesce(NEW.cost_pico,0), NEW.cost_pico IS NULL)
  ON CONFLICT DO UPDATE SET tokens_in = tokens_in + excluded.tokens_in, tokens_out = tokens_out + excluded.tokens_out,
    cost_pico = cost_pico + excluded.cost_pico, unpriced = unpriced + excluded.unpriced; END;

PRAGMA user_version = 2;
