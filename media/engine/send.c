/* What leaves a port: one SSRC, and numbers that run on whatever the source is.
 *
 * Packets of one source are a run. Inside a run of relayed packets both numbers keep their
 * distance to the source's, so that loss, reordering and telephone-event timestamps come
 * out as they came in. A new run goes on after the last packet sent: sequence by one,
 * timestamp by the time that has passed, marker set.
 */
#include "engine.h"

#include <errno.h>
#include <string.h>

enum {
    JUMP_SEQUENCE = 3000,
    LATE_SEQUENCE = 100,
    JUMP_TIMESTAMP = 60 * 8000,
    LATE_TIMESTAMP = 8000,
    LAG = 15 * FRAME_SAMPLES, /* our own frames are brought up to the clock after so much */
};

uint32_t send_clock(const struct port *port, nanos now)
{
    return port->out.first_timestamp + (uint32_t)((now - port->out.began) / (SECOND / 8000));
}

/* Where a new run begins: at the clock, but never before what was sent. */
uint32_t send_next_timestamp(const struct port *port, nanos now)
{
    uint32_t clock = send_clock(port, now);
    return (int32_t)(port->out.timestamp - clock) > 0 ? port->out.timestamp : clock;
}

/* ICMP errors of earlier packets come back here; they are counted by port_error. */
int send_datagrams(struct port *port, int fd, struct mmsghdr *messages, int count)
{
    int sent = 0;
    (void)port;
    for (int tries = 0; sent < count && tries < count + 2; tries++) {
        int done = sendmmsg(fd, messages + sent, (unsigned)(count - sent), MSG_DONTWAIT);
        if (done > 0)
            sent += done;
        else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EBADF)
            break;
    }
    return sent;
}

static void note_sent(struct port *port, const struct packet *packet, nanos now)
{
    struct outgoing *out = &port->out;
    uint32_t end = packet->timestamp + (packet->event ? 0 : (uint32_t)packet->size);
    if ((int16_t)(uint16_t)(packet->sequence + 1 - out->sequence) > 0)
        out->sequence = (uint16_t)(packet->sequence + 1);
    if ((int32_t)(end - out->timestamp) > 0)
        out->timestamp = end;
    out->last_timestamp = packet->timestamp;
    out->last_at = now;
    if (port->recording && !packet->event)
        recording_place(port->recording, TRACK_SAID, out->ssrc, packet->timestamp,
                        packet->codec, packet->payload, packet->size, now);
}

static void begin_run(struct port *port, int source, int64_t key)
{
    port->out.source = source;
    port->out.source_key = key;
}

/* Whether the packet goes on with the run; false begins another. */
static bool runs_on(const struct outgoing *out, int64_t key, const struct packet *packet)
{
    if (out->source != SEND_PEER || out->source_key != key)
        return false;
    int16_t step = (int16_t)(uint16_t)(packet->sequence - out->sequence_last);
    int32_t leap = (int32_t)(packet->timestamp - out->timestamp_last);
    return step < JUMP_SEQUENCE && step > -LATE_SEQUENCE && leap < JUMP_TIMESTAMP &&
           leap > -LATE_TIMESTAMP;
}

/* Gives a relayed packet our numbers; false: it is older than its run. */
static bool renumber(struct port *port, struct packet *packet, int64_t key, nanos now)
{
    struct outgoing *out = &port->out;
    if (!runs_on(out, key, packet)) {
        begin_run(port, SEND_PEER, key);
        out->sequence_first = out->sequence_last = packet->sequence;
        out->sequence_offset = (uint16_t)(out->sequence - packet->sequence);
        out->timestamp_last = packet->timestamp;
        out->timestamp_offset = send_next_timestamp(port, now) - packet->timestamp;
        packet->marker = true;
    } else if ((int16_t)(uint16_t)(packet->sequence - out->sequence_first) < 0) {
        return false;
    }
    if ((int16_t)(uint16_t)(packet->sequence - out->sequence_last) > 0) {
        out->sequence_last = packet->sequence;
        out->timestamp_last = packet->timestamp;
        /* Long runs must not meet their own beginning again. */
        if ((uint16_t)(packet->sequence - out->sequence_first) > 2 * LATE_SEQUENCE)
            out->sequence_first = (uint16_t)(packet->sequence - 2 * LATE_SEQUENCE);
    }
    packet->sequence = (uint16_t)(packet->sequence + out->sequence_offset);
    packet->timestamp += out->timestamp_offset;
    packet->ssrc = out->ssrc;
    return true;
}

/* Turns what another port took in into what this one says; false: it says nothing of it. */
static bool adapt(struct port *port, struct packet *packet, uint8_t *room)
{
    if (packet->event) {
        if (port->plan.events < 0)
            return false;
        packet->payload_type = (uint8_t)port->plan.events;
        return true;
    }
    if (packet->size == 0 || packet->size > DATAGRAM)
        return false;
    packet->payload = g711_convert(packet->payload, packet->size, packet->codec,
                                   port->plan.codec, room);
    packet->codec = port->plan.codec;
    packet->payload_type = port->plan.payload_type;
    return true;
}

static int64_t relay_key(const struct listener *from, uint32_t ssrc)
{
    return (int64_t)((uint64_t)from->generation << 48 ^ (uint64_t)from->port << 32 ^ ssrc);
}

/* A packet as it leaves: sealed in the room as one part, else header and payload as two.
 * The number of parts; 0: one with its numbers was sent before. */
static size_t wrap(struct port *port, const struct packet *packet, uint8_t header[HEADER],
                   uint8_t *room, struct iovec parts[2])
{
    packet_header(header, packet);
    if (!port->sealing) {
        parts[0] = (struct iovec){header, HEADER};
        parts[1] = (struct iovec){(void *)packet->payload, packet->size};
        return 2;
    }
    memcpy(room, header, HEADER);
    memcpy(room + HEADER, packet->payload, packet->size);
    size_t size = cipher_seal(port->sealing, room, HEADER + packet->size, false);
    parts[0] = (struct iovec){room, size};
    return size ? 1 : 0;
}

void send_relay(struct port *port, const struct intake *intake, nanos now)
{
    static _Thread_local uint8_t rooms[BATCH][DATAGRAM];
    static _Thread_local uint8_t sealed[BATCH][HEADER + DATAGRAM + SEAL_ROOM];
    uint8_t headers[BATCH][HEADER];
    struct iovec parts[BATCH][2];
    struct mmsghdr messages[BATCH] = {0};
    struct sockaddr_storage address;
    const struct endpoint *destination = latch_destination(&port->latch, &port->plan);
    socklen_t length =
        destination ? endpoint_to_socket(destination, port->family, &address) : 0;
    int count = 0;
    if (!length)
        return;
    for (int i = 0; i < intake->count; i++) {
        struct packet packet = intake->packets[i];
        if (!adapt(port, &packet, rooms[i]) ||
            !renumber(port, &packet, relay_key(&intake->from, packet.ssrc), now))
            continue;
        size_t pieces = wrap(port, &packet, headers[count], sealed[count], parts[count]);
        if (!pieces)
            continue;
        messages[count].msg_hdr = (struct msghdr){.msg_name = &address,
                                                  .msg_namelen = length,
                                                  .msg_iov = parts[count],
                                                  .msg_iovlen = pieces};
        port->counters.octets_sent += packet.size;
        note_sent(port, &packet, now);
        count++;
    }
    port->counters.packets_sent += (uint64_t)count;
    send_datagrams(port, port->rtp_fd, messages, count);
}

static bool send_packet(struct port *port, const struct packet *packet, nanos now)
{
    uint8_t header[HEADER], sealed[HEADER + FRAME_SAMPLES + SEAL_ROOM];
    struct sockaddr_storage address;
    const struct endpoint *destination = latch_destination(&port->latch, &port->plan);
    socklen_t length =
        destination ? endpoint_to_socket(destination, port->family, &address) : 0;
    if (!length)
        return false;
    struct iovec parts[2];
    size_t pieces = wrap(port, packet, header, sealed, parts);
    if (!pieces)
        return false;
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
                                          .msg_namelen = length,
                                          .msg_iov = parts,
                                          .msg_iovlen = pieces}};
    note_sent(port, packet, now);
    port->counters.packets_sent++;
    port->counters.octets_sent += packet->size;
    send_datagrams(port, port->rtp_fd, &message, 1);
    return true;
}

/* One frame of our own making, in the law of the plan. */
bool send_own(struct port *port, int source, int64_t key, const uint8_t *payload,
              size_t size, nanos now)
{
    struct outgoing *out = &port->out;
    bool first = out->source != source || out->source_key != key ||
                 (int32_t)(send_clock(port, now) - out->timestamp) > LAG;
    struct packet packet = {
        .payload_type = port->plan.payload_type,
        .codec = port->plan.codec,
        .marker = first,
        .sequence = out->sequence,
        .timestamp = first ? send_next_timestamp(port, now) : out->timestamp,
        .ssrc = out->ssrc,
        .payload = payload,
        .size = size,
    };
    begin_run(port, source, key);
    return send_packet(port, &packet, now);
}

/* One packet of a telephone-event whose timestamp is that of the keys. */
bool send_event(struct port *port, const uint8_t payload[4], bool first, nanos now)
{
    struct packet packet = {
        .payload_type = (uint8_t)port->plan.events,
        .event = true,
        .marker = first,
        .sequence = port->out.sequence,
        .timestamp = port->keys.timestamp,
        .ssrc = port->out.ssrc,
        .payload = payload,
        .size = 4,
    };
    begin_run(port, SEND_DIGITS, 0);
    return send_packet(port, &packet, now);
}

static bool begin_again(struct port *port)
{
    if (!port->plan.repeat)
        return false;
    port->prompt = 0;
    for (int i = 0; i < port->plan.prompt_count; i++)
        if (port->plan.prompts[i]->size)
            return true;
    return false;
}

/* Takes up to one frame from the prompts; returns how much there was. */
static size_t next_of_prompts(struct port *port, uint8_t frame[FRAME_SAMPLES])
{
    const struct plan *plan = &port->plan;
    size_t filled = 0;
    while (filled < FRAME_SAMPLES) {
        if (port->prompt >= plan->prompt_count && !begin_again(port))
            break;
        const struct prompt *prompt = plan->prompts[port->prompt];
        size_t left = prompt->size > port->prompt_at ? prompt->size - port->prompt_at : 0;
        size_t piece = left < FRAME_SAMPLES - filled ? left : FRAME_SAMPLES - filled;
        memcpy(frame + filled, prompt->samples + port->prompt_at, piece);
        filled += piece;
        port->prompt_at += piece;
        if (port->prompt_at >= prompt->size) {
            port->prompt++;
            port->prompt_at = 0;
        }
    }
    return filled;
}

static void send_prompts(struct engine *engine, struct port *port, nanos now)
{
    const struct plan *plan = &port->plan;
    uint8_t frame[FRAME_SAMPLES], room[FRAME_SAMPLES];
    size_t filled = port->played ? 0 : next_of_prompts(port, frame);
    if (filled) {
        memset(frame + filled, g711_silence(PCMA), FRAME_SAMPLES - filled);
        send_own(port, SEND_PROMPTS, plan->play_epoch,
                 g711_convert(frame, sizeof frame, PCMA, plan->codec, room), sizeof frame,
                 now);
    } else {
        memset(frame, g711_silence(plan->codec), sizeof frame);
        send_own(port, SEND_SILENCE, 0, frame, sizeof frame, now);
    }
    if (!port->played && !plan->repeat && port->prompt >= plan->prompt_count) {
        port->played = true;
        news_tell(&engine->news, (struct news_item){.kind = PLAYED,
                                                    .port = port->number,
                                                    .value = plan->play_epoch});
    }
}

/* What is due every 20 ms; nothing runs on while there is nowhere to send to. */
void send_frame(struct engine *engine, struct port *port, nanos now)
{
    uint8_t frame[FRAME_SAMPLES];
    if (!port->plan.has_remote || keys_tick(port, now))
        return;
    switch (port->plan.sending) {
    case SEND_SILENCE:
        memset(frame, g711_silence(port->plan.codec), sizeof frame);
        send_own(port, SEND_SILENCE, 0, frame, sizeof frame, now);
        break;
    case SEND_PROMPTS:
        send_prompts(engine, port, now);
        break;
    case SEND_NOTHING:
    case SEND_PEER:
        break;
    }
}
