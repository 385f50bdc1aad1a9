#include "domain/notice/slip.h"

#include "domain/matter/matter.h"

enum { SLIP_MAX = 64 * 1024 };

struct next {
    const char *awaits, *zh, *en;
};
static const struct next table[] = {
    {"accept", "社区会先看一看，告诉您是否受理。",
     "The community will look at it and say whether it takes it up."},
    {"dispatch", "社区会派人去办。", "The community will ask somebody to see to it."},
    {"submit", "正在办理，办好后会告诉您。",
     "It is being seen to; you will be told when it is done."},
    {"verify", "已说办好，社区会去核实。",
     "It is said to be done; the community will check that it is."},
    {"rate", "请您看看是否解决。可以当面或打电话告诉社区。",
     "Please see whether it is solved. You may tell the community in person or by phone."},
    {"close", "社区会办结并告诉您结果。", "The community will close it and tell you the result."},
};
static const struct next going = {NULL, "正在办理。", "It is being worked on."};
static const struct next over = {NULL, "这件事已经结束。还没解决的话，请告诉社区。",
                                 "This has ended. If it is not solved, please tell the community."};

static const struct next *S_next(const struct matter *m)
{
    for (size_t i = 0; m->open == YES && i < COUNT_OF(table); i++) {
        if (str_eq(m->awaits, str_of(table[i].awaits)))
            return &table[i];
    }
    return m->open == YES ? &going : &over;
}

/* Text as text, whatever it holds. */
static void S_text(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&': buf_put(out, S("&amp;")); break;
        case '<': buf_put(out, S("&lt;")); break;
        case '>': buf_put(out, S("&gt;")); break;
        case '"': buf_put(out, S("&quot;")); break;
        case '\n': buf_put(out, S("<br>")); break;
        default: buf_char(out, s.p[i]);
        }
    }
}

static void S_row(struct buf *out, const char *label, struct str value)
{
    if (!value.p)
        return;
    buf_printf(out, "<dt>%s</dt><dd>", label);
    S_text(out, value);
    buf_put(out, S("</dd>"));
}

static struct str S_day(struct arena *a, int64_t at)
{
    int year = 0, month = 0, day = 0;
    if (!at)
        return NO_STR;
    day_to_civil(day_of(at), &year, &month, &day);
    return arena_printf(a, "%d-%02d-%02d", year, month, day);
}

static struct str S_unit_name(struct store *db, int64_t unit)
{
    struct str name = NO_STR;
    return store_text(db, "SELECT name FROM unit WHERE id = $1", ARGS(A_INT(unit)), &name) == OK
               ? name
               : NO_STR;
}

static struct pack_label S_stage(struct store *db, const struct matter *m)
{
    const struct pack *pack = world_pack(db->world, m->pack);
    const struct pack_kind *kind = pack ? pack_kind(pack, m->kind) : NULL;
    size_t stage = 0;
    return kind && kind_stage(kind, m->stage, &stage) ? kind->stages[stage].name
                                                      : (struct pack_label){m->stage, m->stage};
}

static void S_part(struct store *db, const struct matter *m, bool english, struct buf *out)
{
    static const char *const labels[][2] = {{"编号", "Number"},       {"您反映的", "You asked"},
                                            {"详细情况", "In full"},  {"地点", "Where"},
                                            {"收到", "Received"},     {"现在", "Now"},
                                            {"接下来", "Next"},       {"期限", "By"},
                                            {"由谁负责", "In charge"}};
    const struct pack_label stage = S_stage(db, m);
    const struct next *next = S_next(m);
    const struct str values[] = {m->number,
                                 m->title,
                                 m->text,
                                 m->place,
                                 S_day(db->arena, m->created_at),
                                 english ? stage.en : stage.zh,
                                 str_of(english ? next->en : next->zh),
                                 m->open == YES && m->due_at != NO_DUE ? S_day(db->arena, m->due_at)
                                                                       : NO_STR,
                                 S_unit_name(db, m->charge)};
    buf_printf(out, "<section lang=\"%s\"><h1>%s</h1><dl>", english ? "en" : "zh-CN",
               english ? "Your request" : "您的事项");
    for (size_t i = 0; i < COUNT_OF(values); i++)
        S_row(out, labels[i][english], values[i]);
    buf_put(out, S("</dl></section>"));
}

enum err slip_get(struct store *db, const struct actor *by, const void *in, void *ret)
{
    struct matter m;
    struct text_out *page = ret;
    (void)by;
    TRY(matter_load(db, ((const struct subject_in *)in)->id, &m));
    struct buf out = buf_new(SLIP_MAX);
    buf_put(&out, S("<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width\">"
                    "<link rel=\"stylesheet\" href=\"/slip.css\"><title>"));
    S_text(&out, m.number);
    buf_put(&out, S("</title></head><body><main>"));
    S_part(db, &m, false, &out);
    S_part(db, &m, true, &out);
    buf_put(&out, S("</main></body></html>\n"));
    page->text = arena_str(db->arena, buf_str(&out));
    bool full = out.full;
    buf_free(&out);
    return full ? ERR_TOO_LARGE : page->text.p ? OK : ERR_MEMORY;
}
