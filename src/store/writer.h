/* The one thread that writes. Jobs wait in a bounded queue; the writer takes what has gathered (at
 * most WRITER_BATCH), runs each on its own account, commits once, and only then tells each
 * job how it ended. A job that fails is undone alone (ERR_DENIED apart: what it wrote is kept);
 * when the commit fails every job of the batch fails with ERR_STORE and nothing was acknowledged.
 *
 * A batch is first run without savepoints. When a job fails after it has written, the batch is
 * rolled back and run again, each job in a savepoint of its own: so `run` may be called twice and
 * must depend on nothing but its arguments and the database.
 *
 * The job belongs to whoever submitted it and must live until its `done` has been called, on the
 * writer's thread. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/clock.h"
#include "store/store.h"

enum { WRITER_BATCH = 512 };

struct job {
    enum err (*run)(struct store *db, void *arg); /* on the writer, in its transaction */
    void (*done)(void *arg, enum err err);        /* on the writer, after the commit */
    void *arg;
    struct arena *arena;
    struct problem *problem;
    struct job *next; /* the writer's */
    enum err err;     /* the writer's */
    bool guarded;     /* the writer's: this run has a savepoint of its own */
};

struct writer_stats {
    int64_t batches, jobs, undone, failed_commits;
    int64_t redone;     /* batches run twice, see below */
    int64_t longest_us; /* longest single job */
    int64_t over_5ms;   /* jobs that held the writer longer than they may */
    int64_t sizes[10];  /* batches of at most 1, 2, 4 … 512 jobs */
    size_t waiting;
};

struct writer;

/* `conn` is used by the writer alone from now on. room is the most jobs that may wait. */
MUST enum err writer_start(struct conn *conn, const struct clock *clock, const struct world *world,
                           size_t room, struct writer **ret);

/* Has `rest` called on the writer's thread whenever a batch's jobs have all been told. Before the
 * first job is submitted. */
void writer_on_rest(struct writer *w, void (*rest)(void *arg), void *arg);

/* False when the queue is full or the writer is stopping: the job was not taken. */
bool writer_submit(struct writer *w, struct job *job);

/* Submits and waits for the end: for the command line and background work. */
MUST enum err writer_call(struct writer *w, struct job *job);

struct writer_stats writer_stats(struct writer *w);

/* Runs what is queued, then ends the thread and frees the writer. */
void writer_stop(struct writer *w);

/* The same batch without a thread, for importers that own the connection: begin, jobs, commit. */
MUST enum err writer_run(struct conn *conn, const struct world *world, int64_t now,
                         struct job *jobs);

#endif
