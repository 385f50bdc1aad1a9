/* What is sent to the outside, made from a parcel, and how its answer is understood. How text
 * messages and WeChat messages are sent is in deliver.json in the data folder (docs/OPERATE.md):
 *
 *   {"sms": {"url", "body", "type", "headers": ["Name: value"], "accept"},
 *    "wechat": {"url", "token_url", "template", "link", "data": {"thing1": "{title}"}}}
 *
 * In body, link and data {phone}, {text}, {title}, {number} and {time} stand for the message's own.
 * Webhooks follow Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature. */
#ifndef PORT_MESSAGE_H
#define PORT_MESSAGE_H

#include "domain/notice/outbox.h"
#include "port/fetch.h"

#include <jansson.h>

/* NULL when there is no such file (*why NULL) or it is wrong (*why says how, in both languages).
 * The caller's, to json_decref. */
json_t *message_config(struct str folder, struct arena *a, const char **why);

/* One sender: a thread's own. */
struct sender {
    struct fetch *fetch;
    const json_t *config; /* may be NULL */
    char token[600];      /* WeChat's, while it is good */
    int64_t token_until;
};

/* How sending went: as a struct delivery, its error in `text`. `gone`: a webhook's receiver wants
 * no more. */
struct attempt {
    struct delivery d;
    char text[32];
    bool gone;
};
MUST enum err message_send(struct sender *s, struct store *db, const struct parcel *p,
                           struct attempt *ret);

/* "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body" with what stands behind whsec_ in
 * base64. NO_STR: that is no secret. */
struct str webhook_sign(struct arena *a, struct str secret, struct str id, int64_t timestamp,
                        struct str body);

#endif
