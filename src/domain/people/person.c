#include "domain/people/person.h"

#include "domain/people/people_api.h"
#include "domain/people/scope.h"

#include <sodium.h>

static const struct field person_fields[] = {
    F_ID(struct person, id, .required = true, .doc = "The person."),
    F_TEXT(struct person, name, .class = CLASS_PERSONAL, .mask = mask_name, .doc = "Name."),
    F_TEXT(struct person, phone, .class = CLASS_PERSONAL, .mask = mask_phone, .doc = "Phone."),
    F_TEXT(struct person, id_number, .class = CLASS_SENSITIVE, .mask = mask_id_number,
           .doc = "Resident identity number (GB 11643)."),
    F_TEXT(struct person, address, .class = CLASS_PERSONAL,
           .doc = "Where they live; left out where it is not revealed."),
    F_ID(struct person, unit, .required = true, .doc = "The community or grid they live in."),
    F_TEXT(struct person, unit_name, .required = true, .doc = "Its name."),
    F_TIME(struct person, created_at, .required = true, .doc = "When they were recorded."),
};
const struct entity person_entity = ENTITY(struct person, "Person", person_fields);

struct person_row {
    int64_t id, county, unit;
    struct str unit_name, key, name, phone, id_number, address;
    int64_t created_at;
};
static const struct field person_row_fields[] = {
    F_ID(struct person_row, id),        F_INT(struct person_row, county),
    F_ID(struct person_row, unit),      F_TEXT(struct person_row, unit_name),
    F_TEXT(struct person_row, key),     F_TEXT(struct person_row, name),
    F_TEXT(struct person_row, phone),   F_TEXT(struct person_row, id_number),
    F_TEXT(struct person_row, address), F_TIME(struct person_row, created_at)};
const struct entity person_row_entity = ENTITY(struct person_row, "PersonRow", person_row_fields);

#define PERSON                                                                                     \
    "SELECT person.id, person.county, person.unit, unit.name AS unit_name, person.key, "           \
    "person.name, person.phone, person.id_number, person.address, person.created_at "              \
    "FROM person JOIN unit ON unit.id = person.unit WHERE "

/* What finds the text without telling it; NO_STR for NO_STR. */
static struct str S_hash(struct store *db, enum purpose purpose, struct str s)
{
    return s.p ? vault_hash_str(db->world->vault, purpose, s, db->arena) : NO_STR;
}

static enum err S_unseal(struct store *db, const unsigned char key[KEY_SIZE], struct str sealed,
                         struct str *ret)
{
    *ret = NO_STR;
    if (!sealed.p)
        return OK;
    *ret = unseal(key, sealed, db->arena);
    return ret->p ? OK : arena_full(db->arena) ? ERR_MEMORY : ERR_STORE;
}

static enum err S_open(struct store *db, const struct person_row *row, struct person *ret)
{
    unsigned char key[KEY_SIZE];
    *ret = (struct person){.id = row->id,
                           .unit = row->unit,
                           .unit_name = row->unit_name,
                           .created_at = row->created_at};
    if (!row->key.p)
        return OK; /* erased */
    TRY(vault_unwrap(db, row->county, row->key, key));
    enum err err = S_unseal(db, key, row->name, &ret->name);
    if (err == OK)
        err = S_unseal(db, key, row->phone, &ret->phone);
    if (err == OK)
        err = S_unseal(db, key, row->id_number, &ret->id_number);
    if (err == OK)
        err = S_unseal(db, key, row->address, &ret->address);
    sodium_memzero(key, sizeof key);
    return err;
}

enum err persons_open(struct store *db, const struct list *rows, struct list *ret)
{
    const struct person_row *row = rows->items;
    *ret = (struct list){0};
    if (!rows->n)
        return OK;
    struct person *persons = arena_array(db->arena, rows->n, sizeof *persons);
    if (!persons)
        return ERR_MEMORY;
    for (size_t i = 0; i < rows->n; i++)
        TRY(S_open(db, &row[i], &persons[i]));
    *ret = (struct list){persons, rows->n};
    return OK;
}

enum err person_get(struct store *db, int64_t id, struct person *ret)
{
    struct person_row row;
    TRY(store_one(db, PERSON "person.id = $1", ARGS(A_INT(id)), &person_row_entity, &row));
    return S_open(db, &row, ret);
}

#define AFTER    " AND person.id > $2 ORDER BY person.id LIMIT $3"
#define BY_PHONE "person.phone_index = $4 AND "
#define BY_ID    "person.id_index = $4 AND person.county = $5 AND "
#define BY_BOTH  BY_ID "person.phone_index = $6 AND "
#define LEVELS(find)                                                                               \
    {                                                                                              \
        [LEVEL_COUNTY] = PERSON find "person.district = $1" AFTER,                                 \
        [LEVEL_STREET] = PERSON find "person.street = $1" AFTER,                                   \
        [LEVEL_COMMUNITY] = PERSON find "person.community = $1" AFTER,                             \
        [LEVEL_GRID] = PERSON find "person.grid = $1" AFTER,                                       \
    }

enum err person_page(struct store *db, const struct person_find *f, struct list *ret)
{
    static const char *const every[LEVEL_COUNT] = LEVELS("");
    static const char *const by_phone[LEVEL_COUNT] = LEVELS(BY_PHONE);
    static const char *const by_id[LEVEL_COUNT] = LEVELS(BY_ID);
    static const char *const by_both[LEVEL_COUNT] = LEVELS(BY_BOTH);
    const struct entity *e = &person_row_entity;
    struct str phone = S_hash(db, HASH_PHONE, f->phone);
    struct str number = S_hash(db, HASH_ID_NUMBER, f->id_number);
    const struct arg unit = A_INT(f->unit), after = A_INT(f->after), most = A_INT(f->most);
    const struct arg county = A_INT(ID_COUNTY(f->unit));
    *ret = (struct list){0};
    if (arena_full(db->arena))
        return ERR_MEMORY;
    if (!every[f->level])
        return OK;
    if (number.p && phone.p)
        return store_all(db, by_both[f->level],
                         ARGS(unit, after, most, A_BLOB(number), county, A_BLOB(phone)), e,
                         (size_t)f->most, ret);
    if (number.p)
        return store_all(db, by_id[f->level], ARGS(unit, after, most, A_BLOB(number), county), e,
                         (size_t)f->most, ret);
    if (phone.p)
        return store_all(db, by_phone[f->level], ARGS(unit, after, most, A_BLOB(phone)), e,
                         (size_t)f->most, ret);
    return store_all(db, every[f->level], ARGS(unit, after, most), e, (size_t)f->most, ret);
}

static enum err S_number_free(struct store *db, int64_t county, struct str index)
{
    int64_t other = 0;
    enum err err = store_int(db, "SELECT id FROM person WHERE county = $1 AND id_index = $2",
                             ARGS(A_INT(county), A_BLOB(index)), &other);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return store_fault(db, ERR_CONFLICT, "/id_number", "taken", "这个身份证号码已经登记过。",
                       "This ID number is already on record.");
}

/* Seals one text, NO_STR staying NO_STR. */
static struct str S_seal(struct store *db, const unsigned char key[KEY_SIZE], struct str clear)
{
    return clear.p ? seal(key, clear, db->arena) : NO_STR;
}

enum err person_create(struct store *db, const struct person_new *in, int64_t *ret)
{
    unsigned char key[KEY_SIZE];
    struct str wrapped = NO_STR;
    struct unit_place place;
    TRY(unit_place(db, in->unit, &place));
    if (place.level != LEVEL_COMMUNITY && place.level != LEVEL_GRID)
        return store_fault(db, ERR_INVALID, "/unit", "level", "居民要登记在社区或网格。",
                           "A person is recorded at a community or a grid.");
    struct str phone = S_hash(db, HASH_PHONE, in->phone);
    struct str number = S_hash(db, HASH_ID_NUMBER, in->id_number);
    if (number.p)
        TRY(S_number_free(db, place.county, number));
    TRY(store_id(db, place.county, ret));
    TRY(vault_new_key(db, place.county, key, &wrapped));
    struct str name_ = S_seal(db, key, in->name), phone_ = S_seal(db, key, in->phone);
    struct str number_ = S_seal(db, key, in->id_number), address_ = S_seal(db, key, in->address);
    sodium_memzero(key, sizeof key);
    if (arena_full(db->arena))
        return ERR_MEMORY;
    return store_exec(
        db,
        "INSERT INTO person (id, county, unit, district, street, community, grid, key, name, "
        "phone, id_number, address, phone_index, id_index, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        ARGS(A_INT(*ret), A_INT(place.county), A_INT(in->unit), A_ID(place.at.district),
             A_ID(place.at.street), A_ID(place.at.community), A_ID(place.at.grid), A_BLOB(wrapped),
             A_BLOB(name_), A_BLOB(phone_), A_BLOB(number_), A_BLOB(address_), A_BLOB(phone),
             A_BLOB(number), A_INT(db->now)),
        NULL);
}

static const struct field reach_fields[] = {
    F_ID(struct ancestors, province),  F_ID(struct ancestors, city),
    F_ID(struct ancestors, district),  F_ID(struct ancestors, street),
    F_ID(struct ancestors, community), F_ID(struct ancestors, grid)};
static const struct entity reach_entity = ENTITY(struct ancestors, "Ancestors", reach_fields);

enum err person_reach(struct store *db, int64_t id, struct reach *ret)
{
    ret->person = id;
    return store_one(db, "SELECT district, street, community, grid FROM person WHERE id = $1",
                     ARGS(A_INT(id)), &reach_entity, &ret->at);
}
