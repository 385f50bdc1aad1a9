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
