/* Descriptors: one table of fields per struct says its names, types, limits, privacy class and
 * words. From it come decoding (JSON body, path, query), checking, encoding, masking, the mapping
 * of a row to a struct, and OpenAPI.
 *
 * How a type is held in a struct, and what "absent" is:
 *   T_ID    int64_t      0            JSON string of decimal digits
 *   T_INT   int64_t      NO_INT
 *   T_REAL  double       NAN
 *   T_BOOL  enum tri     UNSET
 *   T_TEXT  struct str   p == NULL    min..max count code points
 *   T_TIME  int64_t ms   0            JSON RFC 3339, written in UTC ("…Z")
 *   T_LIST  struct list  n == 0       items are structs of .of, or scalars of .item
 *   T_OBJECT pointer to a struct of .of, NULL
 *   T_RAW   struct str   p == NULL    JSON as it is; when read, the text of an object
 */
#ifndef ENTITY_ENTITY_H
#define ENTITY_ENTITY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/problem.h"

#include <jansson.h>

enum type { T_ID, T_INT, T_REAL, T_BOOL, T_TEXT, T_TIME, T_LIST, T_OBJECT, T_RAW };

/* The privacy class of a field. Anything above CLASS_OPEN is masked when sent, unless the route
 * sends it in the clear for a recorded reason (see enum sight), and is never logged. */
enum class { CLASS_OPEN, CLASS_PERSONAL, CLASS_SENSITIVE, CLASS_MINOR };

enum tri { UNSET, NO, YES };

enum { IN_BODY, IN_PATH, IN_QUERY }; /* where a request field is read from */

#define NO_INT INT64_MIN

struct list {
    void *items;
    size_t n;
};

/* Writes s so that it no longer tells who is meant: 王*, 610103********0017. */
typedef void mask_fn(struct buf *out, struct str s);

/* Says whether a text has the form meant, beyond its length. */
typedef bool form_fn(struct str s);

struct field {
    const char *name;
    struct str key; /* `"name":`, ready to be written */
    enum type type;
    size_t off;
    enum class class;
    int from;      /* IN_BODY, IN_PATH or IN_QUERY; for requests */
    bool required; /* for requests: must be there; for replies: never null */
    int64_t min, max;
    const char *const *codes; /* NULL-terminated list of the texts allowed, or NULL */
    form_fn *form;
    const char *form_doc; /* what form allows, e.g. "11 digits", in OpenAPI too; of a number, what
                             is said when it is out of range */
    const char *form_zh;  /* the same in Chinese, for people; none: the sentence says no more */
    mask_fn *mask;        /* for texts above open; none: the field is left out when masked */
    const struct entity *of; /* T_OBJECT and T_LIST of structs */
    enum type item;          /* T_LIST of scalars: T_TEXT or T_ID */
    bool lines;              /* T_TEXT may hold line breaks */
    const char *doc;         /* one English line for OpenAPI */
};

struct entity {
    const char *name; /* as it stands in OpenAPI, e.g. "Matter" */
    size_t size;
    const struct field *fields;
    size_t n;
};

/* A wrong C type for the descriptor type does not compile. */
#define FIELD_(T, f, kind, ctype, ...)                                                             \
    {                                                                                              \
        .name = #f, .key = {"\"" #f "\":", sizeof(#f) + 2}, .type = kind,                          \
        .off = _Generic(((T *)0)->f, ctype                                                         \
                        : offsetof(T, f)),                                                         \
        ##__VA_ARGS__                                                                              \
    }
#define F_ID(T, f, ...)   FIELD_(T, f, T_ID, int64_t, ##__VA_ARGS__)
#define F_INT(T, f, ...)  FIELD_(T, f, T_INT, int64_t, ##__VA_ARGS__)
#define F_REAL(T, f, ...) FIELD_(T, f, T_REAL, double, ##__VA_ARGS__)
#define F_BOOL(T, f, ...) FIELD_(T, f, T_BOOL, enum tri, ##__VA_ARGS__)
#define F_TEXT(T, f, ...) FIELD_(T, f, T_TEXT, struct str, ##__VA_ARGS__)
#define F_TIME(T, f, ...) FIELD_(T, f, T_TIME, int64_t, ##__VA_ARGS__)
#define F_LIST(T, f, ...) FIELD_(T, f, T_LIST, struct list, ##__VA_ARGS__)
#define F_RAW(T, f, ...)  FIELD_(T, f, T_RAW, struct str, ##__VA_ARGS__)
#define F_OBJECT(T, f, S_, entity_, ...)                                                           \
    FIELD_(T, f, T_OBJECT, S_ *, .of = (entity_), ##__VA_ARGS__)

#define ENTITY(T, label, table)                                                                    \
    {                                                                                              \
        .name = (label), .size = sizeof(T), .fields = (table), .n = COUNT_OF(table)                \
    }

/* Sets every field to its absent value. */
void entity_blank(const struct entity *e, void *ret);

/* The field of that name, or NULL. */
const struct field *entity_field(const struct entity *e, struct str name);

/* What a request's field may hold: the value of a number, the code points of a text, the items of
 * a list. A limit of 0 is none; then there is one that fits the type, and what is required is
 * never empty. */
struct range {
    int64_t least, most;
};
struct range field_range(const struct field *f);

/* A path or query parameter as it came, percent-decoded. */
struct param {
    struct str name, value;
    int from; /* IN_PATH or IN_QUERY */
};

/* Reads a request into ret (e->size bytes). body may be NULL when e has no body field. Every
 * fault is added to the problem: ERR_INVALID when there was one. Texts are copied into the
 * arena. A parameter or member that e does not know is a fault. */
MUST enum err entity_decode(const struct entity *e, const json_t *body, const struct param *params,
                            size_t count, struct arena *a, struct problem *problem, void *ret);

/* Parses a JSON document. Bytes that are not UTF-8, NUL, halves of surrogate pairs and raw control
 * characters inside texts do not stop it: they reach entity_decode as U+007F, which no text may
 * hold, and a number too large for this machine as a text that begins with it, so that the fault
 * names its field. ERR_MALFORMED otherwise; a member given twice, or nested too deeply, is named by
 * its top-level member. The caller owns *ret (json_decref). */
MUST enum err entity_parse(struct str body, struct arena *a, struct problem *problem, json_t **ret);

enum sight { MASKED, CLEAR };

/* Writes one struct, or a list of them, as JSON. Absent optional fields are left out. */
void entity_encode(const struct entity *e, const void *from, enum sight sight, struct buf *out);

/* {"items":[…],"next":"…"}; next left out when NO_STR. */
void entity_encode_page(const struct entity *e, const struct list *items, struct str next,
                        enum sight sight, struct buf *out);

/* RFC 3339 with an offset, to milliseconds since 1970; and back, in UTC. Years 1600 to 9999 are
 * read, and no leap seconds; times past TIME_FIRST and TIME_LAST are written as these. time_text
 * needs 25 bytes, and ends in NUL. */
#define TIME_FIRST (-INT64_C(62135596800000)) /* 0001-01-01T00:00:00.000Z */
#define TIME_LAST  INT64_C(253402300799999)   /* 9999-12-31T23:59:59.999Z */
bool time_parse(struct str s, int64_t *ret);
struct str time_text(int64_t ms, char ret[25]);

/* Masks and forms used by more than one entity. */
mask_fn mask_name, mask_phone, mask_id_number;
form_fn form_phone, form_id_number, form_code, form_date;

#endif
