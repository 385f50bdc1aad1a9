/* What other domains keep with a matter: its key, and an act that has to wait. */
#include "domain/matter/matter.h"

#include <sodium.h>

enum err matter_key(struct store *db, int64_t id, unsigned char key[KEY_SIZE])
{
    struct str wrapped = NO_STR;
    TRY(store_text(db, "SELECT contact_key FROM matter WHERE id = $1", ARGS(A_INT(id)), &wrapped));
    return wrapped.p ? vault_unwrap(db, ID_COUNTY(id), wrapped, key) : ERR_NOT_FOUND;
}

enum err matter_key_make(struct store *db, int64_t id, unsigned char key[KEY_SIZE])
{
    struct str wrapped = NO_STR;
    enum err err = matter_key(db, id, key);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(vault_new_key(db, ID_COUNTY(id), key, &wrapped));
    return store_exec(db, "UPDATE matter SET contact_key = $2 WHERE id = $1",
                      ARGS(A_INT(id), A_BLOB(wrapped)), NULL);
}

enum err matter_hold(struct store *db, int64_t id, enum act act)
{
    return store_exec(db, "UPDATE matter SET held = $2 WHERE id = $1",
                      ARGS(A_INT(id), A_TEXT(str_of(act_names[act]))), NULL);
}

enum err matter_say(struct store *db, const struct actor *by, int64_t id, struct str text)
{
    struct matter m;
    const struct hat *hat = actor_hat(by);
    const struct matter_act said = {.id = id, .text = text, .public = YES, .score = NO_INT};
    TRY(matter_load(db, id, &m));
    unsigned sides = hat ? matter_sides(by, hat, &m) : 0;
    /* Of somebody who has no side in the matter only the fact is told, and not who. */
    return sides ? matter_event_write(db, &m, by, hat, ACT_COMMENT, sides, m.stage, &said)
                 : matter_event_write(db, &m, NULL, NULL, ACT_COMMENT, 0, m.stage, &said);
}
