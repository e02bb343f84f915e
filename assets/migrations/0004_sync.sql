-- 0004: sending to a shared hub. Each hub has its own place in the outbox for each kind of row it gets, so a new hub
-- begins at 0 and finds everything, and kinds that are not sent yet wait where they are.
CREATE TABLE hub (
  name TEXT PRIMARY KEY,                          -- host:port/database; user and password are nowhere in this file
  user_id TEXT NOT NULL,                          -- under whom rows went there
  former_user_id TEXT,                            -- under whom they went before, and are taken over from
  pulled_to TEXT NOT NULL DEFAULT '',
  ok_at INTEGER,                                  -- when a sending last came to its end
  retry_at INTEGER, failure TEXT                  -- since then: not before that moment, because of this
) STRICT, WITHOUT ROWID;
CREATE TABLE pushed (
  hub TEXT NOT NULL REFERENCES hub(name) ON DELETE CASCADE, kind TEXT NOT NULL,   -- kind: what of the outbox is sent together
  seq INTEGER NOT NULL DEFAULT 0,                 -- everything of that kind up to here is there
  PRIMARY KEY (hub, kind)
) STRICT, WITHOUT ROWID;

-- Figures that follow from messages and usage bear no stamp, but the hub shows them too: they enter the outbox under a
-- kind of their own, whoever the conversation is from. A reply that is being written changes nothing there until its end,
-- so that the beginning of a turn writes no page for it. New messages always move the tip: `active_at` needs no part.
CREATE TRIGGER conversation_tally AFTER UPDATE OF tip_id, message_count, tokens_in, tokens_out, cost_pico, unpriced ON conversation
  WHEN NEW.tokens_in <> OLD.tokens_in OR NEW.tokens_out <> OLD.tokens_out OR NEW.cost_pico <> OLD.cost_pico OR NEW.unpriced <> OLD.unpriced
    OR ((NEW.tip_id IS NOT OLD.tip_id OR NEW.message_count <> OLD.message_count)
      AND NOT EXISTS (SELECT 1 FROM message WHERE id = NEW.tip_id AND status = 'streaming'))
  BEGIN INSERT INTO change(kind, id) VALUES ('tally', NEW.id); END;
CREATE TRIGGER message_tally AFTER UPDATE OF status ON message WHEN OLD.status = 'streaming' AND NEW.status <> 'streaming'
  BEGIN INSERT INTO change(kind, id) VALUES ('tally', NEW.conversation_id); END;

PRAGMA user_version = 4;
