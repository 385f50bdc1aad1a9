#include "gate/feed.h"

bool live_visible(const struct actor *by, const struct live *e)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        bool inside = h->kind == HAT_UNIT || (by->account && by->account == e->account);
        if (by->admitted[i] && (!e->internal || inside) && hat_reaches(h, &e->reach))
            return true;
    }
    return false;
}
