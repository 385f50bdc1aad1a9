#include "pack/rule.h"

enum op {
    OP_FACT,
    OP_LITERAL,
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_ADD,
    OP_SUB,
    OP_SET,
    OP_UNSET
};

struct rule_node {
    enum op op;
    enum rule_type type; /* of its value */
    size_t left, right;  /* nodes */
    size_t fact;         /* OP_FACT */
    struct rule_value value;
};

struct rule {
    struct str text;
    struct rule_node *nodes;
    size_t n, root;
};

struct parser {
    struct arena *arena;
    struct str text;
    size_t at; /* byte */
    const struct rule_facts *facts;
    struct rule *rule;
    struct rule_fault *fault;
    int depth;
};

static const char *const type_zh[] = {"是或否", "数", "代码", "时间", "时长"};
static const char *const type_en[] = {"yes or no", "a number", "a code", "a time", "a span"};

/* ---- faults ---- */

static enum err S_fault(struct parser *p, size_t at, struct str zh, struct str en)
{
    *p->fault =
        (struct rule_fault){.at = utf8_count((struct str){p->text.p, at}), .zh = zh, .en = en};
    return zh.p && en.p ? ERR_INVALID : ERR_MEMORY;
}

static enum err S_fault_types(struct parser *p, size_t at, enum rule_type a, enum rule_type b)
{
    return S_fault(
        p, at,
        arena_printf(p->arena, "这里左边是%s、右边是%s，放不到一起。", type_zh[a], type_zh[b]),
        arena_printf(p->arena, "Here %s on the left does not go together with %s on the right.",
                     type_en[a], type_en[b]));
}

static enum err S_fault_want(struct parser *p, size_t at, enum rule_type want, enum rule_type got)
{
    return S_fault(
        p, at, arena_printf(p->arena, "这里要的是%s，不是%s。", type_zh[want], type_zh[got]),
        arena_printf(p->arena, "Here %s is wanted, not %s.", type_en[want], type_en[got]));
}

static enum err S_fault_term(struct parser *p, size_t at)
{
    return S_fault(p, at, S("这里缺一项：写事实的名字、数、yes、no 或括号。"),
                   S("Something is missing here: a fact, a number, yes, no or a bracket."));
}

static enum err S_fault_fact(struct parser *p, size_t at, struct str word)
{
    struct str all = S("");
    for (size_t i = 0; i < p->facts->n; i++)
        all = arena_printf(p->arena, STR_F "%s%s", STR_A(all), i ? ", " : "",
                           p->facts->facts[i].name);
    return S_fault(p, at,
                   arena_printf(p->arena, "没有“" STR_F "”这个事实；可用的有：" STR_F "。",
                                STR_A(word), STR_A(all)),
                   arena_printf(p->arena,
                                "There is no fact \"" STR_F "\"; the facts are " STR_F ".",
                                STR_A(word), STR_A(all)));
}

/* ---- words and signs ---- */

static bool S_lower(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static bool S_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void S_space(struct parser *p)
{
    while (p->at < p->text.n && p->text.p[p->at] == ' ')
        p->at++;
}

/* The word that stands next, without taking it; empty when none does. */
static struct str S_peek(struct parser *p)
{
    S_space(p);
    size_t end = p->at;
    while (end < p->text.n && (S_lower(p->text.p[end]) || (end > p->at && S_digit(p->text.p[end]))))
        end++;
    return (struct str){p->text.p + p->at, end - p->at};
}

static bool S_take(struct parser *p, const char *word)
{
    struct str next = S_peek(p);
    if (!str_eq(next, str_of(word)))
        return false;
    p->at += next.n;
    return true;
}

static bool S_sign(struct parser *p, const char *sign)
{
    S_space(p);
    struct str want = str_of(sign), rest = {p->text.p + p->at, p->text.n - p->at};
    if (!str_starts(rest, want))
        return false;
    p->at += want.n;
    return true;
}

/* ---- nodes ---- */

static enum err S_add(struct parser *p, struct rule_node node, size_t *ret)
{
    struct rule *r = p->rule;
    if (r->n == RULE_NODES_MAX)
        return S_fault(p, p->at, S("这条规则太长。"), S("This rule is too long."));
    *ret = r->n;
    r->nodes[r->n++] = node;
    return OK;
}

static enum rule_type S_type(const struct parser *p, size_t node)
{
    return p->rule->nodes[node].type;
}

/* ---- the grammar ---- */

static enum err S_or(struct parser *p, size_t *ret);

static enum err S_number(struct parser *p, size_t *ret)
{
    enum { DIGITS_MAX = 9 };
    static const struct {
        const char *one, *many;
        int64_t ms;
    } units[] = {
        {"minute", "minutes", 60000}, {"hour", "hours", 3600000}, {"day", "days", 86400000}};
    struct rule_node node = {.op = OP_LITERAL, .type = RULE_NUMBER, .value = {.set = true}};
    size_t start = p->at;
    while (p->at < p->text.n && S_digit(p->text.p[p->at]))
        p->at++;
    if (p->at - start > DIGITS_MAX ||
        !str_int((struct str){p->text.p + start, p->at - start}, &node.value.n))
        return S_fault(p, start, S("数最多九位。"), S("A number has at most nine digits."));
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (!S_take(p, units[i].many) && !S_take(p, units[i].one))
            continue;
        node.type = RULE_SPAN;
        node.value.n *= units[i].ms;
        break;
    }
    return S_add(p, node, ret);
}

static enum err S_word(struct parser *p, size_t *ret)
{
    size_t start = p->at;
    struct str word = S_peek(p);
    bool yes = str_eq(word, S("yes"));
    if (!word.n)
        return S_fault_term(p, start);
    p->at += word.n;
    if (yes || str_eq(word, S("no")))
        return S_add(p,
                     (struct rule_node){
                         .op = OP_LITERAL, .type = RULE_BOOL, .value = {.set = true, .n = yes}},
                     ret);
    for (size_t i = 0; i < p->facts->n; i++) {
        const struct rule_fact *f = &p->facts->facts[i];
        if (str_eq(word, str_of(f->name)))
            return S_add(p, (struct rule_node){.op = OP_FACT, .type = f->type, .fact = i}, ret);
    }
    return S_fault_fact(p, start, word);
}

static enum err S_term(struct parser *p, size_t *ret)
{
    S_space(p);
    if (p->at == p->text.n)
        return S_fault_term(p, p->at);
    if (S_digit(p->text.p[p->at]))
        return S_number(p, ret);
    if (!S_sign(p, "("))
        return S_word(p, ret);
    TRY(S_or(p, ret));
    return S_sign(p, ")") ? OK
                          : S_fault(p, p->at, S("这里缺右括号 )。"),
                                    S("A closing bracket ) is missing here."));
}

/* What a sum of two types is; false when there is none. */
static bool S_sum_type(enum rule_type a, enum rule_type b, bool minus, enum rule_type *ret)
{
    if (a == b && (a == RULE_NUMBER || a == RULE_SPAN))
        *ret = a;
    else if ((a == RULE_TIME && b == RULE_SPAN) || (a == RULE_SPAN && b == RULE_TIME && !minus))
        *ret = RULE_TIME;
    else if (a == RULE_TIME && b == RULE_TIME && minus)
        *ret = RULE_SPAN;
    else
        return false;
    return true;
}

static enum err S_sum(struct parser *p, size_t *ret)
{
    TRY(S_term(p, ret));
    for (;;) {
        S_space(p);
        size_t at = p->at;
        bool minus = S_sign(p, "-");
        struct rule_node node = {.op = minus ? OP_SUB : OP_ADD, .left = *ret};
        if (!minus && !S_sign(p, "+"))
            return OK;
        TRY(S_term(p, &node.right));
        if (!S_sum_type(S_type(p, node.left), S_type(p, node.right), minus, &node.type))
            return S_fault_types(p, at, S_type(p, node.left), S_type(p, node.right));
        TRY(S_add(p, node, ret));
    }
}

/* A code begins with a letter or digit; - _ and . may follow. */
static enum err S_code(struct parser *p, size_t fact, size_t *ret)
{
    S_space(p);
    size_t start = p->at;
    struct str allowed = NO_STR;
    while (p->at < p->text.n) {
        char c = p->text.p[p->at];
        bool inner = p->at > start && (c == '-' || c == '.' || c == '_');
        if (!(c >= 'a' && c <= 'z') && !S_digit(c) && !inner)
            break;
        p->at++;
    }
    struct str code = arena_str(p->arena, (struct str){p->text.p + start, p->at - start});
    if (!code.n)
        return S_fault(p, start, S("这里要写一个代码。"), S("A code is wanted here."));
    if (p->facts->knows && !p->facts->knows(p->facts->arg, fact, code, &allowed))
        return S_fault(p, start,
                       arena_printf(p->arena, "“%s”没有“" STR_F "”这个代码；可用的有：" STR_F "。",
                                    p->facts->facts[fact].name, STR_A(code), STR_A(allowed)),
                       arena_printf(p->arena, "\"%s\" is never \"" STR_F "\"; it can be " STR_F ".",
                                    p->facts->facts[fact].name, STR_A(code), STR_A(allowed)));
    return S_add(
        p,
        (struct rule_node){.op = OP_LITERAL, .type = RULE_CODE, .value = {.set = true, .s = code}},
        ret);
}

static enum err S_is(struct parser *p, size_t at, size_t *ret)
{
    struct rule_node node = {.op = OP_SET, .type = RULE_BOOL, .left = *ret};
    if (S_take(p, "not"))
        node.op = OP_UNSET;
    if (!S_take(p, "set"))
        return S_fault(p, p->at, S("is 后面写 set 或 not set。"),
                       S("\"is\" is followed by set or not set."));
    if (p->rule->nodes[*ret].op != OP_FACT)
        return S_fault(p, at, S("is set 前面要是一个事实的名字。"),
                       S("A fact stands before \"is set\"."));
    return S_add(p, node, ret);
}

static enum err S_compare(struct parser *p, size_t *ret)
{
    /* The longer sign first: <= begins with <. */
    static const struct {
        const char *sign;
        enum op op;
    } signs[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE},
                 {">=", OP_GE}, {"<", OP_LT},  {">", OP_GT}};
    size_t start = p->at;
    TRY(S_sum(p, ret));
    S_space(p);
    size_t at = p->at;
    if (S_take(p, "is"))
        return S_is(p, start, ret);
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (!S_sign(p, signs[i].sign))
            continue;
        struct rule_node node = {.op = signs[i].op, .type = RULE_BOOL, .left = *ret};
        enum rule_type type = S_type(p, *ret);
        bool equal = node.op == OP_EQ || node.op == OP_NE;
        if (!equal && (type == RULE_CODE || type == RULE_BOOL))
            return S_fault(p, at, S("代码和是否只能比 == 或 !=，不分大小。"),
                           S("Codes and yes or no are only == or !=, not more or less."));
        TRY(type == RULE_CODE ? S_code(p, p->rule->nodes[*ret].fact, &node.right)
                              : S_sum(p, &node.right));
        if (S_type(p, node.right) != type)
            return S_fault_types(p, at, type, S_type(p, node.right));
        return S_add(p, node, ret);
    }
    return OK;
}

/* A condition: something that is yes or no. */
static enum err S_condition(struct parser *p, size_t start, size_t node)
{
    enum rule_type type = S_type(p, node);
    return type == RULE_BOOL ? OK : S_fault_want(p, start, RULE_BOOL, type);
}

static enum err S_not(struct parser *p, size_t *ret)
{
    struct rule_node node = {.op = OP_NOT, .type = RULE_BOOL};
    if (!S_take(p, "not"))
        return S_compare(p, ret);
    if (++p->depth > RULE_DEPTH_MAX)
        return S_fault(p, p->at, S("括号或 not 套得太深。"),
                       S("Brackets or \"not\" are nested too deeply."));
    S_space(p);
    size_t start = p->at;
    TRY(S_not(p, &node.left));
    TRY(S_condition(p, start, node.left));
    p->depth--;
    return S_add(p, node, ret);
}

/* Conditions joined by one word. */
static enum err S_joined(struct parser *p, const char *word, enum op op,
                         enum err (*part)(struct parser *p, size_t *ret), size_t *ret)
{
    S_space(p);
    size_t start = p->at;
    TRY(part(p, ret));
    while (S_take(p, word)) {
        struct rule_node node = {.op = op, .type = RULE_BOOL, .left = *ret};
        TRY(S_condition(p, start, node.left));
        S_space(p);
        start = p->at;
        TRY(part(p, &node.right));
        TRY(S_condition(p, start, node.right));
        TRY(S_add(p, node, ret));
    }
    return OK;
}

static enum err S_and(struct parser *p, size_t *ret)
{
    return S_joined(p, "and", OP_AND, S_not, ret);
}

static enum err S_or(struct parser *p, size_t *ret)
{
    if (++p->depth > RULE_DEPTH_MAX)
        return S_fault(p, p->at, S("括号或 not 套得太深。"),
                       S("Brackets or \"not\" are nested too deeply."));
    TRY(S_joined(p, "or", OP_OR, S_and, ret));
    p->depth--;
    return OK;
}

enum err rule_parse(struct arena *a, struct str text, const struct rule_facts *facts,
                    struct rule **ret, struct rule_fault *fault)
{
    struct parser p = {.arena = a, .facts = facts, .fault = fault};
    *fault = (struct rule_fault){0};
    p.rule = ARENA_NEW(a, struct rule);
    p.text = arena_str(a, text.p ? text : S(""));
    if (!p.rule || !p.text.p)
        return ERR_MEMORY;
    if (text.n > RULE_TEXT_MAX)
        return S_fault(&p, 0, S("这条规则太长。"), S("This rule is too long."));
    p.rule->text = p.text;
    p.rule->nodes = arena_array(a, RULE_NODES_MAX, sizeof *p.rule->nodes);
    if (!p.rule->nodes)
        return ERR_MEMORY;
    TRY(S_or(&p, &p.rule->root));
    S_space(&p);
    if (p.at < p.text.n)
        return S_fault(&p, p.at, S("规则到这里应该结束了；要连接两个条件，用 and 或 or。"),
                       S("The rule should end here; join two conditions with \"and\" or \"or\"."));
    *ret = p.rule;
    return OK;
}

enum rule_type rule_type(const struct rule *r)
{
    return r->nodes[r->root].type;
}

struct str rule_text(const struct rule *r)
{
    return r->text;
}

/* ---- evaluation ---- */

static bool S_compared(enum op op, enum rule_type type, struct rule_value a, struct rule_value b)
{
    if (type == RULE_CODE)
        return str_eq(a.s, b.s) == (op == OP_EQ);
    switch (op) {
    case OP_EQ: return a.n == b.n;
    case OP_NE: return a.n != b.n;
    case OP_LT: return a.n < b.n;
    case OP_LE: return a.n <= b.n;
    case OP_GT: return a.n > b.n;
    default: return a.n >= b.n;
    }
}

static bool S_yes(struct rule_value v)
{
    return v.set && v.n;
}

static struct rule_value S_two(const struct rule *r, const struct rule_node *node,
                               struct rule_value a, struct rule_value b)
{
    struct rule_value value = {.set = true};
    switch (node->op) {
    case OP_AND: value.n = S_yes(a) && S_yes(b); break;
    case OP_OR: value.n = S_yes(a) || S_yes(b); break;
    case OP_ADD: value.set = a.set && b.set && !__builtin_add_overflow(a.n, b.n, &value.n); break;
    case OP_SUB: value.set = a.set && b.set && !__builtin_sub_overflow(a.n, b.n, &value.n); break;
    default:
        value.n = a.set && b.set && S_compared(node->op, r->nodes[node->left].type, a, b);
        break;
    }
    return value;
}

/* Recursion ends with the nodes, of which a rule has RULE_NODES_MAX at most. */
static struct rule_value S_eval(const struct rule *r, size_t at, const struct rule_value *facts)
{
    const struct rule_node *node = &r->nodes[at];
    if (node->op == OP_FACT)
        return facts[node->fact];
    if (node->op == OP_LITERAL)
        return node->value;
    struct rule_value a = S_eval(r, node->left, facts);
    switch (node->op) {
    case OP_SET: return (struct rule_value){.set = true, .n = a.set};
    case OP_UNSET: return (struct rule_value){.set = true, .n = !a.set};
    case OP_NOT: return (struct rule_value){.set = true, .n = !S_yes(a)};
    default: return S_two(r, node, a, S_eval(r, node->right, facts));
    }
}

struct rule_value rule_eval(const struct rule *r, const struct rule_value *facts)
{
    return S_eval(r, r->root, facts);
}

bool rule_holds(const struct rule *r, const struct rule_value *facts)
{
    return S_yes(rule_eval(r, facts));
}
