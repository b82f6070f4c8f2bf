-- Append-only: the triggers refuse every other change. before and after are the row as JSON.
CREATE TABLE audit_events (
    id TEXT NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    occurred_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    before TEXT,
    after TEXT,
    run_id TEXT NOT NULL,
    CONSTRAINT ck_audit_events_id CHECK (length(id) = 36),
    CONSTRAINT ck_audit_events_outcome CHECK (outcome IN ('done', 'failed')),
    CONSTRAINT ck_audit_events_before CHECK (before IS NULL OR json_valid(before)),
    CONSTRAINT ck_audit_events_after CHECK (after IS NULL OR json_valid(after))
) STRICT;
CREATE INDEX idx_audit_events_entity_entity_id ON audit_events (entity, entity_id);
CREATE INDEX idx_audit_events_occurred_at ON audit_events (occurred_at);

CREATE TRIGGER trg_audit_events_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only');
END;
CREATE TRIGGER trg_audit_events_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'audit_events is append-only');
END;
