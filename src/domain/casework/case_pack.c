/* The chains a place's pack declares, for whoever makes the next link. */
#include "domain/casework/casework.h"

#include "domain/place/place.h"

struct chain_query {
    int64_t unit;
};
static const struct field query_fields[] = {
    F_ID(struct chain_query, unit, .from = IN_QUERY, .required = true, .doc = "Where.")};
const struct entity chain_query_entity = ENTITY(struct chain_query, "ChainQuery", query_fields);

struct link_out {
    struct str code, zh, en, kind;
    enum tri many;
};
static const struct field link_fields[] = {
    F_TEXT(struct link_out, code, .required = true, .doc = "As `relation` in a request."),
    F_TEXT(struct link_out, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct link_out, en, .required = true, .doc = "English name."),
    F_TEXT(struct link_out, kind, .doc = "The kind of matter it is; any when there is none."),
    F_BOOL(struct link_out, many, .required = true, .doc = "Several next ones may come of it."),
};
static const struct entity link_entity = ENTITY(struct link_out, "ChainLink", link_fields);

struct chain_out {
    struct str code, zh, en;
    struct list links;
};
static const struct field chain_fields[] = {
    F_TEXT(struct chain_out, code, .required = true, .doc = "Its code."),
    F_TEXT(struct chain_out, zh, .required = true, .doc = "Chinese name."),
    F_TEXT(struct chain_out, en, .required = true, .doc = "English name."),
    F_LIST(struct chain_out, links, .of = &link_entity, .required = true,
           .doc = "Its links, in order."),
};
const struct entity chain_entity = ENTITY(struct chain_out, "Chain", chain_fields);

static enum err S_links(struct store *db, const struct pack_chain *chain, struct list *ret)
{
    struct link_out *out = arena_array(db->arena, chain->link_count, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < chain->link_count; i++) {
        const struct pack_link *link = &chain->links[i];
        out[i] = (struct link_out){.code = link->link,
                                   .zh = link->name.zh,
                                   .en = link->name.en,
                                   .kind = link->kind,
                                   .many = link->many ? YES : NO};
    }
    *ret = (struct list){out, chain->link_count};
    return OK;
}

enum err chains_list(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct page *page = ret;
    struct ancestors at = {0};
    (void)by;
    enum err err = place_ancestors(db, ((const struct chain_query *)in)->unit, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const struct pack *pack = world_pack_at(db->world, &at);
    if (!pack)
        return store_fault(db, ERR_INVALID, "unit", "no_pack", "这个地方还没有开通。",
                           "This place does not take requests yet.");
    struct chain_out *out = arena_array(db->arena, pack->chain_count + 1, sizeof *out);
    if (!out)
        return ERR_MEMORY;
    for (size_t i = 0; i < pack->chain_count; i++) {
        const struct pack_chain *chain = &pack->chains[i];
        out[i] =
            (struct chain_out){.code = chain->chain, .zh = chain->name.zh, .en = chain->name.en};
        TRY(S_links(db, chain, &out[i].links));
    }
    page->items = (struct list){out, pack->chain_count};
    return OK;
}
