-- Matters, whole: tiers, clocks that stop, what is asked of a tier above, and parts of a whistle.

ALTER TABLE matter ADD COLUMN tier TEXT NOT NULL DEFAULT 'community'; -- of the unit in charge: community street district
ALTER TABLE matter ADD COLUMN late INTEGER NOT NULL DEFAULT 0;        -- an office's step came after it was due
ALTER TABLE matter ADD COLUMN handled_at INTEGER;                     -- when it was last said to be done
ALTER TABLE matter ADD COLUMN warn_at INTEGER;                        -- when to warn that it will be due
ALTER TABLE matter ADD COLUMN transfers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN reopens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN escalations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN extensions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE matter ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;     -- the tier above has said who does it
ALTER TABLE matter ADD COLUMN paused_at INTEGER;                      -- the clock stands since then
ALTER TABLE matter ADD COLUMN pause_reason TEXT;                      -- code, from the pack
ALTER TABLE matter ADD COLUMN left_ms INTEGER;                        -- what was left on it
ALTER TABLE matter ADD COLUMN paused_ms INTEGER NOT NULL DEFAULT 0;   -- pauses that are over
ALTER TABLE matter ADD COLUMN asks_open INTEGER NOT NULL DEFAULT 0;   -- supervisions not yet answered
ALTER TABLE matter ADD COLUMN parts_open INTEGER NOT NULL DEFAULT 0;
-- Every matter before this migration was with its community, its street or its district.
UPDATE matter SET tier = CASE WHEN charge = community THEN 'community' WHEN charge = street THEN 'street' ELSE 'district' END;

ALTER TABLE matter_event ADD COLUMN reason TEXT;                      -- code, from the pack
ALTER TABLE matter_event ADD COLUMN span TEXT;                        -- '3 work days': asked for, or given
ALTER TABLE matter_event ADD COLUMN granted INTEGER;                  -- the answer to what was asked

CREATE INDEX matter_charge ON matter (charge, due_at, id) WHERE open = 1;

-- What somebody asks of a unit about a matter: more time, a pause, who is to do it; or, from above,
-- an answer (督办). One row a question, answered once.
CREATE TABLE matter_ask (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    kind TEXT NOT NULL,              -- extend pause settle supervise
    reason TEXT,                     -- code, from the pack
    text TEXT,
    span TEXT,                       -- '3 work days': asked for, or given to answer
    part INTEGER,                    -- settle: the part that was refused
    party INTEGER,                   -- settle: whom it was to go to
    unit INTEGER NOT NULL,           -- who is to answer
    account INTEGER,                 -- who asked
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    answered_at INTEGER, answered_by INTEGER,
    granted INTEGER, answer TEXT
);
CREATE INDEX matter_ask_unit ON matter_ask (unit, matter) WHERE answered_at IS NULL;
CREATE INDEX matter_ask_matter ON matter_ask (matter, id);

-- A whistle (吹哨) gives each co-handler a part of its own. The whole ends when all parts have.
CREATE TABLE matter_part (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    party INTEGER NOT NULL,
    text TEXT NOT NULL,              -- what is asked of it
    span TEXT,                       -- '3 work days': its limit; NULL: that of the whole
    state TEXT NOT NULL,             -- open refused done dropped
    settled INTEGER NOT NULL,        -- the tier above has said that this party does it
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    ended_at INTEGER,
    late INTEGER NOT NULL,
    answer TEXT                      -- result, or why it was refused
);
CREATE INDEX matter_part_party ON matter_part (party, matter) WHERE state = 'open';
CREATE INDEX matter_part_matter ON matter_part (matter, id);
