#include "gate/gate.h"

#include <sodium.h>
#include <string.h>

struct str password_hash(struct str password, struct arena *a)
{
    char *hash = arena_alloc(a, crypto_pwhash_STRBYTES);
    if (!hash || crypto_pwhash_str(hash, password.p, password.n, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return NO_STR;
    return str_of(hash);
}

bool password_matches(struct str hash, struct str password)
{
    char text[crypto_pwhash_STRBYTES] = {0};
    if (hash.n >= sizeof text)
        return false;
    memcpy(text, hash.p, hash.n);
    return crypto_pwhash_str_verify(text, password.p, password.n) == 0;
}
