#include "gate/gate.h"

#include <string.h>

struct once_row {
    struct str request, answer;
    int64_t status;
};
static const struct field once_fields[] = {F_TEXT(struct once_row, request),
                                           F_TEXT(struct once_row, answer),
                                           F_INT(struct once_row, status)};
static const struct entity once_entity = ENTITY(struct once_row, "Once", once_fields);

enum { KEEP_DAYS = 30, KEY_HEAD = 13, KEY_STORED = KEY_HEAD + HASH_SIZE };

/* A key as stored: its first characters, then its hash. The first 13 characters of a UUIDv7 are
 * its time, so the keys of our own clients arrive in order and fill the table page after page;
 * keys of any other form are as good, they only land all over it. */
static struct str S_stored_key(struct vault *v, struct str key, unsigned char ret[KEY_STORED])
{
    memset(ret, 0, KEY_HEAD);
    memcpy(ret, key.p, key.n < KEY_HEAD ? key.n : KEY_HEAD);
    vault_hash(v, HASH_KEY, key, ret + KEY_HEAD);
    return (struct str){(const char *)ret, KEY_STORED};
}

enum err once_find(struct store *db, const struct once *o, int64_t *status, struct str *answer)
{
    struct vault *v = db->world->vault;
    struct once_row row;
    unsigned char key[KEY_STORED], request[HASH_SIZE];
    TRY(store_one(
        db, "SELECT request, answer, status FROM idempotency WHERE account = $1 AND key = $2",
        ARGS(A_INT(o->account), A_BLOB(S_stored_key(v, o->key, key))), &once_entity, &row));
    vault_hash(v, HASH_REQUEST, o->request, request);
    if (!str_eq(row.request, (struct str){(const char *)request, HASH_SIZE}))
        return ERR_CONFLICT;
    *status = row.status;
    *answer = vault_unseal_answer(v, o->key, row.answer, db->arena);
    return answer->p ? OK : ERR_STORE;
}

enum err once_keep(struct store *db, const struct once *o, int64_t status, struct str answer)
{
    struct vault *v = db->world->vault;
    unsigned char key[KEY_STORED], request[HASH_SIZE];
    int64_t kept = 0;
    vault_hash(v, HASH_REQUEST, o->request, request);
    struct str sealed = vault_seal_answer(v, o->key, answer.p ? answer : S(""), db->arena);
    if (!sealed.p)
        return ERR_MEMORY;
    TRY(store_exec(db,
                   "INSERT INTO idempotency (account, key, request, status, answer, at) "
                   "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, key) DO NOTHING",
                   ARGS(A_INT(o->account), A_BLOB(S_stored_key(v, o->key, key)),
                        A_BLOB(((struct str){(const char *)request, HASH_SIZE})), A_INT(status),
                        A_BLOB(sealed), A_INT(db->now)),
                   &kept));
    return kept ? OK : ERR_CONFLICT;
}

enum err once_purge(struct store *db)
{
    return store_exec(db, "DELETE FROM idempotency WHERE at < $1",
                      ARGS(A_INT(db->now - (int64_t)KEEP_DAYS * 86400000)), NULL);
}
