-- One-stop service: a filing is a matter with answers, materials, consent and trips. Mediation: a
-- record beside a matter, with an agreement that shows every later change.

ALTER TABLE matter ADD COLUMN held TEXT; -- an act that must wait until another part has what it needs

CREATE TABLE filing (
    matter INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    service TEXT NOT NULL,
    pack INTEGER NOT NULL,           -- whose list of materials it is held to
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER,
    applicant INTEGER NOT NULL,      -- person
    proxy INTEGER,                   -- person who filed for the applicant, if a neighbour
    proxy_account INTEGER,           -- account that filed for the applicant
    trips INTEGER NOT NULL,
    filed_at INTEGER NOT NULL,
    answers_at INTEGER NOT NULL,
    told_at INTEGER, told_by INTEGER, -- the notice of what is missing
    complete_at INTEGER,
    promised_at INTEGER              -- when the service is due, counted from complete_at
);
CREATE INDEX filing_district ON filing (district, matter);
CREATE INDEX filing_street ON filing (street, matter);
CREATE INDEX filing_community ON filing (community, matter);
CREATE INDEX filing_grid ON filing (grid, matter);
CREATE INDEX filing_applicant ON filing (applicant, matter);
CREATE INDEX filing_proxy ON filing (proxy, matter) WHERE proxy IS NOT NULL;

CREATE TABLE filing_answer (
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    field TEXT NOT NULL,
    value TEXT,                      -- what is open
    sealed BLOB,                     -- what is not, under the matter's key
    PRIMARY KEY (matter, field)
) WITHOUT ROWID;

CREATE TABLE filing_material (
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    material TEXT NOT NULL,
    have INTEGER NOT NULL,
    told INTEGER NOT NULL,           -- named in the notice
    at INTEGER NOT NULL,
    account INTEGER,
    PRIMARY KEY (matter, material)
) WITHOUT ROWID;

CREATE TABLE filing_consent (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    how TEXT NOT NULL,               -- in_person phone written
    words BLOB NOT NULL,             -- sealed
    account INTEGER NOT NULL,        -- who was given it
    at INTEGER NOT NULL,
    withdrawn_at INTEGER, withdrawn_by INTEGER
);
CREATE INDEX filing_consent_matter ON filing_consent (matter, id);

CREATE TABLE filing_trip (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    who TEXT NOT NULL,               -- applicant proxy
    at INTEGER NOT NULL,
    account INTEGER NOT NULL         -- who received them
);
CREATE INDEX filing_trip_matter ON filing_trip (matter, id);

CREATE TABLE mediation (
    matter INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    type TEXT NOT NULL,              -- GB/T 31000-2015 table 91
    way TEXT NOT NULL,               -- table 93
    unit INTEGER NOT NULL,           -- the one that was in charge when it began: it mediates
    opened_at INTEGER NOT NULL,
    opened_by INTEGER NOT NULL,
    agreement INTEGER                -- the one in force
);

CREATE TABLE mediation_person (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    side TEXT NOT NULL,              -- party mediator
    name BLOB NOT NULL, phone BLOB,  -- sealed
    person INTEGER, party INTEGER, account INTEGER,
    added_at INTEGER NOT NULL
);
CREATE INDEX mediation_person_matter ON mediation_person (matter, id);

CREATE TABLE mediation_session (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    at INTEGER NOT NULL,
    place TEXT NOT NULL,
    notes BLOB,                      -- sealed
    account INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
);
CREATE INDEX mediation_session_matter ON mediation_session (matter, id);
CREATE TABLE mediation_came (session INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (session, person)) WITHOUT ROWID;

CREATE TABLE mediation_agreement (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    text BLOB NOT NULL,              -- sealed
    hash TEXT NOT NULL,              -- SHA-256 of the text
    account INTEGER NOT NULL,
    at INTEGER NOT NULL,
    voided_at INTEGER, void_reason TEXT
);

CREATE TABLE mediation_signature (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    agreement INTEGER NOT NULL,
    signer INTEGER NOT NULL,         -- mediation_person
    drawn BLOB NOT NULL,             -- sealed path of the strokes
    hash TEXT NOT NULL,              -- SHA-256 over text, signer, time and strokes
    account INTEGER NOT NULL,        -- on whose device
    at INTEGER NOT NULL,
    UNIQUE (agreement, signer)
);

-- What was promised, and when somebody comes back to see.
CREATE TABLE mediation_due (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER,
    kind TEXT NOT NULL,              -- promise revisit
    who INTEGER,                     -- mediation_person
    what BLOB,                       -- sealed
    due_at INTEGER NOT NULL,
    done_at INTEGER, result TEXT,
    words BLOB,                      -- sealed
    account INTEGER
);
CREATE INDEX mediation_due_matter ON mediation_due (matter, id);
CREATE INDEX mediation_due_district ON mediation_due (district, due_at, id) WHERE done_at IS NULL;
CREATE INDEX mediation_due_street ON mediation_due (street, due_at, id) WHERE done_at IS NULL;
CREATE INDEX mediation_due_community ON mediation_due (community, due_at, id) WHERE done_at IS NULL;
CREATE INDEX mediation_due_grid ON mediation_due (grid, due_at, id) WHERE done_at IS NULL;
