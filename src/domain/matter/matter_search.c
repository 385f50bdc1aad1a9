/* Words of Chinese text are found by their bigrams: every two neighbouring characters of a run of
 * Chinese are a term, as is every run of letters or digits. Terms are 48-bit hashes. Rows are
 * written after the matter's own commit, in the order of events, so that an order costs the writer
 * no more than its own rows; a matter is found within a second. */
#include "domain/matter/matter.h"

#include <stdio.h>

enum { TERMS_MAX = 4096, TERM_BITS = 48 };

struct terms {
    int64_t *term;
    size_t most, n;
};

static enum err S_new(struct arena *a, struct terms *t)
{
    *t = (struct terms){arena_array(a, TERMS_MAX, sizeof *t->term), TERMS_MAX, 0};
    return t->term ? OK : ERR_MEMORY;
}

static void S_add(struct terms *t, struct str s)
{
    if (t->n < t->most && s.n)
        t->term[t->n++] = (int64_t)(str_hash(s) & (((uint64_t)1 << TERM_BITS) - 1));
}

static bool S_ascii_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters beyond ASCII: Han, kana, and everything else that is no sign or space. */
static bool S_letter(uint32_t c)
{
    return (c >= 0x00C0 && c < 0x2000) || (c >= 0x3041 && c < 0xE000) ||
           (c >= 0xF900 && c < 0xFE00) || c >= 0x20000;
}

static size_t S_ascii(struct terms *t, struct str s, size_t at)
{
    char lower[64];
    size_t n = 0;
    while (at < s.n && S_ascii_word((unsigned char)s.p[at])) {
        char c = s.p[at++];
        if (n < sizeof lower)
            lower[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    S_add(t, (struct str){lower, n});
    return at;
}

/* The terms of a text. A single Chinese character standing alone is a term only when `alone`. */
static void S_terms(struct terms *t, struct str s, bool alone)
{
    size_t before = SIZE_MAX; /* start of the letter before, SIZE_MAX when there is none */
    bool paired = false;
    for (size_t at = 0; at < s.n;) {
        size_t start = at;
        uint32_t c = utf8_next(s, &at);
        if (S_letter(c)) {
            if (before != SIZE_MAX)
                S_add(t, (struct str){s.p + before, at - before});
            paired = before != SIZE_MAX;
            before = start;
            continue;
        }
        if (before != SIZE_MAX && !paired && alone)
            S_add(t, (struct str){s.p + before, start - before});
        before = SIZE_MAX;
        if (S_ascii_word(c))
            at = S_ascii(t, s, start);
    }
    if (before != SIZE_MAX && !paired && alone)
        S_add(t, (struct str){s.p + before, s.n - before});
}

size_t text_terms(struct str text, int64_t *term, size_t most)
{
    struct terms t = {term, most, 0};
    S_terms(&t, text, false);
    return t.n;
}

bool text_letter(uint32_t c)
{
    return S_letter(c) || S_ascii_word(c);
}

struct unindexed {
    int64_t seq, id;
    struct str number, title, text;
};
static const struct field unindexed_fields[] = {
    F_INT(struct unindexed, seq), F_ID(struct unindexed, id), F_TEXT(struct unindexed, number),
    F_TEXT(struct unindexed, title), F_TEXT(struct unindexed, text)};
static const struct entity unindexed_entity =
    ENTITY(struct unindexed, "Unindexed", unindexed_fields);

static enum err S_index_one(struct store *db, struct terms *t, const struct unindexed *m)
{
    t->n = 0;
    S_terms(t, m->title, true);
    S_terms(t, m->text, true);
    S_terms(t, m->number, true);
    S_add(t, m->number);
    for (size_t i = 0; i < t->n; i++)
        TRY(store_exec(db,
                       "INSERT INTO matter_term (term, matter) VALUES ($1, $2) "
                       "ON CONFLICT (term, matter) DO NOTHING",
                       ARGS(A_INT(t->term[i]), A_INT(m->id)), NULL));
    return OK;
}

enum err matter_index(struct store *db, int64_t most, int64_t *done)
{
    struct list rows;
    int64_t from = 0;
    TRY(matter_cursor(db, S("search_seq"), &from));
    /* By events, not by orders: a long run of other acts must be stepped over once only. */
    int64_t upto = NO_INT;
    TRY(store_int(db,
                  "SELECT max(seq) FROM (SELECT seq FROM matter_event WHERE seq > $1 "
                  "ORDER BY seq LIMIT $2) AS next",
                  ARGS(A_INT(from), A_INT(most)), &upto));
    *done = 0;
    if (upto == NO_INT)
        return OK;
    TRY(store_all(db,
                  "SELECT e.seq, m.id, m.number, m.title, m.text FROM matter_event e "
                  "JOIN matter m ON m.id = e.matter "
                  "WHERE e.seq > $1 AND e.seq <= $2 AND e.act = 'order' AND m.confidential = 0 "
                  "ORDER BY e.seq",
                  ARGS(A_INT(from), A_INT(upto)), &unindexed_entity, (size_t)most, &rows));
    *done = upto - from;
    struct terms t;
    TRY(S_new(db->arena, &t));
    const struct unindexed *row = rows.items;
    for (size_t i = 0; i < rows.n; i++)
        TRY(S_index_one(db, &t, &row[i]));
    return matter_cursor_move(db, S("search_seq"), upto);
}

/* %word% with the pattern's own signs taken literally. */
static struct str S_like(struct arena *a, struct str word)
{
    struct buf b = buf_new(word.n * 2 + 8);
    buf_char(&b, '%');
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '%' || word.p[i] == '_' || word.p[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, word.p[i]);
    }
    buf_char(&b, '%');
    struct str like = arena_str(a, buf_str(&b));
    buf_free(&b);
    return like;
}

enum err matter_terms(struct store *db, struct str q, struct matter_terms *ret)
{
    struct terms t;
    size_t words = 0;
    TRY(S_new(db->arena, &t));
    *ret = (struct matter_terms){0};
    for (struct str rest = q; rest.p && words < QUERY_WORDS;) {
        struct str word = str_trim(str_split(&rest, ' '));
        if (!word.n)
            continue;
        ret->like[words++] = S_like(db->arena, word);
        S_terms(&t, word, false);
    }
    if (!t.n)
        return store_fault(db, ERR_INVALID, "q", "too_short", "请至少输入两个字。",
                           "Enter at least two characters.");
    /* The first, the last and one between: enough to narrow; LIKE settles the rest. */
    ret->n = t.n < QUERY_TERMS ? t.n : QUERY_TERMS;
    ret->term[0] = t.term[0];
    ret->term[1] = t.term[t.n - 1];
    ret->term[2] = t.term[t.n / 2];
    return OK;
}
