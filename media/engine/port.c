/* One port: its birth, its plans, its 20 ms, and the way from one port to its listeners. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

void prompt_release(struct prompt *prompt)
{
    if (atomic_fetch_sub(&prompt->uses, 1) == 1)
        free(prompt);
}

void plan_release(struct plan *plan)
{
    for (int i = 0; i < plan->prompt_count; i++)
        prompt_release(plan->prompts[i]);
    plan->prompt_count = 0;
}

/* A new bearer of an old number; the mutex and the generation outlive it. */
void port_reset(struct port *port, int rtp_fd, int rtcp_fd, int family, nanos now)
{
    size_t kept = offsetof(struct port, open);
    memset((char *)port + kept, 0, sizeof *port - kept);
    port->generation++;
    port->rtp_fd = rtp_fd;
    port->rtcp_fd = rtcp_fd;
    port->family = family;
    port->plan.events = port->plan.peer = port->hears.port = -1;
    memset(port->plan.accepts, NO_CODEC, sizeof port->plan.accepts);
    port->out.source = SOURCE_NONE;
    port->out.began = now;
    port->far_end.round_trip_ms = -1;
    port->last_arrival = now;
    port->open = true;
}

/* Replaces the plan, which the port owns from now on. What must survive is beside it. */
void port_arrange(struct port *port, struct plan *plan, nanos now)
{
    struct plan *old = &port->plan;
    bool unlocks = !port->planned || plan->latch_epoch > old->latch_epoch;
    bool listens_anew = unlocks || (plan->silence_after && !old->silence_after) ||
                        (plan->receives && !old->receives);
    if (unlocks) {
        port->latch = (struct latch){0};
        port->heard = port->events_heard = false;
        port->refused = port->collided = false;
    }
    if (listens_anew) {
        port->silent = false;
        port->last_arrival = now;
    }
    if (!port->planned || plan->play_epoch != old->play_epoch) {
        port->prompt = 0;
        port->prompt_at = 0;
        port->played = false;
    }
    plan_release(old);
    *old = *plan;
    port->planned = true;
}

static void watch_silence(struct engine *engine, struct port *port, nanos now)
{
    const struct plan *plan = &port->plan;
    if (!plan->silence_after || port->silent || now - port->last_arrival < plan->silence_after)
        return;
    port->silent = true;
    news_tell(&engine->news,
              (struct news_item){.kind = FELL_SILENT, .port = port->number});
}

void intake_open(struct intake *intake, const struct port *port)
{
    intake->count = intake->pressed_count = 0;
    intake->from = (struct listener){port->number, port->generation};
    intake->listener_count = port->listener_count;
    memcpy(intake->listeners, port->listeners, sizeof port->listeners);
}

/* Gives what one port took in to those that relay it, each under its own mutex. */
void intake_deliver(struct engine *engine, struct intake *intake, nanos now)
{
    if (!intake->count && !intake->pressed_count)
        return;
    for (int i = 0; i < intake->listener_count; i++) {
        const struct listener *listener = &intake->listeners[i];
        struct port *port = engine_port(engine, listener->port);
        pthread_mutex_lock(&port->mutex);
        if (port->open && port->generation == listener->generation &&
            port->plan.sending == SEND_PEER && port->plan.peer == intake->from.port) {
            /* Keys of a far end that has events are pressed as tones for one that has none. */
            for (int k = 0; k < intake->pressed_count && port->plan.events < 0; k++)
                keys_push(&port->keys, intake->pressed[k]);
            if (!port->keys.count)
                send_relay(port, intake, now);
        }
        pthread_mutex_unlock(&port->mutex);
    }
}

/* What is due every 20 ms. */
void port_tick(struct engine *engine, struct port *port, nanos now)
{
    struct intake intake;
    pthread_mutex_lock(&port->mutex);
    if (!port->open) {
        pthread_mutex_unlock(&port->mutex);
        return;
    }
    intake_open(&intake, port);
    send_frame(engine, port, now);
    press_tick(engine, port, now, &intake);
    tones_tick(engine, port, now);
    watch_silence(engine, port, now);
    rtcp_tick(engine, port, now);
    if (port->recording)
        recording_tick(port->recording, now);
    pthread_mutex_unlock(&port->mutex);
    intake_deliver(engine, &intake, now);
}
