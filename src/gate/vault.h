/* Keys, and everything made with them. One master key per data folder, in keys/master.key beside
 * the database (0600), made on first use; it wraps a key per county, which wraps a key per person
 * or matter. Content is sealed with XChaCha20-Poly1305 (nonce before the ciphertext); what must be
 * found or compared without being readable is a keyed BLAKE2b hash for one purpose only, so that
 * hashes for two purposes never match. Every result lives in the given arena; NO_STR means no
 * memory, or for open, that the text was altered or the key is another.
 *
 * A vault may be used from any thread: its county keys are behind a lock. */
#ifndef GATE_VAULT_H
#define GATE_VAULT_H

#include "store/store.h"

struct vault;

MUST enum err vault_open(struct str folder, struct vault **ret, const char **why);
void vault_close(struct vault *v);

enum purpose {
    HASH_SESSION,  /* a session token, as found in the table */
    HASH_LINK,     /* a one-time link */
    HASH_TRACKING, /* a tracking code */
    HASH_KEY,      /* an Idempotency-Key */
    HASH_REQUEST,  /* what was asked under it */
    HASH_PHONE,
    HASH_ID_NUMBER,
    HASH_PURPOSES
};
enum { HASH_SIZE = 16, KEY_SIZE = 32 };
void vault_hash(struct vault *v, enum purpose purpose, struct str s, unsigned char ret[HASH_SIZE]);
struct str vault_hash_str(struct vault *v, enum purpose purpose, struct str s, struct arena *a);

/* A new key for one person or matter of a county, wrapped for storing. Inside a command. */
MUST enum err vault_new_key(struct store *db, int64_t county, unsigned char key[KEY_SIZE],
                            struct str *wrapped);
MUST enum err vault_unwrap(struct store *db, int64_t county, struct str wrapped,
                           unsigned char key[KEY_SIZE]);

struct str seal(const unsigned char key[KEY_SIZE], struct str clear, struct arena *a);
struct str unseal(const unsigned char key[KEY_SIZE], struct str sealed, struct arena *a);

/* Seals an idempotent answer so that only who holds the client's key, and this master key, can
 * read it again. */
struct str vault_seal_answer(struct vault *v, struct str client_key, struct str clear,
                             struct arena *a);
struct str vault_unseal_answer(struct vault *v, struct str client_key, struct str sealed,
                               struct arena *a);

/* `bytes` random bytes as base32 (Crockford, lower case): 16 gives 26 characters. */
struct str token_new(size_t bytes, struct arena *a);

#endif
