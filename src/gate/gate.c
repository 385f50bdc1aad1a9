#include "gate/gate.h"

static enum err S_forbidden(struct store *db, const struct actor *by)
{
    if (!by->account && !by->n)
        return store_fault(db, ERR_UNAUTHENTICATED, "", "sign_in", "请先登录。", "Sign in first.");
    if (by->named)
        return store_fault(db, ERR_FORBIDDEN, "Linli-Hat", "hat", "这个身份不能做这件事。",
                           "This hat may not do that.");
    return store_fault(db, ERR_FORBIDDEN, "", "permission", "您没有做这件事的权限。",
                       "None of your hats may do that.");
}

/* Which hats have the permission, the named one alone when one is named. */
static size_t S_permit(const struct route *r, struct actor *by)
{
    size_t count = 0;
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        by->admitted[i] = (!by->named || by->named == h->id) &&
                          (r->perm == PERM_SIGNED_IN || role_may(h->role, r->perm));
        count += by->admitted[i];
    }
    return count;
}

enum err gate_permit(struct store *db, const struct route *r, struct actor *by)
{
    size_t count = S_permit(r, by);
    bool open = r->perm == PERM_PUBLIC || (r->perm == PERM_SIGNED_IN && by->account != 0);
    return count || open ? OK : S_forbidden(db, by);
}

enum err gate_admit(struct store *db, const struct route *r, struct actor *by, const void *in)
{
    size_t count = 0;
    struct reach reach = {.by = by};
    TRY(gate_permit(db, r, by));
    if (!r->reach)
        return OK;
    int64_t subject = ((const struct subject_in *)in)->id;
    TRY(r->reach(db, subject, &reach));
    for (size_t i = 0; i < by->n; i++) {
        by->admitted[i] = by->admitted[i] && hat_reaches(&by->hats[i], &reach);
        count += by->admitted[i];
    }
    *db->note =
        (struct note){.subject = subject, .district = reach.at.district, .street = reach.at.street};
    return count || r->perm == PERM_PUBLIC ? OK : ERR_NOT_FOUND;
}
