-- +goose Up

-- When a person put a delivery back in line; '' is never. queued_at stays: looking for what was filed starts there.
ALTER TABLE deliveries ADD COLUMN retried_at TEXT NOT NULL DEFAULT '';
