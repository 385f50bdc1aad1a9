#include "gate/feed.h"

static bool S_also(const struct hat *h, const struct live *e)
{
    const int64_t *person = e->also.items;
    for (size_t i = 0; h->kind == HAT_SELF && !h->matter && i < e->also.n; i++) {
        if (h->person && person[i] == h->person)
            return true;
    }
    return false;
}

bool live_visible(const struct actor *by, const struct live *e)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        bool inside = h->kind == HAT_UNIT || (by->account && by->account == e->account);
        bool reached = hat_reaches(h, &e->reach) || S_also(h, e);
        if (by->admitted[i] && (!e->internal || inside) && reached)
            return true;
    }
    return false;
}
