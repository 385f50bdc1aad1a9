/* Notices (通知): what happens to a matter, told to those it concerns. A background reader follows
 * matter_event with a cursor of its own and makes a row for each who is to be told: who asked,
 * every household it affects, who watches, those it was sent to, the unit in charge, and whoever is
 * asked something; what time does is an event too. Whoever has an account finds it there, unread
 * until read. How else it reaches them is their own choice (preference); what leaves the house
 * stands in the outbox (outbox.h).
 *
 * The words come from one table (notice_words), for each act one sentence to who asked and one to
 * who works on it, in both languages. */
#ifndef DOMAIN_NOTICE_H
#define DOMAIN_NOTICE_H

#include "gate/route.h"

extern const struct module notice_module;

/* What the words are made of. */
struct notice_about {
    struct str act, number, title;
    int64_t due_at; /* 0: none */
    bool asked;     /* to who asked, not to who works on it */
};
struct words {
    const char *act;
    bool unit, party;                  /* whose work it is is told */
    bool asks;                         /* so are the units that are asked something by now */
    bool inside;                       /* those at work are told of it though it is internal */
    const char *asked_zh, *asked_en;   /* to who asked; NULL: they are not told */
    const char *worker_zh, *worker_en; /* to everybody else */
};
/* The row of an act; for one that has none, a row that says that something changed. */
const struct words *notice_words(struct str act);
struct str notice_text(struct arena *a, const struct notice_about *about, bool english);

/* An event with what deciding whom to tell needs. */
struct notice_event {
    int64_t seq, at, matter, account, party; /* account: who did it; party: whom the event names */
    struct str act, side;
    enum tri public, granted;
    /* Of the matter: */
    enum tri contact; /* somebody left a name or a number with it */
    enum tri confidential;
    int64_t requester, charge, holder, handler, due_at; /* holder: the party that has it */
    int64_t affected, asks_open;
    int64_t district, street, community, grid;
};

/* One to be told: an account; a person without one (account 0); or nobody on record (both 0): who
 * left a number with the matter, as callers of a hotline do, or a household known by its door. */
struct addressee {
    int64_t account, person;
    int64_t matter;   /* the id they know it by */
    int64_t house;    /* of matter_household; 0: not told as a household */
    struct str label; /* the door, when nobody there is on record */
    bool asked;       /* as who asked or is affected, not as who works on it */
};
enum { ADDRESSEES_MAX = 64 };

/* Whom an event is told to besides the households, each once, never to who did it; and those of the
 * households behind the one of that number, page by page. The one place that decides it. */
MUST enum err notice_addressees(struct store *db, const struct notice_event *e, struct list *ret);
MUST enum err notice_households(struct store *db, const struct notice_event *e, int64_t after,
                                int64_t most, struct list *ret);

/* How somebody is to be told. */
extern const char *const channel_names[]; /* in_app sms wechat call slip; NULL ends it */
struct preference {
    struct str channel, address, key; /* address sealed under key (wrapped) */
    bool chosen;                      /* by them, or for them */
};
/* What they chose, else what there is: an account's own list; without an account a text message,
 * or a call when there is no phone. Whoever only left a number is sent a message there. */
MUST enum err preference_of(struct store *db, const struct addressee *to, struct preference *ret);

/* Makes notices of a few events: a module's tick. */
MUST enum err notice_tick(struct store *db, void *unused);

#endif
