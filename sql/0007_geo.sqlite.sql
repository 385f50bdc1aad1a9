-- Shapes of units. A shape is WKB in WGS-84; stamp is a hash of it, by which prepared shapes are kept
-- in memory. Found by cells: a square of the world at one of seven sizes (domain/place/unit_shape.c),
-- so that where a position belongs is seven equalities. Both are reference data, like unit.

CREATE TABLE unit_shape (
    unit INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    wkb BLOB NOT NULL,
    stamp INTEGER NOT NULL,
    points INTEGER NOT NULL,
    west REAL NOT NULL, south REAL NOT NULL, east REAL NOT NULL, north REAL NOT NULL,
    changed_at INTEGER NOT NULL
);
CREATE TABLE shape_cell (
    cell INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    west REAL NOT NULL, south REAL NOT NULL, east REAL NOT NULL, north REAL NOT NULL,
    PRIMARY KEY (cell, unit)
) WITHOUT ROWID;
CREATE INDEX shape_cell_unit ON shape_cell (unit);

-- Patrols: a list of points that is walked again and again; a round is one walk. Where a walker was is
-- kept as "at the point: yes or no", never as coordinates.
CREATE TABLE patrol (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    kind TEXT NOT NULL,              -- code of the pack's patrol
    name TEXT NOT NULL,
    unit INTEGER NOT NULL,
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX patrol_district ON patrol (district, id);
CREATE INDEX patrol_street ON patrol (street, id);
CREATE INDEX patrol_community ON patrol (community, id);
CREATE INDEX patrol_grid ON patrol (grid, id);

CREATE TABLE patrol_point (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    patrol INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    place TEXT NOT NULL,
    lng REAL, lat REAL               -- WGS-84
);
CREATE INDEX patrol_point_patrol ON patrol_point (patrol, ord);

CREATE TABLE patrol_round (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    patrol INTEGER NOT NULL,
    pack INTEGER NOT NULL,           -- the checklist it began under
    unit INTEGER NOT NULL,
    district INTEGER NOT NULL, street INTEGER, community INTEGER, grid INTEGER,
    state TEXT NOT NULL,             -- open complete partial
    given_at INTEGER NOT NULL,
    started_at INTEGER, started_by INTEGER,
    ended_at INTEGER,
    points INTEGER NOT NULL,
    visited INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    findings INTEGER NOT NULL
);
CREATE INDEX patrol_round_district ON patrol_round (district, id);
CREATE INDEX patrol_round_street ON patrol_round (street, id);
CREATE INDEX patrol_round_community ON patrol_round (community, id);
CREATE INDEX patrol_round_grid ON patrol_round (grid, id);

CREATE TABLE patrol_party (
    party INTEGER NOT NULL,
    round INTEGER NOT NULL,
    PRIMARY KEY (party, round)
) WITHOUT ROWID;
CREATE INDEX patrol_party_round ON patrol_party (round);

CREATE TABLE patrol_visit (
    round INTEGER NOT NULL,
    point INTEGER NOT NULL,
    county INTEGER NOT NULL,
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    role TEXT NOT NULL,
    at_point INTEGER,                -- NULL: not known
    reason TEXT,                     -- why it was skipped; NULL: it was visited
    PRIMARY KEY (round, point)
) WITHOUT ROWID;

CREATE TABLE patrol_answer (
    round INTEGER NOT NULL,
    point INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    county INTEGER NOT NULL,
    item TEXT NOT NULL,
    ok INTEGER,
    number REAL,
    text TEXT,
    matter INTEGER,                  -- what a finding became
    PRIMARY KEY (round, point, ord)
) WITHOUT ROWID;
CREATE INDEX patrol_answer_matter ON patrol_answer (matter) WHERE matter IS NOT NULL;
