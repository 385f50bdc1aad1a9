/* Server-Sent Events. A stream begins as a request like any other: a worker asks the gate, reads
 * what came after Last-Event-ID, and the loop begins the reply. From then on the stream is the
 * loop's alone: a small struct with the keys of its hats (gate/actor.h), by which it is found.
 *
 * New entries of the log are read once for all streams, by a worker, after a commit and four times
 * a second: a batch with each entry's text ready to be sent and the keys of who may know. The loop
 * looks up the keys, marks the streams, and writes to each once a batch, some hundred streams a
 * turn, so that requests get theirs between. It never touches the database.
 *
 * Every PULSE_MS a stream is said to be alive, and a worker looks again who its reader is: when the
 * session is over, or the hats are no longer the same, the stream ends, and whoever still may opens
 * another. The same look reads on for a stream that is behind. A reader that is slower than what
 * happens is dropped when OUT_MAX bytes wait for it; it comes back with Last-Event-ID. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/request.h"

enum { BATCH_MAX = 64, PULSE_MS = 20000 };

/* Log entries on their way to the streams. Text is `length CRLF event CRLF`, as a chunk; the event
 * alone is `inner` of it. */
struct told {
    int64_t seq, account;
    bool internal;
    size_t text, text_n, inner, inner_n; /* in batch->text */
    size_t key, key_n;                   /* in batch->keys */
};
struct batch {
    size_t n;
    int64_t upto; /* of the last entry */
    struct told told[BATCH_MAX];
    struct buf text;
    int64_t *keys;
    size_t key_n;
};
void batch_free(struct batch *b); /* NULL is fine */

/* What is read for all streams at once; batch is NULL when there was nothing, or on failure. */
struct poll {
    struct task task;
    struct server *server;
    const struct feed *feed;
    const struct entity *event;
    int64_t after;
    struct batch *batch;
};

/* A look at one stream's reader, and what they have missed. Owned by the worker until looked. */
struct look {
    struct task task;
    struct server *server;
    const struct route *route;
    int64_t serial, named, after; /* after NO_INT: nothing is to be read */
    size_t slot;
    unsigned char session[HASH_SIZE];
    bool gone; /* nobody with a session, or without any hat */
    size_t key_n;
    int64_t keys[HATS_MAX];
    struct stream_page page;
    struct buf text;
    struct look *next;
};

void stream_poll(struct conn *reader, void *arg); /* a struct poll */
void stream_look(struct conn *reader, void *arg); /* a struct look */

/* stream.c: the worker hands its result to the loop. */
void streams_polled(struct poll *p);
void streams_looked(struct look *l);

/* The keys of the actor's admitted hats; those of unit hats are negative. */
size_t actor_keys(const struct actor *by, int64_t ret[HATS_MAX]);

#endif
