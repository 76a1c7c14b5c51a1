/* RTP packets to and from bytes (RFC 3550 5.1), and what their numbers tell (appendix A). */
#include "engine.h"

enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, NO_BAD_SEQUENCE = 65536 + 1 };

uint16_t load16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

uint32_t load32(const uint8_t *data)
{
    return (uint32_t)load16(data) << 16 | load16(data + 2);
}

void store16(uint8_t *data, uint16_t value)
{
    data[0] = (uint8_t)(value >> 8);
    data[1] = (uint8_t)value;
}

void store32(uint8_t *data, uint32_t value)
{
    store16(data, (uint16_t)(value >> 16));
    store16(data + 2, (uint16_t)value);
}

/* Every length is checked before the field behind it is read. */
bool packet_parse(struct packet *packet, const uint8_t *data, size_t size)
{
    if (size < HEADER || data[0] >> 6 != 2)
        return false;
    size_t start = HEADER + 4 * (size_t)(data[0] & 0x0f), end = size;
    if (start > end)
        return false;
    if (data[0] & 0x10) {
        if (end - start < 4)
            return false;
        start += 4 + 4 * (size_t)load16(data + start + 2);
        if (start > end)
            return false;
    }
    if (data[0] & 0x20) {
        size_t padding = data[size - 1];
        if (padding == 0 || padding > end - start)
            return false;
        end -= padding;
    }
    packet->marker = data[1] >> 7;
    packet->payload_type = data[1] & 0x7f;
    packet->sequence = load16(data + 2);
    packet->timestamp = load32(data + 4);
    packet->ssrc = load32(data + 8);
    packet->payload = data + start;
    packet->size = end - start;
    return true;
}

void packet_header(uint8_t header[HEADER], const struct packet *packet)
{
    header[0] = 0x80;
    header[1] = (uint8_t)(packet->marker << 7 | packet->payload_type);
    store16(header + 2, packet->sequence);
    store32(header + 4, packet->timestamp);
    store32(header + 8, packet->ssrc);
}

static void reception_begin(struct reception *reception, const struct packet *packet)
{
    reception->lost_before = reception_lost(reception);
    reception->started = true;
    reception->ssrc = packet->ssrc;
    reception->highest = packet->sequence;
    reception->base = packet->sequence;
    reception->bad = NO_BAD_SEQUENCE;
    reception->cycles = reception->received = 0;
    reception->expected_prior = reception->received_prior = 0;
    reception->has_transit = false;
}

/* Appendix A.1 without probation: the latch has already decided whom to believe. */
static bool sequence_count(struct reception *reception, const struct packet *packet)
{
    uint16_t ahead = (uint16_t)(packet->sequence - reception->highest);
    if (!reception->started || packet->ssrc != reception->ssrc) {
        reception_begin(reception, packet);
    } else if (ahead < MAX_DROPOUT) {
        if (packet->sequence < reception->highest)
            reception->cycles += 65536;
        reception->highest = packet->sequence;
    } else if (ahead <= 65536 - MAX_MISORDER) {
        if (packet->sequence != reception->bad) {
            reception->bad = (packet->sequence + 1) & 0xffff;
            return false;
        }
        reception_begin(reception, packet);
    }
    reception->received++;
    return true;
}

/* Appendix A.8; telephone-events repeat a timestamp and say nothing of jitter. */
void reception_count(struct reception *reception, const struct packet *packet, nanos now)
{
    if (!sequence_count(reception, packet) || packet->event)
        return;
    int32_t arrival = (int32_t)(uint32_t)(now / (SECOND / 8000));
    int32_t transit = (int32_t)((uint32_t)arrival - packet->timestamp);
    if (reception->has_transit) {
        int32_t change = (int32_t)((uint32_t)transit - (uint32_t)reception->transit);
        double distance = change < 0 ? -(double)change : change;
        reception->jitter += (distance - reception->jitter) / 16;
    }
    reception->transit = transit;
    reception->has_transit = true;
}

uint32_t reception_expected(const struct reception *reception)
{
    return reception->cycles + reception->highest - reception->base + 1;
}

/* Cumulative over all sources since the port was opened; duplicates do not make it shrink below. */
uint64_t reception_lost(const struct reception *reception)
{
    if (!reception->started)
        return reception->lost_before;
    uint32_t expected = reception_expected(reception);
    uint32_t lost = expected > reception->received ? expected - reception->received : 0;
    return reception->lost_before + lost;
}
