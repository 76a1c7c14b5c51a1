/* Recordings: audio put in its place in time by the packet threads, written by another.
 *
 * Packets are laid into a window of about a second; what is older than SETTLED is taken to
 * be complete and handed to the writer through a ring, so that a disk that stalls stalls
 * no packet. When the ring is full, what does not fit becomes silence of the same length.
 */
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOW = 8192,           /* samples a track */
    SETTLED = 300 * 8,       /* samples after which no packet is awaited */
    DRIFT = 200 * 8,         /* samples off the clock before a track is laid anew */
    RING = 32768,            /* frames on their way to the disk: 4 s */
    WAV_HEADER = 44,
    WRITE_EVERY_MS = 100,
    WAIT_MS = 100,
};

struct track {
    bool anchored;
    uint32_t ssrc, timestamp;
    int64_t position; /* of timestamp */
    int16_t window[WINDOW];
};
struct recording {
    struct recording *next;
    int fd, channels;
    nanos began;
    int64_t settled; /* frames handed on, in the ring or owed */
    int64_t owed;    /* frames of silence that did not fit */
    atomic_bool finished;
    atomic_size_t put, taken; /* frames, ever growing */
    int64_t written;
    int error;       /* the errno of what failed first, else 0 */
    /* under the writer's mutex */
    bool complete;
    bool abandoned; /* nobody waits for its end any more */
    struct track tracks[2];
    int16_t ring[]; /* RING frames */
};

static int64_t position_at(const struct recording *recording, nanos now)
{
    return (now - recording->began) / (SECOND / 8000);
}

void recording_place(struct recording *recording, int number, uint32_t ssrc,
                     uint32_t timestamp, uint8_t codec, const uint8_t *payload, size_t size,
                     nanos now)
{
    struct track *track = &recording->tracks[number];
    const int16_t *linear = g711_linear(codec);
    int64_t clock = position_at(recording, now);
    if (number >= recording->channels)
        return;
    int64_t position = track->position + (int32_t)(timestamp - track->timestamp);
    int64_t off = position - clock;
    if (!track->anchored || track->ssrc != ssrc || off > DRIFT || off < -DRIFT) {
        position = clock;
        track->anchored = true;
    }
    track->ssrc = ssrc;
    track->timestamp = timestamp;
    track->position = position;
    for (size_t i = 0; i < size; i++, position++)
        if (position >= recording->settled && position < recording->settled + WINDOW)
            track->window[position % WINDOW] = linear[payload[i]];
}

static size_t room_of(struct recording *recording)
{
    return RING - (atomic_load(&recording->put) - atomic_load(&recording->taken));
}

/* Puts the frame at a position of the windows, or silence, into the ring. */
static void put_frame(struct recording *recording, int64_t position, bool silence)
{
    size_t put = atomic_load_explicit(&recording->put, memory_order_relaxed);
    int16_t *frame = recording->ring + put % RING * (size_t)recording->channels;
    for (int i = 0; i < recording->channels; i++)
        frame[i] = silence ? 0 : recording->tracks[i].window[position % WINDOW];
    atomic_store_explicit(&recording->put, put + 1, memory_order_release);
}

static void settle(struct recording *recording, int64_t until)
{
    size_t room = room_of(recording);
    for (; recording->owed && room; recording->owed--, room--)
        put_frame(recording, 0, true);
    for (; recording->settled < until; recording->settled++) {
        int64_t position = recording->settled;
        if (recording->owed || !room) {
            recording->owed++;
        } else {
            put_frame(recording, position, false);
            room--;
        }
        for (int i = 0; i < recording->channels; i++)
            recording->tracks[i].window[position % WINDOW] = 0;
    }
}

void recording_tick(struct recording *recording, nanos now)
{
    settle(recording, position_at(recording, now) - SETTLED);
}

static void little32(uint8_t *data, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        data[i] = (uint8_t)(value >> 8 * i);
}

static void little16(uint8_t *data, uint16_t value)
{
    data[0] = (uint8_t)value;
    data[1] = (uint8_t)(value >> 8);
}

static void wav_header(uint8_t header[WAV_HEADER], int channels, int64_t frames)
{
    uint32_t frame = 2 * (uint32_t)channels;
    uint64_t wanted = (uint64_t)frames * frame;
    uint32_t size = wanted > UINT32_MAX - 36 ? UINT32_MAX - 36 : (uint32_t)wanted;
    memcpy(header, "RIFF....WAVEfmt ", 16);
    little32(header + 4, size + 36);
    little32(header + 16, 16);
    little16(header + 20, 1); /* PCM */
    little16(header + 22, (uint16_t)channels);
    little32(header + 24, 8000);
    little32(header + 28, 8000 * frame);
    little16(header + 32, (uint16_t)frame);
    little16(header + 34, 16);
    memcpy(header + 36, "data", 4);
    little32(header + 40, size);
}

/* From here on only the writer's thread, which alone takes recordings off its list. */
static int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        ssize_t done = write(fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : ENOSPC;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

/* What cannot be written is told at once, and counted once for each recording. */
static void fail(struct writer *writer, struct recording *recording, int error)
{
    if (!error || recording->error)
        return;
    recording->error = error;
    pthread_mutex_lock(&writer->mutex);
    writer->failed++;
    pthread_mutex_unlock(&writer->mutex);
    news_nudge(writer->news);
}

static void drain(struct writer *writer, struct recording *recording)
{
    size_t taken = atomic_load_explicit(&recording->taken, memory_order_relaxed);
    size_t put = atomic_load_explicit(&recording->put, memory_order_acquire);
    while (taken != put) {
        size_t at = taken % RING, count = put - taken;
        if (count > RING - at)
            count = RING - at;
        size_t frame = 2 * (size_t)recording->channels;
        const int16_t *from = recording->ring + at * (size_t)recording->channels;
        if (!recording->error)
            fail(writer, recording, write_all(recording->fd, from, count * frame));
        if (!recording->error)
            recording->written += (int64_t)count;
        taken += count;
        atomic_store_explicit(&recording->taken, taken, memory_order_release);
    }
}

static void complete(struct writer *writer, struct recording *recording)
{
    uint8_t header[WAV_HEADER];
    int64_t frames = recording->error ? recording->written : recording->settled;
    off_t size = WAV_HEADER + (off_t)frames * 2 * recording->channels;
    wav_header(header, recording->channels, frames);
    if (ftruncate(recording->fd, size) < 0)
        fail(writer, recording, errno);
    ssize_t done = pwrite(recording->fd, header, sizeof header, 0);
    if (done != sizeof header)
        fail(writer, recording, done < 0 ? errno : ENOSPC);
    close(recording->fd);
    pthread_mutex_lock(&writer->mutex);
    struct recording **link = &writer->first;
    while (*link != recording)
        link = &(*link)->next;
    *link = recording->next;
    writer->stalled = false;
    recording->complete = true;
    bool abandoned = recording->abandoned;
    pthread_cond_broadcast(&writer->finished);
    pthread_mutex_unlock(&writer->mutex);
    if (abandoned)
        free(recording);
}

static void *write_recordings(void *argument)
{
    struct writer *writer = argument;
    bool stopping;
    do {
        pthread_mutex_lock(&writer->mutex);
        if (!writer->stopping) {
            nanos until = clock_now() + WRITE_EVERY_MS * MILLISECOND;
            struct timespec time = {until / SECOND, until % SECOND};
            pthread_cond_timedwait(&writer->wake, &writer->mutex, &time);
        }
        stopping = writer->stopping;
        struct recording *recording = writer->first, *next;
        pthread_mutex_unlock(&writer->mutex);
        for (; recording; recording = next) {
            next = recording->next;
            bool finished = atomic_load(&recording->finished);
            drain(writer, recording);
            if (finished)
                complete(writer, recording);
        }
    } while (!stopping);
    return NULL;
}

/* Python's side. */
bool writer_start(struct writer *writer, struct news *news)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    writer->news = news;
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->wake, &monotonic);
    pthread_cond_init(&writer->finished, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    writer->running = pthread_create(&writer->thread, NULL, write_recordings, writer) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return writer->running;
}

/* All recordings have been finished; waits until they are on disk. */
void writer_stop(struct writer *writer)
{
    if (!writer->running)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->wake);
    pthread_cond_destroy(&writer->finished);
    writer->running = false;
}

/* NULL, with errno, when the file cannot be written. */
struct recording *recording_new(struct writer *writer, int fd, bool both, nanos now)
{
    uint8_t header[WAV_HEADER];
    size_t channels = both ? 2 : 1;
    wav_header(header, (int)channels, 0);
    if (pwrite(fd, header, sizeof header, 0) != sizeof header ||
        lseek(fd, sizeof header, SEEK_SET) < 0)
        return NULL;
    size_t ring = RING * channels * sizeof(int16_t);
    struct recording *recording = calloc(1, sizeof *recording + ring);
    if (!recording)
        return NULL;
    recording->fd = fd;
    recording->channels = (int)channels;
    recording->began = now;
    pthread_mutex_lock(&writer->mutex);
    recording->next = writer->first;
    writer->first = recording;
    pthread_mutex_unlock(&writer->mutex);
    return recording;
}

/* No packet thread knows the recording any more. A disk that stalled once is not waited for:
 * the rest is written behind, and is part of what is kept. */
int64_t recording_finish(struct writer *writer, struct recording *recording, nanos now,
                         int *error)
{
    settle(recording, position_at(recording, now));
    int64_t frames = recording->settled;
    nanos until = clock_now() + WAIT_MS * MILLISECOND;
    struct timespec time = {until / SECOND, until % SECOND};
    *error = 0;
    pthread_mutex_lock(&writer->mutex);
    atomic_store(&recording->finished, true);
    pthread_cond_signal(&writer->wake);
    while (!writer->stalled && !recording->complete)
        if (pthread_cond_timedwait(&writer->finished, &writer->mutex, &time) == ETIMEDOUT)
            writer->stalled = !recording->complete;
    bool complete = recording->complete;
    recording->abandoned = !complete;
    pthread_mutex_unlock(&writer->mutex);
    if (complete) {
        *error = recording->error;
        frames = recording->error ? recording->written : frames;
        free(recording);
    }
    return frames / 8;
}
