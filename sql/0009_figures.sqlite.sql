-- Figures: what indicators count, kept as matters change. A part is what one matter gives to one
-- indicator; sums stand ready for every unit above it, by month, in all (kind and source '') and by
-- kind and source. All of it is computed from matter and matter_event and can be computed anew.

-- Dealt with in another system and replayed: of it only arrival, ending and whether that was in time
-- are known. Until now only those had neither an account nor a tracking code.
ALTER TABLE matter ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
UPDATE matter SET imported = 1 WHERE reporter IS NULL AND tracking IS NULL;

-- Where matters lay when they were counted; 0: none. What is counted keeps the place of its time.
CREATE TABLE figure_place (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    province INTEGER NOT NULL, city INTEGER NOT NULL, district INTEGER NOT NULL,
    street INTEGER NOT NULL, community INTEGER NOT NULL, grid INTEGER NOT NULL
);
CREATE UNIQUE INDEX figure_place_all ON figure_place (district, street, community, grid, city, province);
CREATE INDEX figure_place_province ON figure_place (province, id);
CREATE INDEX figure_place_city ON figure_place (city, id);
CREATE INDEX figure_place_street ON figure_place (street, id);
CREATE INDEX figure_place_community ON figure_place (community, id);
CREATE INDEX figure_place_grid ON figure_place (grid, id);

CREATE TABLE figure_part (
    matter INTEGER NOT NULL,
    indicator INTEGER NOT NULL,      -- key of the definition (pack/indicator.h)
    place INTEGER NOT NULL,
    month INTEGER NOT NULL,          -- 202611, in Asia/Shanghai
    state INTEGER NOT NULL,          -- 1 left out, 2 counts, 3 counts and meets
    amount INTEGER NOT NULL,         -- weight, or what was measured
    bucket INTEGER NOT NULL,         -- of what was measured, when it is a time; else -1
    PRIMARY KEY (matter, indicator)
) WITHOUT ROWID;
CREATE INDEX figure_part_place ON figure_part (place, indicator, state, month, matter);

CREATE TABLE figure (
    unit INTEGER NOT NULL,
    indicator INTEGER NOT NULL,
    kind TEXT NOT NULL, source TEXT NOT NULL, -- both '': all together
    month INTEGER NOT NULL,
    county INTEGER NOT NULL,         -- whose matters: units above a county have a row for each
    n INTEGER NOT NULL,              -- matters that count
    skipped INTEGER NOT NULL,        -- matters left out
    total INTEGER NOT NULL,          -- amounts of those that count: weights, or what was measured
    met INTEGER NOT NULL,            -- amounts of those that meet
    PRIMARY KEY (unit, indicator, kind, month, source, county)
) WITHOUT ROWID;

-- How what was measured is spread: matters a bucket, for quantiles.
CREATE TABLE figure_spread (
    unit INTEGER NOT NULL,
    indicator INTEGER NOT NULL,
    kind TEXT NOT NULL, source TEXT NOT NULL,
    month INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    county INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (unit, indicator, kind, month, source, bucket, county)
) WITHOUT ROWID;
