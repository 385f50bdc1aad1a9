-- Notices: who is told what, and how it reaches them.

CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    account INTEGER,                 -- who is told; NULL: a person without an account
    person INTEGER,
    matter INTEGER NOT NULL,
    seq INTEGER NOT NULL,            -- of the event; 0: time itself
    at INTEGER NOT NULL,
    act TEXT NOT NULL,
    asked INTEGER NOT NULL,          -- told as who asked, not as who works on it
    due_at INTEGER,
    unread INTEGER NOT NULL,
    house INTEGER                    -- told as a household the matter affects: its seq there
);
CREATE INDEX notice_account ON notice (account, unread, id) WHERE account IS NOT NULL;
CREATE INDEX notice_at ON notice (at);

-- How somebody wants to be told: one row for an account, or for a person without one.
CREATE TABLE preference (
    who INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    channel TEXT NOT NULL,           -- in_app sms wechat call slip
    address BLOB, key BLOB,          -- wechat: the openid, sealed
    at INTEGER NOT NULL
);

-- What is on its way out of the house. next_at says when a worker may take it; a worker that has
-- taken it moves next_at to the end of its lease. NULL: nothing is to be done by a machine.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    channel TEXT NOT NULL,           -- sms wechat webhook call slip
    state TEXT NOT NULL,             -- waiting sending sent failed given_up
    why TEXT,                        -- call, slip: chosen no_phone failed
    notice INTEGER, webhook INTEGER,
    account INTEGER, person INTEGER,
    matter INTEGER NOT NULL, seq INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER, -- where the person lives
    created_at INTEGER NOT NULL,
    next_at INTEGER,
    attempts INTEGER NOT NULL,
    error TEXT,                      -- a code, never what the other side said
    ended_at INTEGER,
    outcome TEXT, caller INTEGER,    -- call, slip
    label TEXT                       -- slip: the door, when nobody there is on record
);
CREATE INDEX outbox_next ON outbox (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_district ON outbox (district, id) WHERE state = 'waiting' AND next_at IS NULL;
CREATE INDEX outbox_street ON outbox (street, id) WHERE state = 'waiting' AND next_at IS NULL;
CREATE INDEX outbox_community ON outbox (community, id) WHERE state = 'waiting' AND next_at IS NULL;
CREATE INDEX outbox_grid ON outbox (grid, id) WHERE state = 'waiting' AND next_at IS NULL;
CREATE INDEX outbox_matter ON outbox (matter, id);
CREATE INDEX outbox_by_hand ON outbox (matter, label, person) WHERE state = 'waiting' AND next_at IS NULL;
CREATE INDEX outbox_created ON outbox (created_at);
CREATE INDEX outbox_webhook ON outbox (webhook, id) WHERE webhook IS NOT NULL;

-- Where a unit has its events sent.
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY,
    county INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    district INTEGER, street INTEGER, community INTEGER, grid INTEGER,
    url TEXT NOT NULL,
    acts TEXT NOT NULL,              -- ',order,submit,'; ',' is all
    secret BLOB NOT NULL, key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
);
CREATE INDEX webhook_unit ON webhook (unit) WHERE ended_at IS NULL;
CREATE INDEX webhook_district ON webhook (district, id);
CREATE INDEX webhook_street ON webhook (street, id);
CREATE INDEX webhook_community ON webhook (community, id);
CREATE INDEX webhook_grid ON webhook (grid, id);

-- Whom to tell is found by place, by party and by person.
CREATE INDEX hat_unit ON hat (unit) WHERE unit IS NOT NULL;
CREATE INDEX hat_party ON hat (party) WHERE party IS NOT NULL;
CREATE INDEX account_person ON account (person) WHERE person IS NOT NULL;
CREATE INDEX matter_watch_matter ON matter_watch (matter);

-- What happened before is no news.
INSERT INTO setting (name, value) SELECT 'notice_seq', COALESCE(max(seq), 0) FROM matter_event;
