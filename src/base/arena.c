#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 16 * 1024, ALIGN = 16 };

struct block {
    struct block *next;
    size_t size; /* bytes of data */
    size_t used;
    _Alignas(ALIGN) char data[];
};

struct arena {
    struct block *head; /* the block being filled; the first block is last in the list */
    size_t cap;
    size_t taken; /* bytes of all blocks */
    bool full;
};

static struct block *S_block(struct arena *a, size_t size)
{
    if (size > a->cap || a->taken > a->cap - size)
        return NULL;
    struct block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    *b = (struct block){.next = a->head, .size = size};
    a->head = b;
    a->taken += size;
    return b;
}

struct arena *arena_new(size_t cap)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->cap = cap;
    if (!S_block(a, cap < FIRST_BLOCK ? cap : FIRST_BLOCK)) {
        free(a);
        return NULL;
    }
    return a;
}

static void S_drop(struct arena *a, bool keep_first)
{
    struct block *b = a->head;
    while (b && (b->next || !keep_first)) {
        struct block *next = b->next;
        a->taken -= b->size;
        free(b);
        b = next;
    }
    a->head = b;
    if (b)
        b->used = 0;
    a->full = false;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    S_drop(a, false);
    free(a);
}

void arena_reset(struct arena *a)
{
    S_drop(a, true);
}

bool arena_full(const struct arena *a)
{
    return a->full;
}

/* As arena_alloc, not zeroed. */
static void *S_take(struct arena *a, size_t size)
{
    struct block *b = a->head;
    if (size > SIZE_MAX - ALIGN) {
        a->full = true;
        return NULL;
    }
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (b->size - b->used < size) {
        size_t twice = b->size * 2;
        b = S_block(a, size > twice ? size : twice);
        if (!b && size < twice)
            b = S_block(a, size);
        if (!b) {
            a->full = true;
            return NULL;
        }
    }
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = S_take(a, size);
    return p ? memset(p, 0, size) : NULL;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) {
        a->full = true;
        return NULL;
    }
    return arena_alloc(a, count * size);
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = s.p ? S_take(a, s.n + 1) : NULL;
    if (!p)
        return NO_STR;
    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *p = n < 0 ? NULL : S_take(a, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p ? (struct str){p, (size_t)n} : NO_STR;
}
