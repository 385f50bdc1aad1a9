#include "domain/live/live.h"

enum { ALSO_MAX = 100000 };

static const struct field event_fields[] = {
    F_INT(struct live_event, seq, .required = true, .doc = "Its number: the id of the event."),
    F_TIME(struct live_event, at, .required = true, .doc = "When."),
    F_ID(struct live_event, matter, .required = true, .doc = "The matter."),
    F_TEXT(struct live_event, number, .required = true, .doc = "Number people use."),
    F_TEXT(struct live_event, act, .required = true, .doc = "What was done."),
    F_TEXT(struct live_event, stage, .required = true, .doc = "Stage after."),
    F_TEXT(struct live_event, title, .doc = "What was asked, in a line; webhooks are not told."),
};
const struct entity live_event_entity = ENTITY(struct live_event, "LiveEvent", event_fields);

struct entry {
    int64_t seq, at, matter, account, requester;
    int64_t district, street, community, grid;
    struct str number, act, stage, title;
    enum tri public, confidential;
};
static const struct field entry_fields[] = {
    F_INT(struct entry, seq),          F_TIME(struct entry, at),
    F_ID(struct entry, matter),        F_ID(struct entry, account),
    F_ID(struct entry, requester),     F_ID(struct entry, district),
    F_ID(struct entry, street),        F_ID(struct entry, community),
    F_ID(struct entry, grid),          F_TEXT(struct entry, number),
    F_TEXT(struct entry, act),         F_TEXT(struct entry, stage),
    F_TEXT(struct entry, title),       F_BOOL(struct entry, public),
    F_BOOL(struct entry, confidential)};
static const struct entity entry_entity = ENTITY(struct entry, "LiveEntry", entry_fields);

struct sent {
    int64_t seq, party;
};
static const struct field sent_fields[] = {F_INT(struct sent, seq), F_ID(struct sent, party)};
static const struct entity sent_entity = ENTITY(struct sent, "LiveSent", sent_fields);

/* The parties of each entry's matter; both lists are in order of seq. */
static enum err S_parties(struct store *db, struct live *live, size_t n)
{
    struct list sent;
    TRY(store_all(db,
                  "SELECT e.seq, s.party FROM matter_event e JOIN matter_sent s "
                  "ON s.matter = e.matter WHERE e.seq >= $1 AND e.seq <= $2 ORDER BY e.seq",
                  ARGS(A_INT(live[0].seq), A_INT(live[n - 1].seq)), &sent_entity, n * PARTIES_MAX,
                  &sent));
    const struct sent *s = sent.items;
    for (size_t i = 0, at = 0; i < sent.n; i++) {
        while (at < n && live[at].seq < s[i].seq)
            at++;
        if (at < n && live[at].seq == s[i].seq && live[at].reach.party_count < PARTIES_MAX)
            live[at].reach.parties[live[at].reach.party_count++] = s[i].party;
    }
    return OK;
}

struct also {
    int64_t seq, person;
};
static const struct field also_fields[] = {F_INT(struct also, seq), F_ID(struct also, person)};
static const struct entity also_entity = ENTITY(struct also, "LiveAlso", also_fields);

/* The persons whom each entry's matter affects; both lists are in order of seq. What their
 * neighbours said is not told to them. */
static enum err S_affected(struct store *db, struct live *live, size_t n)
{
    struct list found;
    TRY(store_all(db,
                  "SELECT e.seq, a.person FROM matter_event e JOIN matter_household a "
                  "ON a.matter = e.matter WHERE e.seq >= $1 AND e.seq <= $2 AND e.public = 1 "
                  "AND a.person IS NOT NULL AND e.act NOT IN ('join', 'affect') ORDER BY e.seq "
                  "LIMIT $3",
                  ARGS(A_INT(live[0].seq), A_INT(live[n - 1].seq), A_INT(ALSO_MAX)), &also_entity,
                  ALSO_MAX, &found));
    const struct also *row = found.items;
    int64_t *person = arena_array(db->arena, found.n + 1, sizeof *person);
    if (!person)
        return ERR_MEMORY;
    for (size_t i = 0, at = 0; i < found.n; i++) {
        person[i] = row[i].person;
        while (at < n && live[at].seq < row[i].seq)
            at++;
        if (at == n)
            break;
        if (!live[at].also.n)
            live[at].also.items = &person[i];
        live[at].also.n++;
    }
    return OK;
}

enum err live_read(struct store *db, int64_t after, int64_t most, struct list *ret)
{
    struct list rows;
    TRY(store_all(db,
                  "SELECT e.seq, e.at, e.matter, e.act, e.account, e.to_stage AS stage, e.public, "
                  "m.number, m.title, m.requester, m.district, m.street, m.community, m.grid, "
                  "m.confidential FROM matter_event e JOIN matter m ON m.id = e.matter "
                  "WHERE e.seq > $1 AND e.act <> 'confirm' ORDER BY e.seq LIMIT $2",
                  ARGS(A_INT(after), A_INT(most)), &entry_entity, (size_t)most, &rows));
    *ret = (struct list){0};
    if (!rows.n)
        return OK;
    const struct entry *row = rows.items;
    struct live *live = arena_array(db->arena, rows.n, sizeof *live);
    struct live_event *event = arena_array(db->arena, rows.n, sizeof *event);
    if (!live || !event)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows.n; i++) {
        event[i] = (struct live_event){.seq = row[i].seq,
                                       .at = row[i].at,
                                       .matter = row[i].matter,
                                       .number = row[i].number,
                                       .act = row[i].act,
                                       .stage = row[i].stage,
                                       .title = row[i].title};
        live[i].seq = row[i].seq;
        live[i].account = row[i].account;
        live[i].internal = row[i].public == NO;
        live[i].event = &event[i];
        live[i].reach.matter = row[i].matter;
        live[i].reach.person = row[i].requester;
        live[i].reach.at = (struct ancestors){.district = row[i].district,
                                              .street = row[i].street,
                                              .community = row[i].community,
                                              .grid = row[i].grid};
    }
    *ret = (struct list){live, rows.n};
    TRY(S_parties(db, live, rows.n));
    TRY(S_affected(db, live, rows.n));
    /* What is confidential lies nowhere, and is told to who asked alone. */
    for (size_t i = 0; i < rows.n; i++) {
        if (row[i].confidential == YES)
            live[i].reach.party_count = live[i].also.n = 0;
    }
    return OK;
}

enum err live_last(struct store *db, int64_t *ret)
{
    TRY(store_int(db, "SELECT max(seq) FROM matter_event", NO_ARGS, ret));
    if (*ret == NO_INT)
        *ret = 0;
    return OK;
}

static const struct feed feed = {.name = "matter", .read = live_read, .last = live_last};

static const struct field in_fields[] = {
    F_INT(struct feed_in, after, .from = IN_QUERY, .min = 0, .max = INT64_MAX,
          .doc = "What came after this event's id; a Last-Event-ID header comes before it. "
                 "Without either: from now on."),
};
static const struct entity in_entity = ENTITY(struct feed_in, "LiveIn", in_fields);

static const struct route routes[] = {
    {.op = "live.stream",
     .verb = "GET",
     .path = "/api/live",
     .work = STREAM,
     .perm = PERM_MATTER_READ,
     .feed = &feed,
     .in = &in_entity,
     .out = &live_event_entity,
     .status = 200,
     .doc = "What happens to the matters within your reach, as it happens."},
};

const struct module live_module = {.name = "live",
                                   .doc = "What happens, told as it happens.",
                                   .source = "src/domain/live/live.c",
                                   .routes = routes,
                                   .n = COUNT_OF(routes)};
