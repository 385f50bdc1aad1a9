-- The kernel: places, people, accounts, packs, matters. Times are ms UTC; ids 63 bits (home county
-- number above a counter); every operational row carries its county number so that an engine that
-- distributes by county can. Queue indexes are on open rows only and begin with an equality.

CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE county (
    county INTEGER PRIMARY KEY,      -- 20 bits; 0 is the nation
    code TEXT NOT NULL UNIQUE,       -- '620102'; '0' for the nation
    next_id INTEGER NOT NULL DEFAULT 1,
    key BLOB                         -- wrapped by the master key
);
INSERT INTO county (county, code) VALUES (0, '0');

CREATE TABLE unit (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    parent INTEGER,
    level TEXT NOT NULL,             -- province city county street community grid micro_grid
    code TEXT,                       -- official code, an attribute: it is renumbered
    name TEXT NOT NULL,
    colour TEXT,                     -- a grid's colour, as the pack names it
    province INTEGER, city INTEGER, district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER
);
CREATE UNIQUE INDEX unit_code ON unit (code) WHERE valid_to IS NULL AND code IS NOT NULL;
CREATE INDEX unit_parent ON unit (parent, id);

CREATE TABLE calendar_day (day INTEGER PRIMARY KEY, works INTEGER NOT NULL, name TEXT NOT NULL);

CREATE TABLE pack (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    yaml TEXT NOT NULL,
    loaded_at INTEGER NOT NULL
);
CREATE TABLE pack_at (unit INTEGER PRIMARY KEY, pack INTEGER NOT NULL, since INTEGER NOT NULL);

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    key BLOB,                        -- wrapped by the county key; NULL once erased
    name BLOB, phone BLOB, id_number BLOB, address BLOB,
    phone_index BLOB, id_index BLOB, -- keyed hashes, to find without reading
    created_at INTEGER NOT NULL
);
CREATE INDEX person_district ON person (district, id);
CREATE INDEX person_street ON person (street, id);
CREATE INDEX person_community ON person (community, id);
CREATE INDEX person_grid ON person (grid, id);
CREATE INDEX person_phone ON person (phone_index) WHERE phone_index IS NOT NULL;
CREATE UNIQUE INDEX person_id_number ON person (county, id_index) WHERE id_index IS NOT NULL;

CREATE TABLE party (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    kind TEXT NOT NULL,              -- person team department organisation firm
    name TEXT NOT NULL,
    duty TEXT,
    unit INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    created_at INTEGER NOT NULL
);
CREATE INDEX party_district ON party (district, id);
CREATE INDEX party_street ON party (street, id);
CREATE INDEX party_community ON party (community, id);
CREATE INDEX party_grid ON party (grid, id);
CREATE INDEX party_unit ON party (unit, name);

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    login TEXT UNIQUE,
    name TEXT NOT NULL,              -- as colleagues see it
    person INTEGER,
    district INTEGER, street INTEGER,
    password TEXT,                   -- Argon2id, libsodium's encoded form
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
);
CREATE INDEX account_district ON account (district, id);
CREATE INDEX account_street ON account (street, id);

CREATE TABLE hat (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    account INTEGER NOT NULL,
    role TEXT NOT NULL,
    unit INTEGER, party INTEGER, person INTEGER,
    since INTEGER NOT NULL,
    until INTEGER
);
CREATE INDEX hat_account ON hat (account);

CREATE TABLE session (
    hash BLOB PRIMARY KEY,           -- of the token; the token itself is never stored
    account INTEGER,
    matter INTEGER,                  -- a tracking code's session: this one matter
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE link (
    hash BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) WITHOUT ROWID;
CREATE INDEX link_account ON link (account);
CREATE INDEX link_expires ON link (expires_at);

CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE idempotency (
    account INTEGER NOT NULL,        -- 0: nobody signed in
    key BLOB NOT NULL,               -- head and keyed hash of the client's key
    request BLOB NOT NULL,           -- keyed hash of what was asked
    status INTEGER NOT NULL,
    answer BLOB NOT NULL,            -- sealed under the client's key
    at INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    role TEXT NOT NULL,
    act TEXT NOT NULL,               -- operationId
    subject INTEGER,                 -- id of what was acted on
    reason TEXT,
    district INTEGER, street INTEGER
);
CREATE INDEX audit_subject ON audit (subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX audit_street ON audit (street, seq);
CREATE INDEX audit_district ON audit (district, seq);

CREATE TABLE matter (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    category TEXT,
    pack INTEGER NOT NULL,           -- the flow it began under
    stage TEXT NOT NULL,
    awaits TEXT,
    outcome TEXT NOT NULL,
    open INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT,
    place TEXT,
    lng REAL, lat REAL,              -- WGS-84
    source TEXT NOT NULL,
    unit INTEGER NOT NULL,           -- where it is
    charge INTEGER NOT NULL,         -- the unit whose turn it is
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER,
    party INTEGER,                   -- whom it was sent to
    handler INTEGER,                 -- the account that claimed it
    requester INTEGER,               -- person
    reporter INTEGER,                -- account that typed it in
    contact BLOB,                    -- sealed: name and phone given with it, numbers found in the text
    contact_key BLOB,
    tracking BLOB,                   -- keyed hash of the tracking code
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,         -- 253402300799000 when nothing is due
    auto_at INTEGER,                 -- when time itself acts
    provisional INTEGER NOT NULL,    -- due_at touches a year not yet published
    answered_at INTEGER,
    closed_at INTEGER,
    solved INTEGER, score INTEGER, words TEXT,
    version INTEGER NOT NULL
);
CREATE INDEX matter_grid ON matter (grid, due_at, id) WHERE open = 1 AND grid IS NOT NULL;
CREATE INDEX matter_community ON matter (community, due_at, id) WHERE open = 1 AND community IS NOT NULL;
CREATE INDEX matter_street ON matter (street, due_at, id) WHERE open = 1 AND street IS NOT NULL;
CREATE INDEX matter_district ON matter (district, due_at, id) WHERE open = 1;
CREATE INDEX matter_party ON matter (party, due_at, id) WHERE open = 1 AND party IS NOT NULL;
CREATE INDEX matter_handler ON matter (handler, due_at, id) WHERE open = 1 AND handler IS NOT NULL;
CREATE INDEX matter_verify ON matter (charge, due_at, id) WHERE open = 1 AND awaits = 'verify';
CREATE INDEX matter_requester ON matter (requester, id) WHERE requester IS NOT NULL;
CREATE INDEX matter_tracking ON matter (tracking) WHERE tracking IS NOT NULL;
CREATE INDEX matter_auto ON matter (auto_at) WHERE auto_at IS NOT NULL;
CREATE INDEX matter_grid_closed ON matter (grid, closed_at, id) WHERE open = 0 AND grid IS NOT NULL;
CREATE INDEX matter_community_closed ON matter (community, closed_at, id) WHERE open = 0 AND community IS NOT NULL;
CREATE INDEX matter_street_closed ON matter (street, closed_at, id) WHERE open = 0 AND street IS NOT NULL;
CREATE INDEX matter_district_closed ON matter (district, closed_at, id) WHERE open = 0;

CREATE TABLE matter_event (
    seq INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    matter INTEGER NOT NULL,
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    account INTEGER,                 -- NULL: time, or nobody signed in
    role TEXT,
    side TEXT NOT NULL,
    from_stage TEXT, to_stage TEXT NOT NULL,
    public INTEGER NOT NULL,
    text TEXT,
    party INTEGER,
    solved INTEGER, score INTEGER
);
CREATE INDEX matter_event_matter ON matter_event (matter, seq);

-- Everyone a matter was ever sent to: they keep seeing it.
CREATE TABLE matter_sent (party INTEGER NOT NULL, matter INTEGER NOT NULL, PRIMARY KEY (matter, party)) WITHOUT ROWID;
CREATE TABLE matter_watch (account INTEGER NOT NULL, matter INTEGER NOT NULL, PRIMARY KEY (account, matter)) WITHOUT ROWID;

-- Bigrams of titles and texts, and numbers: term is a 48-bit hash, rows arrive after the commit of
-- the matter itself, in order of matter_event.seq.
CREATE TABLE matter_term (term INTEGER NOT NULL, matter INTEGER NOT NULL, PRIMARY KEY (term, matter)) WITHOUT ROWID;
