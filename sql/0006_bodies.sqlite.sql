-- Bodies: committees, clubs, working groups, with whom they are made of. Nobody is deleted: who
-- leaves keeps the row, with an end.

CREATE TABLE body (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    kind TEXT NOT NULL,              -- code, from the pack
    part TEXT,                       -- code, from the pack: what it is of its parent
    name TEXT NOT NULL,
    purpose TEXT,
    parent INTEGER,
    unit INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER
);
CREATE INDEX body_district ON body (district, id);
CREATE INDEX body_street ON body (street, id);
CREATE INDEX body_community ON body (community, id);
CREATE INDEX body_grid ON body (grid, id);
CREATE INDEX body_unit ON body (unit, id);
CREATE INDEX body_parent ON body (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE body_member (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    body INTEGER NOT NULL,
    category TEXT NOT NULL,          -- code, from the pack
    person INTEGER,                  -- none: an organisation as such
    party INTEGER,                   -- with a person: the organisation the person sits for
    post TEXT,
    public INTEGER NOT NULL,         -- a public post: the name is shown to everybody
    duty INTEGER,                    -- unit: the area the member looks after
    since INTEGER NOT NULL,
    until INTEGER
);
CREATE INDEX body_member_body ON body_member (body, id);
CREATE INDEX body_member_now ON body_member (body, category, id) WHERE until IS NULL;
CREATE UNIQUE INDEX body_member_person ON body_member (body, person) WHERE until IS NULL AND person IS NOT NULL;
CREATE UNIQUE INDEX body_member_party ON body_member (body, party) WHERE until IS NULL AND person IS NULL;
CREATE INDEX body_member_duty ON body_member (duty, id) WHERE until IS NULL AND duty IS NOT NULL;

-- One to one: a member of a body and a resident, with a record of each contact. The row lies where
-- the resident lives.
CREATE TABLE pair (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    body INTEGER NOT NULL,
    member INTEGER NOT NULL,         -- body_member
    member_person INTEGER NOT NULL,
    person INTEGER NOT NULL,         -- the resident
    purpose TEXT NOT NULL,
    unit INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    since INTEGER NOT NULL,
    until INTEGER
);
CREATE INDEX pair_district ON pair (district, id);
CREATE INDEX pair_street ON pair (street, id);
CREATE INDEX pair_community ON pair (community, id);
CREATE INDEX pair_grid ON pair (grid, id);
CREATE INDEX pair_person ON pair (person, id);
CREATE INDEX pair_member_person ON pair (member_person, id);
CREATE UNIQUE INDEX pair_member_now ON pair (member) WHERE until IS NULL;
CREATE UNIQUE INDEX pair_person_now ON pair (body, person) WHERE until IS NULL;

CREATE TABLE pair_contact (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    pair INTEGER NOT NULL,
    at INTEGER NOT NULL,
    way TEXT NOT NULL,               -- visit phone message meeting other
    side TEXT NOT NULL,              -- who wrote it down: member resident worker
    note BLOB,                       -- sealed with the resident's key
    note_until INTEGER NOT NULL,     -- then the note is dropped; that there was contact stays
    account INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
);
CREATE INDEX pair_contact_pair ON pair_contact (pair, id);
CREATE INDEX pair_contact_note ON pair_contact (note_until) WHERE note IS NOT NULL;
