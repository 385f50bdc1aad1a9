/* The outbox: what is on its way out of the house, one row each: a text message, a WeChat template
 * message or a webhook for a machine to send, a call or a printed slip for a person to see to.
 *
 * Any number of workers may send. One claims rows for OUTBOX_LEASE_MS; what it reports counts only
 * while its claim is the latest, and a row whose worker has died is claimed again when the lease is
 * over. So a message may go out twice and never not at all; a webhook's id is the same each time.
 * After a failure a row waits longer each time, as long as the other side asks if that is more, and
 * after the last it is given up; a message to a person then becomes a call.
 *
 * Errors are codes, never what the other side said: that may hold a name or a number. */
#ifndef DOMAIN_OUTBOX_H
#define DOMAIN_OUTBOX_H

#include "domain/notice/notice.h"

enum { OUTBOX_LEASE_MS = 60000 };

/* Puts a notice on its way when its recipient chose more than finding it. Inside a command. */
MUST enum err outbox_notice(struct store *db, const struct notice_event *e,
                            const struct addressee *to, int64_t notice);

/* The webhooks of an event: those of the units its matter lies in that want it. */
MUST enum err outbox_webhooks(struct store *db, const struct notice_event *e);

/* What a worker sends. */
struct parcel {
    int64_t id, attempts; /* attempts: this one included */
    struct str channel;
    int64_t notice, webhook, account, person, matter, seq;
    int64_t at, due_at; /* when it happened */
    struct str act, stage, number, title;
    enum tri asked;
};

/* Is anything due? On a reader: an idle house writes nothing. */
MUST enum err outbox_due(struct store *db, bool *ret);

/* Claims what is due, `most` at most: a list of struct parcel. A command. */
MUST enum err outbox_claim(struct store *db, int64_t most, struct list *ret);

/* How it went. error NULL: it was sent. `wait_ms`: how long the other side asked to be left alone;
 * `final`: trying again is no use. A command. */
struct delivery {
    int64_t id, attempts;
    const char *error;
    int64_t wait_ms;
    bool final;
};
MUST enum err outbox_report(struct store *db, const struct delivery *d);

/* The phone number or openid a parcel goes to, in the clear, for sending and nothing else. NO_STR
 * when there is none. */
MUST enum err outbox_address(struct store *db, const struct parcel *p, struct str *ret);

/* Name and phone that were left with a matter, in the clear; NO_STR where there is none. */
MUST enum err outbox_contact(struct store *db, int64_t matter, struct str *name, struct str *phone);

/* Where a webhook goes and what it is signed with; ERR_NOT_FOUND when it has ended. */
MUST enum err webhook_target(struct store *db, int64_t id, struct str *url, struct str *secret);
MUST enum err webhook_end(struct store *db, int64_t id);

extern const struct module webhook_module, call_module;

#endif
