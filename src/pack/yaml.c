#include "pack/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct build {
    struct arena *arena;
    struct pack_report *report;
    struct fy_parser *parser;
    size_t nodes;
    bool stop; /* a fault was found that ends the reading */
};

/* ---- faults ---- */

static struct str S_printf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NO_STR;
    vsnprintf(p, (size_t)n + 1, format, args);
    return (struct str){p, (size_t)n};
}

void fault_add(struct pack_report *report, struct mark at, const char *zh, const char *en, ...)
{
    if (report->n == FAULTS_MAX)
        return;
    if (report->n == report->room) {
        size_t room = report->room ? report->room * 2 : 16;
        struct pack_fault *faults = arena_array(report->arena, room, sizeof *faults);
        if (!faults)
            return;
        if (report->n)
            memcpy(faults, report->faults, report->n * sizeof *faults);
        report->faults = faults;
        report->room = room;
    }
    struct pack_fault *fault = &report->faults[report->n++];
    va_list args;
    va_start(args, en);
    fault->zh = S_printf(report->arena, zh, args);
    va_end(args);
    va_start(args, en);
    fault->en = S_printf(report->arena, en, args);
    va_end(args);
    fault->line = at.line > 0 ? at.line : 1;
    fault->column = at.column > 0 ? at.column : 1;
}

static bool S_after(const struct pack_fault *a, const struct pack_fault *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void fault_sort(struct pack_report *report)
{
    for (size_t i = 1; i < report->n; i++) {
        struct pack_fault fault = report->faults[i];
        size_t at = i;
        for (; at > 0 && S_after(&report->faults[at - 1], &fault); at--)
            report->faults[at] = report->faults[at - 1];
        report->faults[at] = fault;
    }
}

int show_len(struct str s)
{
    size_t n = s.n < 60 ? s.n : 60;
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

/* ---- events to tree ---- */

static struct mark S_mark(struct fy_event *event, struct mark otherwise)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    return mark ? (struct mark){mark->line + 1, mark->column + 1} : otherwise;
}

/* The next event; NULL at a syntax error, which S_syntax reports at the end. */
static struct fy_event *S_next(struct build *b)
{
    struct fy_event *event = b->stop ? NULL : fy_parser_parse(b->parser);
    if (!event)
        b->stop = true;
    return event;
}

static bool S_plain(struct fy_event *event)
{
    return fy_event_get_node_style(event) == FYNS_PLAIN || !fy_event_get_token(event);
}

static void S_text(struct build *b, struct fy_event *event, struct node *node)
{
    struct fy_token *token = fy_event_get_token(event);
    size_t n = 0;
    const char *p = token ? fy_token_get_text(token, &n) : "";
    struct str text = {p, p ? n : 0};
    enum fy_node_style style = fy_event_get_node_style(event);
    if (style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED)
        node->at.column--; /* libfyaml points behind the quote */
    node->quoted = style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
    if (S_plain(event) && (!text.n || str_eq(text, S("~")) || str_eq(text, S("null"))))
        return;
    node->type = NODE_TEXT;
    node->text = arena_str(b->arena, text);
}

static bool S_refused(struct build *b, struct fy_event *event, struct mark at, int depth)
{
    if (event->type == FYET_ALIAS)
        at.column--; /* libfyaml points behind the star */
    if (event->type == FYET_ALIAS || fy_event_get_anchor_token(event)) {
        fault_add(b->report, at, "方案里不能用锚点和引用（& 和 *），请把内容写全。",
                  "Anchors and aliases (& and *) are not used in packs: write it out.");
    } else if (fy_event_get_tag_token(event)) {
        fault_add(b->report, at, "方案里不能用类型标记（!）。", "Tags (!) are not used in packs.");
    } else if (depth > YAML_DEPTH_MAX) {
        fault_add(b->report, at, "嵌套太深：最多 %d 层。", "Nested too deep: at most %d levels.",
                  (int)YAML_DEPTH_MAX);
    } else if (++b->nodes > YAML_NODES_MAX) {
        fault_add(b->report, at, "方案太长：最多 %d 项。", "Too long: at most %d items.",
                  (int)YAML_NODES_MAX);
    } else {
        return false;
    }
    b->stop = true;
    return true;
}

static struct node *S_build(struct build *b, struct fy_event *event, struct mark at, int depth);

static void S_append(struct node *parent, struct node **tail, struct node *node)
{
    if (*tail)
        (*tail)->next = node;
    else
        parent->child = node;
    *tail = node;
    parent->count++;
}

static void S_list(struct build *b, struct node *list, int depth)
{
    struct node *tail = NULL;
    for (;;) {
        struct fy_event *event = S_next(b);
        struct node *item = NULL;
        if (event && event->type != FYET_SEQUENCE_END)
            item = S_build(b, event, S_mark(event, list->at), depth);
        fy_parser_event_free(b->parser, event);
        if (!item)
            return;
        S_append(list, &tail, item);
    }
}

/* One key and its value; NULL at the end of the map. */
static struct node *S_pair(struct build *b, const struct node *map, int depth)
{
    struct fy_event *event = S_next(b);
    struct node *key = NULL, *value = NULL;
    if (event && event->type != FYET_MAPPING_END)
        key = S_build(b, event, S_mark(event, map->at), depth);
    fy_parser_event_free(b->parser, event);
    if (!key)
        return NULL;
    if (key->type != NODE_TEXT) {
        fault_add(b->report, key->at, "冒号前要写一个词。", "A word must come before the colon.");
        b->stop = true;
        return NULL;
    }
    event = S_next(b);
    if (event)
        value = S_build(b, event, S_mark(event, key->at), depth);
    fy_parser_event_free(b->parser, event);
    if (!value)
        return NULL;
    value->key = key->text;
    value->key_at = key->at;
    if (value->type == NODE_EMPTY)
        value->at = key->at;
    return value;
}

/* Builds the node that begins with this event; the caller frees the event. */
static struct node *S_build(struct build *b, struct fy_event *event, struct mark at, int depth)
{
    if (S_refused(b, event, at, depth))
        return NULL;
    struct node *node = ARENA_NEW(b->arena, struct node);
    if (!node) {
        b->stop = true;
        return NULL;
    }
    node->at = at;
    if (event->type == FYET_SCALAR) {
        S_text(b, event, node);
    } else if (event->type == FYET_SEQUENCE_START) {
        node->type = NODE_LIST;
        S_list(b, node, depth + 1);
    } else {
        node->type = NODE_MAP;
        struct node *tail = NULL, *pair = NULL;
        while ((pair = S_pair(b, node, depth + 1)))
            S_append(node, &tail, pair);
    }
    return node;
}

/* Reads the stream: one document. */
static struct node *S_stream(struct build *b)
{
    struct node *root = NULL;
    int documents = 0;
    struct fy_event *event = NULL;
    while ((event = S_next(b))) {
        struct mark at = S_mark(event, (struct mark){1, 1});
        bool starts = event->type == FYET_MAPPING_START || event->type == FYET_SEQUENCE_START ||
                      event->type == FYET_SCALAR || event->type == FYET_ALIAS;
        if (event->type == FYET_DOCUMENT_START && ++documents > 1) {
            fault_add(b->report, at, "一个文件只能写一个方案（多出了“---”）。",
                      "One file holds one pack (there is a second \"---\").");
            b->stop = true;
        } else if (starts) {
            root = S_build(b, event, at, 1);
        }
        fy_parser_event_free(b->parser, event);
    }
    return root;
}

static void S_syntax(struct fy_diag *diag, struct pack_report *report)
{
    void *at = NULL;
    const struct fy_diag_error *error = NULL;
    while ((error = fy_diag_errors_iterate(diag, &at))) {
        struct str words = str_of(error->msg);
        if (error->type == FYET_ERROR && words.n)
            fault_add(report, (struct mark){error->line, error->column},
                      "YAML 写法不对（缩进、引号、括号或冒号）：%.*s。", "YAML syntax: %.*s.",
                      SHOW(words));
    }
}

/* What YAML cannot hold, and libfyaml would end at or pass over. */
static bool S_readable(struct str yaml, struct pack_report *report)
{
    size_t good = utf8_valid(yaml);
    const char *nul = yaml.n ? memchr(yaml.p, '\0', yaml.n) : NULL;
    struct mark at = {1, 1};
    if (yaml.n > YAML_SIZE_MAX) {
        fault_add(report, at, "文件太大：最多 %d KB。", "The file is too large: at most %d kB.",
                  (int)YAML_SIZE_MAX / 1024);
        return false;
    }
    if (nul && (size_t)(nul - yaml.p) < good)
        good = (size_t)(nul - yaml.p);
    if (good == yaml.n)
        return true;
    for (size_t i = 0; i < good; i++) {
        if (yaml.p[i] == '\n')
            at = (struct mark){at.line + 1, 1};
        else
            at.column += ((unsigned char)yaml.p[i] & 0xC0) != 0x80;
    }
    fault_add(report, at, "这里不是 UTF-8 文字；请把文件另存为 UTF-8。",
              "This is not UTF-8 text: save the file as UTF-8.");
    return false;
}

static struct node *S_parse(struct arena *a, struct str yaml, struct pack_report *report)
{
    struct fy_diag_cfg quiet;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&quiet);
    if (!diag)
        return NULL;
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    struct build b = {.arena = a, .report = report, .parser = fy_parser_create(&cfg)};
    struct node *root = NULL;
    if (b.parser && fy_parser_set_string(b.parser, yaml.p, yaml.n) == 0)
        root = S_stream(&b);
    S_syntax(diag, report);
    bool failed = !b.parser || fy_parser_get_stream_error(b.parser);
    if (b.parser)
        fy_parser_destroy(b.parser);
    fy_diag_destroy(diag);
    if (failed && report->n == 0)
        fault_add(report, (struct mark){1, 1}, "读不懂这个 YAML 文件。",
                  "This YAML file cannot be read.");
    return root;
}

struct node *yaml_read(struct arena *a, struct str yaml, struct pack_report *report)
{
    size_t before = report->n;
    if (!S_readable(yaml, report))
        return NULL;
    struct node *root = yaml.n ? S_parse(a, yaml, report) : NULL;
    if (report->n > before)
        return NULL;
    if (!root || root->type != NODE_MAP) {
        fault_add(report, root ? root->at : (struct mark){1, 1},
                  "方案是空的，或不是“键: 值”的写法；第一行可写 pack: 名称代码。",
                  "The pack is empty or not made of \"key: value\" lines; begin with pack: code.");
        return NULL;
    }
    return root;
}

/* ---- maps ---- */

const struct node *node_get(const struct node *map, const char *key)
{
    struct str wanted = str_of(key);
    for (const struct node *n = map->child; n; n = n->next)
        if (str_eq(n->key, wanted))
            return n;
    return NULL;
}

static bool S_listed(struct str key, const char *const *known)
{
    while (*known && !str_eq(key, str_of(*known)))
        known++;
    return *known;
}

void node_keys(const struct node *map, const char *const *known, struct pack_report *report)
{
    char all[256];
    size_t used = 0;
    for (size_t i = 0; known[i] && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", known[i]);
    for (const struct node *n = map->child; n && report->n < FAULTS_MAX; n = n->next) {
        const struct node *first = map->child;
        while (!str_eq(first->key, n->key))
            first = first->next;
        if (!S_listed(n->key, known))
            fault_add(report, n->key_at, "不认识“%.*s”；这里可以写：%s。",
                      "\"%.*s\" is not known here; known: %s.", SHOW(n->key), all);
        else if (first != n)
            fault_add(report, n->key_at, "“%.*s”写了两次（第一次在第 %d 行）。",
                      "\"%.*s\" is given twice (first on line %d).", SHOW(n->key),
                      first->key_at.line);
    }
}

const struct node *node_typed(const struct node *map, const char *key, enum node_type type,
                              bool required, struct pack_report *report)
{
    static const char *const zh[] = {
        [NODE_EMPTY] = "“%s”要空着。",
        [NODE_TEXT] = "“%s”要写成一段文字。",
        [NODE_LIST] = "“%s”要写成列表：每项以 - 开头，或写在 [] 里。",
        [NODE_MAP] = "“%s”要写成“键: 值”。",
    };
    static const char *const en[] = {
        [NODE_EMPTY] = "\"%s\" must be empty.",
        [NODE_TEXT] = "\"%s\" must be a text.",
        [NODE_LIST] = "\"%s\" must be a list: items with -, or in [].",
        [NODE_MAP] = "\"%s\" must be made of \"key: value\".",
    };
    const struct node *value = node_get(map, key);
    if (value && value->type == type)
        return value;
    if (value && value->type != NODE_EMPTY) {
        fault_add(report, value->at, zh[type], en[type], key);
    } else if (required) {
        struct mark at = value ? value->key_at : map->at;
        fault_add(report, at, "缺少“%s”。", "\"%s\" is missing.", key);
    }
    return NULL;
}
