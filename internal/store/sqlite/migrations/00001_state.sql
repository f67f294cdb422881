-- +goose Up

-- "botS": tells our file from any other SQLite database.
PRAGMA application_id = 1651471443;

-- Items of sections, each distinct one once. hash is the SHA-256 of the canonical JSON, items the gzip of it.
CREATE TABLE sections (
    hash  TEXT PRIMARY KEY,
    items BLOB NOT NULL
) STRICT;

-- head is the provenance as canonical JSON. AUTOINCREMENT: a number is never given twice, also after pruning.
CREATE TABLE snapshots (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    taken_at TEXT NOT NULL,
    head     TEXT NOT NULL
) STRICT;

CREATE TABLE snapshot_sections (
    seq  INTEGER NOT NULL REFERENCES snapshots (seq) ON DELETE CASCADE,
    hash TEXT NOT NULL REFERENCES sections (hash),
    PRIMARY KEY (seq, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX snapshot_sections_hash ON snapshot_sections (hash);

-- Times everywhere are RFC 3339 in UTC with nanoseconds; '' is the zero time.
CREATE TABLE cursors (
    definition TEXT PRIMARY KEY,
    seq        INTEGER NOT NULL,
    snapshot   INTEGER NOT NULL REFERENCES snapshots (seq),
    told_at    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX cursors_snapshot ON cursors (snapshot);

-- base has no foreign key: closed deliveries outlive the snapshot they started from.
CREATE TABLE deliveries (
    definition TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    channel    TEXT NOT NULL,
    part       INTEGER NOT NULL,
    parts      INTEGER NOT NULL,
    nonce      TEXT NOT NULL,
    state      TEXT NOT NULL,
    target     TEXT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    labels     TEXT NOT NULL,
    base       INTEGER NOT NULL,
    queued_at  TEXT NOT NULL,
    tries      INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    result_id  INTEGER NOT NULL,
    result_url TEXT NOT NULL,
    done_at    TEXT NOT NULL,
    PRIMARY KEY (definition, seq, channel, part)
) STRICT;

CREATE INDEX deliveries_open ON deliveries (base) WHERE state IN ('pending', 'unknown');

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at TEXT NOT NULL,
    ended_at   TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    exit_code  INTEGER NOT NULL,
    snapshot   INTEGER NOT NULL,
    requests   INTEGER NOT NULL,
    failed     TEXT NOT NULL
) STRICT;

-- One row for ever: fence only rises, also over a release, so no two holders ever have the same.
CREATE TABLE lock (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    held    INTEGER NOT NULL,
    holder  TEXT NOT NULL,
    fence   INTEGER NOT NULL,
    expires TEXT NOT NULL
) STRICT;

INSERT INTO lock (id, held, holder, fence, expires) VALUES (1, 0, '', 0, '');
