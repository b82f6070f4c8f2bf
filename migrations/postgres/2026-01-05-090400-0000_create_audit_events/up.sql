-- Append-only: the trigger refuses every other change. before and after are the row.
CREATE TABLE audit_events (
    id UUID NOT NULL PRIMARY KEY DEFAULT gen_random_uuid(),
    occurred_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    entity TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    before JSONB,
    after JSONB,
    run_id UUID NOT NULL,
    CONSTRAINT ck_audit_events_outcome CHECK (outcome IN ('done', 'failed'))
);
CREATE INDEX idx_audit_events_entity_entity_id ON audit_events (entity, entity_id);
CREATE INDEX idx_audit_events_occurred_at ON audit_events (occurred_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER trg_audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
