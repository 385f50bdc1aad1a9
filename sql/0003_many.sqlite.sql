-- Many and one: whom a matter affects, reports that follow a lead, matters near by; and confidential
-- matters, whose words are sealed and whose place is read from their unit alone.

ALTER TABLE matter ADD COLUMN merged_into INTEGER;                   -- the lead this report follows; then open = 0
ALTER TABLE matter ADD COLUMN affected INTEGER NOT NULL DEFAULT 0;   -- rows of matter_affected
ALTER TABLE matter ADD COLUMN cell INTEGER;                          -- of a grid of thousandths of a degree
ALTER TABLE matter ADD COLUMN spot TEXT;                             -- the place's words, signs and spaces left out
ALTER TABLE matter ADD COLUMN confidential INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN sealed BLOB;                           -- confidential: title, place, text, category
ALTER TABLE matter_event ADD COLUMN sealed BLOB;                     -- confidential: its text

CREATE INDEX matter_merged ON matter (merged_into, id) WHERE merged_into IS NOT NULL;
CREATE INDEX matter_confidential ON matter (charge, due_at, id) WHERE open = 1 AND confidential = 1;
CREATE INDEX matter_cell ON matter (cell, open, id) WHERE cell IS NOT NULL;
CREATE INDEX matter_spot ON matter (community, spot, id) WHERE spot IS NOT NULL AND community IS NOT NULL;

UPDATE matter SET cell = CAST((lat + 90) * 1000 AS INTEGER) * 360000 + CAST((lng + 180) * 1000 AS INTEGER)
    WHERE lng IS NOT NULL AND lat IS NOT NULL;

-- A household a matter affects: a person of the archive, a report that follows it, or a name of a
-- dwelling. Its answer is its own: score and words are never shown to those they judge.
CREATE TABLE matter_affected (
    matter INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    county INTEGER NOT NULL,
    person INTEGER,
    joined INTEGER,                  -- the report that follows
    via INTEGER,                     -- the report that brought it along, and takes it away again
    label TEXT,                      -- 3号楼2单元501
    unit INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    answered_at INTEGER,
    solved INTEGER, score INTEGER, words TEXT,
    PRIMARY KEY (matter, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX matter_affected_person ON matter_affected (matter, person) WHERE person IS NOT NULL;
CREATE UNIQUE INDEX matter_affected_joined ON matter_affected (joined) WHERE joined IS NOT NULL;
CREATE INDEX matter_affected_of ON matter_affected (person, matter) WHERE person IS NOT NULL;
CREATE UNIQUE INDEX matter_affected_label ON matter_affected (matter, unit, label) WHERE label IS NOT NULL AND person IS NULL AND joined IS NULL;

-- Who broke the glass of a confidential matter, why, and until when that lasts.
CREATE TABLE glass (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    account INTEGER NOT NULL,
    role TEXT NOT NULL,
    reason TEXT NOT NULL,
    handler INTEGER, person INTEGER, -- who is to be told, beside the auditors of the place
    district INTEGER NOT NULL, street INTEGER,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL
);
CREATE INDEX glass_matter ON glass (matter, account, until);
