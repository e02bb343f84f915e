-- 0005: the archive is listed and counted from an index of its own, as the list is. Run in one transaction. Never edited
-- again.
CREATE INDEX conversation_archive ON conversation(pinned_at IS NULL, active_at DESC, n DESC) WHERE trashed_at IS NULL AND archived_at IS NOT NULL;

PRAGMA user_version = 5;
