/* The latch: from whom packets are taken, and to whom they are sent.
 *
 * The address of the session description is believed at once. Another one is a candidate
 * only while nothing has come from there, must be on the same host or in a trusted network,
 * and must show LATCH_PACKETS packets in a row of one SSRC. Once locked, nothing else is taken until
 * signalling unlocks; silence does not. If a candidate won wrongly, the first packet from
 * the described address takes the lock back. Nothing is sent to an address that is neither
 * described nor locked.
 */
#include "engine.h"

#include <string.h>

static bool may_try(const struct plan *plan, const struct endpoint *source)
{
    if (memcmp(source->ip, plan->remote.ip, 16) == 0)
        return true;
    for (int i = 0; i < plan->trusted_count; i++)
        if (network_holds(&plan->trusted[i], source->ip))
            return true;
    return false;
}

/* Whether anything from there may ever be taken as things are; changes nothing. */
bool latch_considers(const struct latch *latch, const struct plan *plan,
                     const struct endpoint *source)
{
    if (!plan->has_remote)
        return false;
    if (endpoint_equal(source, &plan->remote))
        return true;
    if (latch->state == LOCKED_CANDIDATE)
        return endpoint_equal(source, &latch->candidate);
    return latch->state != LOCKED_REMOTE && may_try(plan, source);
}

bool latch_accepts(struct latch *latch, const struct plan *plan,
                   const struct endpoint *source, uint32_t ssrc)
{
    if (!latch_considers(latch, plan, source))
        return false;
    if (endpoint_equal(source, &plan->remote)) {
        latch->state = LOCKED_REMOTE;
        return true;
    }
    if (latch->state == LOCKED_CANDIDATE)
        return true;
    if (latch->in_a_row && latch->ssrc == ssrc && endpoint_equal(source, &latch->candidate)) {
        latch->in_a_row++;
    } else {
        latch->candidate = *source;
        latch->ssrc = ssrc;
        latch->in_a_row = 1;
    }
    if (latch->in_a_row < LATCH_PACKETS)
        return false;
    latch->state = LOCKED_CANDIDATE;
    return true;
}

/* Where RTP goes now, or NULL. */
const struct endpoint *latch_destination(const struct latch *latch, const struct plan *plan)
{
    if (!plan->has_remote)
        return NULL;
    return latch->state == LOCKED_CANDIDATE ? &latch->candidate : &plan->remote;
}
