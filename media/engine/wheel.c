/* The packet threads: one poll and one wheel each, and no Python. */
#include "engine.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 256, RTP = 0, RTCP = 1, TIMER = 2, STOP = 3 };
static const uint64_t NTP_OF_1970 = 2208988800;

nanos clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

struct port *engine_port(struct engine *engine, int number)
{
    if (number < 0 || number >= MAX_PORTS)
        return NULL;
    return atomic_load_explicit(&engine->ports[number], memory_order_acquire);
}

static struct worker *worker_of(struct engine *engine, int number)
{
    return &engine->workers[number / 2 % engine->thread_count];
}

static uint64_t tag_of(const struct port *port, int kind)
{
    return (uint64_t)port->generation << 32 | (uint64_t)port->number << 2 | (uint64_t)kind;
}

static int watch(struct worker *worker, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

int engine_watch(struct engine *engine, struct port *port)
{
    struct worker *worker = worker_of(engine, port->number);
    if (watch(worker, port->rtp_fd, tag_of(port, RTP)) < 0)
        return -1;
    if (watch(worker, port->rtcp_fd, tag_of(port, RTCP)) < 0) {
        int error = errno;
        epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, port->rtp_fd, NULL);
        errno = error;
        return -1;
    }
    return 0;
}

void engine_unwatch(struct engine *engine, struct port *port)
{
    struct worker *worker = worker_of(engine, port->number);
    epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, port->rtp_fd, NULL);
    epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, port->rtcp_fd, NULL);
}

/* One batch from one socket, under the port's mutex. */
static void take_batch(struct worker *worker, struct port *port, bool rtcp, nanos now,
                       struct intake *intake)
{
    struct sockaddr_storage sources[BATCH];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    ASAN_UNPOISON_MEMORY_REGION(worker->data, sizeof worker->data);
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){worker->data[i], DATAGRAM};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
        messages[i].msg_hdr.msg_name = &sources[i];
        messages[i].msg_hdr.msg_namelen = sizeof sources[i];
    }
    int count = recvmmsg(rtcp ? port->rtcp_fd : port->rtp_fd, messages, BATCH, MSG_DONTWAIT,
                         NULL);
    for (int i = 0; i < count; i++) {
        struct endpoint source;
        if (messages[i].msg_hdr.msg_flags & MSG_TRUNC) {
            port->counters.packets_dropped++;
            continue;
        }
        endpoint_from_socket(&source, &sources[i]);
        ASAN_POISON_MEMORY_REGION(worker->data[i] + messages[i].msg_len,
                                  DATAGRAM - messages[i].msg_len);
        port_take(worker->engine, port, worker->data[i], messages[i].msg_len, &source, rtcp,
                  now, intake);
    }
}

static void serve(struct worker *worker, uint64_t tag, uint32_t events)
{
    struct port *port = engine_port(worker->engine, (int)((tag & 0xffffffff) >> 2));
    bool rtcp = (tag & 3) == RTCP;
    struct intake intake;
    nanos now = clock_now();
    if (!port)
        return;
    pthread_mutex_lock(&port->mutex);
    if (!port->open || port->generation != (uint32_t)(tag >> 32)) {
        pthread_mutex_unlock(&port->mutex);
        return;
    }
    intake_open(&intake, port);
    if (events & EPOLLERR)
        port_error(worker->engine, port, rtcp ? port->rtcp_fd : port->rtp_fd);
    /* An error may be pending without a place in the queue; a read takes it off. */
    if (events & (EPOLLIN | EPOLLERR))
        take_batch(worker, port, rtcp, now, &intake);
    pthread_mutex_unlock(&port->mutex);
    intake_deliver(worker->engine, &intake, now);
}

/* Serves the ports of this thread whose turn it is; numbers are dealt out in pairs. */
static void turn(struct worker *worker, uint64_t tick)
{
    struct engine *engine = worker->engine;
    int high = atomic_load(&engine->high), threads = engine->thread_count;
    nanos now = clock_now();
    for (int pair = (int)(tick % PHASES) * threads + worker->index; 2 * pair < high;
         pair += PHASES * threads)
        for (int number = 2 * pair; number < 2 * pair + 2; number++) {
            struct port *port = engine_port(engine, number);
            if (port)
                port_tick(engine, port, now);
        }
}

/* Ticks that were missed are made good, up to a limit; the clock of each port sees to the rest. */
static void wind(struct worker *worker)
{
    uint64_t due = 0;
    if (read(worker->timer_fd, &due, sizeof due) != sizeof due)
        return;
    uint64_t skipped = due > MAX_CATCH_UP ? due - MAX_CATCH_UP : 0;
    uint64_t tick = worker->ticks + skipped;
    worker->ticks += due;
    for (; tick < worker->ticks; tick++)
        turn(worker, tick);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_AT_ONCE];
    for (;;) {
        int count = epoll_wait(worker->epoll_fd, events, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < count; i++) {
            uint64_t tag = events[i].data.u64;
            if ((tag & 3) == STOP)
                return NULL;
            if ((tag & 3) == TIMER)
                wind(worker);
            else
                serve(worker, tag, events[i].events);
        }
    }
}

static bool worker_start(struct worker *worker)
{
    struct timespec step = {.tv_nsec = TICK_MS * MILLISECOND};
    struct itimerspec pace = {.it_interval = step, .it_value = step};
    sigset_t all, before;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    worker->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->epoll_fd < 0 || worker->timer_fd < 0 || worker->stop_fd < 0)
        return false;
    if (timerfd_settime(worker->timer_fd, 0, &pace, NULL) < 0 ||
        watch(worker, worker->timer_fd, TIMER) < 0 || watch(worker, worker->stop_fd, STOP) < 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are Python's */
    worker->running = pthread_create(&worker->thread, NULL, work, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return worker->running;
}

static void worker_stop(struct worker *worker)
{
    if (worker->running) {
        eventfd_write(worker->stop_fd, 1);
        pthread_join(worker->thread, NULL);
        worker->running = false;
    }
    int fds[] = {worker->epoll_fd, worker->timer_fd, worker->stop_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void note_time(struct engine *engine)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    engine->began = clock_now();
    engine->wall_began = ((uint64_t)wall.tv_sec + NTP_OF_1970) << 32 |
                         ((uint64_t)wall.tv_nsec << 32) / (uint64_t)SECOND;
}

/* On failure, engine_stop undoes what was done; errno tells why. */
bool engine_start(struct engine *engine, int threads)
{
    note_time(engine);
    engine->workers = calloc((size_t)threads, sizeof *engine->workers);
    if (!engine->workers || !writer_start(&engine->writer, &engine->news))
        return false;
    engine->thread_count = threads;
    for (int i = 0; i < threads; i++) {
        struct worker *worker = &engine->workers[i];
        worker->engine = engine;
        worker->index = i;
        worker->epoll_fd = worker->timer_fd = worker->stop_fd = -1;
    }
    for (int i = 0; i < threads; i++)
        if (!worker_start(&engine->workers[i]))
            return false;
    return true;
}

/* Joins the threads; the ports have been closed before. */
void engine_stop(struct engine *engine)
{
    for (int i = 0; i < engine->thread_count; i++)
        worker_stop(&engine->workers[i]);
    writer_stop(&engine->writer);
    for (int i = 0; i < MAX_PORTS; i++) {
        struct port *port = engine_port(engine, i);
        if (port) {
            pthread_mutex_destroy(&port->mutex);
            free(port);
        }
    }
    ASAN_UNPOISON_MEMORY_REGION(engine->workers,
                                (size_t)engine->thread_count * sizeof *engine->workers);
    free(engine->workers);
    engine->workers = NULL;
    engine->thread_count = 0;
}
