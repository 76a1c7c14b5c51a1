/* The compiled media engine: what every part of it shares.
 *
 * Who touches what. A port belongs to the packet thread that its number falls to (pairs of
 * numbers, so that the two ports of a call, opened one after the other, share a thread), but
 * is safe in any: all of its state is under its own mutex, and no thread ever holds two.
 * A packet that arrives at one port and leaves by another is taken in under the first's
 * mutex, kept in the thread's own buffers, and sent under the second's. Port structures are
 * reused and never freed before the engine stops, so that a stale pointer is harmless; a
 * stale number is told by the port's generation.
 *
 * Packet threads know nothing of Python and never take its lock.
 */
#ifndef MEDIA_ENGINE_H
#define MEDIA_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* In a build with AddressSanitizer the room behind a datagram is out of bounds, too. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

typedef int64_t nanos; /* on CLOCK_MONOTONIC */

#define MILLISECOND ((nanos)1000000)
#define SECOND ((nanos)1000000000)

enum {
    FRAME_SAMPLES = 160,
    PHASES = 4, /* the wheel turns every 5 ms and serves each port every 20 ms */
    TICK_MS = 20 / PHASES,
    MAX_CATCH_UP = 10 * PHASES, /* ticks made good after a stall: 200 ms */
    MAX_PORTS = 65536,
    MAX_THREADS = 64,
    MAX_LISTENERS = 8,
    MAX_TRUSTED = 16,
    MAX_PROMPTS = 64,
    MAX_DIGITS = 64,
    BATCH = 16,
    DATAGRAM = 2048,
    HEADER = 12,
    LATCH_PACKETS = 5,
    CNAME_SIZE = 24, /* characters: 96 random bits (RFC 7022 5) */
    MAX_KEY = 46,    /* of SRTP, with its salt */
    SEAL_ROOM = 144, /* what SRTP may add to a packet */
};

enum codec { PCMU = 0, PCMA = 8, NO_CODEC = 0xff };
enum sending { SEND_NOTHING, SEND_SILENCE, SEND_PROMPTS, SEND_PEER };
/* What the packets of a run have in common; SEND_DIGITS is a source beside those of a plan. */
enum { SEND_DIGITS = SEND_PEER + 1, SOURCE_NONE };

/* ---- addresses.c: every address as IPv6, IPv4 mapped */

struct endpoint {
    uint8_t ip[16];
    uint16_t port;
};
struct network {
    uint8_t ip[16];
    unsigned prefix;
};
bool endpoint_parse(struct endpoint *endpoint, const char *host, long port);
void endpoint_from_socket(struct endpoint *endpoint, const struct sockaddr_storage *address);
socklen_t endpoint_to_socket(const struct endpoint *endpoint, int family,
                             struct sockaddr_storage *address);
bool endpoint_equal(const struct endpoint *one, const struct endpoint *other);
bool network_parse(struct network *network, const char *text);
bool network_holds(const struct network *network, const uint8_t ip[16]);

/* ---- secrecy.c */

enum suite { NO_SUITE, AES_128_80, AES_128_32, AES_256_80, AES_256_32 };
struct secret {
    enum suite suite;
    uint8_t key[MAX_KEY]; /* with its salt; zeros after a shorter one */
};
struct cipher;
bool secrecy_init(void);
size_t suite_key_size(enum suite suite);
struct cipher *cipher_new(const struct secret *secret, bool outbound);
void cipher_free(struct cipher *cipher);
bool cipher_fits(const struct cipher *cipher, const struct secret *secret);
size_t cipher_seal(struct cipher *cipher, uint8_t *data, size_t size, bool rtcp);
size_t cipher_open(struct cipher *cipher, uint8_t *data, size_t size, bool rtcp);

/* ---- plan */

struct prompt {
    int number;
    atomic_int uses;
    size_t size;
    uint8_t samples[]; /* A-law */
};

struct plan {
    bool has_remote, has_rtcp;
    struct endpoint remote, remote_rtcp;
    int64_t latch_epoch;
    int trusted_count;
    struct network trusted[MAX_TRUSTED];
    uint8_t codec, payload_type;
    uint8_t accepts[128]; /* payload type to codec, or NO_CODEC */
    int events;           /* payload type, or -1 */
    enum sending sending;
    int prompt_count;
    struct prompt *prompts[MAX_PROMPTS];
    bool repeat;
    int64_t play_epoch;
    int peer; /* or -1 */
    bool hears_digits, receives;
    nanos silence_after;
    struct secret seals, opens;
};

/* ---- latch.c: from whom packets are taken, and to whom they are sent */

enum latched { UNLOCKED, LOCKED_REMOTE, LOCKED_CANDIDATE };
struct latch {
    enum latched state;
    struct endpoint candidate;
    uint32_t ssrc;
    int in_a_row;
};
bool latch_accepts(struct latch *latch, const struct plan *plan,
                   const struct endpoint *source, uint32_t ssrc);
bool latch_considers(const struct latch *latch, const struct plan *plan,
                     const struct endpoint *source);
const struct endpoint *latch_destination(const struct latch *latch, const struct plan *plan);

/* ---- packet.c: RTP to and from bytes; sequences (RFC 3550 appendix A) */

struct packet {
    uint8_t payload_type;
    bool marker, event; /* event: telephone-event, else audio */
    uint8_t codec;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    const uint8_t *payload;
    size_t size;
};
bool packet_parse(struct packet *packet, const uint8_t *data, size_t size);
void packet_header(uint8_t header[HEADER], const struct packet *packet);

struct reception {
    bool started, has_transit;
    uint32_t ssrc;
    uint16_t highest;
    uint32_t cycles, base, bad, received;
    uint64_t lost_before;
    uint32_t expected_prior, received_prior;
    int32_t transit;
    double jitter;
};
void reception_count(struct reception *reception, const struct packet *packet, nanos now);
uint64_t reception_lost(const struct reception *reception);
uint32_t reception_expected(const struct reception *reception);

uint16_t load16(const uint8_t *data);
uint32_t load32(const uint8_t *data);
void store16(uint8_t *data, uint16_t value);
void store32(uint8_t *data, uint32_t value);

/* ---- g711.c */

extern int16_t alaw_linear[256], ulaw_linear[256];
extern uint8_t alaw_to_ulaw[256], ulaw_to_alaw[256];
void g711_init(void);
uint8_t g711_encode(int16_t sample, uint8_t codec);
uint8_t g711_silence(uint8_t codec);
const int16_t *g711_linear(uint8_t codec);
/* Returns data itself when nothing is to do, else copies to out. */
const uint8_t *g711_convert(const uint8_t *data, size_t size, uint8_t from, uint8_t to,
                            uint8_t *out);

/* ---- news.c: events for Python */

enum news_kind { HEARD, PRESSED, PLAYED, FELL_SILENT, UNREACHABLE };
struct news_item {
    enum news_kind kind;
    int port; /* -1: the port was closed meanwhile */
    char digit;
    int64_t value; /* duration in ms, or play epoch */
};
struct news {
    pthread_mutex_t mutex;
    int fd;
    struct news_item *items;
    size_t count, capacity;
    uint64_t lost;
};
/* Makes whoever waits for news look, without any. */
void news_nudge(struct news *news);
bool news_open(struct news *news);
void news_close(struct news *news);
void news_tell(struct news *news, struct news_item item);
void news_forget(struct news *news, int port);
struct news_item *news_take(struct news *news, size_t *count); /* caller frees */

/* ---- digits.c and tones.c */

enum way { BY_EVENT = 1, BY_TONE };
struct press { /* a telephone-event that is being received */
    bool seen, open;
    uint32_t ssrc, timestamp, duration, earlier;
    uint8_t event;
    nanos began, last;
};
struct tones { /* Goertzel filters over the audio that is received */
    float one[8], two[8], energy;
    int filled, hits, misses;
    char before, digit;
    bool has_next;
    uint32_t next, ssrc;
    nanos began, last;
};
struct keys { /* digits on their way out */
    char queue[MAX_DIGITS];
    int head, count;
    int step; /* ticks since the first in the queue began */
    uint32_t timestamp;
};

/* ---- record.c */

struct recording;
struct writer {
    pthread_mutex_t mutex;
    pthread_cond_t wake, finished;
    pthread_t thread;
    struct recording *first;
    struct news *news; /* hears that one has failed */
    bool running, stopping, stalled;
    uint64_t failed;
};

/* ---- the port */

struct outgoing {
    uint32_t ssrc;
    uint16_t sequence;   /* the next one */
    uint32_t timestamp;  /* the earliest that may come next */
    uint32_t first_timestamp;
    nanos began;         /* when the clock of the timestamps stood at first_timestamp */
    uint32_t last_timestamp;
    nanos last_at;
    /* the run: packets of one source, in one relation to its numbers */
    int source;
    int64_t source_key;
    uint16_t sequence_first, sequence_last, sequence_offset;
    uint32_t timestamp_last, timestamp_offset;
};
struct counters {
    uint64_t packets_received, packets_sent, packets_dropped, packets_foreign;
    uint64_t packets_unauthentic;
    uint64_t octets_received, octets_sent;
};
struct far_end { /* what RTCP said */
    uint32_t reporter;    /* the SSRC of its last SR */
    uint32_t last_report; /* middle of the NTP time of that */
    nanos last_report_at;
    int32_t lost;
    double jitter;
    double round_trip_ms; /* negative: unknown */
};
struct reports { /* what we say by RTCP */
    char cname[CNAME_SIZE + 1];
    uint32_t chance; /* draws intervals */
    nanos due;
    bool any;
    uint64_t sent, sent_before; /* packets, at the last report and the one before */
    uint64_t received;          /* packets, at the last report */
    uint64_t packets_other, octets_other; /* sent under an SSRC that was given up */
};
struct listener {
    int port;
    uint32_t generation;
};

struct port {
    pthread_mutex_t mutex;
    int number;
    uint32_t generation;
    bool open, planned;
    int rtp_fd, rtcp_fd, family;
    struct plan plan;
    struct cipher *sealing, *opening; /* NULL: in the clear */
    struct latch latch;
    struct reception reception;
    struct counters counters;
    struct outgoing out;
    struct far_end far_end;
    struct listener listeners[MAX_LISTENERS];
    int listener_count;
    struct listener hears; /* whose listener this one is; port -1: nobody's */
    /* prompts */
    int prompt;
    size_t prompt_at;
    bool played;
    /* digits */
    struct press press;
    struct tones tones;
    struct keys keys;
    bool events_heard;
    char last_digit;
    enum way last_way;
    nanos last_digit_end, presses_due;
    /* silence, errors, reports */
    bool heard, silent, refused;
    nanos last_arrival;
    bool collided; /* the far end took our SSRC, and we another */
    struct reports reports;
    struct recording *recording;
};

/* ---- the engine */

struct engine;
struct worker {
    struct engine *engine;
    int index;
    pthread_t thread;
    bool running;
    int epoll_fd, timer_fd, stop_fd;
    uint64_t ticks;
    uint8_t data[BATCH][DATAGRAM];
};
struct engine {
    int thread_count;
    struct worker *workers;
    _Atomic(struct port *) ports[MAX_PORTS];
    atomic_int high; /* one past the highest number in use */
    struct news news;
    struct writer writer;
    nanos began;
    uint64_t wall_began; /* NTP time at began */
};

nanos clock_now(void);
struct port *engine_port(struct engine *engine, int number);
bool engine_start(struct engine *engine, int threads);
void engine_stop(struct engine *engine);
int engine_watch(struct engine *engine, struct port *port);
void engine_unwatch(struct engine *engine, struct port *port);

/* What a port took in and others may have to send. */
struct intake {
    struct packet packets[BATCH];
    int count;
    char pressed[BATCH];
    int pressed_count;
    struct listener listeners[MAX_LISTENERS];
    int listener_count;
    struct listener from;
};

/* receive.c; the port's mutex is held */
void port_take(struct engine *engine, struct port *port, uint8_t *data, size_t size,
               const struct endpoint *source, bool rtcp_socket, nanos now,
               struct intake *intake);
void port_error(struct engine *engine, struct port *port, int fd);
/* port.c; the port's mutex is held, except in port_tick and intake_deliver */
void port_reset(struct port *port, int rtp_fd, int rtcp_fd, int family, nanos now);
void port_arrange(struct port *port, struct plan *plan, nanos now);
void port_tick(struct engine *engine, struct port *port, nanos now);
void plan_release(struct plan *plan);
void prompt_release(struct prompt *prompt);
void intake_open(struct intake *intake, const struct port *port);
void intake_deliver(struct engine *engine, struct intake *intake, nanos now);
/* send.c; the port's mutex is held */
void send_relay(struct port *port, const struct intake *intake, nanos now);
void send_frame(struct engine *engine, struct port *port, nanos now);
bool send_own(struct port *port, int source, int64_t key, const uint8_t *payload,
              size_t size, nanos now);
bool send_event(struct port *port, const uint8_t payload[4], bool first, nanos now);
uint32_t send_clock(const struct port *port, nanos now);
uint32_t send_next_timestamp(const struct port *port, nanos now);
int send_datagrams(struct port *port, int fd, struct mmsghdr *messages, int count);
/* digits.c; the port's mutex is held */
void press_take(struct engine *engine, struct port *port, const struct packet *packet,
                nanos now, struct intake *intake);
void press_tick(struct engine *engine, struct port *port, nanos now, struct intake *intake);
void digit_pressed(struct engine *engine, struct port *port, char digit, enum way way,
                   nanos began, nanos ended, int duration_ms);
bool keys_push(struct keys *keys, char digit);
bool keys_tick(struct port *port, nanos now);
/* tones.c; the port's mutex is held */
void tones_init(void);
void tones_hear(struct engine *engine, struct port *port, const struct packet *packet,
                nanos now);
void tones_tick(struct engine *engine, struct port *port, nanos now);
void tones_frame(char digit, int frame, uint8_t codec, uint8_t frame_out[FRAME_SAMPLES]);
/* rtcp.c; the port's mutex is held */
void rtcp_take(struct engine *engine, struct port *port, const uint8_t *data, size_t size,
               const struct endpoint *source, nanos now);
bool rtcp_considers(const struct port *port, const struct endpoint *source);
void rtcp_tick(struct engine *engine, struct port *port, nanos now);
void rtcp_begin(struct port *port, const char *cname, nanos now);
void rtcp_leave(struct engine *engine, struct port *port, nanos now);
void rtcp_collide(struct engine *engine, struct port *port, nanos now);
/* record.c; the port's mutex is held in recording_place and recording_tick */
enum { TRACK_HEARD, TRACK_SAID };
bool writer_start(struct writer *writer, struct news *news);
void writer_stop(struct writer *writer);
struct recording *recording_new(struct writer *writer, int fd, bool both, nanos now);
void recording_place(struct recording *recording, int track, uint32_t ssrc,
                     uint32_t timestamp, uint8_t codec, const uint8_t *payload, size_t size,
                     nanos now);
void recording_tick(struct recording *recording, nanos now);
/* Hands the recording to the writer and waits a moment for the disk; returns the length in ms of
 * what is kept, and in error why that is not all (an errno), else 0. */
int64_t recording_finish(struct writer *writer, struct recording *recording, nanos now,
                         int *error);

#endif
