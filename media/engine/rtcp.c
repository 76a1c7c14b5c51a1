/* RTCP (RFC 3550 6): reports out every five seconds, what the far end reports in. */
#include "engine.h"

#include <string.h>

enum { SENDER_REPORT = 200, RECEIVER_REPORT = 201, SOURCE_DESCRIPTION = 202, CNAME = 1 };
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
        port->far_end.last_report = load32(data + 10);
        port->far_end.last_report_at = now;
    }
    for (size_t i = 0; i < count; i++)
        take_block(engine, port, data + blocks + 24 * i, now);
}

/* Reports are believed from where RTP comes from and from the described address. */
static bool is_known(const struct port *port, const struct endpoint *source)
{
    const struct endpoint *destination = latch_destination(&port->latch, &port->plan);
    if (port->plan.has_rtcp && endpoint_equal(source, &port->plan.remote_rtcp))
        return true;
    return destination && memcmp(source->ip, destination->ip, 16) == 0;
}

void rtcp_take(struct engine *engine, struct port *port, const uint8_t *data, size_t size,
               const struct endpoint *source, nanos now)
{
    if (!is_known(port, source)) {
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
        if (length >= 8 && (type == SENDER_REPORT || type == RECEIVER_REPORT))
            take_report(engine, port, data + at, length, now);
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
    if (port->far_end.last_report_at) {
        nanos delay = now - port->far_end.last_report_at;
        store32(block + 16, port->far_end.last_report);
        store32(block + 20, (uint32_t)((uint64_t)delay / 1000 * 65536 / 1000000));
    }
}

static size_t put_report(struct engine *engine, struct port *port, uint8_t *data, nanos now)
{
    bool sender = port->counters.packets_sent > 0, receiver = port->reception.started;
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
        store32(data + 20, (uint32_t)port->counters.packets_sent);
        store32(data + 24, (uint32_t)port->counters.octets_sent);
        size = 28;
    }
    if (receiver) {
        put_block(port, data + size, now);
        size += 24;
    }
    store16(data + 2, (uint16_t)(size / 4 - 1));
    return size;
}

static size_t put_description(const struct engine *engine, const struct port *port,
                              uint8_t *data)
{
    size_t name = strlen(engine->cname);
    size_t size = (8 + 2 + name + 1 + 3) / 4 * 4; /* at least one zero ends the chunk */
    memset(data, 0, size);
    data[0] = 0x81;
    data[1] = SOURCE_DESCRIPTION;
    store16(data + 2, (uint16_t)(size / 4 - 1));
    store32(data + 4, port->out.ssrc);
    data[8] = CNAME;
    data[9] = (uint8_t)name;
    memcpy(data + 10, engine->cname, name);
    return size;
}

/* A shared port reports to where RTP goes, else to the described address. */
void rtcp_tick(struct engine *engine, struct port *port, nanos now)
{
    uint8_t data[256 + SEAL_ROOM];
    struct sockaddr_storage address;
    if (now < port->report_due)
        return;
    port->report_due = now + INTERVAL;
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
    size += put_description(engine, port, data + size);
    if (port->sealing && !(size = cipher_seal(port->sealing, data, size, true)))
        return;
    struct iovec part = {data, size};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
                                          .msg_namelen = length,
                                          .msg_iov = &part,
                                          .msg_iovlen = 1}};
    send_datagrams(port, shared ? port->rtp_fd : port->rtcp_fd, &message, 1);
}
