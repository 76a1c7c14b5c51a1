/* Digits by telephone-event (RFC 4733), received and sent; and one digit for two ways. */
#include "engine.h"

#include <string.h>

static const char EVENTS[] = "0123456789*#ABCD";

enum {
    LONGEST_SEGMENT = 0xffff, /* a longer press goes on in a new segment (2.5.1.3) */
    LATE = 2 * 8000,
    TONE_TICKS = 6,  /* 120 ms of digit */
    DIGIT_TICKS = 10, /* 200 ms from one digit to the next */
    END_PACKETS = 3,
    WAIT_TICKS = 50,
    VOLUME = 10, /* -10 dBm0 */
    PRESSES = 64,
};
static const nanos PRESS = 50 * MILLISECOND;
static const nanos GAP = 200 * MILLISECOND;
static const nanos SAME = 100 * MILLISECOND;

/* No one presses twenty keys a second for long; more than a burst of so many is not told, so that
 * a far end cannot keep call control busy with them. */
static bool is_human(struct port *port, nanos now)
{
    nanos due = port->presses_due > now ? port->presses_due : now;
    if (due - now > PRESSES * PRESS - PRESS / 2)
        return false;
    port->presses_due = due + PRESS;
    return true;
}

/* One press may be heard as event and as tone; it is said once. */
void digit_pressed(struct engine *engine, struct port *port, char digit, enum way way,
                   nanos began, nanos ended, int duration_ms)
{
    bool again = port->last_digit == digit && port->last_way != way &&
                 began - port->last_digit_end < SAME;
    if (again) {
        if (ended > port->last_digit_end)
            port->last_digit_end = ended;
        return;
    }
    port->last_digit = digit;
    port->last_way = way;
    port->last_digit_end = ended;
    if (port->plan.hears_digits && is_human(port, ended))
        news_tell(&engine->news, (struct news_item){.kind = PRESSED,
                                                    .port = port->number,
                                                    .digit = digit,
                                                    .value = duration_ms});
}

static void press_end(struct engine *engine, struct port *port, struct intake *intake)
{
    struct press *press = &port->press;
    uint32_t duration = (press->earlier + press->duration) / 8;
    char digit = EVENTS[press->event];
    press->open = false;
    if (intake->pressed_count < BATCH)
        intake->pressed[intake->pressed_count++] = digit;
    digit_pressed(engine, port, digit, BY_EVENT, press->began, press->last, (int)duration);
}

static bool is_next_segment(const struct press *press, const struct packet *packet)
{
    return press->open && press->event == packet->payload[0] &&
           packet->timestamp - press->timestamp == LONGEST_SEGMENT;
}

/* Packets of one timestamp are one press, said at its end or when nothing more comes. */
void press_take(struct engine *engine, struct port *port, const struct packet *packet,
                nanos now, struct intake *intake)
{
    struct press *press = &port->press;
    uint16_t duration = load16(packet->payload + 2);
    int32_t step = (int32_t)(packet->timestamp - press->timestamp);
    bool known = press->seen && press->ssrc == packet->ssrc;
    if (packet->payload[0] >= sizeof EVENTS - 1 || (known && step < 0 && step > -LATE))
        return;
    if (!known || step != 0) {
        if (known && is_next_segment(press, packet)) {
            press->earlier += LONGEST_SEGMENT;
        } else {
            if (press->open)
                press_end(engine, port, intake);
            *press = (struct press){.seen = true,
                                    .open = true,
                                    .ssrc = packet->ssrc,
                                    .event = packet->payload[0],
                                    .began = now - duration * (SECOND / 8000)};
        }
        press->timestamp = packet->timestamp;
        press->duration = 0;
    }
    if (!press->open)
        return;
    if (duration > press->duration)
        press->duration = duration;
    press->last = now;
    if (packet->payload[1] & 0x80)
        press_end(engine, port, intake);
}

void press_tick(struct engine *engine, struct port *port, nanos now, struct intake *intake)
{
    if (port->press.open && now - port->press.last >= GAP)
        press_end(engine, port, intake);
}

bool keys_push(struct keys *keys, char digit)
{
    if (keys->count == MAX_DIGITS)
        return false;
    keys->queue[(keys->head + keys->count++) % MAX_DIGITS] = digit;
    return true;
}

static void say_event(struct port *port, char digit, nanos now)
{
    struct keys *keys = &port->keys;
    int step = keys->step;
    if (step == 0)
        keys->timestamp = send_next_timestamp(port, now);
    if (step >= TONE_TICKS - 1 + END_PACKETS)
        return;
    bool end = step >= TONE_TICKS - 1;
    int frames = end ? TONE_TICKS : step + 1;
    uint8_t payload[4] = {(uint8_t)(strchr(EVENTS, digit) - EVENTS),
                          (uint8_t)((end ? 0x80 : 0) | VOLUME)};
    store16(payload + 2, (uint16_t)(frames * FRAME_SAMPLES));
    send_event(port, payload, step == 0, now);
    uint32_t over = keys->timestamp + (uint32_t)(frames * FRAME_SAMPLES);
    if ((int32_t)(over - port->out.timestamp) > 0)
        port->out.timestamp = over;
}

static void say_tone(struct port *port, char digit, nanos now)
{
    uint8_t frame[FRAME_SAMPLES];
    if (port->keys.step < TONE_TICKS)
        tones_frame(digit, port->keys.step, port->plan.codec, frame);
    else
        memset(frame, g711_silence(port->plan.codec), sizeof frame);
    send_own(port, SEND_DIGITS, 0, frame, sizeof frame, now);
}

/* One tick of the digits on their way out; false: there are none, the plan's audio goes on. */
bool keys_tick(struct port *port, nanos now)
{
    struct keys *keys = &port->keys;
    if (keys->count == 0)
        return false;
    char digit = keys->queue[keys->head];
    if (digit != 'w') {
        if (port->plan.events >= 0)
            say_event(port, digit, now);
        else
            say_tone(port, digit, now);
    }
    if (++keys->step >= (digit == 'w' ? WAIT_TICKS : DIGIT_TICKS)) {
        keys->step = 0;
        keys->head = (keys->head + 1) % MAX_DIGITS;
        keys->count--;
    }
    return true;
}
