/* Digits in the audio (ITU-T Q.23, Q.24): heard by Goertzel filters, made by two sines. */
#include "engine.h"

#include <math.h>
#include <string.h>

enum {
    BLOCK = 102,         /* 12.75 ms: two whole ones fit into the shortest tone, 40 ms */
    SMALL_GAP = 3 * 160, /* lost packets that do not end a tone */
};
static const double FREQUENCIES[8] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
static const char KEYS[4][5] = {"123A", "456B", "789C", "*0#D"};
static const float LOUD = 400;     /* amplitude of the weaker tone: about -38 dBm0 */
static const float PEAK = 4;       /* a tone over the others of its group: 6 dB */
static const float TWIST = 6.3f;   /* high group over low, or low over high: 8 dB */
static const float PURITY = 0.6f;  /* share of the two tones in the whole energy */
static const nanos OVER = 100 * MILLISECOND;

static float coefficients[8];

void tones_init(void)
{
    for (int i = 0; i < 8; i++)
        coefficients[i] = (float)(2 * cos(2 * M_PI * FREQUENCIES[i] / 8000));
}

static int strongest(const float *power)
{
    int best = 0;
    for (int i = 1; i < 4; i++)
        if (power[i] > power[best])
            best = i;
    return best;
}

static bool stands_out(const float *power, int best)
{
    for (int i = 0; i < 4; i++)
        if (i != best && power[i] * PEAK > power[best])
            return false;
    return true;
}

/* The digit of a full block, or 0. */
static char judge(const struct tones *tones)
{
    float power[8];
    const float weakest = LOUD * LOUD * BLOCK * BLOCK / 4;
    for (int i = 0; i < 8; i++)
        power[i] = tones->one[i] * tones->one[i] + tones->two[i] * tones->two[i] -
                   coefficients[i] * tones->one[i] * tones->two[i];
    int low = strongest(power), high = strongest(power + 4);
    float one = power[low], other = power[4 + high];
    if (one < weakest || other < weakest || one > other * TWIST || other > one * TWIST)
        return 0;
    if (!stands_out(power, low) || !stands_out(power + 4, high))
        return 0;
    /* A sine of energy E over N samples has a power of E * N / 2. */
    if (one + other < PURITY * tones->energy * BLOCK / 2)
        return 0;
    return KEYS[low][high];
}

static void tone_end(struct engine *engine, struct port *port)
{
    struct tones *tones = &port->tones;
    char digit = tones->digit;
    tones->digit = 0;
    digit_pressed(engine, port, digit, BY_TONE, tones->began, tones->last,
                  tones->hits * BLOCK / 8);
}

/* Two blocks in a row begin a digit, two without it end it. */
static void block_end(struct engine *engine, struct port *port, nanos now)
{
    struct tones *tones = &port->tones;
    char hit = judge(tones);
    memset(tones->one, 0, sizeof tones->one);
    memset(tones->two, 0, sizeof tones->two);
    tones->energy = 0;
    tones->filled = 0;
    if (tones->digit && hit == tones->digit) {
        tones->hits++;
        tones->misses = 0;
        tones->last = now;
    } else if (tones->digit && ++tones->misses == 2) {
        tone_end(engine, port);
    }
    if (!tones->digit && hit && hit == tones->before) {
        tones->digit = hit;
        tones->hits = 2;
        tones->misses = 0;
        tones->began = now - 2 * BLOCK * (SECOND / 8000);
        tones->last = now;
    }
    tones->before = hit;
}

static void filter(struct tones *tones, float sample)
{
    for (int i = 0; i < 8; i++) {
        float next = sample + coefficients[i] * tones->one[i] - tones->two[i];
        tones->two[i] = tones->one[i];
        tones->one[i] = next;
    }
    tones->energy += sample * sample;
}

void tones_hear(struct engine *engine, struct port *port, const struct packet *packet,
                nanos now)
{
    struct tones *tones = &port->tones;
    const int16_t *linear = g711_linear(packet->codec);
    int32_t gap = tones->has_next && tones->ssrc == packet->ssrc
                      ? (int32_t)(packet->timestamp - tones->next)
                      : SMALL_GAP + 1;
    if (gap < 0 && gap > -8000)
        return;
    if (gap < 0 || gap > SMALL_GAP) {
        if (tones->digit)
            tone_end(engine, port);
        *tones = (struct tones){.ssrc = packet->ssrc, .has_next = true};
    }
    tones->next = packet->timestamp + (uint32_t)packet->size;
    for (size_t i = 0; i < packet->size; i++) {
        filter(tones, linear[packet->payload[i]]);
        if (++tones->filled == BLOCK)
            block_end(engine, port, now);
    }
}

void tones_tick(struct engine *engine, struct port *port, nanos now)
{
    if (port->tones.digit && now - port->last_arrival >= OVER) {
        tone_end(engine, port);
        port->tones = (struct tones){0};
    }
}

/* Frame number so and so of a digit: -9 dBm0 in the low group, 2 dB more in the high one. */
void tones_frame(char digit, int frame, uint8_t codec, uint8_t out[FRAME_SAMPLES])
{
    int row = 0;
    const char *column = NULL;
    while (row < 4 && !(column = strchr(KEYS[row], digit)))
        row++;
    if (!column)
        return;
    double low = 2 * M_PI * FREQUENCIES[row] / 8000;
    double high = 2 * M_PI * FREQUENCIES[4 + (column - KEYS[row])] / 8000;
    for (int i = 0; i < FRAME_SAMPLES; i++) {
        int at = frame * FRAME_SAMPLES + i;
        double value = 8000 * sin(low * at) + 10000 * sin(high * at);
        out[i] = g711_encode((int16_t)lrint(value), codec);
    }
}
