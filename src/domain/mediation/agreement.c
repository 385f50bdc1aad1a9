/* The agreement and its signatures. A signature's hash is SHA-256 over four lines: the text, the
 * signer's id, the time in ms and the strokes; whoever holds these can compute it with any tool. */
#include "domain/mediation/mediation.h"

#include "domain/matter/matter.h"

#include <ctype.h>
#include <sodium.h>

/* M12,30 L13,34 L… M…: nothing but the pen put down and moved, so that no page that draws it can be
 * made to do anything else. */
bool form_strokes(struct str s)
{
    size_t at = 0, marks = 0;
    while (at < s.n) {
        char command = s.p[at++];
        if (command != 'M' && (command != 'L' || marks == 0))
            return false;
        for (int coordinate = 0; coordinate < 2; coordinate++) {
            size_t digits = 0;
            for (; at < s.n && isdigit((unsigned char)s.p[at]) && digits < 4; at++)
                digits++;
            if (!digits)
                return false;
            if (coordinate == 0 && (at == s.n || s.p[at++] != ','))
                return false;
        }
        marks++;
        if (at < s.n && s.p[at++] != ' ')
            return false;
    }
    return marks >= MARKS_LEAST && s.p[s.n - 1] != ' ';
}

static struct str S_sha256(struct store *db, struct str s)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[crypto_hash_sha256_BYTES * 2 + 1];
    crypto_hash_sha256(hash, (const unsigned char *)s.p, s.n);
    return arena_str(db->arena, str_of(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash)));
}

static struct str S_signature_hash(struct store *db, struct str text, int64_t signer, int64_t at,
                                   struct str drawn)
{
    struct str all = arena_printf(db->arena, STR_F "\n%lld\n%lld\n" STR_F, STR_A(text),
                                  (long long)signer, (long long)at, STR_A(drawn));
    return all.p ? S_sha256(db, all) : NO_STR;
}

/* ---- writing ---- */

static enum err S_insert(struct store *db, const struct actor *by, const struct agreement_new *in)
{
    unsigned char key[KEY_SIZE];
    int64_t id = 0;
    struct str hash = S_sha256(db, in->text);
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(matter_key_make(db, in->id, key));
    struct str sealed = seal(key, in->text, db->arena);
    sodium_memzero(key, sizeof key);
    if (!sealed.p || !hash.p)
        return ERR_MEMORY;
    db->note->reason = hash;
    TRY(store_exec(db,
                   "INSERT INTO mediation_agreement (id, county, matter, text, hash, account, at) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_BLOB(sealed),
                        A_TEXT(hash), A_INT(by->account), A_INT(db->now)),
                   NULL));
    return store_exec(db, "UPDATE mediation SET agreement = $2 WHERE matter = $1",
                      ARGS(A_INT(in->id), A_INT(id)), NULL);
}

enum err mediation_agree(struct store *db, const struct actor *by, const struct agreement_new *in)
{
    struct mediation d;
    struct matter m;
    bool runs = false;
    TRY(mediation_get(db, in->id, &d));
    TRY(mediation_runs(db, by, in->id, &m, &runs));
    if (!runs)
        return store_fault(db, ERR_FORBIDDEN, "/act", "side", "协议由调解员或负责单位来写。",
                           "Who mediates, or the unit in charge, writes the agreement.");
    if (d.signatures.n && !in->void_reason.p)
        return store_fault(db, ERR_CONFLICT, "/text", "signed",
                           "已有人签字，协议不能改；确要改，请写明原因，所有签字作废重签。",
                           "It has been signed. Give void_reason to void all signatures and begin "
                           "anew.");
    if (d.agreement)
        TRY(store_exec(db,
                       "UPDATE mediation_agreement SET voided_at = $2, void_reason = $3 "
                       "WHERE id = $1",
                       ARGS(A_INT(d.agreement), A_INT(db->now), A_TEXT(in->void_reason)), NULL));
    TRY(S_insert(db, by, in));
    return d.signatures.n ? matter_say(db, by, in->id, S("调解协议重写，原签字作废。")) : OK;
}

static const struct mediation_person *S_signer(const struct mediation *d, int64_t id)
{
    const struct mediation_person *p = d->persons.items;
    for (size_t i = 0; i < d->persons.n; i++) {
        if (p[i].id == id)
            return &p[i];
    }
    return NULL;
}

/* A person signs for oneself, a firm for itself; in front of a mediator everybody may. */
static bool S_own(const struct actor *by, const struct mediation_person *signer)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        bool same =
            (h->person && h->person == signer->person) || (h->party && h->party == signer->party);
        if (by->admitted[i] && same)
            return true;
    }
    return false;
}

static enum err S_look(struct store *db, const struct actor *by, const struct signature_new *in,
                       const struct mediation *d)
{
    struct matter m;
    bool runs = false;
    const struct mediation_person *signer = S_signer(d, in->signer);
    TRY(mediation_runs(db, by, in->id, &m, &runs));
    if (!d->agreement)
        return store_fault(db, ERR_CONFLICT, "/hash", "none", "还没有协议可签。",
                           "There is no agreement to sign yet.");
    if (!str_eq(d->hash, in->hash))
        return store_fault(db, ERR_CONFLICT, "/hash", "stale", "协议内容已经变了，请重新看过再签。",
                           "The text has changed; read it again before signing.");
    if (!signer)
        return store_fault(db, ERR_INVALID, "/signer", "unknown", "调解里没有这个人。",
                           "Nobody of that id is in this mediation.");
    if (!runs && !S_own(by, signer))
        return store_fault(db, ERR_FORBIDDEN, "/signer", "side", "只能签自己的名字。",
                           "One signs for oneself only.");
    if (signer->has_signed == YES)
        return store_fault(db, ERR_CONFLICT, "/signer", "signed", "已经签过字。",
                           "They have signed already.");
    return OK;
}

enum err mediation_sign(struct store *db, const struct actor *by, const struct signature_new *in)
{
    struct mediation d;
    unsigned char key[KEY_SIZE];
    int64_t id = 0;
    TRY(mediation_get(db, in->id, &d));
    TRY(S_look(db, by, in, &d));
    TRY(store_id(db, ID_COUNTY(in->id), &id));
    TRY(matter_key(db, in->id, key));
    struct str sealed = seal(key, in->drawn, db->arena);
    sodium_memzero(key, sizeof key);
    struct str hash = S_signature_hash(db, d.text, in->signer, db->now, in->drawn);
    if (!sealed.p || !hash.p)
        return ERR_MEMORY;
    db->note->reason = hash;
    TRY(store_exec(
        db,
        "INSERT INTO mediation_signature (id, county, matter, agreement, signer, drawn, hash, "
        "account, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        ARGS(A_INT(id), A_INT(ID_COUNTY(id)), A_INT(in->id), A_INT(d.agreement), A_INT(in->signer),
             A_BLOB(sealed), A_TEXT(hash), A_INT(by->account), A_INT(db->now)),
        NULL));
    TRY(mediation_get(db, in->id, &d));
    return d.concluded == YES ? matter_say(db, by, in->id, S("调解协议已由各方签字。")) : OK;
}

/* ---- verifying ---- */

enum err mediation_verify(struct store *db, int64_t id, struct mediation_verified *ret)
{
    struct mediation d;
    TRY(mediation_get(db, id, &d));
    const struct mediation_signature *s = d.signatures.items;
    struct verified_signature *out = arena_array(db->arena, d.signatures.n + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    bool text = d.text.p && str_eq(S_sha256(db, d.text), d.hash);
    bool whole = text;
    for (size_t i = 0; i < d.signatures.n; i++) {
        bool readable = d.text.p && s[i].drawn.p;
        bool same =
            readable &&
            str_eq(S_signature_hash(db, d.text, s[i].signer, s[i].at, s[i].drawn), s[i].hash);
        out[i] = (struct verified_signature){s[i].id, s[i].signer, same ? YES : NO};
        whole = whole && same;
    }
    *ret = (struct mediation_verified){.whole = whole ? YES : NO,
                                       .text = text ? YES : NO,
                                       .hash = d.hash,
                                       .signatures = {out, d.signatures.n}};
    return OK;
}
