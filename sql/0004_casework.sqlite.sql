-- Long matters: milestones, households, follow-ups, letters, chains; and what of them is owed.

-- Whatever is owed about a matter by a day: a row as long as it is. One table, so that one index a
-- level answers every "what is late here", and one tick tells the timeline.
CREATE TABLE case_due (
    id INTEGER PRIMARY KEY,          -- of the milestone, follow-up rule, letter or link
    county INTEGER NOT NULL,
    what TEXT NOT NULL,              -- milestone follow_up letter link
    matter INTEGER NOT NULL,
    title TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    missed_at INTEGER,               -- when its passing was told to the timeline
    party INTEGER, account INTEGER,  -- who owes it, when somebody in particular does
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER
);
CREATE INDEX case_due_grid ON case_due (grid, what, due_at, id) WHERE grid IS NOT NULL;
CREATE INDEX case_due_community ON case_due (community, what, due_at, id) WHERE community IS NOT NULL;
CREATE INDEX case_due_street ON case_due (street, what, due_at, id) WHERE street IS NOT NULL;
CREATE INDEX case_due_district ON case_due (district, what, due_at, id);
CREATE INDEX case_due_party ON case_due (party, what, due_at, id) WHERE party IS NOT NULL;
CREATE INDEX case_due_account ON case_due (account, what, due_at, id) WHERE account IS NOT NULL;
CREATE INDEX case_due_matter ON case_due (matter, what);
CREATE INDEX case_due_missed ON case_due (due_at) WHERE missed_at IS NULL;

CREATE TABLE case_milestone (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    seq INTEGER NOT NULL,            -- the order they are shown in
    code TEXT,                       -- of the pack; NULL: set by hand
    title TEXT NOT NULL, en TEXT,    -- in Chinese; in English where the pack has it
    each INTEGER NOT NULL,           -- every household has to pass it
    party INTEGER, account INTEGER,  -- whose it is
    due_at INTEGER,
    set_at INTEGER NOT NULL,
    done_at INTEGER, done_by INTEGER,
    words TEXT,                      -- what shows that it was reached
    dropped_at INTEGER               -- no longer wanted
);
CREATE INDEX case_milestone_matter ON case_milestone (matter, seq, id);
CREATE UNIQUE INDEX case_milestone_code ON case_milestone (matter, code); -- NULLs are all different

CREATE TABLE case_household (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    seq INTEGER NOT NULL,            -- from 1 within the matter
    label TEXT NOT NULL,             -- 3号楼2单元501
    person INTEGER,
    note BLOB, key BLOB,             -- sealed under a key of its own
    added_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX case_household_seq ON case_household (matter, seq);
CREATE UNIQUE INDEX case_household_label ON case_household (matter, label);
CREATE INDEX case_household_person ON case_household (person, id) WHERE person IS NOT NULL;

-- A household at a milestone; no row: it waits.
CREATE TABLE case_progress (
    milestone INTEGER NOT NULL,
    household INTEGER NOT NULL,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    state TEXT NOT NULL,             -- waiting doing done not_needed
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    words TEXT,
    PRIMARY KEY (milestone, household)
) WITHOUT ROWID;

-- How often somebody asks how a matter stands: one rule in force a matter.
CREATE TABLE case_follow_rule (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    every TEXT NOT NULL,             -- '30 days'
    party INTEGER, account INTEGER,
    next_at INTEGER NOT NULL,
    set_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE UNIQUE INDEX case_follow_rule_matter ON case_follow_rule (matter) WHERE ended_at IS NULL;

CREATE TABLE case_follow_up (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    outcome TEXT NOT NULL,           -- progress no_change unreachable settled
    words TEXT NOT NULL,
    revisit INTEGER NOT NULL         -- the matter was closed already
);
CREATE INDEX case_follow_up_matter ON case_follow_up (matter, id);

CREATE TABLE case_letter (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    way TEXT NOT NULL,               -- out in
    number TEXT,                     -- 文号
    dated INTEGER NOT NULL,
    party INTEGER NOT NULL,          -- of kind external
    subject TEXT NOT NULL,
    text TEXT,
    public INTEGER NOT NULL,         -- the requester may read it
    answer_due INTEGER,
    answered_by INTEGER,             -- the letter that answers it
    account INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
);
CREATE INDEX case_letter_matter ON case_letter (matter, id);

-- A matter's place in a chain. The head is the matter the chain began with.
CREATE TABLE case_link (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    chain TEXT NOT NULL,             -- codes of the pack
    link TEXT NOT NULL,
    seq INTEGER NOT NULL,            -- the link's place in the chain, from 0
    head INTEGER NOT NULL,
    prev INTEGER,                    -- the matter before; NULL: it is the head
    at INTEGER NOT NULL,
    next_by INTEGER,                 -- when the next is to be there; NULL: no limit
    next_name TEXT,                  -- what is to come
    ended_at INTEGER, words TEXT     -- nothing is to come, and why
);
CREATE UNIQUE INDEX case_link_matter ON case_link (matter, chain);
CREATE INDEX case_link_head ON case_link (head, chain, seq, id);
CREATE INDEX case_link_prev ON case_link (prev, chain) WHERE prev IS NOT NULL;

-- What was taken on before this version is given milestones only when somebody asks for them.
INSERT INTO setting (name, value)
    SELECT 'casework_seq', CAST(COALESCE(max(seq), 0) AS TEXT) FROM matter_event;
