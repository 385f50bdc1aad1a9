#include "port/message.h"

#include "domain/live/live.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { BODY_CAP = 64 * 1024, SECRET_MAX = 128 };

/* ---- how ---- */

static const char *S_text(const json_t *of, const char *name)
{
    return json_string_value(json_object_get(of, name));
}

static bool S_url(const char *text)
{
    return text &&
           (str_starts(str_of(text), S("https://")) || str_starts(str_of(text), S("http://")));
}

static const char *S_wrong(const json_t *c)
{
    const json_t *sms = json_object_get(c, "sms"), *wechat = json_object_get(c, "wechat");
    size_t i = 0;
    json_t *header = NULL;
    if (!json_is_object(c))
        return "deliver.json 要是一个 JSON 对象。 / deliver.json must be a JSON object.";
    if (sms && (!S_url(S_text(sms, "url")) || !S_text(sms, "body")))
        return "deliver.json：sms 要有 url（http 或 https）和 body。 / deliver.json: sms needs url "
               "(http or https) and body.";
    if (json_array_size(json_object_get(sms, "headers")) > FETCH_HEADERS - 2)
        return "deliver.json：sms.headers 太多。 / deliver.json: too many sms.headers.";
    json_array_foreach(json_object_get(sms, "headers"), i, header)
    {
        if (!json_is_string(header))
            return "deliver.json：sms.headers 要是文字。 / deliver.json: sms.headers must be "
                   "texts.";
    }
    if (wechat && (!S_url(S_text(wechat, "url")) || !S_url(S_text(wechat, "token_url")) ||
                   !S_text(wechat, "template") || !json_is_object(json_object_get(wechat, "data"))))
        return "deliver.json：wechat 要有 url、token_url、template 和 data。 / deliver.json: "
               "wechat "
               "needs url, token_url, template and data.";
    return NULL;
}

json_t *message_config(struct str folder, struct arena *a, const char **why)
{
    struct str path = arena_printf(a, STR_F "/deliver.json", STR_A(folder));
    json_error_t error;
    *why = NULL;
    FILE *file = path.p ? fopen(path.p, "r") : NULL;
    if (!file)
        return NULL;
    json_t *config = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (!config)
        *why = arena_printf(a, "deliver.json 第 %d 行读不懂。 / deliver.json: line %d is no JSON.",
                            error.line, error.line)
                   .p;
    else
        *why = S_wrong(config);
    if (!*why)
        return config;
    json_decref(config);
    return NULL;
}

/* ---- what ---- */

enum escape { AS_IT_IS, AS_JSON, AS_FORM };

struct fill {
    struct str phone, text, title, number, time;
};

static void S_escaped(struct buf *out, struct str s, enum escape escape)
{
    if (escape == AS_FORM) {
        form_escape(out, s);
    } else if (escape == AS_JSON) {
        struct buf quoted = buf_new(BODY_CAP);
        buf_json(&quoted, s);
        if (quoted.n >= 2)
            buf_put(out, (struct str){quoted.p + 1, quoted.n - 2});
        buf_free(&quoted);
    } else {
        buf_put(out, s);
    }
}

/* A brace that names nothing of ours stays as it is: bodies are often JSON. */
static void S_fill(struct buf *out, const char *template, const struct fill *f, enum escape escape)
{
    const struct {
        struct str name, value;
    } names[] = {{S("{phone}"), f->phone},
                 {S("{text}"), f->text},
                 {S("{title}"), f->title},
                 {S("{number}"), f->number},
                 {S("{time}"), f->time}};
    struct str rest = str_of(template);
    while (rest.n) {
        size_t i = 0;
        while (i < COUNT_OF(names) && !str_starts(rest, names[i].name))
            i++;
        if (i < COUNT_OF(names))
            S_escaped(out, names[i].value, escape);
        else
            buf_char(out, rest.p[0]);
        size_t step = i < COUNT_OF(names) ? names[i].name.n : 1;
        rest = (struct str){rest.p + step, rest.n - step};
    }
}

static struct fill S_about(struct store *db, const struct parcel *p, struct str phone)
{
    const struct notice_about about = {.act = p->act,
                                       .number = p->number,
                                       .title = p->title,
                                       .due_at = p->due_at,
                                       .asked = p->asked == YES};
    int year = 0, month = 0, day = 0;
    day_to_civil(day_of(p->at), &year, &month, &day);
    return (struct fill){.phone = phone,
                         .text = notice_text(db->arena, &about, false),
                         .title = p->title,
                         .number = p->number,
                         .time = arena_printf(db->arena, "%d-%02d-%02d", year, month, day)};
}

static void S_fail(struct attempt *o, const char *error, bool final)
{
    snprintf(o->text, sizeof o->text, "%s", error);
    o->d.error = o->text;
    o->d.final = final;
}

/* An answer other than 2xx, or none, is a failure. False then. */
static bool S_answered(const struct fetch_out *answer, struct attempt *o)
{
    char code[16];
    o->d.wait_ms = answer->retry_ms;
    if (!answer->error && answer->status >= 200 && answer->status < 300)
        return true;
    snprintf(code, sizeof code, "http_%d", answer->status);
    S_fail(o, answer->error ? answer->error : code, false);
    return false;
}

/* ---- text messages ---- */

static void S_sms(struct sender *s, struct store *db, const struct parcel *p, struct str phone,
                  struct attempt *ret)
{
    const json_t *sms = json_object_get(s->config, "sms"),
                 *headers = json_object_get(sms, "headers");
    const char *type = S_text(sms, "type"), *accept = S_text(sms, "accept");
    struct fetch_in in = {.url = S_text(sms, "url")};
    struct fetch_out answer;
    struct buf body = buf_new(BODY_CAP);
    if (!type)
        type = "application/json";
    const struct fill fill = S_about(db, p, phone);
    S_fill(&body, S_text(sms, "body"), &fill, strstr(type, "json") ? AS_JSON : AS_FORM);
    in.body = buf_str(&body);
    in.headers[0] = arena_printf(db->arena, "Content-Type: %s", type).p;
    for (size_t i = 0; in.headers[0] && i < json_array_size(headers); i++)
        in.headers[i + 1] = json_string_value(json_array_get(headers, i));
    fetch_run(s->fetch, &in, &answer);
    if (S_answered(&answer, ret) && accept && !str_has(buf_str(&answer.body), str_of(accept)))
        S_fail(ret, "refused", false);
    buf_free(&answer.body);
    buf_free(&body);
}

/* ---- WeChat ---- */

static bool S_token(struct sender *s, const json_t *wechat, int64_t now, struct attempt *ret)
{
    const struct fetch_in in = {.url = S_text(wechat, "token_url")};
    struct fetch_out answer;
    if (s->token[0] && now < s->token_until)
        return true;
    s->token[0] = '\0';
    fetch_run(s->fetch, &in, &answer);
    if (S_answered(&answer, ret)) {
        json_t *reply = json_loadb(answer.body.p, answer.body.n, 0, NULL);
        const char *token = S_text(reply, "access_token");
        json_int_t seconds = json_integer_value(json_object_get(reply, "expires_in"));
        if (token && strlen(token) < sizeof s->token) {
            memcpy(s->token, token, strlen(token) + 1);
            s->token_until = now + (int64_t)(seconds > 120 ? seconds - 60 : 60) * 1000;
        } else {
            S_fail(ret, "token", false);
        }
        json_decref(reply);
    }
    buf_free(&answer.body);
    return s->token[0] != '\0';
}

static struct str S_wechat_body(struct store *db, const json_t *wechat, struct str openid,
                                const struct fill *fill)
{
    struct buf body = buf_new(BODY_CAP);
    const char *name = NULL, *link = S_text(wechat, "link");
    json_t *value = NULL, *data = json_object_get(wechat, "data");
    const char *comma = "";
    buf_put(&body, S("{\"touser\":"));
    buf_json(&body, openid);
    buf_put(&body, S(",\"template_id\":"));
    buf_json(&body, str_of(S_text(wechat, "template")));
    if (link) {
        buf_put(&body, S(",\"url\":\""));
        S_fill(&body, link, fill, AS_JSON);
        buf_char(&body, '"');
    }
    buf_put(&body, S(",\"data\":{"));
    json_object_foreach(data, name, value)
    {
        buf_put(&body, str_of(comma));
        buf_json(&body, str_of(name));
        buf_put(&body, S(":{\"value\":\""));
        S_fill(&body, json_is_string(value) ? json_string_value(value) : "", fill, AS_JSON);
        buf_put(&body, S("\"}"));
        comma = ",";
    }
    buf_put(&body, S("}}"));
    struct str text = body.full ? NO_STR : arena_str(db->arena, buf_str(&body));
    buf_free(&body);
    return text;
}

/* Their codes: 0 is sent; a token that is no longer good is fetched again; some say that this
 * person will never be reached. */
static void S_wechat_answer(struct sender *s, const struct fetch_out *answer, struct attempt *ret)
{
    static const json_int_t stale[] = {40001, 40014, 42001}, never[] = {40003, 43004, 43101};
    char code[32];
    json_t *reply = json_loadb(answer->body.p, answer->body.n, 0, NULL);
    const json_t *errcode = json_object_get(reply, "errcode");
    json_int_t n = json_is_integer(errcode) ? json_integer_value(errcode) : -1;
    bool final = false;
    for (size_t i = 0; i < COUNT_OF(stale); i++) {
        if (n == stale[i])
            s->token[0] = '\0';
        final = final || n == never[i];
    }
    snprintf(code, sizeof code, "wechat_%lld", (long long)n);
    if (n != 0)
        S_fail(ret, code, final);
    json_decref(reply);
}

static void S_wechat(struct sender *s, struct store *db, const struct parcel *p, struct str openid,
                     struct attempt *ret)
{
    const json_t *wechat = json_object_get(s->config, "wechat");
    struct fetch_out answer;
    if (!S_token(s, wechat, db->now, ret))
        return;
    const struct fill fill = S_about(db, p, NO_STR);
    struct buf url = buf_new(4096);
    const char *to = S_text(wechat, "url");
    buf_printf(&url, "%s%caccess_token=", to, strchr(to, '?') ? '&' : '?');
    form_escape(&url, str_of(s->token));
    struct fetch_in in = {.url = arena_str(db->arena, buf_str(&url)).p,
                          .body = S_wechat_body(db, wechat, openid, &fill),
                          .headers = {"Content-Type: application/json"}};
    buf_free(&url);
    if (!in.url || !in.body.p) {
        S_fail(ret, "memory", false);
        return;
    }
    fetch_run(s->fetch, &in, &answer);
    if (S_answered(&answer, ret))
        S_wechat_answer(s, &answer, ret);
    buf_free(&answer.body);
}

/* ---- webhooks ---- */

struct str webhook_sign(struct arena *a, struct str secret, struct str id, int64_t timestamp,
                        struct str body)
{
    static const struct str head = {"whsec_", 6};
    crypto_auth_hmacsha256_state state;
    unsigned char key[SECRET_MAX], sum[crypto_auth_hmacsha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof sum, sodium_base64_VARIANT_ORIGINAL)];
    char stamp[32];
    size_t key_n = 0;
    if (!str_starts(secret, head) ||
        sodium_base642bin(key, sizeof key, secret.p + head.n, secret.n - head.n, NULL, &key_n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return NO_STR;
    snprintf(stamp, sizeof stamp, ".%lld.", (long long)timestamp);
    crypto_auth_hmacsha256_init(&state, key, key_n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id.p, id.n);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp, strlen(stamp));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.p, body.n);
    crypto_auth_hmacsha256_final(&state, sum);
    sodium_memzero(key, sizeof key);
    sodium_bin2base64(text, sizeof text, sum, sizeof sum, sodium_base64_VARIANT_ORIGINAL);
    return arena_printf(a, "v1,%s", text);
}

/* Without the title: whoever registers a webhook may not read matters. What is behind the id, the
 * other side asks for with an account that may. */
static struct str S_payload(struct store *db, const struct parcel *p)
{
    const struct live_event event = {.seq = p->seq,
                                     .at = p->at,
                                     .matter = p->matter,
                                     .number = p->number,
                                     .act = p->act,
                                     .stage = p->stage};
    struct buf body = buf_new(BODY_CAP);
    char at[25];
    buf_printf(&body, "{\"type\":\"matter." STR_F "\",\"timestamp\":", STR_A(p->act));
    buf_json(&body, time_text(p->at, at));
    buf_put(&body, S(",\"data\":"));
    entity_encode(&live_event_entity, &event, MASKED, &body);
    buf_char(&body, '}');
    struct str text = body.full ? NO_STR : arena_str(db->arena, buf_str(&body));
    buf_free(&body);
    return text;
}

static enum err S_webhook(struct sender *s, struct store *db, const struct parcel *p,
                          struct attempt *ret)
{
    struct str url = NO_STR, secret = NO_STR;
    struct fetch_out answer;
    enum err err = webhook_target(db, p->webhook, &url, &secret);
    if (err == ERR_NOT_FOUND) {
        S_fail(ret, "ended", true);
        return OK;
    }
    TRY(err);
    int64_t now = db->now / 1000;
    struct str body = S_payload(db, p);
    struct str id = arena_printf(db->arena, "msg_%lld", (long long)p->id);
    struct str sign = webhook_sign(db->arena, secret, id, now, body);
    if (!body.p || !id.p || !sign.p)
        return ERR_MEMORY;
    struct fetch_in in = {
        .url = arena_str(db->arena, url).p,
        .body = body,
        .headers = {"Content-Type: application/json",
                    arena_printf(db->arena, "webhook-id: " STR_F, STR_A(id)).p,
                    arena_printf(db->arena, "webhook-timestamp: %lld", (long long)now).p,
                    arena_printf(db->arena, "webhook-signature: " STR_F, STR_A(sign)).p}};
    if (arena_full(db->arena))
        return ERR_MEMORY;
    fetch_run(s->fetch, &in, &answer);
    if (!S_answered(&answer, ret) && answer.status == 410) {
        ret->gone = true;
        S_fail(ret, "gone", true);
    }
    buf_free(&answer.body);
    return OK;
}

/* ---- any ---- */

enum err message_send(struct sender *s, struct store *db, const struct parcel *p,
                      struct attempt *ret)
{
    struct str address = NO_STR;
    bool sms = str_eq(p->channel, S("sms"));
    *ret = (struct attempt){.d = {.id = p->id, .attempts = p->attempts}};
    if (str_eq(p->channel, S("webhook")))
        return S_webhook(s, db, p, ret);
    if (!json_object_get(s->config, sms ? "sms" : "wechat")) {
        S_fail(ret, "not_set_up", true);
        return OK;
    }
    TRY(outbox_address(db, p, &address));
    if (!address.n)
        S_fail(ret, "no_address", true);
    else if (sms)
        S_sms(s, db, p, address, ret);
    else
        S_wechat(s, db, p, address, ret);
    if (address.n)
        sodium_memzero((void *)(uintptr_t)address.p, address.n);
    return OK;
}
