/* What arrives at a port, from the bytes to what others may relay. */
#include "engine.h"

#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>

static void drop(struct port *port)
{
    port->counters.packets_dropped++;
}

static void note_arrival(struct port *port, const struct packet *packet, nanos now)
{
    port->counters.packets_received++;
    port->counters.octets_received += packet->size;
    port->last_arrival = now;
    port->silent = port->refused = false;
    reception_count(&port->reception, packet, now);
}

static bool listens_for_tones(const struct port *port)
{
    /* Once the far end has shown telephone-events, tones in its audio mean nothing. */
    return port->plan.hears_digits && (port->plan.events < 0 || !port->events_heard);
}

static void take_event(struct engine *engine, struct port *port, struct packet *packet,
                       nanos now, struct intake *intake)
{
    if (packet->size < 4) {
        drop(port);
        return;
    }
    port->events_heard = true;
    port->tones = (struct tones){0};
    press_take(engine, port, packet, now, intake);
    intake->packets[intake->count++] = *packet;
}

static void take_audio(struct engine *engine, struct port *port, struct packet *packet,
                       nanos now, struct intake *intake)
{
    if (!port->plan.receives) {
        drop(port);
        return;
    }
    if (!port->heard) {
        port->heard = true;
        news_tell(&engine->news,
                  (struct news_item){.kind = HEARD, .port = port->number});
    }
    if (port->recording)
        recording_place(port->recording, TRACK_HEARD, packet->ssrc, packet->timestamp,
                        packet->codec, packet->payload, packet->size, now);
    if (listens_for_tones(port))
        tones_hear(engine, port, packet, now);
    intake->packets[intake->count++] = *packet;
}

static void take_rtp(struct engine *engine, struct port *port, const uint8_t *data,
                     size_t size, const struct endpoint *source, nanos now,
                     struct intake *intake)
{
    struct packet packet = {0};
    if (!packet_parse(&packet, data, size)) {
        drop(port);
        return;
    }
    if (!latch_accepts(&port->latch, &port->plan, source, packet.ssrc)) {
        port->counters.packets_foreign++;
        drop(port);
        return;
    }
    if (packet.ssrc == port->out.ssrc)
        rtcp_collide(engine, port, now);
    packet.event = packet.payload_type == port->plan.events;
    packet.codec = port->plan.accepts[packet.payload_type];
    note_arrival(port, &packet, now);
    if (packet.event)
        take_event(engine, port, &packet, now, intake);
    else if (packet.codec != NO_CODEC)
        take_audio(engine, port, &packet, now, intake);
    else
        drop(port);
}

/* Nothing of a stranger's is opened: it costs a hash each, and a packet of the far end's that a
 * stranger sends first would make the true one a replay. */
static bool open_sealed(struct port *port, uint8_t *data, size_t *size,
                        const struct endpoint *source, bool rtcp)
{
    if (!(rtcp ? rtcp_considers(port, source)
               : latch_considers(&port->latch, &port->plan, source))) {
        port->counters.packets_foreign++;
        return false;
    }
    *size = cipher_open(port->opening, data, *size, rtcp);
    if (!*size)
        port->counters.packets_unauthentic++;
    return *size > 0;
}

/* RTP and RTCP may share a port; the second byte tells them apart (RFC 5761 4). */
void port_take(struct engine *engine, struct port *port, uint8_t *data, size_t size,
               const struct endpoint *source, bool rtcp_socket, nanos now,
               struct intake *intake)
{
    bool rtcp = rtcp_socket || (size >= 2 && data[1] >= 192 && data[1] <= 223);
    if (port->opening && !open_sealed(port, data, &size, source, rtcp)) {
        drop(port);
        return;
    }
    if (rtcp)
        rtcp_take(engine, port, data, size, source, now);
    else
        take_rtp(engine, port, data, size, source, now, intake);
}

static bool was_ours(const struct port *port, const struct sockaddr_storage *address)
{
    struct endpoint endpoint;
    const struct endpoint *destination = latch_destination(&port->latch, &port->plan);
    endpoint_from_socket(&endpoint, address);
    return destination && endpoint_equal(&endpoint, destination);
}

static bool is_refusal(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
         part = CMSG_NXTHDR(message, part)) {
        bool ours = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                    (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
        struct sock_extended_err error;
        if (!ours)
            continue;
        memcpy(&error, CMSG_DATA(part), sizeof error);
        if (error.ee_errno == ECONNREFUSED && error.ee_origin != SO_EE_ORIGIN_LOCAL)
            return true;
    }
    return false;
}

/* Empties the error queue. A refusal is said once until something arrives again. */
void port_error(struct engine *engine, struct port *port, int fd)
{
    for (int i = 0; i < BATCH; i++) {
        uint8_t data[256], control[512];
        struct sockaddr_storage address;
        struct iovec part = {data, sizeof data};
        struct msghdr message = {.msg_name = &address,
                                 .msg_namelen = sizeof address,
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            return;
        if (fd != port->rtp_fd || port->refused || !is_refusal(&message) ||
            !was_ours(port, &address))
            continue;
        port->refused = true;
        news_tell(&engine->news,
                  (struct news_item){.kind = UNREACHABLE, .port = port->number});
    }
}
