#include "gate/gate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Sets of a direct-mapped cache: two sessions that meet in a slot take turns, nothing worse. */
enum { CACHE_SLOTS_ = 8192, TOKEN_BYTES = 20, NAME_MAX_ = 96 };

struct kept {
    unsigned char hash[HASH_SIZE];
    uint64_t epoch;
    int64_t until; /* believed until */
    char name[NAME_MAX_];
    struct actor actor;
    bool used;
};

struct session_cache {
    pthread_mutex_t lock;
    atomic_uint_fast64_t epoch;
    struct kept *slots[CACHE_SLOTS_];
};

struct session_cache *session_cache_new(void)
{
    struct session_cache *c = calloc(1, sizeof *c);
    if (c)
        pthread_mutex_init(&c->lock, NULL);
    return c;
}

void session_cache_free(struct session_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CACHE_SLOTS_; i++)
        free(c->slots[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void gate_changed(struct session_cache *c)
{
    atomic_fetch_add(&c->epoch, 1);
}

static size_t S_slot(const unsigned char hash[HASH_SIZE])
{
    return (hash[0] | (size_t)hash[1] << 8) % CACHE_SLOTS_;
}

static bool S_cached(struct session_cache *c, const unsigned char hash[HASH_SIZE], int64_t now,
                     struct arena *a, struct actor *ret)
{
    pthread_mutex_lock(&c->lock);
    const struct kept *k = c->slots[S_slot(hash)];
    bool hit = k && k->used && memcmp(k->hash, hash, HASH_SIZE) == 0 &&
               k->epoch == atomic_load(&c->epoch) && now < k->until &&
               now > k->until - (int64_t)2 * SESSION_TRUST_MS;
    if (hit) {
        *ret = k->actor;
        ret->name = arena_str(a, k->actor.name);
    }
    pthread_mutex_unlock(&c->lock);
    return hit;
}

static void S_keep(struct session_cache *c, const unsigned char hash[HASH_SIZE], uint64_t epoch,
                   int64_t until, const struct actor *actor)
{
    pthread_mutex_lock(&c->lock);
    struct kept **slot = &c->slots[S_slot(hash)];
    if (!*slot)
        *slot = calloc(1, sizeof **slot);
    struct kept *k = *slot;
    if (k && actor->name.n < NAME_MAX_) {
        memcpy(k->hash, hash, HASH_SIZE);
        k->epoch = epoch;
        k->until = until;
        k->actor = *actor;
        if (actor->name.n)
            memcpy(k->name, actor->name.p, actor->name.n);
        k->actor.name = (struct str){k->name, actor->name.n};
        k->used = true;
    }
    pthread_mutex_unlock(&c->lock);
}

struct session_row {
    int64_t account, matter, county, person, expires_at;
    struct str name;
};
static const struct field session_fields[] = {
    F_ID(struct session_row, account),      F_ID(struct session_row, matter),
    F_INT(struct session_row, county),      F_ID(struct session_row, person),
    F_TIME(struct session_row, expires_at), F_TEXT(struct session_row, name)};
static const struct entity session_entity =
    ENTITY(struct session_row, "SessionRow", session_fields);

struct hat_row {
    int64_t id, unit, party, person;
    int64_t province, city, district, street, community, grid;
    struct str role, level;
};
static const struct field hat_fields[] = {
    F_ID(struct hat_row, id),       F_ID(struct hat_row, unit),     F_ID(struct hat_row, party),
    F_ID(struct hat_row, person),   F_ID(struct hat_row, province), F_ID(struct hat_row, city),
    F_ID(struct hat_row, district), F_ID(struct hat_row, street),   F_ID(struct hat_row, community),
    F_ID(struct hat_row, grid),     F_TEXT(struct hat_row, role),   F_TEXT(struct hat_row, level)};
static const struct entity hat_entity = ENTITY(struct hat_row, "HatRow", hat_fields);

static enum err S_hats(struct store *db, struct actor *ret)
{
    struct list rows;
    TRY(store_all(db,
                  "SELECT hat.id, hat.role, hat.unit, hat.party, hat.person, unit.level, "
                  "unit.province, unit.city, unit.district, unit.street, unit.community, unit.grid "
                  "FROM hat LEFT JOIN unit ON unit.id = hat.unit "
                  "WHERE hat.account = $1 AND (hat.until IS NULL OR hat.until > $2) "
                  "ORDER BY hat.id LIMIT $3",
                  ARGS(A_INT(ret->account), A_INT(db->now), A_INT(HATS_MAX)), &hat_entity, HATS_MAX,
                  &rows));
    const struct hat_row *row = rows.items;
    for (size_t i = 0; i < rows.n; i++) {
        enum role role = role_parse(row[i].role);
        ret->hats[i] = (struct hat){
            .id = row[i].id,
            .role = role,
            .kind = role_kind(role),
            .unit = row[i].unit,
            .level = row[i].level.p ? level_parse(row[i].level) : LEVEL_NONE,
            .party = row[i].party,
            .person = row[i].person,
            .at = {row[i].province, row[i].city, row[i].district, row[i].street, row[i].community,
                   row[i].grid},
        };
        /* A person party makes whoever holds a unit role also a party of its own. */
        if (row[i].party && ret->hats[i].kind != HAT_SELF)
            ret->hats[i].kind = HAT_PARTY;
    }
    ret->n = rows.n;
    return OK;
}

enum err gate_identify(struct store *db, struct session_cache *c, struct str token,
                       struct actor *ret)
{
    unsigned char hash[HASH_SIZE];
    *ret = (struct actor){0};
    if (!token.p)
        return OK;
    vault_hash(db->world->vault, HASH_SESSION, token, hash);
    return gate_identify_session(db, c, hash, ret);
}

enum err gate_identify_session(struct store *db, struct session_cache *c,
                               const unsigned char hash[HASH_SIZE], struct actor *ret)
{
    struct session_row row;
    *ret = (struct actor){0};
    /* Read before the row: a change committed meanwhile makes what is kept stale at once. */
    uint64_t epoch = atomic_load(&c->epoch);
    if (S_cached(c, hash, db->now, db->arena, ret))
        return OK;
    enum err err =
        store_one(db,
                  "SELECT session.account, session.matter, session.expires_at, account.county, "
                  "account.person, account.name FROM session LEFT JOIN account "
                  "ON account.id = session.account AND account.disabled_at IS NULL "
                  "WHERE session.hash = $1 AND session.expires_at > $2 "
                  "AND (session.matter IS NOT NULL OR account.id IS NOT NULL)",
                  ARGS(A_BLOB(((struct str){(const char *)hash, HASH_SIZE})), A_INT(db->now)),
                  &session_entity, &row);
    if (err == ERR_NOT_FOUND)
        return store_fault(db, ERR_UNAUTHENTICATED, "", "session",
                           "登录已失效，请重新登录。没有丢失任何内容。",
                           "Your session has ended; sign in again. Nothing was lost.");
    TRY(err);
    memcpy(ret->session, hash, HASH_SIZE);
    ret->account = row.account;
    ret->person = row.person;
    ret->county = row.matter ? ID_COUNTY(row.matter) : row.county;
    ret->name = row.name;
    if (row.matter) {
        ret->n = 1;
        ret->hats[0] = (struct hat){.role = ROLE_RESIDENT, .kind = HAT_SELF, .matter = row.matter};
    } else {
        TRY(S_hats(db, ret));
    }
    int64_t until = db->now + SESSION_TRUST_MS;
    S_keep(c, hash, epoch, until < row.expires_at ? until : row.expires_at, ret);
    return OK;
}

enum err session_start(struct store *db, int64_t account, int64_t matter, struct str *token,
                       int64_t *expires_at)
{
    unsigned char hash[HASH_SIZE];
    *token = token_new(TOKEN_BYTES, db->arena);
    if (!token->p)
        return ERR_MEMORY;
    vault_hash(db->world->vault, HASH_SESSION, *token, hash);
    *expires_at = db->now + (matter ? (int64_t)SESSION_TRACKING_HOURS * 3600000
                                    : (int64_t)SESSION_DAYS * 86400000);
    return store_exec(db,
                      "INSERT INTO session (hash, account, matter, created_at, expires_at) "
                      "VALUES ($1, $2, $3, $4, $5)",
                      ARGS(A_BLOB(((struct str){(const char *)hash, HASH_SIZE})), A_ID(account),
                           A_ID(matter), A_INT(db->now), A_INT(*expires_at)),
                      NULL);
}
