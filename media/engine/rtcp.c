/* RTCP (RFC 3550 6): what we report and how we leave, and what the far end reports.
 *
 * A session is two, so that the interval is the least there is (6.2), and one who leaves
 * need not wait for the others (6.3.7). What a far end says of leaving ends nothing: that
 * is for signalling to say.
 */
#include "engine.h"

#include <string.h>

enum {
    SENDER_REPORT = 200,
    RECEIVER_REPORT = 201,
    SOURCE_DESCRIPTION = 202,
    GOODBYE = 203,
    CNAME = 1,
    LARGEST = 28 + 24 + 12 + CNAME_SIZE + 4 + 8, /* report, block, description, BYE */
};
static const nanos INTERVAL = 5 * SECOND;

static uint64_t ntp(const struct engine *engine, nanos now)
{
    uint64_t elapsed = (uint64_t)(now - engine->began);
    uint64_t seconds = elapsed / (uint64_t)SECOND, rest = elapsed % (uint64_t)SECOND;
    return engine->wall_began + (seconds << 32) + ((rest << 32) / (uint64_t)SECOND);
}

static uint32_t middle(uint64_t time)
{
    return (uint32_t)(time >> 16);
}

/* A compound packet's lengths add up, and it begins with a report (appendix A.2). */
static bool is_compound(const uint8_t *data, size_t size)
{
    if (size < 8 || size % 4 || data[0] & 0x20 ||
        (data[1] != SENDER_REPORT && data[1] != RECEIVER_REPORT))
        return false;
    for (size_t at = 0; at < size;) {
        if (size - at < 4 || data[at] >> 6 != 2)
            return false;
        size_t length = 4 * ((size_t)load16(data + at + 2) + 1);
        if (length > size - at)
            return false;
        at += length;
    }
    return true;
}

static void take_block(struct engine *engine, struct port *port, const uint8_t *block,
                       nanos now)
{
    if (load32(block) != port->out.ssrc)
        return;
    uint32_t lost = load32(block + 4) & 0xffffff;
    port->far_end.lost = lost & 0x800000 ? 0 : (int32_t)lost;
    port->far_end.jitter = load32(block + 12);
    uint32_t report = load32(block + 16), delay = load32(block + 20);
    if (report == 0)
        return;
    int32_t trip = (int32_t)(middle(ntp(engine, now)) - report - delay);
    if (trip > -66 && trip < 60 * 65536) /* clocks round: a millisecond below zero is zero */
        port->far_end.round_trip_ms = trip < 0 ? 0 : trip * 1000.0 / 65536;
}

static void take_report(struct engine *engine, struct port *port, const uint8_t *data,
                        size_t size, nanos now)
{
    bool sender = data[1] == SENDER_REPORT;
    size_t blocks = sender ? 28 : 8, count = data[0] & 0x1f;
    if (size < blocks + 24 * count)
        return;
    if (sender) {
        port->far_end.reporter = load32(data + 4);
        port->far_end.last_report = load32(data + 10);
        port->far_end.last_report_at = now;
    }
    for (size_t i = 0; i < count; i++)
        take_block(engine, port, data + blocks + 24 * i, now);
}

/* Reports are believed from where RTP comes from and from the described address. */
bool rtcp_considers(const struct port *port, const struct endpoint *source)
{
    const struct endpoint *destination = latch_destination(&port->latch, &port->plan);
    if (port->plan.has_rtcp && endpoint_equal(source, &port->plan.remote_rtcp))
        return true;
    return destination && memcmp(source->ip, destination->ip, 16) == 0;
}

void rtcp_take(struct engine *engine, struct port *port, const uint8_t *data, size_t size,
               const struct endpoint *source, nanos now)
{
    if (!rtcp_considers(port, source)) {
        port->counters.packets_foreign++;
        port->counters.packets_dropped++;
        return;
    }
    if (!is_compound(data, size)) {
        port->counters.packets_dropped++;
        return;
    }
    for (size_t at = 0; at < size;) {
        size_t length = 4 * ((size_t)load16(data + at + 2) + 1);
        uint8_t type = data[at + 1];
        if (length >= 8 && (type == SENDER_REPORT || type == RECEIVER_REPORT)) {
            take_report(engine, port, data + at, length, now);
            if (load32(data + at + 4) == port->out.ssrc)
                rtcp_collide(engine, port, now);
        }
        at += length;
    }
}

static void put_block(struct port *port, uint8_t block[24], nanos now)
{
    struct reception *reception = &port->reception;
    uint32_t expected = reception_expected(reception);
    uint32_t span = expected - reception->expected_prior;
    uint32_t got = reception->received - reception->received_prior;
    uint32_t fraction = span > got && span ? (uint32_t)(((uint64_t)(span - got) << 8) / span) : 0;
    int64_t lost = (int64_t)expected - (int64_t)reception->received;
    lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 : lost;
    reception->expected_prior = expected;
    reception->received_prior = reception->received;
    memset(block, 0, 24);
    store32(block, reception->ssrc);
    store32(block + 4, (fraction > 255 ? 255 : fraction) << 24 | ((uint32_t)lost & 0xffffff));
    store32(block + 8, reception->cycles + reception->highest);
    store32(block + 12, (uint32_t)reception->jitter);
    if (port->far_end.last_report_at && port->far_end.reporter == reception->ssrc) {
        nanos delay = now - port->far_end.last_report_at;
        store32(block + 16, port->far_end.last_report);
        store32(block + 20, (uint32_t)((uint64_t)delay / 1000 * 65536 / 1000000));
    }
}

/* Who sent since the report before last reports as a sender (6.4), and of the far end says
 * something who heard it since the last (6.4.1). */
static size_t put_report(struct engine *engine, struct port *port, uint8_t *data, nanos now)
{
    struct reports *reports = &port->reports;
    const struct counters *counters = &port->counters;
    bool sender = counters->packets_sent != reports->sent_before;
    bool receiver = port->reception.started && counters->packets_received != reports->received;
    size_t size = 8;
    data[0] = (uint8_t)(0x80 | receiver);
    data[1] = sender ? SENDER_REPORT : RECEIVER_REPORT;
    store32(data + 4, port->out.ssrc);
    if (sender) {
        uint64_t time = ntp(engine, now);
        uint32_t since = (uint32_t)((now - port->out.last_at) / (SECOND / 8000));
        store32(data + 8, (uint32_t)(time >> 32));
        store32(data + 12, (uint32_t)time);
        store32(data + 16, port->out.last_timestamp + since);
        store32(data + 20, (uint32_t)(counters->packets_sent - reports->packets_other));
        store32(data + 24, (uint32_t)(counters->octets_sent - reports->octets_other));
        size = 28;
    }
    if (receiver) {
        put_block(port, data + size, now);
        size += 24;
    }
    store16(data + 2, (uint16_t)(size / 4 - 1));
    reports->sent_before = reports->sent;
    reports->sent = counters->packets_sent;
    reports->received = counters->packets_received;
    reports->any = true;
    return size;
}

static size_t put_description(const struct port *port, uint8_t *data)
{
    size_t size = (8 + 2 + CNAME_SIZE + 1 + 3) / 4 * 4; /* at least one zero ends the chunk */
    memset(data, 0, size);
    data[0] = 0x81;
    data[1] = SOURCE_DESCRIPTION;
    store16(data + 2, (uint16_t)(size / 4 - 1));
    store32(data + 4, port->out.ssrc);
    data[8] = CNAME;
    data[9] = CNAME_SIZE;
    memcpy(data + 10, port->reports.cname, CNAME_SIZE);
    return size;
}

static size_t put_goodbye(const struct port *port, uint8_t *data)
{
    data[0] = 0x81;
    data[1] = GOODBYE;
    store16(data + 2, 1);
    store32(data + 4, port->out.ssrc);
    return 8;
}

/* A report, a description, and at the end perhaps a BYE (6.1). A shared port reports to where
 * RTP goes, else to the described address. */
static void send_compound(struct engine *engine, struct port *port, bool goodbye, nanos now)
{
    uint8_t data[LARGEST + SEAL_ROOM];
    struct sockaddr_storage address;
    if (!port->plan.has_rtcp)
        return;
    bool shared =
        port->plan.has_remote && endpoint_equal(&port->plan.remote, &port->plan.remote_rtcp);
    const struct endpoint *destination =
        shared ? latch_destination(&port->latch, &port->plan) : &port->plan.remote_rtcp;
    socklen_t length = endpoint_to_socket(destination, port->family, &address);
    if (!length)
        return;
    size_t size = put_report(engine, port, data, now);
    size += put_description(port, data + size);
    if (goodbye)
        size += put_goodbye(port, data + size);
    if (port->sealing && !(size = cipher_seal(port->sealing, data, size, true)))
        return;
    struct iovec part = {data, size};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
                                          .msg_namelen = length,
                                          .msg_iov = &part,
                                          .msg_iovlen = 1}};
    send_datagrams(port, shared ? port->rtp_fd : port->rtcp_fd, &message, 1);
}

/* Half to one and a half of so long, so that no two keep step, and what timers that are
 * considered anew need to come out right on average (6.3.1). */
static nanos draw(struct port *port, nanos about)
{
    struct reports *reports = &port->reports;
    reports->chance = reports->chance * 1664525u + 1013904223u;
    nanos interval = about * (nanos)((1u << 23) + (reports->chance >> 8)) / (1 << 24);
    return interval / 121828 * 100000;
}

/* The first report comes in half the time (6.2). */
void rtcp_begin(struct port *port, const char *cname, nanos now)
{
    memcpy(port->reports.cname, cname, sizeof port->reports.cname);
    port->reports.chance = port->out.ssrc;
    port->reports.due = now + draw(port, INTERVAL / 2);
}

void rtcp_tick(struct engine *engine, struct port *port, nanos now)
{
    if (now < port->reports.due)
        return;
    port->reports.due = now + draw(port, INTERVAL);
    send_compound(engine, port, false, now);
}

/* Who never said a word does not take leave (6.3.7). */
void rtcp_leave(struct engine *engine, struct port *port, nanos now)
{
    if (port->counters.packets_sent != port->reports.packets_other || port->reports.any)
        send_compound(engine, port, true, now);
}

/* The far end sends under our SSRC, or sends back what we sent: we leave under it and take
 * another (8.2). Departs from 8.2: what is heard under ours is taken all the same, because
 * the latch knows whose it is; and there is one change for each time that signalling speaks,
 * so that who mirrors us does not make us run. The other follows from the first, which was
 * random. */
void rtcp_collide(struct engine *engine, struct port *port, nanos now)
{
    if (port->collided)
        return;
    port->collided = true;
    rtcp_leave(engine, port, now);
    port->out.ssrc = port->out.ssrc * 1664525u + 1013904223u;
    port->reports.packets_other = port->counters.packets_sent;
    port->reports.octets_other = port->counters.octets_sent;
    port->reports.sent = port->reports.sent_before = port->counters.packets_sent;
    port->reports.any = false;
}
