/* A-law and mu-law (ITU-T G.711) as tables made once. */
#include "engine.h"

int16_t alaw_linear[256], ulaw_linear[256];
uint8_t alaw_to_ulaw[256], ulaw_to_alaw[256];

enum { ULAW_BIAS = 0x84, ULAW_CLIP = 32635 };

static int16_t alaw_decode(uint8_t code)
{
    int flipped = code ^ 0x55, exponent = flipped >> 4 & 7;
    int magnitude = (flipped & 0x0f) << 4 | 8;
    if (exponent)
        magnitude = (magnitude | 0x100) << (exponent - 1);
    return (int16_t)(flipped & 0x80 ? magnitude : -magnitude);
}

static int16_t ulaw_decode(uint8_t code)
{
    int flipped = ~code & 0xff;
    int magnitude = (((flipped & 0x0f) << 3 | ULAW_BIAS) << (flipped >> 4 & 7)) - ULAW_BIAS;
    return (int16_t)(flipped & 0x80 ? -magnitude : magnitude);
}

static int segment_of(int value, int top)
{
    int segment = 7;
    for (int bit = top; segment > 0 && !(value & bit); bit >>= 1)
        segment--;
    return segment;
}

static uint8_t alaw_encode(int16_t sample)
{
    int sign = sample >= 0 ? 0x80 : 0, magnitude = sample >= 0 ? sample : ~sample;
    int exponent = segment_of(magnitude, 0x4000);
    int mantissa = magnitude >> (exponent ? exponent + 3 : 4) & 0x0f;
    return (uint8_t)((sign | exponent << 4 | mantissa) ^ 0x55);
}

static uint8_t ulaw_encode(int16_t sample)
{
    int sign = sample < 0 ? 0x80 : 0, magnitude = sample < 0 ? -(int)sample : sample;
    magnitude = (magnitude > ULAW_CLIP ? ULAW_CLIP : magnitude) + ULAW_BIAS;
    int exponent = segment_of(magnitude, 0x4000);
    int mantissa = magnitude >> (exponent + 3) & 0x0f;
    return (uint8_t)~(sign | exponent << 4 | mantissa);
}

void g711_init(void)
{
    for (int code = 0; code < 256; code++) {
        alaw_linear[code] = alaw_decode((uint8_t)code);
        ulaw_linear[code] = ulaw_decode((uint8_t)code);
        alaw_to_ulaw[code] = ulaw_encode(alaw_linear[code]);
        ulaw_to_alaw[code] = alaw_encode(ulaw_linear[code]);
    }
}

uint8_t g711_encode(int16_t sample, uint8_t codec)
{
    return codec == PCMA ? alaw_encode(sample) : ulaw_encode(sample);
}

uint8_t g711_silence(uint8_t codec)
{
    return codec == PCMA ? 0xd5 : 0xff;
}

const int16_t *g711_linear(uint8_t codec)
{
    return codec == PCMA ? alaw_linear : ulaw_linear;
}

const uint8_t *g711_convert(const uint8_t *data, size_t size, uint8_t from, uint8_t to,
                            uint8_t *out)
{
    if (from == to)
        return data;
    const uint8_t *table = to == PCMA ? ulaw_to_alaw : alaw_to_ulaw;
    for (size_t i = 0; i < size; i++)
        out[i] = table[data[i]];
    return out;
}
