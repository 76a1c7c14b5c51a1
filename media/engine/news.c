/* Events for Python: a bounded queue, and a descriptor that is readable while it holds any. */
#include "engine.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAX_NEWS = 65536, FIRST_NEWS = 256 };

bool news_open(struct news *news)
{
    pthread_mutex_init(&news->mutex, NULL);
    news->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return news->fd >= 0;
}

void news_close(struct news *news)
{
    if (news->fd >= 0)
        close(news->fd);
    free(news->items);
    pthread_mutex_destroy(&news->mutex);
}

static bool has_room(struct news *news)
{
    if (news->count < news->capacity)
        return true;
    size_t capacity = news->capacity ? 2 * news->capacity : FIRST_NEWS;
    if (capacity > MAX_NEWS)
        return false;
    struct news_item *items = realloc(news->items, capacity * sizeof *items);
    if (!items)
        return false;
    news->items = items;
    news->capacity = capacity;
    return true;
}

void news_tell(struct news *news, struct news_item item)
{
    pthread_mutex_lock(&news->mutex);
    if (has_room(news)) {
        news->items[news->count++] = item;
        if (news->count == 1)
            eventfd_write(news->fd, 1);
    } else {
        news->lost++;
    }
    pthread_mutex_unlock(&news->mutex);
}

void news_nudge(struct news *news)
{
    news_tell(news, (struct news_item){.kind = HEARD, .port = -1});
}

/* A number may be used again at once, so nothing about its old bearer may still be said. */
void news_forget(struct news *news, int port)
{
    pthread_mutex_lock(&news->mutex);
    for (size_t i = 0; i < news->count; i++)
        if (news->items[i].port == port)
            news->items[i].port = -1;
    pthread_mutex_unlock(&news->mutex);
}

struct news_item *news_take(struct news *news, size_t *count)
{
    eventfd_t ignored;
    pthread_mutex_lock(&news->mutex);
    struct news_item *items = news->items;
    *count = news->count;
    if (news->count)
        eventfd_read(news->fd, &ignored);
    news->items = NULL;
    news->count = news->capacity = 0;
    pthread_mutex_unlock(&news->mutex);
    return items;
}
