-- +goose Up

-- What was asked once and will not change, as JSON. The highest id is the newest; a key that is written again gets a
-- new one.
CREATE TABLE answers (
    id    INTEGER PRIMARY KEY,
    key   TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL
) STRICT;
