/* Chains: one matter leads to the next, in the order the pack gives, and what has no next in time
 * is listed, so that none is lost on the way. A matter stands in a chain once, behind one other;
 * the one without is the head. */
#include "domain/casework/casework.h"

#include "domain/people/scope.h"

enum { CHAIN_MEMBERS_MAX = 200 };

/* A matter's place in a chain, as stored and, with its matter, as sent. */
struct member {
    int64_t node, matter, head, prev, seq, next_by, ended_at, created_at, closed_at;
    struct str chain, link, next_name, words, number, kind, title, stage, outcome;
    enum tri open;
};
static const struct field member_fields[] = {
    F_ID(struct member, matter, .required = true, .doc = "The matter."),
    F_ID(struct member, prev, .doc = "The matter before it; none for the head."),
    F_TEXT(struct member, chain, .required = true, .doc = "Code of the chain."),
    F_TEXT(struct member, link, .required = true, .doc = "Code of the link it is."),
    F_INT(struct member, seq, .required = true, .doc = "The link's place in the chain, from 0."),
    F_TEXT(struct member, number, .required = true, .doc = "The matter's number."),
    F_TEXT(struct member, kind, .required = true, .doc = "Its kind."),
    F_TEXT(struct member, title, .required = true, .doc = "What it is about."),
    F_TEXT(struct member, stage, .required = true, .doc = "Its stage."),
    F_TEXT(struct member, outcome, .required = true, .codes = outcome_names, .doc = "Its outcome."),
    F_BOOL(struct member, open, .required = true, .doc = "Not yet in a final stage."),
    F_TIME(struct member, created_at, .required = true, .doc = "When it came in."),
    F_TIME(struct member, closed_at, .doc = "When it reached a final stage."),
    F_TEXT(struct member, next_name, .doc = "What is to come of it; none when it has come."),
    F_TIME(struct member, next_by, .doc = "By when."),
    F_TIME(struct member, ended_at, .doc = "When it was said that nothing is to come."),
    F_TEXT(struct member, words, .lines = true, .doc = "Why not; for those who work on it."),
};
const struct entity chain_member_entity = ENTITY(struct member, "ChainMember", member_fields);

static const struct field stored_fields[] = {
    F_ID(struct member, node),        F_ID(struct member, matter),
    F_ID(struct member, head),        F_ID(struct member, prev),
    F_INT(struct member, seq),        F_TEXT(struct member, chain),
    F_TEXT(struct member, link),      F_TIME(struct member, next_by),
    F_TEXT(struct member, next_name), F_TIME(struct member, ended_at)};
static const struct entity stored_entity = ENTITY(struct member, "ChainNode", stored_fields);

#define NODE                                                                                       \
    "SELECT id AS node, matter, head, prev, seq, chain, link, next_by, next_name, ended_at "       \
    "FROM case_link WHERE matter = $1 "

/* node 0: it stands in no such chain. */
static enum err S_node(struct store *db, int64_t matter, struct str chain, struct member *ret)
{
    enum err err = store_one(db, NODE "AND chain = $2", ARGS(A_INT(matter), A_TEXT(chain)),
                             &stored_entity, ret);
    if (err == ERR_NOT_FOUND)
        *ret = (struct member){0};
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Puts a matter at link `seq`, behind `before` (node 0: it is a head). */
static enum err S_put(struct store *db, const struct matter *m, const struct pack *pack,
                      const struct pack_chain *chain, size_t seq, const struct member *before,
                      struct member *ret)
{
    const struct pack_link *link = &chain->links[seq];
    bool last = seq + 1 == chain->link_count;
    *ret = (struct member){
        .matter = m->id,
        .head = before->node ? before->head : m->id,
        .prev = before->matter,
        .seq = (int64_t)seq,
        .chain = chain->chain,
        .link = link->link,
        .next_by = limit_end(db->world->calendar, &pack->hours, db->now, link->within, NULL),
        .next_name = last ? NO_STR : chain->links[seq + 1].name.zh};
    TRY(store_id(db, ID_COUNTY(m->id), &ret->node));
    TRY(store_exec(db,
                   "INSERT INTO case_link (id, county, matter, chain, link, seq, head, prev, at, "
                   "next_by, next_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                   ARGS(A_INT(ret->node), A_INT(ID_COUNTY(m->id)), A_INT(m->id),
                        A_TEXT(chain->chain), A_TEXT(link->link), A_INT(ret->seq), A_INT(ret->head),
                        A_ID(ret->prev), A_INT(db->now), A_ID(ret->next_by),
                        A_TEXT(ret->next_name)),
                   NULL));
    if (!ret->next_by || case_dropped(m->outcome))
        return OK;
    return due_put(
        db, m,
        &(struct due){
            .id = ret->node, .what = DUE_LINK, .title = ret->next_name, .due_at = ret->next_by});
}

enum err chain_enter(struct store *db, const struct matter *m, const struct pack *pack)
{
    const struct member none = {0};
    for (size_t i = 0; i < pack->chain_count; i++) {
        const struct pack_chain *chain = &pack->chains[i];
        struct member node;
        for (size_t k = 0; k < chain->link_count; k++) {
            if (!str_eq(chain->links[k].kind, m->kind))
                continue;
            TRY(S_node(db, m->id, chain->chain, &node));
            if (!node.node)
                TRY(S_put(db, m, pack, chain, k, &none, &node));
        }
    }
    return OK;
}

/* ---- one step further ---- */

struct step {
    struct work_on w;
    const struct pack *pack;
    const struct pack_chain *chain;
    size_t seq; /* of the next link */
    struct member from;
};

static enum err S_no_link(struct store *db)
{
    return store_fault(db, ERR_INVALID, "/relation", "unknown", "这里的方案没有这样的下一环。",
                       "The pack in force here has no such link to lead to.");
}

/* The chain the matter stands in comes first, then the first of the pack that has the link. */
static enum err S_find_chain(struct store *db, struct step *s, struct str chain,
                             struct str relation)
{
    for (size_t i = 0; i < s->pack->chain_count && !s->from.node; i++) {
        const struct pack_chain *c = &s->pack->chains[i];
        size_t seq = 0;
        if ((chain.p && !str_eq(c->chain, chain)) || !chain_link(c, relation, &seq) || !seq)
            continue;
        TRY(S_node(db, s->w.m.id, c->chain, &s->from));
        if (!s->chain || s->from.node) {
            s->chain = c;
            s->seq = seq;
        }
    }
    return s->chain ? OK : S_no_link(db);
}

static enum err S_in_order(struct store *db, const struct step *s)
{
    const struct pack_link *before = &s->chain->links[s->seq - 1];
    int64_t next = 0;
    if (s->from.node && s->from.seq != (int64_t)s->seq - 1) {
        size_t after = (size_t)s->from.seq + 1;
        return problem_add(db->problem, ERR_CONFLICT,
                           (struct fault){.field = S("/relation"),
                                          .code = S("order"),
                                          .zh = S("链条要一环接一环，不能跳过。"),
                                          .en = S("A chain goes link by link."),
                                          .allowed = after < s->chain->link_count
                                                         ? s->chain->links[after].link
                                                         : NO_STR});
    }
    if (!s->from.node && before->kind.n && !str_eq(before->kind, s->w.m.kind))
        return store_fault(db, ERR_INVALID, "/relation", "kind", "这一类事项不在这一环之前。",
                           "A matter of this kind does not come before that link.");
    if (!s->from.node || before->many)
        return OK;
    TRY(store_int(db, "SELECT count(*) FROM case_link WHERE prev = $1 AND chain = $2",
                  ARGS(A_INT(s->w.m.id), A_TEXT(s->chain->chain)), &next));
    return next ? store_fault(db, ERR_CONFLICT, "/relation", "taken", "这件事已经有下一环。",
                              "The next link is there already.")
                : OK;
}

static enum err S_step(struct store *db, const struct actor *by, int64_t matter, struct str chain,
                       struct str relation, struct step *s)
{
    TRY(work_begin(db, by, matter, "/relation", &s->w));
    const struct ancestors at = {.district = s->w.m.district,
                                 .street = s->w.m.street,
                                 .community = s->w.m.community,
                                 .grid = s->w.m.grid};
    s->pack = world_pack_at(db->world, &at);
    if (!s->pack)
        return S_no_link(db);
    TRY(S_find_chain(db, s, chain, relation));
    return S_in_order(db, s);
}

static enum err S_say(struct store *db, const struct work_on *w, const struct matter *of,
                      const char *how, struct str name)
{
    struct work_on told = *w;
    told.m = *of;
    return work_event(
        db, &told, ACT_LINK, false, 0,
        arena_printf(db->arena, "%s：" STR_F "，" STR_F, how, STR_A(name), STR_A(w->m.number)));
}

/* Both ends of the new link, told on both sides; `to` is at its place already when it was a head.
 */
static enum err S_tie(struct store *db, struct step *s, const struct matter *to,
                      struct member *node)
{
    const struct member none = {0};
    const struct pack_link *link = &s->chain->links[s->seq];
    if (!s->from.node)
        TRY(S_put(db, &s->w.m, s->pack, s->chain, s->seq - 1, &none, &s->from));
    if (node->node) {
        TRY(store_exec(db, "UPDATE case_link SET head = $3 WHERE head = $1 AND chain = $2",
                       ARGS(A_INT(to->id), A_TEXT(s->chain->chain), A_INT(s->from.head)), NULL));
        TRY(store_exec(db, "UPDATE case_link SET prev = $2 WHERE id = $1",
                       ARGS(A_INT(node->node), A_INT(s->w.m.id)), NULL));
    } else {
        TRY(S_put(db, to, s->pack, s->chain, s->seq, &s->from, node));
    }
    /* Something has come of it after all. */
    TRY(store_exec(db, "UPDATE case_link SET ended_at = NULL, words = NULL WHERE id = $1",
                   ARGS(A_INT(s->from.node)), NULL));
    TRY(due_end(db, s->from.node));
    TRY(S_say(db, &s->w, to, "承接 / comes of", link->name.zh));
    struct work_on back = s->w;
    back.m.number = to->number;
    return S_say(db, &back, &s->w.m, "引出 / led to", link->name.zh);
}

/* ---- a new matter as the next ---- */

struct next {
    int64_t id, unit, requester;
    struct str relation, chain, kind, category, title, text, place, source;
};
#define CODE                                                                                       \
    .max = 40, .form = form_code, .form_doc = "lower-case letters, digits, _ . -",                 \
    .form_zh = "小写字母、数字、_ . -"
static const struct field next_fields[] = {
    F_ID(struct next, id, .from = IN_PATH, .required = true, .doc = "The matter it comes of."),
    F_TEXT(struct next, relation, .required = true, CODE, .doc = "The link it is, from the pack."),
    F_TEXT(struct next, chain, CODE, .doc = "Which chain, where several have this link."),
    F_TEXT(struct next, kind, CODE, .doc = "Its kind, where the pack leaves that open."),
    F_TEXT(struct next, category, CODE, .doc = "Category, from the pack."),
    F_TEXT(struct next, title, .required = true, .min = 2, .max = CASE_TITLE_MAX,
           .doc = "What it is about, in a line."),
    F_TEXT(struct next, text, .max = 2000, .lines = true, .doc = "In full."),
    F_ID(struct next, unit, .doc = "Where; where the matter before is by default."),
    F_TEXT(struct next, place, .max = 120, .doc = "Where, in words."),
    F_TEXT(struct next, source, CODE, .doc = "How it came in."),
    F_ID(struct next, requester, .doc = "The person on whose behalf it is made."),
};
const struct entity chain_next_entity = ENTITY(struct next, "ChainNext", next_fields);

static enum err S_kind(struct store *db, const struct step *s, const struct next *in,
                       struct str *ret)
{
    struct str fixed = s->chain->links[s->seq].kind;
    *ret = fixed.n ? fixed : in->kind;
    if (!ret->p)
        return store_fault(db, ERR_INVALID, "/kind", "required", "请选择事项的种类。",
                           "Choose the kind of matter.");
    if (in->kind.p && !str_eq(in->kind, *ret))
        return problem_add(db->problem, ERR_INVALID,
                           (struct fault){.field = S("/kind"),
                                          .code = S("not_allowed"),
                                          .zh = S("这一环是另一类事项。"),
                                          .en = S("That link is a matter of another kind."),
                                          .allowed = fixed});
    return OK;
}

/* A hat that only works on matters cannot make one. */
static enum err S_may_order(struct store *db, const struct actor *by)
{
    for (size_t i = 0; i < by->n; i++) {
        const struct hat *h = &by->hats[i];
        if (by->admitted[i] && h->kind == HAT_UNIT && role_may(h->role, PERM_MATTER_ORDER))
            return OK;
    }
    return store_fault(db, ERR_FORBIDDEN, "/relation", "side", "您的身份不能提出事项。",
                       "Your hat may not order matters.");
}

enum err chain_next(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct next *in = data;
    struct matter *made = ret;
    struct step s = {0};
    struct member node = {0};
    struct unit_place place;
    struct matter_new new;
    TRY(S_may_order(db, by));
    TRY(S_step(db, by, in->id, in->chain, in->relation, &s));
    entity_blank(&matter_new_entity, &new);
    new.category = in->category;
    new.title = in->title;
    new.text = in->text;
    new.place = in->place;
    new.source = in->source;
    new.requester = in->requester;
    new.unit = in->unit ? in->unit : s.w.m.unit;
    TRY(S_kind(db, &s, in, &new.kind));
    TRY(scope_unit(db, by, new.unit, &place));
    TRY(matter_order(db, by, &new, made));
    return S_tie(db, &s, made, &node);
}

/* ---- a matter that is there already ---- */

struct join {
    int64_t id, to;
    struct str relation, chain;
};
static const struct field join_fields[] = {
    F_ID(struct join, id, .from = IN_PATH, .required = true, .doc = "The matter it comes of."),
    F_ID(struct join, to, .required = true, .doc = "The matter that is the next."),
    F_TEXT(struct join, relation, .required = true, CODE, .doc = "The link it is, from the pack."),
    F_TEXT(struct join, chain, CODE, .doc = "Which chain, where several have this link."),
};
const struct entity chain_join_entity = ENTITY(struct join, "ChainJoin", join_fields);

static enum err S_joinable(struct store *db, const struct step *s, const struct matter *to,
                           const struct member *node)
{
    const struct pack_link *link = &s->chain->links[s->seq];
    if (to->id == s->w.m.id || (link->kind.n && !str_eq(link->kind, to->kind)))
        return store_fault(db, ERR_INVALID, "/to", "kind", "这件事不能接在这一环。",
                           "That matter cannot be this link.");
    if (node->node && (node->prev || node->seq != (int64_t)s->seq))
        return store_fault(db, ERR_CONFLICT, "/to", "taken", "那件事已经接在别的地方。",
                           "That matter stands elsewhere in the chain already.");
    return OK;
}

enum err chain_join(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct join *in = data;
    struct step s = {0};
    struct member node;
    struct matter to;
    bool reached = false;
    (void)ret;
    TRY(S_step(db, by, in->id, in->chain, in->relation, &s));
    enum err err = work_reached(db, by, in->to, &reached);
    if (err == ERR_NOT_FOUND || (err == OK && !reached))
        return store_fault(db, ERR_INVALID, "/to", "unknown", "没有这件事，或不在您的范围内。",
                           "There is no such matter within your reach.");
    TRY(err);
    TRY(matter_load(db, in->to, &to));
    TRY(S_node(db, to.id, s.chain->chain, &node));
    TRY(S_joinable(db, &s, &to, &node));
    return S_tie(db, &s, &to, &node);
}

/* ---- nothing is to come of it ---- */

struct end {
    int64_t id;
    struct str words, chain;
};
static const struct field end_fields[] = {
    F_ID(struct end, id, .from = IN_PATH, .required = true, .doc = "The matter."),
    F_TEXT(struct end, words, .required = true, .min = 2, .max = CASE_WORDS_MAX, .lines = true,
           .doc = "Why nothing (more) is to come of it."),
    F_TEXT(struct end, chain, CODE, .doc = "In which chain; in all by default."),
};
const struct entity chain_end_entity = ENTITY(struct end, "ChainEnd", end_fields);

enum err chain_end(struct store *db, const struct actor *by, const void *data, void *ret)
{
    const struct end *in = data;
    struct work_on w;
    struct list nodes;
    struct str words = NO_STR;
    (void)ret;
    TRY(work_begin(db, by, in->id, "/words", &w));
    TRY(store_all(db, NODE "AND ($2 IS NULL OR chain = $2)", ARGS(A_INT(in->id), A_TEXT(in->chain)),
                  &stored_entity, CHAIN_MEMBERS_MAX, &nodes));
    if (!nodes.n)
        return store_fault(db, ERR_CONFLICT, "/chain", "none", "这件事不在链条里。",
                           "The matter stands in no such chain.");
    TRY(work_clean(db, in->words, &words));
    const struct member *node = nodes.items;
    for (size_t i = 0; i < nodes.n; i++) {
        TRY(store_exec(db, "UPDATE case_link SET ended_at = $2, words = $3 WHERE id = $1",
                       ARGS(A_INT(node[i].node), A_INT(db->now), A_TEXT(words)), NULL));
        TRY(due_end(db, node[i].node));
    }
    return work_event(db, &w, ACT_LINK, false, 0,
                      arena_printf(db->arena, "到此为止 / ends here：" STR_F, STR_A(words)));
}

/* ---- the whole chain ---- */

#define HAS_NEXT "EXISTS (SELECT 1 FROM case_link x WHERE x.prev = c.matter AND x.chain = c.chain)"

/* A member out of reach is not told of at all: that it exists is something to know. */
enum err chain_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    int64_t matter = ((const struct subject_in *)in)->id;
    size_t kept = 0;
    enum sees sees;
    TRY(work_sees(db, by, matter, &sees));
    TRY(store_all(db,
                  "SELECT c.matter, c.prev, c.chain, c.link, c.seq, m.number, m.kind, m.title, "
                  "m.stage, m.outcome, m.open, m.created_at, m.closed_at, c.ended_at, c.words, "
                  "CASE WHEN " HAS_NEXT " THEN NULL ELSE c.next_name END AS next_name, "
                  "CASE WHEN " HAS_NEXT " THEN NULL ELSE c.next_by END AS next_by "
                  "FROM case_link o JOIN case_link c ON c.head = o.head AND c.chain = o.chain "
                  "JOIN matter m ON m.id = c.matter "
                  "WHERE o.matter = $1 ORDER BY c.chain, c.seq, c.id LIMIT $2",
                  ARGS(A_INT(matter), A_INT(CHAIN_MEMBERS_MAX)), &chain_member_entity,
                  CHAIN_MEMBERS_MAX, &page->items));
    struct member *m = page->items.items;
    for (size_t i = 0; i < page->items.n; i++) {
        bool reached = false, before = !m[i].prev;
        TRY(work_reached(db, by, m[i].matter, &reached));
        if (!reached)
            continue;
        for (size_t k = 0; k < kept && !before; k++)
            before = m[k].matter == m[i].prev;
        m[kept] = m[i];
        m[kept].prev = before ? m[i].prev : 0;
        if (sees == SEES_OWN)
            m[kept].words = NO_STR;
        kept++;
    }
    page->items.n = kept;
    return OK;
}
